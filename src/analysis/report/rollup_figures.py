"""Small multiples of the page over many runs: one panel a path, every run a mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.i18n import text
from analysis.report import numbers
from analysis.report.plots import ticks
from analysis.report.prose import finite
from analysis.report.rollup_grids import main_number, run_label
from analysis.report.rollup_records import RolledRun, Rollup
from analysis.report.svg import FAINT, INK, MUTED, PAPER, POSITIVE, RULE, Drawing, px, tooltip, wrap

WIDTH, LEFT, RIGHT, TOP = 330.0, 86.0, 12.0, 10.0
TALLEST = 280.0
GAP = 9.0
INTERVALS_UP_TO = 60
MOST_PANELS = 24
GROUPING = ("brand", "channel", "wave", "study", "model", "group", "estimator", "seed", "language")
SHAPES = 6
SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
TRIANGLE = ((0.0, -1.3), (1.25, 0.9), (-1.25, 0.9))


@dataclass(frozen=True)
class _Mark:
    """One run in a panel: its place on the axis, its interval and its shape."""

    label: str
    level: str
    shape: int
    value: float
    low: float | None
    high: float | None


def multiples(rollup: Rollup, language: str) -> list[dict[str, str]]:
    """A drawing with its title for each path of the structural models."""
    factors = [name for name in GROUPING if name in rollup.factors()]
    if not factors:
        return []
    main, second = factors[0], factors[1] if len(factors) > 1 else ""
    runs = [run for run in rollup.runs if run.status == "ok" and run.of("path")]
    shapes = list(dict.fromkeys(_setting(run, second) for run in runs))
    panels = []
    for name in rollup.names("path")[:MOST_PANELS]:
        marks = [*_marks(runs, name, main, second, shapes, rollup.factors())]
        if len(marks) > 1:
            panels.append((name, marks))
    axis = _axis([mark for _, marks in panels for mark in marks])
    everybody = text("rollup.everybody", language)
    return [
        {
            "title": name,
            "svg": _panel(name, marks, axis, everybody, language),
            "legend": _legend(second, shapes, everybody) if second else "",
        }
        for name, marks in panels
    ]


def _setting(run: RolledRun, name: str) -> str:
    return run.study if name == "study" else run.settings.get(name, "")


def _marks(
    runs: Sequence[RolledRun],
    name: str,
    main: str,
    second: str,
    shapes: Sequence[str],
    factors: tuple[str, ...],
) -> list[_Mark]:
    found = []
    for run in runs:
        for value in run.of("path"):
            if value.name == name:
                shape = shapes.index(_setting(run, second)) % SHAPES
                label = run_label(run, factors)
                found.append(_Mark(label, _setting(run, main), shape, *main_number(value)))
    return found


def _axis(marks: Sequence[_Mark]) -> tuple[float, ...]:
    ends = [v for m in marks for v in (m.value, m.low, m.high) if v is not None and finite(v)]
    return ticks(max(min([0.0, *ends]), -1.5), min(max([0.5, *ends]), 1.5), most=4)


def _panel(
    name: str, marks: Sequence[_Mark], axis: tuple[float, ...], everybody: str, language: str
) -> str:
    levels = list(dict.fromkeys(mark.level for mark in marks))
    pitch = min(11.0, (TALLEST - GAP * len(levels)) / max(len(marks), 1))
    height = TOP + pitch * len(marks) + GAP * len(levels)
    drawing = Drawing(WIDTH, height + 24.0)
    low, high = axis[0], axis[-1]

    def x(value: float) -> float:
        return LEFT + (min(max(value, low), high) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    for tick in axis:
        drawing.line(x(tick), TOP, x(tick), height, stroke=RULE if tick == 0 else FAINT)
        label = numbers.number(tick, digits=1, bounded=True, language=language) if tick else "0"
        drawing.text(x(tick), height + 15, label, size=10.5, anchor="middle", fill=MUTED)
    y = TOP
    for level in levels:
        own = sorted((m for m in marks if m.level == level), key=lambda m: m.shape)
        middle = y + pitch * len(own) / 2 + 4
        lines = wrap(level or everybody, LEFT - 12, 11, lines=1)
        drawing.text(LEFT - 10, middle, lines[0] if lines else "", size=11, anchor="end")
        for mark in own:
            _draw(drawing, mark, y + pitch / 2, x, len(marks) <= INTERVALS_UP_TO, language)
            y += pitch
        y += GAP
        if level != levels[-1]:
            drawing.line(LEFT - 4, y - GAP / 2, WIDTH - RIGHT, y - GAP / 2, stroke=FAINT)
    values = [mark.value for mark in marks]
    bounds = [numbers.number(v, digits=2, bounded=True, language=language)
              for v in (min(values), max(values))]  # fmt: skip
    alt = text("rollup.multiple_alt", language, name=name, n=len(marks), low=bounds[0],
               high=bounds[1])  # fmt: skip
    return drawing.render(title=name, description=alt)


def _draw(
    drawing: Drawing,
    mark: _Mark,
    y: float,
    x: Callable[[float], float],
    with_interval: bool,
    language: str,
) -> None:
    shown = numbers.number(mark.value, digits=2, bounded=True, language=language)
    if with_interval and mark.low is not None and mark.high is not None:
        drawing.line(x(mark.low), y, x(mark.high), y, stroke=MUTED, stroke_width=1.1)
        span = numbers.interval(mark.low, mark.high, bounded=True, language=language)
        shown = f"{shown} {span}"
    _shape(drawing, mark.shape, x(mark.value), y, 3.6, f"{mark.label}: {shown}")


def _shape(drawing: Drawing, shape: int, x: float, y: float, r: float, hint: str) -> None:
    """A mark that is told from others by its form, in grey print too."""
    full = {"fill": POSITIVE, "stroke": PAPER, "stroke_width": 0.8}
    open_ = {"fill": PAPER, "stroke": INK, "stroke_width": 1.3}
    style = full if shape % 2 == 0 else open_
    if shape < 2:
        drawing.add("circle", tooltip(hint), cx=x, cy=y, r=r, **style)
        return
    corners: Sequence[tuple[float, float]] = (
        ((-1, -1), (1, -1), (1, 1), (-1, 1))
        if shape < 4
        else ((0, -1.3), (1.25, 0.9), (-1.25, 0.9))
    )
    path = "M" + "L".join(f"{px(x + r * a * 0.9)} {px(y + r * b * 0.9)}" for a, b in corners) + "Z"
    drawing.add("path", tooltip(hint), d=path, **style)


def _legend(second: str, shapes: Sequence[str], everybody: str) -> str:
    """The shapes with what they stand for."""
    drawing = Drawing(WIDTH, 20.0 * ((len(shapes[:SHAPES]) + 2) // 3) + 22.0)
    drawing.text(0, 14, second, size=11, fill=MUTED)
    for number, value in enumerate(shapes[:SHAPES]):
        column, line = number % 3, number // 3
        _shape(drawing, number, 8.0 + 108.0 * column, 30.0 + 20.0 * line, 4.2, value or everybody)
        drawing.text(18.0 + 108.0 * column, 34.0 + 20.0 * line, value or everybody, size=11)
    return drawing.render(title=second, description=", ".join(v or everybody for v in shapes))
