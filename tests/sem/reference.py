"""lavaan's results for a model, and every number in which a solution differs from them."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analysis.sem import Moments, Solution
from analysis.sem.stacked import compared

Array = np.ndarray

# A number is right when |ours - theirs| <= atol + rtol |theirs|. Reference files hold twelve
# digits of an optimum polished to a gradient near 1e-11, so the atol stands for that noise.
NUMBERS = (1e-5, 1e-8)
INDICES = (1e-6, 1e-8)
# lavaan inverts the noncentral chi-square to 1.2e-4 only (uniroot's default).
LIMITS = (1e-4, 1e-4)
BARS = {"measure": INDICES, "limit": LIMITS}
RAW = Path(__file__).resolve().parents[2] / "data" / "raw"
# lavaan divides by 1 where a raw residual is below this.
LAVAAN_ZERO_RESIDUAL = 1e-4


@dataclass(frozen=True)
class Reference:
    """lavaan's numbers for one fit; ``None`` and absent parts were not computed.

    Keys of ``r2`` and ``matrices`` end in the group's number from the second on (``x1 [2]``).
    """

    model: str
    estimates: tuple[Mapping[str, Any], ...]
    measures: Mapping[str, float]
    modification: tuple[Mapping[str, Any], ...] = ()
    r2: Mapping[str, float] = field(default_factory=dict)
    matrices: Mapping[str, tuple[list[str], Array]] = field(default_factory=dict)
    scores: Mapping[str, tuple[list[str], Array]] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One number in both programs."""

    kind: str
    name: str
    ours: float
    theirs: float

    def excess(self, bars: Mapping[str, tuple[float, float]]) -> float:
        """How many times the bar it is off: above 1 is wrong."""
        kind = bars.get(self.kind, BARS.get(self.kind, NUMBERS))
        rtol, atol = bars.get(self.name, kind) if self.kind in BARS else kind
        both_missing = not np.isfinite(self.ours) and not np.isfinite(self.theirs)
        error = abs(self.ours - self.theirs) / (atol + rtol * abs(self.theirs))
        return 0.0 if both_missing else float(error) if np.isfinite(error) else float("inf")

    @property
    def relative(self) -> float:
        """Relative difference; to 0.001 where lavaan's number is near 0."""
        if not np.isfinite(self.ours) and not np.isfinite(self.theirs):
            return 0.0
        error = abs(self.ours - self.theirs) / (0.001 + abs(self.theirs))
        return float(error) if np.isfinite(error) else float("inf")


def assert_equal_lavaan(
    solution: Solution,
    reference: Reference,
    *,
    bars: Mapping[str, tuple[float, float]] | None = None,
    skip: frozenset[str] = frozenset(),
) -> None:
    """Every number that lavaan reports, within the bars; ``skip`` leaves kinds or names out."""
    found = [d for d in differences(solution, reference) if not {d.kind, d.name} & skip]
    assert found, "nothing was compared"
    wrong = sorted(found, key=lambda d: -d.excess(bars or {}))
    lines = [
        f"{d.kind} {d.name}: {d.ours!r} instead of {d.theirs!r} ({d.excess(bars or {}):.3g} bars)"
        for d in wrong[:12]
        if not d.excess(bars or {}) <= 1.0
    ]
    assert not lines, "\n".join(lines)


def differences(solution: Solution, ref: Reference) -> Iterator[Difference]:
    """All numbers that both report."""
    yield from _estimates(solution, ref)
    for name, value in ref.measures.items():
        if name in solution.measures and value is not None:
            kind = "limit" if name.startswith("rmsea.ci.") else "measure"
            yield Difference(kind, name, solution.measures[name].value, value)
    yield from _modification(solution, ref)
    for key, value in ref.r2.items():
        name, group = _split(key)
        yield Difference("r2", key, solution.r2_of(group).get(name, np.nan), _float(value))
    yield from _matrices(solution, ref)


def _estimates(solution: Solution, ref: Reference) -> Iterator[Difference]:
    ours = {(e.lhs, e.op, e.rhs, e.group): e for e in solution.estimates}
    for row in ref.estimates:
        group = 0 if row["op"] == ":=" else row.get("group", 1)
        key = (row["lhs"], row["op"], row["rhs"], group)
        name = " ".join(key[:3]) + (f" [{group}]" if group > 1 else "")
        e = ours.get(key)
        assert e is not None, f"{name} is not among the estimates"
        yield Difference("est", name, e.est, _float(row["est"]))
        yield Difference("se", name, _zero(e.se), _zero(row["se"]))
        yield Difference("std.lv", name, e.std_lv, _float(row["std.lv"]))
        yield Difference("std.all", name, e.std_all, _float(row["std.all"]))
        yield Difference("std.all.se", name, _zero(e.std_all_se), _zero(row["std.all.se"]))


def _modification(solution: Solution, ref: Reference) -> Iterator[Difference]:
    exogenous = {r.lhs for r in solution.partable.rows if r.exo}
    ours = {}
    for m in solution.modification_indices:
        ours[(m.lhs, m.op, m.rhs, m.group)] = m
        if m.op == "~~":
            ours[(m.rhs, m.op, m.lhs, m.group)] = m
    for row in ref.modification:
        key = (row["lhs"], row["op"], row["rhs"], row.get("group", 1))
        name = " ".join(key[:3])
        # Rounding noise about a parameter that changes nothing, and (see
        # test_modification_never_points_at_fixed_covariates) effects on fixed covariates.
        # Scales of ordered items are no parameters of their own here either.
        covariate = row["lhs"] in exogenous and row["op"] == "~"
        if row["mi"] < 1e-8 or covariate or row["op"] == "~*~":
            continue
        m = ours.get(key)
        assert m is not None, f"{name} is not among the modification indices"
        values = (("mi", m.mi), ("epc", m.epc), ("sepc.lv", m.sepc_lv), ("sepc.all", m.sepc_all))
        for kind, value in values:
            # Residuals with a negative variance have no standard deviation to divide by; lavaan
            # takes that of the absolute value.
            if kind in row and (kind in ("mi", "epc") or np.isfinite(value)):
                yield Difference(kind, name, value, _float(row[kind]))


def _matrices(solution: Solution, ref: Reference) -> Iterator[Difference]:
    for key, (names, theirs) in ref.matrices.items():
        kind, group = _split(key)
        own_names, values = _own_matrix(solution, kind, group)
        raw = solution.residuals_by_group[group].raw
        at = [own_names.index(name) for name in names]
        block = values[np.ix_(at, at)]
        for i, j in zip(*np.tril_indices(len(names))):
            zero = kind == "residual.se" and abs(raw[at[i], at[j]]) < LAVAAN_ZERO_RESIDUAL
            if not zero:
                name = f"{names[i]} {names[j]}" + (f" [{group + 1}]" if group else "")
                yield Difference(kind, name, block[i, j], theirs[i, j])


def _own_matrix(solution: Solution, kind: str, group: int) -> tuple[tuple[str, ...], Array]:
    residuals = solution.residuals_by_group[group]
    if kind == "implied":
        return solution.names, compared(solution.fit)[group].Sigma
    if kind == "latent":
        return solution.latent, solution.latent_covariance[group]
    if kind == "residual.se":
        with np.errstate(divide="ignore", invalid="ignore"):
            return residuals.names, residuals.raw / residuals.z
    return residuals.names, residuals.raw if kind == "residual" else residuals.cor


def _split(key: str) -> tuple[str, int]:
    """Name and group (from 0) of ``name [2]``."""
    name, _, number = key.partition(" [")
    return name, int(number.removesuffix("]")) - 1 if number else 0


def score_differences(solution: Solution, rows: Array, ref: Reference) -> Iterator[Difference]:
    """Factor scores of the first answers; ``rows`` (n, p) in the order of ``solution.names``."""
    for method, (names, theirs) in ref.scores.items():
        ours = solution.factor_scores(rows[: len(theirs)], method=method)  # type: ignore[arg-type]
        ours = ours[:, [solution.latent.index(name) for name in names]]
        for (i, j), value in np.ndenumerate(theirs):
            yield Difference(f"scores.{method}", f"{names[j]} {i + 1}", ours[i, j], value)


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _zero(value: float | None) -> float:
    """A standard error, 0 where the parameter is fixed (lavaan: 0 or null)."""
    return 0.0 if value is None or not np.isfinite(value) else float(value)


# Reference files: those of the product are compact, those beside it hold all that lavaan says.


def compact(raw: Mapping[str, Any]) -> Reference:
    """One object of the files made by ``golden/make_golden.R``."""

    def table(name: str) -> tuple[Mapping[str, Any], ...]:
        part = raw.get(name) or {"columns": [], "rows": []}
        return tuple(dict(zip(part["columns"], row, strict=True)) for row in part["rows"])

    def matrix(part: Mapping[str, Any]) -> tuple[list[str], Array]:
        p = len(part["names"])
        full = np.zeros((p, p))
        full[np.tril_indices(p)] = [_float(v) for v in part["lower"]]
        return part["names"], full + np.tril(full, -1).T

    return Reference(
        model=raw["model"],
        estimates=table("estimates"),
        measures=raw["measures"],
        modification=table("modification"),
        r2=raw.get("r2") or {},
        matrices={kind: matrix(part) for kind, part in (raw.get("matrices") or {}).items()},
        scores={
            method: (part["names"], np.array(part["rows"], dtype=float))
            for method, part in (raw.get("scores") or {}).items()
        },
        raw=raw,
    )


_SHARED_MATRICES = (
    ("implied", ("implied", "cov")),
    ("latent", ("cov.lv",)),
    ("residual", ("residuals_raw", "cov")),
    ("residual.se", ("residuals_raw", "cov.se")),
    ("residual.cor", ("residuals_cor.bentler", "cov")),
)


def read_shared(path: Path) -> Reference:
    """A file of the shared reference results."""
    raw = json.loads(path.read_text("utf-8"))

    def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return row["lhs"], row["op"], row["rhs"], row.get("group", 1)

    std_se = {key(r): r.get("se") for r in raw["standardizedSolution"]}
    estimates = [
        {**r, "std.all.se": std_se.get(key(r))}
        for r in raw["parameterEstimates"]
        if r["op"] not in ("==", "<", ">")
    ]
    matrices = {}
    for kind, keys in _SHARED_MATRICES:
        for ending, part in _by_group(raw.get(keys[0]) or {}):
            for name in keys[1:]:
                part = part.get(name) or {}
            if part and part["rows"]:
                matrices[kind + ending] = (part["rows"], np.array(part["values"], dtype=float))
    scores = {
        method: (part["cols"], np.array(part["values"], dtype=float))
        for method, part in (
            ("regression", raw.get("fscores_regression_head10")),
            ("Bartlett", raw.get("fscores_bartlett_head10")),
        )
        if part
    }
    modification = raw["modindices"]
    if not isinstance(modification, list):
        modification = []
    r2 = _by_group(raw.get("rsquare") or {})
    return Reference(
        model=raw["model"],
        estimates=tuple(estimates),
        measures=raw["fitMeasures"],
        modification=tuple(row for row in modification if "mi" in row),
        r2={name + ending: value for ending, part in r2 for name, value in part.items()},
        matrices=matrices,
        scores=scores,
        raw=raw,
    )


def _by_group(part: Any) -> list[tuple[str, Any]]:
    """Parts of all groups with the ending of their keys; one part where there are no groups."""
    if not isinstance(part, dict) or "error" in part:
        return []
    grouped = part and not {"rows", "cov", "type"} & set(part)
    if not grouped or not all(isinstance(value, dict) for value in part.values()):
        return [("", part)]
    return [(f" [{g}]" if g > 1 else "", value) for g, value in enumerate(part.values(), 1)]


# Data


@cache
def read_labels(path: Path, column: str) -> tuple[str, ...]:
    """A text column of a CSV file."""
    with path.open(encoding="utf-8") as file:
        return tuple(row[column] for row in csv.DictReader(file))


@cache
def read_columns(path: Path) -> Mapping[str, Array]:
    """Numeric columns of a CSV file by name; text and gaps are NaN."""
    with path.open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {name: np.array([_number(row[i]) for row in rows]) for i, name in enumerate(header)}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def variables_in(text: str, columns: Mapping[str, Array]) -> list[str]:
    """Columns that a model text names."""
    words = set(text.replace("*", " ").replace("+", " ").replace("~", " ").split())
    return [name for name in columns if name in words]


@cache
def published(study: str) -> Moments:
    """Moments of a study's published matrix."""
    given = tomllib.loads((RAW / study / "moments.toml").read_text("utf-8"))
    p = len(given["names"])
    R = np.zeros((p, p))
    for i, row in enumerate(given["correlations"]):
        R[i, : i + 1] = R[: i + 1, i] = row
    np.fill_diagonal(R, 1.0)
    return Moments.from_published(
        names=given["names"], n=given["n"], correlations=R, sds=given.get("sds"),
        means=given.get("means"),
    )  # fmt: skip
