"""The steps of the ladder, and the model text of each step where items are ordered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, get_args

from analysis.errors import ModelError, message
from analysis.sem.estimate import Parameterization
from analysis.syntax import Formula, ModelSyntax

StepName = Literal[
    "configural", "thresholds", "metric", "scalar", "strict", "variances", "covariances", "means"
]
STEPS: tuple[StepName, ...] = get_args(StepName)
ADDS: Mapping[StepName, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("loadings",),
    "scalar": ("intercepts",),
    "strict": ("residuals", "residual.covariances"),
    "variances": ("lv.variances",),
    "covariances": ("lv.covariances",),
    "means": ("means",),
}


def ordered_steps(names: Sequence[str], *, ordinal: bool) -> tuple[StepName, ...]:
    """The wanted steps in their order; ``thresholds`` only where items are ordered.

    Raises
    ------
    ModelError
        For an unknown step.
    """
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        fields = {"option": "steps", "value": ", ".join(unknown), "good": ", ".join(STEPS)}
        raise ModelError(message("sem.unknown_option", **fields))
    wanted = {*names, "configural"}
    return tuple(s for s in STEPS if s in wanted and (ordinal or s != "thresholds"))


def equal_sets(steps: Sequence[StepName], *, ordinal: bool = False) -> tuple[str, ...]:
    """What is equal after the given steps, in lavaan's words; with what those rest on."""
    rests_on: Mapping[StepName, tuple[StepName, ...]] = {
        "metric": ("thresholds",) if ordinal else (),
        "scalar": ("thresholds", "metric") if ordinal else ("metric",),
        "strict": ("metric", "scalar"),
        "variances": ("metric",),
        "covariances": ("metric", "variances"),
        "means": ("metric", "scalar"),
    }
    taken = {s for step in steps for s in (step, *rests_on.get(step, ()))}
    if ordinal and "metric" in taken:
        taken.add("thresholds")
    return tuple(name for step in STEPS if step in taken for name in ADDS[step])


def measurement_formulas(syntax: ModelSyntax) -> tuple[Formula, ...]:
    """Loadings and residual covariances of items, without paths, effects and labels."""
    kept = []
    for formula in syntax.formulas:
        items = formula.op == "~~" and not set(formula.lhs) & set(syntax.latent)
        if formula.op == "=~" or items:
            kept.append(formula)
    return tuple(kept)


def measurement_text(syntax: ModelSyntax) -> str:
    """The measurement part as model text; every latent variable correlates with every other."""
    lines = []
    for formula in measurement_formulas(syntax):
        right = " + ".join(dict.fromkeys(term.name for term in formula.terms))
        lines += [f"{left} {formula.op} {right}" for left in formula.lhs]
    return "\n".join(lines)


def blocks(syntax: ModelSyntax) -> dict[str, tuple[str, ...]]:
    """Items of every factor."""
    found: dict[str, dict[str, None]] = {}
    for formula in measurement_formulas(syntax):
        if formula.op == "=~":
            for factor in formula.lhs:
                members = found.setdefault(factor, {})
                members.update(dict.fromkeys(term.name for term in formula.terms))
    return {factor: tuple(items) for factor, items in found.items()}


def ordinal_text(
    syntax: ModelSyntax,
    *,
    thresholds: Mapping[str, int],
    n_groups: int,
    equal: Collection[str],
    released: Collection[str],
    parameterization: Parameterization,
) -> str:
    """A step of the ladder for ordered items, identified as by Wu & Estabrook (2016).

    The first group has standardized factors and responses. Once an item's thresholds are equal
    (three categories or more), its intercept and residual scale become free in other groups; a
    two-category item has a free scale where its threshold and loading are equal. Equal intercepts
    and residuals are constraints on these free parameters, so that score tests reach them.

    Parameters
    ----------
    thresholds : number of thresholds of each ordered item.
    equal : lavaan's names of the sets held equal.
    released : exceptions as ``element`` writes them, such as ``x3~1`` or ``f=~x2``.
    """
    writer = _Writer(n_groups, frozenset(equal), frozenset(released), thresholds, parameterization)
    factors = blocks(syntax)
    items = tuple(dict.fromkeys(item for members in factors.values() for item in members))
    lines = [
        *(writer.free(f"{f}=~{i}", f"{f} =~", i, "loadings") for f in factors for i in factors[f]),
        *(line for item in items for line in writer.item(item)),
        *(line for factor in factors for line in writer.factor(factor)),
        *writer.covariances(tuple(factors)),
        *(
            writer.free(f"{left}~~{term.name}", f"{left} ~~", term.name, "residual.covariances")
            for formula in measurement_formulas(syntax)
            if formula.op == "~~"
            for left in formula.lhs
            for term in formula.terms
        ),
    ]
    return "\n".join(lines) + "\n"


class _Writer:
    """Lines of model text with a value or label for each group."""

    def __init__(
        self,
        n_groups: int,
        equal: frozenset[str],
        released: frozenset[str],
        thresholds: Mapping[str, int],
        parameterization: Parameterization,
    ) -> None:
        self.n = n_groups
        self.equal = equal
        self.released = released
        self.thresholds = thresholds
        self.scale = "~*~" if parameterization == "delta" else "~~"

    def free(self, key: str, left: str, right: str, kind: str) -> str:
        """A parameter free in all groups, equal if its kind is and it is not released."""
        label = "".join(c if c.isalnum() or c in "_." else "." for c in f"eq.{key}")
        shared = kind in self.equal and key not in self.released
        labels = f" + {self._values([label] * self.n)}*{right}" if shared else ""
        return f"{left} {self._values(['NA'] * self.n)}*{right}{labels}"

    def fixed(self, left: str, right: str, first: str, others: str) -> str:
        """A parameter with one value in the first group and another in the others."""
        return f"{left} {self._values([first] + [others] * (self.n - 1))}*{right}"

    def _values(self, values: Sequence[str]) -> str:
        return f"c({', '.join(values)})"

    def item(self, item: str) -> Iterator[str]:
        """Thresholds, intercept and scale of an item."""
        count = self.thresholds.get(item, 0)
        if not count:
            yield self.free(f"{item}~1", f"{item} ~", "1", "intercepts")
            yield self.free(f"{item}~~{item}", f"{item} ~~", item, "residuals")
            return
        for t in range(1, count + 1):
            yield self.free(f"{item}|t{t}", f"{item} |", f"t{t}", "thresholds")
        located = "thresholds" in self.equal and count > 1
        scaled = located or {"thresholds", "loadings"} <= self.equal
        yield from self._held(item, f"{item} ~", "1", "0", "intercepts", located)
        yield from self._held(item, f"{item} {self.scale}", item, "1", "residuals", scaled)

    def _held(
        self, item: str, left: str, right: str, value: str, kind: str, free: bool
    ) -> Iterator[str]:
        """Fixed in the first group; free in others, and equal to the first by constraints."""
        line = self.fixed(left, right, value, "NA" if free else value)
        key = f"{item}~1" if kind == "intercepts" else f"{item}~~{item}"
        if not free or kind not in self.equal or key in self.released:
            yield line
            return
        names = [f"held.{kind}.{item}.g{g}" for g in range(1, self.n + 1)]
        yield f"{line} + {self._values(names)}*{right}"
        yield from (f"{name} == {value}" for name in names[1:])

    def factor(self, factor: str) -> Iterator[str]:
        """Mean and variance of a factor."""
        moved = "intercepts" in self.equal and "means" not in self.equal
        yield self.fixed(f"{factor} ~", "1", "0", "NA" if moved else "0")
        scaled = "loadings" in self.equal and "lv.variances" not in self.equal
        yield self.fixed(f"{factor} ~~", factor, "1", "NA" if scaled else "1")

    def covariances(self, factors: Sequence[str]) -> Iterator[str]:
        """Covariances of all factors."""
        for i, first in enumerate(factors):
            for second in factors[i + 1 :]:
                yield self.free(f"{first}~~{second}", f"{first} ~~", second, "lv.covariances")
