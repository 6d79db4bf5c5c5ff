"""What a reviewer asks: evidence in both languages, gates, links, and what cannot be computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from run.gap_study import write_study

import analysis
from analysis.report import Evidence
from analysis.report.checklist import SYMBOLS
from analysis.report.evidence import from_payload
from analysis.report.fragment import evidence_html
from analysis.run.reviewed import Reviewed

PIECES = ("cutoffs", "cutoffs_figure", "close_fit", "conventional_bias", "latent_method", "marker",
          "lindell_whitney", "collinearity", "checklist")  # fmt: skip
JUDGING = ("cutoffs", "close_fit", "latent_method", "lindell_whitney", "collinearity")


def review(study: str, **parameters: object) -> Reviewed:
    given = {"draws": 0, **parameters}
    return analysis.start(notebook="10_measurement", study=study, **given).review()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("studies") / "gaps")


def shown(opened: Reviewed) -> list[Evidence]:
    found = [getattr(opened, name)() for name in PIECES]
    return [*found, *opened.second_order(), *opened.gaps()]


def rows(evidence: Evidence) -> dict[str, tuple[object, ...]]:
    assert evidence.table is not None
    return {str(row[0]): row for row in evidence.table.rows}


@pytest.mark.parametrize(
    ("study", "language"),
    [("spanish_bank", "en"), ("ecsi_mobile", "zh"), ("servqual_babakus_boller", "zh")],
)
def test_published_matrices_give_every_piece(study: str, language: str) -> None:
    opened = review(study, language=language)
    for piece in shown(opened):
        assert piece.table or piece.figure or piece.paragraphs or piece.verdict
        assert from_payload(piece.to_payload()).to_payload() == piece.to_payload()
        assert evidence_html(piece)


def test_an_improper_solution_gets_no_verdict() -> None:
    opened = review("ecsi_mobile")
    assert not opened.solution.outcome.admissible
    verdicts = [getattr(opened, name)().verdict for name in JUDGING]
    assert [v.level for v in verdicts] == ["none"] * len(JUDGING)
    found = rows(opened.checklist())
    assert found["The solution is admissible"][1] == "\u25cb\u00a0not met"
    for point in ("Exact fit is not rejected", "Fit indices reach the usual cut-offs",
                  "Fit indices reach cut-offs made for this model", "The fit is close, tested",
                  "No item pair is badly reproduced"):  # fmt: skip
        assert str(found[point][1]).startswith("?")


def test_a_solution_held_at_a_bound_gets_no_verdict() -> None:
    opened = review("ecsi_mobile", bounds="pos.var")
    found = rows(opened.checklist())
    assert found["The solution is admissible"][1] == "\u25cb\u00a0not met"
    assert {getattr(opened, name)().verdict.level for name in JUDGING} == {"none"}


def test_ordered_items_say_why_there_are_no_cutoffs(folder: Path) -> None:
    opened = review(str(folder), ordered="all", language="zh")
    piece = opened.cutoffs()
    assert piece.verdict is not None
    assert piece.verdict.level == "none"
    assert "有序" in piece.notices[0].symptom


def test_gap_scores_find_the_planted_shortfall(folder: Path) -> None:
    piece, figure = review(str(folder)).gaps()
    assert figure.figure is not None
    found = rows(piece)
    assert found["Tangibles"][4] == pytest.approx(-1.2, abs=0.15)  # type: ignore[call-overload]
    assert found["Empathy"][4] == pytest.approx(0.0, abs=0.2)  # type: ignore[call-overload]
    assert piece.verdict is not None
    assert piece.verdict.level == "mixed"


def test_gap_scores_of_few_respondents_are_held_back(tmp_path: Path) -> None:
    few = write_study(tmp_path / "few", n=29)
    (piece,) = review(str(few)).gaps()
    assert piece.table is None
    assert "too few" in piece.paragraphs[0]


def test_the_declared_marker_is_used(folder: Path) -> None:
    opened = review(str(folder))
    piece = opened.marker()
    assert [row[0] for row in piece.table.rows] == [  # type: ignore[union-attr]
        "All factors correlate", "Baseline", "Method-C", "Method-U", "Method-R",
    ]  # fmt: skip
    assert piece.verdict is not None
    assert piece.verdict.level in ("good", "mixed")
    assert "Weather" in " ".join(opened.lindell_whitney().table.notes)  # type: ignore[union-attr]
    assert "no marker" in review("spanish_bank").marker().paragraphs[0]


def test_paths_of_the_structural_model_stand_beside_the_loadings() -> None:
    piece = review("spanish_bank").latent_method()
    assert piece.table is not None
    assert [heading for _, heading in piece.table.groups] == [
        "Paths", "Correlations of constructs", "Loadings",
    ]  # fmt: skip
    assert piece.verdict is not None
    assert piece.verdict.level == "mixed"


def test_second_order_models_of_the_study_are_compared() -> None:
    piece, figure = review("omnichannel", missing="listwise").second_order()
    assert piece.table is not None
    assert {h for _, h in piece.table.groups} == {"Service quality", "Customer value", "Loyalty"}
    assert figure.figure is not None


def test_checklist_follows_the_results(folder: Path) -> None:
    good, poor = review(str(folder)).checklist(), review("spanish_bank").checklist()
    both = [rows(piece) for piece in (good, poor)]
    assert both[0].keys() == both[1].keys()
    point = "Missing answers are reported and dealt with"
    assert [str(found[point][1]).split("\u00a0")[0] for found in both] == [
        SYMBOLS["met"], SYMBOLS["na"],
    ]  # fmt: skip
    point = "The estimator suits the answers"
    assert "assumes normal answers" in str(both[0][point][2])
    robust = rows(review(str(folder), estimator="MLR").checklist())
    assert str(robust[point][1]).startswith(SYMBOLS["met"])
    assert "could be judged are met" in poor.paragraphs[0]


def test_links_lead_to_evidence_of_the_notebook() -> None:
    opened = analysis.start(notebook="10_measurement", study="spanish_bank", draws=0)
    table = opened.review().checklist().table
    assert table is not None
    measurement, reviewed = opened.measurement(), opened.review()
    pieces = [opened.sample(), opened.correlations(), opened.close().evidence]
    pieces += [getattr(measurement, name)() for name in (
        "outcome", "fit", "loadings", "reliability", "fornell_larcker", "htmt",
        "factor_correlations", "residuals_figure", "engines",
    )]  # fmt: skip
    pieces += shown(reviewed)
    known = {piece.id for piece in pieces}
    assert {anchor for _, _, anchor in table.links} <= known
    html = evidence_html(reviewed.checklist())
    assert '<a href="#ev-fit-table">see</a>' in html


def test_checklist_of_the_structural_model() -> None:
    opened = analysis.start(notebook="20_structure", study="spanish_bank", draws=0)
    claims = opened.claims()
    piece = opened.checklist(rivals=claims.rivals(), prediction=claims.prediction())
    found = rows(piece)
    assert str(found["Rival models are compared"][1]).startswith(SYMBOLS["met"])
    assert str(found["Prediction is tested on new respondents"][1]).startswith(SYMBOLS["na"])
    assert "A reader could refit the model" not in found


def test_noise_is_never_called_good(tmp_path: Path) -> None:
    noise = write_study(tmp_path / "noise", n=200, method=0.0, shared=0.0)
    opened = review(str(noise))
    verdicts = [getattr(opened, name)().verdict for name in (*JUDGING, "marker")]
    assert "good" not in {v.level for v in verdicts if v is not None}


def test_fewer_respondents_than_parameters_allow_no_verdict(tmp_path: Path) -> None:
    few = write_study(tmp_path / "few", n=20)
    opened = review(str(few))
    verdicts = [getattr(opened, name)().verdict for name in JUDGING]
    assert {v.level for v in verdicts if v is not None} == {"none"}


def test_groups_are_reviewed_one_at_a_time() -> None:
    opened = review("omnichannel", group="channel", missing="listwise")
    for name in ("cutoffs", "latent_method"):
        piece = getattr(opened, name)()
        assert piece.verdict.level == "none"
        assert piece.notices
    for name in ("conventional_bias", "lindell_whitney", "collinearity"):
        piece = getattr(opened, name)()
        assert piece.table is None
        assert "one group" in piece.paragraphs[0]


def test_models_that_cannot_be_estimated_leave_words(folder: Path) -> None:
    (folder / "models" / "pair.lav").write_text("# en: P\n# zh: \u5bf9\n\nempathy =~ emp1 + emp2\n")
    opened = review(str(folder), model="pair")
    assert not opened.solution.outcome.estimated
    for piece in shown(opened):
        assert piece.table or piece.figure or piece.paragraphs or piece.verdict
        assert piece.verdict is None or piece.verdict.level == "none" or piece.id == "gaps-table"
