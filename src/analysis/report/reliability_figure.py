"""Reliability as a picture: every coefficient with its interval against the cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.measurement import Reliability
from analysis.report import plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import heading
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, unit
from analysis.report.records import Figure
from analysis.report.references import cite
from analysis.report.reliability import RULES
from analysis.sem import Solution

DRAWN = ("alpha", "omega", "cr", "rho_a", "ave")
NAMES: Mapping[str, str] = {
    "alpha": "\u03b1",
    "omega": "\u03c9",
    "cr": "CR",
    "rho_a": "\u03c1\u2090",
    "ave": "AVE",
}
FLOOR = 0.3


def reliability_figure(
    reliability: Sequence[Reliability],
    *,
    solution: Solution | None = None,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Coefficients of every construct as points with their intervals."""
    names = resolve(labels)
    rows = [
        plots.ForestRow(
            label=NAMES[name],
            group=names.of(r.construct)
            if solution is None
            else heading(solution, r.construct, r.group, names),
            value=getattr(r, name),
            low=r.intervals.get(name, (float("nan"),) * 2)[0],
            high=r.intervals.get(name, (float("nan"),) * 2)[1],
            strong=not criterion(RULES[name]).missed(getattr(r, name)),
        )
        for r in reliability
        for name in DRAWN
        if finite(getattr(r, name))
    ]
    cr, ave = criterion("measurement.cr"), criterion("measurement.ave")
    title = text("measuring.reliability.figure_title", language)
    spans = any(finite(r.low) for r in rows)
    limits = {
        "low": unit(cr.good, language, 2),
        "high": unit(cr.upper, language, 2),
        "ave": unit(ave.good, language, 2),
    }
    alt = text(
        "measuring.reliability.figure_alt",
        language,
        count=len({r.group for r in rows}),
        missed=sum(not r.strong for r in rows),
        total=len(rows),
        **limits,
    )
    note = text("measuring.reliability.figure_note", language, **limits,
                sources=cite((*cr.cite, *ave.cite), language))  # fmt: skip
    notes = (note, text("measuring.reliability.figure_intervals", language)) if spans else (note,)
    picture = plots.forest(
        rows,
        title=title,
        alt=alt,
        axis=text("measuring.reliability.axis", language),
        language=language,
        cuts=tuple(c for c in (ave.good, cr.good, cr.upper) if c is not None),
        floor=FLOOR,
    )
    figure = Figure(
        key="reliability-plot",
        title=title,
        svg=picture,
        alt=alt,
        data=plots.forest_data(rows, "reliability-plot", title, language),
        notes=notes,
    )
    return Evidence(
        id="reliability-figure", title=title, figure=figure,
        citations=tuple(dict.fromkeys((*cr.cite, *ave.cite))), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip
