"""Columns against each other: constants, copies, exact sums, empty overlaps, repeated rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import qr, solve_triangular

from analysis.data.codebook import Codebook, Item
from analysis.data.names import listed, number_text, rows_text
from analysis.errors import Message, message

Array = npt.NDArray[np.float64]
# A copy with noise of 1e-9 still correlates to twelve digits; 0.99999 is no answer behaviour.
_COPY = 0.99999
# Relative size of a pivot below which a column adds nothing; noise of 1e-9 lies below it too.
_RANK = 1e-6


def item_problems(X: Array, items: Sequence[Item]) -> tuple[list[Message], list[Message]]:
    """Errors and warnings about items that cannot be analysed together.

    Parameters
    ----------
    X : (n, p) answers, NaN where missing
    items : p codebook entries, in the columns' order

    Returns
    -------
    Errors (constant, copies, exact combinations, pairs nobody answered both of), and warnings
    (almost constant, scales that differ within a construct).
    """
    errors: list[Message] = []
    warnings: list[Message] = []
    usable = []
    for at, item in enumerate(items):
        error, warning = _spread(X[:, at], item.name)
        errors += error
        warnings += warning
        if not (error and error[0].code == "data.constant_item") and not np.isnan(X[:, at]).all():
            usable.append(at)
    shown = [items[at] for at in usable]
    pairs = _copies(X[:, usable], shown)
    errors += [problem for problem, _ in pairs]
    copies = {second for _, second in pairs}
    single = [at for at in usable if items[at].name not in copies]
    errors += _combinations(X[:, single], [items[at] for at in single])
    errors += list(_no_overlap(X[:, usable], shown))
    return errors, warnings


def _spread(x: Array, name: str) -> tuple[list[Message], list[Message]]:
    values, counts = np.unique(x[~np.isnan(x)], return_counts=True)
    n = int(counts.sum())
    if not n:
        return [], []
    most = number_text(float(values[np.argmax(counts)]))
    if len(values) == 1:
        return [message("data.constant_item", item=name, value=most, n=n)], []
    others = n - int(counts.max())
    # With fewer than 50 answers, five different ones are not to be asked for.
    least = max(5, int(np.ceil(0.01 * n))) if n >= 50 else 2
    if others < least:
        return [message("data.near_constant_item", item=name, value=most, others=others, n=n)], []
    if others < 0.05 * n:
        return [], [message("data.little_spread", item=name, value=most, others=others, n=n)]
    return [], []


def _standardized(X: Array) -> tuple[Array, Array]:
    sd = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(sd > 0, sd, 1.0), sd


def _copies(X: Array, items: Sequence[Item]) -> list[tuple[Message, str]]:
    """Pairs that correlate perfectly over the rows that answered both, with the later name."""
    if X.shape[1] < 2 or len(X) < 3:
        return []
    r = pd.DataFrame(X).corr(min_periods=3).to_numpy()
    found = []
    for i, j in zip(*np.nonzero(np.triu(np.abs(r) > _COPY, k=1))):
        first, second = items[i].name, items[j].name
        pair = message("data.identical_items", first=first, second=second, r=f"{r[i, j]:.3f}")
        found.append((pair, second))
    return found


def _combinations(X: Array, items: Sequence[Item]) -> list[Message]:
    """Items that are exact linear combinations of others, by QR with column pivoting."""
    found: dict[str, Message] = {}
    for part in _asked_together(items):
        block = X[:, part]
        block = block[~np.isnan(block).any(axis=1)]
        if len(part) > 2 and len(block) > len(part):
            names = [items[at].name for at in part]
            for dependent, text in _dependencies(block, names):
                found.setdefault(
                    dependent, message("data.combined_item", item=dependent, combination=text)
                )
    return list(found.values())


def _asked_together(items: Sequence[Item]) -> list[list[int]]:
    """Items asked of everybody, then these with the items of each design group."""
    everybody = [at for at, item in enumerate(items) if not item.asked_of]
    designs: dict[str, list[int]] = {}
    for at, item in enumerate(items):
        if item.asked_of:
            designs.setdefault(repr(sorted(item.asked_of.items())), []).append(at)
    return [everybody, *(sorted(everybody + some) for some in designs.values())]


def _dependencies(X: Array, names: Sequence[str]) -> list[tuple[str, str]]:
    Z, sd = _standardized(X)
    R, order = qr(Z, mode="r", pivoting=True)
    pivots = np.abs(np.diag(R))
    rank = int((pivots > _RANK * max(pivots[0], 1e-300)).sum())
    found = []
    for at in range(rank, len(names)):
        dependent = order[at]
        if sd[dependent] <= 0:
            continue
        weights = solve_triangular(R[:rank, :rank], R[:rank, at])
        raw = weights * sd[dependent] / np.where(sd[order[:rank]] > 0, sd[order[:rank]], 1.0)
        members = sorted(
            (int(order[k]), float(raw[k])) for k in range(rank) if abs(weights[k]) > 1e-5
        )
        if members:
            found.append(_solved_for_last(int(dependent), members, names))
    return found


def _solved_for_last(
    dependent: int, members: list[tuple[int, float]], names: Sequence[str]
) -> tuple[str, str]:
    """The relation with the item that comes last in the codebook on the left: sums come last."""
    relation = dict(members) | {dependent: -1.0}
    last = max(relation)
    scale = -relation.pop(last)
    terms = [(names[at], weight / scale) for at, weight in sorted(relation.items())]
    return names[last], f"{names[last]} = {_sum_text(terms)}"


def _sum_text(terms: Sequence[tuple[str, float]]) -> str:
    text = ""
    for name, weight in terms[:8]:
        size = "" if abs(abs(weight) - 1) < 1e-4 else f"{abs(weight):.3g}·"
        sign = "−" if weight < 0 else "+"
        text += f" {sign} {size}{name}" if text else f"{'−' if weight < 0 else ''}{size}{name}"
    return text + (" …" if len(terms) > 8 else "")


def _no_overlap(X: Array, items: Sequence[Item]) -> Iterator[Message]:
    seen = (~np.isnan(X)).astype(np.float64)
    both = seen.T @ seen
    empty = [
        (items[i].name, items[j].name)
        for i, j in zip(*np.nonzero(np.triu(both == 0, k=1)))
        if not _apart_by_design(items[i], items[j])
    ]
    if empty:
        pairs = listed([f"{a} × {b}" for a, b in empty], limit=5)
        yield message("data.no_overlap", first=empty[0][0], second=empty[0][1],
                      count=len(empty), pairs=pairs)  # fmt: skip


def _apart_by_design(first: Item, second: Item) -> bool:
    return any(
        not set(levels) & set(second.asked_of.get(group, levels))
        for group, levels in first.asked_of.items()
    )


def scale_mixes(codebook: Codebook) -> Iterator[Message]:
    """Constructs whose items have different ranges."""
    for construct in codebook.constructs:
        ranges: dict[str, list[str]] = {}
        for name in construct.items:
            item = codebook.item(name)
            if item.minimum is not None and item.maximum is not None:
                span = f"{item.minimum:g}–{item.maximum:g}"
                ranges.setdefault(span, []).append(name)
        if len(ranges) > 1:
            shown = "; ".join(f"{span}: {listed(names)}" for span, names in ranges.items())
            yield message("data.scales_differ", construct=construct.name, ranges=shown)


def duplicated_rows(X: Array, rows: Sequence[int], rest: pd.DataFrame) -> Iterator[Message]:
    """Rows equal in every answer and every other column; straight-lined ones do not count."""
    if X.shape[1] < 3:
        return
    answers = pd.DataFrame(X)
    twice = answers.duplicated(keep=False).to_numpy()
    if not twice.any():
        return
    # Texts and missing values compare as text; only rows with the same answers are looked at.
    whole = pd.concat([answers, rest.reset_index(drop=True)], axis=1)[twice]
    again = whole.astype(object).where(whole.notna(), None).astype(str).duplicated().to_numpy()
    found = np.flatnonzero(twice)[again].tolist()
    at = [rows[i] for i in found if len(np.unique(X[i][~np.isnan(X[i])])) > 1]
    if at:
        yield message("data.rows_duplicated", count=len(at), rows=rows_text(at))


def group_problems(
    X: Array, names: Sequence[str], labels: Sequence[str | None], *, group: str, least: int,
    levels: Mapping[str, object] | None = None,
) -> tuple[list[Message], list[Message]]:  # fmt: skip
    """What forbids (errors) or weakens (warnings) a comparison of groups.

    Parameters
    ----------
    X : (n, p) answers; names : p; labels : (n,) group of each row, None where unknown
    least : smallest group that may be compared; below 100 there is a warning
    levels : the groups to compare; all of them if None
    """
    errors: list[Message] = []
    warnings: list[Message] = []
    tags = np.array([label if label is not None else "" for label in labels], dtype=object)
    present = [str(t) for t in dict.fromkeys(sorted(set(tags))) if t != ""]
    wanted = list(levels) if levels else present
    if len(wanted) < 2:
        errors.append(message("data.groups_too_few", group=group, levels=listed(wanted)))
    for level in wanted:
        rows = X[tags == level]
        if len(rows) < least:
            errors.append(message("data.group_too_small", group=group, level=level, n=len(rows),
                                  least=least))  # fmt: skip
            continue
        if len(rows) < 100:
            warnings.append(message("data.group_below_100", group=group, level=level, n=len(rows)))
        for name, column in zip(names, rows.T):
            seen = column[~np.isnan(column)]
            if not len(seen):
                errors.append(message("data.group_item_empty", group=group, level=level, item=name))
            elif (seen == seen[0]).all():
                errors.append(
                    message("data.group_item_constant", group=group, level=level, item=name,
                            value=number_text(float(seen[0])))
                )  # fmt: skip
    return errors, warnings
