"""The invariance ladder against lavaan and semTools, planted differences, and bad groups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from analysis.data import load_study
from analysis.errors import ModelError
from analysis.methods.invariance import (
    FitLimits,
    Ladder,
    causes,
    compare_paths,
    invariance_ladder,
    latent_means,
    noninvariance,
    pairs_of_groups,
)
from analysis.methods.invariance.effect_size import dmacs
from analysis.methods.invariance.groups import merge_categories
from analysis.methods.invariance.latent_means import holm
from analysis.sem import Moments, sem
from analysis.sem.score import score_test

SCHOOL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = tuple(f"x{i}" for i in range(1, 10))
CATEGORIES = "FU1 =~ u1 + u2 + u3 + u4\nFU2 =~ u5 + u6 + u7 + u8"
FIRST_STEPS = ("configural", "metric", "scalar", "strict")
# lavaan 0.6-14, group.equal one after the other, and lavTestLRT()
CHISQ = (115.851343851, 124.043544175, 164.102830921, 181.511345226)
TESTS = {
    "ML": (8.19220032344, 40.0592867463, 17.4085143052),
    "MLR": (6.56725064565, 40.8382596696, 15.6939339794),
}


@pytest.fixture
def schools(holzinger: pd.DataFrame) -> Moments:
    return Moments.from_data(
        holzinger[list(ITEMS)].to_numpy(float), ITEMS, group=holzinger["school"].tolist()
    )


def two_groups(n: int = 200, *, seed: int = 3, shift: float = 0.0, loading: float = 0.8) -> Moments:
    """One factor, four items; in group b the last item has another intercept and loading."""
    rng = np.random.default_rng(seed)
    rows = []
    for g in range(2):
        factor = rng.standard_normal(n) + 0.3 * g
        slopes = np.array([0.8, 0.7, 0.9, loading if g else 0.8])
        x = factor[:, None] * slopes + rng.standard_normal((n, 4)) * 0.6
        x[:, 3] += shift * g
        rows.append(x)
    names = ("a1", "a2", "a3", "a4")
    return Moments.from_data(np.concatenate(rows), names, group=["a"] * n + ["b"] * n)


ONE = "f =~ a1 + a2 + a3 + a4"


@pytest.mark.parametrize("estimator", TESTS)
def test_ladder_equals_lavaan(schools: Moments, estimator: str) -> None:
    ladder = invariance_ladder(
        SCHOOL, schools, estimator=estimator, steps=FIRST_STEPS, alpha=0.0,  # type: ignore[arg-type]
    )  # fmt: skip
    assert [r.step for r in ladder.rungs] == list(FIRST_STEPS)
    found = [r.solution.measures["chisq"].value for r in ladder.rungs]
    assert found == pytest.approx(CHISQ, abs=1e-6)
    tests = [r.difference.stat for r in ladder.rungs if r.difference]
    assert tests == pytest.approx(TESTS[estimator], abs=1e-6)
    assert [r.difference.df for r in ladder.rungs if r.difference] == [6, 6, 9]


def test_all_steps_equal_lavaan_means(schools: Moments) -> None:
    steps = (*FIRST_STEPS, "means")
    ladder = invariance_ladder(SCHOOL, schools, estimator="ML", steps=steps, alpha=0.0)
    assert ladder.rungs[-1].solution.measures["chisq"].value == pytest.approx(221.33508183)
    assert ladder.rungs[-1].solution.measures["df"].value == 72


def test_partial_scalar_equals_lavaan(schools: Moments) -> None:
    ladder = invariance_ladder(SCHOOL, schools, estimator="ML", partial="apply")
    partial = next(r for r in ladder.rungs if r.step == "scalar" and r.partial)
    assert partial.released == ("x3~1", "x7~1")
    assert partial.solution.measures["chisq"].value == pytest.approx(129.422480326)
    assert partial.solution.measures["df"].value == 58


def test_stops_at_the_step_that_fails_and_proposes(schools: Moments) -> None:
    ladder = invariance_ladder(SCHOOL, schools, estimator="ML")
    assert ladder.stopped_at == "scalar"
    assert [r.element for r in ladder.releases] == ["x3~1", "x7~1"]
    assert {r.origin for r in ladder.releases} == {"proposed"}
    assert not latent_means(ladder).licensed
    assert ladder.standing is not None
    assert ladder.standing.step == "metric"


def test_causes_equal_score_tests_of_lavaan(schools: Moments) -> None:
    solution = sem(SCHOOL, schools, estimator="ML", group_equal=("loadings", "intercepts"))
    single = {u.text: u.stat for u in score_test(solution).univariate}
    for cause in causes(solution, ("intercepts",)):
        pair = [v for k, v in single.items() if k.startswith(f"{cause.lhs} ~1")]
        assert cause.stat == pytest.approx(pair[0], rel=1e-7)
        assert cause.group_stat == pytest.approx(cause.stat, rel=1e-7)
    assert causes(solution, ("intercepts",))[0].stat == pytest.approx(19.1925111171)


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_ordinal_ladder_equals_semtools(shared_dir: Path, parameterization: str) -> None:
    frame = pd.read_csv(shared_dir / "golden" / "data" / "datCat.csv")
    names = [f"u{i}" for i in range(1, 9)]
    data = Moments.from_data(frame[names].to_numpy(float), names, group=frame["g"].tolist())
    ladder = invariance_ladder(
        CATEGORIES, data, estimator="WLSMV", ordered=names, alpha=0.0,
        steps=("configural", "thresholds", "metric", "scalar", "strict"),
        parameterization=parameterization,  # type: ignore[arg-type]
    )  # fmt: skip
    path = shared_dir / "golden" / f"e_datCat_g_WLSMV_{parameterization}_LRT.json"
    rows = json.loads(path.read_text("utf-8"))["default"]["table"]
    assert len(ladder.rungs) == len(rows) == (5 if parameterization == "theta" else 4)
    for rung, row in zip(ladder.rungs, rows, strict=True):
        assert rung.solution.measures["chisq"].value == pytest.approx(row["Chisq"], rel=1e-6)
        assert rung.solution.measures["df"].value == row["Df"]
        if rung.difference is not None:
            assert rung.difference.stat == pytest.approx(row["Chisq diff"], rel=1e-5)
            assert rung.difference.df == row["Df diff"]


@pytest.fixture(scope="module")
def omnichannel() -> Moments:
    study = load_study("omnichannel")
    names = "img1 img2 img3 img4 tan1 rel1 res1 ass1 emp1 sat1 sat2 sat3 sat4 cog1 aff1 con1 act1"
    frame, columns = study.data.frame, names.split()
    order = frame["channel"].map({"store": 0, "web": 1, "app": 2}).argsort(kind="stable")
    rows = study.data.items(columns)[order.to_numpy()]
    labels = [str(v) for v in frame["channel"].iloc[order]]
    return Moments.from_data(rows, columns, group=labels)


@pytest.fixture(scope="module")
def channels(omnichannel: Moments) -> Ladder:
    model = load_study("omnichannel").models["core"].text
    return invariance_ladder(model, omnichannel, estimator="MLR", missing="listwise",
                             partial="apply")  # fmt: skip


def test_planted_items_are_found(channels: Ladder) -> None:
    first = {step: found[0] for step, found in channels.causes.items()}
    assert (first["metric"].element, first["metric"].group) == ("satisfaction=~sat3", "app")
    assert (first["scalar"].element, first["scalar"].group) == ("img2~1", "app")
    assert first["metric"].epc < 0
    assert first["scalar"].epc < 0
    assert channels.scalar is not None


def test_planted_items_have_the_largest_effects(channels: Ladder, omnichannel: Moments) -> None:
    found = noninvariance(channels, load_study("omnichannel").models["core"].text, omnichannel)
    assert [(e.item, e.group) for e in found[:2]] == [("img2", "app"), ("sat3", "app")]
    assert found[0].mean_bias < -0.5


def test_latent_means_without_the_bias_of_noninvariant_items(channels: Ladder) -> None:
    means = latent_means(channels)
    assert means.licensed
    assert means.partial
    image = next(
        d
        for d in means.differences
        if (d.factor, d.group, d.reference) == ("image", "app", "store")
    )
    assert abs(image.est) < 0.15
    assert image.full < image.est


def test_planted_paths_differ(omnichannel: Moments) -> None:
    model = load_study("omnichannel").models["core"].text
    found = compare_paths(model, omnichannel, estimator="MLR", missing="listwise",
                          release=["satisfaction =~ sat3"])  # fmt: skip
    different = {(p.source, p.target) for p in found.paths if p.p_holm < 0.05}
    assert different >= {("quality", "satisfaction"), ("satisfaction", "loyalty")}
    assert ("image", "loyalty") not in different
    assert found.omnibus is not None
    assert found.omnibus.p < 0.001
    assert found.released == ("satisfaction=~sat3",)


def test_a_released_marker_gives_its_place_to_another_item(omnichannel: Moments) -> None:
    model = "image =~ img2 + img1 + img3\nquality =~ tan1 + rel1 + res1\nimage ~ quality"
    moved = model.replace("img2 + img1", "img1 + img2")
    release = ["image =~ img2"]
    one, other = (
        compare_paths(m, omnichannel, estimator="ML", missing="listwise", release=release)
        for m in (model, moved)
    )
    assert [f.code for f in one.findings] == ["invariance.marker"]
    assert one.paths[0].wald == pytest.approx(other.paths[0].wald, rel=1e-6)
    assert one.released == other.released == ("image=~img2",)


def test_path_differences_collapse_to_independent_groups(omnichannel: Moments) -> None:
    found = compare_paths("image =~ img1 + img2\nimage ~ rel1\n", omnichannel, estimator="ML",
                          missing="listwise")  # fmt: skip
    for pair in found.paths[0].pairs:
        assert pair.ci_lower < pair.est < pair.ci_upper
    assert found.paths[0].df == 2


def test_dmacs_equals_the_integral_brute_force() -> None:
    def squared(x: float) -> float:
        return (0.3 - 0.2 * x) ** 2 * norm.pdf(x, 0.4, np.sqrt(1.3))

    expected = np.sqrt(quad(squared, -12, 12)[0]) / 1.1
    assert dmacs(0.3, -0.2, 0.4, 1.3, 1.1) == pytest.approx(expected, rel=1e-8)


def test_holm_equals_definition() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.01, float("nan")])[0] == 0.01


def test_asked_releases_are_recorded_as_such() -> None:
    data = two_groups(shift=1.0)
    ladder = invariance_ladder(ONE, data, estimator="ML", release=["a4 ~ 1"])
    assert ladder.stopped_at not in ("metric", "scalar")
    assert next((r.element, r.origin) for r in ladder.releases) == ("a4~1", "asked")
    assert ladder.scalar is not None
    assert latent_means(ladder).differences[0].est == pytest.approx(0.3, abs=0.2)


def test_too_few_invariant_items_license_nothing() -> None:
    data = two_groups(shift=1.0)
    loose = ["a2 ~ 1", "a3 ~ 1", "a4 ~ 1"]
    ladder = invariance_ladder(ONE, data, estimator="ML", release=loose)
    assert ladder.scalar is None
    assert not latent_means(ladder).licensed


def test_limits_decide_in_place_of_the_test() -> None:
    data = two_groups(n=3000, shift=0.08)
    limits = FitLimits(0.01, 0.015, 0.03, 0.01)
    by_test = invariance_ladder(ONE, data, estimator="ML")
    by_fit = invariance_ladder(ONE, data, estimator="ML", limits=limits)
    assert by_test.stopped_at == "scalar"
    assert by_fit.rung("scalar") is not None


def test_full_information_finds_the_same_item() -> None:
    data = two_groups(n=400, loading=0.3)
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None])
    rows = rows.copy()
    rows[np.random.default_rng(1).random(rows.shape) < 0.1] = np.nan
    holed = Moments.from_data(rows, data.names, group=["a"] * 400 + ["b"] * 400)
    ladder = invariance_ladder(ONE, holed, estimator="MLR")
    assert ladder.releases[0].element == "f=~a4"
    assert noninvariance(ladder, ONE, holed)[0].item == "a4"


def test_mixed_items_climb_all_steps() -> None:
    data = two_groups(n=400)
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None]).copy()
    rows[:, :3] = np.digitize(rows[:, :3], [-1.0, 0.0, 1.0])
    mixed = Moments.from_data(rows, data.names, group=["a"] * 400 + ["b"] * 400)
    ladder = invariance_ladder(ONE, mixed, ordered=("a1", "a2", "a3"), alpha=0.0)
    assert [r.step for r in ladder.rungs][-1] == "means"
    df = [r.solution.measures["df"].value for r in ladder.rungs]
    assert df == sorted(df)


def test_two_categories_begin_with_all_equalities() -> None:
    data = two_groups(n=500)
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None])
    rows = (rows > [-0.8, -0.1, 0.4, 0.9]).astype(float)
    binary = Moments.from_data(rows, data.names, group=["a"] * 500 + ["b"] * 500)
    ladder = invariance_ladder(ONE, binary, ordered=data.names, steps=("scalar",), alpha=0.0)
    assert [r.step for r in ladder.rungs] == ["configural", "scalar"]
    assert ladder.rungs[1].difference is not None
    assert ladder.rungs[1].difference.df == 2
    assert "invariance.binary" in {f.code for f in ladder.findings}


def with_group(data: Moments, rows: np.ndarray, label: str) -> Moments:
    blocks = [g.rows for g in data.groups if g.rows is not None]
    labels = [g.label for g in data.groups for _ in range(len(g.rows))]  # type: ignore[arg-type]
    return Moments.from_data(
        np.concatenate([*blocks, rows]), data.names, group=[*labels, *[label] * len(rows)]
    )


def test_tiny_group_is_left_out_and_the_rest_runs() -> None:
    data = with_group(two_groups(), np.random.default_rng(1).standard_normal((7, 4)), "tiny")
    ladder = invariance_ladder(ONE, data, estimator="ML")
    assert [g for g, _ in ladder.groups] == ["a", "b"]
    assert ladder.rungs
    words = " ".join(f.text("en") for f in ladder.findings)
    assert "'tiny' has 7 respondents; it takes 30" in words


def test_constant_item_in_a_group_is_named() -> None:
    rows = np.random.default_rng(1).standard_normal((60, 4))
    rows[:, 1] = 2.0
    ladder = invariance_ladder(ONE, with_group(two_groups(), rows, "flat"), estimator="ML")
    assert [g for g, _ in ladder.groups] == ["a", "b"]
    assert any(f.code == "invariance.constant" and f.fields["items"] == "a2"
               for f in ladder.findings)  # fmt: skip


@pytest.mark.parametrize("label", ["a", "b"])
def test_one_group_gives_a_message_and_no_comparison(label: str) -> None:
    data = two_groups()
    alone = Moments(data.names, tuple(g for g in data.groups if g.label == label))
    ladder = invariance_ladder(ONE, alone, estimator="ML")
    assert ladder.rungs == ()
    assert [f.code for f in ladder.findings] == ["invariance.one_group"]
    assert not latent_means(ladder).licensed
    assert noninvariance(ladder, ONE, alone) == ()
    assert compare_paths(ONE + "\nf ~ a1", alone).paths == ()


def test_empty_category_is_merged_in_all_groups() -> None:
    data = two_groups(n=300)
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None]).copy()
    rows = np.digitize(rows, [-1.0, -0.2, 0.6]).astype(float)
    rows[300:][rows[300:, 2] == 3, 2] = 2
    coded = Moments.from_data(rows, data.names, group=["a"] * 300 + ["b"] * 300)
    merged, findings = merge_categories(coded, data.names)
    assert [f.code for f in findings] == ["invariance.merged"]
    assert findings[0].fields["groups"] == "b"
    assert all(g.rows is not None and set(g.rows[:, 2]) == {0, 1, 2} for g in merged.groups)
    ladder = invariance_ladder(ONE, coded, ordered=data.names)
    assert ladder.rungs[0].status == "start"


def test_unknown_names_are_refused() -> None:
    data = two_groups()
    with pytest.raises(ModelError, match="partial"):
        invariance_ladder(ONE, data, partial="maybe")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="steps"):
        invariance_ladder(ONE, data, steps=("metrik",))
    with pytest.raises(ModelError, match="a9"):
        invariance_ladder(ONE, data, release=["a9 ~ 1"])


def test_pairs_point_at_the_deviating_group() -> None:
    data = two_groups(n=300, shift=0.0)
    third = two_groups(n=300, seed=8, shift=1.2).groups[1].rows
    assert third is not None
    found = pairs_of_groups(ONE, with_group(data, third, "odd"), estimator="ML")
    bad = {frozenset((p.first, p.second)) for p in found if p.p_holm < 0.05}
    assert bad == {frozenset(("a", "odd")), frozenset(("b", "odd"))}


def test_order_of_groups_does_not_matter() -> None:
    data = two_groups(shift=0.5)
    turned = Moments(data.names, data.groups[::-1])
    one, other = (invariance_ladder(ONE, d, estimator="MLR") for d in (data, turned))
    assert one.releases[0].element == other.releases[0].element == "a4~1"
    assert [r.difference.stat for r in one.rungs if r.difference] == pytest.approx(
        [r.difference.stat for r in other.rungs if r.difference], rel=1e-6
    )


def test_no_more_alarms_than_the_level_small_monte_carlo() -> None:
    alarms = sum(
        invariance_ladder(ONE, two_groups(seed=100 + i), estimator="ML", partial="none",
                          steps=("configural", "scalar")).stopped_at is not None
        for i in range(60)
    )  # fmt: skip
    assert alarms <= 9  # P(more than 9 of 60 at .05) < .001
