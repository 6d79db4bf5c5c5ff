"""Models of the same variables side by side, and full against partial mediation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError, Message, ModelError
from analysis.methods.rivals.edits import Path, Paths, rebuilt
from analysis.methods.rivals.equivalent import SAME
from analysis.methods.rivals.vuong import Vuong, vuong_test
from analysis.sem import Solution
from analysis.sem.difference import DifferenceTest, difference_test
from analysis.syntax import ModelSyntax

Array = NDArray[np.float64]
Relation = Literal["own", "nested", "general", "equivalent", "not_nested", "failed"]
NOT_NESTED = "compare.not_nested"
MOST_TESTS = 24


@dataclass(frozen=True)
class ComparedModel:
    """A model beside the study's own one.

    ``relation`` says what it is to the own model: ``nested`` in it, more ``general``,
    ``equivalent`` (same df and chi-square), ``not_nested``, or ``failed`` to be estimated.
    ``difference`` tests the restrictions between the two, ``vuong`` (own model first) compares
    models that are not nested. The weights (Burnham & Anderson 2002) are shares of evidence among
    the models compared, equal chi-squares counting once each; NaN without a likelihood.
    """

    name: str
    solution: Solution | None
    relation: Relation
    difference: DifferenceTest | None
    vuong: Vuong | None
    aic_weight: float
    bic_weight: float
    findings: tuple[Message, ...]


def compare_models(own: Solution, others: Sequence[tuple[str, Solution | Message]],
                   *, name: str) -> tuple[ComparedModel, ...]:  # fmt: skip
    """The own model, then the others by name; a ``Message`` stands for one that failed."""
    found = [ComparedModel(name, own, "own", None, None, nan, nan, ())]
    for label, other in others:
        if isinstance(other, Message):
            blank = (None, None, nan, nan)
            found.append(ComparedModel(label, None, "failed", *blank, (other,)))
        else:
            relation, difference, vuong, findings = _relation(own, other)
            found.append(
                ComparedModel(label, other, relation, difference, vuong, nan, nan, findings)
            )
    return _weighted(found)


def _relation(
    own: Solution, other: Solution
) -> tuple[Relation, DifferenceTest | None, Vuong | None, tuple[Message, ...]]:
    if not (other.outcome.estimated and own.outcome.estimated):
        failed = own if other.outcome.estimated else other
        return "failed", None, None, failed.findings
    a, b = own.inference.test, other.inference.test
    if a.df == b.df and abs(a.stat - b.stat) < SAME * (1.0 + a.stat):
        return "equivalent", None, None, ()
    findings: tuple[Message, ...] = ()
    if a.df != b.df:
        restricted, general = (other, own) if b.df > a.df else (own, other)
        try:
            found = difference_test(restricted, general)
        except ModelError as error:
            if any(m.code != NOT_NESTED for m in error.messages):
                findings = error.messages
        else:
            return ("nested" if restricted is other else "general"), found, None, found.findings
    try:
        return "not_nested", None, vuong_test(own, other), findings
    except ModelError as error:
        return "not_nested", None, None, findings or error.messages


def _weighted(rows: Sequence[ComparedModel]) -> tuple[ComparedModel, ...]:
    """The rows with Akaike and Schwarz weights."""
    shares = []
    for index in ("aic", "bic"):
        values = np.array([
            r.solution.measures[index].value
            if r.solution is not None and index in r.solution.measures else nan
            for r in rows
        ])  # fmt: skip
        shares.append(_shares(values))
    return tuple(
        ComparedModel(
            r.name, r.solution, r.relation, r.difference, r.vuong, float(a), float(b), r.findings
        )
        for r, a, b in zip(rows, *shares, strict=True)
    )


def _shares(values: Array) -> Array:
    """exp(-difference / 2) as shares of their sum, values that are equal counted once."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return np.full(len(values), nan)
    ordered = np.sort(known)
    distinct = ordered[np.r_[True, np.diff(ordered) > SAME]]
    found: Array = np.exp(-0.5 * (values - ordered[0]))
    found /= np.exp(-0.5 * (distinct - ordered[0])).sum()
    return found


@dataclass(frozen=True)
class MediationTest:
    """Direct paths from ``sources`` to ``target``, where routes go round: are they needed?

    ``in_model`` says whether the own model has them. The ``difference`` tests full (without)
    against partial mediation (with); None where ``findings`` say why not.
    """

    target: str
    sources: tuple[str, ...]
    in_model: bool
    difference: DifferenceTest | None
    findings: tuple[Message, ...]

    @property
    def partial(self) -> bool | None:
        """Whether the direct paths are needed at the 5% level; None where unknown."""
        if self.difference is None or not isfinite(self.difference.p):
            return None
        return self.difference.p < 0.05


def mediation_tests(
    syntax: ModelSyntax,
    own: Solution,
    fit: Callable[[ModelSyntax], Solution],
    *,
    most: int = MOST_TESTS,
) -> tuple[MediationTest, ...]:
    """Every mediated pair, final outcomes first, and all direct paths to an outcome together.

    ``fit`` estimates a model as ``own`` was estimated.
    """
    paths = Paths.of(syntax)
    if not own.outcome.estimated:
        return ()
    final = set(paths.final)
    pairs = sorted(paths.mediated(), key=lambda e: (e[0] not in final, paths.nodes.index(e[0])))
    asked: list[tuple[Path, ...]] = []
    for target in dict.fromkeys(t for t, _ in pairs):
        members = [e for e in pairs if e[0] == target]
        present = tuple(e for e in members if e in paths.edges)
        asked += [(e,) for e in members]
        if len(present) > 1:
            asked.append(present)
    return tuple(_mediation_test(syntax, paths, own, fit, edges) for edges in asked[:most])


def _mediation_test(
    syntax: ModelSyntax,
    paths: Paths,
    own: Solution,
    fit: Callable[[ModelSyntax], Solution],
    direct: tuple[Path, ...],
) -> MediationTest:
    target, sources = direct[0][0], tuple(s for _, s in direct)
    present = direct[0] in paths.edges
    less = [e for e in paths.edges if e not in direct]
    edges = less if present else [*paths.edges, *direct]
    try:
        other = fit(rebuilt(syntax, edges))
        restricted, general = (other, own) if present else (own, other)
        found = difference_test(restricted, general)
    except AnalysisError as error:
        return MediationTest(target, sources, present, None, error.messages)
    return MediationTest(target, sources, present, found, found.findings)
