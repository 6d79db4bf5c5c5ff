"""Retention and value in a notebook: leaks refused, blocks that run alone, messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from run.small_study import write_small_study

from analysis.errors import InputError
from analysis.run.commands import NOT_FOR_THIS
from analysis.run.resolve import resolve
from analysis.run.retention import Retention

CHURN = """
[outcomes.churn]
type = "binary"
role = "churn"
period_days = 364
timing = "after"
[covariates.recency]
type = "days"
role = "recency"
timing = "before"
[covariates.orders]
type = "count"
role = "orders"
timing = "before"
[covariates.spend]
type = "amount"
role = "spend"
currency = "EUR"
timing = "before"
"""
PURCHASES = """
[tables.purchases]
file = "purchases.csv"
columns = { id = "id", date = "date", amount = "amount" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path))
    write_small_study(tmp_path)
    return tmp_path / "data" / "raw" / "small"


def retention(study: str = "small", **options: object) -> Retention:
    return Retention(resolve("70_retention", {"study": study, "draws": 30, **options}))


def with_churn(folder: Path, share: float = 0.3, n: int = 240) -> None:
    """The small study's answers, twice over, with leavers and behaviour."""
    random = np.random.default_rng(5)
    answers = pd.read_csv(folder / "answers.csv")
    answers = pd.concat([answers] * 2, ignore_index=True).iloc[:n]
    answers["recency"] = random.integers(1, 300, n)
    answers["orders"] = random.poisson(5, n)
    answers["spend"] = np.round(random.gamma(2, 100, n), 2)
    pull = (answers["recency"] - 150) / 100 + random.logistic(size=n)
    answers["churn"] = (pull > np.quantile(pull, 1 - share)).astype(int) if share else 0
    answers.to_csv(folder / "answers.csv", index=False)
    with (folder / "codebook.toml").open("a", encoding="utf-8") as file:
        file.write(CHURN)


def with_purchases(folder: Path) -> None:
    """Purchases of half a year and a half, ids in answers and table."""
    random = np.random.default_rng(6)
    answers = pd.read_csv(folder / "answers.csv")
    answers["id"] = [f"P{i:03d}" for i in range(len(answers))]
    answers.to_csv(folder / "answers.csv", index=False)
    rows = []
    for person in answers["id"]:
        rate, stop, mean = random.gamma(1.5, 1 / 40), random.beta(0.8, 8), random.gamma(6, 10)
        day, active = float(random.integers(0, 150)), True
        while day < 730 and active:
            date = pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(day))
            rows.append((person, date.date().isoformat(), round(random.gamma(4, mean / 4), 2)))
            day += random.exponential(1 / rate) + 1
            active = random.random() > stop
    pd.DataFrame(rows, columns=["id", "date", "amount"]).to_csv(
        folder / "purchases.csv", index=False
    )
    path = folder / "codebook.toml"
    roles = '[roles]\nid = "id"\n'
    path.write_text(path.read_text("utf-8") + roles + PURCHASES, "utf-8")


def test_a_study_without_leavers_and_purchases_is_left_out_of_a_run(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        retention()
    assert {m.code for m in caught.value.messages} <= NOT_FOR_THIS


def test_leavers_alone(folder: Path) -> None:
    with_churn(folder)
    found = retention()
    assert found.leavers().table is not None
    assert found.odds().table is not None
    assert found.odds_figure().figure is not None
    assert "when people left" in found.survival().notices[0].symptom
    assert "no table purchases" in found.purchases().notices[0].symptom
    assert "no table purchases" in found.stake().notices[0].symptom
    assert found.purchases().table is None


def test_tiers_below_the_minimum_are_held_back_and_counted(folder: Path) -> None:
    with_churn(folder)
    path = folder / "codebook.toml"
    book = path.read_text("utf-8").replace("[data]\n", "[data]\nmin_group = 90\n")
    churn_month = '[outcomes.churn_month]\ntype = "number"\ntiming = "after"\nmaximum = 12\n'
    path.write_text(book + churn_month, "utf-8")
    answers = pd.read_csv(folder / "answers.csv")
    month = np.where(answers["churn"] == 1, np.arange(len(answers)) % 12 + 1, np.nan)
    answers.assign(churn_month=month).to_csv(folder / "answers.csv", index=False)
    found = retention()
    small = [t for t in range(3) if (found.tier == t).sum() < 90]
    evidence = found.survival()
    assert evidence.table is not None
    assert small
    assert len(evidence.table.rows) == 3 - len(small)
    assert any(f"{len(small)} groups of fewer than 90" in words for words in evidence.paragraphs)
    assert found.hazards().table is not None


def test_purchases_alone(folder: Path) -> None:
    with_purchases(folder)
    found = retention()
    assert "nobody who left" in found.leavers().notices[0].symptom
    assert "nobody who left" in found.rivals().notices[0].symptom
    assert found.purchases().table is not None
    stake = found.stake()
    assert stake.table is not None
    assert len(stake.table.rows) == 1
    assert any("chances of leaving" in words for words in stake.paragraphs)
    assert found.satisfaction().table is not None
    assert found.record()["measures"]["clv.mean"] > 0


def test_a_horizon_in_which_nobody_leaves_is_named(folder: Path) -> None:
    with_churn(folder, share=0.0)
    found = retention()
    for piece in (found.leavers(), found.odds(), found.rivals(), found.decision()):
        assert piece.table is None
        assert "ended alike" in piece.notices[0].symptom


def test_too_few_leavers_are_named(folder: Path) -> None:
    with_churn(folder, share=0.05)
    assert "12 left and 228 stayed" in retention().odds().notices[0].symptom


def test_the_planted_leak_is_refused_even_when_it_is_asked_for() -> None:
    found = retention("omnichannel", predictors="loyalty, recency_days, winback_offer")
    evidence = found.leavers()
    assert evidence.table is not None
    assert evidence.table.rows[-1][-1] == "known only afterwards"
    assert "Win-back offer sent" in evidence.notices[0].symptom
    assert set(found.cases.columns) == {"loyalty", "recency_days"}


def test_a_leak_that_is_declared_as_known_before_is_found(
    folder: Path,
) -> None:
    with_churn(folder)
    answers = pd.read_csv(folder / "answers.csv")
    random = np.random.default_rng(1)
    told = random.random(len(answers)) < np.where(answers["churn"] == 1, 0.85, 0.02)
    answers.assign(offer=told.astype(int)).to_csv(folder / "answers.csv", index=False)
    path = folder / "codebook.toml"
    offer = '[covariates.offer]\ntype = "binary"\ntiming = "before"\n'
    path.write_text(path.read_text("utf-8") + offer, "utf-8")
    evidence = retention(predictors="satisfaction, offer").leavers()
    assert evidence.table is not None
    assert evidence.table.rows[-1][-1] == "predicts too well"
    assert "recorded after the fact" in evidence.notices[0].cause


def test_unknown_predictors_and_values_out_of_range_are_named(folder: Path) -> None:
    with_churn(folder)
    with pytest.raises(InputError, match="Did you mean 'recency'"):
        retention(predictors="recencyy")
    with pytest.raises(InputError, match="what is to be predicted"):
        retention(predictors="churn")
    with pytest.raises(InputError, match=r"threshold = 1\.5 is out of range"):
        retention(threshold=1.5)
    with pytest.raises(InputError, match="4 to 520 weeks"):
        retention(weeks=2)


def test_one_brand_and_one_wave_are_no_predictors_and_nothing_breaks() -> None:
    found = retention("omnichannel", brand="aurora", wave="1")
    status = {g.name: g.status for g in found.guards}
    assert status["brand"] == "constant"
    assert status["channel"] == "used"
    assert found.odds().table is not None
    assert found.hazards().table is not None
    assert found.satisfaction().table is not None


def test_results_do_not_depend_on_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for key in ("one key that is long enough", "another key, also long enough"):
        monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY", key)
        part = retention("omnichannel", wave="1", predictors="loyalty, recency_days")
        found.append((part.odds().to_payload(), part.purchases().to_payload(),
                      part.survival().to_payload()))  # fmt: skip
    assert found[0] == found[1]


def test_purchase_histories_equal_the_studys_own_columns() -> None:
    """t_x and T by customer; x but for several orders on one day, which count once."""
    part = retention("omnichannel").valued
    frame = part.survey.frame.iloc[part.row]
    np.testing.assert_allclose(part.history.recency, frame["weeks_to_last"], atol=1e-3)
    np.testing.assert_allclose(part.history.age, frame["weeks_observed"], atol=1e-3)
    gap = frame["repeat_orders"].to_numpy(float) - part.history.x
    assert (gap >= 0).all()
    assert (gap == 0).mean() > 0.6


def test_customer_value_recovers_the_simulated_process() -> None:
    """Documented fits to the 2,400 persons: r 1.12, alpha 9.05, a .48, b 9.9; 6.8, 3.9, 64."""
    part = retention("omnichannel").valued
    np.testing.assert_allclose(part.orders.values, [1.12, 9.05, 0.48, 9.9], rtol=0.1)
    np.testing.assert_allclose(part.amounts.values, [6.8, 3.9, 64.0], rtol=0.03)
    stop = [v[2] / (v[2] + v[3]) for v in (part.orders.values, np.array([1, 1, 0.48, 9.9]))]
    assert stop[0] == pytest.approx(stop[1], rel=0.1)
