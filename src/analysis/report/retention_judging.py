"""Evidence on predicted chances: calibration, and what acting on them gains."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.methods.retention import Calibration, Decision
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.plots import WIDTH, ticks
from analysis.report.prose import finite, unit
from analysis.report.records import Column, Figure, Table
from analysis.report.references import cite
from analysis.report.retention import say, span
from analysis.report.retention_drawings import Frame, legend
from analysis.report.retention_figures import percent
from analysis.report.svg import MUTED, Drawing


def calibration_figure(
    found: Calibration, model: str, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Predicted against observed shares of leavers."""
    title = say("calibration.title", language)
    top = max(float(found.predicted.max()), float(found.high.max()))
    marks = ticks(0.0, min(top, 1.0))
    drawing = Drawing(WIDTH, 340.0)
    frame = Frame(drawing, (60, 26, WIDTH - 170, 290), marks, marks)

    def write(v: float) -> str:
        return percent(v, language)

    names = [say(f"calibration.{k}", language) for k in ("predicted", "observed", "ideal")]
    frame.axes(write, write, names[0], names[1])
    drawing.line(frame.x(0), frame.y(0), frame.x(marks[-1]), frame.y(marks[-1]), stroke=MUTED,
                 stroke_dasharray="4 3")  # fmt: skip
    drawing.text(frame.x(marks[-1]) + 8, frame.y(marks[-1]) + 10, names[2], size=11.5, fill=MUTED)
    points = list(zip(found.predicted.tolist(), found.observed.tolist(), strict=True))
    frame.path(points, 0, width=1.4)
    for k, (p, o) in enumerate(points):
        frame.whisker(p, float(found.low[k]), float(found.high[k]))
        frame.dot(
            p, o, f"{percent(p, language, 1)}: {percent(o, language, 1)}, n = {found.n[k]:.0f}"
        )
    slope, intercept = found.slope, found.intercept
    fields = {
        "slope": numbers.number(slope.value, digits=2, language=language),
        "span": numbers.interval(slope.low, slope.high, digits=2, language=language),
        "intercept": numbers.number(intercept.value, digits=2, language=language),
        "ratio": numbers.number(found.ratio, digits=2, language=language),
    }
    fits = slope.low <= 1.0 <= slope.high
    key = "good" if fits else "narrow" if slope.value > 1.0 else "wide"
    alt = say("calibration.alt", language, **fields)
    svg = drawing.render(title=title, description=alt)
    columns = (
        Column("predicted", names[0], "percent", 1),
        Column("observed", names[1], "percent", 1),
        *(Column(k, say(f"column.{k}", language), "percent", 1, group=say("column.ci", language))
          for k in ("lower", "upper")),
        Column("n", "\u27e6n\u27e7", "int"),
    )  # fmt: skip
    rows = tuple(
        (float(found.predicted[k]), float(found.observed[k]), float(found.low[k]),
         float(found.high[k]), int(found.n[k]))
        for k in range(len(found.n))
    )  # fmt: skip
    note = say("calibration.note", language, model=say(f"learner.{model}", language))
    table = Table("retention-calibration", title, columns, rows)
    return Evidence(
        "retention-calibration", title,
        figure=Figure("retention-calibration", title, svg, alt, table, (note,)),
        paragraphs=(say(f"calibration.{key}", language, **fields),), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def decision_figure(
    found: Decision, model: str, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Net benefit over thresholds, and what happens at the one in use."""
    title = say("decision.title", language)
    top = float(max(found.model.max(), found.everybody.max()))
    xs, ys = ticks(0.0, float(found.thresholds[-1])), ticks(-0.25 * top, top)
    drawing = Drawing(WIDTH, 330.0)
    frame = Frame(drawing, (60, 50, WIDTH - 30, 280), xs, ys)
    frame.axes(lambda v: percent(v, language), lambda v: unit(v, language, 2),
               say("decision.threshold", language), say("decision.benefit", language))  # fmt: skip
    legend(drawing, [say(f"decision.{k}", language) for k in ("model", "everybody", "nobody")],
           60, 10)  # fmt: skip
    grid = found.thresholds.tolist()
    kept = [(t, b) for t, b in zip(grid, found.everybody.tolist(), strict=True) if b >= ys[0]]
    frame.path(list(zip(grid, found.model.tolist(), strict=True)), 0)
    frame.path(kept, 1)
    frame.path([(grid[0], 0.0), (grid[-1], 0.0)], 2)
    at = frame.x(found.threshold)
    drawing.line(at, 50, at, 280, stroke=MUTED, stroke_dasharray="2 3")
    frame.dot(found.threshold, found.benefit.value, unit(found.benefit.value, language))
    shown = percent(found.threshold, language)
    fields = {
        "threshold": shown,
        "acted": percent(found.acted.value, language),
        "sensitivity": percent(found.sensitivity.value, language),
        "precision": percent(found.precision.value, language),
        "gain": numbers.number(1000 * found.advantage.value, digits=0, language=language),
        "span": numbers.interval(1000 * found.advantage.low, 1000 * found.advantage.high, digits=0,
                                 language=language),
    }  # fmt: skip
    key = "better" if found.advantage.low > 0 else "no_better"
    columns = (
        Column("measure", say("column.measure", language)),
        Column("value", say("column.value", language), "percent", 1),
        *(Column(k, say(f"column.{k}", language), "percent", 1, group=say("column.ci", language))
          for k in ("lower", "upper")),
    )  # fmt: skip
    rows = tuple(
        (say(f"decision.{k}", language), m.value, m.low, m.high)
        for k, m in (("acted", found.acted), ("sensitivity", found.sensitivity),
                     ("specificity", found.specificity), ("precision", found.precision))
        if finite(m.value)
    )  # fmt: skip
    alt = say("decision.alt", language, benefit=unit(found.benefit.value, language), **fields)
    heading = say("decision.table", language, threshold=shown)
    notes = (say("decision.note", language, model=say(f"learner.{model}", language),
                 odds=numbers.number((1 - found.threshold) / found.threshold, digits=1,
                                     language=language),
                 sources=cite(("vickers2006",), language)),)  # fmt: skip
    curve = Table(
        "retention-benefit", title,
        (Column("threshold", say("decision.threshold", language), "percent", 0),
         Column("model", say("decision.model", language), "unit"),
         Column("everybody", say("decision.everybody", language), "unit")),
        tuple(zip(grid, found.model.tolist(), found.everybody.tolist(), strict=True)),
    )  # fmt: skip
    svg = drawing.render(title=title, description=alt)
    return Evidence(
        "retention-decision", title,
        table=Table("retention-decision", heading, columns, rows,
                    notes=(say("decision.table_note", language,
                               benefit=unit(found.benefit.value, language),
                               span=span(found.benefit, language)),)),
        figure=Figure("retention-benefit", title, svg, alt, curve, notes),
        paragraphs=(say("decision.words", language, **fields),
                    say(f"decision.{key}", language, **fields)),
        citations=("vickers2006",), language=language, stamps=tuple(stamps),
    )  # fmt: skip
