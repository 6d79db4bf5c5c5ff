"""Screening of the simulated study, where the truth about every respondent is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.data import Survey, load_study
from analysis.errors import InputError
from analysis.i18n import LANGUAGES
from analysis.methods import careless, screening
from analysis.report import Evidence, from_payload
from analysis.run.resolve import labels, observed, resolve, stamps
from analysis.run.screened import (
    Screening,
    asked,
    careless_signs,
    explored,
    item_scales,
    presented,
    screen,
)

PIECES = ("funnel", "likert", "distributions", "directions", "items", "factors", "missing",
          "missing_map", "normality", "careless", "careless_figure", "early_late", "comparison",
          "summary")  # fmt: skip
Change = Callable[[Survey], Any]


def opened(language: str, exclude: str = "careless") -> Screening:
    choice = resolve("20_structure", {"study": "omnichannel", "language": language})
    return screen(choice, labels(choice.study, language), stamps(choice.study), exclude)


@pytest.fixture(scope="module", name="english")
def fixture_english() -> Screening:
    return opened("en")


@pytest.fixture(scope="module", name="evidence")
def fixture_evidence(english: Screening) -> dict[str, Evidence]:
    return {name: getattr(english, name)() for name in PIECES}


@pytest.fixture(scope="module", name="truth")
def fixture_truth(root: Path) -> pd.Series[str]:
    """What each row of the simulated answers is, in the order of the file."""
    return pd.read_csv(root / "data/raw/omnichannel/truth.csv")["careless"]


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


def test_planted_careless_respondents_are_found(english: Screening, truth: pd.Series[str]) -> None:
    """The rates in docs/screening.md, with room for a change of the last digit only."""
    found = careless.detection(english.found.careless, (truth != "no").to_numpy())
    assert found.auc > 0.99
    assert found.sensitivity[2] > 0.97 and found.false_alarms[2] < 0.025
    assert found.sensitivity[3] > 0.86 and found.false_alarms[3] < 0.002
    signs = english.found.careless.signs
    for kind in ("straight", "random", "cycle"):
        assert (signs[(truth == kind).to_numpy()] >= 2).mean() > 0.90


def test_without_times_and_attention_checks_most_are_still_found(
    english: Screening, truth: pd.Series[str]
) -> None:
    book = english.survey.codebook
    scored = english.survey.items(book.item_names, check=False)
    at = {name: j for j, name in enumerate(book.item_names)}
    blocks = [[at[i] for i in c.items] for c in book.constructs if c.items]
    signs = careless.careless(presented(scored, book), scored, blocks=blocks)
    found = careless.detection(signs, (truth != "no").to_numpy())
    assert set(signs.indices) == {"longstring", "irv", "even_odd", "synonyms", "mahalanobis"}
    assert found.auc > 0.90
    assert found.sensitivity[2] > 0.65 and found.false_alarms[2] < 0.03


def test_every_piece_has_both_languages_and_the_stamp(evidence: dict[str, Evidence]) -> None:
    chinese = opened("zh")
    chinese.__dict__["found"] = opened("en").found
    for name, piece in evidence.items():
        if name in ("comparison", "normality"):
            continue
        other = getattr(chinese, name)()
        assert piece.title != other.title and piece.id == other.id
        for found in (piece, other):
            assert found.stamps == ("SIMULATED",)
            assert found.table or found.figure or found.paragraphs
            assert from_payload(found.to_payload()).to_payload() == found.to_payload()
            if found.figure:
                assert len(found.figure.alt) > 20 and found.figure.data is not None
    assert set(LANGUAGES) == {"en", "zh"}


def test_funnel_ends_with_those_kept(english: Screening, evidence: dict[str, Evidence]) -> None:
    figure = evidence["funnel"].figure
    assert figure is not None and figure.data is not None
    left = [row[2] for row in figure.data.rows]
    out = [row[1] for row in figure.data.rows if row[1]]
    assert left[0] == english.survey.n_read
    assert left[-1] == left[0] - sum(map(int, map(str, out))) == int((~english.excluded).sum())


def test_both_sides_of_the_comparison(english: Screening, evidence: dict[str, Evidence]) -> None:
    table = evidence["comparison"].table
    assert table is not None
    assert {str(c.group) for c in table.columns[1:7]} == {
        "All (n = 3,000)", f"Without (n = {int((~english.excluded).sum()):,})"}  # fmt: skip
    gaps = [row[-1] for row in table.rows]
    assert any(abs(float(str(g))) > 1e-4 for g in gaps)
    # Random answers weaken the path that carries most, straight lines strengthen it.
    assert all(abs(float(str(g))) < 0.15 for g in gaps)


def test_exploration_finds_the_four_constructs_of_the_core_model(english: Screening) -> None:
    names = observed(english.choice.syntax)
    X = english.survey.items(names, check=False)
    found = explored(X[~np.isnan(X).any(axis=1)])
    assert found.parallel is not None and found.solution is not None
    assert found.parallel.factors == 4
    leading = np.abs(found.solution.pattern).argmax(axis=1)
    image = {int(leading[j]) for j, name in enumerate(names) if name.startswith("img")}
    satisfied = {int(leading[j]) for j, name in enumerate(names) if name.startswith("sat")}
    assert len(image) == len(satisfied) == 1 and image != satisfied
    assert explored(np.random.default_rng(1).normal(size=(10, 6))).solution is None


def test_items_carry_their_alpha(english: Screening) -> None:
    found = item_scales(english.survey)
    assert set(found) == {c.name for c in english.survey.codebook.constructs if len(c.items) > 1}
    assert all(0.6 < scale.alpha < 0.95 for scale in found.values())


def test_nobody_left_out_gives_twice_the_same() -> None:
    found = opened("en", "none").comparison()
    assert found.table is not None
    assert {row[-1] for row in found.table.rows} == {0.0}


def test_questions_that_were_not_asked_are_not_missing(english: Screening) -> None:
    survey = english.survey
    names = list(survey.codebook.item_names)
    seen = asked(survey)
    complained = survey.frame["complained"].to_numpy() == "1"
    assert np.array_equal(seen[:, names.index("cpl1")], complained)
    assert seen[:, names.index("sat1")].all()
    assert english.found.missing.share < 0.05


def spoiled(english: Screening, change: Change) -> Screening:
    """The same study with its answers changed."""
    survey = english.survey
    frame = survey.frame.copy()
    change_frame = change(survey)
    frame[list(survey.codebook.item_names)] = change_frame
    other = Survey(frame, survey.codebook, survey.n_read, survey.n_used)
    return Screening(english.choice, other, english.labels, english.stamps, "careless")


def test_thirty_percent_straight_liners_are_never_good(english: Screening) -> None:
    def lines(survey: Survey) -> np.ndarray[Any, Any]:
        book = survey.codebook
        X = presented(survey.items(book.item_names, check=False), book)
        X[: 9 * len(X) // 30] = np.where(np.isnan(X[: 9 * len(X) // 30]), np.nan, 6.0)
        return presented(X, book)

    verdict = spoiled(english, lines).careless().verdict
    assert verdict is not None and verdict.level == "poor"
    summary = spoiled(english, lines).summary()
    assert summary.verdict is not None and summary.verdict.level == "poor"
    assert "Careless" in " ".join(summary.verdict.sentences)


def noise(survey: Survey) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.integers(1, 8, size=(survey.n_used, len(survey.codebook.item_names))).astype(float)


def one_factor(survey: Survey) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(2)
    unique = rng.normal(size=(survey.n_used, len(survey.codebook.item_names)))
    X = 4 + 1.2 * (0.7 * rng.normal(size=(survey.n_used, 1)) + 0.7 * unique)
    return np.asarray(X.round().clip(1, 7))


@pytest.mark.parametrize(("change", "level"), [(noise, "poor"), (one_factor, "mixed")])
def test_data_without_the_models_factors_are_never_good(
    english: Screening, change: Change, level: str
) -> None:
    piece = spoiled(english, change).summary()
    assert piece.verdict is not None and piece.table is not None
    assert piece.verdict.level == level
    assert "Factors that parallel analysis suggests" in " ".join(piece.verdict.sentences)
    assert len(piece.table.rows) >= 10


def test_a_handful_of_respondents_is_never_good(english: Screening) -> None:
    survey = english.survey
    for n in (1, 5, 60):
        few = Survey(survey.frame.iloc[:n], survey.codebook, n, n)
        found = Screening(english.choice, few, english.labels, english.stamps, "careless")
        for name in PIECES:
            if name != "comparison":
                getattr(found, name)().to_payload()
        verdict = found.summary().verdict
        assert verdict is not None and verdict.level == "poor"
        assert "Respondents" in " ".join(verdict.sentences)


def test_a_reversed_item_coded_wrongly_is_named(english: Screening) -> None:
    def turn(survey: Survey) -> np.ndarray[Any, Any]:
        X = survey.items(survey.codebook.item_names, check=False).copy()
        at = survey.codebook.item_names.index("sat2")
        X[:, at] = 8.0 - X[:, at]
        return X

    piece = spoiled(english, turn)
    assert "sat2" in piece.directions().paragraphs[0]
    verdict = piece.summary().verdict
    assert verdict is not None and verdict.level == "poor"


def test_answers_turned_back_twice_are_the_answers(english: Screening) -> None:
    book = english.survey.codebook
    scored = english.survey.items(book.item_names, check=False)
    turned = presented(scored, book)
    assert not np.array_equal(turned, scored, equal_nan=True)
    assert np.array_equal(presented(turned, book), scored, equal_nan=True)


def test_signs_do_not_depend_on_the_order_of_respondents(english: Screening) -> None:
    survey = english.survey
    frame = survey.frame.iloc[::-1]
    other = Survey(frame, survey.codebook, survey.n_read, survey.n_used)
    assert np.array_equal(careless_signs(other).signs[::-1], english.found.careless.signs)


def test_published_moments_have_nothing_to_screen() -> None:
    choice = resolve("20_structure", {"study": "spanish_bank"})
    with pytest.raises(InputError) as caught:
        screen(choice, labels(choice.study, "en"), (), "none")
    assert [m.code for m in caught.value.messages] == ["screening.no_rows"]
    assert "spanish_bank" in caught.value.text() and "spanish_bank" in caught.value.text("zh")
    assert not load_study("spanish_bank").has_rows
    assert screening.funnel(0, {}).kept == 0
