"""Bootstrap draws: against other engines, over two cores, and against the machine's limit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from analysis.rng import generator
from analysis.sem import Solution
from analysis.sem.resampling import bootstrap, warm
from analysis.sem.resampling.draws import Resampler, units_of
from benchmarks import peers
from benchmarks.cases import Case, bank, mobi, omnichannel
from benchmarks.timing import Row, compared, cpu, wall

DRAWS = 5000
MICRO = 1e6


def run(solution: Solution, *, workers: int = 1, draws: int = DRAWS) -> None:
    """Draws with percentile intervals of all parameters."""
    bootstrap(solution, draws=draws, seed=1, workers=workers, progress=False).intervals()


def rows() -> Iterator[Row]:
    """All rows of this topic."""
    warm()
    cases = [(omnichannel(), 1000.0), (bank(250), 1000.0), *((case, 200.0) for case in mobi())]
    for case, bar in cases:
        yield from against(case, bar)
    yield two_cores(omnichannel())
    yield from (limit(bank(n), bar) for n, bar in ((500, 6.0), (3000, 3.0)))


def against(case: Case, bar: float) -> Iterator[Row]:
    """CPU time a draw, moments and intervals included, against each engine's."""
    solution = case.solution
    lavaan = peers.lavaan_seconds("bootstrap", case, peers.DRAWS)
    engines = {
        "ours": lambda: MICRO * cpu(lambda: run(solution)) / DRAWS,
        peers.lavaan(): lambda: MICRO * lavaan(),
        peers.semopy(): lambda: MICRO * peers.semopy_draw(case),
    }
    bars = {peers.lavaan(): bar, peers.semopy(): bar}
    yield from compared(f"a bootstrap draw, {case.name}", engines, bars, "us", rounds=4)


def two_cores(case: Case) -> Row:
    """What a second thread gains, beside what it gains for work that shares nothing."""
    solution = case.solution
    one, two, free = np.inf, np.inf, 0.0
    for _ in range(4):
        one = min(one, wall(lambda: run(solution)))
        two = min(two, wall(lambda: run(solution, workers=2)))
        free = max(free, _threads_gain())
    return Row(
        f"two cores over one, {DRAWS:,} draws, {case.name}",
        f"{1e3 * two:.0f} ms, one {1e3 * one:.0f} ms",
        f"independent matrix products: {free:.2f}", one / two, 1.7,
    )  # fmt: skip


def _spin(_: int) -> None:
    a = np.ones((200, 200))
    for _ in range(100):
        a @ a


def _threads_gain() -> float:
    times = []
    for workers in (1, 2):
        with ThreadPoolExecutor(workers) as pool:
            times.append(wall(lambda pool=pool: list(pool.map(_spin, range(4)))))
    return times[0] / times[1]


def limit(case: Case, bar: float) -> Row:
    """Time a draw over that of its share in the one matrix product that all moments come from."""
    solution = case.solution
    (units,) = units_of(solution.fit.moments.groups)
    block = Resampler((units,), 1).block
    counts = generator(1, "limit").poisson(1.0, (block, len(units)))
    counts = counts.astype(units.products.dtype).T
    product = whole = np.inf
    for _ in range(3):
        whole = min(whole, MICRO * cpu(lambda: run(solution)) / DRAWS)
        for _ in range(5):
            least = cpu(lambda: [units.products @ counts for _ in range(20)])
            product = min(product, MICRO * least / 20 / block)
    rate = 2e-3 * units.products.size / product
    return Row(
        f"a draw over its moment product alone, {case.name}", f"{whole:.1f} us",
        f"product: {product:.1f} us, {rate:.0f} GFlop/s", whole / product, bar, most=True,
    )  # fmt: skip
