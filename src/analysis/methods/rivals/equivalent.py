"""Equivalent models: other arrows that the same data fit exactly as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analysis.errors import AnalysisError
from analysis.methods.rivals.edits import Path, Paths, rebuilt
from analysis.sem import Solution
from analysis.syntax import ModelSyntax

Change = Literal["reversed", "covariance"]
SAME = 1e-4  # chi-squares closer than this, relative to one more than their size, are equal
MOST = 40


@dataclass(frozen=True)
class Equivalent:
    """One arrow changed: ``source -> target`` turned round, or replaced by a covariance.

    ``by_rule`` says that the replacing rule (Lee & Hershberger 1990) promises it; ``chisq`` and
    ``df`` are those found.
    """

    source: str
    target: str
    change: Change
    by_rule: bool
    chisq: float
    df: int


@dataclass(frozen=True)
class EquivalentModels:
    """Equivalent models among ``tried`` changes; ``left`` were not tried, being too many."""

    found: tuple[Equivalent, ...]
    tried: int
    left: int
    chisq: float
    df: int


def equivalent_models(
    syntax: ModelSyntax, fit: Callable[[ModelSyntax], Solution], *, most: int = MOST
) -> EquivalentModels:
    """Change each arrow of the structural part in turn, and keep what fits exactly as well.

    ``fit`` estimates a model, always on the same moments. Changes that the replacing rule
    promises come first; no more than ``most`` are tried.
    """
    paths = Paths.of(syntax)
    own = fit(rebuilt(syntax, paths.edges))
    chisq, df = own.inference.test.stat, int(own.inference.test.df)
    changes: list[tuple[Path, Change, bool]] = [
        (edge, change, by_rule(paths, edge, change))
        for edge in paths.edges
        for change in ("reversed", "covariance")
        if paths.recursive and own.outcome.estimated
    ]
    changes.sort(key=lambda c: not c[2])
    found = []
    for (target, source), change, promised in changes[:most]:
        solution = _changed(syntax, paths, (target, source), change, fit)
        if solution is None or not solution.outcome.estimated:
            continue
        test = solution.inference.test
        if int(test.df) == df and abs(test.stat - chisq) < SAME * (1.0 + chisq):
            found.append(Equivalent(source, target, change, promised, test.stat, df))
    tried = min(len(changes), most)
    return EquivalentModels(tuple(found), tried, len(changes) - tried, chisq, df)


def by_rule(paths: Paths, edge: Path, change: Change) -> bool:
    """Whether the replacing rule allows the change.

    A covariance of residuals may stand for ``x -> y`` where y has all the predictors of x, the
    arrow may be turned where they have the same ones. Exogenous constructs correlate freely, as
    if each had all others for predictors.
    """
    target, source = edge
    others = set(paths.sources(target)) - {source}
    given = set(paths.sources(source)) or set(paths.exogenous) - {source}
    return given == others if change == "reversed" else given <= others


def _changed(
    syntax: ModelSyntax,
    paths: Paths,
    edge: Path,
    change: Change,
    fit: Callable[[ModelSyntax], Solution],
) -> Solution | None:
    target, source = edge
    edges = [e for e in paths.edges if e != edge]
    turned = [*edges, (source, target)] if change == "reversed" else edges
    if not Paths(paths.nodes, tuple(turned)).recursive:
        return None
    loose = [(source, target)] if change == "covariance" else []
    try:
        return fit(rebuilt(syntax, turned, covariances=loose))
    except AnalysisError:
        return None
