"""``sem()``: the one call from model text and moments to a solution."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from analysis.errors import Message, ModelError, message
from analysis.sem.cached import SIZE, by_identity
from analysis.sem.estimators import PRESETS, Estimator, Information, Preset
from analysis.sem.fit import Bounds, fit
from analysis.sem.inference import infer
from analysis.sem.model import compile_model
from analysis.sem.moments import Moments
from analysis.sem.solution import Solution
from analysis.syntax import ModelSyntax, ParTable, PartableOptions, parse_model, partable

Likelihood = Literal["normal", "wishart"]
Missing = Literal["listwise", "fiml"]
Parameterization = Literal["delta", "theta"]
FIML_ESTIMATORS = ("ML", "MLR", "MLF")
ORDINAL_LOSSES = ("ULS", "DWLS", "WLS")
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "estimator": get_args(Estimator),
        "likelihood": get_args(Likelihood),
        "bounds": get_args(Bounds),
        "parameterization": get_args(Parameterization),
        "information": get_args(Information),
        "missing": get_args(Missing),
    }
)


def sem(
    model: str | ModelSyntax,
    data: Moments,
    *,
    estimator: Estimator | None = None,
    missing: Missing | None = None,
    ordered: Sequence[str] = (),
    parameterization: Parameterization = "delta",
    likelihood: Likelihood = "normal",
    information: Information | None = None,
    std_lv: bool = False,
    effect_coding: bool = False,
    orthogonal: bool = False,
    meanstructure: bool | None = None,
    growth: bool = False,
    fixed_x: bool | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    bounds: Bounds = "none",
) -> Solution:
    """Fit a structural equation model with lavaan's ``sem()`` defaults.

    Parameters
    ----------
    model : lavaan syntax.
    data : moments of at least the model's observed variables, one set a group.
    estimator : one of lavaan's names; ML, WLSMV where items are ``ordered``, MLR where the data
        have weights or clusters.
    missing : ``fiml`` uses every answer and is the default of ML, MLR and MLF where answers are
        missing; ``listwise`` drops incomplete respondents, and must be asked for.
    ordered : items that are ordered categories.
    parameterization : ``delta`` or ``theta``, for ordered items.
    likelihood : ``normal`` (divisor n) or ``wishart`` (n - 1).
    information : in place of the estimator's own.
    std_lv, effect_coding, orthogonal : scale latent variables by unit variance, by loadings that
        average 1; uncorrelated latent variables.
    meanstructure : None is lavaan's choice.
    growth : intercepts of observed variables are 0 and means of latent ones free where the model
        does not mention them, as in lavaan's ``growth()``.
    fixed_x : whether moments of covariates are taken as given; None is lavaan's choice: they are
        with maximum likelihood, and not with least squares.
    group_equal, group_partial : what groups share, and releases from it.
    bounds : ``pos.var`` keeps variances from going negative.

    Raises
    ------
    ModelSyntaxError
        For text that cannot be read.
    ModelError
        For a model that does not fit the data, or an option that does not exist.
    """
    design, ordered = data.design, _listed(ordered)
    estimator = estimator or ("WLSMV" if ordered else "MLR" if design else "ML")
    chosen = (estimator, likelihood, bounds, parameterization, information, missing)
    for (option, good), value in zip(CHOICES.items(), chosen, strict=True):
        if value is not None and value not in good:
            raise ModelError(_unknown(option, value, good))
    preset = PRESETS[estimator]
    fixed_x = preset.loss == "ML" if fixed_x is None else fixed_x
    _check_design(design, estimator, ordered)
    _check_combination(data, estimator, ordered, missing, information)
    syntax = parse_model(model) if isinstance(model, str) else model
    labels = tuple(g.label for g in data.groups)
    draft = _table(syntax, data.names, _options(groups=labels))
    used = data.select(draft.observed)
    missing = _missing_strategy(missing, used, estimator, draft.exogenous_observed)
    fiml = missing == "fiml"
    if fiml and likelihood == "wishart":
        raise ModelError(message("sem.wishart_fiml"))
    options = _options(
        std_lv=std_lv,
        effect_coding=effect_coding,
        orthogonal=orthogonal,
        meanstructure=True if fiml or growth or "cluster" in design else meanstructure,
        int_ov_free=not growth,
        int_lv_free=growth,
        fixed_x=fixed_x,
        parameterization=parameterization,
        ordered=tuple(name for name in draft.observed if name in ordered) if ordered else (),
        groups=labels,
        group_equal=frozenset(_listed(group_equal)),
        group_partial=_listed(group_partial),
    )
    moments, notes = _prepared(used, missing, draft.exogenous_observed if fixed_x else (), options)
    if options.ordered:
        options = replace(options, thresholds=_threshold_counts(moments))
    table = _table(syntax, data.names, options)
    moments = moments.arranged(table.observed)
    if fiml and preset.information == "expected":
        preset = replace(preset, information="observed")
    if information is not None:
        preset = replace(preset, information=information)
    notes += table.warnings
    if options.ordered and table.exogenous_observed:
        notes += (message("sem.joint_covariates", names=", ".join(table.exogenous_observed)),)
    wishart = likelihood == "wishart"
    return _solved(table, moments, estimator, preset, notes, wishart=wishart, bounds=bounds)


def _solved(
    table: ParTable,
    moments: Moments,
    estimator: Estimator,
    preset: Preset,
    notes: tuple[Message, ...],
    *,
    wishart: bool,
    bounds: Bounds,
) -> Solution:
    """Fit and infer, on covariances with the divisor that the estimator wants."""
    if all(g.ordinal is None and g.patterns is None for g in moments.groups):
        moments = moments.rescaled("wishart" if wishart or preset.loss != "ML" else "normal")
    _check_sample(moments)
    solved = fit(compile_model(table, moments), moments, loss=preset.loss, bounds=bounds)
    inference = infer(
        solved,
        information=preset.information,
        se=preset.se,
        test=preset.test,
        wishart=wishart,
    )
    return Solution(solved, inference, estimator, preset, notes)


def _check_design(design: Sequence[str], estimator: Estimator, ordered: Sequence[str]) -> None:
    """Weights and clusters go with the estimators whose standard errors allow for them."""
    if not design:
        return
    if ordered and "cluster" in design:
        raise ModelError(message("sem.design_ordered"))
    if not ordered and estimator != "MLR":
        kinds = ", ".join(design)
        raise ModelError(message("sem.design_needs_mlr", estimator=estimator, design=kinds))


def _check_combination(
    data: Moments,
    estimator: Estimator,
    ordered: Sequence[str],
    missing: Missing | None,
    information: Information | None,
) -> None:
    """Options that exist but do not go together, all at once."""
    problems = []
    unknown = [name for name in ordered if name not in data.names]
    if unknown:
        known = ", ".join(data.names)
        problems.append(message("ordinal.unknown_item", names=", ".join(unknown), known=known))
    loss = PRESETS[estimator].loss
    if ordered and loss not in ORDINAL_LOSSES:
        good = ", ".join(name for name, p in PRESETS.items() if p.loss in ORDINAL_LOSSES)
        problems.append(message("sem.ordered_estimator", estimator=estimator, good=good))
    if missing == "fiml" and estimator not in FIML_ESTIMATORS:
        problems.append(message("sem.fiml_needs_ml", estimator=estimator))
    if missing == "fiml" and any(g.rows is None and g.patterns is None for g in data.groups):
        problems.append(message("sem.rows_needed"))
    if information == "first.order" and loss != "ML":
        problems.append(message("sem.first_order_needs_ml", estimator=estimator))
    if problems:
        raise ModelError(problems)


def _listed(names: Sequence[str]) -> tuple[str, ...]:
    """Names as a tuple; one name may stand alone."""
    return (names,) if isinstance(names, str) else tuple(names)


def _missing_strategy(
    asked: Missing | None, used: Moments, estimator: Estimator, covariates: Sequence[str]
) -> Missing:
    if used.incomplete == 0:
        return "fiml" if asked == "fiml" else "listwise"
    if asked is None and estimator not in FIML_ESTIMATORS:
        n = sum(len(g.rows) for g in used.groups if g.rows is not None)
        raise ModelError(
            message("sem.missing_unspecified", estimator=estimator, n=n, incomplete=used.incomplete)
        )
    return asked or "fiml"


def _prepared(
    used: Moments, missing: Missing, covariates: Sequence[str], options: PartableOptions
) -> tuple[Moments, tuple[Message, ...]]:
    """Moments as the estimator wants them, and what the reader should know about them."""
    total = sum(len(g.rows) if g.rows is not None else g.n for g in used.groups)
    if missing == "fiml":
        moments = used.full_information(covariates)
        shapes = sum(len(g.patterns.share) for g in moments.groups if g.patterns is not None)
        dropped = total - moments.n
        note = message("sem.fiml", n=moments.n, patterns=shapes, dropped=dropped)
        return moments, (note,) if used.incomplete else ()
    made = options.ordered and all(g.ordinal is not None for g in used.groups)
    moments = used if made else used.complete()
    notes: tuple[Message, ...] = ()
    if used.incomplete:
        notes = (message("sem.listwise", n=moments.n, dropped=total - moments.n, total=total),)
    if options.ordered:
        moments = moments.categorical(options.ordered)
        notes += tuple(
            w for g in moments.groups if g.ordinal is not None for w in g.ordinal.warnings
        )
    return moments, notes


def _threshold_counts(moments: Moments) -> dict[str, int]:
    data = moments.groups[0].ordinal
    if data is None:
        return {}
    return {name: len(data.thresholds[data.names.index(name)]) for name in data.ordered}


def _unknown(option: str, value: object, good: tuple[str, ...]) -> Message:
    return message("sem.unknown_option", option=option, value=value, good=", ".join(good))


@lru_cache(maxsize=SIZE)
def _options(**choices: Hashable) -> PartableOptions:
    """Options, checked once."""
    return PartableOptions(**choices)  # type: ignore[arg-type]


@by_identity
def _table(syntax: ModelSyntax, observed: tuple[str, ...], options: PartableOptions) -> ParTable:
    """The parameter table: one object for a text and its options, however often they are fitted."""
    return partable(syntax, observed=observed, options=options)


def _check_sample(moments: Moments) -> None:
    p = len(moments.names)
    problems = []
    for g in moments.groups:
        if g.n <= p and g.ordinal is None:
            problems.append(message("sem.sample_too_small", n=g.n, p=p, group=g.label))
        elif not np.isfinite(g.cov).all():
            problems.append(message("sem.not_finite", group=g.label))
    if problems:
        raise ModelError(problems)
