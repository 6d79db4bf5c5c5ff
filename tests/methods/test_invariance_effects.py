"""Effects by group, dMACS of ordered items, statistics of ordered items made once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from analysis.methods.invariance import (
    compare_paths,
    group_effects,
    invariance_ladder,
    latent_means,
    noninvariance,
)
from analysis.methods.invariance import ladder as ladder_module
from analysis.methods.invariance.effect_ordinal import Response, expected_difference
from analysis.methods.invariance.effect_size import dmacs
from analysis.methods.invariance.group_effects import two_sided
from analysis.sem import Moments, sem

MODEL = "y ~ a*m\nm ~ b*x\nind := a*b"


def chain(slopes: tuple[float, ...], n: int = 400) -> Moments:
    rng = np.random.default_rng(5)
    rows = []
    for slope in slopes:
        x = rng.standard_normal(n)
        m = slope * x + rng.standard_normal(n)
        rows.append(np.column_stack([x, m, 0.5 * m + rng.standard_normal(n)]))
    labels = np.repeat([f"g{i}" for i in range(len(slopes))], n)
    return Moments.from_data(np.concatenate(rows), ("x", "m", "y"), group=labels.tolist())


def test_defined_effects_are_products_in_each_group() -> None:
    data = chain((0.6, 0.6, 0.0))
    compared = compare_paths(MODEL, data, estimator="ML")
    (effect,) = group_effects(compared, seed=2)
    assert (effect.name, effect.via) == ("ind", ("x", "m", "y"))
    paths = {(p.source, p.target): [g.est for g in p.groups] for p in compared.paths}
    for g in range(3):
        product = paths["x", "m"][g] * paths["m", "y"][g]
        assert effect.groups[g].est == pytest.approx(product)
        assert effect.groups[g].ci_lower < product < effect.groups[g].ci_upper
    pairs = {(d.group, d.reference): d for d in effect.pairs}
    assert pairs["g1", "g0"].p_holm > 0.05
    assert pairs["g2", "g0"].p_holm < 0.01
    assert pairs["g2", "g0"].est == pytest.approx(effect.groups[2].est - effect.groups[0].est)


def test_undefined_effects_collapse_to_the_defined_one() -> None:
    data = chain((0.6, 0.2))
    (one,) = group_effects(compare_paths(MODEL, data, estimator="ML"), seed=2)
    (other,) = group_effects(compare_paths("y ~ m\nm ~ x", data, estimator="ML"), seed=2)
    assert (other.source, other.target) == ("x", "y")
    for a, b in zip(one.groups, other.groups, strict=True):
        assert (a.est, a.ci_lower, a.ci_upper) == pytest.approx((b.est, b.ci_lower, b.ci_upper))


def test_intervals_equal_the_delta_method_in_large_samples() -> None:
    data = chain((0.6, 0.4), n=20000)
    compared = compare_paths(MODEL, data, estimator="ML")
    assert compared.solution is not None
    (effect,) = group_effects(compared, seed=2)
    for g, one in enumerate(effect.groups, start=1):
        delta = compared.solution.estimate(f"ind.g{g}", ":=", f"a.g{g}*b.g{g}")
        assert one.ci_lower == pytest.approx(delta.ci_lower, abs=5e-4)
        assert one.ci_upper == pytest.approx(delta.ci_upper, abs=5e-4)


def test_no_solution_no_effects() -> None:
    data = chain((0.6,))
    assert group_effects(compare_paths(MODEL, data)) == ()


def test_two_sided_p_by_hand() -> None:
    assert two_sided(np.array([1.0, 2.0, -1.0])) == 1.0
    assert two_sided(np.full(99, 1.0)) == pytest.approx(0.02)


def test_expected_answers_equal_the_integral_brute_force() -> None:
    codes, cuts = np.array([1.0, 2.0, 3.0, 5.0]), np.array([-1.0, 0.2, 0.9])
    one = Response(0.0, 1.0, 1.0, cuts, codes)
    other = Response(-0.4, 0.7, 1.2, cuts, codes)

    def answer(item: Response, f: float) -> float:
        edges = np.concatenate([[-np.inf], cuts, [np.inf]])
        chance = np.diff(norm.cdf((edges - item.intercept - item.loading * f) / item.sd))
        return float(chance @ codes)

    def gap(f: float) -> float:
        return answer(other, f) - answer(one, f)

    sd = np.sqrt(1.4)
    square = quad(lambda f: gap(f) ** 2 * norm.pdf(f, 0.3, sd), -12, 12)[0]
    mean = quad(lambda f: gap(f) * norm.pdf(f, 0.3, sd), -12, 12)[0]
    found = expected_difference(one, other, mean=0.3, variance=1.4)
    assert found == pytest.approx((np.sqrt(square), mean), rel=1e-6)


def test_numeric_items_collapse_to_the_closed_form() -> None:
    found = expected_difference(Response(1.0, 0.8), Response(1.3, 0.6), mean=0.4, variance=1.3)
    assert found[0] == pytest.approx(dmacs(0.3, -0.2, 0.4, 1.3, 1.0), rel=1e-12)
    assert found[1] == pytest.approx(0.3 - 0.2 * 0.4)


def ordered(shift: float, n: int = 500) -> Moments:
    rng = np.random.default_rng(11)
    rows = []
    for g in range(2):
        factor = 0.2 * g + rng.standard_normal(n)
        x = factor[:, None] * [0.9, 0.8, 1.0, 0.9] + 0.7 * rng.standard_normal((n, 4))
        x[:, 3] += shift * g
        rows.append(np.digitize(x, [-1.5, -0.5, 0.5, 1.5]))
    names = ("a1", "a2", "a3", "a4")
    return Moments.from_data(np.concatenate(rows).astype(float), names, group=["a"] * n + ["b"] * n)


ONE = "f =~ a1 + a2 + a3 + a4"


def test_shifted_ordered_item_has_the_effect_of_the_same_item_as_number() -> None:
    data = ordered(0.7)
    ladder = invariance_ladder(ONE, data, ordered=data.names, partial="apply",
                               steps=("configural", "thresholds", "metric", "scalar"))  # fmt: skip
    effect = noninvariance(ladder, ONE, data)[0]
    assert effect.item == "a4"
    plain = invariance_ladder(ONE, data, estimator="ML", partial="apply",
                              steps=("configural", "metric", "scalar"))  # fmt: skip
    number = next(e for e in noninvariance(plain, ONE, data) if e.item == "a4")
    assert effect.dmacs == pytest.approx(number.dmacs, abs=0.06)
    assert effect.mean_bias == pytest.approx(number.mean_bias, abs=0.06)
    means = latent_means(ladder).differences[0]
    assert means.full > means.est


def test_prepared_statistics_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ordered(0.0, n=200)
    made = data.complete().categorical(data.names)
    assert made.categorical(data.names) is made
    assert made.select(data.names) is made
    one, other = (sem(ONE, d, ordered=data.names) for d in (data, made))
    assert one.measures["chisq.scaled"].value == pytest.approx(
        other.measures["chisq.scaled"].value, rel=1e-12
    )
    seen: list[bool] = []
    fitted = ladder_module.sem

    def watched(text: str, moments: Moments, **options: object) -> object:
        seen.append(all(g.ordinal is not None for g in moments.groups))
        return fitted(text, moments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ladder_module, "sem", watched)
    invariance_ladder(ONE, data, ordered=data.names, steps=("thresholds", "metric"))
    assert seen
    assert all(seen)
