"""Reliability and validity by hand, by brute force and against semTools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.reference import published, read_columns, read_shared, variables_in

from analysis.methods import measurement as m
from analysis.sem import Moments, Solution, sem

Array = np.ndarray

GOLDEN = json.loads((Path(__file__).parent / "golden" / "measurement.json").read_text("utf-8"))
# Sample moments have no optimum in them; lavaan stops its own about 1e-5 away.
EXACT, OPTIMUM = 1e-9, 2e-5

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
# The published figures of the classical example.
FIGURES = {
    "visual": {"alpha": 0.626, "cr": 0.626, "ave": 0.371},
    "textual": {"alpha": 0.883, "cr": 0.885, "ave": 0.720},
    "speed": {"alpha": 0.688, "cr": 0.691, "ave": 0.430},
}


def fit(model: str, frame: pd.DataFrame, **options: Any) -> Solution:
    names = variables_in(model, {str(c): np.empty(0) for c in frame.columns})
    return sem(model, Moments.from_data(frame[names].to_numpy(float), names), **options)


@pytest.fixture(name="three")
def fixture_three(holzinger: pd.DataFrame) -> Solution:
    return fit(THREE, holzinger)


def test_figures_of_the_classical_example(three: Solution) -> None:
    found = {r.construct: r for r in m.reliability(three)}
    for construct, wanted in FIGURES.items():
        got = {name: round(getattr(found[construct], name), 3) for name in wanted}
        assert got == wanted
        assert found[construct].n_items == 3
    validity = m.discriminant_validity(three)
    assert validity.constructs == ("visual", "textual", "speed")
    below = [(1, 0), (2, 0), (2, 1)]
    assert [round(validity.htmt[i], 4) for i in below] == [0.4243, 0.4665, 0.2896]
    assert [round(validity.htmt2[i], 4) for i in below] == [0.3841, 0.3868, 0.2797]


@pytest.mark.parametrize("name", GOLDEN)
def test_reliability_and_htmt_equal_semtools(name: str, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN[name]
    frame = request.getfixturevalue("holzinger" if name == "uneven" else name)
    solution = fit(golden["model"], frame)
    for row in m.reliability(solution):
        assert row.alpha == pytest.approx(golden["alpha"][row.construct], rel=EXACT)
        assert row.omega == pytest.approx(golden["omega"][row.construct], rel=OPTIMUM)
    validity = m.discriminant_validity(solution)
    for kind in ("htmt", "htmt2"):
        names, lower = golden[kind]["names"], golden[kind]["lower"]
        assert list(validity.constructs) == names
        ours = getattr(validity, kind)[np.tril_indices(len(names), -1)]
        theirs = np.zeros((len(names),) * 2)
        theirs[np.tril_indices(len(names))] = lower
        np.testing.assert_allclose(ours, theirs[np.tril_indices(len(names), -1)], rtol=EXACT)


def shared_cases() -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "a_mobi_cfa_ML", "../data/mobi.csv", {}
    yield "a_mobi_cfa_ML_stdlv", "../data/mobi.csv", {"std_lv": True}
    yield "b2_mobi_sem_ML", "../data/mobi.csv", {}
    yield "b3_sim500_sem_ML", "golden/../golden/data/sim500.csv", {}
    yield "f_PolDem_ML", "golden/data/PoliticalDemocracy.csv", {}
    yield "e_HS39_single_ML", "golden/data/HS39.csv", {}


@pytest.mark.parametrize(("name", "file", "options"), list(shared_cases()))
def test_reliability_equals_shared_reference(
    name: str, file: str, options: dict[str, Any], shared_dir: Path
) -> None:
    reference = read_shared(shared_dir / "golden" / f"{name}.json")
    path = shared_dir / "data" / "mobi.csv" if "mobi.csv" in file else shared_dir / file
    columns = read_columns(path)
    names = variables_in(reference.model, columns)
    moments = Moments.from_data(np.column_stack([columns[n] for n in names]), names)
    solution = sem(reference.model, moments, **options)
    old = reference.raw["reliability_old"]
    table = {kind: dict(zip(old["cols"], row)) for kind, row in zip(old["rows"], old["values"])}
    for row in m.reliability(solution):
        assert row.alpha == pytest.approx(table["alpha"][row.construct], rel=1e-8)
        assert row.omega == pytest.approx(table["omega2"][row.construct], rel=1e-6)
    if "htmt2" in reference.raw:
        wanted = reference.raw["htmt2"]
        validity = m.discriminant_validity(solution)
        at = [wanted["rows"].index(c) for c in validity.constructs]
        theirs = np.array(wanted["values"])[np.ix_(at, at)]
        low = np.tril_indices(len(at), -1)
        np.testing.assert_allclose(validity.htmt2[low], theirs[low], rtol=1e-8)


def test_composite_reliability_and_ave_by_hand() -> None:
    """Loadings .8, .7, .6: (2.1)^2 = 4.41 against .36 + .51 + .64 = 1.51; squares 1.49."""
    std = np.array([0.8, 0.7, 0.6])
    assert m.composite_reliability(std) == pytest.approx(4.41 / 5.92)
    assert m.average_variance_extracted(std) == pytest.approx(1.49 / 3)


def test_alpha_by_hand_and_for_parallel_items() -> None:
    """Three items with variances 1 and covariances .5: 3/2 (1 - 3/6) = .75 = Spearman-Brown."""
    cov = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    assert m.cronbach_alpha(cov) == pytest.approx(0.75)
    assert m.cronbach_alpha(cov) == pytest.approx(3 * 0.5 / (1 + 2 * 0.5))


def test_alpha_equals_variance_of_sum_brute_force(holzinger: pd.DataFrame) -> None:
    items = holzinger[["x1", "x2", "x3"]].to_numpy(float)
    total = items.sum(axis=1).var()
    wanted = 3 / 2 * (1 - items.var(axis=0).sum() / total)
    assert m.cronbach_alpha(np.cov(items.T)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"std_lv": True}, {"effect_coding": True}])
def test_omega_collapses_to_unstandardized_cr(
    options: dict[str, bool], holzinger: pd.DataFrame, three: Solution
) -> None:
    """Without residual covariances: (sum l)^2 psi / [(sum l)^2 psi + sum theta], any scaling."""
    solution = fit(THREE, holzinger, **options)
    base = {r.construct: r for r in m.reliability(three)}
    for row in m.reliability(solution):
        rows = [e for e in m.loadings(solution) if e.construct == row.construct]
        variance = solution.estimate(row.construct, "~~", row.construct).est
        error = sum(solution.estimate(e.item, "~~", e.item).est for e in rows)
        common = sum(e.est for e in rows) ** 2 * variance
        assert row.omega == pytest.approx(common / (common + error), rel=1e-12)
        assert row.omega == pytest.approx(base[row.construct].omega, rel=1e-8)


def test_loadings_carry_the_standardized_interval(three: Solution) -> None:
    rows = m.loadings(three)
    assert [r.item for r in rows] == [f"x{i}" for i in range(1, 10)]
    for row in rows:
        estimate = three.estimate(row.construct, "=~", row.item)
        assert (row.std, row.std_se) == (estimate.std_all, estimate.std_all_se)
        assert row.std_ci_lower < row.std < row.std_ci_upper
        assert row.r2 == pytest.approx(row.std**2)


def test_cross_loading_leaves_cr_and_ave_undefined(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE.replace("x1 + x2 + x3", "x1 + x2 + x3 + x9"), holzinger)
    found = {r.construct: r for r in m.reliability(solution)}
    for construct in ("visual", "speed"):
        assert np.isnan(found[construct].cr) and np.isnan(found[construct].ave)
        assert np.isfinite(found[construct].alpha)
    assert found["textual"].cr > 0.8


def test_single_items_and_second_order_factors(holzinger: pd.DataFrame) -> None:
    """A single item has no reliability; a factor of factors has no alpha."""
    second = fit(f"{THREE}\ng =~ visual + textual + speed", holzinger)
    found = {r.construct: r for r in m.reliability(second)}
    assert np.isnan(found["g"].alpha)
    assert 0.0 < found["g"].omega < found["g"].omega_total
    std = np.array([e.std for e in m.loadings(second) if e.construct == "g"])
    assert found["g"].cr == pytest.approx(m.composite_reliability(std))
    single = fit("visual =~ x1 + x2 + x3\none =~ x4", holzinger)
    assert [r.construct for r in m.reliability(single)] == ["visual"]
    assert m.discriminant_validity(single).constructs == ("visual",)


def test_fornell_larcker_holds_root_ave_and_latent_correlations(three: Solution) -> None:
    validity = m.discriminant_validity(three)
    ave = [r.ave for r in m.reliability(three)]
    np.testing.assert_allclose(np.diag(validity.fornell_larcker), np.sqrt(ave))
    assert validity.fornell_larcker[1, 0] == pytest.approx(0.459, abs=5e-4)
    assert validity.fornell_larcker[2, 0] == pytest.approx(0.471, abs=5e-4)
    assert np.isnan(validity.fornell_larcker[0, 1])


def test_htmt_brute_force() -> None:
    """Sums over all pairs, written out, on correlations of either sign."""
    random = np.random.default_rng(2)
    X = random.normal(size=(80, 7)) + random.normal(size=(80, 1))
    X[:, 4] *= -1.0
    R = np.corrcoef(X.T)
    names = tuple("abcdefg")
    blocks = {"f": list("abc"), "g": list("de"), "h": list("fg")}
    at = {name: i for i, name in enumerate(names)}
    for geometric in (False, True):
        ours = m.htmt(R, names, blocks, geometric=geometric)

        def mean(values: list[float], geometric: bool = geometric) -> float:
            n = len(values)
            return float(np.prod(values) ** (1 / n)) if geometric else sum(values) / n

        def mono(items: list[str]) -> list[float]:
            return [abs(R[at[a], at[b]]) for i, a in enumerate(items) for b in items[i + 1 :]]

        keys = list(blocks)
        for i, j in ((1, 0), (2, 0), (2, 1)):
            first, second = blocks[keys[i]], blocks[keys[j]]
            hetero = [abs(R[at[a], at[b]]) for a, b in product(first, second)]
            wanted = mean(hetero) / np.sqrt(mean(mono(first)) * mean(mono(second)))
            assert ours[i, j] == pytest.approx(wanted, rel=1e-12)
        assert np.isnan(ours[0, 1]) and np.isnan(np.diag(ours)).all()


def test_htmt_of_one_factor_is_one_and_does_not_see_signs() -> None:
    loading = np.array([0.9, 0.8, 0.7, 0.6])
    R = np.outer(loading, loading)
    np.fill_diagonal(R, 1.0)
    blocks = {"f": ["a", "b"], "g": ["c", "d"]}
    flipped = R * np.outer([1, 1, -1, 1], [1, 1, -1, 1])
    geometric = m.htmt(R, "abcd", blocks, geometric=True)
    assert geometric[1, 0] == pytest.approx(1.0)
    for g in (False, True):
        same = m.htmt(flipped, "abcd", blocks, geometric=g)
        assert same[1, 0] == pytest.approx(m.htmt(R, "abcd", blocks, geometric=g)[1, 0])


def test_reliability_of_the_default_study() -> None:
    """CR .70 to .95 and AVE above .5 for all but image and quality of the Spanish bank."""
    model = """
    image =~ imag1 + imag2 + imag3 + imag4 + imag5
    quality =~ qual1 + qual2 + qual3 + qual4 + qual5
    satisfaction =~ sat1 + sat2 + sat3 + sat4
    loyalty =~ loy1 + loy2 + loy3 + loy4
    """
    solution = sem(model, published("spanish_bank"))
    for row in m.reliability(solution):
        R = solution.fit.moments.groups[0].cov
        items = [e.item for e in m.loadings(solution) if e.construct == row.construct]
        at = [solution.names.index(i) for i in items]
        assert row.alpha == pytest.approx(m.cronbach_alpha(R[np.ix_(at, at)]))
        assert 0.7 < row.cr < 0.95
        assert row.ave < row.cr
