"""Timings of one fit per shipped study, ours and semopy's; failures stay as rows.

``python benchmarks/run.py [STUDY ...]`` prints one table. Set OPENBLAS_NUM_THREADS=1 as
``make bench`` does: more threads only wait for each other over matrices this small.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median

from analysis.data import list_studies, load_study
from analysis.errors import AnalysisError
from analysis.run.resolve import moments, observed, parse
from analysis.sem import sem

REPEATS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """Median time of ``work`` after one call to warm up."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * median(times)


def row(name: str) -> tuple[str, ...]:
    """Study, model, items, free parameters, outcome and times of its default model."""
    study = load_study(name)
    model = study.model()
    try:
        syntax = parse(model)
        data = moments(study.data, observed(syntax))
        solution = sem(syntax, data)
        fit = milliseconds(lambda: sem(syntax, data))
        whole = milliseconds(lambda: sem(syntax, data).modification_indices)
        second = solution.second_engine
        engine = milliseconds(lambda: sem(syntax, data).second_engine) - fit if second else None
    except AnalysisError as error:
        return name, model.name, "", "", error.messages[0].code, "", "", ""
    size = (str(len(solution.names)), str(solution.partable.n_free), solution.outcome.name)
    times = (f"{fit:.1f}", f"{whole:.1f}", "" if engine is None else f"{engine:.0f}")
    return name, model.name, *size, *times


def main(names: list[str]) -> None:
    """Print the table for the named studies, or for all."""
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "semopy"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {packages}\n")
    head = ("study", "model", "items", "free", "outcome", "fit ms", "with indices ms", "semopy ms")
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for name in names or [study.name for study in list_studies()]:
        print("| " + " | ".join(row(name)) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
