"""What a path diagram shows: nodes, arrows and curves read off a solution."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.report.labels import Labels
from analysis.report.numbers import number, stars
from analysis.report.prose import finite
from analysis.report.svg import text_width, wrap
from analysis.sem import Estimate, Solution

NAME_SIZE = 13.0
BOLD = 1.06
WRAP = 114.0
MANY_CURVES = 15
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Item:
    """An indicator in its factor's tray."""

    name: str
    loading: str
    alarm: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A latent (ellipse) or observed (rectangle) variable of the structural part."""

    name: str
    lines: tuple[str, ...]
    latent: bool
    note: str
    alarm: bool
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A directed effect, or the loading of a first-order on a second-order factor.

    ``value`` is the std.all estimate, NaN where there is none.
    """

    source: str
    target: str
    loading: bool
    value: float
    p: float
    words: str
    alarm: bool

    @property
    def clear(self) -> bool:
        """Whether the effect differs from zero at the 5% level (or has no test)."""
        return not finite(self.p) or self.p < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Curve:
    """A covariance between two nodes."""

    first: str
    second: str
    value: float
    words: str
    clear: bool
    alarm: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to draw; ``hidden_curves`` were too many, ``hidden_pairs`` join items."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    curves: tuple[Curve, ...]
    hidden_curves: int
    hidden_pairs: tuple[Curve, ...]


def picture(
    solution: Solution,
    labels: Labels,
    language: str,
    *,
    indicators: bool,
    intervals: bool,
    group: int = 1,
) -> Picture:
    """Nodes, arrows and curves of a group (from 1)."""
    rows = [e for e in solution.estimates if e.group in (0, group)]
    numbers_known = solution.outcome.estimated
    latent = set(solution.latent)
    structural = [e for e in rows if e.op == "~"]
    higher = [e for e in rows if e.op == "=~" and e.rhs in latent]
    named = [e.lhs for e in rows if e.op == "=~"]
    named += [n for e in structural for n in (e.rhs, e.lhs)]
    names = list(dict.fromkeys(named))
    arrows = tuple(_arrow(e, language, numbers_known, intervals) for e in (*structural, *higher))
    curves, pairs = _curves(rows, set(names), language, numbers_known, intervals)
    many = len(curves) > MANY_CURVES
    nodes = tuple(_node(n, rows, solution, labels, language, indicators=indicators) for n in names)
    return Picture(nodes, arrows, () if many else curves, len(curves) if many else 0, pairs)


def _arrow(e: Estimate, language: str, known: bool, intervals: bool) -> Arrow:
    loading = e.op == "=~"
    source, target = (e.lhs, e.rhs) if loading else (e.rhs, e.lhs)
    p = _p(e)
    value = e.std_all if known else float("nan")
    return Arrow(source, target, loading, value, p, _words(e, p, language, known, intervals),
                 known and abs(e.std_all) > 1.0)  # fmt: skip


def _p(e: Estimate) -> float:
    """The p value, NaN for a fixed parameter (drawn without stars)."""
    return e.p if e.free else float("nan")


def _words(e: Estimate, p: float, language: str, known: bool, intervals: bool) -> str:
    if not known or not finite(e.std_all):
        return ""
    text = number(e.std_all, digits=2, bounded=True, language=language)
    if abs(e.std_all) > 1.0:
        text += "!"
    if intervals and finite(e.std_all_ci_lower):
        low, high = (
            number(v, digits=2, bounded=True, language=language)
            for v in (e.std_all_ci_lower, e.std_all_ci_upper)
        )
        return f"{text}\n[{low}, {high}]"
    return text + stars(p)


def _curves(
    rows: list[Estimate], nodes: set[str], language: str, known: bool, intervals: bool
) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
    among: list[Curve] = []
    items: list[Curve] = []
    for e in rows:
        if e.op != "~~" or e.lhs == e.rhs or not (e.free or e.est != 0.0):
            continue
        p = _p(e)
        words = _words(e, p, language, known, False)
        curve = Curve(e.lhs, e.rhs, e.std_all, words, not finite(p) or p < SIGNIFICANT,
                      known and abs(e.std_all) > 1.0)  # fmt: skip
        (among if {e.lhs, e.rhs} <= nodes else items).append(curve)
    return tuple(among), tuple(items)


def _node(
    name: str,
    rows: list[Estimate],
    solution: Solution,
    labels: Labels,
    language: str,
    *,
    indicators: bool,
) -> Node:
    latent = name in solution.latent
    known = solution.outcome.estimated
    negative = {e.lhs for e in rows if e.op == "~~" and e.lhs == e.rhs and e.est < 0 and known}
    endogenous = any(e.op == "~" and e.lhs == name for e in rows)
    endogenous |= any(e.op == "=~" and e.rhs == name for e in rows)
    group = max((e.group for e in rows), default=1)
    r2 = solution.r2_of(group - 1).get(name) if known else None
    note = ""
    if name in negative:
        note = "\u03c8 < 0"
    elif endogenous and finite(r2):
        note = f"R\u00b2 = {number(r2, digits=2, bounded=True, language=language)}"
    own = [e for e in rows if e.op == "=~" and e.lhs == name and e.rhs not in solution.latent]
    items = tuple(
        Item(e.rhs, _words(e, float("nan"), language, known, False), e.rhs in negative) for e in own
    )
    return Node(
        name=name,
        lines=wrap(labels.of(name), WRAP, BOLD * NAME_SIZE, lines=2),
        latent=latent,
        note=note,
        alarm=name in negative,
        items=items if indicators else (),
    )


def tray_width(node: Node) -> float:
    """Width of the boxes of a node's indicators."""
    names = max((text_width(i.name, 11) for i in node.items), default=0.0)
    loadings = max((text_width(i.loading, 11) for i in node.items), default=0.0)
    return min(max(names + loadings + 22.0, 84.0), 150.0)
