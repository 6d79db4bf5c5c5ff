"""Model texts of the method-factor analyses, made from any model's own text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from analysis.syntax import ModelSyntax, parse_model
from analysis.syntax.printing import print_name


def blocks(syntax: ModelSyntax) -> dict[str, tuple[str, ...]]:
    """Indicators of every factor, in the order of the text."""
    found: dict[str, dict[str, None]] = {}
    for formula in syntax.formulas:
        if formula.op == "=~":
            for factor in formula.lhs:
                names = (term.name for term in formula.terms)
                found.setdefault(factor, {}).update(dict.fromkeys(names))
    return {factor: tuple(members) for factor, members in found.items()}


def item_blocks(syntax: ModelSyntax) -> dict[str, tuple[str, ...]]:
    """Items of every factor that has items; second-order factors have none."""
    latent = set(syntax.latent)
    found = {
        factor: tuple(name for name in members if name not in latent)
        for factor, members in blocks(syntax).items()
    }
    return {factor: items for factor, items in found.items() if items}


def all_items(syntax: ModelSyntax) -> tuple[str, ...]:
    """Items of all factors, each once."""
    return tuple(dict.fromkeys(item for items in item_blocks(syntax).values() for item in items))


def unused(name: str, syntax: ModelSyntax) -> str:
    """``name``, lengthened until the model has no variable of that name."""
    while name in syntax.variables:
        name += "_"
    return name


def with_method(syntax: ModelSyntax, name: str) -> ModelSyntax:
    """The model with a factor on all items, equally strong, that correlates with nothing.

    Its loadings are 1 and its variance is free, so that the model without it (variance zero) is
    not at the edge of what can be estimated.
    """
    method = print_name(name)
    right = " + ".join(f"1*{print_name(item)}" for item in all_items(syntax))
    apart = " + ".join(f"0*{print_name(factor)}" for factor in syntax.latent)
    return added(syntax, [f"{method} =~ {right}", f"{method} ~~ {apart}"])


def single_factor(syntax: ModelSyntax) -> ModelSyntax:
    """One factor behind all items; residual covariances of items stay."""
    latent = set(syntax.latent)
    name = unused("common", syntax)
    right = " + ".join(map(print_name, all_items(syntax)))
    kept = [str(f) for f in syntax.formulas if f.op == "~~" and not latent & set(f.lhs)]
    return parse_model("\n".join([f"{print_name(name)} =~ {right}", *kept]))


def added(syntax: ModelSyntax, lines: Iterable[str]) -> ModelSyntax:
    """The model with further lines."""
    extra = parse_model("\n".join(lines), source=syntax.source)
    statements = (*syntax.statements, *extra.statements)
    return replace(syntax, statements=statements, text="".join(f"{s}\n" for s in statements))


def unit_factor(factor: str, items: Sequence[str]) -> list[str]:
    """A factor of variance 1 with free loadings."""
    name = print_name(factor)
    right = " + ".join(f"NA*{print_name(item)}" for item in items)
    return [f"{name} =~ {right}", f"{name} ~~ 1*{name}"]


def fixed(values: Mapping[tuple[str, str, str], float]) -> list[str]:
    """Parameters ``(lhs, op, rhs)`` held at values."""
    assert all(isfinite(v) for v in values.values())
    return [
        f"{print_name(lhs)} {op} {value!r}*{print_name(rhs)}"
        for (lhs, op, rhs), value in values.items()
    ]
