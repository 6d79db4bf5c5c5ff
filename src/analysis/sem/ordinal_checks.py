"""Answers to ordered items: coding, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import Message, ModelError, message
from analysis.sem.ordinal_pairs import Answers

Array = NDArray[np.float64]
Categories = Mapping[str, Sequence[float]]

FEWEST_ROWS = 30
SPARSE = 5
RARE_COUNT, RARE_SHARE = 10, 0.03
MANY, TOO_MANY = 12, 50
SHOWN = 5


def pooled_categories(
    rows: ArrayLike, names: Sequence[str], ordered: Sequence[str]
) -> dict[str, tuple[float, ...]]:
    """Codes that occur, by ordered item, over all rows (n, p) that have no missing answer.

    Given to ``ordinal_moments`` of each group, they make every group have the same thresholds.
    """
    x = np.asarray(rows, dtype=float)
    x = x[~np.isnan(x).any(axis=1)]
    return {o: tuple(np.unique(x[:, list(names).index(o)]).tolist()) for o in ordered}


def coded(
    rows: ArrayLike,
    names: Sequence[str],
    ordered: Sequence[str],
    *,
    label: str,
    categories: Categories | None,
    weights: ArrayLike | None,
) -> tuple[Answers, dict[str, tuple[float, ...]], tuple[Message, ...]]:
    """Complete answers, coded; the categories of each ordered item; warnings.

    Raises ``ModelError`` with every problem found.
    """
    where = where_in(label)
    x = np.asarray(rows, dtype=float)
    _raise(_shape_problems(x, names, ordered))
    w = None if weights is None else np.asarray(weights, dtype=float)
    _raise(_weight_problems(w, len(x), where))
    complete = ~np.isnan(x).any(axis=1)
    used, n_read = x[complete], len(x)
    if len(used) < FEWEST_ROWS:
        few = message("ordinal.too_few_rows", n=len(used), fewest=FEWEST_ROWS, where=where)
        raise ModelError(few)
    at = {name: j for j, name in enumerate(names)}
    order = [name for name in names if name in set(ordered)]
    numeric = [name for name in names if name not in set(ordered)]
    problems = [m for o in order for m in _code_problems(x[:, at[o]], o, where)]
    problems += [m for c in numeric for m in _numeric_problems(used[:, at[c]], c, where)]
    _raise(problems)
    levels = {
        o: tuple(np.unique((categories or {}).get(o, used[:, at[o]])).tolist()) for o in order
    }
    _raise([m for o in order for m in _level_problems(used[:, at[o]], o, levels[o], where)])
    codes = np.array(
        [np.searchsorted(levels[o], used[:, at[o]]) for o in order], dtype=np.intp
    ).reshape(len(order), len(used))
    warnings = _warnings(codes, levels, n_read, where)
    warnings += [m for c in numeric for m in _two_valued(used[:, at[c]], c, where)]
    answers = Answers(
        p=len(names),
        n=len(used),
        ordered=np.array([at[o] for o in order], dtype=np.intp),
        numeric=np.array([at[c] for c in numeric], dtype=np.intp),
        codes=codes,
        sizes=np.array([len(levels[o]) for o in order], dtype=np.intp),
        raw=np.ascontiguousarray(used[:, [at[c] for c in numeric]].T),
        weights=None if w is None else w[complete] * (len(used) / w[complete].sum()),
    )
    return answers, levels, tuple(warnings)


def where_in(label: str) -> str:
    """The group as messages name it; empty where there is one."""
    return f" [{label}]" if label else ""


def _raise(problems: Sequence[Message]) -> None:
    if problems:
        raise ModelError(problems)


def _shape_problems(x: Array, names: Sequence[str], ordered: Sequence[str]) -> list[Message]:
    if x.ndim != 2 or x.shape[1] != len(names):
        return [message("sem.shape", rows=str(x.shape), names=len(names))]
    twice = sorted({n for n in names if list(names).count(n) > 1})
    found = [message("ordinal.duplicate_name", names=", ".join(twice))] if twice else []
    unknown = [o for o in ordered if o not in names]
    if unknown:
        known = ", ".join(names)
        found.append(message("ordinal.unknown_item", names=", ".join(unknown), known=known))
    return found


def _weight_problems(w: Array | None, n: int, where: str) -> list[Message]:
    if w is None:
        return []
    if w.shape != (n,):
        return [message("ordinal.weights_shape", shape=str(w.shape), n=n, where=where)]
    bad = np.flatnonzero(~(np.isfinite(w) & (w > 0)))
    return [message("ordinal.weights_values", rows=_rows(bad), where=where)] if len(bad) else []


def _rows(at: NDArray[np.intp]) -> str:
    """Row numbers counted from 1, the first few of them."""
    shown = ", ".join(str(int(i) + 1) for i in at[:SHOWN])
    return shown + (", …" if len(at) > SHOWN else "")


def _code_problems(column: Array, item: str, where: str) -> list[Message]:
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~np.isnan(column) & ~(column == np.round(column)) | np.isinf(column))
    if not len(bad):
        return []
    values = ", ".join(f"{v:g}" for v in np.unique(column[bad])[:SHOWN])
    return [message("ordinal.not_whole", item=item, values=values, rows=_rows(bad), where=where)]


def _numeric_problems(column: Array, item: str, where: str) -> list[Message]:
    if not np.isfinite(column).all():
        bad = np.flatnonzero(~np.isfinite(column))
        return [message("ordinal.infinite", item=item, count=len(bad), where=where)]
    if np.ptp(column) <= 1e-12 * np.abs(column).max():
        return [message("ordinal.constant", item=item, value=f"{column[0]:g}", where=where)]
    return []


def _level_problems(
    column: Array, item: str, levels: tuple[float, ...], where: str
) -> list[Message]:
    values, counts = np.unique(column, return_counts=True)
    if len(values) == 1:
        return [message("ordinal.constant", item=item, value=f"{values[0]:g}", where=where)]
    stray = [v for v in values.tolist() if v not in levels]
    if stray:
        return [
            message(
                "ordinal.undeclared_category", item=item, categories=_listed(stray),
                declared=_listed(levels), where=where,
            )
        ]  # fmt: skip
    empty = [v for v in levels if v not in values]
    if empty:
        tallies = dict(zip(values.tolist(), counts.tolist(), strict=True))
        shown = ", ".join(f"{v:g}: {tallies.get(v, 0)}" for v in levels)
        return [
            message(
                "ordinal.empty_category", item=item, categories=_listed(empty),
                counts=shown, where=where,
            )
        ]  # fmt: skip
    if len(levels) > TOO_MANY:
        return [message("ordinal.too_many_categories", item=item, count=len(levels), where=where)]
    rarest = int(counts.min())
    if len(levels) == 2 and rarest < RARE_COUNT and rarest < RARE_SHARE * len(column):
        code = f"{values[counts.argmin()]:g}"
        return [message("ordinal.rare_answer", item=item, category=code, count=rarest, where=where)]
    return []


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)


def _two_valued(column: Array, item: str, where: str) -> list[Message]:
    if len(np.unique(column)) > 2:
        return []
    return [message("ordinal.two_valued", item=item, where=where)]


def _warnings(
    codes: NDArray[np.intp], levels: Mapping[str, tuple[float, ...]], n_read: int, where: str
) -> list[Message]:
    found: list[Message] = []
    n = codes.shape[1]
    if len(levels) and n < n_read:
        found.append(
            message("ordinal.listwise", used=n, read=n_read, dropped=n_read - n, where=where)
        )
    sparse: list[str] = []
    for (item, codes_of), column in zip(levels.items(), codes, strict=True):
        counts = np.bincount(column, minlength=len(codes_of))
        sparse += [
            f"{item}={v:g} ({k})" for v, k in zip(codes_of, counts, strict=True) if k < SPARSE
        ]
        if len(codes_of) > MANY:
            count = len(codes_of)
            found.append(message("ordinal.many_categories", item=item, count=count, where=where))
    if sparse:
        cells = ", ".join(sparse)
        found.append(message("ordinal.sparse_category", cells=cells, fewest=SPARSE, where=where))
    return found
