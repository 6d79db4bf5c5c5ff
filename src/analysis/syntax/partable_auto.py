"""Rows that lavaan adds to a model, and what it fixes by default."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, combinations_with_replacement

from analysis.syntax.names import VariableNames
from analysis.syntax.options import PartableOptions
from analysis.syntax.rows import Row


def complete(
    flat: list[Row], names: VariableNames, ordered: tuple[str, ...], options: PartableOptions
) -> list[Row]:
    """Rows of one group: the model's own first, then the added ones, with defaults applied."""
    own = {row.key for row in flat}
    added = list({row.key: row for row in _default_rows(names, ordered, options)}.values())
    rows = [*flat, *(row for row in added if row.key not in own)]
    _fix_variances(rows, names, options)
    _fix_loadings(rows, options)
    _fix_covariances(rows, names, options)
    if options.meanstructure:
        _fix_means(rows, names, ordered, options)
    _fix_exogenous(rows, names, options)
    _fix_ordered(rows, ordered)
    return rows


def _default_rows(
    names: VariableNames, ordered: tuple[str, ...], options: PartableOptions
) -> list[Row]:
    rows = [
        Row(name, "|", f"t{number}")
        for name in ordered
        for number in range(1, options.thresholds.get(name, 0) + 1)
    ]
    pairs = [(name, name) for name in (*names.observed_nox, *names.latent)]
    if options.auto_cov_lv_x:
        pairs += combinations(names.latent_x, 2)
    if options.auto_cov_y:
        pairs += combinations((*names.latent_y, *names.observed_y), 2)
    pairs += combinations_with_replacement(names.observed_x, 2)
    rows += [Row(left, "~~", right) for left, right in pairs]
    rows += [Row(name, "~*~", name) for name in ordered]
    if options.meanstructure:
        rows += [Row(name, "~1", "") for name in (*names.observed, *names.latent)]
    return rows


def _fix_variances(rows: list[Row], names: VariableNames, options: PartableOptions) -> None:
    for row in rows:
        if row.op == "|" and not options.auto_th and not row.user:
            row.free = 0
        if not row.is_variance:
            continue
        if not options.auto_var and not row.user:
            row.fix(0.0)
        if options.std_lv and row.lhs in names.latent:
            row.fix(1.0)


def _fix_loadings(rows: list[Row], options: PartableOptions) -> None:
    loadings = [row for row in rows if row.op == "=~"]
    if options.auto_fix_first:
        seen: set[str] = set()
        for row in loadings:
            if row.lhs not in seen:
                seen.add(row.lhs)
                row.fix(1.0)
    if options.auto_var and options.auto_fix_single:
        per_factor = Counter(row.lhs for row in loadings)
        per_item = Counter(row.rhs for row in loadings)
        single = {
            row.rhs
            for row in loadings
            if per_factor[row.lhs] == 1 and per_item[row.rhs] == 1 and row.lhs != row.rhs
        }
        for row in rows:
            if row.is_variance and row.lhs in single and not row.user:
                row.fix(0.0)


def _fix_covariances(rows: list[Row], names: VariableNames, options: PartableOptions) -> None:
    if not options.orthogonal:
        return
    latent = set(names.latent)
    for row in rows:
        is_covariance = row.op == "~~" and row.lhs != row.rhs
        if is_covariance and not row.user and row.lhs in latent and row.rhs in latent:
            row.fix(0.0)


def _fix_means(
    rows: list[Row], names: VariableNames, ordered: tuple[str, ...], options: PartableOptions
) -> None:
    for row in rows:
        if row.op != "~1" or row.user:
            continue
        is_latent = row.lhs in names.latent
        fixed = not options.int_lv_free if is_latent else not options.int_ov_free
        if fixed or row.lhs in ordered:
            row.fix(0.0)


def _fix_exogenous(rows: list[Row], names: VariableNames, options: PartableOptions) -> None:
    exogenous = set(names.observed_x)
    if not exogenous or not (options.fixed_x or options.conditional_x):
        return
    for row in rows:
        inside = row.lhs in exogenous and (row.op == "~1" or row.rhs in exogenous)
        if row.op in ("~~", "~1") and inside and not row.user:
            row.exo = 1
            row.fix(None)
        if options.conditional_x and row.op == "~" and row.rhs in exogenous:
            row.exo = 1


def _fix_ordered(rows: list[Row], ordered: tuple[str, ...]) -> None:
    for row in rows:
        if row.user or not ordered:
            continue
        if row.op == "~*~" or (row.is_variance and row.lhs in ordered):
            row.fix(1.0)
