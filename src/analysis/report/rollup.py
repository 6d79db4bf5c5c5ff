"""The page over all runs of a batch: sortable and filterable, from one file, without a network."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from analysis.i18n import catalogue, text
from analysis.report import numbers
from analysis.report.fragment import compact
from analysis.report.html import CSP, LANGUAGE_CODES, environment, stamp_words, style_sheet
from analysis.report.references import reference_list
from analysis.report.rollup_figures import multiples
from analysis.report.rollup_grids import RolledCell, RolledGrid, grids
from analysis.report.rollup_records import RolledDifference, RolledRun, Rollup, Status

FIT = ("chisq", "df", "cfi", "tli", "rmsea", "srmr")
FIT_LABELS = {"chisq": "\u03c7\u00b2", "df": "df", "cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA",
              "srmr": "SRMR"}  # fmt: skip
LEAST_CHOICES, MOST_CHOICES = 2, 40
MOST_DIFFERENCES = 150
ALPHA = 0.05
SOURCES = ("clogg1995", "holm1979", "benjamini1995")
BADGES: Mapping[Status, tuple[str, str]] = {
    "ok": ("ok", "\u25cf"),
    "failed": ("bad", "\u2715"),
    "refused": ("mid", "\u25cb"),
    "left": ("mid", "\u2026"),
}


def render_rollup(rollup: Rollup, language: str, *, downloads: Sequence[str] = ()) -> str:
    """One self-contained page; ``downloads`` are files beside it. The same input, the same bytes.

    Everything stands in the page itself; its script only sorts and hides rows.
    """
    factors = rollup.factors()
    template = environment().get_template("rollup.html.j2")
    found = rollup.differences
    troubled = [run for run in rollup.runs if run.status in ("failed", "refused")]
    return template.render(
        lang=LANGUAGE_CODES.get(language, language),
        csp=f"{CSP}; {script_source()}",
        css=style_sheet() + compact(_asset("rollup.css")),
        script=script(),
        say=lambda key, **fields: say(key, language, **fields),
        title=rollup.title,
        simulated=stamp_words("SIMULATED", language)
        if any(run.simulated for run in rollup.runs)
        else "",
        counts=_counts(rollup, language),
        factors=[_factor(rollup, name, language) for name in factors],
        columns=[FIT_LABELS[name] for name in FIT],
        runs=[_run(run, factors, language) for run in rollup.runs],
        grids=[_grid(grid, language) for grid in grids(rollup, language)],
        figures=multiples(rollup, language),
        differences=[_difference(d, language) for d in _told(found)],
        families=[
            _family(name, found, language) for name in dict.fromkeys(d.factor for d in found)
        ],
        more=max(0, len(found) - MOST_DIFFERENCES),
        troubles=[_trouble(run, language) for run in troubled],
        downloads=list(downloads),
        references=reference_list(SOURCES) if found else (),
    )


def say(key: str, language: str, **fields: object) -> str:
    """A sentence of ``locale/<language>/rollup.toml``."""
    return text(f"rollup.{key}", language, **fields)


def _counts(rollup: Rollup, language: str) -> list[tuple[str, int, str]]:
    counts = Counter(run.status for run in rollup.runs)
    return [(say(f"status.{s}", language), counts[s], BADGES[s][0])
            for s in BADGES if counts[s]]  # fmt: skip


def _about(run: RolledRun) -> dict[str, str]:
    return {"study": run.study, "notebook": run.notebook, **run.settings}


def _factor(rollup: Rollup, name: str, language: str) -> dict[str, object]:
    """A setting that varies: its name and, if they are few, its values to choose from."""
    values = list(dict.fromkeys(_about(run).get(name, "") for run in rollup.runs))
    few = LEAST_CHOICES <= len(values) <= MOST_CHOICES
    choices = [(value, value or say("everybody", language)) for value in values]
    return {"name": name, "choices": choices if few else []}


def _run(run: RolledRun, factors: Sequence[str], language: str) -> dict[str, object]:
    about = _about(run)
    css, symbol = BADGES[run.status]
    outcome = say(f"status.{run.status}", language)
    if run.status == "ok" and run.outcome:
        outcome = catalogue(language).get(f"report.index.outcome_name.{run.outcome}", run.outcome)
        css, symbol = (css, symbol) if run.outcome == "converged" else ("bad", "\u25cb")
    fit = [
        RolledCell(run.measures.get(name), _measure(name, run.measures.get(name), language))
        for name in FIT
    ]
    return {
        "number": run.number,
        "settings": [(name, about.get(name, "")) for name in factors],
        "n": run.n,
        "shown_n": "" if run.n is None else numbers.integer(run.n, language=language),
        "fit": fit,
        "status": run.status,
        "css": css,
        "symbol": symbol,
        "outcome": outcome,
        "href": _href(run),
        "search": " ".join(filter(None, (*about.values(), run.outcome, run.estimator))).lower(),
    }


def _measure(name: str, value: float | None, language: str) -> str:
    if value is None:
        return ""
    digits = {"chisq": 1, "df": 0}.get(name, 3)
    return numbers.number(value, digits=digits, bounded=digits == 3, language=language)


def _href(run: RolledRun) -> str:
    """A relative link to the run's report; nothing that leads out of the folder of the reports."""
    if not run.path:
        return ""
    up, path = run.path[: len("../../")], run.path[len("../../") :]
    parts = path.split("/")
    if up != "../../" or any(part in ("", ".", "..") for part in parts):
        return ""
    return up + "/".join(quote(part, safe="") for part in parts) + "/report.html"


def _grid(grid: RolledGrid, language: str) -> dict[str, object]:
    """A heat map as a table: runs down, values across, shade by size."""
    return {
        "title": say(f"grid.{grid.kind}", language),
        "note": say(f"grid_note.{grid.kind}", language),
        "names": grid.names,
        "rows": [{"number": n, "label": label, "cells": cells} for n, label, cells in grid.rows],
    }


def _told(found: Sequence[RolledDifference]) -> list[RolledDifference]:
    return sorted(found, key=lambda d: (d.p, d.factor, d.context, d.name))[:MOST_DIFFERENCES]


def _difference(d: RolledDifference, language: str) -> dict[str, object]:
    est = numbers.number(d.est, language=language)
    span = numbers.interval(d.low, d.high, language=language)
    p = [(value, numbers.p_value(value, language=language)) for value in (d.p, d.p_holm, d.p_bh)]
    return {
        "factor": d.factor,
        "context": d.context,
        "name": d.name,
        "levels": f"{d.first} {numbers.MINUS} {d.second}",
        "est": d.est,
        "shown": f"{est} {span}",
        "p": p,
        "strong": d.p_holm < ALPHA,
    }


def _family(factor: str, found: Sequence[RolledDifference], language: str) -> str:
    own = [d for d in found if d.factor == factor]
    holm, bh = (sum(p < ALPHA for p in ps) for ps in
                ([d.p_holm for d in own], [d.p_bh for d in own]))  # fmt: skip
    return say("family", language, factor=factor, n=len(own), holm=holm, bh=bh)


def _trouble(run: RolledRun, language: str) -> dict[str, object]:
    kind = text(f"batch.labels.kind.{run.kind}", language) if run.kind else ""
    label = " ".join(filter(None, (run.notebook, *_levels(run))))
    return {"number": run.number, "label": label, "status": say(f"status.{run.status}", language),
            "kind": kind, "reason": run.reason, "href": _href(run)}  # fmt: skip


def _levels(run: RolledRun) -> list[str]:
    told = ("model", "brand", "channel", "wave", "group", "estimator")
    return [run.settings[name] for name in told if run.settings.get(name)]


@cache
def _asset(name: str) -> str:
    return files("analysis.report").joinpath(name).read_text("utf-8")


@cache
def script() -> str:
    """The script as it stands in the page."""
    return _asset("rollup.js").strip()


@cache
def script_source() -> str:
    """What the content security policy must allow: the script's hash and nothing else."""
    digest = hashlib.sha256(script().encode("utf-8")).digest()
    return f"script-src 'sha256-{base64.b64encode(digest).decode('ascii')}'"
