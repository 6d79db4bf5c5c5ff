"""Mediation against lavaan and semTools, sums over routes, and special cases."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from sem.reference import published

from analysis.errors import ModelError
from analysis.methods.effects import effects
from analysis.methods.mediation import (
    IntervalMethod,
    MediatedEffect,
    MediatedPair,
    Mediation,
    Source,
    mediation,
)
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import Bootstrap, bootstrap, monte_carlo_intervals, refit
from analysis.sem.resampling.draws import resampled
from analysis.sem.resampling.paths import point
from analysis.sem.resampling.quantities import quantities

HERE = Path(__file__).parent / "golden"
NAMES = [f"x{i}" for i in range(1, 4)] + [f"y{i}" for i in range(1, 9)]
# lavaan stops about 1e-5 away from its optimum.
NUMBERS = 3e-5
# A quantile of refits that each stop about 1e-5 away.
QUANTILES = 2e-4
# Quantiles of 100,000 against 2,000,000 draws, in standard errors.
DRAWN = 0.03
SERIAL = "a ~ x\nb ~ a + x\ny ~ b + a + x"


@cache
def golden() -> dict[str, Any]:
    return dict(json.loads((HERE / "mediation.json").read_text("utf-8")))


def political(frame: pd.DataFrame, estimator: str, text: str) -> Solution:
    return sem(text, Moments.from_data(frame[NAMES].to_numpy(float), NAMES), estimator=estimator)  # type: ignore[arg-type]


def pair(found: Mediation, source: str, target: str) -> MediatedPair:
    return next(p for p in found.pairs if (p.source, p.target) == (source, target))


def effect(found: MediatedPair, kind: str) -> MediatedEffect:
    return next(e for e in found.effects if e.kind == kind)


def serial(seed: int = 5, n: int = 400, **paths: float) -> Moments:
    """x -> a -> b -> y with every direct path; coefficients by name, 0.4 otherwise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    a = paths.get("ax", 0.4) * x + rng.standard_normal(n)
    b = paths.get("ba", 0.4) * a + paths.get("bx", 0.4) * x + rng.standard_normal(n)
    y = paths.get("yb", 0.4) * b + paths.get("ya", 0.4) * a + paths.get("yx", 0.4) * x
    return Moments.from_data(np.c_[x, a, b, y + rng.standard_normal(n)], ["x", "a", "b", "y"])


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM"])
def test_effects_equal_lavaan_defined_effects(
    political_democracy: pd.DataFrame, estimator: str
) -> None:
    rows = {r["label"]: r for r in golden()[estimator]["effects"]}
    found = pair(
        mediation(Source(political(political_democracy, estimator, golden()["partial"]))),
        "ind60",
        "dem65",
    )
    for kind, label in (("specific", "ab"), ("indirect", "ab"), ("total", "total")):
        e, r = effect(found, kind), rows[label]
        assert (e.est, e.se, e.ci_lower, e.ci_upper) == pytest.approx(
            (r["est"], r["se"], r["lower"], r["upper"]), rel=NUMBERS
        )
        assert e.std_all == pytest.approx(r["std"], rel=NUMBERS)
        half = (e.std_all_ci_upper - e.std_all_ci_lower) / 2 / 1.959963984540054
        assert half == pytest.approx(r["std_se"], rel=NUMBERS)
    assert found.proportion == pytest.approx(rows["share"]["est"], rel=NUMBERS)


def test_monte_carlo_intervals_equal_semtools(political_democracy: pd.DataFrame) -> None:
    solution = political(political_democracy, "ML", golden()["partial"])
    found = pair(mediation(Source(solution, "montecarlo", count=100_000)), "ind60", "dem65")
    rows = {r["label"]: r for r in golden()["montecarlo"]}
    for kind, label in (("indirect", "ab"), ("total", "total")):
        e = effect(found, kind)
        assert e.ci_lower == pytest.approx(rows[label]["lower"], abs=DRAWN * e.se)
        assert e.ci_upper == pytest.approx(rows[label]["upper"], abs=DRAWN * e.se)
    share = rows["share"]
    width = share["upper"] - share["lower"]
    assert found.proportion_lower == pytest.approx(share["lower"], abs=0.01 * width)
    assert found.proportion_upper == pytest.approx(share["upper"], abs=0.01 * width)


def given_indices(solution: Solution) -> Bootstrap:
    """The bootstrap that drew the rows which lavaan was given."""
    rows = np.loadtxt(HERE / "mediation_indices.csv", delimiter=",").astype(int) - 1
    fit = solution.fit
    batch = resampled(fit.moments, rows)
    found = refit(fit, batch)
    values = quantities(fit, batch, found.theta, found.variances)
    return Bootstrap(solution, "nonparametric", 1, len(rows), found, values, point(fit), False, ())


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_intervals_equal_lavaan_given_the_same_indices(
    political_democracy: pd.DataFrame, method: IntervalMethod
) -> None:
    solution = political(political_democracy, "ML", golden()["partial"])
    found = pair(mediation(Source(solution, method, given_indices(solution))), "ind60", "dem65")
    rows = {r["label"]: r for r in golden()["bootstrap"]}
    for kind, label in (("specific", "ab"), ("indirect", "ab"), ("total", "total")):
        e, r = effect(found, kind), rows[label]
        assert e.ci_lower == pytest.approx(r[f"{method}_lower"], rel=QUANTILES)
        assert e.ci_upper == pytest.approx(r[f"{method}_upper"], rel=QUANTILES)
        assert e.se == pytest.approx(r["sd"], rel=QUANTILES)
    if method == "percentile":
        assert found.proportion_lower == pytest.approx(
            rows["share"]["percentile_lower"], rel=QUANTILES
        )


def test_monte_carlo_draws_are_those_of_defined_effects() -> None:
    reference = json.loads(
        (Path(__file__).parents[1] / "sem" / "golden" / "spanish_bank_core.json").read_text("utf-8")
    )
    solution = sem(reference["model"], published("spanish_bank"))
    drawn = {m.label: m for m in monte_carlo_intervals(solution, draws=2000, seed=7)}
    found = mediation(Source(solution, "montecarlo", seed=7, count=2000))
    quality = pair(found, "quality", "loyalty")
    routes = {e.route: e for e in quality.effects if e.kind == "specific"}
    wanted = {
        ("quality", "satisfaction", "loyalty"): "indirect_satisfaction",
        ("quality", "image", "loyalty"): "indirect_image",
        ("quality", "image", "satisfaction", "loyalty"): "indirect_serial",
    }
    assert routes.keys() == wanted.keys()
    for route, label in wanted.items():
        assert routes[route].ci_lower == pytest.approx(drawn[label].ci_lower, rel=1e-12)
        assert routes[route].ci_upper == pytest.approx(drawn[label].ci_upper, rel=1e-12)
    assert effect(quality, "total").ci_lower == pytest.approx(
        drawn["total_loyalty"].ci_lower, rel=1e-12
    )


def test_bootstrap_draws_equal_products_one_by_one_brute_force() -> None:
    solution = sem(SERIAL, serial())
    boot = bootstrap(solution, draws=40, seed=3, progress=False)
    source = Source(solution, "percentile", boot)
    found = pair(mediation(source), "x", "y")
    column = {(r.rhs, r.lhs): i for i, r in enumerate(boot.values.rows) if r.op == "~"}
    for e in found.effects:
        if e.kind != "specific":
            continue
        steps = list(zip(e.route[:-1], e.route[1:], strict=True))
        for values, low in (
            (boot.values.raw, e.ci_lower),
            (boot.values.std_all, e.std_all_ci_lower),
        ):
            draws = sorted(float(np.prod([row[column[s]] for s in steps])) for row in values)
            rank = 41 * 0.025
            wanted = draws[0] + (rank - 1) * (draws[1] - draws[0])
            assert low == pytest.approx(wanted, rel=1e-10)


def test_specific_effects_add_up_and_equal_the_effects_table() -> None:
    solution = sem(SERIAL, serial())
    known = {(e.source, e.target, e.kind): e for e in effects(solution)}
    for p in mediation(Source(solution)).pairs:
        specific = [e for e in p.effects if e.kind == "specific"]
        indirect = effect(p, "indirect")
        assert sum(e.est for e in specific) == pytest.approx(indirect.est, rel=1e-12)
        assert sum(e.std_all for e in specific) == pytest.approx(indirect.std_all, rel=1e-12)
        for kind in ("indirect", "direct", "total"):
            own, wanted = effect(p, kind), known[(p.source, p.target, kind)]
            assert (own.est, own.se, own.std_all) == pytest.approx(
                (wanted.est, wanted.se, wanted.std_all), rel=1e-9
            )


def test_feedback_makes_totals_more_than_their_routes() -> None:
    loop = "a ~ x + b\nb ~ z + a\ny ~ b\nx ~~ z"
    rng = np.random.default_rng(8)
    x, z, e, f = rng.standard_normal((4, 600))
    B = np.array([[0.0, 0.3], [0.4, 0.0]])
    ab = np.linalg.solve(np.eye(2) - B, np.c_[0.6 * x + e, 0.6 * z + f].T)
    y = 0.5 * ab[1] + rng.standard_normal(600)
    data = Moments.from_data(np.c_[x, z, ab[0], ab[1], y], ["x", "z", "a", "b", "y"])
    found = mediation(Source(sem(loop, data, fixed_x=False)))
    assert found.loops
    p = pair(found, "x", "y")
    assert p.withheld == "no_direct"
    total = effect(p, "total").est
    routes = sum(e.est for e in p.effects if e.kind == "specific")
    assert total != pytest.approx(routes, rel=1e-3)


def exact(n: int = 800, **paths: float) -> Moments:
    """The population of ``serial`` itself as a sample of n."""
    value = {k: paths.get(k, 0.4) for k in ("ax", "ba", "bx", "yb", "ya", "yx")}
    B = np.zeros((4, 4))
    for (target, source), at in {"ax": (1, 0), "ba": (2, 1), "bx": (2, 0), "yb": (3, 2),
                                 "ya": (3, 1), "yx": (3, 0)}.items():  # fmt: skip
        B[at] = value[target + source]
    T = np.linalg.inv(np.eye(4) - B)
    return Moments.from_published(names=["x", "a", "b", "y"], n=n, covariances=T @ T.T)


@pytest.mark.parametrize(
    ("paths", "kind", "withheld"),
    [
        ({}, "complementary", ""),
        ({"yx": -0.4}, "competitive", "inconsistent"),
        ({"yx": 0.01}, "indirect_only", ""),
        ({"ax": 0.01, "bx": 0.01}, "direct_only", ""),
        ({"ax": 0.01, "bx": 0.01, "yx": 0.01}, "none", "total_unclear"),
    ],
)
def test_types_of_zhao_lynch_and_chen(paths: dict[str, float], kind: str, withheld: str) -> None:
    p = pair(mediation(Source(sem(SERIAL, exact(**paths)))), "x", "y")
    assert (p.type, p.withheld) == (kind, withheld)
    assert np.isnan(p.proportion) == bool(p.withheld)


def test_without_a_third_construct_nothing_is_mediated() -> None:
    found = mediation(Source(sem("y ~ x + a + b", serial())))
    assert found.pairs == ()
    assert found.draws == 0


def test_percentile_needs_a_bootstrap() -> None:
    solution = sem(SERIAL, serial())
    with pytest.raises(ModelError) as caught:
        Source(solution, "percentile")
    assert caught.value.messages[0].code == "mediation.needs_bootstrap"


def test_groups_have_their_own_effects() -> None:
    one, two = serial(seed=1), serial(seed=2, yb=0.0)
    rows = np.concatenate([m.groups[0].rows for m in (one, two) if m.groups[0].rows is not None])
    both = Moments.from_data(rows, one.names, group=["1"] * 400 + ["2"] * 400)
    found = mediation(Source(sem(SERIAL, both)))
    for number, alone in ((1, one), (2, two)):
        single = pair(mediation(Source(sem(SERIAL, alone))), "x", "y")
        p = next(p for p in found.pairs if (p.source, p.target, p.group) == ("x", "y", number))
        assert [e.est for e in p.effects] == pytest.approx([e.est for e in single.effects])


@pytest.mark.parametrize("likelihood", ["normal", "wishart"])
def test_bca_limits_equal_those_of_defined_effects(
    likelihood: Literal["normal", "wishart"],
) -> None:
    solution = sem("a ~ p*x\ny ~ q*a + x\npq := p*q", serial(), likelihood=likelihood)
    boot = bootstrap(solution, draws=300, seed=6, progress=False)
    wanted = next(i for i in boot.intervals("bca") if i.lhs == "pq")
    e = effect(pair(mediation(Source(solution, "bca", boot)), "x", "y"), "specific")
    assert (e.est, e.ci_lower, e.ci_upper) == pytest.approx(
        (wanted.est, wanted.ci_lower, wanted.ci_upper), rel=1e-9
    )
