"""A correlation matrix as a paper prints it, with its N: data without rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from analysis.data.codebook import Codebook
from analysis.data.names import listed, nearest, twins
from analysis.data.tables import Node, finite, load_toml
from analysis.errors import InputError, Message, message

Array = npt.NDArray[np.float64]
Level = Literal["item", "construct"]
Diagonal = Literal["one", "sqrt_ave", "ave", "alpha", "absent"]
DIAGONALS: tuple[Diagonal, ...] = ("one", "sqrt_ave", "ave", "alpha", "absent")
SD_DIVISORS = ("n-1", "n", "unknown")
COEFFICIENTS = ("alpha", "cr", "ave")


@dataclass(frozen=True, slots=True)
class PublishedMatrix:
    """Moments from a publication.

    Attributes
    ----------
    names : p names, items or constructs of the codebook (see ``level``)
    n : respondents
    correlations : (p, p), symmetric, unit diagonal, positive definite, read-only
    means, sds : (p,) in the scale's units, or None if not published; read-only
    sd_divisor : what the SDs were divided by: "n-1", "n" or "unknown"
    reliability : coefficient ("alpha", "cr", "ave") -> construct -> value as published
    decimals : printed precision of the correlations, 0 if not said
    kind : how the correlations were computed, in words
    warnings : what is odd but does not stop
    """

    names: tuple[str, ...]
    n: int
    correlations: Array
    means: Array | None = None
    sds: Array | None = None
    level: Level = "item"
    sd_divisor: str = "n-1"
    reliability: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    decimals: int = 0
    kind: str = ""
    citation: str = ""
    source: str = ""
    notes: str = ""
    warnings: tuple[Message, ...] = ()

    def subset(self, names: Sequence[str]) -> PublishedMatrix:
        """The moments of some of the variables, in the order asked for.

        Raises
        ------
        InputError
            Naming unknown variables and the nearest known ones.
        """
        unknown = [
            message("data.unknown_name", key="names", value=name, kind="names",
                    near=listed(nearest(name, self.names) or self.names))
            for name in dict.fromkeys(names) if name not in self.names
        ]  # fmt: skip
        if unknown:
            raise InputError(unknown)
        at = [self.names.index(name) for name in names]
        return PublishedMatrix(
            names=tuple(names), n=self.n, correlations=_fixed(self.correlations[np.ix_(at, at)]),
            means=None if self.means is None else _fixed(self.means[at]),
            sds=None if self.sds is None else _fixed(self.sds[at]),
            level=self.level, sd_divisor=self.sd_divisor, reliability=self.reliability,
            decimals=self.decimals, kind=self.kind, citation=self.citation, source=self.source,
            notes=self.notes, warnings=self.warnings,
        )  # fmt: skip


def load_published(path: Path, codebook: Codebook) -> PublishedMatrix:
    """Reads ``moments.toml`` and checks it against the codebook.

    Raises
    ------
    InputError
        With one message for each problem: shape, range, N, unknown names, a matrix that is not
        positive definite (with its smallest eigenvalue).
    """
    problems: list[Message] = []
    root = Node(load_toml(path), "", problems)
    if root.integer("format", 1) != 1:
        root.problem("key_choice", "format", value=root.table["format"], near="1", options="1")
    for key in ("n", "names", "correlations"):
        root.required(key)
    names = root.strings("names")
    if isinstance(root.get("names"), list) and len(root.table["names"]) != len(names):
        root.problem("names_repeated", "names")
    n = root.integer("n", 0, least=1)
    level = cast(Level, root.choice("level", ("item", "construct"), "item"))
    diagonal = cast(Diagonal, root.choice("diagonal", DIAGONALS, "one"))
    reliability = _reliability(root, codebook, problems)
    correlations, printed = _triangle(root, names, diagonal)
    if diagonal in ("sqrt_ave", "ave", "alpha") and printed:
        values = [v * v if diagonal == "sqrt_ave" else v for v in printed]
        key = "alpha" if diagonal == "alpha" else "ave"
        reliability[key] = {**dict(zip(names, values)), **reliability.get(key, {})}
    means, sds = (_vector(root, key, len(names)) for key in ("means", "sds"))
    matrix = PublishedMatrix(
        names=names, n=n, correlations=correlations, means=means, sds=sds, level=level,
        sd_divisor=root.choice("sd_divisor", SD_DIVISORS, "n-1"), reliability=reliability,
        decimals=root.integer("decimals", 0), kind=root.string("kind"),
        citation=root.string("citation") or codebook.citation,
        source=root.string("source") or codebook.source, notes=root.string("notes"),
        warnings=tuple(_odd(names, n, means, sds, codebook)) if not problems else (),
    )  # fmt: skip
    root.finish()
    problems.extend(_names(names, level, codebook))
    if not problems:
        problems.extend(_definite(matrix))
    if problems:
        raise InputError(problems)
    return matrix


def _fixed(values: Array) -> Array:
    values = np.ascontiguousarray(values, dtype=np.float64)
    values.setflags(write=False)
    return values


def _triangle(root: Node, names: Sequence[str], diagonal: Diagonal) -> tuple[Array, list[float]]:
    """The full matrix with unit diagonal, and the printed diagonal where it is not 1."""
    rows, p = root.get("correlations"), len(names)
    matrix = np.eye(p)
    printed: list[float] = []
    if not isinstance(rows, list) or len(rows) != p:
        found = len(rows) if isinstance(rows, list) else 0
        root.problem("matrix_rows", "correlations", found=found, expected=p)
        return _fixed(matrix), printed
    for i, row in enumerate(rows):
        width = i if diagonal == "absent" else i + 1
        if isinstance(row, list) and len(row) == p != width:
            row = _lower_of_full(root, rows, i, width)
        if not isinstance(row, list) or len(row) != width:
            found = len(row) if isinstance(row, list) else 0
            root.problem(
                "matrix_width", f"correlations[{i + 1}]", row=names[i], found=found, expected=width
            )
            continue
        for j, raw in enumerate(row):
            value = finite(raw)
            if value is None or abs(value) > 1 or (j == i and value < 0):
                root.problem(
                    "matrix_value", f"correlations[{i + 1}]", row=names[i], column=names[j],
                    value=raw,
                )  # fmt: skip
            elif j < i:
                matrix[i, j] = matrix[j, i] = value
            elif diagonal == "one" and abs(value - 1) > 1e-9:
                root.problem("matrix_diagonal", f"correlations[{i + 1}]", row=names[i], value=raw)
            else:
                printed.append(value)
    return _fixed(matrix), ([] if diagonal in ("one", "absent") else printed)


def _lower_of_full(root: Node, rows: list[Any], i: int, width: int) -> list[Any]:
    """Row ``i`` of a matrix given in full, after checking that its upper half agrees."""
    row: list[Any] = rows[i]
    for j in range(i + 1, len(row)):
        other = rows[j][i] if isinstance(rows[j], list) and len(rows[j]) == len(row) else row[j]
        if other != row[j]:
            root.problem(
                "matrix_asymmetric", f"correlations[{i + 1}]", first=row[j], second=other,
                row=i + 1, column=j + 1,
            )  # fmt: skip
    return row[:width]


def _vector(root: Node, name: str, length: int) -> Array | None:
    raw = root.get(name)
    if raw is None:
        return None
    values = [finite(v) for v in raw] if isinstance(raw, list) else []
    if len(values) != length or any(v is None for v in values):
        root.problem("vector_length", name, found=len(values), expected=length)
        return None
    array = _fixed(np.array(values, dtype=np.float64))
    if name == "sds" and (array <= 0).any():
        root.problem("sd_not_positive", name, at=int(np.argmax(array <= 0)) + 1)
        return None
    return array


def _reliability(
    root: Node, codebook: Codebook, problems: list[Message]
) -> dict[str, dict[str, float]]:
    node = root.node("reliability")
    found: dict[str, dict[str, float]] = {}
    known = (*codebook.construct_names, *codebook.item_names)
    for coefficient in COEFFICIENTS:
        inner = node.node(coefficient)
        for name in inner.table:
            value = inner.number(name)
            if known and name not in known:
                inner.problem(
                    "unknown_name", name, value=name, kind="constructs",
                    near=listed(nearest(name, known) or known),
                )  # fmt: skip
            elif value is not None:
                found.setdefault(coefficient, {})[name] = value
    node.finish()
    return found


def _names(names: Sequence[str], level: Level, codebook: Codebook) -> Iterator[Message]:
    known = codebook.item_names if level == "item" else codebook.construct_names
    for name in names:
        if name not in known:
            near = listed(nearest(name, known) or known)
            yield message("data.unknown_name", key="names", value=name, kind=f"{level}s", near=near)
    for first, second in twins(list(names)):
        yield message("data.name_twins", first=first, second=second,
                      points_first="", points_second="")  # fmt: skip


def _definite(matrix: PublishedMatrix) -> Iterator[Message]:
    p = len(matrix.names)
    if matrix.n <= p:
        yield message("data.matrix_small_n", n=matrix.n, p=p)
    smallest, vectors = np.linalg.eigh(matrix.correlations)
    if smallest[0] <= 1e-8:
        weights = np.abs(vectors[:, 0])
        suspects = [matrix.names[i] for i in np.argsort(-weights, kind="stable")[:3]]
        yield message(
            "data.matrix_not_definite", eigenvalue=f"{smallest[0]:.3g}", suspects=listed(suspects)
        )


def _odd(
    names: Sequence[str], n: int, means: Array | None, sds: Array | None, codebook: Codebook
) -> Iterator[Message]:
    """Means outside the scale and SDs that no answers on the scale can have."""
    for i, name in enumerate(names):
        if name not in codebook.item_names or means is None:
            continue
        item = codebook.item(name)
        if item.minimum is None or item.maximum is None:
            continue
        low, high, mean = item.minimum, item.maximum, float(means[i])
        if not low <= mean <= high:
            yield message("data.mean_outside_scale", item=name, mean=f"{mean:g}",
                          minimum=f"{low:g}", maximum=f"{high:g}")  # fmt: skip
        elif sds is not None and n > 1:
            largest = float(np.sqrt((high - mean) * (mean - low) * n / (n - 1)))
            if sds[i] > largest * 1.005 + 1e-9:
                yield message("data.sd_impossible", item=name, sd=f"{sds[i]:g}",
                              largest=f"{largest:.3g}")  # fmt: skip
