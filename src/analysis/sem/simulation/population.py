"""The population that samples are drawn from: means, covariances, and cuts of ordered items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, message
from analysis.sem.implied import implied
from analysis.sem.model import GroupModel, compile_model
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.solution import Solution
from analysis.syntax import (
    Formula,
    ModelSyntax,
    Parameter,
    ParTable,
    PartableOptions,
    Statement,
    parse_model,
    partable,
)

Array = NDArray[np.float64]
Cuts = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class PopulationGroup:
    """Means (p,) and covariances (p, p) of one group; ``cuts`` (ascending) of ordered items."""

    label: str
    mean: Array
    cov: Array
    cuts: Cuts = field(default_factory=dict)


@dataclass(frozen=True)
class Population:
    """Moments of one or several groups over the same variables, in the order of ``names``."""

    names: tuple[str, ...]
    groups: tuple[PopulationGroup, ...]

    def __post_init__(self) -> None:
        for g in self.groups:
            if not (np.isfinite(g.cov).all() and np.linalg.eigvalsh(g.cov)[0] > 0.0):
                raise ModelError(message("simulation.not_positive", group=g.label))

    @classmethod
    def of_text(
        cls,
        model: str | ModelSyntax,
        *,
        groups: Sequence[str] = ("",),
        standardized: bool = False,
    ) -> Population:
        """The population of model text with values, such as ``f =~ .8*x1 + .7*x2``.

        What the text leaves open is as in lavaan's ``simulateData``: variances and residual
        variances 1 and loadings 1 (.7 if ``standardized``), covariances and means 0. Values may
        differ by group (``c(.3, .5)*x``). With ``standardized``, and for ordered items (those
        with thresholds, ``x1 | -1*t1 + 0*t2``) always, residual variances that the text does not
        give make the variable's variance 1.

        Raises
        ------
        ModelError
            Naming regressions without a value, and variables whose variance is more than 1
            already without a residual.
        """
        syntax = parse_model(model) if isinstance(model, str) else model
        options = PartableOptions(std_lv=True, fixed_x=False, groups=tuple(groups))
        structure = replace(
            syntax, statements=tuple(s for s in syntax.statements if not _cuts_item(s))
        )
        whole = partable(syntax, options=options)
        cuts = tuple(_cuts(whole, g + 1) for g in range(len(options.groups)))
        table = partable(structure, options=options)
        _check_given(table)
        names = tuple(table.observed)
        blank = GroupMoments("", 2, np.eye(len(names)), np.zeros(len(names)))
        compiled = compile_model(table, Moments(names, (blank,) * len(options.groups)))
        theta = _values(table, 0.7 if standardized else 1.0)
        found = []
        for g, model_of_group in enumerate(compiled.groups):
            ordered = set(cuts[g])
            scaled = set(model_of_group.variables) if standardized else ordered
            at = _unit(model_of_group, theta, table, g + 1, scaled)
            found.append(PopulationGroup(options.groups[g], at.mean, at.cov, cuts[g]))
        return cls(names, tuple(found))

    @classmethod
    def of_solution(cls, solution: Solution) -> Population:
        """What a solution implies; means are the sample's where the model has none."""
        found = []
        fit = solution.fit
        for g, at, sample in zip(
            fit.model.groups, solution.implied, fit.moments.groups, strict=True
        ):
            own = sample.mean if sample.mean is not None else np.zeros(g.p)
            mean = at.mu if fit.model.meanstructure else own
            cuts: dict[str, tuple[float, ...]] = {}
            if g.ordinal is not None:
                tau = g.ordinal.thresholds(fit.theta)
                for i in g.ordinal.items:
                    cuts[g.observed[i]] = tuple(tau[g.ordinal.variable == i].tolist())
            found.append(PopulationGroup(sample.label, mean, at.Sigma, cuts))
        return cls(solution.names, tuple(found))

    @classmethod
    def of_moments(cls, moments: Moments) -> Population:
        """A sample's own moments, as if they were the population's."""
        p = len(moments.names)
        return cls(
            moments.names,
            tuple(
                PopulationGroup(g.label, np.zeros(p) if g.mean is None else g.mean, g.cov)
                for g in moments.groups
            ),
        )

    def moments(self, n: int | Sequence[int]) -> Moments:
        """Moments of samples of ``n`` a group whose moments are exactly the population's."""
        sizes = self.sizes(n)
        return Moments(
            self.names,
            tuple(
                GroupMoments(g.label, k, g.cov, g.mean)
                for g, k in zip(self.groups, sizes, strict=True)
            ),
        )

    def sizes(self, n: int | Sequence[int]) -> tuple[int, ...]:
        """Respondents of each group; one number is for each of them."""
        sizes = (n,) * len(self.groups) if isinstance(n, int) else tuple(n)
        p = len(self.names)
        if len(sizes) != len(self.groups) or min(sizes) <= p:
            wanted = ", ".join(map(str, sizes))
            fields = {"sizes": wanted, "groups": len(self.groups), "p": p}
            raise ModelError(message("simulation.sizes", **fields))
        return sizes

    def select(self, names: Sequence[str]) -> Population:
        """The same population over ``names``, in that order."""
        missing = [name for name in names if name not in self.names]
        if missing:
            known = ", ".join(self.names)
            raise ModelError(message("sem.unknown_variable", name=", ".join(missing), known=known))
        at = [self.names.index(name) for name in names]
        groups = (
            PopulationGroup(
                g.label,
                g.mean[at],
                g.cov[np.ix_(at, at)],
                {name: g.cuts[name] for name in names if name in g.cuts},
            )
            for g in self.groups
        )
        return Population(tuple(names), tuple(groups))


def _cuts_item(statement: Statement) -> bool:
    return isinstance(statement, Formula) and statement.op == "|"


def _check_given(table: ParTable) -> None:
    """A path without a value would silently be none at all."""
    bare = [r for r in table.rows if r.op == "~" and r.ustart is None]
    if bare:
        paths = ", ".join(dict.fromkeys(f"{r.lhs} ~ {r.rhs}" for r in bare))
        raise ModelError(message("simulation.no_value", paths=paths))


def _values(table: ParTable, loading: float) -> Array:
    """Values (q,) of the parameters that the text leaves free, in the order of theta."""
    theta = np.zeros(table.n_free)
    for row in table.rows:
        if row.free == 0:
            continue
        if row.ustart is not None:
            theta[row.free - 1] = row.ustart
        elif row.op == "=~":
            theta[row.free - 1] = loading
        elif row.op == "~~" and row.lhs == row.rhs:
            theta[row.free - 1] = 1.0
    return theta


def _unit(
    model: GroupModel, theta: Array, table: ParTable, group: int, scaled: set[str]
) -> PopulationGroup:
    """Implied moments, with residual variances that give the ``scaled`` variables variance 1.

    Variances are linear in residual variances, so that all of these are solved for at once.
    """
    at = implied(model, theta)
    own = [r for r in table.rows if r.group == group and r.op == "~~" and r.lhs == r.rhs]
    chosen = [r for r in own if r.lhs in scaled and not _given(r)]
    if not chosen:
        return PopulationGroup("", at.mu, at.Sigma)
    ix = np.array([model.variables.index(r.lhs) for r in chosen])
    S = model.matrices(theta)[1]
    S[ix, ix] = 0.0
    T: Array = at.T
    rest = np.diag(T @ S @ T.T)[ix]
    S[ix, ix] = np.linalg.solve(T[np.ix_(ix, ix)] ** 2, 1.0 - rest)
    beyond = [r.lhs for r, s in zip(chosen, S[ix, ix], strict=True) if s <= 0.0]
    if beyond:
        raise ModelError(message("simulation.explained", names=", ".join(beyond)))
    p = model.p
    return PopulationGroup("", at.mu, (T @ S @ T.T)[:p, :p])


def _given(row: Parameter) -> bool:
    return row.user == 1 and row.ustart is not None


def _cuts(table: ParTable, group: int) -> dict[str, tuple[float, ...]]:
    rows = [r for r in table.rows if r.op == "|" and r.group == group]
    if bare := [f"{r.lhs} | {r.rhs}" for r in rows if r.ustart is None]:
        raise ModelError(message("simulation.no_value", paths=", ".join(bare)))
    found: dict[str, list[float]] = {}
    for row in rows:
        assert row.ustart is not None
        found.setdefault(row.lhs, []).append(row.ustart)
    return {name: tuple(sorted(values)) for name, values in found.items()}
