"""Thresholds, polychoric and polyserial correlations and their asymptotic covariance."""

from __future__ import annotations

import csv
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal, norm

from analysis.errors import ModelError
from analysis.i18n import LANGUAGES
from analysis.sem.algebra import half_index
from analysis.sem.ordinal_checks import pooled_categories
from analysis.sem.ordinal_normal import bivariate_cdf
from analysis.sem.ordinal_stats import OrdinalMoments, ordinal_moments

GOLDEN = Path(__file__).parent / "golden"
Array = np.ndarray


@cache
def table(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def columns(path: Path, names: list[str], **where: str) -> Array:
    rows = [r for r in table(path) if all(r[k] == v for k, v in where.items())]
    return np.array([[float(r[n]) for n in names] for r in rows])


def simulated(n: int, p: int, cuts: list[float], seed: int = 1) -> Array:
    rng = np.random.default_rng(seed)
    latent = 0.7 * rng.normal(size=(n, 1)) + np.sqrt(0.51) * rng.normal(size=(n, p))
    return np.digitize(latent, cuts) + 1.0


def item_names(p: int) -> list[str]:
    return [f"q{j + 1}" for j in range(p)]


def mixed(names: list[str] | None = None) -> tuple[Array, list[str], list[str]]:
    names = names or ["o5", "spend", "o3", "b1", "age"]
    ordered = [n for n in names if n not in ("spend", "age")]
    return columns(GOLDEN / "ordinal_mixed.csv", names), names, ordered


def scaled_difference(gamma: Array, reference: Array) -> float:
    """Largest difference relative to the standard errors of the two statistics."""
    se = np.sqrt(np.diag(reference))
    return float(np.abs((gamma - reference) / np.outer(se, se)).max())


CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (GOLDEN / "ordinal_lavaan.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", CASES)
def test_small_cases_equal_lavaan(case: str) -> None:
    for ref in CASES[case]:
        where = {"group": ref["label"]} if ref["label"] else {}
        rows = columns(GOLDEN / "ordinal_mixed.csv", ref["names"], **where)
        weights = None
        if case == "weighted":
            weights = columns(GOLDEN / "ordinal_mixed.csv", ["weight"])[:, 0]
        m = ordinal_moments(rows, ref["names"], ref["ordered"], label=ref["label"], weights=weights)
        assert m.n == ref["n"]
        np.testing.assert_allclose(m.cov, ref["cov"], rtol=1e-6, atol=1e-8)
        assert scaled_difference(m.gamma, np.array(ref["gamma"])) < 1e-6
        if "stacked" in ref:
            np.testing.assert_allclose(m.stacked, ref["stacked"], rtol=1e-6, atol=1e-8)
            assert list(m.stacked_names) == ref["stacked_names"]
            assert (m.threshold_variable + 1).tolist() == ref["th_idx"]


def test_mobile_five_categories_equal_lavaan(shared_dir: Path) -> None:
    ref = json.loads((shared_dir / "golden/b_mobi_ord5_stage1.json").read_text("utf-8"))
    names = ref["polychoric"]["rows"]
    rows = columns(shared_dir / "golden/data/mobi_ord5.csv", names)
    m = ordinal_moments(rows, names, names)
    assert list(m.stacked_names) == ref["NACOV_names"]
    np.testing.assert_allclose(m.cov, ref["polychoric"]["values"], atol=1e-6)
    np.testing.assert_allclose(
        np.concatenate(m.thresholds), list(ref["thresholds"].values()), atol=1e-10
    )
    np.testing.assert_allclose(m.gamma_diag, ref["NACOV_diag"], rtol=1e-6)
    np.testing.assert_allclose(m.weight("DWLS"), ref["WLSV"], rtol=1e-6)
    assert scaled_difference(m.gamma, np.array(ref["NACOV"])) < 1e-6


def test_two_groups_equal_lavaan(shared_dir: Path) -> None:
    file = shared_dir / "golden/e_datCat_g_WLSMV_native_configural.json"
    ref = json.loads(file.read_text("utf-8"))["sampstat"]
    data = shared_dir / "golden/data/datCat.csv"
    names = [f"u{k}" for k in range(1, 9)]
    categories = pooled_categories(columns(data, names), names, names)
    for group in ("male", "female"):
        rows = columns(data, names, g=group)
        m = ordinal_moments(rows, names, names, label=group, categories=categories)
        np.testing.assert_allclose(m.cov, ref[group]["cov"]["values"], atol=1e-6)
        thresholds = list(ref[group]["th"].values())
        np.testing.assert_allclose(np.concatenate(m.thresholds), thresholds, atol=1e-10)


@pytest.mark.parametrize("rho", [-0.999, -0.6, -1e-9, 0.0, 0.3, 0.95, 0.999])
def test_normal_probability_brute_force(rho: float) -> None:
    at = np.array([-2.5, -1.0, -1e-7, 0.0, 0.4, 3.0])
    h, k = (x.ravel() for x in np.meshgrid(at, at))
    normal = multivariate_normal(cov=[[1.0, rho], [rho, 1.0]], allow_singular=True)
    expected = [normal.cdf([a, b]) for a, b in zip(h, k)]
    np.testing.assert_allclose(bivariate_cdf(h, k, np.array(rho)), expected, atol=2e-8)


def cell_probability(i: int, j: int, ti: Array, tj: Array, rho: float) -> float:
    """By SciPy's own integration, on the thresholds between -inf and inf."""
    ti = np.concatenate([[-9.0], ti, [9.0]])
    tj = np.concatenate([[-9.0], tj, [9.0]])
    normal = multivariate_normal(cov=[[1.0, rho], [rho, 1.0]])
    return float(normal.cdf([ti[i + 1], tj[j + 1]], lower_limit=[ti[i], tj[j]]))


def test_polychoric_brute_force() -> None:
    rows = simulated(150, 2, [-0.8, 0.3])
    m = ordinal_moments(rows, ["a", "b"], ["a", "b"])
    ta, tb = m.thresholds
    np.testing.assert_allclose(ta, norm.ppf([np.mean(rows[:, 0] <= c) for c in (1, 2)]))
    cells = [(i, j) for i in range(3) for j in range(3)]
    counts = [np.sum((rows[:, 0] == i + 1) & (rows[:, 1] == j + 1)) for i, j in cells]

    def loss(rho: float) -> float:
        chances = [cell_probability(i, j, ta, tb, rho) for i, j in cells]
        return -float(np.dot(counts, np.log(chances)))

    best = minimize_scalar(loss, bounds=(0.0, 0.95), method="bounded", options={"xatol": 1e-9})
    assert m.cov[1, 0] == pytest.approx(best.x, abs=2e-6)


def test_polyserial_brute_force() -> None:
    rows, _, _ = mixed(["spend", "o5"])
    m = ordinal_moments(rows, ["spend", "o5"], ["o5"])
    sd = rows[:, 0].std()
    z = (rows[:, 0] - rows[:, 0].mean()) / sd
    edges = np.concatenate([[-np.inf], m.thresholds[1], [np.inf]])
    code = rows[:, 1].astype(int)

    def loss(rho: float) -> float:
        root = np.sqrt(1 - rho**2)
        upper, lower = (edges[code] - rho * z) / root, (edges[code - 1] - rho * z) / root
        return -float(np.log(norm.cdf(upper) - norm.cdf(lower)).sum())

    best = minimize_scalar(loss, bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-9})
    assert m.correlation[1, 0] == pytest.approx(best.x, abs=1e-6)
    assert m.cov[1, 0] == pytest.approx(best.x * sd, abs=1e-5)


def test_gamma_brute_force() -> None:
    """Scores by finite differences of log-probabilities, a row at a time."""
    rows = simulated(120, 3, [-0.4, 0.6], seed=3)
    m = ordinal_moments(rows, item_names(3), item_names(3))
    codes, tau = rows.astype(int) - 1, np.array(m.thresholds)
    n, step = len(rows), 1e-4

    def alone(values: Array, code: int) -> float:
        edges = np.concatenate([[-np.inf], values, [np.inf]])
        return float(np.log(norm.cdf(edges[code + 1]) - norm.cdf(edges[code])))

    def slope(function: Any, at: Array) -> Array:
        unit = np.eye(len(at)) * step
        return np.array([(function(at + u) - function(at - u)) / (2 * step) for u in unit])

    single = np.zeros((n, 6))
    for j in range(3):
        at = [slope(lambda t, c=c: alone(t, c), tau[j]) for c in range(3)]
        single[:, 2 * j : 2 * j + 2] = np.array(at)[codes[:, j]]
    A = np.zeros((9, 9))
    for j in range(0, 6, 2):
        A[j : j + 2, j : j + 2] = single[:, j : j + 2].T @ single[:, j : j + 2]
    scores = [single]
    for k, (i, j) in enumerate([(1, 0), (2, 0), (2, 1)]):
        at = np.array([*tau[i], *tau[j], m.cov[i, j]])
        cells = {
            (a, b): slope(
                lambda x, a=a, b=b: np.log(cell_probability(a, b, x[:2], x[2:4], x[4])), at
            )
            for a in range(3)
            for b in range(3)
        }
        all_five = np.array([cells[a, b] for a, b in zip(codes[:, i], codes[:, j])])
        scores.append(all_five[:, 4:])
        A[6 + k, 2 * i : 2 * i + 2] = all_five[:, 4] @ all_five[:, :2]
        A[6 + k, 2 * j : 2 * j + 2] = all_five[:, 4] @ all_five[:, 2:4]
        A[6 + k, 6 + k] = all_five[:, 4] @ all_five[:, 4]
    S = np.hstack(scores)
    inverse = np.linalg.inv(A)
    assert scaled_difference(m.gamma, n * inverse @ (S.T @ S) @ inverse.T) < 2e-4


def test_numeric_items_collapse_to_normal_theory() -> None:
    """Sample moments; with exactly normal fourth moments Gamma is the normal-theory one."""
    three = np.sqrt(3.0) * np.array([-1, 0, 0, 0, 0, 1])
    grid = np.stack(np.meshgrid(three, three, three), -1).reshape(-1, 3)
    rows = grid @ np.array([[1.0, 0.6, -20.0], [0, 1.1, 90.0], [0, 0, 200.0]]) + [3, 0, -50]
    names = ["x", "y", "z"]
    m = ordinal_moments(rows, names, [])
    S = np.cov(rows.T, bias=True)
    np.testing.assert_allclose(m.cov, S, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(m.means, rows.mean(axis=0), atol=1e-12)
    row, col = half_index(3)
    normal = S[np.ix_(row, row)] * S[np.ix_(col, col)] + S[np.ix_(row, col)] * S[np.ix_(col, row)]
    order = [*np.flatnonzero(row == col), *np.flatnonzero(row != col)]
    expected = np.zeros((9, 9))
    expected[:3, :3] = S
    expected[3:, 3:] = normal[np.ix_(order, order)]
    assert scaled_difference(m.gamma, expected) < 1e-10


def test_median_split_collapses_to_cosine() -> None:
    cells = {(1, 1): 40, (1, 2): 20, (2, 1): 20, (2, 2): 40}
    rows = np.repeat(np.array(list(cells), dtype=float), list(cells.values()), axis=0)
    m = ordinal_moments(rows, ["a", "b"], ["a", "b"])
    assert m.cov[1, 0] == pytest.approx(-np.cos(2 * np.pi * 40 / 120), abs=1e-12)


def test_independent_table_gives_zero() -> None:
    rows = np.array([(a, b) for a in (1, 2, 3) for b in (1, 2) for _ in range(6)], dtype=float)
    m = ordinal_moments(rows, ["a", "b"], ["a", "b"])
    assert abs(m.cov[1, 0]) < 1e-14


def test_order_of_items_and_rows_does_not_matter() -> None:
    rows, names, ordered = mixed()
    first = ordinal_moments(rows, names, ordered)
    order = [3, 1, 4, 0, 2]
    shuffled = np.random.default_rng(4).permutation(rows)[:, order]
    second = ordinal_moments(shuffled, [names[k] for k in order], ordered[::-1])
    swap = {f"{a}~~{b}": f"{b}~~{a}" for a in names for b in names}
    at = [
        second.stacked_names.index(s if s in second.stacked_names else swap[s])
        for s in first.stacked_names
    ]
    np.testing.assert_allclose(second.stacked[at], first.stacked, rtol=1e-9)
    assert scaled_difference(second.gamma[np.ix_(at, at)], first.gamma) < 1e-9


def test_units_and_codes_do_not_matter() -> None:
    rows, names, ordered = mixed()
    first = ordinal_moments(rows, names, ordered)
    other = rows.copy()
    other[:, 1] = 1e8 * rows[:, 1] + 1e9
    other[:, 0] = rows[:, 0] ** 2
    second = ordinal_moments(other, names, ordered)
    np.testing.assert_allclose(second.correlation, first.correlation, atol=1e-9)
    unit = np.where(
        [s.startswith("spend") or s.endswith("~spend") for s in first.stacked_names], 1e8, 1.0
    )
    unit[first.stacked_names.index("spend~~spend")] = 1e16
    assert scaled_difference(second.gamma, first.gamma * np.outer(unit, unit)) < 1e-8


def test_reversed_item_changes_signs_only() -> None:
    rows = simulated(200, 3, [-0.8, 0.1, 0.9])
    turned = rows.copy()
    turned[:, 2] = 5 - rows[:, 2]
    a, b = (ordinal_moments(x, item_names(3), item_names(3)) for x in (rows, turned))
    np.testing.assert_allclose(b.cov[2, :2], -a.cov[2, :2], atol=1e-10)
    np.testing.assert_allclose(b.gamma_diag[-3:], a.gamma_diag[-3:], rtol=1e-8)


def test_whole_number_weights_equal_repeated_rows() -> None:
    rows, names, ordered = mixed()
    times = np.arange(len(rows)) % 3 + 1
    weighted = ordinal_moments(rows, names, ordered, weights=times)
    repeated = ordinal_moments(np.repeat(rows, times, axis=0), names, ordered)
    np.testing.assert_allclose(weighted.stacked, repeated.stacked, atol=1e-9)


def test_long_data_are_summed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, names, ordered = mixed()
    whole = ordinal_moments(rows, names, ordered)
    for module in ("ordinal_pairs", "ordinal_nacov"):
        monkeypatch.setattr(f"analysis.sem.{module}.BLOCK", 700)
    pieces = ordinal_moments(rows, names, ordered)
    np.testing.assert_allclose(pieces.stacked, whole.stacked, atol=1e-12)
    assert scaled_difference(pieces.gamma, whole.gamma) < 1e-12


def test_same_bytes_each_time() -> None:
    rows, names, ordered = mixed()
    a, b = (ordinal_moments(rows, names, ordered) for _ in range(2))
    assert a.gamma.tobytes() == b.gamma.tobytes()
    assert a.stacked.tobytes() == b.stacked.tobytes()


def test_weights_of_estimators() -> None:
    m = ordinal_moments(*mixed())
    np.testing.assert_allclose(m.weight("WLS") @ m.gamma, np.eye(len(m.stacked)), atol=1e-8)
    np.testing.assert_allclose(m.weight("DWLS") * m.gamma_diag, 1.0)
    assert m.weight("ULS").tolist() == [1.0] * len(m.stacked)
    with pytest.raises(ModelError, match="WLS, DWLS, ULS"):
        m.weight("GLS")  # type: ignore[arg-type]


def test_wls_needs_more_respondents_than_statistics() -> None:
    rows = simulated(40, 8, [-0.6, 0.6])
    m = ordinal_moments(rows, item_names(8), item_names(8))
    with pytest.raises(ModelError, match=r"WLS cannot be used with 40"):
        m.weight("WLS")


def test_twenty_four_items_in_two_seconds() -> None:
    rows = simulated(3000, 24, [-1.5, -1, -0.5, 0, 0.6, 1.2])
    start = time.process_time()
    m = ordinal_moments(rows, item_names(24), item_names(24))
    assert time.process_time() - start < 2.0
    assert m.gamma.shape == (420, 420)


# Bad input ---------------------------------------------------------------------------------------


def codes_of(found: ModelError | OrdinalMoments) -> list[str]:
    messages = found.messages if isinstance(found, ModelError) else found.warnings
    for m in messages:
        assert all("{" not in m.text(language) for language in LANGUAGES)
    return [m.code.removeprefix("ordinal.") for m in messages]


def refused(rows: Array, ordered: list[str] | None = None, **options: Any) -> ModelError:
    names = item_names(rows.shape[1])
    with pytest.raises(ModelError) as caught:
        ordinal_moments(rows, names, names if ordered is None else ordered, **options)
    return caught.value


@pytest.fixture
def likert() -> Array:
    return simulated(120, 3, [-0.8, 0.0, 0.8])


def test_category_empty_in_one_group_is_named(likert: Array) -> None:
    names = item_names(3)
    categories = pooled_categories(likert, names, names)
    group = likert[likert[:, 1] < 4]
    error = refused(group, label="online", categories=categories)
    assert codes_of(error) == ["empty_category"]
    assert "category 4 of q2 [online]" in error.text("en")
    assert "合并" in error.text("zh")


def test_every_item_with_an_empty_category_is_listed(likert: Array) -> None:
    error = refused(likert, categories={"q1": range(1, 6), "q3": range(0, 5)})
    assert codes_of(error) == ["empty_category", "empty_category"]
    assert "category 5 of q1" in error.text() and "category 0 of q3" in error.text()


def test_code_outside_the_declared_ones(likert: Array) -> None:
    likert[7, 0] = 99
    error = refused(likert, categories={"q1": (1, 2, 3, 4)})
    assert codes_of(error) == ["undeclared_category"] and "99" in error.text()


def test_constant_items(likert: Array) -> None:
    likert[:, 1] = 3
    assert codes_of(refused(likert)) == ["constant"]
    assert codes_of(refused(likert, ["q1", "q3"])) == ["constant"]


def test_fractions_name_item_and_rows(likert: Array) -> None:
    likert[4, 2] = 2.5
    error = refused(likert)
    assert codes_of(error) == ["not_whole"]
    assert "q3 holds 2.5" in error.text() and "rows 5" in error.text()


def test_infinite_answers(likert: Array) -> None:
    likert[0, 0] = np.inf
    assert codes_of(refused(likert)) == ["not_whole"]
    assert codes_of(refused(likert, ["q2", "q3"])) == ["infinite"]


def test_few_rows_and_unknown_names(likert: Array) -> None:
    assert codes_of(refused(likert[:20])) == ["too_few_rows"]
    assert codes_of(refused(likert, ["q9"])) == ["unknown_item"]
    with pytest.raises(ModelError, match="more than once"):
        ordinal_moments(likert, ["a", "b", "a"], ["a"])
    with pytest.raises(ModelError, match="variable names"):
        ordinal_moments(likert, ["a"], [])


def test_copies_are_refused(likert: Array) -> None:
    assert codes_of(refused(np.column_stack([likert, 5 - likert[:, 0]]))) == ["same_item"]
    binary = (likert > 2).astype(float)
    assert codes_of(refused(np.column_stack([binary, binary[:, 1]]))) == ["same_binary"]
    numeric = np.column_stack([likert, 3 * likert[:, 2] + 1])
    assert codes_of(refused(numeric, ["q1", "q2"])) == ["same_item"]


def test_rare_answer_of_a_binary_item(likert: Array) -> None:
    likert[:, 0] = 0
    likert[:3, 0] = 1
    assert codes_of(refused(likert)) == ["rare_answer"]


def test_too_many_categories_are_refused(likert: Array) -> None:
    likert[:, 0] = np.arange(120)
    assert codes_of(refused(likert)) == ["too_many_categories"]


def test_weights_must_be_positive(likert: Array) -> None:
    assert codes_of(refused(likert, weights=np.r_[0.0, np.ones(119)])) == ["weights_values"]
    assert codes_of(refused(likert, weights=np.ones(5))) == ["weights_shape"]


def test_missing_answers_drop_rows_and_say_so(likert: Array) -> None:
    complete = ordinal_moments(likert[5:], item_names(3), item_names(3))
    likert[:5, 1] = np.nan
    m = ordinal_moments(likert, item_names(3), item_names(3))
    assert m.n == 115 and codes_of(m) == ["listwise"]
    np.testing.assert_array_equal(m.gamma, complete.gamma)


def test_warnings_about_categories(likert: Array) -> None:
    likert[:2, 0] = 5
    m = ordinal_moments(likert, item_names(3), item_names(3))
    assert codes_of(m) == ["sparse_category"]
    assert "q1=5 (2)" in m.warnings[0].text()
    likert[:, 2] = np.arange(120) % 15
    assert "many_categories" in codes_of(ordinal_moments(likert, item_names(3), item_names(3)))


def test_warnings_about_correlations() -> None:
    rows, names, ordered = mixed(["b1", "b2", "rare"])
    m = ordinal_moments(rows, names, ordered)
    assert codes_of(m) == ["empty_cell"] and m.empty_tables == (("b2", "rare"),)
    likert = simulated(300, 2, [-0.8, 0.0, 0.8])
    likert = np.column_stack([likert, likert[:, 0]])
    likert[:2, 2] = 5 - likert[:2, 2]
    likert[0, 2], likert[1, 2] = min(likert[0, 0] + 1, 4), max(likert[1, 0] - 1, 1)
    assert "near_one" in codes_of(ordinal_moments(likert, item_names(3), item_names(3)))


def test_numeric_item_with_two_values_is_pointed_out(likert: Array) -> None:
    likert[:, 0] = likert[:, 0] > 2
    m = ordinal_moments(likert, item_names(3), ["q2", "q3"])
    assert codes_of(m) == ["two_valued"] and np.isfinite(m.gamma).all()


def test_matrix_that_is_not_positive_definite() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 3, size=(31, 12)).astype(float)
    found = codes_of(ordinal_moments(rows, item_names(12), item_names(12)))
    assert "not_positive" in found
