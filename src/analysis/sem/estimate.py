"""``sem()``: the one call from model text and moments to a solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from analysis.errors import ModelError, message
from analysis.sem.estimators import PRESETS, Estimator, Information
from analysis.sem.fit import Bounds, fit
from analysis.sem.inference import infer
from analysis.sem.model import compile_model
from analysis.sem.moments import Moments
from analysis.sem.solution import Solution
from analysis.syntax import ModelSyntax, PartableOptions, parse_model, partable

Likelihood = Literal["normal", "wishart"]


def sem(
    model: str | ModelSyntax,
    data: Moments,
    *,
    estimator: Estimator = "ML",
    likelihood: Likelihood = "normal",
    information: Information | None = None,
    std_lv: bool = False,
    effect_coding: bool = False,
    orthogonal: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool = True,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    bounds: Bounds = "none",
) -> Solution:
    """Fit a structural equation model with lavaan's ``sem()`` defaults.

    ``model`` is lavaan syntax; ``data`` holds at least its observed variables. ``std_lv`` fixes
    latent variances to 1 in place of the first loadings, ``effect_coding`` makes loadings average
    1. ``bounds="pos.var"`` keeps variances from going negative.

    Raises ``ModelSyntaxError`` for text that cannot be read, ``ModelError`` for a model that does
    not fit the data or an option that does not exist.
    """
    _check("estimator", estimator, get_args(Estimator))
    _check("likelihood", likelihood, get_args(Likelihood))
    if information is not None:
        _check("information", information, get_args(Information))
    _check("bounds", bounds, get_args(Bounds))
    syntax = parse_model(model) if isinstance(model, str) else model
    options = PartableOptions(
        std_lv=std_lv,
        effect_coding=effect_coding,
        orthogonal=orthogonal,
        meanstructure=meanstructure,
        fixed_x=fixed_x,
        groups=tuple(g.label for g in data.groups),
        group_equal=frozenset(group_equal),
        group_partial=tuple(group_partial),
    )
    table = partable(syntax, observed=data.names, options=options)
    preset = PRESETS[estimator]
    if information is not None:
        preset = replace(preset, information=information)
    unbiased = likelihood == "wishart" or preset.loss != "ML"
    moments = data.select(table.observed).rescaled("wishart" if unbiased else "normal")
    _check_sample(moments)
    solved = fit(compile_model(table, moments), moments, loss=preset.loss, bounds=bounds)
    inference = infer(
        solved,
        information=preset.information,
        se=preset.se,
        test=preset.test,
        wishart=likelihood == "wishart",
    )
    return Solution(solved, inference, estimator, preset)


def _check(option: str, value: object, good: tuple[str, ...]) -> None:
    if value not in good:
        raise ModelError(
            message("sem.unknown_option", option=option, value=value, good=", ".join(good))
        )


def _check_sample(moments: Moments) -> None:
    p = len(moments.names)
    problems = []
    for g in moments.groups:
        if g.n <= p:
            problems.append(message("sem.sample_too_small", n=g.n, p=p, group=g.label))
        elif not np.isfinite(g.cov).all():
            problems.append(message("sem.not_finite", group=g.label))
    if problems:
        raise ModelError(problems)
