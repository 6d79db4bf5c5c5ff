"""Path coefficients at many points against whole inverses, point by point."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.methods.mediation import Structure
from analysis.methods.mediation.upstream import coefficients, total_effects
from analysis.sem import Moments, sem
from analysis.sem.implied import implied

MEASURED = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9\n"
MODELS = {
    "chain": "f2 ~ f1\nf3 ~ f2 + f1",
    "covariance": "f3 ~ f1 + f2\nf1 ~~ f2\nx1 ~~ x4",
    "feedback": "f2 ~ f1 + a*f3\nf3 ~ f2\na == 0.1",
    "from an item": "f2 ~ x1\nf3 ~ f2",
    "higher order": "g =~ f1 + f2\nf3 ~ f1",
}


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("ordered", [False, True], ids=["continuous", "ordered"])
def test_coefficients_equal_whole_inverses_brute_force(
    text: str, ordered: bool, holzinger: pd.DataFrame
) -> None:
    names = [f"x{i}" for i in range(1, 10)]
    rows = holzinger[names].to_numpy(float)
    if ordered:
        rows = np.digitize((rows - rows.mean(axis=0)) / rows.std(axis=0), [-0.5, 0.5]) + 1.0
    moments = Moments.from_data(rows, names)
    solution = sem(MEASURED + text, moments, ordered=names if ordered else ())
    part = Structure.of(solution, 1)
    model, theta = solution.fit.model.groups[0], solution.fit.theta
    points = theta[:, None] + 0.05 * np.random.default_rng(1).standard_normal((len(theta), 7))
    found = coefficients(model, part.place, points, std_all=True)
    for d in range(7):
        A = model.matrices(points[:, d])[0]
        variance = np.diag(implied(model, points[:, d]).C)
        sd = np.sqrt(variance)
        expected = (A * sd[None, :] / sd[:, None])[np.ix_(part.place, part.place)]
        np.testing.assert_allclose(found[..., d], expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("loop", [False, True])
def test_total_effects_equal_the_inverse_brute_force(loop: bool) -> None:
    rng = np.random.default_rng(2)
    B = np.tril(rng.uniform(0.1, 0.4, (5, 5, 3)).T, -1).T[::-1, ::-1]
    if loop:
        B[0, 4], B[4, 0] = 0.2, 0.3
    found = total_effects(B)
    for d in range(3):
        np.testing.assert_allclose(found[..., d], np.linalg.inv(np.eye(5) - B[..., d]), atol=1e-14)


def test_points_with_a_negative_variance_have_no_effects(holzinger: pd.DataFrame) -> None:
    names = [f"x{i}" for i in range(1, 10)]
    moments = Moments.from_data(holzinger[names].to_numpy(float), names)
    solution = sem(MEASURED + MODELS["chain"], moments)
    points = np.tile(solution.fit.theta, (3, 1))
    at = next(
        r.free - 1 for r in solution.partable.rows if (r.lhs, r.op, r.rhs) == ("f1", "~~", "f1")
    )
    points[1, at] = -9.0
    part = Structure.of(solution, 1)
    raw, std = (part.of_points(solution, points, std_all=s) for s in (False, True))
    assert np.isfinite(raw).all()
    assert np.isnan(std[1]).all()
    assert np.isfinite(std[[0, 2]]).all()
