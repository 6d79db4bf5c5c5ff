"""The unconstrained model of a latent interaction, with robust standard errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Message, message
from analysis.methods.moderation.products import (
    Interaction,
    Pairs,
    matched_pairs,
    product_name,
    products,
    sharing,
)
from analysis.sem import Moments, Solution, sem
from analysis.sem.estimators import Estimator
from analysis.syntax import Formula, ModelSyntax, parse_model
from analysis.syntax.printing import print_name

Array = NDArray[np.float64]
LEAST_ITEMS = 2


@dataclass(frozen=True)
class Moderation:
    """Fitted interactions of one outcome.

    ``solution`` is the model with the products, ``linear`` the same model without them; both
    None where ``findings`` say why not. ``pairs`` are the multiplied items of each product.
    """

    interactions: tuple[Interaction, ...]
    pairs: Mapping[str, Pairs]
    linear: Solution | None
    solution: Solution | None
    findings: tuple[Message, ...] = ()

    @property
    def r2_change(self) -> float:
        """What the products add to the outcome's R2; NaN without a solution."""
        if self.solution is None or self.linear is None or not self.interactions:
            return float("nan")
        outcome = self.interactions[0].outcome
        return self.solution.r2.get(outcome, np.nan) - self.linear.r2.get(outcome, np.nan)


def latent_interactions(
    model: str | ModelSyntax,
    rows: Array,
    names: Sequence[str],
    interactions: Sequence[Interaction],
    *,
    factors: Mapping[str, Sequence[str]] | None = None,
    pairs: Mapping[str, Pairs] | None = None,
    estimator: Estimator = "MLR",
    weights: Array | None = None,
    cluster: Sequence[object] | None = None,
) -> Moderation:
    """Add products of latent variables to a model and fit it.

    The unconstrained approach of Marsh, Wen & Hau (2004) with double-mean-centred products of
    matched items (Lin, Wen, Marsh & Lin 2010). Products, and moderators that the model does not
    have, covary freely with all exogenous variables and with the disturbances upstream of the
    outcome. Products of normal items are not normal, hence the robust estimator. Of a quadratic
    effect, the unique parts of an item and of its square covary, as those of skewed items do.

    Parameters
    ----------
    model : the linear model; its outcome need not depend on the moderator.
    rows : (n, p) answers over ``names``; respondents with a missing one are left out.
    interactions : with one and the same outcome.
    factors : items of moderators that the model does not measure.
    pairs : items to multiply by product factor; chosen by the loadings where not given.
    weights, cluster : (n,) sampling weights and clusters of ``rows``.
    """
    syntax = parse_model(model) if isinstance(model, str) else model
    syntax = _without_definitions(syntax)
    asked = tuple(interactions)
    added = {k: tuple(v) for k, v in (factors or {}).items() if k not in syntax.latent}
    items = {**_measured(syntax), **added}
    problems = _problems(syntax, asked, items)
    if problems:
        return Moderation(asked, {}, None, None, tuple(problems))
    linear_text = "\n".join([str(syntax), *_linear_lines(syntax, asked, added)])
    used = [v for v in parse_model(linear_text).variables if v in names]
    data = rows[:, [list(names).index(name) for name in used]]
    keep = np.asarray(~np.isnan(data).any(axis=1))
    kept_weights = None if weights is None else weights[keep]
    kept_cluster = None if cluster is None else [c for c, k in zip(cluster, keep) if k]
    plain = Moments.from_data(data[keep], used, weights=kept_weights, cluster=kept_cluster)
    linear = sem(linear_text, plain, estimator=estimator, meanstructure=False)
    if not linear.outcome.estimated:
        return Moderation(asked, {}, linear, None, linear.findings)
    chosen = {i.factor: _pairs(linear, i, items) for i in asked} | dict(pairs or {})
    text = "\n".join([linear_text, *_product_lines(syntax, asked, chosen)])
    listed = [pair for factor in chosen for pair in chosen[factor]]
    values = products(data[keep], used, tuple(listed))
    moments = Moments.from_data(
        np.column_stack([data[keep], values]),
        (*used, *map(product_name, listed)),
        weights=kept_weights,
        cluster=kept_cluster,
    )
    solution = sem(text, moments, estimator=estimator, meanstructure=False)
    return Moderation(asked, chosen, linear, solution, solution.findings)


def _without_definitions(syntax: ModelSyntax) -> ModelSyntax:
    kept = tuple(s for s in syntax.statements if isinstance(s, Formula))
    return ModelSyntax(kept, source=syntax.source, text="".join(f"{s}\n" for s in kept))


def _measured(syntax: ModelSyntax) -> dict[str, tuple[str, ...]]:
    """Observed items of every factor; empty for factors of factors."""
    latent = set(syntax.latent)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(syntax.latent, ())
    for formula in syntax.formulas:
        if formula.op != "=~":
            continue
        own = tuple(t.name for t in formula.terms)
        for name in formula.lhs:
            found[name] = (*found[name], *own)
    return {k: () if latent & set(v) else tuple(dict.fromkeys(v)) for k, v in found.items()}


def _problems(
    syntax: ModelSyntax, asked: Sequence[Interaction], items: Mapping[str, Sequence[str]]
) -> list[Message]:
    found = []
    outcomes = {name for f in syntax.formulas if f.op == "~" for name in f.lhs}
    for name in dict.fromkeys(i.outcome for i in asked):
        if name not in outcomes:
            found.append(message("moderation.no_outcome", name=name))
    for name in dict.fromkeys(n for i in asked for n in (i.predictor, i.moderator)):
        if name not in items:
            good = ", ".join(k for k, v in items.items() if len(v) >= LEAST_ITEMS)
            found.append(message("moderation.no_factor", name=name, good=good))
        elif len(items[name]) < LEAST_ITEMS:
            found.append(message("moderation.few_items", name=name))
    return found


def _predictors(syntax: ModelSyntax, outcome: str) -> set[str]:
    return {
        t.name for f in syntax.formulas if f.op == "~" and outcome in f.lhs for t in f.terms
    }  # fmt: skip


def _upstream(syntax: ModelSyntax, outcome: str) -> tuple[str, ...]:
    """Endogenous variables that do not depend on the outcome."""
    arrows = [(t.name, n) for f in syntax.formulas if f.op == "~" for n in f.lhs for t in f.terms]
    below = {outcome}
    for _ in arrows:
        below |= {target for source, target in arrows if source in below}
    return tuple(dict.fromkeys(t for _, t in arrows if t not in below))


def _linear_lines(
    syntax: ModelSyntax, asked: Sequence[Interaction], added: Mapping[str, Sequence[str]]
) -> list[str]:
    lines = [f"{print_name(f)} =~ {' + '.join(map(print_name, own))}" for f, own in added.items()]
    for outcome in dict.fromkeys(i.outcome for i in asked):
        own = [n for i in asked if i.outcome == outcome for n in (i.predictor, i.moderator)]
        new = [n for n in dict.fromkeys(own) if n not in _predictors(syntax, outcome)]
        lines += [f"{print_name(outcome)} ~ {print_name(name)}" for name in new]
        lines += [
            f"{print_name(name)} ~~ {print_name(up)}"
            for up in _upstream(syntax, outcome)
            for name in added
        ]
    return lines


def _product_lines(
    syntax: ModelSyntax, asked: Sequence[Interaction], pairs: Mapping[str, Pairs]
) -> list[str]:
    lines = []
    for i in asked:
        own = " + ".join(print_name(product_name(pair)) for pair in pairs[i.factor])
        factor = print_name(i.factor)
        lines += [f"{factor} =~ {own}", f"{print_name(i.outcome)} ~ {factor}"]
        lines += [f"{factor} ~~ {print_name(up)}" for up in _upstream(syntax, i.outcome)]
        if i.quadratic:
            lines += [
                f"{print_name(p[0])} ~~ {print_name(product_name(p))}" for p in pairs[i.factor]
            ]
    lines += [f"{print_name(a)} ~~ {print_name(b)}" for a, b in sharing(pairs)]
    return lines


def _pairs(linear: Solution, i: Interaction, items: Mapping[str, Sequence[str]]) -> Pairs:
    sides = []
    for name in (i.predictor, i.moderator):
        own = {e.rhs: e.std_all for e in linear.estimates if e.op == "=~" and e.lhs == name}
        sides.append({item: own[item] for item in items[name]})
    return matched_pairs(*sides)
