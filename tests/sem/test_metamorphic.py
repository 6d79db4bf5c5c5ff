"""What must not change when the same information is given in another form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis.sem import Moments, Solution, sem
from analysis.sem.constraints import Constraints
from analysis.sem.fit import make_objective
from analysis.sem.model import compile_model
from analysis.sem.optimize import minimize
from analysis.syntax import PartableOptions, parse_model, partable

Array = np.ndarray

# Both solutions are minima to a Newton decrement of 1e-10, so that standardized results differ by
# about that; 1e-8 leaves room for the condition of the information matrix.
SAME = 1e-8

ITEMS = tuple(f"x{i}" for i in range(1, 10))
MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ a*visual
speed ~ b*textual + c*visual
x1 ~~ x9
indirect := a*b
total := c + a*b
"""


@pytest.fixture(name="rows")
def fixture_rows(holzinger: pd.DataFrame) -> Array:
    return holzinger[list(ITEMS)].to_numpy(float)


def fit_rows(rows: Array, names: tuple[str, ...] = ITEMS, model: str = MODEL) -> Solution:
    return sem(model, Moments.from_data(rows, names))


Key = tuple[str, str, str]


def standardized(solution: Solution) -> dict[Key, tuple[float, float]]:
    """std.all and its standard error by row; covariances by sorted names."""
    found = {}
    for e in solution.estimates:
        pair = sorted((e.lhs, e.rhs)) if e.op == "~~" else [e.lhs, e.rhs]
        found[(pair[0], e.op, pair[1])] = (e.std_all, e.std_all_se)
    return found


FREE_OF_SCALE = (
    "chisq",
    "df",
    "cfi",
    "tli",
    "rmsea",
    "rmsea.ci.lower",
    "srmr",
    "crmr",
    "gfi",
    "nfi",
)


def assert_same(
    ours: Solution,
    theirs: Solution,
    *,
    rename: Callable[[str], str] = str,
    sign: Callable[[Key], float] = lambda key: 1.0,
    tolerance: float = SAME,
) -> None:
    """Standardized estimates, their standard errors and scale-free measures agree."""
    assert ours.outcome is theirs.outcome
    a, b = standardized(ours), standardized(theirs)
    renamed = {}
    for (lhs, op, rhs), value in b.items():
        pair = [rename(lhs), rename(rhs)]
        pair = sorted(pair) if op == "~~" else pair
        renamed[(pair[0], op, pair[1])] = value
    assert a.keys() == renamed.keys()
    for key, (value, se) in a.items():
        assert value * sign(key) == pytest.approx(renamed[key][0], abs=tolerance), key
        same_se = math.isnan(se) and math.isnan(renamed[key][1])
        assert same_se or se == pytest.approx(renamed[key][1], abs=tolerance), key
    for name in FREE_OF_SCALE:
        ours_value, theirs_value = ours.measures[name].value, theirs.measures[name].value
        assert ours_value == pytest.approx(theirs_value, rel=tolerance, abs=tolerance), name


def test_rows_and_columns_in_another_order(rows: Array) -> None:
    random = np.random.default_rng(1)
    order = random.permutation(len(rows))
    columns = random.permutation(len(ITEMS))
    shuffled = rows[order][:, columns]
    assert_same(fit_rows(shuffled, tuple(ITEMS[i] for i in columns)), fit_rows(rows))


def test_lines_and_indicators_in_another_order(rows: Array) -> None:
    """The marker moves with the order, which is another scale of the same factor."""
    other = """
    speed ~ c*visual + b*textual
    textual ~ a*visual
    speed =~ x9 + x8 + x7
    textual =~ x6 + x4 + x5
    x9 ~~ x1
    visual =~ x2 + x3 + x1
    total := c + a*b
    indirect := a*b
    """
    assert_same(fit_rows(rows, model=other), fit_rows(rows))


@pytest.mark.parametrize(
    "names",
    [
        {"x1": "外观整洁", "x2": "员工友善", "visual": "有形性", "speed": "响应性", "a": "路径一"},
        {"x1": "q", "x9": "a.b_c", "visual": "x", "textual": "Σ", "total": "T"},
    ],
)
def test_other_names_and_labels(rows: Array, names: dict[str, str]) -> None:
    def rename(word: str) -> str:
        return re.sub(r"[A-Za-z]\w*", lambda m: names.get(m.group(), m.group()), word)

    renamed = tuple(rename(name) for name in ITEMS)
    assert_same(fit_rows(rows, renamed, rename(MODEL)), fit_rows(rows), rename=rename)


@pytest.mark.parametrize("power", range(-8, 9))
def test_one_item_in_another_unit(rows: Array, power: int) -> None:
    """Milliseconds in place of days: also for a marker (x1) and an outcome's item (x8)."""
    base = fit_rows(rows)
    for column in (0, 7):
        scaled = rows.copy()
        scaled[:, column] *= 10.0**power
        assert_same(fit_rows(scaled), base)


def test_all_items_in_another_unit(rows: Array) -> None:
    base = fit_rows(rows)
    for power in (-8, 8):
        assert_same(fit_rows(rows * 10.0**power), base)


def test_units_mixed_over_sixteen_orders_of_magnitude(rows: Array) -> None:
    scales = 10.0 ** np.array([8, -8, 3, -5, 0, 7, -2, 5, -7])
    assert_same(fit_rows(rows * scales), fit_rows(rows))


def test_large_offset(rows: Array) -> None:
    """Adding 1e9 leaves seven digits of the data, and so of the result."""
    base = fit_rows(rows)
    assert_same(fit_rows(rows + 1e9), base, tolerance=1e-6)
    assert_same(fit_rows(rows + 1e6), base)
    # Integers stay exact under the offset.
    whole = np.round(rows * 4)
    assert_same(fit_rows(whole + 1e9), fit_rows(whole), tolerance=1e-7)


@pytest.mark.parametrize("item", ["x2", "x9"])
def test_reversed_item_flips_its_own_signs_only(rows: Array, item: str) -> None:
    column = ITEMS.index(item)
    reversed_rows = rows.copy()
    reversed_rows[:, column] = 10.0 - reversed_rows[:, column]

    def sign(key: Key) -> float:
        lhs, op, rhs = key
        touches = (lhs == item) != (rhs == item)
        return -1.0 if touches and op in ("=~", "~~") else 1.0

    assert_same(fit_rows(reversed_rows), fit_rows(rows), sign=sign)


def test_reversed_marker_flips_its_factor(rows: Array) -> None:
    reversed_rows = rows.copy()
    reversed_rows[:, 0] *= -1.0

    def sign(key: Key) -> float:
        lhs, op, rhs = key
        if op == ":=":
            return -1.0  # both defined effects start at the factor
        flipped = {"visual", "x1"}
        if op == "=~":
            return -1.0 if (lhs in flipped) != (rhs in flipped) else 1.0
        return -1.0 if (lhs in flipped) != (rhs in flipped) else 1.0

    assert_same(fit_rows(reversed_rows), fit_rows(rows), sign=sign)


def test_every_respondent_twice(rows: Array) -> None:
    once, twice = fit_rows(rows), fit_rows(np.vstack([rows, rows]))
    assert twice.measures["chisq"].value == pytest.approx(
        2 * once.measures["chisq"].value, rel=1e-9
    )
    for a, b in zip(once.estimates, twice.estimates, strict=True):
        assert b.est == pytest.approx(a.est, abs=SAME)
        assert b.se == pytest.approx(a.se / math.sqrt(2), abs=SAME, nan_ok=True)
        assert b.std_all_se == pytest.approx(a.std_all_se / math.sqrt(2), abs=SAME, nan_ok=True)


def test_published_covariances_equal_rows(rows: Array) -> None:
    cov = np.cov(rows.T)
    sd = np.sqrt(np.diag(cov))
    n = len(rows)
    base = fit_rows(rows)
    given = {
        "covariances": {"covariances": cov},
        "correlations and sds": {"correlations": cov / np.outer(sd, sd), "sds": sd},
        "correlations alone": {"correlations": cov / np.outer(sd, sd)},
    }
    for moments in given.values():
        assert_same(sem(MODEL, Moments.from_published(names=ITEMS, n=n, **moments)), base)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "model",
    [
        MODEL.replace("x1 + x2 + x3", "NA*x1 + 1*x2 + x3"),
        MODEL.replace("x4 + x5 + x6", "NA*x4 + x5 + 2.5*x6"),
    ],
)
def test_another_marker_leaves_the_fit(rows: Array, model: str) -> None:
    assert_same(fit_rows(rows, model=model), fit_rows(rows))


@pytest.mark.parametrize(
    "options", [{"std_lv": True}, {"effect_coding": True}, {"meanstructure": True}]
)
def test_another_scale_of_factors_leaves_the_fit(rows: Array, options: dict[str, bool]) -> None:
    base = fit_rows(rows)
    other = sem(MODEL, Moments.from_data(rows, ITEMS), **options)  # type: ignore[arg-type]
    a, b = standardized(base), standardized(other)
    for key, value in a.items():
        # What is fixed for scale in one has a standard error in the other; std.all does not care.
        assert b[key][0] == pytest.approx(value[0], abs=SAME), key
        if value[1] > 0 and b[key][1] > 0:
            assert b[key][1] == pytest.approx(value[1], abs=SAME), key
    same = [
        m
        for m in FREE_OF_SCALE
        if not options.get("meanstructure") or m not in ("srmr", "crmr", "gfi")
    ]
    for name in same:
        assert other.measures[name].value == pytest.approx(base.measures[name].value, rel=SAME)


def test_wishart_changes_chi_square_by_n_less_one_over_n(rows: Array) -> None:
    base = fit_rows(rows)
    other = sem(MODEL, Moments.from_data(rows, ITEMS), likelihood="wishart")
    n = len(rows)
    assert other.measures["chisq"].value == pytest.approx(
        base.measures["chisq"].value * (n - 1) / n, rel=1e-9
    )
    for key, (value, _) in standardized(base).items():
        assert standardized(other)[key][0] == pytest.approx(value, abs=SAME)


def test_random_starts_find_the_same_minimum(rows: Array) -> None:
    """Twenty starts: the same minimum, or no minimum and so; never another one."""
    moments = Moments.from_data(rows, ITEMS)
    table = partable(parse_model(MODEL), observed=ITEMS, options=PartableOptions())
    model = compile_model(table, moments.select(table.observed))
    objective = make_objective(model, moments.select(table.observed), "ML")
    constraints = Constraints.of(model)
    best = fit_rows(rows).fit
    random = np.random.default_rng(20)
    found = reached = 0
    while found < 20:
        start = best.theta * random.uniform(0.3, 2.0, len(best.theta)) + random.normal(
            0, 0.1, len(best.theta)
        )
        if not np.isfinite(objective.value(start)):
            continue
        found += 1
        optimum = minimize(objective, start, constraints)
        if optimum.converged:
            reached += 1
            assert optimum.value == pytest.approx(best.value, abs=1e-9)
            np.testing.assert_allclose(optimum.theta, best.theta, atol=1e-6)
    assert reached >= 18  # wild starts may end where a loading runs off to infinity


def test_user_starting_values_do_not_change_the_minimum(rows: Array) -> None:
    model = MODEL.replace("x2 + x3", "start(3)*x2 + start(0.01)*x3").replace(
        "c*visual", "c*visual + start(-1)*visual"
    )
    assert_same(fit_rows(rows, model=model), fit_rows(rows))


def test_same_input_same_bits(rows: Array) -> None:
    first, second = fit_rows(rows), fit_rows(rows.copy())
    assert repr(first.estimates) == repr(second.estimates)
    assert repr(first.measures) == repr(second.measures)
    assert repr(first.modification_indices) == repr(second.modification_indices)
