"""Single fits with standard errors and fit indices, from rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from math import nan

from analysis.sem import Solution, sem
from benchmarks import peers
from benchmarks.cases import Case, factors, holed, omnichannel, ordered
from benchmarks.timing import Row, compared, cpu

MILLI = 1e3


def rows() -> Iterator[Row]:
    """All rows of this topic."""
    core, large, small = omnichannel(), factors(24, 3000), factors(12, 3000)
    categories = ordered(large)
    texts = (f"{core.text}\n# {number}" for number in count())  # nothing is kept for any of them
    yield from against(
        "ML fit",
        "ml",
        core,
        lambda: sem(core.text, core.moments),
        50.0,
        times=(50, 10),
        second=True,
        rounds=4,
    )
    yield from against(
        "ML fit of a new text", "ml", core, lambda: sem(next(texts), core.moments), nan,
        times=(50, 10),
    )  # fmt: skip
    yield from against(
        "WLSMV fit with polychorics", "wlsmv", categories,
        lambda: sem(categories.text, categories.moments, ordered=categories.names), 10.0,
    )  # fmt: skip
    for case in (holed(small), holed(large)):
        yield from against(
            "FIML fit", "fiml", case,
            lambda case=case: sem(case.text, case.moments, missing="fiml"), 10.0, rounds=1,
        )  # fmt: skip


def against(
    what: str, kind: str, case: Case, fit: Callable[[], Solution], bar: float, *,
    times: tuple[int, int] = (1, 1), second: bool = False, rounds: int = 2,
) -> Iterator[Row]:  # fmt: skip
    """CPU time of ``times`` fits, ours and lavaan's, and of one of semopy's as ``second`` peer."""
    lavaan, name = peers.lavaan_seconds(kind, case, times[1]), peers.lavaan()
    engines = {
        "ours": lambda: MILLI * cpu(lambda: [whole(fit()) for _ in range(times[0])]) / times[0],
        name: lambda: MILLI * lavaan(),
    }
    bars = {name: bar}
    if second:
        engines[peers.semopy()] = lambda: MILLI * peers.semopy_fit(case)
        bars[peers.semopy()] = bar
    whole(fit())
    yield from compared(f"{what}, {case.name}", engines, bars, "ms", rounds)


def whole(solution: Solution) -> None:
    """What lavaan's ``fitMeasures(sem(...))`` computes: standard errors and fit measures."""
    solution.inference.se, solution.measures  # noqa: B018
