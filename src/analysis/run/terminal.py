"""Tables and notices for a terminal, aligned also where Chinese characters take two columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from analysis.i18n import text
from analysis.report import Evidence, Notice, Table
from analysis.report.labels import is_wide
from analysis.report.numbers import cell
from analysis.report.tables import plain

GAP = "  "
TEXTUAL = ("text", "code")


def width(content: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if is_wide(character) else 1 for character in content)


def pad(content: str, columns: int, *, right: bool = False) -> str:
    """``content`` filled with blanks up to a number of columns."""
    blanks = " " * max(0, columns - width(content))
    return blanks + content if right else content + blanks


def grid(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Lines in which the cells of each column stand under each other."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(right))]
    return [
        GAP.join(pad(c, w, right=r) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]


def table_lines(table: Table, language: str) -> list[str]:
    """A table: title, header, rows, notes."""
    right = [column.kind not in TEXTUAL for column in table.columns]
    header = [plain(column.label) for column in table.columns]
    body = [_row(table, number, language) for number in range(len(table.rows))]
    lines = grid([header, *body], right)
    spans = _spans(table, [header, *body])
    rule = "-" * max(width(line) for line in [*lines, spans])
    headings = dict(table.groups)
    shown = [plain(table.title), rule, *([spans] if spans else []), lines[0], rule]
    for number, line in enumerate(lines[1:]):
        if number in headings:
            shown.append(plain(headings[number]))
        shown.append(line)
    return [*shown, rule, *(plain(_note(note)) for note in table.notes)]


def _row(table: Table, number: int, language: str) -> list[str]:
    """The printed cells of a row, with the letters of specific notes behind them."""
    kinds = {(row, column): kind for row, column, kind in table.kinds}
    marks = {(row, column): letter for row, column, letter in table.marks}
    marked = {column for _, column, _ in table.marks}
    cells = []
    for i, (column, value) in enumerate(zip(table.columns, table.rows[number], strict=True)):
        kind = kinds.get((number, i), column.kind)
        printed = plain(cell(value, kind, column.digits, language=language)).replace("\n", " ")
        cells.append(printed + (marks.get((number, i), " ") if i in marked else ""))
    return cells


def _spans(table: Table, rows: Sequence[Sequence[str]]) -> str:
    """The line above the header that names groups of columns; empty where there are none."""
    if not any(column.group for column in table.columns):
        return ""
    widths = [max(width(row[i]) for row in rows) for i in range(len(table.columns))]
    line, at = "", 0
    for group, members in groupby(enumerate(table.columns), key=lambda pair: pair[1].group):
        indices = [i for i, _ in members]
        room = sum(widths[i] for i in indices) + len(GAP) * (len(indices) - 1)
        at += room + len(GAP)
        line = pad(line, at - room - len(GAP)) + pad(plain(group), room, right=True) + GAP
    return line.rstrip()


def _note(note: str) -> str:
    """A specific note ``a|words`` as ``a words``."""
    return f"{note[0]} {note[2:]}" if note[1:2] == "|" else note


def notice_lines(notice: Notice, language: str) -> list[str]:
    """A notice with its label."""
    label = text(f"report.notice.{notice.level}", language)
    words = [notice.symptom, notice.cause, notice.remedy]
    return [f"{label}: {' '.join(plain(word) for word in words if word)}"]


def evidence_lines(evidence: Evidence) -> list[str]:
    """A piece of evidence: stamps, notices, table, verdict, paragraphs."""
    language = evidence.language
    lines: list[str] = [f"[{stamp}]" for stamp in evidence.stamps]
    for notice in evidence.notices:
        lines += notice_lines(notice, language)
    if evidence.table is not None:
        lines += table_lines(evidence.table, language)
    elif evidence.title:
        lines.append(plain(evidence.title))
    if evidence.verdict is not None:
        level = text(f"report.verdict.{evidence.verdict.level}", language)
        lines.append(f"{level}: {plain(' '.join(evidence.verdict.sentences))}")
    return [*lines, *(plain(paragraph) for paragraph in evidence.paragraphs)]


def document(pieces: Iterable[Evidence]) -> str:
    """Several pieces below each other; a stamp that they share is shown once."""
    blocks: list[list[str]] = []
    for stamps, members in groupby(pieces, key=lambda piece: piece.stamps):
        lines = [evidence_lines(piece)[len(stamps) :] for piece in members]
        blocks += [[f"[{stamp}]" for stamp in stamps], *lines] if stamps else lines
    return "\n\n".join("\n".join(block) for block in blocks)
