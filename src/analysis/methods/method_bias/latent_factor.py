"""An unmeasured latent method factor: what all items share beyond their constructs.

The factor loads equally on all items and is orthogonal to all constructs (Podsakoff et al. 2003).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from analysis.errors import Message, ModelError, message
from analysis.methods.method_bias.texts import all_items, unused, with_method
from analysis.sem import DifferenceTest, Estimate, Solution, difference_test
from analysis.syntax import ModelSyntax

Refit = Callable[[ModelSyntax], Solution]


@dataclass(frozen=True, slots=True)
class Change:
    """A standardized estimate without and with the method factor, each with its p."""

    lhs: str
    op: str
    rhs: str
    before: float
    after: float
    p_before: float
    p_after: float

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def turned(self) -> bool:
        """Whether the conclusion at the 5% level is another one: another sign, or significance."""
        if not (isfinite(self.p_before) and isfinite(self.p_after)):
            return self.before * self.after < 0.0
        significant = self.p_before < 0.05, self.p_after < 0.05
        return significant[0] != significant[1] or (
            all(significant) and self.before * self.after < 0.0
        )


@dataclass(frozen=True)
class LatentMethod:
    """A model without (``baseline``) and with a method factor.

    ``variance`` is the method factor's with its standard error; ``share`` the mean share of the
    items' variance that it takes. ``changes`` are those of paths, factor correlations and
    loadings. Where the model with the factor supports no conclusion, ``method`` may be there, but
    ``findings`` say why not, and there are no changes.
    """

    baseline: Solution
    method: Solution | None
    name: str
    difference: DifferenceTest | None
    variance: float
    variance_se: float
    share: float
    changes: tuple[Change, ...]
    findings: tuple[Message, ...]


def latent_method(syntax: ModelSyntax, baseline: Solution, refit: Refit) -> LatentMethod:
    """Add a method factor to a model and compare.

    Parameters
    ----------
    syntax : the model's text; ``baseline`` is its solution.
    refit : fits another model text to the same data by the same estimator.
    """
    name = unused("method", syntax)
    blank = LatentMethod(baseline, None, name, None, nan, nan, nan, (), ())
    if len(baseline.partable.groups) > 1:
        return _ended(blank, message("method_bias.groups"))
    if not baseline.outcome.admissible:
        return _ended(blank, message("method_bias.inadmissible"))
    try:
        method = refit(with_method(syntax, name))
    except ModelError as error:
        return _ended(blank, *error.messages)
    if not method.outcome.estimated:
        return _ended(blank, message("method_bias.not_estimated"))
    row = method.estimate(name, "~~", name)
    try:
        test = difference_test(baseline, method)
    except ModelError as error:
        return _ended(blank, *error.messages)
    findings: tuple[Message, ...] = ()
    if row.est < 0.0:
        findings = (message("method_bias.negative", value=f"{row.est:.3f}"),)
    elif not method.outcome.admissible:
        findings = (message("method_bias.improper"),)
    else:
        findings = test.findings
    proper = method.outcome.admissible
    shares = [method.estimate(name, "=~", item).std_all ** 2 for item in all_items(syntax)]
    return LatentMethod(
        baseline,
        method,
        name,
        test,
        row.est,
        row.se,
        float(np.mean(shares)) if proper else 0.0 if row.est < 0.0 else nan,
        _changes(baseline, method, name) if proper else (),
        findings,
    )


def _ended(blank: LatentMethod, *findings: Message) -> LatentMethod:
    return LatentMethod(
        blank.baseline, None, blank.name, None, blank.variance, blank.variance_se, blank.share, (),
        tuple(findings),
    )  # fmt: skip


def _changes(baseline: Solution, method: Solution, name: str) -> tuple[Change, ...]:
    """Paths, factor correlations and loadings of both models."""
    latent = set(baseline.latent)
    after = {(e.lhs, e.op, e.rhs): e for e in method.estimates}

    def wanted(e: Estimate) -> bool:
        correlation = e.op == "~~" and e.lhs != e.rhs and {e.lhs, e.rhs} <= latent
        return e.op in ("=~", "~") or correlation

    order = {"~": 0, "~~": 1, "=~": 2}
    kept = [e for e in baseline.estimates if wanted(e) and (e.lhs, e.op, e.rhs) in after]
    found = []
    for e in sorted(kept, key=lambda e: order[e.op]):
        other = after[e.lhs, e.op, e.rhs]
        found.append(Change(e.lhs, e.op, e.rhs, e.std_all, other.std_all, e.p, other.p))
    return tuple(found)
