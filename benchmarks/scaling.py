"""How the CPU time of a draw changes with draws, respondents, items and groups."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import bootstrap
from benchmarks.bootstrap import MICRO
from benchmarks.cases import Case, bank, factors
from benchmarks.timing import cpu

Table = tuple[tuple[str, ...], Iterator[tuple[str, ...]]]
LATER = 2


def tables() -> Iterator[Table]:
    """Tables with their heads."""
    core = bank(500).solution
    yield _head("draws"), (_line(f"{d:,}", core, d) for d in (100, 500, 1000, 5000, 20_000))
    sizes = (100, 250, 500, 1000, 3000, 10_000, 30_000)
    yield _head("respondents"), (_line(f"{n:,}", bank(n).solution, 2000) for n in sizes)
    items = (12, 24, 48, 96)
    yield _head("items, N 1,000"), (_line(str(p), factors(p, 1000).solution, 500) for p in items)
    groups = (1, 2, 4, 8)
    yield _head("groups of 500, 12 items"), (_line(str(g), in_groups(g), 500) for g in groups)


def in_groups(count: int) -> Solution:
    """Twelve items in groups with equal loadings and intercepts."""
    case: Case = factors(12, 500, groups=count)
    labels = [f"g{i // 500}" for i in range(len(case.rows))]
    equal = ["loadings", "intercepts"] if count > 1 else []
    moments = Moments.from_data(case.rows, case.names, group=labels if count > 1 else None)
    return sem(case.text, moments, group_equal=equal)


def _head(name: str) -> tuple[str, ...]:
    return name, "parameters", "us a draw", "evaluations", "improper", "failed"


def _line(name: str, solution: Solution, draws: int) -> tuple[str, ...]:
    found = bootstrap(solution, draws=draws, seed=1, workers=1, progress=False)
    times = [
        cpu(lambda: bootstrap(solution, draws=draws, seed=1, workers=1, progress=False).intervals())
        for _ in range(LATER)
    ]
    return (
        name, str(solution.partable.n_free), f"{MICRO * min(times) / draws:,.1f}",
        f"{found.refits.iterations.mean():.1f}", str(found.improper), str(found.failed),
    )  # fmt: skip
