"""Longitudinal invariance, latent change and cross-lagged paths against lavaan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data import load_study
from analysis.methods.waves import (
    Constructs,
    Panel,
    constructs_of,
    cross_lagged,
    latent_change,
    panel,
    wave_ladder,
    writing,
)
from analysis.sem import Moments

GOLDEN = Path(__file__).parent / "golden"
MODEL = "sat =~ s1 + s2 + s3\nloy =~ l1 + l2 + l3\nloy ~ sat"
STEPS = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}


@pytest.fixture(scope="module")
def golden() -> dict:
    return json.loads((GOLDEN / "waves.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def two_waves() -> Panel:
    frame = pd.read_csv(GOLDEN / "waves.csv")
    moments = Moments.from_data(frame.to_numpy(float), list(frame.columns))
    return Panel(moments, ("1", "2"), (len(frame), len(frame)), len(frame))


@pytest.fixture(scope="module")
def constructs() -> Constructs:
    return constructs_of(MODEL)


def test_texts_are_those_that_lavaan_fitted(golden: dict, constructs: Constructs) -> None:
    texts = {name: writing.ladder_text(constructs, 2, equal=eq) for name, eq in STEPS.items()}
    texts["null"] = writing.null_text(constructs, 2)
    texts["partial"] = writing.ladder_text(
        constructs, 2, equal=STEPS["scalar"], released=("int.l3",)
    )
    texts["change"] = writing.change_text(constructs, 2, released=("int.l3",))
    texts["lagged"] = writing.lagged_text(constructs, 2)
    assert texts == golden["texts"]


def test_wave_ladder_equals_lavaan(golden: dict, two_waves: Panel, constructs: Constructs) -> None:
    ladder = wave_ladder(two_waves, constructs, estimator="MLR", alpha=0.0)
    assert [r.step for r in ladder.rungs] == list(STEPS)
    for rung in ladder.rungs:
        expected, m = golden["fits"][rung.step], rung.solution.measures
        assert m["chisq"].value == pytest.approx(expected["chisq"], abs=1e-5)
        assert m["chisq.scaled"].value == pytest.approx(expected["chisq.scaled"], abs=1e-4)
        assert m["df"].value == expected["df"]
        assert rung.cfi == pytest.approx(expected["cfi.null"], abs=1e-6)
        assert rung.rmsea == pytest.approx(expected["rmsea.scaled"], abs=1e-5)
        assert rung.srmr == pytest.approx(expected["srmr"], abs=1e-5)
    for rung, expected in zip(ladder.rungs[1:], golden["differences"], strict=True):
        assert rung.difference is not None
        assert rung.difference.stat == pytest.approx(expected["stat"], rel=1e-4)
        assert rung.difference.df == expected["df"]


def test_shifted_item_is_released_and_change_equals_lavaan(
    golden: dict, two_waves: Panel, constructs: Constructs
) -> None:
    ladder = wave_ladder(two_waves, constructs, estimator="MLR", release=True)
    assert [p.label for p in ladder.proposals] == ["int.l3"]
    scalar = ladder.rung("scalar")
    assert scalar is not None
    assert scalar.released == ("int.l3",)
    changes = latent_change(ladder, estimator="MLR")
    assert changes.text == golden["texts"]["change"]
    for found, mean, variance in zip(
        changes.changes, golden["change"], golden["variances"], strict=True
    ):
        assert f"change.{found.factor}.w2" == mean["lhs"]
        assert found.mean.est == pytest.approx(mean["est"], abs=1e-4)
        assert found.mean.se == pytest.approx(mean["se"], abs=1e-4)
        assert found.variance.est == pytest.approx(variance["est"], abs=1e-4)
        assert found.variance.se == pytest.approx(variance["se"], abs=1e-4)


def test_cross_lagged_paths_equal_lavaan(
    golden: dict, two_waves: Panel, constructs: Constructs
) -> None:
    ladder = wave_ladder(two_waves, constructs, estimator="MLR")
    assert ladder.stopped_at == "scalar"
    assert not latent_change(ladder).licensed
    paths = {(p.target, p.source): p for p in cross_lagged(ladder, estimator="MLR").paths}
    assert len(golden["lagged"]) == len(paths) == 4
    for row in golden["lagged"]:
        path = paths[row["lhs"].removesuffix(".w2"), row["rhs"].removesuffix(".w1")]
        assert path.raw.est == pytest.approx(row["est"], abs=1e-4)
        assert path.standardized.est == pytest.approx(row["std"], abs=1e-4)
        assert path.standardized.se == pytest.approx(row["std.se"], abs=1e-4)


def test_change_collapses_to_the_difference_of_means(
    two_waves: Panel, constructs: Constructs
) -> None:
    ladder = wave_ladder(two_waves, constructs, estimator="ML", release=True)
    scalar = ladder.rung("scalar")
    assert scalar is not None
    changes = latent_change(ladder, estimator="ML")
    for change in changes.changes:
        mean = scalar.solution.estimate(f"{change.factor}.w2", "~1")
        assert change.mean.est == pytest.approx(mean.est, abs=1e-6)
        assert change.mean.se == pytest.approx(mean.se, rel=1e-5)


def test_planted_change_of_the_attentive_is_found() -> None:
    study = load_study("omnichannel")
    data = study.data
    folder = Path(__file__).parents[2] / "data" / "raw" / "omnichannel"
    truth = pd.read_csv(folder / "truth.csv")
    keep = (truth["careless"] == "no").to_numpy()
    chosen = constructs_of(study.models["core"].text, ("satisfaction", "loyalty"))
    matched = panel(
        data.items(chosen.observed)[keep], chosen.observed,
        ids=data.frame["respondent"].to_numpy()[keep].tolist(),
        waves=np.asarray(data.labels("wave"), dtype=object)[keep].tolist(),
        order=list(data.levels("wave")),
    )  # fmt: skip
    ladder = wave_ladder(matched, chosen, estimator="MLR")
    assert ladder.stopped_at is None
    satisfaction, loyalty = latent_change(ladder, estimator="MLR").changes
    assert abs(satisfaction.mean.est - 0.15) < 2.6 * satisfaction.mean.se
    assert satisfaction.mean.p < 0.001
    assert loyalty.mean.ci_lower < -0.02 < loyalty.mean.ci_upper
    found = {(p.target, p.source): p for p in cross_lagged(ladder, estimator="MLR").paths}
    planted = {
        ("satisfaction", "satisfaction"): 0.678,
        ("satisfaction", "loyalty"): 0.017,
        ("loyalty", "satisfaction"): 0.063,
        ("loyalty", "loyalty"): 0.597,
    }
    for key, value in planted.items():
        path = found[key].standardized
        assert abs(path.est - value) < 2.6 * path.se, key


ONE = ("a", "b", "c")


def wide(n: int = 150) -> tuple[np.ndarray, list[str], list[str]]:
    rng = np.random.default_rng(4)
    factor = rng.standard_normal(n)
    rows, ids, waves = [], [], []
    for wave in ("1", "2"):
        own = 0.6 * factor + 0.8 * rng.standard_normal(n)
        rows.append(own[:, None] * 0.8 + 0.6 * rng.standard_normal((n, 3)))
        ids += [f"p{i}" for i in range(n)]
        waves += [wave] * n
    return np.concatenate(rows), ids, waves


def test_order_of_rows_does_not_matter() -> None:
    rows, ids, waves = wide()
    mixed = np.random.default_rng(1).permutation(len(rows))
    one = panel(rows, ONE, ids=ids, waves=waves, order=("1", "2"))
    other = panel(
        rows[mixed], ONE, ids=[ids[i] for i in mixed], waves=[waves[i] for i in mixed],
        order=("1", "2"),
    )  # fmt: skip
    assert one.moments is not None
    assert other.moments is not None
    assert np.allclose(one.moments.groups[0].cov, other.moments.groups[0].cov)
    assert one.persons == other.persons == 150


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("nobody", "waves.nobody"),
        ("one wave", "waves.one_wave"),
        ("few", "waves.few"),
        ("constant", "waves.constant"),
        ("twice", "waves.twice"),
    ],
)
def test_bad_panels_say_why(change: str, code: str) -> None:
    rows, ids, waves = wide()
    if change == "nobody":
        ids = [f"{i}{w}" for i, w in zip(ids, waves, strict=True)]
    if change == "one wave":
        waves = ["1"] * len(waves)
    if change == "few":
        ids = [i if k < 200 else f"q{k}" for k, i in enumerate(ids)]
    if change == "constant":
        rows[150:, 2] = 4.0
    if change == "twice":
        ids[1] = ids[0]
    found = panel(rows, ONE, ids=ids, waves=waves, order=("1", "2"))
    assert code in [f.code for f in found.findings]
    for finding in found.findings:
        assert "{" not in finding.text("en")
        assert "{" not in finding.text("zh")
    ladder = wave_ladder(found, constructs_of("f =~ a + b + c"), estimator="ML")
    if change == "twice":
        assert found.persons == 148
        assert ladder.rungs
        return
    assert found.moments is None
    assert ladder.rungs == ()
    assert latent_change(ladder).changes == ()
    assert cross_lagged(ladder).paths == ()


def test_three_waves_have_two_changes() -> None:
    rows, ids, waves = wide(300)
    rng = np.random.default_rng(9)
    factor = 0.5 + 0.4 * rows[:300].mean(axis=1) + 0.8 * rng.standard_normal(300)
    third = 0.8 * factor[:, None] + 0.6 * rng.standard_normal((300, 3))
    found = panel(
        np.concatenate([rows, third]), ONE, ids=[*ids, *ids[:300]],
        waves=[*waves, *["3"] * 300], order=("1", "2", "3"),
    )  # fmt: skip
    ladder = wave_ladder(found, constructs_of("f =~ a + b + c"), estimator="ML", alpha=0.0)
    assert [r.solution.inference.test.df for r in ladder.rungs] == sorted(
        r.solution.inference.test.df for r in ladder.rungs
    )
    changes = latent_change(ladder, estimator="ML").changes
    assert [(c.before, c.after) for c in changes] == [("1", "2"), ("2", "3")]
    assert changes[1].mean.est > 0.3
    assert len(cross_lagged(ladder, estimator="ML").paths) == 2
