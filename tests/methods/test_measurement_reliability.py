"""Reliability of ordered, second-order and bifactor models, and intervals from bootstrap draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.reference import published, variables_in

from analysis.methods import measurement as m
from analysis.methods.measurement.points import blocks, loading_cells, solved
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import bootstrap, limits
from analysis.sem.resampling.draws import fill_counts, stream_key

Array = np.ndarray
GOLDEN = json.loads((Path(__file__).parent / "golden" / "reliability.json").read_text("utf-8"))
ORDINAL = Path(__file__).parents[1] / "sem" / "golden" / "ordinal_groups.csv"
OPTIMUM = 2e-5  # lavaan stops its own about 1e-5 away
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"

MATRIX_MODEL = """
image =~ imag1 + imag2 + imag3 + imag4 + imag5
quality =~ qual1 + qual2 + qual3 + qual4 + qual5
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ loy1 + loy2 + loy3 + loy4
"""


def fit(model: str, frame: pd.DataFrame, group: str = "", **options: Any) -> Solution:
    names = variables_in(model, {str(c): np.empty(0) for c in frame.columns})
    labels = frame[group].astype(str).tolist() if group else None
    return sem(
        model, Moments.from_data(frame[names].to_numpy(float), names, group=labels), **options
    )


def by_name(solution: Solution, group: int = 1) -> dict[str, m.Reliability]:
    return {r.construct: r for r in m.reliability(solution) if r.group == group}


@pytest.fixture(name="ordinal")
def fixture_ordinal() -> Solution:
    model = GOLDEN["ordinal"]["model"]
    frame = pd.read_csv(ORDINAL)
    return fit(model, frame, ordered=variables_in(model, dict.fromkeys(map(str, frame.columns))))


def test_reliability_equals_semtools_and_psych(holzinger: pd.DataFrame) -> None:
    golden = GOLDEN["holzinger"]
    for name, row in by_name(fit(THREE, holzinger)).items():
        assert row.alpha == pytest.approx(golden["alpha"][name], rel=1e-9)
        assert row.omega == pytest.approx(golden["implied"][name], rel=OPTIMUM)
        assert row.omega_observed == pytest.approx(golden["observed"][name], rel=OPTIMUM)
        assert row.omega_total == pytest.approx(row.omega, rel=1e-12)


@pytest.mark.parametrize("name", ["holzinger", "ordinal"])
def test_loading_coefficients_equal_lavaan(name: str, request: pytest.FixtureRequest) -> None:
    holzinger = request.getfixturevalue("holzinger")
    chosen = fit(THREE, holzinger) if name == "holzinger" else request.getfixturevalue(name)
    for construct, row in by_name(chosen).items():
        for coefficient, wanted in GOLDEN[name]["standardized"][construct].items():
            assert getattr(row, coefficient) == pytest.approx(wanted, rel=OPTIMUM)


def test_ordinal_omega_equals_semtools(ordinal: Solution) -> None:
    """Green and Yang's omega of the answers, by implied and by polychoric correlations."""
    golden = GOLDEN["ordinal"]
    for name, row in by_name(ordinal).items():
        assert row.ordered
        assert row.omega == pytest.approx(golden["implied"][name], rel=OPTIMUM)
        assert row.omega_observed == pytest.approx(golden["observed"][name], rel=OPTIMUM)
        assert row.alpha == pytest.approx(golden["alpha"][name], rel=OPTIMUM)
    validity = m.discriminant_validity(ordinal)
    for kind in ("htmt", "htmt2"):
        wanted = golden[kind]["lower"][1]
        assert getattr(validity, kind)[1, 0] == pytest.approx(wanted, rel=OPTIMUM)


def test_ordinal_omega_of_groups_equals_semtools() -> None:
    golden, frame = GOLDEN["ordinal_groups"], pd.read_csv(ORDINAL)
    names = variables_in(golden["model"], dict.fromkeys(map(str, frame.columns)))
    solution = fit(golden["model"], frame, "group", ordered=names)
    for kind, field in (("implied", "omega"), ("observed", "omega_observed")):
        for wanted in golden[kind]:
            group = solution.partable.groups.index(wanted["group"]) + 1
            for name, row in by_name(solution, group).items():
                assert getattr(row, field) == pytest.approx(wanted[name], rel=OPTIMUM)


def test_ordinal_omega_does_not_depend_on_parameterization() -> None:
    frame, model = pd.read_csv(ORDINAL), GOLDEN["ordinal"]["model"]
    names = variables_in(model, dict.fromkeys(map(str, frame.columns)))
    delta, theta = (
        by_name(fit(model, frame, "group", ordered=names, parameterization=p), 2)
        for p in ("delta", "theta")
    )
    for name, row in delta.items():
        for field in ("omega", "omega_total", "omega_observed", "cr", "maximal", "rho_a"):
            assert getattr(row, field) == pytest.approx(getattr(theta[name], field), rel=1e-6)


def test_second_order_omega_equals_semtools(holzinger: pd.DataFrame) -> None:
    golden = GOLDEN["second_order"]
    found = by_name(fit(golden["model"], holzinger))
    row = found["g"]
    assert row.higher
    assert np.isnan(row.alpha)
    assert np.isnan(row.rho_a)
    assert row.omega == pytest.approx(golden["implied"]["g"], rel=OPTIMUM)
    assert row.omega == pytest.approx(golden["level"]["omegaL1"], rel=OPTIMUM)
    assert row.omega_observed == pytest.approx(golden["observed"]["g"], rel=OPTIMUM)
    assert row.omega_total > row.omega
    for name in ("visual", "textual", "speed"):
        assert found[name].omega_observed == pytest.approx(golden["observed"][name], rel=OPTIMUM)


def test_bifactor_omega_equals_semtools(holzinger: pd.DataFrame) -> None:
    golden = GOLDEN["bifactor"]
    found = by_name(fit(golden["model"], holzinger))
    for name, row in found.items():
        assert row.omega == pytest.approx(golden["implied"][name], rel=1e-4)
        assert row.omega_observed == pytest.approx(golden["observed"][name], rel=1e-4)
        assert np.isnan(row.cr)
        assert np.isnan(row.maximal)
        assert np.isnan(row.rho_a)
    assert found["g"].omega_total == pytest.approx(golden["implied"]["total"], rel=1e-4)


def test_two_formulas_of_one_composite_reliability(shared_dir: Path) -> None:
    """Loyalty of the mobile phone customers: .586 standardized, .542 by observed variances."""
    frame = pd.read_csv(shared_dir / "data" / "mobi.csv")
    reference = json.loads((shared_dir / "golden" / "a_mobi_cfa_ML.json").read_text("utf-8"))
    names = variables_in(reference["model"], dict.fromkeys(map(str, frame.columns)))
    row = by_name(sem(reference["model"], Moments.from_data(frame[names].to_numpy(float), names)))
    loyalty = next(r for name, r in row.items() if name.lower().startswith("loy"))
    assert round(loyalty.cr, 3) == pytest.approx(0.586, abs=2e-3)
    assert round(loyalty.omega_observed, 3) == pytest.approx(0.542, abs=2e-3)


def test_maximal_reliability_by_hand() -> None:
    """Loadings .8, .6: .64/.36 + .36/.64 = 2.3403; over 1 + itself .7006."""
    wanted = (0.64 / 0.36 + 0.36 / 0.64) / (1 + 0.64 / 0.36 + 0.36 / 0.64)
    assert m.maximal_reliability(np.array([0.8, 0.6])) == pytest.approx(wanted)
    assert np.isnan(m.maximal_reliability(np.array([0.8, 1.02])))


def test_rho_a_collapses_to_reliability_of_the_composite() -> None:
    """Of exact factor correlations mode A gives weights along the loadings, and the true value."""
    std = np.array([0.9, 0.8, 0.7, 0.6, 0.75, 0.85, 0.65])
    member = np.array([0, 0, 0, 0, 1, 1, 1])
    phi = np.array([[1.0, 0.5], [0.5, 1.0]])
    R = np.outer(std, std) * phi[np.ix_(member, member)]
    np.fill_diagonal(R, 1.0)
    own = [np.arange(4), np.arange(4, 7)]
    weights = m.pls_weights(R[None], own)[0]
    for j, items in enumerate(own):
        w, block = weights[items, j], R[np.ix_(items, items)]
        np.testing.assert_allclose(w / w[0], std[items] / std[items][0], rtol=1e-9)
        wanted = (w @ std[items]) ** 2 / (w @ block @ w)
        assert m.dijkstra_henseler(w, block) == pytest.approx(wanted, rel=1e-9)


def test_rho_a_brute_force(holzinger: pd.DataFrame) -> None:
    """Scores, inner proxies and weights of partial least squares, respondent by respondent."""
    names = [f"x{i}" for i in range(1, 10)]
    X = holzinger[names].to_numpy(float)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    own = [range(3), range(3, 6), range(6, 9)]
    weights = [np.ones(3) for _ in own]
    for _ in range(300):
        scores = [Z[:, list(b)] @ w for b, w in zip(own, weights, strict=True)]
        scores = [y / y.std() for y in scores]
        weights = []
        for j, b in enumerate(own):
            proxy = sum(np.mean(scores[j] * y) * y for i, y in enumerate(scores) if i != j)
            weights.append(np.array([np.mean(Z[:, i] * proxy) for i in b]))
    for row, b, w in zip(m.reliability(fit(THREE, holzinger)), own, weights, strict=True):
        S = np.corrcoef(Z[:, list(b)].T)
        w = w / np.sqrt(w @ S @ w)
        off = S - np.eye(3)
        shared = np.outer(w, w) - np.diag(w**2)
        wanted = (w @ w) ** 2 * (w @ off @ w) / (w @ shared @ w)
        assert row.rho_a == pytest.approx(wanted, rel=1e-8)


def test_sum_score_covariance_brute_force() -> None:
    """Against covariances over all cells of the table of two ordered items."""
    from scipy.stats import multivariate_normal

    cuts = [np.array([-0.7, 0.2, 1.1]), np.array([-0.3, 0.9])]
    R = np.array([[1.0, 0.55], [0.55, 1.0]])
    ours = m.sum_score_covariance([c[None] for c in cuts], R[None])[0]
    grid = np.linspace(-8, 8, 1601)
    density = multivariate_normal([0, 0], R).pdf(np.dstack(np.meshgrid(grid, grid, indexing="ij")))
    density /= density.sum()
    scores = [np.searchsorted(c, grid).astype(float) for c in cuts]
    means = [density.sum(axis=1) @ scores[0], density.sum(axis=0) @ scores[1]]
    wanted = scores[0] @ density @ scores[1] - means[0] * means[1]
    assert ours[0, 1] == pytest.approx(wanted, abs=2e-3)
    mass = density.sum(axis=1)
    assert ours[0, 0] == pytest.approx(mass @ scores[0] ** 2 - means[0] ** 2, abs=5e-3)


DRAWS = 6


@pytest.mark.parametrize("case", ["complete", "groups", "missing"])
def test_draws_equal_a_loop_of_fits_brute_force(case: str, holzinger: pd.DataFrame) -> None:
    """The same respondents drawn, one model fitted after the other, each analysed on its own."""
    frame = holzinger.sort_values("school") if case == "groups" else holzinger.copy()
    names = [f"x{i}" for i in range(1, 10)]
    if case == "missing":
        frame.loc[frame.index[::7], "x2"] = np.nan
    solution = fit(THREE, frame, "school" if case == "groups" else "")
    found = m.resampled(bootstrap(solution, draws=DRAWS, seed=3, workers=1))
    assert found.draws == DRAWS > 2 * found.failed
    X = frame[names].to_numpy(float)
    labels = frame["school"].astype(str).to_numpy() if case == "groups" else np.full(len(X), "")
    for d in range(DRAWS):
        taken = []
        for g, label in enumerate(dict.fromkeys(labels.tolist())):
            own = np.flatnonzero(labels == label)
            counts = np.empty((1, len(own)))
            fill_counts(stream_key(3, g), d, counts)
            taken.append(np.repeat(own, counts[0].astype(int)))
        rows = np.concatenate(taken)
        one = sem(THREE, Moments.from_data(X[rows], names, group=labels[rows].tolist()))
        if not one.outcome.estimated:
            continue
        for g, draws in enumerate(found.groups, start=1):
            records = by_name(one, g).values()
            for name in m.COEFFICIENTS:
                wanted = [getattr(r, name) for r in records]
                np.testing.assert_allclose(draws.reliability[name][d], wanted, rtol=2e-6)
            validity = m.discriminant_validity(one, group=g)
            low = np.tril_indices(3, -1)
            np.testing.assert_allclose(draws.htmt[d], validity.htmt[low], rtol=1e-8)
            np.testing.assert_allclose(draws.htmt2[d], validity.htmt2[low], rtol=1e-8)
            wanted = validity.fornell_larcker[low]
            np.testing.assert_allclose(draws.correlation[d], wanted, rtol=2e-6, atol=1e-7)


def test_intervals_are_percentiles_of_the_draws(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger)
    found = m.resampled(bootstrap(solution, draws=600, seed=1))
    for j, row in enumerate(m.reliability(solution, found)):
        draws = found.groups[0].reliability["alpha"][:, j]
        low, high = limits("percentile", draws[:, None], np.array([row.alpha]))[:, 0]
        assert row.intervals["alpha"] == (low, high)
        for name in ("alpha", "omega", "cr", "ave", "rho_a", "maximal"):
            low, high = row.intervals[name]
            assert low < getattr(row, name) < high
    validity = m.discriminant_validity(solution, resampled=found)
    low = np.tril_indices(3, -1)
    np.testing.assert_allclose(
        validity.htmt_upper[low],
        np.quantile(found.groups[0].htmt, 0.95, axis=0, method="weibull"),
    )
    assert (validity.htmt_upper[low] > validity.htmt[low]).all()


def test_published_moments_are_drawn_around_themselves() -> None:
    """Draws of a matrix centre on its own alpha and ratios, also where the model fits badly."""
    solution = sem(MATRIX_MODEL, published("spanish_bank"))
    found = m.resampled(bootstrap(solution, draws=2000, seed=1, kind="normal"))
    (group,) = found.groups
    for j, row in enumerate(m.reliability(solution)):
        for name in ("alpha", "rho_a", "omega"):
            middle = np.median(group.reliability[name][:, j])
            assert middle == pytest.approx(getattr(row, name), abs=0.01)
    validity = m.discriminant_validity(solution)
    low = np.tril_indices(len(validity.constructs), -1)
    np.testing.assert_allclose(np.median(group.htmt, axis=0), validity.htmt[low], atol=0.01)


def test_draws_do_not_depend_on_how_they_are_grouped(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger)
    few, many = (m.resampled(bootstrap(solution, draws=n, seed=5)) for n in (40, 600))
    for name in m.COEFFICIENTS:
        a, b = (x.groups[0].reliability[name] for x in (few, many))
        np.testing.assert_allclose(a, b[:40], rtol=1e-10)


def test_many_points_equal_one_after_the_other(holzinger: pd.DataFrame) -> None:
    solution = fit(f"{THREE}\ng =~ visual + textual + speed", holzinger)
    own, cells = blocks(solution, 1), loading_cells(solution, 1)
    found = m.coefficients(solved(solution, 1), own, cells)
    for j, row in enumerate(m.reliability(solution)):
        for name in m.COEFFICIENTS:
            np.testing.assert_equal(found[name][0, j], getattr(row, name))


@pytest.mark.slow
def test_intervals_cover_the_population() -> None:
    """Omega .842 of one of two factors and HTMT .5 of parallel items, N 200: 95% hold them."""
    model = "f =~ a + b + c + d\ng =~ u + v + w"
    std, runs = 0.755, 300
    omega = (4 * std) ** 2 / ((4 * std) ** 2 + 4 * (1 - std**2))
    inside = {"omega": 0, "htmt": 0}
    random = np.random.default_rng(11)
    for run in range(runs):
        factors = random.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 200)
        noise = np.sqrt(1 - std**2) * random.normal(size=(200, 7))
        X = std * factors[:, [0, 0, 0, 0, 1, 1, 1]] + noise
        solution = sem(model, Moments.from_data(X, list("abcduvw")))
        found = m.resampled(bootstrap(solution, draws=400, seed=run, progress=False))
        low, high = m.reliability(solution, found)[0].intervals["omega"]
        inside["omega"] += low < omega < high
        upper = m.discriminant_validity(solution, resampled=found).htmt_upper[1, 0]
        inside["htmt"] += upper > 0.5
    assert 0.90 < inside["omega"] / runs < 0.98
    assert 0.91 < inside["htmt"] / runs < 0.99
