"""Which choices of estimation go with which data, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.data import Codebook, Study, Survey
from analysis.errors import AnalysisError, InputError, Message, message
from analysis.methods.waves import constructs_of
from analysis.run.params import (
    ChannelsParams,
    DriversParams,
    StructureParams,
    StudyParams,
    nearest,
    unknown,
)
from analysis.sem.estimate import FIML_ESTIMATORS
from analysis.sem.estimators import PRESETS, Estimator
from analysis.syntax import ModelSyntax, PartableOptions, labels_per_group, partable
from analysis.syntax.options import GROUP_EQUAL

Flags = NDArray[np.bool_]

ALL = "all"
ORDINAL_LOSSES = ("ULS", "DWLS", "WLS")
ORDINAL_ONLY = ("WLSM", "WLSMV", "WLSMVS")
MATRIX_ESTIMATORS = ("ML", "GLS", "ULS")
NEED_ANSWERS = ("group", "ordered", "weights", "cluster", "missing")


def estimator_of(params: StudyParams, *, rows: bool = True) -> Estimator:
    """The estimator by name, or the one that the other choices call for.

    ``rows`` says whether there are answers, which robust notebooks make use of.
    """
    if params.estimator:
        return params.estimator
    if params.ordered:
        return "WLSMV"
    robust = params.robust and rows
    return "MLR" if params.weights or params.cluster or robust else "ML"


def ordinal_estimators() -> tuple[str, ...]:
    """Estimators that work on ordered items."""
    return tuple(name for name, preset in PRESETS.items() if preset.loss in ORDINAL_LOSSES)


def ordered_items(params: StudyParams, codebook: Codebook, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the model's items ``names`` are taken as ordered categories."""
    if params.ordered != ALL:
        wanted = params.listed("ordered")
        return tuple(name for name in names if name in wanted)
    known = {item.name: item for item in codebook.items}
    return tuple(n for n in names if n in known and known[n].ordinal and not known[n].averaged)


def option_problems(params: StudyParams, study: Study, names: Sequence[str]) -> list[Message]:
    """What is wrong with the choices themselves; ``names`` are the model's observed variables."""
    if not study.has_rows:
        return [*_matrix_problems(params), *_likelihood_problems(params)]
    return [
        *_group_problems(params, study),
        *_ordered_problems(params, study, names),
        *_design_problems(params, study),
        *_missing_problems(params),
        *_likelihood_problems(params),
    ]


def across_problems(params: StudyParams, study: Study, syntax: ModelSyntax) -> Iterator[Message]:
    """Why groups cannot be compared over the column that was asked for, if they cannot."""
    if not isinstance(params, ChannelsParams):
        return
    roles = [group.name for group in study.codebook.groups]
    if not study.has_rows:
        yield message("invariance.no_rows")
        return
    yield from _unknown_constructs(params, syntax)
    columns = params.listed("across")
    for name in columns or ("",):
        if name not in roles:
            yield message("invariance.no_role", name=name, good=", ".join(roles) or "-")


def driver_problems(params: StudyParams, study: Study, syntax: ModelSyntax) -> Iterator[Message]:
    """Why this model tells nothing about drivers, or not in the way that was asked for."""
    if not isinstance(params, DriversParams):
        return
    explained = tuple(dict.fromkeys(n for f in syntax.formulas if f.op == "~" for n in f.lhs))
    if not explained:
        yield message("drivers.no_paths", study=study.name)
    elif params.target and params.target not in explained:
        yield message("drivers.no_target", name=params.target, good=", ".join(explained))
    for pair in params.listed("moderators"):
        if len([name for name in pair.split(":") if name.strip()]) != 2:
            yield message("drivers.moderators", pair=pair)
    for name in params.listed("against"):
        if name not in study.models:
            yield unknown("model", name, study.models)


def claims_problems(params: StudyParams, study: Study) -> Iterator[Message]:
    """Choices of ``20_structure`` that need answers or a grouping column and do not have it."""
    if not isinstance(params, StructureParams):
        return
    roles = [group.name for group in study.codebook.groups]
    if params.interval == "bca" and not study.has_rows:
        yield message("run.needs_answers", name="interval", value="bca")
    if params.holdout and not study.has_rows:
        yield message("run.needs_answers", name="holdout", value=params.holdout)
    elif params.holdout and params.holdout not in roles:
        yield unknown("group", params.holdout, roles)


def _unknown_constructs(params: ChannelsParams, syntax: ModelSyntax) -> Iterator[Message]:
    """Constructs to follow over waves that the model does not measure."""
    known = constructs_of(syntax).factors
    unknown_ones = [name for name in params.listed("constructs") if name not in known]
    if unknown_ones:
        fields = {"names": ", ".join(unknown_ones), "good": ", ".join(known) or "-"}
        yield message("waves.unknown_construct", **fields)


def _matrix_problems(params: StudyParams) -> Iterator[Message]:
    for name in NEED_ANSWERS:
        value, info = getattr(params, name), type(params).model_fields.get(name)
        if value and (info is None or value != info.default):
            yield message("run.needs_answers", name=name, value=value)
    if params.estimator and params.estimator not in MATRIX_ESTIMATORS:
        good = ", ".join(MATRIX_ESTIMATORS)
        yield message("run.estimator_needs_answers", estimator=params.estimator, good=good)


def _group_problems(params: StudyParams, study: Study) -> Iterator[Message]:
    roles = [group.name for group in study.codebook.groups]
    if params.group and params.group not in roles:
        yield unknown("group", params.group, roles)
    elif params.group and params.levels().get(params.group):
        yield message("run.group_filtered", group=params.group, level=params.levels()[params.group])
    if not params.group:
        for name in ("group_equal", "group_partial"):
            if getattr(params, name):
                yield message("run.needs_group", name=name, roles=", ".join(roles))
        if params.group_labels == "separate":
            yield message("run.needs_group", name="group_labels", roles=", ".join(roles))
        return
    for found in params.listed("group_equal"):
        if found not in GROUP_EQUAL:
            near = nearest(found, GROUP_EQUAL)
            code = "syntax.unknown_choice_near" if near else "syntax.unknown_choice"
            known = ", ".join(GROUP_EQUAL)
            yield message(code, option="group_equal", found=found, nearest=near, known=known)
    if params.group_partial and not params.group_equal:
        yield message("run.partial_without_equal")
    if "thresholds" in params.listed("group_equal") and not params.ordered:
        yield message("run.thresholds_need_ordered")


def _ordered_problems(params: StudyParams, study: Study, names: Sequence[str]) -> Iterator[Message]:
    if not params.ordered:
        if params.parameterization == "theta":
            yield message("run.theta_needs_ordered")
        if params.estimator in ORDINAL_ONLY:
            yield message("run.estimator_needs_ordered", estimator=params.estimator)
        return
    for name in () if params.ordered == ALL else params.listed("ordered"):
        if name not in names:
            yield unknown("item", name, names)
    if params.ordered == ALL and not ordered_items(params, study.codebook, names):
        yield message("run.no_ordinal")
    if params.estimator and PRESETS[params.estimator].loss not in ORDINAL_LOSSES:
        good = ", ".join(ordinal_estimators())
        yield message("run.estimator_not_ordinal", estimator=params.estimator, good=good)
    if params.cluster:
        yield message("sem.design_ordered")


def _design_problems(params: StudyParams, study: Study) -> Iterator[Message]:
    roles = study.codebook.roles
    chosen = [name for name in ("weights", "cluster") if getattr(params, name)]
    for name in chosen:
        if not (roles.weight if name == "weights" else roles.cluster):
            yield message(f"run.no_{name}", study=study.name)
    if chosen and not params.ordered and estimator_of(params) != "MLR":
        kinds = ", ".join(chosen)
        yield message("sem.design_needs_mlr", estimator=params.estimator, design=kinds)


def _missing_problems(params: StudyParams) -> Iterator[Message]:
    if params.missing != "fiml" or estimator_of(params) in FIML_ESTIMATORS:
        return
    if params.ordered:
        yield message("run.fiml_with_ordered")
    else:
        yield message("sem.fiml_needs_ml", estimator=params.estimator)


def _likelihood_problems(params: StudyParams) -> Iterator[Message]:
    if params.likelihood == "wishart" and PRESETS[estimator_of(params)].loss != "ML":
        yield message("run.wishart_needs_ml", estimator=estimator_of(params))


def usable(data: Survey, params: StudyParams) -> Survey:
    """The respondents whose group and cluster are known, where these matter; said where not."""
    columns = {"group": params.group}
    if params.cluster:
        columns["cluster"] = data.codebook.roles.cluster
    for role, column in columns.items():
        if not column:
            continue
        known = data.frame[column].notna().to_numpy()
        lost = int((~known).sum())
        if lost:
            said = message("run.left_out", role=role, column=column, n=lost)
            data = data.keep(known, reason=f"no_{role}")
            data = replace(data, warnings=(*data.warnings, said))
    return data


def compared(
    data: Survey, params: StudyParams, syntax: ModelSyntax, names: Sequence[str]
) -> Survey:
    """The respondents, with warnings about groups; refuses what cannot be estimated on them.

    Raises
    ------
    InputError
        Naming groups that are too few or too small, releases of parameters that do not exist,
        and answers that the estimator cannot do without.
    """
    problems: list[Message] = []
    answered = ~np.isnan(data.items(names, check=False))
    complete: Flags = np.asarray(answered.all(axis=1))
    estimator = estimator_of(params)
    fiml = not params.ordered and estimator in FIML_ESTIMATORS and params.missing != "listwise"
    if not fiml and not params.missing and not complete.all():
        problems.append(_missing_message(params, estimator, complete))
    if params.likelihood == "wishart" and fiml and not complete.all():
        problems.append(message("run.wishart_with_missing", incomplete=int((~complete).sum())))
    if params.group:
        try:
            data = replace(data, warnings=(*data.warnings, *data.comparison(params.group, names)))
        except InputError as error:
            problems += error.messages
        used: Flags = np.asarray(answered.any(axis=1)) if fiml else complete
        problems += _small_groups(data, params, used, len(names), problems)
        if params.group_partial and not problems:
            problems += _partial_problems(data, params, syntax, names)
    if problems:
        raise InputError(problems)
    return data


def _missing_message(params: StudyParams, estimator: str, complete: Flags) -> Message:
    counts = {"n": len(complete), "incomplete": int((~complete).sum())}
    if params.ordered:
        return message("run.ordered_missing", **counts)
    return message("sem.missing_unspecified", estimator=estimator, **counts)


def _small_groups(
    data: Survey,
    params: StudyParams,
    used: Flags,
    p: int,
    known: Sequence[Message],
) -> Iterator[Message]:
    """Groups with no more usable respondents than variables."""
    named = {m.fields.get("level") for m in known}
    labels = np.asarray(data.labels(params.group), dtype=object)
    for level in data.levels(params.group):
        n = int((used & (labels == level)).sum())
        if n <= p and level not in named:
            yield message("run.group_too_small", group=params.group, level=level, n=n, p=p)


def _partial_problems(
    data: Survey, params: StudyParams, syntax: ModelSyntax, names: Sequence[str]
) -> tuple[Message, ...]:
    """Releases of parameters that the model does not have."""
    try:
        levels = tuple(data.levels(params.group))
        ordered = ordered_items(params, data.codebook, names)
        partable(
            labels_per_group(syntax, len(levels)) if params.group_labels == "separate" else syntax,
            observed=names,
            options=PartableOptions(
                groups=levels,
                group_equal=frozenset(params.listed("group_equal")),
                group_partial=params.listed("group_partial"),
                parameterization=params.parameterization,
                std_lv=params.scaling == "std.lv",
                effect_coding=params.scaling == "effect",
                ordered=ordered,
                thresholds=_threshold_counts(data, ordered),
                meanstructure=True,
            ),
        )
    except AnalysisError as error:
        return error.messages
    return ()


def _threshold_counts(data: Survey, ordered: Sequence[str]) -> dict[str, int]:
    """Categories less one of each ordered item, over all respondents."""
    if not ordered:
        return {}
    answers = data.items(ordered, check=False)
    return {
        name: max(len(np.unique(x[~np.isnan(x)])) - 1, 1)
        for name, x in zip(ordered, answers.T, strict=True)
    }
