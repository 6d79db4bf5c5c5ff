"""A second-order factor against its rivals: one factor, correlated factors, a bifactor model.

Built from any model text that has a factor measured by factors. Only the part that belongs to it
is fitted: its dimensions, their items and the residual covariances of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Literal

from analysis.errors import Message, ModelError, message
from analysis.sem import DifferenceTest, Estimate, Solution, difference_test
from analysis.syntax import ModelSyntax, parse_model
from analysis.syntax.printing import print_name

RivalName = Literal["one", "correlated", "second_order", "bifactor"]
Refit = Callable[[ModelSyntax], Solution]
TESTS: dict[RivalName, RivalName] = {
    "one": "correlated",
    "second_order": "correlated",
}


@dataclass(frozen=True)
class Rival:
    """One structure of the same items.

    ``difference`` tests it against the less restricted ``against``; None where there is no such
    test or no conclusion. ``solution`` is None where the model could not be set up.
    """

    name: RivalName
    solution: Solution | None
    against: RivalName | None = None
    difference: DifferenceTest | None = None
    findings: tuple[Message, ...] = ()

    @property
    def admissible(self) -> bool:
        """Whether conclusions may be drawn."""
        return self.solution is not None and self.solution.outcome.admissible


@dataclass(frozen=True)
class SecondOrder:
    """A second-order ``factor`` over its ``dimensions`` and its rivals.

    ``target`` is the share of the fit of the correlated factors that the second-order factor
    keeps: chi-square of the correlated factors over that of the second-order model (Marsh &
    Hocevar 1985); NaN where one is missing. ``loadings`` are those of the dimensions, empty with
    several groups.
    """

    factor: str
    dimensions: tuple[str, ...]
    rivals: tuple[Rival, ...]
    target: float
    loadings: tuple[Estimate, ...]
    equivalent: bool
    findings: tuple[Message, ...] = ()

    def rival(self, name: RivalName) -> Rival:
        """One of the rivals."""
        return next(r for r in self.rivals if r.name == name)


def second_order_factors(syntax: ModelSyntax) -> dict[str, tuple[str, ...]]:
    """Factors that are measured by other factors only, with these."""
    latent = set(syntax.latent)
    found: dict[str, dict[str, None]] = {}
    for formula in syntax.formulas:
        if formula.op == "=~":
            for factor in formula.lhs:
                found.setdefault(factor, {}).update(dict.fromkeys(t.name for t in formula.terms))
    return {f: tuple(m) for f, m in found.items() if m and set(m) <= latent}


def second_order(syntax: ModelSyntax, factor: str, refit: Refit) -> SecondOrder:
    """Fit a second-order factor and its rivals.

    Parameters
    ----------
    syntax : a model text in which ``factor`` is measured by other factors.
    refit : fits a model text to the data.

    Raises
    ------
    KeyError
        Where the factor is no second-order factor of the model.
    """
    dimensions = second_order_factors(syntax)[factor]
    texts = _texts(syntax, factor, dimensions)
    fitted: dict[RivalName, Rival] = {name: _fit(name, text, refit) for name, text in texts.items()}
    for name, against in TESTS.items():
        fitted[name] = _tested(fitted[name], fitted[against])
    if "bifactor" in fitted:
        fitted["bifactor"] = _tested(fitted["second_order"], fitted["bifactor"], reverse=True)
    whole, part = fitted["correlated"].solution, fitted["second_order"].solution
    df = [s.inference.test.df for s in (whole, part) if s is not None]
    target, rows = nan, tuple[Estimate, ...]()
    if fitted["correlated"].admissible and fitted["second_order"].admissible:
        assert whole is not None and part is not None
        if part.inference.test.stat > 0:
            target = whole.inference.test.stat / part.inference.test.stat
    if part is not None and part.outcome.estimated and len(part.partable.groups) == 1:
        rows = tuple(part.estimate(factor, "=~", name) for name in dimensions)
    return SecondOrder(
        factor,
        dimensions,
        tuple(fitted.values()),
        target,
        rows,
        len(df) == 2 and df[0] == df[1],
        (message("second_order.few", count=len(dimensions)),) if len(dimensions) < 3 else (),
    )


def _texts(syntax: ModelSyntax, factor: str, dimensions: tuple[str, ...]) -> dict[RivalName, str]:
    items = {
        d: tuple(
            dict.fromkeys(
                term.name
                for f in syntax.formulas
                if f.op == "=~" and d in f.lhs
                for term in f.terms
            )
        )
        for d in dimensions
    }
    every = tuple(dict.fromkeys(item for members in items.values() for item in members))
    kept = [
        str(f)
        for f in syntax.formulas
        if f.op == "~~" and {*f.lhs, *(t.name for t in f.terms)} <= set(every)
    ]
    first = [f"{print_name(d)} =~ {_sum(members)}" for d, members in items.items()]
    top = print_name(factor)
    return {
        "one": "\n".join([f"{top} =~ {_sum(every)}", *kept]),
        "correlated": "\n".join([*first, *kept]),
        "second_order": "\n".join([*first, f"{top} =~ {_sum(dimensions)}", *kept]),
        "bifactor": "\n".join([*_bifactor(factor, items, every), *kept]),
    }


def _bifactor(factor: str, items: dict[str, tuple[str, ...]], every: tuple[str, ...]) -> list[str]:
    """A general factor and one for each dimension, all uncorrelated, of variance 1.

    A dimension of two items has equal loadings there, as two would not be identified.
    """
    lines = []
    for name, members in ((factor, every), *items.items()):
        left = print_name(name)
        equal = len(members) < 3
        label = "+ {0}.equal*{1}".format if equal else "".format
        terms = [f"NA*{print_name(i)} {label(left, print_name(i))}".rstrip() for i in members]
        lines += [f"{left} =~ {' + '.join(terms)}", f"{left} ~~ 1*{left}"]
    names = [factor, *items]
    for i, name in enumerate(names[:-1]):
        apart = " + ".join(f"0*{print_name(other)}" for other in names[i + 1 :])
        lines.append(f"{print_name(name)} ~~ {apart}")
    return lines


def _sum(names: tuple[str, ...]) -> str:
    return " + ".join(map(print_name, names))


def _fit(name: RivalName, text: str, refit: Refit) -> Rival:
    try:
        return Rival(name, refit(parse_model(text)))
    except ModelError as error:
        return Rival(name, None, findings=error.messages)


def _tested(restricted: Rival, general: Rival, *, reverse: bool = False) -> Rival:
    """The restricted rival with its test; with ``reverse`` the general one carries it."""
    carrier, other = (general, restricted) if reverse else (restricted, general)
    a, b = restricted.solution, general.solution
    if a is None or b is None or not (a.outcome.admissible and b.outcome.admissible):
        return carrier
    if a.inference.test.df <= b.inference.test.df:
        return carrier
    try:
        test = difference_test(a, b)
    except ModelError as error:
        return Rival(carrier.name, carrier.solution, other.name, findings=error.messages)
    return Rival(carrier.name, carrier.solution, other.name, test, test.findings)
