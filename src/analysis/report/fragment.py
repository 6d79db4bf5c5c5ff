"""Evidence as an HTML fragment and as short plain text."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files

from analysis.i18n import catalogue, text
from analysis.report.records import Figure, Notice, Piece, Verdict
from analysis.report.references import cite
from analysis.report.sanitize import clean_svg
from analysis.report.tables import caption_html, inline, plain, table_html
from analysis.report.what_if_widget import widget_html

SYMBOLS = {"good": "\u25cf", "mixed": "\u25d0", "poor": "\u25cb", "none": "\u2014"}
_SLUG = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """``name`` as an anchor: lower-case letters, digits and hyphens."""
    return _SLUG.sub("-", name.lower()).strip("-")


def evidence_html(
    evidence: Piece,
    *,
    table_number: int | None = None,
    figure_number: int | None = None,
    anchor: str = "",
    titled: bool = True,
    interactive: bool = False,
) -> str:
    """The evidence as HTML; every word escaped, every drawing sanitized.

    ``interactive`` adds the widget, for pages that carry its script.
    """
    language = evidence.language
    place = anchor or slug(evidence.id)
    parts = [f'<p class="stamp">{escape(_stamp(s, language))}</p>' for s in evidence.stamps]
    if titled and evidence.table is None and evidence.figure is None and evidence.title:
        parts.append(f'<p class="ev-title">{inline(evidence.title)}</p>')
    parts.extend(notice_html(n, language) for n in evidence.notices)
    if evidence.figure is not None:
        parts.append(_figure_html(evidence.figure, language, figure_number, place))
    if evidence.table is not None:
        parts.append(table_html(evidence.table, language=language, number=table_number))
    if interactive and evidence.widget is not None:
        parts.append(widget_html(evidence.widget, language=language, place=escape(place)))
    if evidence.verdict is not None:
        parts.append(_verdict_html(evidence.verdict, language))
    parts.extend(f"<p>{inline(p)}</p>" for p in evidence.paragraphs)
    code = "zh-Hans" if language == "zh" else language
    return (
        f'<section class="ev" id="{escape(place)}" lang="{escape(code)}">{"".join(parts)}</section>'
    )


def _stamp(stamp: str, language: str) -> str:
    return catalogue(language).get(f"report.stamp.{stamp}", stamp)


def notice_html(notice: Notice, language: str) -> str:
    """A boxed notice: what was seen, why, and what to do."""
    label = escape(text(f"report.notice.{notice.level}", language))
    parts = [f'<p><strong class="tag">{label}</strong> {inline(notice.symptom)}</p>']
    for part, words in (("cause", notice.cause), ("remedy", notice.remedy)):
        if words:
            lead = escape(text(f"report.notice.{part}", language))
            parts.append(f"<p><b>{lead}</b> {inline(words)}</p>")
    role = ' role="alert"' if notice.level == "error" else ""
    return f'<div class="notice {notice.level}"{role}>{"".join(parts)}</div>'


def _verdict_html(verdict: Verdict, language: str) -> str:
    label = escape(text(f"report.verdict.{verdict.level}", language))
    sentences = list(verdict.sentences)
    joint = "" if language == "zh" else " "
    sources = ""
    if verdict.citations:
        brackets = "\uff08{}\uff09" if language == "zh" else " ({})"
        sources = (
            f'<span class="src">{escape(brackets.format(cite(verdict.citations, language)))}</span>'
        )
    words = inline(joint.join(sentences))
    symbol = SYMBOLS[verdict.level]
    return (
        f'<div class="verdict {verdict.level}"><p><strong class="tag">'
        f'<span aria-hidden="true">{symbol}</span> {label}</strong> {words}{sources}</p></div>'
    )


def _figure_html(figure: Figure, language: str, number: int | None, place: str) -> str:
    caption = caption_html("figure", figure.title, number, language)
    svg = clean_svg(figure.svg, prefix=place)
    notes = ""
    if figure.notes:
        joint = "" if language == "zh" else " "
        lead = escape(text("report.ui.note", language))
        words = inline(joint.join(figure.notes))
        notes = f'<div class="notes"><p><i class="lead">{lead}</i>{joint}{words}</p></div>'
    data = ""
    if figure.data is not None:
        summary = escape(text("report.ui.figure_data", language))
        body = table_html(figure.data, language=language, caption=False)
        data = f'<details class="data"><summary>{summary}</summary>{body}</details>'
    label = escape(plain(figure.title))
    return (
        f'<figure><figcaption>{caption}</figcaption><div class="scroll draw" role="region"'
        f' aria-label="{label}" tabindex="0">{svg}</div>{notes}{data}</figure>'
    )


def notebook_html(evidence: Piece) -> str:
    """The fragment with its own style, for display in a notebook."""
    css = files("analysis.report").joinpath("evidence.css").read_text("utf-8")
    return f"<style>{compact(css)}</style>{evidence_html(evidence)}"


def compact(css: str) -> str:
    """A style sheet without comments and needless space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()


def summary_text(evidence: Piece) -> str:
    """One line for terminals: title, size of the table, verdict."""
    parts = [plain(evidence.title) or evidence.id]
    if evidence.table is not None:
        parts.append(f"[{len(evidence.table.rows)} x {len(evidence.table.columns)}]")
    if evidence.verdict is not None:
        parts.append(f"({text(f'report.verdict.{evidence.verdict.level}', evidence.language)})")
    return " ".join(parts)
