"""Latent interactions against semTools, by brute force, and the planted ones of ``omnichannel``."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.data import Survey, load_study
from analysis.methods.moderation import (
    Interaction,
    Moderation,
    johnson_neyman,
    latent_interactions,
    matched_pairs,
    moderated_mediation,
    probe,
    products,
    slope_band,
)
from analysis.rng import generator

FOLDER = Path(__file__).parent / "golden"
MODEL = """
source =~ s1 + s2 + s3
f1 =~ a1 + a2 + a3 + a4
f3 =~ y1 + y2 + y3
f1 ~ source
f3 ~ f1 + source
"""
MODERATOR = {"f2": ("b1", "b2", "b3")}
CROSSED = Interaction("f1", "f2", "f3")
BENT = Interaction("f1", "f1", "f3")
PAIRS = {CROSSED.factor: (("a1", "b2"), ("a2", "b3"), ("a3", "b1"))}
FACTORS = {"f12": CROSSED.factor, "f11": BENT.factor}


@pytest.fixture(scope="module")
def golden() -> Any:
    return json.loads((FOLDER / "moderation.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "moderation.csv")


@pytest.fixture(scope="module")
def crossed(answers: pd.DataFrame) -> Moderation:
    return latent_interactions(
        MODEL, answers.to_numpy(float), list(answers), [CROSSED], factors=MODERATOR, pairs=PAIRS
    )


@pytest.fixture(scope="module")
def bent(answers: pd.DataFrame) -> Moderation:
    return latent_interactions(MODEL, answers.to_numpy(float), list(answers), [BENT])


def test_products_equal_semtools(golden: Any, answers: pd.DataFrame) -> None:
    found = products(answers.to_numpy(float), list(answers), PAIRS[CROSSED.factor])
    expected = np.column_stack([golden["products"][k] for k in ("a1.b2", "a2.b3", "a3.b1")])
    assert found[:5] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("kind", ["interaction", "quadratic"])
def test_estimates_and_robust_errors_equal_lavaan(
    golden: Any, crossed: Moderation, bent: Moderation, kind: str
) -> None:
    solution = (crossed if kind == "interaction" else bent).solution
    assert solution is not None
    compared = 0
    for row in golden[kind]:
        if row["op"] == "~1":
            continue
        lhs, rhs = (FACTORS.get(row[k], row[k]) for k in ("lhs", "rhs"))
        try:
            own = solution.estimate(lhs, row["op"], rhs)
        except KeyError:
            own = solution.estimate(rhs, row["op"], lhs)
        assert own.est == pytest.approx(row["est"], rel=1e-4, abs=1e-5)
        assert own.se == pytest.approx(row["se"], rel=1e-4, abs=1e-5)
        compared += 1
    assert compared >= 35


def test_chi_square_equals_lavaan(golden: Any, crossed: Moderation) -> None:
    assert crossed.solution is not None
    measures = crossed.solution.measures
    for name, value in golden["chisq"].items():
        assert measures[name].value == pytest.approx(value, rel=1e-5)


def test_simple_slopes_equal_semtools(golden: Any, crossed: Moderation) -> None:
    assert crossed.solution is not None
    found = probe(crossed.solution, CROSSED)
    assert found.sd_moderator == pytest.approx(golden["values"][2], rel=1e-5)
    for slope, row in zip(found.slopes, golden["slopes"], strict=True):
        assert slope.est == pytest.approx(row["est"], rel=1e-4)
        assert slope.se == pytest.approx(row["se"], rel=1e-4)
        assert slope.p == pytest.approx(row["pvalue"], rel=1e-3, abs=1e-12)


def test_johnson_neyman_equals_a_brute_force_scan(crossed: Moderation) -> None:
    assert crossed.solution is not None
    found = probe(crossed.solution, CROSSED).johnson_neyman
    grid = np.linspace(-6.0, 6.0, 2401)
    _, low, high = slope_band(crossed.solution, CROSSED, grid)
    clear = (low > 0) | (high < 0)
    assert [found.significant(w) for w in grid] == clear.tolist()
    assert clear.any() and not clear.all()


@pytest.mark.parametrize(
    ("b", "variances", "bounds", "regions"),
    [
        ((1.0, 0.0), (0.01, 1e-12), 2, 1),  # the slope never changes: clear in a bounded range
        ((0.0, 0.0), (1.0, 1.0), 0, 0),
        ((0.0, 1.0), (0.04, 0.0), 2, 2),
        ((2.0, 0.01), (0.01, 0.0), 2, 2),
    ],
)
def test_johnson_neyman_by_hand(
    b: tuple[float, float], variances: tuple[float, float], bounds: int, regions: int
) -> None:
    found = johnson_neyman(np.array(b), np.diag(variances), quantile=1.96)
    assert (len(found.bounds), len(found.regions)) == (bounds, regions)
    if b == (0.0, 1.0):
        assert found.bounds == pytest.approx((-0.392, 0.392))
        assert found.regions[0][0] == -inf and found.regions[1][1] == inf


def test_index_of_moderated_mediation_is_a_product_of_paths(crossed: Moderation) -> None:
    assert crossed.solution is not None
    (found,) = moderated_mediation(crossed.solution, CROSSED, seed=1, at=(-1.0, 0.0, 1.0))
    a = crossed.solution.estimate("f1", "~", "source")
    b3 = crossed.solution.estimate("f3", "~", CROSSED.factor)
    assert (found.source, found.mediator, found.target) == ("source", "f1", "f3")
    assert found.index == pytest.approx(a.est * b3.est)
    assert found.ci_lower < found.index < found.ci_upper < 0
    sobel = np.hypot(a.est * b3.se, b3.est * a.se)
    assert found.ci_upper - found.ci_lower == pytest.approx(2 * 1.96 * sobel, rel=0.1)
    sd = probe(crossed.solution, CROSSED).sd_moderator
    effects = [row[1] for row in found.conditional]
    assert np.diff(effects) == pytest.approx([found.index * sd] * 2)
    assert moderated_mediation(crossed.solution, CROSSED, seed=1) == (found,)


def test_limits_of_the_index_equal_semtools_within_simulation_error(
    golden: Any, crossed: Moderation
) -> None:
    assert crossed.solution is not None
    (found,) = moderated_mediation(crossed.solution, CROSSED, seed=1, draws=200_000)
    expected = golden["index"]
    assert found.index == pytest.approx(expected["est"], rel=1e-4)
    limits = (expected["ci.lower"], expected["ci.upper"])
    assert (found.ci_lower, found.ci_upper) == pytest.approx(limits, abs=0.002)


def test_standardized_coefficient_collapses_to_raw_with_unit_variances(
    crossed: Moderation,
) -> None:
    assert crossed.solution is not None
    C, names = crossed.solution.latent_covariance[0], crossed.solution.latent
    sd = {name: np.sqrt(C[i, i]) for i, name in enumerate(names)}
    found = probe(crossed.solution, CROSSED)
    assert found.std == pytest.approx(found.est * sd["f1"] * sd["f2"] / sd["f3"])
    assert found.slopes[1].std == pytest.approx(crossed.solution.estimate("f3", "~", "f1").std_all)


def test_best_items_are_paired_with_best() -> None:
    found = matched_pairs({"x1": 0.6, "x2": -0.9, "x3": 0.7}, {"z1": 0.5, "z2": 0.8})
    assert found == (("x2", "z2"), ("x3", "z1"))
    same = {"x1": 0.6, "x2": 0.9}
    assert matched_pairs(same, same) == (("x1", "x1"), ("x2", "x2"))


def test_products_of_several_interactions_share_unique_parts(answers: pd.DataFrame) -> None:
    both = [CROSSED, Interaction("f1", "source", "f3")]
    found = latent_interactions(
        MODEL, answers.to_numpy(float), list(answers), both, factors=MODERATOR
    )
    assert found.solution is not None
    crossing = [
        e for e in found.solution.estimates if e.op == "~~" and "." in e.lhs and e.lhs != e.rhs
    ]
    assert len(crossing) == 3
    assert found.r2_change == pytest.approx(
        found.solution.r2["f3"] - found.linear.r2["f3"]  # type: ignore[union-attr]
    )


@pytest.mark.parametrize(
    ("interaction", "code"),
    [
        (Interaction("f1", "nothing", "f3"), "moderation.no_factor"),
        (Interaction("f1", "source", "source"), "moderation.no_outcome"),
        (Interaction("f1", "single", "f3"), "moderation.few_items"),
    ],
)
def test_what_cannot_be_multiplied_is_said(
    answers: pd.DataFrame, interaction: Interaction, code: str
) -> None:
    found = latent_interactions(
        MODEL, answers.to_numpy(float), list(answers), [interaction], factors={"single": ("b1",)}
    )
    assert found.solution is None
    assert [m.code for m in found.findings] == [code]
    assert all(m.parts(language)[0] for m in found.findings for language in ("en", "zh"))


def _attentive() -> tuple[Survey, np.ndarray]:
    study = load_study("omnichannel")
    truth = pd.read_csv(study.folder / "truth.csv")
    assert isinstance(study.data, Survey)
    return study.data, (truth["careless"] == "no").to_numpy()


def test_planted_interactions_of_omnichannel_are_recovered() -> None:
    survey, attentive = _attentive()
    book, study = survey.codebook, load_study("omnichannel")
    moderators = ("switching", "community")
    asked = [Interaction("satisfaction", m, "loyalty") for m in moderators]
    found = latent_interactions(
        study.models["core"].text,
        survey.items(book.item_names)[attentive],
        book.item_names,
        asked,
        factors={m: book.construct(m).items for m in moderators},
    )
    assert found.solution is not None
    for interaction, truth in zip(asked, (-0.15, 0.10), strict=True):
        probed = probe(found.solution, interaction)
        assert probed.std_ci_lower < truth < probed.std_ci_upper
        assert np.sign(probed.std) == np.sign(truth)


@pytest.mark.slow
def test_interval_of_a_known_interaction_covers_it() -> None:
    """Normal factors, truth -.20 on standardized variables, 200 samples of 400."""
    hits = []
    for number in range(200):
        rng = generator(7, "interaction", number)
        x, z = rng.multivariate_normal((0, 0), [[1, 0.3], [0.3, 1]], 400).T
        rest = 1 - (0.4**2 + 0.2**2 + 2 * 0.3 * 0.4 * 0.2) - 0.2**2 * (1 + 0.3**2)
        y = 0.4 * x + 0.2 * z - 0.2 * x * z + rng.normal(0, np.sqrt(rest), 400)
        rows = np.column_stack(
            [0.8 * f + 0.6 * rng.standard_normal(400) for f in (x, x, x, z, z, z, y, y, y)]
        )
        names = [f"{f}{k}" for f in "xzy" for k in (1, 2, 3)]
        model = "\n".join(f"{f} =~ {f}1 + {f}2 + {f}3" for f in "xzy") + "\ny ~ x + z"
        one = Interaction("x", "z", "y")
        found = latent_interactions(model, rows, names, [one])
        assert found.solution is not None
        probed = probe(found.solution, one)
        hits.append(probed.std_ci_lower < -0.2 < probed.std_ci_upper)
    assert 0.90 <= np.mean(hits) <= 0.98
