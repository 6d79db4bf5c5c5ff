"""Evidence as plain JSON values and back, every part checked for its type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from analysis.report.records import (
    Cell,
    Column,
    Figure,
    Kind,
    Level,
    Notice,
    NoticeLevel,
    Piece,
    Table,
    Verdict,
)

MIME = "application/vnd.loyalty.evidence+json"
SCHEMA = 1
PAYLOAD_DIGITS = 8
PAYLOAD_ZERO = 1e-10


def to_payload(piece: Piece) -> dict[str, Any]:
    """A piece of evidence as plain JSON values; numbers to 8 significant digits, NaN as null."""
    return {
        "schema": SCHEMA,
        "id": piece.id,
        "title": piece.title,
        "heading": piece.heading,
        "language": piece.language,
        "stamps": list(piece.stamps),
        "notices": [
            {"level": n.level, "symptom": n.symptom, "cause": n.cause, "remedy": n.remedy}
            for n in piece.notices
        ],
        "table": None if piece.table is None else _table_payload(piece.table),
        "figure": None if piece.figure is None else _figure_payload(piece.figure),
        "verdict": None
        if piece.verdict is None
        else {
            "level": piece.verdict.level,
            "sentences": list(piece.verdict.sentences),
            "citations": list(piece.verdict.citations),
        },
        "paragraphs": list(piece.paragraphs),
        "citations": list(piece.citations),
    }


def rounded(value: Cell) -> Cell:
    """``value`` as it goes into JSON: 8 significant digits, tiny 0, NaN and infinity null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        return None
    if abs(number) < PAYLOAD_ZERO:
        return 0.0
    return float(f"{number:.{PAYLOAD_DIGITS}g}")


def _table_payload(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": [
            {
                "key": c.key,
                "label": c.label,
                "kind": c.kind,
                "digits": c.digits,
                "note": c.note,
                "group": c.group,
            }
            for c in table.columns
        ],
        "rows": [[rounded(cell) for cell in row] for row in table.rows],
        "row_headers": table.row_headers,
        "notes": list(table.notes),
        "formulas": list(table.formulas),
        "groups": [list(g) for g in table.groups],
        "marks": [list(m) for m in table.marks],
        "kinds": [list(k) for k in table.kinds],
        **({"links": [list(found) for found in table.links]} if table.links else {}),
    }


def _figure_payload(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "title": figure.title,
        "svg": figure.svg,
        "alt": figure.alt,
        "notes": list(figure.notes),
        "data": None if figure.data is None else _table_payload(figure.data),
    }


def read_notice(entry: object) -> Notice:
    """A notice from its payload."""
    node = read_mapping(entry, "notice")
    return Notice(
        level=cast(NoticeLevel, read_text(node, "level")),
        symptom=read_text(node, "symptom"),
        cause=read_text(node, "cause"),
        remedy=read_text(node, "remedy"),
    )


def read_verdict(entry: object) -> Verdict:
    """A verdict from its payload."""
    node = read_mapping(entry, "verdict")
    return Verdict(
        level=cast(Level, read_text(node, "level")),
        sentences=read_texts(node, "sentences"),
        citations=read_texts(node, "citations"),
    )


def read_figure(entry: object) -> Figure:
    """A figure from its payload; its drawing is sanitized where it is written."""
    node = read_mapping(entry, "figure")
    return Figure(
        key=read_text(node, "key"),
        title=read_text(node, "title"),
        svg=read_text(node, "svg"),
        alt=read_text(node, "alt"),
        notes=read_texts(node, "notes"),
        data=None if node.get("data") is None else read_table(node["data"]),
    )


def read_table(entry: object) -> Table:
    """A table from its payload."""
    node = read_mapping(entry, "table")
    columns = tuple(_column(c) for c in read_list(node, "columns"))
    rows = tuple(tuple(_cell(c) for c in _sequence(row)) for row in read_list(node, "rows"))
    groups = tuple(_sequence(g) for g in read_list(node, "groups"))
    marks = tuple(_sequence(m) for m in read_list(node, "marks"))
    kinds = tuple(_sequence(k) for k in read_list(node, "kinds"))
    links = tuple(_sequence(a) for a in read_list(node, "links"))
    return Table(
        key=read_text(node, "key"),
        title=read_text(node, "title"),
        columns=columns,
        rows=rows,
        row_headers=read_integer(node.get("row_headers", 1)),
        notes=read_texts(node, "notes"),
        formulas=read_texts(node, "formulas"),
        groups=tuple((read_integer(g[0]), str(g[1])) for g in groups),
        marks=tuple((read_integer(m[0]), read_integer(m[1]), str(m[2])) for m in marks),
        kinds=tuple((read_integer(k[0]), read_integer(k[1]), cast(Kind, str(k[2]))) for k in kinds),
        links=tuple((read_integer(a[0]), read_integer(a[1]), str(a[2])) for a in links),
    )


def _column(entry: object) -> Column:
    node = read_mapping(entry, "column")
    return Column(
        key=read_text(node, "key"),
        label=read_text(node, "label"),
        kind=cast(Kind, read_text(node, "kind")),
        digits=read_integer(node.get("digits", 3)),
        note=read_text(node, "note"),
        group=read_text(node, "group"),
    )


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise ValueError(f"a table cell holds {type(value).__name__}, expected text or a number")


def read_mapping(value: object, what: str) -> Mapping[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: expected an object, found {type(value).__name__}")
    return value


def _sequence(value: object) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"expected a list, found {type(value).__name__}")
    return value


def read_list(node: Mapping[str, Any], key: str) -> Sequence[Any]:
    """The list under a key, empty where it is missing."""
    return _sequence(node.get(key, []))


def read_text(node: Mapping[str, Any], key: str) -> str:
    """The text under a key, empty where it is missing."""
    value = node.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key}: expected text, found {type(value).__name__}")
    return value


def read_texts(node: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The list of texts under a key."""
    values = read_list(node, key)
    if not all(isinstance(v, str) for v in values):
        raise ValueError(f"{key}: expected a list of texts")
    return tuple(values)


def read_integer(value: object) -> int:
    """The value, which must be a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, found {value!r}")
    return value
