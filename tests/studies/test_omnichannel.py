"""The simulated study: drawn again to the byte, and true to its population."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.methods.omnichannel import (
    Population,
    Simulation,
    core_truth,
    csv_text,
    draw,
    draw_core,
    load_population,
    simulate,
)
from analysis.methods.omnichannel.sheets import Drawn
from analysis.methods.omnichannel.structure import (
    class_shares,
    class_transition,
    core_paths,
    cross_lagged,
    latent_covariance,
    pooled_covariance,
    regression,
    residual_variances,
    within_class_covariance,
)

FOLDER = Path(__file__).resolve().parents[2] / "data" / "raw" / "omnichannel"
ANSWERS_LIMIT = 1.5e6
DOCS = FOLDER.parents[2] / "docs" / "omnichannel.md"
REVERSED = {"res4", "img4", "tru3", "sat4", "con3"}


@pytest.fixture(scope="module")
def population() -> Population:
    return load_population(FOLDER / "population.toml")


@pytest.fixture(scope="module")
def simulation(population: Population) -> Simulation:
    return simulate(population)


@pytest.fixture(scope="module")
def drawn(population: Population) -> Drawn:
    return draw(population)


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "answers.csv", encoding="utf-8")


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "truth.csv", encoding="utf-8")


def items_of(population: Population, answers: pd.DataFrame) -> pd.DataFrame:
    """Answers to the items, 99 as missing, reversed items turned round."""
    items = answers[list(population.item_names)].replace(99, np.nan)
    turned = sorted(REVERSED)
    items[turned] = 8 - items[turned]
    return items


@pytest.mark.parametrize("table", ["answers", "truth", "purchases", "orders"])
def test_table_is_drawn_again_byte_for_byte(simulation: Simulation, table: str) -> None:
    again = csv_text(getattr(simulation, table)).encode("utf-8")
    assert again == (FOLDER / f"{table}.csv").read_bytes()


def test_another_seed_gives_another_study(population: Population) -> None:
    other = simulate(Population({**population.tables, "seed": 1}))
    assert csv_text(other.answers).encode("utf-8") != (FOLDER / "answers.csv").read_bytes()


def test_sizes(answers: pd.DataFrame) -> None:
    assert len(answers) == 3000
    assert answers["respondent"].nunique() == 2400
    assert answers["wave"].value_counts().to_dict() == {1: 1500, 2: 1500}
    assert not answers.duplicated(["respondent", "wave"]).any()
    assert answers["store"].nunique() == 36
    assert (FOLDER / "answers.csv").stat().st_size < ANSWERS_LIMIT


def test_truth_is_not_in_the_answers(answers: pd.DataFrame, truth: pd.DataFrame) -> None:
    assert set(answers.columns) & set(truth.columns) == {"respondent", "wave"}
    assert (answers[["respondent", "wave"]] == truth[["respondent", "wave"]]).all(axis=None)


def test_seventy_items_with_five_reversed(population: Population) -> None:
    assert len(population.item_names) == 70
    reverse = {n for n in population.item_names if population.item(n, "store").reversed}
    assert reverse == REVERSED


def test_answers_are_skewed_as_satisfaction_usually_is(
    population: Population, answers: pd.DataFrame, truth: pd.DataFrame
) -> None:
    careful = items_of(population, answers)[truth["careless"] == "no"]
    skew = careful.skew()
    assert -0.85 < skew.mean() < -0.5
    assert skew.max() < 0.0
    given = careful.to_numpy()
    given = given[~np.isnan(given)]
    assert ((given >= 1) & (given <= 7)).all()


def test_careless_share_and_signs(answers: pd.DataFrame, truth: pd.DataFrame) -> None:
    careless = truth["careless"] != "no"
    assert careless.mean() == pytest.approx(0.08, abs=0.015)
    failed = answers["att1"] != 6
    assert failed[~careless].mean() < 0.05
    assert failed[careless].mean() > 0.6
    times = answers[["started", "finished"]].apply(pd.to_datetime)
    seconds = (times["finished"] - times["started"]).dt.total_seconds()
    assert seconds[careless].median() * 2 < seconds[~careless].median()


def test_missing_rates(population: Population, answers: pd.DataFrame) -> None:
    gaps = answers[list(population.item_names)].isna()
    complaint = ["cpl1", "cpl2", "cpl3"]
    short = ["exp1", "exp2", "exp3"]
    assert gaps.loc[answers["complained"] == 0, complaint].all(axis=None)
    assert gaps.loc[answers["form"] == "short", short].all(axis=None)
    rest = gaps.drop(columns=complaint + short).mean()
    assert 0.004 < rest.min() < rest.max() < 0.05
    assert 0.005 < (answers[["img1", "pri1", "com1", "swc1"]] == 99).mean().mean() < 0.02


def test_nonresponse_grows_with_age_and_in_the_app(
    population: Population, answers: pd.DataFrame
) -> None:
    gaps = answers[["tan1", "tan2", "rel1", "rel2", "res1", "res2", "ass1", "ass2"]].isna()
    share = gaps.mean(axis=1)
    store = answers["channel"] == "store"
    old = answers["age"] > answers["age"].median()
    assert share[store & old].mean() > share[store & ~old].mean()


def test_personal_columns_are_obviously_fake(answers: pd.DataFrame) -> None:
    assert answers["name"].str.startswith("Sample Person ").all()
    assert answers["phone"].str.startswith("000-0000-").all()
    assert answers["email"].str.endswith("@example.invalid").all()


def test_latents_have_unit_variance_in_every_channel(population: Population) -> None:
    for channel in ("store", "web", "app"):
        assert (residual_variances(population, channel) > 0.0).all()
        assert np.linalg.eigvalsh(latent_covariance(population, channel)).min() > 0.0
    assert np.linalg.eigvalsh(within_class_covariance(population)).min() > 0.0


def test_two_paths_differ_between_channels_and_no_other(population: Population) -> None:
    names = population.latents
    differ = {
        (y, x)
        for y in names
        for x in names
        if len({population.path(y, x, c) for c in ("store", "web", "app")}) > 1
    }
    assert differ == {("satisfaction", "quality"), ("loyalty", "satisfaction")}


def test_two_items_of_the_app_are_not_invariant(population: Population) -> None:
    planted = {
        n for n in population.item_names if population.item(n, "app") != population.item(n, "store")
    }
    assert planted == {"sat3", "img2"}
    assert population.item("sat3", "app").loading == 0.50
    assert population.item("sat3", "app").residual_sd == population.item("sat3", "web").residual_sd
    assert population.item("img2", "app").harder == pytest.approx(0.60)


def test_drawn_latents_follow_the_implied_regressions(population: Population, drawn: Drawn) -> None:
    scores = drawn.latents[drawn.people.present]
    pooled = pooled_covariance(population)
    sample = np.cov(scores.T)
    for outcome in ("image", "value", "trust", "satisfaction"):
        causes = list(population["paths"][outcome])
        expected = regression(pooled, population.latents, outcome, causes)
        found = regression(sample, population.latents, outcome, causes)
        assert found == pytest.approx(expected, abs=0.06)


def test_drawn_interactions(population: Population, truth: pd.DataFrame) -> None:
    s = truth["satisfaction"]
    columns = [np.ones(len(s)), s, s * truth["switching"], s * truth["community"]]
    columns += [truth[k] for k in ("image", "trust", "community", "switching")]
    beta = np.linalg.lstsq(np.column_stack(columns), truth["loyalty"], rcond=None)[0]
    assert beta[2] == pytest.approx(-0.15, abs=0.04)
    assert beta[3] == pytest.approx(0.10, abs=0.04)


def test_core_truth_implies_its_own_paths(population: Population) -> None:
    truth = core_truth(population)
    assert truth.covariance.shape == (17, 17)
    assert np.allclose(np.diag(truth.covariance), 1.0)
    assert truth.standardized["loyalty ~ satisfaction"] == pytest.approx(
        core_paths(population, "store")["loyalty ~ satisfaction"]
    )
    sample = draw_core(population, 20000)
    assert np.abs(np.cov(sample.T) - truth.covariance).max() < 0.05


def test_population_with_wrong_classes_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "population.toml").read_text("utf-8").replace("share = 0.35", "share = 0.45")
    (tmp_path / "population.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="class shares"):
        load_population(tmp_path / "population.toml")
    (tmp_path / "population.toml").write_text("format = 2", "utf-8")
    with pytest.raises(ValueError, match="format 2"):
        load_population(tmp_path / "population.toml")


def shown(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def test_documented_tables_are_what_the_population_implies(population: Population) -> None:
    text = DOCS.read_text("utf-8")
    channels = ("store", "web", "app")
    core = [core_paths(population, c) for c in (*channels, None)]
    lagged = [cross_lagged(population, c) for c in channels]
    for tables in (core, lagged):
        for key in tables[0]:
            assert f"| {key} | " + " | ".join(shown(t[key]) for t in tables) + " |" in text
    explained = [1 - residual_variances(population, c) for c in channels]
    for i, name in enumerate(population.endogenous):
        shares = [f"{r[i]:.2f}".replace("0.", ".", 1) for r in explained]
        assert f"| {name} | " + " | ".join(shares) + " |" in text


def test_class_shares_are_the_same_in_both_waves(population: Population) -> None:
    shares = class_shares(population)
    assert np.allclose(shares @ class_transition(population), shares)
