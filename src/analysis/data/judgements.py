"""Files that a user may lay beside a study: benchmarks of an industry, comparisons of experts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.data.names import NO_LABEL, Label
from analysis.errors import InputError, Message, message

BENCHMARKS = "benchmarks.toml"
COMPARISONS = "comparisons.toml"
MEASURES = ("index", "nps")


@dataclass(frozen=True)
class Benchmark:
    """A published level to compare with; ``measure`` is an indicator's name, index or nps."""

    measure: str
    value: float
    label: Label
    source: str


def read_benchmarks(folder: Path, names: Sequence[str]) -> tuple[Benchmark, ...]:
    """Entries ``[[benchmark]]`` of ``benchmarks.toml``; none where there is no file.

    Raises
    ------
    InputError
        With one message for each entry without a known measure, a value or a source.
    """
    path = folder / BENCHMARKS
    if not path.is_file():
        return ()
    entries = _read(path).get("benchmark", [])
    good = (*MEASURES, *names)
    found, problems = [], []
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        measure, value = entry.get("measure"), entry.get("value")
        source = entry.get("source", "")
        if measure not in good:
            problems.append(_problem(number, f"measure = {measure!r}", ", ".join(good)))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(_problem(number, f"value = {value!r}", "a number"))
        elif not isinstance(source, str) or not source.strip():
            problems.append(_problem(number, "no source", 'source = "..."'))
        else:
            found.append(Benchmark(measure, float(value), _label(entry), source.strip()))
    if problems:
        raise InputError(problems)
    return tuple(found)


def read_comparisons(folder: Path, names: Sequence[str]) -> NDArray[np.float64] | None:
    """Pairwise comparisons (e, k, k) of the experts in ``comparisons.toml``; None without a file.

    Each table ``[expert.NAME]`` says ``"satisfaction / trust" = 3``: how many times as important
    the first is as the second. Pairs stand once, in either order.

    Raises
    ------
    InputError
        For a pair that is missing, twice there or of unknown names, or a ratio that is not > 0.
    """
    path = folder / COMPARISONS
    if not path.is_file():
        return None
    experts = _read(path).get("expert", {})
    at = {name: i for i, name in enumerate(names)}
    problems: list[Message] = []
    found = []
    for expert, entries in experts.items():
        matrix = np.eye(len(names))
        matrix[~np.eye(len(names), dtype=bool)] = np.nan
        for pair, ratio in entries.items():
            first, _, second = (part.strip() for part in pair.partition("/"))
            if first not in at or second not in at or first == second:
                problems.append(_comparison(expert, pair, ", ".join(names)))
            elif isinstance(ratio, bool) or not isinstance(ratio, int | float) or not ratio > 0:
                problems.append(_comparison(expert, f"{pair} = {ratio}", "> 0"))
            elif np.isfinite(matrix[at[first], at[second]]):
                problems.append(_comparison(expert, pair, "1 x"))
            else:
                matrix[at[first], at[second]] = ratio
                matrix[at[second], at[first]] = 1.0 / ratio
        missing = [
            f"{first} / {second}"
            for first, second in combinations(names, 2)
            if np.isnan(matrix[at[first], at[second]])
        ]
        problems += [message("loyalty_index.pair_missing", expert=expert, pair=p) for p in missing]
        found.append(matrix)
    if problems:
        raise InputError(problems)
    return np.array(found) if found else None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            message("loyalty_index.broken_file", file=path.name, reason=str(error))
        ) from None


def _label(entry: Mapping[str, Any]) -> Label:
    given = entry.get("label", "")
    if isinstance(given, str):
        return Label(given, given) if given else NO_LABEL
    return Label(str(given.get("en", "")), str(given.get("zh", "")))


def _problem(number: int, what: str, good: str) -> Message:
    return message("loyalty_index.bad_benchmark", number=number, what=what, good=good)


def _comparison(expert: str, what: str, good: str) -> Message:
    return message("loyalty_index.bad_comparison", expert=expert, what=what, good=good)
