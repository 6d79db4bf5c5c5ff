"""Tables as HTML: three rules, a caption, scoped headers, right-aligned numbers, notes below."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby

from analysis.i18n import text
from analysis.report.numbers import DASH, cell
from analysis.report.records import Cell, Column, Table

_ITALIC = re.compile("\u27e6([^\u27e6\u27e7]*)\u27e7")
_TEXTUAL = ("text", "code")


def inline(content: str) -> str:
    """Escaped text in which \u27e6p\u27e7 is set in italics and line feeds are kept."""
    return _ITALIC.sub(r"<i>\1</i>", escape(content, quote=False)).replace("\n", "<br>")


def plain(content: str) -> str:
    """Text without the brackets that mark italics."""
    return _ITALIC.sub(r"\1", content)


def caption_label(kind: str, number: int | None, language: str) -> str:
    """``Table 3`` or ``Figure 2``, empty outside a numbered report."""
    return "" if number is None else text(f"report.ui.{kind}", language, number=number)


def caption_html(kind: str, title: str, number: int | None, language: str) -> str:
    """Number (bold) and title of a table or figure."""
    label = caption_label(kind, number, language)
    lead = f'<span class="no">{escape(label)}</span> ' if label else ""
    return f'{lead}<span class="ttl">{inline(title)}</span>'


def table_html(
    table: Table,
    *,
    language: str,
    number: int | None = None,
    caption: bool = True,
    anchor: str = "",
) -> str:
    """The table with its notes, in a region that scrolls by itself on narrow screens."""
    title = caption_html("table", table.title, number, language)
    head = f"<caption><span>{title}</span></caption>" if caption else ""
    label = escape(plain(table.title))
    identity = f' id="{escape(anchor)}"' if anchor else ""
    wide = " wide" if len(table.columns) > 7 else ""
    return (
        f'<div class="ev-table{wide}"{identity}>'
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f"<table>{head}{_head(table)}{_bodies(table, language)}</table></div>"
        f"{_notes(table, language)}</div>"
    )


def _head(table: Table) -> str:
    grouped = any(c.group for c in table.columns)
    if not grouped:
        cells = "".join(_th(c) for c in table.columns)
        return f"<thead><tr>{cells}</tr></thead>"
    top: list[str] = []
    bottom: list[str] = []
    starts = _block_starts(table)
    for group, members in groupby(enumerate(table.columns), key=lambda pair: pair[1].group):
        placed = list(members)
        columns = [column for _, column in placed]
        if not group:
            top.extend(_th(c, ' rowspan="2"') for c in columns)
            continue
        css = "span blk" if placed[0][0] in starts else "span"
        top.append(
            f'<th scope="colgroup" colspan="{len(columns)}" class="{css}">{inline(group)}</th>'
        )
        bottom.extend(_th(c, first=i in starts) for i, c in placed)
    return f"<thead><tr>{''.join(top)}</tr><tr>{''.join(bottom)}</tr></thead>"


def _css(column: Column, *, first: bool = False) -> str:
    """The class of a column's cells: numbers, and the first of a further block."""
    names = ([] if column.kind in _TEXTUAL else ["n"]) + (["blk"] if first else [])
    return f' class="{" ".join(names)}"' if names else ""


def _block_starts(table: Table) -> frozenset[int]:
    """Columns with which a second or further group of columns begins."""
    pairs = enumerate(zip(table.columns, table.columns[1:]), start=1)
    return frozenset(i for i, (a, b) in pairs if a.group and b.group and a.group != b.group)


def _th(column: Column, extra: str = "", *, first: bool = False) -> str:
    css = _css(column, first=first)
    note = f' title="{escape(plain(column.note))}"' if column.note else ""
    return f'<th scope="col"{css}{extra}{note}>{inline(column.label)}</th>'


def _bodies(table: Table, language: str) -> str:
    writer = _CellWriter(table, language)
    headings = dict(table.groups)
    bodies: list[str] = []
    rows: list[str] = []
    for index, row in enumerate(table.rows):
        if index in headings:
            if rows:
                bodies.append(f"<tbody>{''.join(rows)}</tbody>")
            span = len(table.columns)
            rows = [
                f'<tr class="grp"><th scope="rowgroup" colspan="{span}">'
                f"{inline(headings[index])}</th></tr>"
            ]
        cells = (writer.write(index, position, value) for position, value in enumerate(row))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    bodies.append(f"<tbody>{''.join(rows)}</tbody>")
    return "".join(bodies)


class _CellWriter:
    """Writes the cells of one table."""

    def __init__(self, table: Table, language: str) -> None:
        self.table = table
        self.language = language
        self.marks = {(row, column): letter for row, column, letter in table.marks}
        self.kinds = {(row, column): kind for row, column, kind in table.kinds}
        self.links = {(row, column): anchor for row, column, anchor in table.links}
        self.starts = _block_starts(table)

    def write(self, row: int, position: int, value: Cell) -> str:
        column = self.table.columns[position]
        kind = self.kinds.get((row, position), column.kind)
        printed = cell(value, kind, column.digits, language=self.language)
        content = inline(printed)
        if kind == "code" and printed:
            content = f"<code>{content}</code>"
        if printed == DASH:
            content = f'<span class="dash">{DASH}</span>'
        elif column.kind == "number" and isinstance(value, int) and column.digits:
            content += f'<span class="pad" aria-hidden="true">.{"0" * column.digits}</span>'
        if anchor := self.links.get((row, position)):
            content = f'<a href="#ev-{escape(anchor)}">{content}</a>'
        if mark := self.marks.get((row, position)):
            content += f'<sup class="mk">{escape(mark)}</sup>'
        css = _css(column, first=position in self.starts)
        if position < self.table.row_headers:
            return f'<th scope="row"{css}>{content}</th>'
        return f"<td{css}>{content}</td>"


def _notes(table: Table, language: str) -> str:
    general = [n for n in table.notes if not _specific(n)]
    specific = [n for n in table.notes if _specific(n)]
    formulas = [text("report.ui.formulas", language, list="; ".join(table.formulas))]
    sentences = general + (formulas if table.formulas else [])
    joint = "" if language == "zh" else " "
    lines = []
    if sentences:
        lead = escape(text("report.ui.note", language))
        lines.append(f'<p><i class="lead">{lead}</i>{joint}{inline(joint.join(sentences))}</p>')
    for note in specific:
        letter, words = note.split("|", 1)
        lines.append(f"<p><sup>{escape(letter)}</sup> {inline(words)}</p>")
    return f'<div class="notes">{"".join(lines)}</div>' if lines else ""


def _specific(note: str) -> bool:
    """Whether a note belongs to marked cells: it then starts with its letter and a bar."""
    return len(note) > 1 and note[1] == "|"
