"""The list of all runs as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from analysis.i18n import catalogue, text
from analysis.report import numbers
from analysis.report.fragment import slug
from analysis.report.html import CSP, LANGUAGE_CODES, environment, stamp_words, style_sheet

Record = Mapping[str, Any]


def render_index(records: Sequence[Record], language: str) -> str:
    """All runs by study; failed ones with their reason, superseded ones marked.

    ``records`` hold what ``run.json`` holds, with ``path``, the run's folder relative to the page.
    """
    studies: dict[str, list[Record]] = {}
    for record in records:
        studies.setdefault(str(record.get("study", "")), []).append(record)
    shown = [
        {
            "anchor": slug(name) or "study",
            "title": _title(name, runs, language),
            "simulated": any(r.get("simulated") for r in runs),
            "runs": [_run(r, language) for r in _ordered(runs)],
        }
        for name, runs in sorted(studies.items())
    ]
    template = environment().get_template("index.html.j2")
    return template.render(
        lang=LANGUAGE_CODES.get(language, language),
        csp=CSP,
        css=style_sheet(),
        say=lambda key: _say(key, language),
        simulated=stamp_words("SIMULATED", language),
        studies=shown,
    )


def _say(key: str, language: str) -> str:
    return text(f"report.index.{key}", language)


def _title(name: str, runs: Sequence[Record], language: str) -> str:
    own = [r for r in runs if r.get("language") == language] or list(runs)
    return str(own[-1].get("study_title") or name)


def _ordered(runs: Sequence[Record]) -> list[Record]:
    keys = ("notebook", "model", "language", "run")
    return sorted(
        runs, key=lambda r: (bool(r.get("superseded")), *(str(r.get(k, "")) for k in keys))
    )


def _run(record: Record, language: str) -> dict[str, object]:
    measures = record.get("measures") or {}
    chisq, df = measures.get("chisq"), measures.get("df")
    ratio = chisq / df if isinstance(chisq, (int, float)) and df else None
    outcome, css, symbol = _outcome(record, language)
    failure = record.get("failure")
    reason = ""
    if isinstance(failure, Mapping):
        reason = " \u00b7 ".join(str(failure[k]) for k in ("step", "text") if failure.get(k))
    parameters = record.get("parameters") or {}
    fit = {
        name: numbers.number(_number(measures.get(name)), bounded=True, language=language)
        for name in ("cfi", "rmsea", "srmr")
    }
    return {
        "notebook": record.get("notebook", ""),
        "model": _model(record),
        "estimator": record.get("estimator") or parameters.get("estimator", ""),
        "language": _language(str(record.get("language", "")), language),
        "n": numbers.integer(_number(record.get("n")), language=language),
        "ratio": numbers.number(ratio, digits=2, language=language),
        "outcome": outcome,
        "css": css,
        "symbol": symbol,
        "reason": reason[:400],
        "superseded": bool(record.get("superseded")),
        "href": _href(str(record.get("path", ""))),
        **fit,
    }


SELECTING = ("brand", "channel", "wave", "group", "group_equal", "ordered", "weights", "cluster")


def _model(record: Record) -> str:
    """The model with what sets this run of it apart: selection, groups, ordered items, design."""
    parameters = record.get("parameters") or {}
    chosen = [f"{name} = {parameters[name]}" for name in SELECTING if parameters.get(name)]
    return str(record.get("model", "")) + (f" ({', '.join(chosen)})" if chosen else "")


def _number(value: object) -> float | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known else None  # type: ignore[arg-type]


def _language(code: str, language: str) -> str:
    return catalogue(language).get(f"report.index.language_{code}", code)


def _outcome(record: Record, language: str) -> tuple[str, str, str]:
    if record.get("status") == "failed":
        return _say("failed", language), "bad", "\u2715"
    outcome = str(record.get("outcome") or "")
    if not outcome:
        return catalogue(language)["screening.done"], "", "\u25cf"
    name = catalogue(language).get(f"report.index.outcome_name.{outcome}", outcome)
    return (name, "ok", "\u25cf") if outcome == "converged" else (name, "bad", "\u25cb")


def _href(path: str) -> str:
    """A relative link into the reports folder; nothing that leads elsewhere."""
    parts = path.split("/")
    if not path or path.startswith("/") or any(p in ("", ".", "..") or ":" in p for p in parts):
        return ""
    return "/".join(quote(p, safe="") for p in parts) + "/report.html"
