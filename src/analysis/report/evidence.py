"""Evidence: a table, a figure, words and a verdict that travel together, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.report import export, fragment, payload, what_if_widget
from analysis.report.payload import (
    MIME,
    SCHEMA,
    read_figure,
    read_integer,
    read_list,
    read_mapping,
    read_notice,
    read_table,
    read_text,
    read_texts,
    read_verdict,
)
from analysis.report.records import Figure, Notice, Table, Verdict
from analysis.report.what_if_records import WhatIfWidget


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence for the reader of a report.

    ``id`` is a slug that is stable between runs; ``citations`` are keys of ``references.bib``;
    ``stamps`` are short warnings such as ``SIMULATED`` that must stay with the piece.
    ``heading`` (2 or 3) makes the title a section heading of the report. A ``widget`` is shown in
    the report's page only; the rest of the piece must say the same without it.
    """

    id: str
    title: str
    table: Table | None = None
    figure: Figure | None = None
    verdict: Verdict | None = None
    paragraphs: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    language: str = "en"
    stamps: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    heading: int = 0
    widget: WhatIfWidget | None = None

    @property
    def all_citations(self) -> tuple[str, ...]:
        """Citation keys of the piece and of its verdict, each once, in order of appearance."""
        keys = self.citations + (self.verdict.citations if self.verdict else ())
        return tuple(dict.fromkeys(keys))

    def to_payload(self) -> dict[str, Any]:
        """The evidence as plain JSON values; numbers to 8 significant digits, NaN as null."""
        found = payload.to_payload(self)
        if self.widget is not None:
            found["widget"] = what_if_widget.to_payload(self.widget)
        return found

    def to_csv(self) -> str:
        """The table (or the figure's numbers) as CSV, safe to open in a spreadsheet."""
        table = self.table or (self.figure.data if self.figure else None)
        return "" if table is None else export.table_csv(table)

    def to_svg(self) -> str:
        """The figure as a file of its own with fixed colours; empty without a figure."""
        return "" if self.figure is None else export.figure_svg(self.figure)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/html": fragment.notebook_html(self),
            "text/plain": fragment.summary_text(self),
            MIME: self.to_payload(),
        }


def from_payload(source: object) -> Evidence:
    """Evidence rebuilt from its JSON payload.

    Every part is checked for its type, so that a payload found in a notebook can carry words and
    numbers but no markup (figures are sanitized where they are written).

    Raises
    ------
    ValueError
        When the payload is not one that ``Evidence.to_payload`` writes.
    """
    top = read_mapping(source, "evidence")
    if top.get("schema") != SCHEMA:
        raise ValueError(f"evidence payload of schema {top.get('schema')!r}, expected {SCHEMA}")
    verdict, widget = top.get("verdict"), top.get("widget")
    return Evidence(
        id=read_text(top, "id"),
        title=read_text(top, "title"),
        heading=read_integer(top.get("heading", 0)),
        language=read_text(top, "language"),
        stamps=read_texts(top, "stamps"),
        notices=tuple(read_notice(entry) for entry in read_list(top, "notices")),
        table=None if top.get("table") is None else read_table(top["table"]),
        figure=None if top.get("figure") is None else read_figure(top["figure"]),
        verdict=None if verdict is None else read_verdict(verdict),
        paragraphs=read_texts(top, "paragraphs"),
        citations=read_texts(top, "citations"),
        widget=None if widget is None else what_if_widget.read_widget(widget),
    )
