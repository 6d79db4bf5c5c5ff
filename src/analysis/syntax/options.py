"""Options of the parameter table, with the defaults of lavaan's ``sem()``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from analysis.errors import Message, ModelError, message
from analysis.syntax.diagnostics import nearest

Parameterization = Literal["delta", "theta"]

GroupEqual = Literal[
    "loadings",
    "intercepts",
    "means",
    "thresholds",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
]
EffectCoding = Literal["loadings", "intercepts"]

GROUP_EQUAL: tuple[str, ...] = get_args(GroupEqual)
PARAMETERIZATIONS: tuple[str, ...] = get_args(Parameterization)
EFFECT_CODING: tuple[str, ...] = get_args(EffectCoding)


@dataclass(frozen=True, kw_only=True)
class PartableOptions:
    """How a model is completed; the defaults are those of lavaan's ``sem()`` and ``cfa()``.

    Growth models use ``int_ov_free=False, int_lv_free=True, meanstructure=True``.

    Attributes
    ----------
    int_ov_free, int_lv_free : bool
        Whether intercepts of observed and means of latent variables are free where the model
        does not mention them.
    auto_fix_first : bool
        Fix the first loading of each factor at 1 (off under ``std_lv`` and effect coding).
    auto_fix_single : bool
        Fix the residual variance of a single indicator at 0.
    auto_var, auto_cov_lv_x, auto_cov_y, auto_th, auto_delta : bool
        Add variances, covariances of exogenous factors, covariances of purely endogenous
        variables, thresholds, scaling factors.
    meanstructure : bool or None
        None: with means where the model has intercepts, several groups or ordered items.
    fixed_x : bool
        Take moments of exogenous observed variables as given.
    conditional_x : bool
        Condition on exogenous observed variables (their regressions are marked ``exo``).
    orthogonal : bool
        Fix covariances of factors at 0 where the model does not mention them.
    std_lv : bool
        Set the scale of factors by unit variances.
    effect_coding : bool or tuple of {"loadings", "intercepts"}
        Set the scale by loadings that average 1 (and intercepts that sum to 0).
    parameterization : {"delta", "theta"}
        Of ordered items.
    ordered : tuple of str
        Ordered items; exogenous ones and those outside the model are passed over.
    thresholds : mapping of str to int
        Number of thresholds of each ordered item (categories less one).
    groups : tuple of str
        Labels of the groups; one entry for a single group.
    group_equal : frozenset of str
        Sets of parameters held equal over groups.
    group_partial : tuple of str
        Exceptions from ``group_equal``, such as ``"x3 ~ 1"`` or ``"f =~ x2"``.
    """

    int_ov_free: bool = True
    int_lv_free: bool = False
    auto_fix_first: bool = True
    auto_fix_single: bool = True
    auto_var: bool = True
    auto_cov_lv_x: bool = True
    auto_cov_y: bool = True
    auto_th: bool = True
    auto_delta: bool = True
    meanstructure: bool | None = None
    fixed_x: bool = True
    conditional_x: bool = False
    orthogonal: bool = False
    std_lv: bool = False
    effect_coding: bool | tuple[str, ...] = False
    parameterization: Parameterization = "delta"
    ordered: tuple[str, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[str, ...] = ("",)
    group_equal: frozenset[str] = frozenset()
    group_partial: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "group_equal", frozenset(self.group_equal))
        problems = [
            *_choices("group_equal", sorted(self.group_equal), GROUP_EQUAL),
            *_choices("parameterization", (self.parameterization,), PARAMETERIZATIONS),
            *_choices("effect_coding", self.effect_parts, EFFECT_CODING),
        ]
        if self.std_lv and "loadings" in self.effect_parts:
            problems.append(message("syntax.std_lv_and_effect_coding"))
        if self.conditional_x and not self.fixed_x:
            problems.append(message("syntax.conditional_x_needs_fixed_x"))
        if not self.groups or len(set(self.groups)) < len(self.groups):
            problems.append(message("syntax.groups", found=", ".join(self.groups) or "()"))
        if problems:
            raise ModelError(problems)

    def __hash__(self) -> int:
        return hash((self.groups, self.ordered, self.group_equal, self.meanstructure))

    @property
    def effect_parts(self) -> tuple[str, ...]:
        """What effect coding applies to; empty if it is off."""
        if isinstance(self.effect_coding, bool):
            return EFFECT_CODING if self.effect_coding else ()
        return tuple(self.effect_coding)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    def resolved(self, *, categorical: bool, intercepts: bool, exogenous: bool) -> PartableOptions:
        """The options with all implied choices made.

        Parameters
        ----------
        categorical : bool
            Whether the model has ordered items.
        intercepts : bool
            Whether the model text mentions an intercept.
        exogenous : bool
            Whether the model has exogenous observed variables to condition on.
        """
        equal = set(self.group_equal)
        if categorical and equal & {"intercepts", "thresholds"}:
            equal |= {"intercepts", "thresholds"}
        elif not categorical:
            equal.discard("thresholds")
        means = self.meanstructure
        if means is None:
            means = self.n_groups > 1
        conditional = self.conditional_x and exogenous
        means = means or categorical or intercepts or conditional
        means = means or bool(equal & {"intercepts", "means"})
        scaled = self.std_lv or "loadings" in self.effect_parts
        return replace(
            self,
            meanstructure=means,
            conditional_x=conditional,
            group_equal=frozenset(equal),
            auto_fix_first=self.auto_fix_first and not scaled,
        )


def _choices(option: str, found: Iterable[str], known: tuple[str, ...]) -> list[Message]:
    problems = []
    for value in found:
        if value not in known:
            close = nearest(str(value), known)
            code = "syntax.unknown_choice_near" if close else "syntax.unknown_choice"
            fields = {"option": option, "found": value, "nearest": close}
            problems.append(message(code, **fields, known=", ".join(known)))
    return problems
