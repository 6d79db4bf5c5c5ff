"""Method factor, marker technique, adjustments and collinearity."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ModelError
from analysis.methods.method_bias import (
    Change,
    full_collinearity,
    harman,
    latent_method,
    lindell_whitney,
    marker_analysis,
    single_factor,
)
from analysis.methods.method_bias.observed import inflation, p_of, partialled
from analysis.methods.method_bias.texts import added
from analysis.sem import Moments, Solution, sem
from analysis.sem.estimators import Estimator
from analysis.syntax import ModelSyntax, parse_model

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("method_bias.json").read_text())
ITEMS = tuple(f"x{i}" for i in range(1, 10))
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
DEMOCRACY = """ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60"""
Refit = Callable[[ModelSyntax], Solution]


@pytest.fixture
def pupils(holzinger: pd.DataFrame) -> Moments:
    return Moments.from_data(holzinger[list(ITEMS)].to_numpy(float), ITEMS)


def refitter(moments: Moments, estimator: Estimator = "ML") -> Refit:
    return lambda syntax: sem(syntax, moments, estimator=estimator)


def analysed(text: str, moments: Moments, estimator: Estimator = "ML") -> Any:
    refit = refitter(moments, estimator)
    return latent_method(parse_model(text), refit(parse_model(text)), refit)


def factor_data(method: float, *, n: int = 2000, seed: int = 4) -> Moments:
    """Three correlated factors, four items each, and a share of variance common to all."""
    rng = np.random.default_rng(seed)
    Phi = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 1.0]])
    f = rng.standard_normal((n, 3)) @ np.linalg.cholesky(Phi).T
    slopes = np.tile([0.9, 0.8, 0.7, 0.6], 3)
    x = np.repeat(f, 4, axis=1) * slopes + 0.6 * rng.standard_normal((n, 12))
    x += np.sqrt(method) * rng.standard_normal((n, 1))
    return Moments.from_data(x, FACTOR_ITEMS)


FACTOR_ITEMS = tuple(f"{f}{i}" for f in "abc" for i in range(1, 5))
FACTORS = "\n".join(f"{f.upper()} =~ " + " + ".join(f"{f}{i}" for i in range(1, 5)) for f in "abc")


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_method_factor_equals_lavaan(pupils: Moments, estimator: Estimator) -> None:
    """lavaan's solution has a latent covariance matrix that is not positive definite."""
    found, golden = analysed(THREE, pupils, estimator), GOLDEN["ulmc"][estimator]
    assert found.difference.stat == pytest.approx(golden["test"]["stat"], abs=1e-4)
    assert found.difference.df == golden["test"]["df"]
    assert found.variance == pytest.approx(golden["variance"], abs=1e-5)
    assert found.variance_se == pytest.approx(golden["se"], abs=1e-5)
    assert not found.method.outcome.admissible
    assert found.changes == ()
    assert [m.code for m in found.findings] == ["method_bias.improper"]


def test_paths_under_a_method_factor_equal_lavaan(political_democracy: pd.DataFrame) -> None:
    names = tuple(political_democracy.columns)
    moments = Moments.from_data(political_democracy.to_numpy(float), names)
    found, golden = analysed(DEMOCRACY, moments), GOLDEN["ulmc"]["democracy"]
    assert found.difference.stat == pytest.approx(golden["test"]["stat"], abs=1e-4)
    assert found.variance == pytest.approx(golden["variance"], abs=1e-4)
    row = found.method.estimate("dem65", "~", "ind60")
    assert row.std_all == pytest.approx(golden["std"]["dem65~ind60"], abs=1e-4)


def test_negative_method_variance_equals_lavaan(root: Path) -> None:
    names = tuple(f"{d}{i}" for d in ("fun", "emo", "soc", "exp") for i in (1, 2, 3))
    table = pd.read_csv(root / "data" / "raw" / "omnichannel" / "answers.csv", usecols=list(names))
    rows = table[list(names)].replace(99, np.nan).dropna().to_numpy(float)
    text = "\n".join(f"{d}_ =~ {d}1 + {d}2 + {d}3" for d in ("fun", "emo", "soc", "exp"))
    found = analysed(text, Moments.from_data(rows, names), "MLR")
    golden = GOLDEN["second_order"]["ulmc"]
    assert found.variance == pytest.approx(golden["variance"], abs=1e-4)
    assert found.variance_se == pytest.approx(golden["se"], abs=1e-3)
    assert found.difference.stat == pytest.approx(golden["test"]["stat"], abs=1e-3)
    assert [m.code for m in found.findings] == ["method_bias.negative"]


def test_planted_method_variance_is_found() -> None:
    found = analysed(FACTORS, factor_data(0.25))
    assert found.difference.p < 1e-6
    assert found.variance == pytest.approx(0.25, abs=3 * found.variance_se)
    correlations = {(c.lhs, c.rhs): c for c in found.changes if c.op == "~~"}
    assert correlations["A", "C"].before > correlations["A", "C"].after + 0.1
    assert correlations["A", "C"].after == pytest.approx(0.1, abs=0.08)


def test_without_method_variance_nothing_changes() -> None:
    found = analysed(FACTORS, factor_data(0.0))
    assert found.difference.p > 0.01
    assert not any(c.turned for c in found.changes)


def test_method_factor_on_an_improper_or_grouped_model_is_refused(pupils: Moments) -> None:
    bad = np.full((4, 4), 0.3)
    bad[0, 1] = bad[1, 0] = bad[0, 2] = bad[2, 0] = 0.75
    np.fill_diagonal(bad, 1.0)
    names = ("a", "b", "c", "d")
    found = analysed("f =~ a + b + c + d",
                     Moments.from_published(names=names, n=200, correlations=bad))  # fmt: skip
    assert [m.code for m in found.findings] == ["method_bias.inadmissible"]
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 1)) + rng.standard_normal((200, 4))
    two = Moments.from_data(x, names, group=["p", "q"] * 100)
    found = analysed("f =~ a + b + c + d", two)
    assert [m.code for m in found.findings] == ["method_bias.groups"]


@pytest.mark.parametrize(
    ("values", "turned"),
    [((0.3, 0.25, 0.001, 0.01), False), ((0.3, 0.1, 0.001, 0.2), True),
     ((0.3, -0.3, 0.001, 0.001), True), ((0.1, -0.1, 0.4, 0.4), False),
     ((1.0, 0.9, float("nan"), float("nan")), False)],
)  # fmt: skip
def test_conclusions_turn_by_sign_or_significance(
    values: tuple[float, float, float, float], turned: bool
) -> None:
    assert Change("f", "~", "g", *values).turned is turned


def test_marker_series_equals_lavaan(pupils: Moments) -> None:
    found = marker_analysis(
        parse_model(TWO), "speed", ("x7", "x8", "x9"), refitter(pupils)
    )  # fmt: skip
    golden = GOLDEN["marker"]
    assert [m.step for m in found.models] == ["cfa", "baseline", "c", "u", "r"]
    for model in found.models:
        for name in ("chisq", "df", "cfi", "rmsea"):
            value = model.solution.measures[name].value
            assert value == pytest.approx(golden[model.step][name], abs=2e-4), (model.step, name)
    for step in ("c", "u", "r"):
        test = found.model(step).difference  # type: ignore[union-attr, arg-type]
        assert test.stat == pytest.approx(golden[f"{step}_test"]["stat"], abs=2e-4)  # type: ignore[union-attr]
    assert (found.chosen, found.effect, found.biased) == ("c", True, False)
    (change,) = found.changes
    assert change.baseline == pytest.approx(golden["rho_baseline"], abs=1e-5)
    assert change.method == pytest.approx(golden["rho_c"], abs=1e-4)


def test_marker_among_the_factors_changes_nothing(pupils: Moments) -> None:
    items = ("x7", "x8", "x9")
    one, other = (
        marker_analysis(parse_model(text), "speed", items, refitter(pupils))
        for text in (TWO, THREE)
    )
    assert one.changes == pytest.approx(other.changes)


@pytest.mark.parametrize(
    ("text", "items", "code"),
    [
        (TWO, ("x7",), "method_bias.marker_items"),
        ("visual =~ x1 + x2 + x3", ("x7", "x8"), "method_bias.marker_one_factor"),
        (f"{TWO}\ng =~ visual + textual", ("x7", "x8"), "method_bias.marker_second_order"),
    ],
)
def test_marker_technique_says_why_it_cannot_be_used(
    pupils: Moments, text: str, items: tuple[str, ...], code: str
) -> None:
    found = marker_analysis(parse_model(text), "speed", items, refitter(pupils))
    assert [m.code for m in found.findings] == [code]
    assert found.effect is None


def test_marker_series_ends_where_a_model_fails(pupils: Moments) -> None:
    def refuse(syntax: ModelSyntax) -> Solution:
        raise ModelError([])

    found = marker_analysis(parse_model(TWO), "speed", ("x7", "x8", "x9"), refuse)
    assert (found.models, found.effect) == ((), None)


def test_harman_and_single_factor_equal_r(pupils: Moments) -> None:
    solution = sem(THREE, pupils)
    found = harman(solution, ITEMS)
    assert found.eigenvalues == pytest.approx(GOLDEN["eigen"], abs=1e-8)
    assert found.share == pytest.approx(GOLDEN["eigen"][0] / 9)
    one = sem(single_factor(parse_model(THREE)), pupils)
    assert one.measures["chisq"].value == pytest.approx(GOLDEN["one"]["chisq"], abs=1e-4)


def test_lindell_whitney_by_hand(pupils: Moments) -> None:
    assert partialled(0.5, 0.2) == pytest.approx(0.375)
    # t = .375 / sqrt((1 - .375^2) / 97) = 3.984; p from tables lies between .0001 and .0002
    assert 1e-4 < p_of(0.375, 97) < 2e-4
    solution = sem(THREE, pupils)
    found = lindell_whitney(solution, parse_model(TWO), marker="speed",
                            marker_items=("x7", "x8", "x9"))  # fmt: skip
    S = pupils.groups[0].cov
    W = np.kron(np.eye(3), np.ones(3))
    C = W @ S @ W.T
    R = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
    assert found.r_marker == pytest.approx(min(R[2, 0], R[2, 1]))
    assert found.pairs[0].r == pytest.approx(R[0, 1])
    assert found.pairs[0].r_adjusted == pytest.approx(partialled(R[0, 1], found.r_marker))
    plain = lindell_whitney(solution, parse_model(THREE))
    D = np.corrcoef(np.eye(1)) if S.ndim == 1 else S / np.sqrt(np.outer(np.diag(S), np.diag(S)))
    between = [D[i, j] for i in range(9) for j in range(i) if i // 3 != j // 3]
    assert plain.r_marker == pytest.approx(min(v for v in between if v > 0))


def test_collinearity_collapses_to_two_constructs(pupils: Moments) -> None:
    """With two constructs VIF is 1 / (1 - r^2)."""
    solution = sem(TWO, pupils)
    found = full_collinearity(solution, parse_model(TWO))
    rho = solution.latent_correlation[0][0, 1]
    assert [c.factor for c in found] == pytest.approx([1 / (1 - rho**2)] * 2)
    assert np.isnan(inflation(np.ones((2, 2)))).all()
    assert (
        full_collinearity(sem("f =~ x1 + x2 + x3", pupils), parse_model("f =~ x1 + x2 + x3")) == ()
    )


def test_lines_are_added_at_the_end() -> None:
    assert str(added(parse_model("f =~ a + b"), ["a ~~ b"])) == "f =~ a + b\na ~~ b\n"
