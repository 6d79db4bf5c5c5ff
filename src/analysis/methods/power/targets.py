"""What power is asked of: the paths and defined effects of a model in its population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, nan

from scipy.special import ndtri

from analysis.errors import ModelError, message
from analysis.methods.power.rmsea import chi_square_power, inverse_square_root
from analysis.sem import Moments, Solution, sem
from analysis.syntax import Definition, Formula, ModelSyntax, Modifier, Statement, Term

NULL = 1e-6


@dataclass(frozen=True)
class Target:
    """A path or a defined effect.

    ``value`` and ``std`` are its raw and standardized values in the population; ``se`` is the
    standard error that normal complete data give at a sample of ``n``, by the delta method for
    effects; ``name`` is how a user names it.
    """

    name: str
    lhs: str
    op: str
    rhs: str
    group: int
    label: str
    value: float
    std: float
    se: float
    n: int

    @property
    def defined(self) -> bool:
        """Whether it is a defined effect."""
        return self.op == ":="

    @property
    def null(self) -> bool:
        """Whether there is no effect in the population."""
        return abs(self.std) < NULL

    def needed(self, power: float, alpha: float) -> float:
        """The sample that the standard error alone asks for; infinite for no effect."""
        if self.null:
            return inf
        ratio = two_sided(power, alpha) * self.se / self.value
        return self.n * ratio**2


def two_sided(power: float, alpha: float) -> float:
    """z of a two-sided test plus z of its power."""
    return float(ndtri(1.0 - alpha / 2.0) + ndtri(power))


def targets_of(base: Solution) -> tuple[Target, ...]:
    """Free paths and defined effects of a model fitted to its population's moments."""
    found = []
    several = len(base.partable.groups) > 1
    for e in base.estimates:
        if not (e.op == ":=" or (e.op == "~" and e.free)):
            continue
        name = e.lhs if e.op == ":=" else f"{e.lhs} ~ {e.rhs}"
        if several and e.group:
            name = f"{name} [{base.partable.groups[e.group - 1]}]"
        found.append(
            Target(name, e.lhs, e.op, e.rhs, e.group, e.label, e.est, e.std_all, e.se, base.n)
        )
    return tuple(found)


def chosen(targets: Sequence[Target], names: Sequence[str]) -> tuple[Target, ...]:
    """The targets that were named, by label, effect name or ``loyalty ~ satisfaction``; all of
    them without names.

    Raises
    ------
    ModelError
        For names that the model does not have; lists the good ones.
    """
    if not names:
        return tuple(targets)
    known: dict[str, list[Target]] = {}
    for t in targets:
        for key in {t.name, t.label, f"{t.lhs}~{t.rhs}"} - {""}:
            known.setdefault("".join(key.split()), []).append(t)
    unknown = [name for name in names if "".join(name.split()) not in known]
    if unknown:
        good = ", ".join(t.name for t in targets)
        raise ModelError(message("power.unknown_effect", names=", ".join(unknown), good=good))
    wanted = [t for name in names for t in known["".join(name.split())]]
    return tuple(t for t in targets if t in wanted)


@dataclass(frozen=True)
class PathTest:
    """Satorra and Saris' (1985) power of the test that one path is zero.

    ``power`` at the sample of the target; ``needed`` is the smallest sample for the wanted power,
    ``rule`` that of the inverse square root rule; None for no effect.
    """

    target: Target
    ncp: float
    power: float
    needed: int | None
    rule: int | None


def path_tests(
    syntax: ModelSyntax,
    population: Moments,
    targets: Sequence[Target],
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> tuple[PathTest, ...]:
    """The difference test of every path of one group against zero, at the population itself.

    The model without the path is fitted to the population's moments; n times its discrepancy is
    the noncentrality of the test.
    """
    wanted = noncentrality(power, alpha)
    found = []
    for target in targets:
        if target.defined or len(population.groups) > 1:
            continue
        reduced = sem(without_path(syntax, target.lhs, target.rhs), population)
        usable = reduced.outcome.estimated
        ncp = population.n * max(reduced.fit.value, 0.0) if usable else nan
        needed = None
        if usable and not target.null and ncp > 0.0:
            needed = ceil(wanted / (ncp / population.n))
        value = chi_square_power(ncp, alpha=alpha) if usable else nan
        std = 0.0 if target.null else target.std
        rule = inverse_square_root(std, power=power, alpha=alpha)
        found.append(PathTest(target, ncp, value, needed, rule))
    return tuple(found)


def noncentrality(power: float, alpha: float) -> float:
    """Noncentrality at which a chi-square test of one parameter has this power."""
    low, high = 0.0, 200.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        less = chi_square_power(middle, alpha=alpha) < power
        low, high = (middle, high) if less else (low, middle)
    return high


def without_path(syntax: ModelSyntax, lhs: str, rhs: str) -> ModelSyntax:
    """The model with one path fixed at zero; effects, which may use it, are left out."""
    zero = (Modifier("fixed", (0.0,)),)

    def term(formula: Formula, found: Term) -> Term:
        hit = formula.op == "~" and lhs in formula.lhs and found.name == rhs
        return replace(found, modifiers=zero) if hit else found

    kept: list[Statement] = []
    for statement in syntax.statements:
        if isinstance(statement, Definition):
            continue
        if isinstance(statement, Formula):
            terms = tuple(term(statement, t) for t in statement.terms)
            statement = replace(statement, terms=terms)
        kept.append(statement)
    return ModelSyntax(tuple(kept), source=syntax.source, text=syntax.text)
