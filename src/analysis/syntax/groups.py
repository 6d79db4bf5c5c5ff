"""Several groups: copies of the rows, what is released, labels that hold parameters equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.errors import ModelError, message
from analysis.syntax.diagnostics import nearest
from analysis.syntax.names import VariableNames
from analysis.syntax.options import PartableOptions
from analysis.syntax.rows import Row


def replicate(
    rows: list[Row], names: VariableNames, ordered: tuple[str, ...], options: PartableOptions
) -> list[Row]:
    """The rows of all groups, those of later groups released as the equalities allow."""
    result = list(rows)
    for group in range(2, options.n_groups + 1):
        copies = [replace(row, group=group) for row in rows]
        _release(copies, names, ordered, options)
        result += copies
    return result


def _release(
    rows: list[Row], names: VariableNames, ordered: tuple[str, ...], options: PartableOptions
) -> None:
    equal = options.group_equal
    means = (
        not options.int_lv_free
        and bool(equal & {"intercepts", "thresholds"})
        and "means" not in equal
    )
    variances = options.std_lv and "loadings" in equal and "lv.variances" not in equal
    scaled = any(row.op == "~*~" for row in rows) and "thresholds" in equal
    delta = scaled and options.parameterization == "delta" and options.auto_delta
    theta = scaled and options.parameterization == "theta"
    for row in rows:
        latent = row.lhs in names.latent
        if (
            (means and row.op == "~1" and latent and not row.user)
            or (variances and row.is_variance and latent and not row.user)
            or (delta and row.op == "~*~")
            or (theta and row.is_variance and row.lhs in ordered)
        ):
            row.release()


def apply_modifiers(rows: list[Row], n_groups: int) -> bool:
    """Put what the text says of each parameter into its rows, one value per group.

    Fixed values go first, so that ``start(0.5)*x + NA*x`` is free and starts at 0.5.

    Returns
    -------
    bool
        Whether one label stands for a parameter of several groups.
    """
    single_label = False
    for row in rows:
        for modifier in sorted(row.modifiers, key=lambda m: m.kind != "fixed"):
            shared = len(modifier.values) == 1
            single_label |= shared and n_groups > 1 and modifier.kind == "label"
            _apply(row, modifier.kind, modifier.values[0 if shared else row.group - 1])
    return single_label


def _apply(row: Row, kind: str, value: float | str | None) -> None:
    if kind == "label":
        row.label = str(value)
        return
    number = None if value is None else float(value)
    if kind == "fixed":
        row.free, row.ustart = (1, None) if number is None else (0, number)
    elif kind == "start":
        row.ustart = number
    elif kind == "lower":
        row.lower = number
    else:
        row.upper = number


def element_label(row: Row) -> str:
    """The label that lavaan gives a parameter without one: sides and operator, then the group."""
    suffix = f".g{row.group}" if row.group > 1 else ""
    return f"{row.lhs}{row.op}{row.rhs}{suffix}"


def equality_labels(
    rows: Sequence[Row], names: VariableNames, options: PartableOptions
) -> list[str]:
    """One label per row; rows with the same label are held equal."""
    labels = [element_label(row) for row in rows]
    if options.n_groups > 1 and options.group_equal:
        partial = _partial(rows, labels, options)
        shared = {
            row.key
            for row, label in zip(rows, labels, strict=True)
            if row.group == 1 and label not in partial and _is_equal(row, names, options)
        }
        labels = [
            "".join(row.key) if row.key in shared else label
            for row, label in zip(rows, labels, strict=True)
        ]
    return [row.label or label for row, label in zip(rows, labels, strict=True)]


def _is_equal(row: Row, names: VariableNames, options: PartableOptions) -> bool:
    """Whether ``group_equal`` covers a row."""
    equal = options.group_equal
    observed, latent = row.lhs in names.observed_nox, row.lhs in names.latent
    variance = row.lhs == row.rhs
    if row.op == "=~":
        return "loadings" in equal
    if row.op == "~":
        return "regressions" in equal
    if row.op == "|":
        return "thresholds" in equal
    if row.op == "~1":
        return (observed and "intercepts" in equal) or (latent and "means" in equal)
    if row.op == "~~" and observed:
        return ("residuals" if variance else "residual.covariances") in equal
    if row.op == "~~" and latent:
        return ("lv.variances" if variance else "lv.covariances") in equal
    return False


def _partial(rows: Sequence[Row], labels: Sequence[str], options: PartableOptions) -> set[str]:
    known = {label for row, label in zip(rows, labels, strict=True) if row.group == 1}
    wanted: set[str] = set()
    problems = []
    for entry in options.group_partial:
        label = "".join(entry.split())
        left, covariance, right = label.partition("~~")
        if label not in known and covariance:
            label = f"{right}~~{left}"
        if label not in known:
            close = nearest(label, known) or min(known)
            problems.append(message("syntax.unknown_partial", found=entry, nearest=close))
        wanted.add(label)
    if problems:
        raise ModelError(problems)
    return wanted
