"""Studies whose file is too large to hold its rows: models fitted to what one pass leaves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.data import PublishedMatrix, Study
from analysis.data.batches import SUFFIXES
from analysis.data.streamed import PatternStats, Streamed
from analysis.data.streaming import complete_rows, stream
from analysis.errors import InputError, message
from analysis.run.design import ordered_items
from analysis.run.params import StudyParams
from analysis.sem import GroupMoments, Moments
from analysis.sem.missing import Patterns
from analysis.sem.moments import of_patterns
from analysis.sem.ordinal_tables import Tabled, categories_of
from analysis.syntax import ModelSyntax, PartableOptions, partable

Array = NDArray[np.float64]
WHOLE_MB = 400.0
MIB = 2.0**20
USUAL = {"weights": "", "cluster": "", "group_labels": "shared"}


def is_large(study: Study) -> bool:
    """Whether a study's file is to be summarized in one pass.

    Files of more than ``LOYALTY_WHOLE_MB`` megabytes (400 if not set) are, of the kinds that can.
    """
    if not study.has_rows or study.data_path.suffix.lower() not in SUFFIXES:
        return False
    return study.data_path.stat().st_size > limit_mb() * MIB


def limit_mb() -> float:
    """Size in megabytes from which files are summarized."""
    try:
        return float(os.environ.get("LOYALTY_WHOLE_MB", WHOLE_MB))
    except ValueError:
        return WHOLE_MB


def large_moments(study: Study, params: StudyParams, syntax: ModelSyntax) -> Moments:
    """Moments of a large study's respondents over the model's observed variables.

    Maximum likelihood works from them as from the rows; with missing answers they hold the
    statistics of the missing patterns, unless ``missing`` is listwise. Ordered items take two
    passes: tables first, then what each respondent adds to the covariance of their statistics.

    Raises
    ------
    InputError
        For choices that need the respondents themselves, and for what reading finds.
    """
    table = partable(syntax, observed=study.codebook.item_names, options=PartableOptions())
    ordered = ordered_items(params, study.codebook, table.observed) if params.ordered else ()
    _check_choices(study, params, ordered, table.observed)
    levels = {name: (level,) for name, level in params.levels().items()}
    found = stream(
        study.data_path,
        study.codebook,
        table.observed,
        group=params.group,
        levels=levels,
        patterns=params.missing != "listwise" and not ordered,
        tables=bool(ordered),
    )
    _check_groups(found, params.group, study.codebook.options.min_group)
    if not ordered:
        return moments_of(found, table.exogenous_observed)
    read = sum(g.answered for g in found.groups)
    if found.n < read and not params.missing:
        raise InputError(message("run.ordered_missing", n=read, incomplete=read - found.n))
    again = complete_rows(
        study.data_path, study.codebook, table.observed, group=params.group, levels=levels
    )
    return _ordinal(found, again)


def _check_choices(
    study: Study, params: StudyParams, ordered: Sequence[str], names: Sequence[str]
) -> None:
    """Refuse what needs the respondents themselves."""
    asked = [name for name, usual in USUAL.items() if getattr(params, name) != usual]
    if params.estimator not in ("", "ML") and not ordered:
        asked.append("estimator")
    if ordered and set(ordered) != set(names):
        asked.append("ordered")
    if asked:
        size = round(study.data_path.stat().st_size / MIB)
        raise InputError(
            message("streaming.rows_only", name=name, value=getattr(params, name), megabytes=size)
            for name in asked
        )


def _ordinal(found: Streamed, rows: Iterable[tuple[str, Array]]) -> Moments:
    """Moments of ordered items from their tables, with the covariance from a second pass."""
    whole = np.sum([g.tables for g in found.groups if g.tables is not None], axis=0)
    chosen = categories_of(whole)
    tabled = {
        g.label: Tabled.of(g.tables, found.names, found.lowest, chosen=chosen, label=g.label)
        for g in found.groups
        if g.tables is not None
    }
    sums: dict[str, Array] = {}
    for label, part in rows:
        sums[label] = sums.get(label, 0.0) + tabled[label].influence(part)
    groups = []
    for g in found.groups:
        data = tabled[g.label].moments(sums[g.label])
        groups.append(GroupMoments(g.label, g.n, data.cov, data.means, ordinal=data))
    return Moments(found.names, tuple(groups))


def _check_groups(found: Streamed, group: str, least: int) -> None:
    """Groups that are too small to be shown or compared."""
    if not group:
        return
    small = [
        message("data.group_too_small", group=group, level=g.label, n=g.answered, least=least)
        for g in found.groups
        if g.answered < least
    ]
    if len(found.groups) < 2:
        shown = ", ".join(g.label for g in found.groups)
        small.append(message("data.groups_too_few", group=group, levels=shown))
    if small:
        raise InputError(small)


def moments_of(found: Streamed, covariates: Sequence[str] = ()) -> Moments:
    """Moments for ``sem()``: with missing patterns where there are any and they were kept.

    Respondents who left out one of the ``covariates`` do not count in the latter.
    """
    groups = found.groups
    incomplete = any(g.patterns is not None and len(g.patterns.count) > 1 for g in groups)
    at = [found.names.index(name) for name in covariates]
    made = []
    for g in groups:
        if incomplete and g.patterns is not None:
            kept = _patterns(g.patterns, at)
            made.append(of_patterns(g.label, int(kept.size), kept, found.names))
        else:
            made.append(GroupMoments(g.label, g.n, g.cov, g.mean))
    return Moments(found.names, tuple(made))


def matrix_of(moments: Moments) -> PublishedMatrix:
    """The first group's moments in the form of a published matrix."""
    first = moments.groups[0]
    sd = np.sqrt(np.diag(first.cov))
    correlations = first.cov / np.outer(sd, sd)
    return PublishedMatrix(
        moments.names, moments.n, correlations, means=first.mean, sds=sd, sd_divisor="n"
    )


def _patterns(stats: PatternStats, covariates: list[int]) -> Patterns:
    kept = stats.mask[:, covariates].all(axis=1)
    p = stats.mask.shape[1]
    size = float(stats.count[kept].sum())
    return Patterns(
        mask=stats.mask[kept].astype(float),
        share=stats.count[kept] / size,
        mean=stats.mean[kept],
        cov=stats.cov[kept],
        rows=np.zeros((0, p)),
        member=np.zeros(0, dtype=np.intp),
        size=size,
    )
