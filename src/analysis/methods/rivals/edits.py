"""Model texts with other paths: what rivals of a model are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.syntax import (
    Definition,
    Formula,
    ModelSyntax,
    Modifier,
    PartableOptions,
    Statement,
    Term,
    partable,
)

Path = tuple[str, str]  # target, source
FIXED_AT_ZERO = Modifier("fixed", (0.0,))


@dataclass(frozen=True)
class Paths:
    """The regressions of a model as a graph over ``nodes``, in the order of the text."""

    nodes: tuple[str, ...]
    edges: tuple[Path, ...]

    @classmethod
    def of(cls, syntax: ModelSyntax) -> Paths:
        """Paths that are not fixed at 0."""
        edges = dict.fromkeys(
            (lhs, term.name)
            for f in syntax.formulas
            if f.op == "~"
            for lhs in f.lhs
            for term in f.terms
            if term.name and FIXED_AT_ZERO not in term.modifiers
        )
        nodes = dict.fromkeys(name for target, source in edges for name in (source, target))
        return cls(tuple(nodes), tuple(edges))

    def sources(self, target: str) -> tuple[str, ...]:
        """What points at ``target``."""
        return tuple(s for t, s in self.edges if t == target)

    def targets(self, source: str) -> tuple[str, ...]:
        """What ``source`` points at."""
        return tuple(t for t, s in self.edges if s == source)

    @property
    def exogenous(self) -> tuple[str, ...]:
        """Nodes that nothing points at."""
        return tuple(n for n in self.nodes if not self.sources(n))

    @property
    def final(self) -> tuple[str, ...]:
        """Nodes that point at nothing."""
        return tuple(n for n in self.nodes if not self.targets(n))

    def ancestors(self, node: str) -> frozenset[str]:
        """Every node from which some route leads to ``node``."""
        found: set[str] = set()
        left = list(self.sources(node))
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.sources(name)
        return frozenset(found)

    @property
    def recursive(self) -> bool:
        """Whether no node depends on itself."""
        return not any(n in self.ancestors(n) for n in self.nodes)

    def mediated(self) -> tuple[Path, ...]:
        """(target, source) pairs that a route of two steps or more connects."""
        return tuple(
            (t, s)
            for t in self.nodes
            for s in self.nodes
            if s != t
            and any(m != s and (s in self.sources(m) or s in self.ancestors(m))
                    for m in self.sources(t))
        )  # fmt: skip


def rebuilt(
    syntax: ModelSyntax,
    edges: Iterable[Path],
    *,
    covariances: Sequence[tuple[str, str]] = (),
    uncorrelated: Sequence[tuple[str, str]] = (),
) -> ModelSyntax:
    """The model with ``edges`` in place of its paths; kept paths keep what is said of them.

    Constructs (their residuals, where something points at them) covary as in the model, whatever
    would be freed automatically with the new paths, except that ``covariances`` are set free and
    ``uncorrelated`` fixed at 0. Defined effects go, and with them nothing that is estimated.
    """
    nodes = frozenset(Paths.of(syntax).nodes)
    terms = {
        (lhs, term.name): term
        for f in syntax.formulas
        if f.op == "~"
        for lhs in f.lhs
        for term in f.terms
        if term.name
    }
    kept: list[Statement] = [p for s in syntax.statements for p in _without_paths(s, nodes)]
    by_target: dict[str, list[Term]] = {}
    for target, source in edges:
        by_target.setdefault(target, []).append(terms.get((target, source), Term(source)))
    kept += [Formula((target,), "~", tuple(found)) for target, found in by_target.items()]
    wanted = _covariances(syntax, nodes)
    wanted |= {_pair(a, b): True for a, b in covariances}
    wanted |= {_pair(a, b): False for a, b in uncorrelated}
    automatic = _covariances(ModelSyntax(tuple(kept)), nodes)
    for pair in dict.fromkeys((*wanted, *automatic)):
        free = wanted.get(pair, False)
        if free != automatic.get(pair, False):
            first, second = sorted(pair)
            term = Term(second, () if free else (FIXED_AT_ZERO,))
            kept.append(Formula((first,), "~~", (term,)))
    return replace(syntax, statements=tuple(kept), text="".join(f"{s}\n" for s in kept))


def _without_paths(statement: Statement, nodes: frozenset[str]) -> Iterator[Statement]:
    """A statement less its paths, covariances between nodes and definitions."""
    if isinstance(statement, Definition):
        return
    if not isinstance(statement, Formula) or statement.op not in ("~", "~~"):
        yield statement
        return
    if statement.op == "~":
        own = tuple(t for t in statement.terms if not t.name)
        if own:
            yield replace(statement, terms=own)
        return
    for lhs in statement.lhs:
        others = nodes - {lhs} if lhs in nodes else frozenset()
        own = tuple(t for t in statement.terms if t.name not in others)
        if own:
            yield replace(statement, lhs=(lhs,), terms=own)


def _covariances(syntax: ModelSyntax, nodes: frozenset[str]) -> dict[frozenset[str], bool]:
    """Pairs of nodes whose (residual) covariance the model estimates."""
    rows = partable(syntax, options=PartableOptions(fixed_x=False)).rows
    return {
        _pair(r.lhs, r.rhs): True
        for r in rows
        if r.op == "~~" and r.lhs != r.rhs and r.lhs in nodes and r.rhs in nodes and r.free > 0
    }


def _pair(a: str, b: str) -> frozenset[str]:
    return frozenset((a, b))
