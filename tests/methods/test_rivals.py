"""Rival models against lavaan, by hand, and special cases."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from sem.reference import published

from analysis.errors import ModelError, message
from analysis.methods.rivals import (
    Paths,
    compare_models,
    equivalent_models,
    mediation_tests,
    rebuilt,
    rivals,
    vuong_test,
    weighted_chi2_sf,
)
from analysis.methods.rivals.equivalent import by_rule
from analysis.methods.rivals.vuong import case_log_likelihood, case_scores
from analysis.sem import Moments, Solution, sem
from analysis.syntax import ModelSyntax, parse_model

HERE = Path(__file__).parent / "golden"
NAMES = [f"x{i}" for i in range(1, 4)] + [f"y{i}" for i in range(1, 9)]
# lavaan stops about 1e-5 away from its optimum; differences of chi-squares suffer least.
NUMBERS = 3e-5
FACTORS = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ x7 + x8 + x9\n"
ITEMS = [f"x{i}" for i in range(1, 10)]
CORE = """image =~ imag1 + imag2 + imag3 + imag4 + imag5
quality =~ qual1 + qual2 + qual3 + qual4 + qual5
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ loy1 + loy2 + loy3 + loy4
image ~ iq * quality
satisfaction ~ sq * quality + si * image
loyalty ~ ls * satisfaction + li * image + lq * quality
total := lq + sq * ls
"""


@cache
def golden() -> dict[str, Any]:
    return dict(json.loads((HERE / "mediation.json").read_text("utf-8")))


@pytest.fixture
def nine(holzinger: pd.DataFrame) -> Moments:
    return Moments.from_data(holzinger[ITEMS].to_numpy(float), ITEMS)


@pytest.fixture
def democracy(political_democracy: pd.DataFrame) -> Moments:
    return Moments.from_data(political_democracy[NAMES].to_numpy(float), NAMES)


def edges(text: str) -> set[tuple[str, str]]:
    return set(Paths.of(parse_model(text)).edges)


def test_rivals_of_the_core_model() -> None:
    found = {r.kind: r for r in rivals(parse_model(CORE))}
    assert list(found) == ["full", "unmediated", "common_cause", "reversed"]
    assert set(found["full"].edges) == edges("image ~ quality\nsatisfaction ~ quality + image\n"
                                             "loyalty ~ satisfaction")  # fmt: skip
    assert set(found["unmediated"].edges) == edges(
        "image ~ quality\nsatisfaction ~ quality + image\nloyalty ~ image + quality"
    ) - {("loyalty", "image")}
    assert set(found["common_cause"].edges) == edges("image + satisfaction + loyalty ~ quality")
    assert set(found["reversed"].edges) == {(s, t) for t, s in Paths.of(parse_model(CORE)).edges}
    assert not any(r.syntax.definitions for r in found.values())
    again = {r.kind for r in rivals(found["full"].syntax)}
    assert "partial" in again
    assert "full" not in again


@pytest.mark.parametrize("text", ["y ~ x + z", "a ~ b + x\nb ~ a + z\ny ~ b"])
def test_no_rivals_without_mediation_or_with_feedback(text: str) -> None:
    assert rivals(parse_model(text)) == ()


def test_rival_fits_equal_models_written_by_hand() -> None:
    data = published("spanish_bank")
    by_hand = CORE.replace("li * image + lq * quality", "").replace("ls * satisfaction +",
                                                                    "satisfaction")  # fmt: skip
    wanted = sem(by_hand.replace("total := lq + sq * ls\n", ""), data).inference.test
    full = next(r for r in rivals(parse_model(CORE)) if r.kind == "full")
    found = sem(full.syntax, data).inference.test
    assert (found.stat, found.df) == (pytest.approx(wanted.stat, rel=1e-9), wanted.df)


def test_rebuilt_keeps_measurement_labels_and_intercepts() -> None:
    text = "f =~ a + b + c\ny ~ 2*f + k*x + 1\nf ~ x\nk2 := k\n"
    syntax = parse_model(text)
    same = rebuilt(syntax, Paths.of(syntax).edges)
    assert str(same) == "f =~ a + b + c\ny ~ 1\ny ~ 2*f + k*x\nf ~ x\n"


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM"])
def test_full_against_partial_equals_lavaan(democracy: Moments, estimator: Any) -> None:
    syntax = parse_model(golden()["partial"])

    def fit(model: ModelSyntax) -> Solution:
        return sem(model, democracy, estimator=estimator)

    (test,) = mediation_tests(syntax, fit(syntax), fit)
    wanted = golden()[estimator]
    assert test.difference is not None
    assert (test.difference.stat, test.difference.df) == (
        pytest.approx(wanted["stat"], rel=NUMBERS), wanted["df"],
    )  # fmt: skip
    assert test.difference.p == pytest.approx(wanted["p"], rel=10 * NUMBERS)
    assert (test.target, test.sources, test.in_model) == ("dem65", ("ind60",), True)
    assert test.partial == (wanted["p"] < 0.05)


def test_full_mediation_model_tests_the_path_it_leaves_out(democracy: Moments) -> None:
    syntax = parse_model(golden()["full"])

    def fit(model: ModelSyntax) -> Solution:
        return sem(model, democracy)

    (test,) = mediation_tests(syntax, fit(syntax), fit)
    assert not test.in_model
    assert test.difference is not None
    assert test.difference.stat == pytest.approx(golden()["ML"]["stat"], rel=NUMBERS)


@pytest.mark.parametrize("other", ["apart", "crossed"])
def test_vuong_equals_lavaan_pieces_in_r(democracy: Moments, other: str) -> None:
    one, two = (sem(golden()[name], democracy, meanstructure=True) for name in ("full", other))
    found, wanted = vuong_test(one, two), golden()["vuong"][other]
    assert found.ratio == pytest.approx(wanted["ratio"], rel=NUMBERS)
    assert found.variance == pytest.approx(wanted["variance"], rel=10 * NUMBERS)
    assert found.p_distinct == pytest.approx(wanted["p_distinct"], rel=1e-3, abs=1e-6)
    assert found.z == pytest.approx(wanted["z"], rel=10 * NUMBERS)
    assert found.p == pytest.approx(wanted["p"], rel=1e-3)
    assert case_log_likelihood(one)[:5] == pytest.approx(wanted["casewise"], rel=NUMBERS)


def test_vuong_of_a_model_with_itself_collapses_to_nothing(nine: Moments) -> None:
    solution = sem(FACTORS + "g ~ f\nh ~ g", nine)
    found = vuong_test(solution, solution)
    assert (found.ratio, found.variance, found.z) == (0.0, 0.0, 0.0)
    assert found.p == pytest.approx(1.0)


@pytest.mark.parametrize("missing", [False, True])
def test_case_pieces_equal_totals_and_differences_brute_force(
    holzinger: pd.DataFrame, missing: bool
) -> None:
    rows = holzinger[ITEMS].to_numpy(float).copy()
    if missing:
        rows[np.random.default_rng(1).random(rows.shape) < 0.05] = np.nan
    solution = sem(FACTORS + "g ~ f\nh ~ g", Moments.from_data(rows, ITEMS), estimator="ML",
                   meanstructure=True)  # fmt: skip
    each = case_log_likelihood(solution)
    assert each.sum() == pytest.approx(solution.measures["logl"].value, rel=1e-9)
    scores = case_scores(solution)
    assert np.abs(scores.sum(axis=0)).max() < 1e-3
    for j in (0, 5, 14):
        step = np.zeros(len(solution.fit.theta))
        step[j] = 1e-5
        up, down = (
            case_log_likelihood(_moved(solution, solution.fit.theta + s)) for s in (step, -step)
        )
        assert scores[:, j] == pytest.approx((up - down) / 2e-5, abs=1e-5)


def _moved(solution: Solution, theta: np.ndarray) -> Solution:
    return replace(solution, fit=replace(solution.fit, theta=theta))


def test_weighted_chi_squares_collapse_to_known_ones() -> None:
    for df in (1, 3, 8):
        for value in (0.5, 3.0, 20.0):
            assert weighted_chi2_sf(2.0 * value, np.full(df, 2.0)) == pytest.approx(
                float(chi2.sf(value, df)), abs=1e-6
            )
    # two pairs of equal weights a and b: the difference of two exponentials
    a, b, x = 2.0, 0.5, 3.0
    wanted = (a * np.exp(-x / (2 * a)) - b * np.exp(-x / (2 * b))) / (a - b)
    assert weighted_chi2_sf(x, np.array([a, a, b, b])) == pytest.approx(wanted, abs=1e-7)


def test_vuong_needs_answers_and_a_likelihood(nine: Moments) -> None:
    bare = Moments.from_published(names=ITEMS, n=301, covariances=nine.groups[0].cov)
    one = sem(FACTORS, bare)
    with pytest.raises(ModelError) as caught:
        vuong_test(one, one)
    assert caught.value.messages[0].code == "sem.rows_needed"
    two = sem(FACTORS, nine, estimator="ULS")
    with pytest.raises(ModelError) as caught:
        vuong_test(two, two)
    assert caught.value.messages[0].code == "rival_models.vuong_likelihood"
    weights = np.linspace(0.5, 1.5, 301)
    three = sem(FACTORS, Moments.from_data(nine.groups[0].rows, ITEMS, weights=weights))  # type: ignore[arg-type]
    with pytest.raises(ModelError) as caught:
        vuong_test(three, three)
    assert caught.value.messages[0].code == "rival_models.vuong_design"


def test_equivalent_models_of_a_chain_and_of_a_collider(nine: Moments) -> None:
    bare = Moments(nine.names, nine.groups)
    chain = equivalent_models(parse_model(FACTORS + "g ~ f\nh ~ g"), lambda s: sem(s, bare))
    assert [(e.source, e.target, e.change) for e in chain.found] == [
        ("f", "g", "reversed"), ("f", "g", "covariance"),
    ]  # fmt: skip
    collider = parse_model(FACTORS + "h ~ f + g\nf ~~ 0*g")
    found = equivalent_models(collider, lambda s: sem(s, bare))
    assert "reversed" not in {e.change for e in found.found}
    assert (chain.tried, chain.left) == (4, 0)
    assert equivalent_models(collider, lambda s: sem(s, bare), most=1).left == 3


def test_what_the_replacing_rule_promises_is_equivalent() -> None:
    """Every promised change of the core and the full mediation model keeps chi-square and df."""
    data = published("spanish_bank")
    for text in (CORE, str(next(r.syntax for r in rivals(parse_model(CORE)) if r.kind == "full"))):
        syntax = parse_model(text)
        paths = Paths.of(syntax)
        promised = {
            (s, t, change)
            for t, s in paths.edges
            for change in ("reversed", "covariance")
            if by_rule(paths, (t, s), change)
        }
        found = equivalent_models(syntax, lambda s: sem(s, data))
        assert promised
        assert promised <= {(e.source, e.target, e.change) for e in found.found}
        assert all(e.by_rule == ((e.source, e.target, e.change) in promised) for e in found.found)


def test_comparison_finds_relations_and_weights(nine: Moments) -> None:
    texts = {
        "own": "g ~ f\nh ~ g + f", "less": "g ~ f\nh ~ g", "same": "f ~ g\nh ~ g + f",
        "other": "h ~ f\nf ~~ 0*g\ng ~ h",
    }  # fmt: skip
    fits = {name: sem(FACTORS + text, nine, meanstructure=True) for name, text in texts.items()}
    others = [(name, fits[name]) for name in ("less", "same", "other")]
    found = compare_models(fits["own"], [*others, ("broken", message("rival_models.no_paths"))],
                           name="own")  # fmt: skip
    by_name = {m.name: m for m in found}
    assert [m.relation for m in found[:3]] == ["own", "nested", "equivalent"]
    assert by_name["broken"].relation == "failed"
    restricted = by_name["less"].difference
    assert restricted is not None
    assert restricted.stat == pytest.approx(
        fits["less"].inference.test.stat - fits["own"].inference.test.stat
    )
    aic = {n: f.measures["aic"].value for n, f in fits.items()}
    least = min(aic.values())
    raw = {n: np.exp(-(v - least) / 2) for n, v in aic.items()}
    total = sum(v for n, v in raw.items() if n != "same")
    for name in texts:
        assert by_name[name].aic_weight == pytest.approx(raw[name] / total, rel=1e-5)
    assert np.isnan(by_name["broken"].aic_weight)
