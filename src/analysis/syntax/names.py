"""Roles of variables, in lavaan's order (``lavNames``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Element(Protocol):
    """What the roles are read from: a row of a flat model or of a parameter table."""

    @property
    def lhs(self) -> str:
        """Left-hand side."""

    @property
    def op(self) -> str:
        """Operator."""

    @property
    def rhs(self) -> str:
        """Right-hand side."""

    @property
    def user(self) -> int:
        """1 if the model text holds it."""

    @property
    def exo(self) -> int | bool:
        """True if it belongs to a fixed exogenous variable."""


@dataclass(frozen=True, slots=True)
class VariableNames:
    """Variables by role; all tuples are in lavaan's order.

    Attributes
    ----------
    latent : lavaan's ``lv``
    latent_x : ``lv.x``, factors that neither depend on nor indicate anything
    latent_y : ``lv.y``, factors that only depend
    observed : ``ov``
    observed_x : ``ov.x``, exogenous observed variables (fixed.x candidates)
    observed_nox : ``ov.nox``, all others
    observed_y : ``ov.y``, observed variables that only depend
    indicators : ``ov.ind``
    dependent : ``eqs.y``, left-hand sides of regressions
    predictors : ``eqs.x``, right-hand sides of regressions
    with_thresholds : ``ov.ord``, observed variables that have threshold rows
    """

    latent: tuple[str, ...]
    latent_x: tuple[str, ...]
    latent_y: tuple[str, ...]
    observed: tuple[str, ...]
    observed_x: tuple[str, ...]
    observed_nox: tuple[str, ...]
    observed_y: tuple[str, ...]
    indicators: tuple[str, ...]
    dependent: tuple[str, ...]
    predictors: tuple[str, ...]
    with_thresholds: tuple[str, ...]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _without(names: Iterable[str], *others: Iterable[str]) -> tuple[str, ...]:
    excluded = {name for other in others for name in other}
    return tuple(name for name in names if name not in excluded)


def variable_names(rows: Sequence[Element]) -> VariableNames:
    """Sort the variables of one group's rows into roles."""
    latent = _unique(r.lhs for r in rows if r.op == "=~")
    dependent = _unique(r.lhs for r in rows if r.op == "~")
    predictors = _unique(r.rhs for r in rows if r.op == "~")
    measured = _unique(r.rhs for r in rows if r.op == "=~")
    indicators = _without(measured, latent)
    ov_y = _without(dependent, latent, indicators)
    ov_x = _without(predictors, latent, indicators, ov_y)
    moved = [n for n in ov_x if ":" in n and any(p in dependent for p in n.split(":"))]
    ov_y, ov_x = _unique((*ov_y, *moved)), _without(ov_x, moved)
    main = (*indicators, *ov_y, *ov_x)
    observed = (*main, *_without(_mentioned(rows), main, latent))
    exogenous = _exogenous(rows, ov_x)
    thresholds = {r.lhs for r in rows if r.op == "|"}
    only_y = set(_without(dependent, measured, predictors))
    return VariableNames(
        latent=latent,
        latent_x=_without(latent, measured, dependent),
        latent_y=tuple(n for n in latent if n in only_y),
        observed=observed,
        observed_x=exogenous,
        observed_nox=_without(observed, exogenous),
        observed_y=tuple(n for n in observed if n in only_y and n not in latent),
        indicators=indicators,
        dependent=dependent,
        predictors=predictors,
        with_thresholds=tuple(n for n in observed if n in thresholds),
    )


def _mentioned(rows: Sequence[Element]) -> tuple[str, ...]:
    """Names in variances, covariances, intercepts and thresholds, in lavaan's order."""
    left = [r.lhs for r in rows if r.op == "~~"]
    right = [r.rhs for r in rows if r.op == "~~"]
    single = [r.lhs for r in rows if r.op in ("~1", "|")]
    return _unique((*left, *right, *single))


def _exogenous(rows: Sequence[Element], candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Candidates without own variance, covariance or intercept in the model text."""
    given = [r for r in rows if r.user == 1]
    random = {r.lhs for r in given if r.op in ("~1", "~~")}
    random |= {r.rhs for r in given if r.op == "~~"}
    exogenous = _without(candidates, random)
    fixed = [r for r in rows if r.exo]
    left = [r.lhs for r in fixed if r.op == "~~"]
    right = [r.rhs for r in fixed if r.op == "~~"]
    single = [r.lhs for r in fixed if r.op == "~1"]
    return _unique((*exogenous, *left, *right, *single))
