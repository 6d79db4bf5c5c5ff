"""Power: noncentral distributions against semTools, simulation against both."""

from __future__ import annotations

import json
from functools import cache
from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from analysis.errors import ModelError
from analysis.methods.power import (
    Scenario,
    curves,
    detectable,
    detectable_by_spread,
    detectable_paths,
    fit_power,
    inverse_square_root,
    path_tests,
    probit,
    replicate,
    rmsea_power,
    rmsea_sample_size,
    rows_of,
    sizes_for,
    two_sided,
    wilson,
)
from analysis.methods.power.montecarlo import Replications
from analysis.methods.power.targets import noncentrality
from analysis.sem import sem
from analysis.sem.resampling import monte_carlo_intervals
from analysis.sem.simulation import Design, Population
from analysis.syntax import parse_model

GOLDEN = json.loads((Path(__file__).parent / "golden" / "power.json").read_text("utf-8"))
MEASURED = "f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\nh =~ z1 + z2 + z3\n"
MODEL = MEASURED + "g ~ a*f\nh ~ b*g + c*f\nind := a*b\ntot := a*b + c"
MEDIATION = "m ~ a*x\ny ~ b*m + c*x\nind := a*b"


@cache
def scenario(n: int = 300, effects: tuple[str, ...] = (), seed: int = 5) -> Scenario:
    population = Population.of_text(GOLDEN["population"][0])
    return Scenario.of(parse_model(MODEL), population, n, effects=effects, seed=seed)


def mediation(a: float, b: float, c: float, n: int, seed: int = 3) -> Scenario:
    """Observed mediation with normal errors of variance 1."""
    population = Population.of_text(f"m ~ {a}*x\ny ~ {b}*m + {c}*x")
    return Scenario.of(parse_model(MEDIATION), population, n, seed=seed)


def test_rmsea_power_equals_semtools() -> None:
    for row in GOLDEN["fit"]:
        found = rmsea_power(
            rmsea_null=row["null"], rmsea_true=row["true"], df=row["df"], n=row["n"],
            alpha=row["alpha"],
        )  # fmt: skip
        assert found == pytest.approx(row["power"], abs=1e-8)


def test_rmsea_sample_size_equals_semtools() -> None:
    for row in GOLDEN["sizes"]:
        options = {"rmsea_null": row["null"], "rmsea_true": row["true"], "df": row["df"]}
        assert rmsea_sample_size(**options) == row["needed"]
    assert rmsea_sample_size(rmsea_null=0.05, rmsea_true=0.0501, df=1) is None


def test_fit_power_has_three_tests_or_none() -> None:
    found = fit_power(48, 220)
    assert [f.kind for f in found] == ["close", "not_close", "exact"]
    assert found[0].needed == 220 and found[0].power > 0.8
    assert fit_power(0, 220) == ()


def test_path_power_equals_semtools() -> None:
    for row in GOLDEN["ss"]:
        made = scenario(row["n"])
        tests = path_tests(made.syntax, made.population.moments(row["n"]), made.targets)
        (found,) = [t for t in tests if t.target.name == row["path"]]
        assert found.power == pytest.approx(row["power"], abs=1e-6)


def test_path_size_has_the_wanted_power() -> None:
    made = scenario()
    for test in path_tests(made.syntax, made.population.moments(300), made.targets):
        assert test.needed is not None
        again = path_tests(made.syntax, made.population.moments(test.needed), made.targets)
        (found,) = [t for t in again if t.target.name == test.target.name]
        assert 0.8 <= found.power < 0.82


def test_inverse_square_root_equals_the_published_example() -> None:
    # Kock & Hadaya (2018): the smallest path .197 takes 160 respondents at 5 % and 80 %.
    assert inverse_square_root(0.197) == 160
    assert inverse_square_root(0.0) is None
    assert detectable(160) == pytest.approx(2.4865 / 160**0.5, abs=1e-5)


def test_noncentrality_equals_the_tabled_value() -> None:
    assert noncentrality(0.8, 0.05) == pytest.approx(7.849, abs=1e-3)
    assert two_sided(0.8, 0.05) ** 2 == pytest.approx(7.849, abs=1e-3)


def test_wilson_equals_hand_values() -> None:
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert wilson(0, 10)[0] == 0.0 and all(isnan(x) for x in wilson(0, 0))


def test_probit_curve_recovers_exact_shares() -> None:
    n = np.array([60.0, 100.0, 160.0, 250.0, 400.0])
    found = probit(n, ndtr(-1.9 + 0.19 * np.sqrt(n)), np.full(5, 1e7))
    assert found is not None
    assert found[0] == pytest.approx((-1.9, 0.19), abs=1e-5)
    assert probit([100.0], [0.5], [1000.0]) is None


def test_targets_and_their_names() -> None:
    assert [t.name for t in scenario().targets] == ["g ~ f", "h ~ g", "h ~ f", "ind", "tot"]
    assert [t.name for t in scenario(effects=("b", "h~f", "tot")).targets] == [
        "h ~ g", "h ~ f", "tot",
    ]  # fmt: skip
    with pytest.raises(ModelError, match="h ~ y"):
        scenario(effects=("h ~ y",))


def test_replications_equal_single_fits() -> None:
    made = scenario()
    done = replicate(made, 300, 4)
    batch = made.sampler(300).batch(4)
    for d in range(4):
        one = sem(made.syntax, Population.of_moments(_moments(made, batch, d)).moments(300))
        for j, target in enumerate(made.targets):
            known = one.estimate(target.lhs, target.op, target.rhs)
            assert done.found.est[d, j] == pytest.approx(known.est, abs=1e-7)
            assert done.found.se[d, j] == pytest.approx(known.se, abs=1e-7)
        (_, total) = monte_carlo_intervals(one, seed=1)
        assert done.found.low[d, 4] == pytest.approx(total.ci_lower, abs=0.03)
        assert done.found.high[d, 4] == pytest.approx(total.ci_upper, abs=0.03)


def test_replications_of_observed_paths_equal_least_squares() -> None:
    made = mediation(0.39, 0.2, 0.1, 100)
    done = replicate(made, 100, 6)
    names = made.population.names
    at = [names.index(name) for name in ("m", "x")]
    for d, S in enumerate(made.sampler(100).batch(6).covariances[:, 0]):
        slopes = np.linalg.solve(S[np.ix_(at, at)], S[at, names.index("y")])
        np.testing.assert_allclose(done.found.est[d, 1:3], slopes, atol=1e-8)
        np.testing.assert_allclose(done.found.est[d, 3], done.found.est[d, :2].prod(), atol=1e-12)


def _moments(made: Scenario, batch, d: int):  # type: ignore[no-untyped-def]
    (group,) = made.population.moments(300).groups
    whole = made.population.moments(300)
    moved = type(group)(group.label, group.n, batch.covariances[d, 0], batch.means[d, 0])
    return type(whole)(whole.names, (moved,))


def test_replications_do_not_depend_on_workers_or_their_number() -> None:
    made = scenario()
    few, many = replicate(made, 120, 300, workers=1), replicate(made, 120, 600, workers=2)
    np.testing.assert_array_equal(few.found.est, many.found.est[:300])
    np.testing.assert_array_equal(few.found.low[:256], many.found.low[:256])


def test_simulated_power_is_that_of_the_noncentral_distribution() -> None:
    made = scenario(n=300)
    done = replicate(made, 300, 2000)
    rows = {row.target.name: row for row in rows_of(done, made.targets)}
    for known in GOLDEN["ss"]:
        if known["n"] == 300:
            assert rows[known["path"]].power == pytest.approx(known["power"], abs=0.03)
    assert done.converged == 1.0
    for row in rows.values():
        assert abs(row.bias) < 0.03 and abs(row.se_bias) < 0.06
        assert 0.93 < row.coverage < 0.97


def test_one_regression_has_its_analytic_power() -> None:
    population = Population.of_text("y ~ .25*x\ny ~~ 1*y\nx ~~ 1*x")
    made = Scenario.of(parse_model("y ~ x"), population, 100, seed=11)
    found, _ = curves(made, [60, 90, 125, 180, 260], 2000, power=0.8)
    for point in found[0].points:
        exact = ndtr(0.25 * np.sqrt(point.n) - 1.959964)
        assert point.power == pytest.approx(exact, abs=0.04)
    assert found[0].needed == pytest.approx((2.801585 / 0.25) ** 2, rel=0.06)
    assert found[0].low < found[0].needed < found[0].high


def test_sizes_surround_what_standard_errors_suggest() -> None:
    made = scenario()
    sizes = sizes_for(made.targets, power=0.8, alpha=0.05, least=50)
    assert sizes == sorted(sizes) and sizes[0] >= 50
    for target in made.targets:
        guess = target.needed(0.8, 0.05)
        assert guess < 50 or min(sizes) <= guess <= max(sizes)


def test_effects_beyond_all_sizes_are_bounded() -> None:
    made = scenario(effects=("g ~ f", "h ~ f"))
    found, _ = curves(made, [60, 150], 200, power=0.8)
    assert [c.bound for c in found] == ["", "above"]
    found, _ = curves(made, [150, 250], 200, power=0.8)
    assert found[0].bound == "below" and isnan(found[0].needed)


def test_null_effect_has_a_level_and_no_size() -> None:
    made = mediation(0.39, 0.0, 0.0, 100)
    effect = made.targets[-1]
    assert effect.null and effect.needed(0.8, 0.05) == inf
    found, _ = curves(made, [100, 200], 300, power=0.8)
    assert isnan(found[-1].needed) and found[-1].points[0].power < 0.12


def test_detectable_path_has_the_wanted_power() -> None:
    found = detectable_paths(scenario(), 300, power=0.8, replications=1500)
    assert [d.target.name for d in found] == ["g ~ f", "h ~ g", "h ~ f"]
    for d in found:
        assert d.simulated == pytest.approx(0.8, abs=0.04)
        assert 0.1 < d.std < 0.3


def test_tied_paths_have_no_detectable_value() -> None:
    tied = parse_model(MEASURED + "g ~ a*f\nh ~ a*g + f")
    made = Scenario.of(tied, Population.of_text(GOLDEN["population"][0]), 300, seed=1)
    assert all(isnan(d.raw) for d in detectable_paths(made, 300, power=0.8))


def test_ordinal_and_incomplete_answers_take_whole_estimations() -> None:
    population = Population.of_text(GOLDEN["population"][0])
    for design in (Design(shares=(0.2, 0.3, 0.3, 0.2)), Design(missing=0.15)):
        made = Scenario.of(parse_model(MODEL), population, 400, design=design, seed=2)
        done = replicate(made, 400, 10, workers=1)
        rows = rows_of(done, made.targets)
        assert done.converged == 1.0
        assert rows[0].mean == pytest.approx(made.targets[0].value, abs=0.12)
        spread = detectable_by_spread(rows, power=0.8, alpha=0.05)
        assert len(spread) == 3 and all(np.isfinite(d.std) for d in spread)


def test_ordered_and_missing_answers_together_are_refused() -> None:
    population = Population.of_text(GOLDEN["population"][0])
    design = Design(shares=(0.5, 0.5), missing=0.1)
    with pytest.raises(ModelError, match="cannot be simulated together"):
        Scenario.of(parse_model(MODEL), population, 400, design=design, seed=2)


def test_ordinal_population_has_unit_variances() -> None:
    population = Population.of_text(GOLDEN["population"][0])
    design = Design(shares=(0.5, 0.5))
    made = Scenario.of(parse_model(MODEL), population, 400, design=design, seed=2)
    np.testing.assert_allclose(np.diag(made.population.groups[0].cov), 1.0)


def test_population_that_does_not_determine_the_model_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        Scenario.of(parse_model("f =~ x1 + x2\ng =~ y1\ng ~ f"),
                    Population.of_text("f =~ .8*x1 + .7*x2\nx1 ~~ 0*y1"), 100, seed=1)  # fmt: skip
    assert caught.value.messages[0].code == "power.no_population"
    with pytest.raises(ModelError) as caught:
        Scenario.of(parse_model(MEASURED), Population.of_text(GOLDEN["population"][0]), 100, seed=1)
    assert caught.value.messages[0].code == "power.no_effects"


def test_no_replication_done_gives_no_numbers() -> None:
    made = scenario()
    done = replicate(made, 120, 2)
    none = Replications(120, np.full(2, 2, dtype=np.int8), done.found)
    rows = rows_of(none, made.targets)
    assert none.converged == 0.0 and all(isnan(r.power) and r.used == 0 for r in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "interval", "wald"), [(50, 0.031, 0.012), (100, 0.055, 0.022), (200, 0.053, 0.033)]
)
def test_null_indirect_effect_keeps_its_level(n: int, interval: float, wald: float) -> None:
    """Levels of 1,500 samples with a = .39 and b = 0 that an independent program counted."""
    made = mediation(0.39, 0.0, 0.0, n)
    done = replicate(made, n, 6000)
    error = 3.0 * (0.05 * 0.95 * (1 / 1500 + 1 / 6000)) ** 0.5
    assert done.significant(3).mean() == pytest.approx(interval, abs=error)
    z = done.found.est[:, 3] / done.found.se[:, 3]
    assert (np.abs(z) > 1.96).mean() == pytest.approx(wald, abs=error)


@pytest.mark.slow
def test_monte_carlo_interval_covers_the_indirect_effect() -> None:
    made = mediation(0.39, 0.39, 0.0, 100)
    rows = rows_of(replicate(made, 100, 6000), made.targets)
    assert rows[3].coverage == pytest.approx(0.953, abs=0.018)


@pytest.mark.slow
def test_power_curve_follows_the_noncentral_distribution() -> None:
    made = scenario()
    sizes = sizes_for(made.targets, power=0.8, alpha=0.05, least=60)
    found, _ = curves(made, sizes, 4000, power=0.8)
    tests = path_tests(made.syntax, made.population.moments(300), made.targets)
    for curve, test in zip(found, tests, strict=False):
        assert test.needed is not None
        if not curve.bound:
            assert curve.needed == pytest.approx(
                test.needed, rel=0.05 if test.needed > 100 else 0.15
            )
