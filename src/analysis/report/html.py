"""An executed notebook as one self-contained HTML file without scripts of others.

Evidence is rebuilt from its JSON payload, never taken from the HTML that stands in the notebook:
whatever a cell printed, only words, numbers and sanitized drawings reach the page. The one script
there may be is this package's own for sliders; the page's policy admits it by its hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader

from analysis.i18n import catalogue, text
from analysis.report.evidence import Evidence, from_payload
from analysis.report.fragment import compact, evidence_html, slug
from analysis.report.markdown import Headings, to_html
from analysis.report.payload import MIME
from analysis.report.references import reference_list
from analysis.report.what_if_widget import script, script_source, style

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
HIDDEN_TAGS = frozenset({"remove-cell", "injected-parameters"})
NO_INPUT_TAGS = frozenset({"remove-input", "hide-input", "parameters"})
LANGUAGE_CODES = {"en": "en", "zh": "zh-Hans"}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


@cache
def environment() -> Environment:
    """Templates of this package, everything escaped."""
    folder = files("analysis.report").joinpath("templates")
    return Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        keep_trailing_newline=True,
    )


def style_sheet() -> str:
    """The style of pages: evidence first, then the page around it."""
    parts = (files("analysis.report").joinpath(n).read_text("utf-8") for n in
             ("evidence.css", "page.css"))  # fmt: skip
    return compact(" ".join(parts))


@dataclass
class _Page:
    """Body of a report under construction."""

    language: str
    headings: Headings = field(default_factory=Headings)
    blocks: list[str] = field(default_factory=list)
    lead: str = ""
    heading: str = ""
    citations: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    tables: int = 0
    figures: int = 0
    failed: bool = False
    interactive: bool = False
    anchors: set[str] = field(default_factory=set)

    def add(self, html: str) -> None:
        """A finished block; ``html`` comes from the writers of this package only."""
        self.blocks.append(html)


def render_report(
    executed: Any, *, language: str, title: str, meta: Mapping[str, Any] | None = None
) -> str:
    """The report of an executed notebook.

    ``executed`` is a notebook node (or its JSON); ``meta`` may hold study_title, study, model,
    notebook, run, status, outcome, simulated, digests, versions and failure (kind, step, name,
    text). The same input gives the same bytes.
    """
    about = dict(meta or {})
    page = _Page(language)
    for cell in executed["cells"]:
        _cell(page, cell)
    failure = about.get("failure")
    simulated = bool(about.get("simulated"))
    stamps = dict.fromkeys([*(["SIMULATED"] if simulated else []), *page.stamps])
    toc = [(h.level, h.words, h.anchor) for h in page.headings.found if h.level in (2, 3)]
    references = reference_list(page.citations)
    if references and toc:
        toc.append((2, _say("references", language), "references"))
    versions = about.get("versions") or {}
    template = environment().get_template("report.html.j2")
    return template.render(
        lang=LANGUAGE_CODES.get(language, language),
        csp=f"{CSP}; {script_source()}" if page.interactive else CSP,
        css=style_sheet() + (compact(style()) if page.interactive else ""),
        script=script() if page.interactive else "",
        say=lambda key, **fields: _say(key, language, **fields),
        page_title=" \u00b7 ".join(p for p in (title, str(about.get("study_title") or "")) if p),
        kicker=str(about.get("study_title") or about.get("study") or ""),
        heading=page.heading or title,
        lead=page.lead,
        stamps=[stamp_words(s, language) for s in stamps],
        facts=_facts(about, language),
        failure=_failure(failure),
        outcome_warning=_outcome_warning(about.get("outcome"), language),
        failed_anchor=page.failed,
        toc=toc,
        blocks=page.blocks,
        references=references,
        made_with=", ".join(f"{k} {v}" for k, v in versions.items()),
    )


def _say(key: str, language: str, **fields: object) -> str:
    return text(f"report.ui.{key}", language, **fields)


def stamp_words(stamp: str, language: str) -> str:
    """A stamp in the reader's language; unknown ones as they are."""
    key = f"report.stamp.{stamp}"
    return catalogue(language).get(key, stamp)


def _facts(about: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    pairs = [(_say(k, language), str(about[k])) for k in ("study", "model", "notebook", "run")
             if about.get(k)]  # fmt: skip
    status = about.get("status")
    if status in ("ok", "failed"):
        pairs.append((_say("status", language), _say(str(status), language)))
    return pairs


def _failure(found: object) -> dict[str, str] | None:
    if not isinstance(found, Mapping):
        return None
    return {key: _clean(str(found.get(key) or "")) for key in ("step", "name", "text")}


def _outcome_warning(outcome: object, language: str) -> tuple[str, str] | None:
    """What stands on top of a report whose solution supports no conclusion."""
    if not isinstance(outcome, str) or outcome in ("", "converged"):
        return None
    return (
        text(f"report.gate.{outcome}", language),
        text("report.outcome.consequence", language),
    )


def _clean(words: str) -> str:
    return _ANSI.sub("", words)


def _cell(page: _Page, cell: Mapping[str, Any]) -> None:
    about = cell.get("metadata", {})
    tags = set(about.get("tags", []))
    if tags & HIDDEN_TAGS or _other_language(tags, page.language):
        return
    source = cell.get("source", "")
    source = "".join(source) if isinstance(source, list) else str(source)
    if cell["cell_type"] == "markdown":
        _markdown(page, _translated(about, source, page.language))
    elif cell["cell_type"] == "code":
        _code(page, cell, source, tags, failed=bool(about.get("analysis", {}).get("failed")))


def _other_language(tags: set[str], language: str) -> bool:
    wanted = {t for t in tags if t.startswith("lang-")}
    return bool(wanted) and f"lang-{language}" not in wanted


def _translated(about: Mapping[str, Any], source: str, language: str) -> str:
    key = about.get("analysis", {}).get("key", "")
    return catalogue(language).get(key, source) if isinstance(key, str) and key else source


def _markdown(page: _Page, source: str) -> None:
    first = not page.heading and not page.blocks
    html = to_html(source, page.headings)
    found = page.headings.found
    if first and found and found[0].level == 1:
        page.heading = found[0].words
        page.lead = re.sub(r"^\s*<h1[^>]*>.*?</h1>\s*", "", html, count=1, flags=re.S)
        return
    page.add(f'<div class="md">{html}</div>')


def _code(
    page: _Page, cell: Mapping[str, Any], source: str, tags: set[str], *, failed: bool
) -> None:
    outputs = cell.get("outputs", [])
    error = any(o.get("output_type") == "error" for o in outputs)
    if failed or (error and not page.failed):
        page.failed = True
        lead, rest = _label(page, "failed_here"), _label(page, "missing_cells")
        errors = "".join(_errors(outputs))
        page.add(f'<div class="banner" id="failed"><h2>{lead}</h2>{errors}<p>{rest}</p></div>')
    for output in outputs:
        _output(page, output)
    if source.strip() and not tags & NO_INPUT_TAGS:
        summary = _label(page, "code")
        code = escape(source, quote=False)
        page.add(f'<details class="code"><summary>{summary}</summary><pre><code>{code}</code>'
                 "</pre></details>")  # fmt: skip


def _label(page: _Page, key: str) -> str:
    return escape(_say(key, page.language))


def _errors(outputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for output in outputs:
        if output.get("output_type") == "error":
            words = f"{output.get('ename', '')}: {output.get('evalue', '')}"
            yield f"<pre>{escape(_clean(words), quote=False)}</pre>"


def _output(page: _Page, output: Mapping[str, Any]) -> None:
    kind = output.get("output_type")
    if kind == "stream":
        _plain(page, output.get("text", ""))
    elif kind in ("display_data", "execute_result"):
        data = output.get("data", {})
        if MIME in data:
            _evidence(page, data[MIME])
        elif "image/png" in data:
            _image(page, output)
        else:
            _plain(page, data.get("text/plain", ""))


def _plain(page: _Page, words: object) -> None:
    joined = "".join(map(str, words)) if isinstance(words, list) else str(words)
    if joined.strip():
        summary = _label(page, "output")
        page.add(f'<details class="code"><summary>{summary}</summary>'
                 f"<pre>{escape(_clean(joined), quote=False)}</pre></details>")  # fmt: skip


def _image(page: _Page, output: Mapping[str, Any]) -> None:
    data = output["data"]["image/png"]
    encoded = "".join(data) if isinstance(data, list) else str(data)
    alt = str(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
    if _BASE64.fullmatch(encoded):
        source = re.sub(r"\s", "", encoded)
        page.add(f'<p><img src="data:image/png;base64,{source}" alt="{escape(alt)}"></p>')


def _evidence(page: _Page, payload: object) -> None:
    try:
        piece = from_payload(payload)
        html = _numbered(page, piece)
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        reason = _say("untrusted", page.language, reason=str(problem))
        page.add(f'<div class="banner"><p>{escape(reason)}</p></div>')
        return
    page.citations.extend(piece.all_citations)
    page.stamps.extend(piece.stamps)
    page.add(html)


def _numbered(page: _Page, piece: Evidence) -> str:
    anchor = slug(piece.id) or "evidence"
    number = 2
    while anchor in page.anchors:
        anchor, number = f"{slug(piece.id)}-{number}", number + 1
    page.anchors.add(anchor)
    table = page.tables + 1 if piece.table else None
    figure = page.figures + 1 if piece.figure else None
    said = bool(page.headings.found) and page.headings.found[-1].words == piece.title
    html = evidence_html(
        piece,
        table_number=table,
        figure_number=figure,
        anchor=f"ev-{anchor}",
        titled=not said and not piece.heading,
        interactive=True,
    )
    page.interactive = page.interactive or piece.widget is not None
    page.tables += piece.table is not None
    page.figures += piece.figure is not None
    if piece.heading in (2, 3):
        place = page.headings.add(piece.heading, piece.title)
        level = piece.heading
        html = f'<h{level} id="{escape(place)}">{escape(piece.title)}</h{level}>{html}'
    return html
