"""Item and factor analysis against psych, factanal and GPArotation."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from analysis.methods import factor_analysis as f

Array = np.ndarray

GOLDEN = json.loads((Path(__file__).parent / "golden" / "factor_analysis.json").read_text("utf-8"))
ITEMS = [f"x{i}" for i in range(1, 10)]
N = GOLDEN["n"]


@pytest.fixture(name="X")
def fixture_X(holzinger: pd.DataFrame) -> Array:
    return holzinger[ITEMS].to_numpy(float)


def correlated(X: Array) -> Array:
    return np.asarray(np.corrcoef(X, rowvar=False))


@pytest.fixture(name="R")
def fixture_R(X: Array) -> Array:
    R = correlated(X)
    np.testing.assert_allclose(R, GOLDEN["R"], atol=1e-10)
    return R


def matched(found: f.Efa, wanted: dict[str, Any] | list[Any]) -> tuple[float, float]:
    """Largest differences of pattern and phi after the best order and signs of the factors."""
    L = np.array(wanted["L"] if isinstance(wanted, dict) else wanted)
    m = L.shape[1]
    phi = np.array(wanted["Phi"]) if isinstance(wanted, dict) else np.eye(m)
    best = (np.inf, np.inf)
    for order in permutations(range(m)):
        sign = np.sign((found.pattern * L[:, order]).sum(axis=0))
        gap = float(np.abs(found.pattern - L[:, order] * sign).max())
        turned = phi[np.ix_(order, order)] * np.outer(sign, sign)
        best = min(best, (gap, float(np.abs(found.phi - turned).max())))
    return best


def test_item_analysis_equals_psych(X: Array) -> None:
    found, wanted = f.item_analysis(X[:, :4], ITEMS[:4]), GOLDEN["alpha"]
    assert found.alpha == pytest.approx(wanted["raw"], rel=1e-9)
    assert found.mean_r == pytest.approx(wanted["mean_r"], rel=1e-9)
    assert [i.alpha_without for i in found.items] == pytest.approx(wanted["drop"], rel=1e-9)
    assert [i.total_r for i in found.items] == pytest.approx(wanted["r"], rel=1e-9)


def test_item_total_brute_force(X: Array) -> None:
    X = X.copy()
    X[3, 0] = np.nan
    found = f.item_analysis(X[:, :3], ITEMS[:3])
    rows = np.delete(X, 3, axis=0)
    assert found.n == 300
    for j, item in enumerate(found.items):
        rest = np.delete(rows[:, :3], j, axis=1).sum(axis=1)
        assert item.total_r == pytest.approx(np.corrcoef(rows[:, j], rest)[0, 1])
    with pytest.raises(ValueError, match="too few"):
        f.item_analysis(X[:, :1], ["x1"])
    assert np.isnan(f.item_analysis(X[:, :2], ITEMS[:2]).items[0].alpha_without)


def test_kmo_and_bartlett_equal_psych(R: Array) -> None:
    found = f.adequacy(R, N)
    assert found.kmo == pytest.approx(GOLDEN["kmo"]["all"], rel=1e-9)
    assert found.items == pytest.approx(GOLDEN["kmo"]["items"], rel=1e-9)
    wanted = GOLDEN["bartlett"]
    assert found.df == wanted["df"]
    assert found.chi2 == pytest.approx(wanted["chisq"])
    assert found.p == pytest.approx(wanted["p.value"], abs=1e-12)


def test_map_equals_psych(R: Array) -> None:
    found = f.minimum_average_partial(R)
    # psych leaves out the value without any component.
    assert found.values[1:] == pytest.approx(GOLDEN["map"][: len(found.values) - 1], rel=1e-6)
    assert found.factors == int(np.argmin(GOLDEN["map"])) + 1


def test_parallel_analysis_equals_r_in_the_long_run(R: Array) -> None:
    found = f.parallel_analysis(R, N, repetitions=400)
    assert found.mean == pytest.approx(GOLDEN["parallel"]["mean"], abs=0.01)
    assert found.upper == pytest.approx(GOLDEN["parallel"]["upper"], abs=0.02)
    assert found.factors == 3
    assert f.parallel_analysis(R, N, repetitions=50, components=False).factors >= 3
    again = f.parallel_analysis(R, N, repetitions=400)
    assert np.array_equal(found.upper, again.upper)


def test_nothing_in_noise_has_a_factor_monte_carlo() -> None:
    rng = np.random.default_rng(2)
    found = [
        f.parallel_analysis(correlated(rng.normal(size=(200, 8))), 200,
                            repetitions=60, seed=k).factors
        for k in range(40)
    ]  # fmt: skip
    assert np.mean(np.array(found) > 0) < 0.16
    noise = correlated(rng.normal(size=(5000, 8)))
    assert f.adequacy(noise, 5000).kmo < 0.60


def test_ml_equals_factanal(R: Array) -> None:
    found, wanted = f.efa(R, 3, n=N, extraction="ml", rotation="none"), GOLDEN["ml"]
    assert found.converged and not found.heywood
    assert found.uniqueness == pytest.approx(wanted["uniqueness"], abs=1e-5)
    assert found.df == wanted["df"]
    assert found.chi2 == pytest.approx(wanted["chi2"], abs=1e-5)
    np.testing.assert_allclose(found.pattern @ found.pattern.T, wanted["implied"], atol=1e-5)


def test_minres_equals_psych(R: Array) -> None:
    found, wanted = f.efa(R, 3, n=N, rotation="none"), GOLDEN["minres"]
    assert found.uniqueness == pytest.approx(wanted["uniqueness"], abs=2e-3)
    assert found.rmsr <= wanted["rms"] + 1e-7
    assert found.rmsr == pytest.approx(wanted["rms"], abs=1e-4)


@pytest.mark.parametrize("rotation", ["oblimin", "geomin", "promax", "varimax"])
def test_rotations_equal_r(R: Array, rotation: Any) -> None:
    found = f.efa(R, 3, n=N, extraction="ml", rotation=rotation)
    gap, phi = matched(found, GOLDEN[rotation])
    assert gap < 2e-4 and phi < 3e-4
    explained = np.diag(found.phi @ found.pattern.T @ found.pattern)
    assert (np.diff(explained) <= 1e-12).all() and (found.pattern.sum(axis=0) >= 0).all()


@pytest.mark.parametrize("rotation", get_args(f.Rotation))
@pytest.mark.parametrize("extraction", get_args(f.Extraction))
def test_rotation_leaves_the_fit_alone(R: Array, extraction: Any, rotation: Any) -> None:
    plain = f.efa(R, 3, n=N, extraction=extraction, rotation="none")
    found = f.efa(R, 3, n=N, extraction=extraction, rotation=rotation)
    np.testing.assert_allclose(found.structure @ found.pattern.T,
                               plain.pattern @ plain.pattern.T, atol=1e-9)  # fmt: skip
    np.testing.assert_allclose(np.diag(found.phi), 1.0, atol=1e-12)
    assert found.explained.sum() == pytest.approx(found.communality.sum() / 9)


@pytest.mark.parametrize("target", [f._ml, f._minres])
def test_gradients_equal_finite_differences(R: Array, target: Any) -> None:
    psi = np.linspace(0.3, 0.8, 9)
    h = 1e-6
    steps = np.eye(9) * h
    numeric = [(target(psi + s, R, 3)[0] - target(psi - s, R, 3)[0]) / (2 * h) for s in steps]
    np.testing.assert_allclose(target(psi, R, 3)[1], numeric, rtol=1e-6, atol=1e-8)


def test_exact_structure_is_recovered() -> None:
    L = np.zeros((8, 2))
    L[:4, 0], L[4:, 1] = [0.8, 0.7, 0.6, 0.7], [0.5, 0.9, 0.6, 0.7]
    phi = np.array([[1.0, 0.4], [0.4, 1.0]])
    R = L @ phi @ L.T
    np.fill_diagonal(R, 1.0)
    for extraction in f.EXTRACTIONS:
        found = f.efa(R, 2, n=500, extraction=extraction)
        gap, difference = matched(found, {"L": L.tolist(), "Phi": phi.tolist()})
        assert gap < 1e-4 and difference < 1e-4
        assert found.chi2 == pytest.approx(0.0, abs=1e-4) and found.rmsr < 1e-6


def test_one_factor_collapses_to_equal_loadings() -> None:
    R = np.full((4, 4), 0.49)
    np.fill_diagonal(R, 1.0)
    found = f.efa(R, 1, n=100)
    assert found.pattern[:, 0] == pytest.approx([0.7] * 4, abs=1e-6)
    assert found.phi.tolist() == [[1.0]]


def test_impossible_requests_are_refused(R: Array) -> None:
    with pytest.raises(ValueError, match="do not determine"):
        f.efa(R, 6, n=N)
    bad: Any = "quartimax"
    with pytest.raises(ValueError, match="oblimin"):
        f.efa(R, 2, n=N, rotation=bad)
