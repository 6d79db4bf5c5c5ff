"""Sample statistics of ordered and numeric items together, in lavaan's order and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import Message, ModelError, message
from analysis.sem.algebra import inverse_and_logdet
from analysis.sem.ordinal_checks import Categories, coded, where_in
from analysis.sem.ordinal_nacov import layout, nacov
from analysis.sem.ordinal_pairs import (
    Answers,
    Pairs,
    Univariate,
    pairs,
    pearson,
    polychoric,
    polyserial,
    univariate,
)

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Weight = Literal["WLS", "DWLS", "ULS"]

#: A correlation beyond this means that two items are nearly the same question.
NEAR_ONE = 0.99


@dataclass(frozen=True, slots=True)
class OrdinalMoments:
    """Thresholds, correlations and their asymptotic covariance in one group.

    Ordered items stand for standard normal variables cut at ``thresholds``; numeric ones are as
    measured, variances with divisor n.

    Attributes
    ----------
    label : group; empty where there is one.
    names : (p,) variables, in the order of all arrays below.
    n : complete answers.
    ordered : names of the ordered items, in the order of ``names``.
    categories : codes of each ordered item, ascending, in the order of ``ordered``.
    thresholds : of each variable, (categories - 1,); empty for numeric ones.
    means : (p,), zero for ordered items.
    cov : (p, p) polychoric and Pearson correlations and polyserial ones, scaled by the standard
        deviations of the numeric variables; the diagonal is 1 for ordered items.
    correlation : (p, p) the same as correlations.
    stacked : (r,) thresholds, and means with a minus sign, by variable; variances of numeric
        variables; lower triangle of ``cov`` by columns, without the diagonal.
    stacked_names : (r,) as lavaan names them.
    threshold_variable : (r1,) variable index of each of the leading thresholds, -1 for a mean:
        lavaan's ``th.idx`` counted from 0.
    gamma : (r, r) n times the asymptotic covariance of ``stacked``.
    empty_tables : pairs of ordered items whose table has an empty cell.
    warnings : what the reader should know.
    """

    label: str
    names: tuple[str, ...]
    n: int
    ordered: tuple[str, ...]
    categories: tuple[tuple[float, ...], ...]
    thresholds: tuple[Array, ...]
    means: Array
    cov: Array
    correlation: Array
    stacked: Array
    stacked_names: tuple[str, ...]
    threshold_variable: Index
    gamma: Array
    empty_tables: tuple[tuple[str, str], ...]
    warnings: tuple[Message, ...]

    @property
    def gamma_diag(self) -> Array:
        """Diagonal of ``gamma`` (r,)."""
        return np.diag(self.gamma).copy()

    @property
    def variances(self) -> Array:
        """Diagonal of ``cov`` (p,): 1 for ordered items."""
        return np.diag(self.cov).copy()

    def weight(self, estimator: Weight) -> Array:
        """Weight of ``stacked``: (r, r) for WLS, the diagonal (r,) for DWLS and ULS.

        WLS takes the inverse of ``gamma``, DWLS that of its diagonal, ULS ones. Raises
        ``ModelError`` where ``gamma`` has no inverse (fewer respondents than statistics).
        """
        if estimator == "WLS":
            scale = np.sqrt(np.diag(self.gamma))
            solved = inverse_and_logdet(self.gamma / np.outer(scale, scale))
            if solved is None or self.n <= len(self.stacked):
                where = where_in(self.label)
                raise ModelError(
                    message("ordinal.wls_singular", n=self.n, r=len(self.stacked), where=where)
                )
            inverse: Array = solved[0] / np.outer(scale, scale)
            return inverse
        if estimator == "DWLS":
            return np.asarray(1.0 / self.gamma_diag)
        if estimator == "ULS":
            return np.ones(len(self.stacked))
        good = ", ".join(get_args(Weight))
        raise ModelError(
            message("sem.unknown_option", option="estimator", value=estimator, good=good)
        )


def ordinal_moments(
    rows: ArrayLike,
    names: Sequence[str],
    ordered: Sequence[str],
    *,
    label: str = "",
    categories: Categories | None = None,
    weights: ArrayLike | None = None,
) -> OrdinalMoments:
    """Statistics of one group for WLSMV and its relatives.

    Parameters
    ----------
    rows : (n, p) answers, NaN where missing; only complete rows are used.
    names : (p,) of the columns.
    ordered : names of the ordered items; any whole-number codes, in ascending order.
    label : group, for messages.
    categories : codes an ordered item may have; without it, those that occur. With several groups
        give ``pooled_categories`` of all, so that the groups share their thresholds.
    weights : (n,) positive sampling weights, brought to mean 1 over the complete rows.

    Raises
    ------
    ModelError
        For items that cannot be used; it names item, category, rows and group.

    Notes
    -----
    Equal to lavaan's categorical sample statistics without covariates (Muthen 1984), apart from
    the tolerance of its optimizer, and from very unlikely answers to numeric items that it leaves
    out of polyserial correlations.
    """
    answers, levels, warnings = coded(
        rows, names, ordered, label=label, categories=categories, weights=weights
    )
    uni = univariate(answers)
    found = pairs(answers, uni.frequencies.shape[1])
    _check_copies(answers, found, names, where_in(label))
    correlation = np.zeros(len(found.row))
    correlation[found.both] = polychoric(uni, found, answers.sizes)
    correlation[found.mixed] = polyserial(answers, uni, found)
    correlation[found.neither] = pearson(answers, uni, found)
    _check_numeric_copies(found, correlation, names, where_in(label))
    gamma = nacov(answers, uni, found, correlation)
    return assembled(
        answers, uni, found, correlation, gamma, names=names, levels=levels, label=label,
        warnings=warnings,
    )  # fmt: skip


def assembled(
    answers: Answers,
    uni: Univariate,
    found: Pairs,
    correlation: Array,
    gamma: Array,
    *,
    names: Sequence[str],
    levels: Mapping[str, tuple[float, ...]],
    label: str = "",
    warnings: tuple[Message, ...] = (),
) -> OrdinalMoments:
    """The record of what was computed: ``correlation`` (m,) of the pairs, ``gamma`` (r, r).

    ``levels`` are the codes of each ordered item.
    """
    sd = np.ones(answers.p)
    sd[answers.numeric] = uni.sd
    matrix = np.eye(answers.p)
    matrix[found.row, found.col] = matrix[found.col, found.row] = correlation
    warnings += _correlation_warnings(answers, found, correlation, matrix, names, where_in(label))
    stacked, stacked_names, variable = _stack(answers, uni, found, correlation, sd, names)
    means = np.zeros(answers.p)
    means[answers.numeric] = uni.mean
    return OrdinalMoments(
        label=label,
        names=tuple(names),
        n=answers.n,
        ordered=tuple(levels),
        categories=tuple(levels.values()),
        thresholds=_thresholds(answers, uni),
        means=means,
        cov=matrix * np.outer(sd, sd),
        correlation=matrix,
        stacked=stacked,
        stacked_names=stacked_names,
        threshold_variable=variable,
        gamma=gamma,
        empty_tables=_empty_tables(answers, found, names),
        warnings=warnings,
    )


def _thresholds(answers: Answers, uni: Univariate) -> tuple[Array, ...]:
    found = [np.zeros(0)] * answers.p
    for j, (variable, size) in enumerate(zip(answers.ordered, answers.sizes, strict=True)):
        found[variable] = uni.thresholds[j, : size - 1].copy()
    return tuple(found)


def _stack(
    answers: Answers, uni: Univariate, found: Pairs, correlation: Array, sd: Array,
    names: Sequence[str],
) -> tuple[Array, tuple[str, ...], Index]:  # fmt: skip
    """The stacked vector, its names, and the variable of each threshold."""
    at = layout(answers)
    stacked, labels = np.zeros(at.r), [""] * at.r
    variable = np.full(at.pair - len(answers.numeric), -1, dtype=np.intp)
    for v, thresholds in enumerate(_thresholds(answers, uni)):
        for t, value in enumerate(thresholds):
            place = at.threshold[v] + t
            stacked[place], labels[place], variable[place] = value, f"{names[v]}|t{t + 1}", v
    for c, v in enumerate(answers.numeric):
        stacked[at.threshold[v]], labels[at.threshold[v]] = -uni.mean[c], f"{names[v]}~1"
        stacked[at.variance[c]], labels[at.variance[c]] = uni.sd[c] ** 2, f"{names[v]}~~{names[v]}"
    stacked[at.pair :] = correlation * sd[found.row] * sd[found.col]
    labels[at.pair :] = [
        f"{names[j]}~~{names[i]}" for i, j in zip(found.row, found.col, strict=True)
    ]
    return stacked, tuple(labels), variable


def _check_copies(answers: Answers, found: Pairs, names: Sequence[str], where: str) -> None:
    """Refuse pairs of ordered items that determine each other."""
    problems = []
    i, j = found.both_at
    square = (answers.sizes[i] == 2) & (answers.sizes[j] == 2)
    rows, cols = (found.tables > 0).sum(axis=2), (found.tables > 0).sum(axis=1)
    same = (rows.max(axis=1, initial=0) == 1) & (cols.max(axis=1, initial=0) == 1)
    for k in np.flatnonzero(same):
        pair = _pair(found, found.both[k], names)
        code = "ordinal.same_binary" if square[k] else "ordinal.same_item"
        problems.append(message(code, pair=pair, where=where))
    if problems:
        raise ModelError(problems)


def _check_numeric_copies(
    found: Pairs, correlation: Array, names: Sequence[str], where: str
) -> None:
    copies = found.neither[np.abs(correlation[found.neither]) > 1.0 - 1e-10]
    if len(copies):
        raise ModelError(
            [message("ordinal.same_item", pair=_pair(found, k, names), where=where) for k in copies]
        )


def _pair(found: Pairs, k: np.intp, names: Sequence[str]) -> str:
    return f"{names[found.col[k]]}, {names[found.row[k]]}"


def _empty_tables(
    answers: Answers, found: Pairs, names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    i, j = found.both_at
    filled = (found.tables > 0).sum(axis=(1, 2))
    empty = found.both[filled < answers.sizes[i] * answers.sizes[j]]
    return tuple((names[found.col[k]], names[found.row[k]]) for k in empty)


def _correlation_warnings(
    answers: Answers, found: Pairs, correlation: Array, matrix: Array,
    names: Sequence[str], where: str,
) -> tuple[Message, ...]:  # fmt: skip
    result: list[Message] = []
    for k in np.flatnonzero(np.abs(correlation) > NEAR_ONE):
        pair, value = _pair(found, k, names), f"{correlation[k]:.3f}"
        result.append(message("ordinal.near_one", pair=pair, value=value, where=where))
    i, j = found.both_at
    square = (answers.sizes[i] == 2) & (answers.sizes[j] == 2)
    empty = square & ((found.tables[:, :2, :2] == 0).any(axis=(1, 2)))
    if empty.any():
        listed = "; ".join(_pair(found, k, names) for k in found.both[empty])
        result.append(message("ordinal.empty_cell", pairs=listed, where=where))
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < 1e-10:
        value = f"{smallest:.2g}"
        result.append(message("ordinal.not_positive", smallest=value, where=where))
    return tuple(result)
