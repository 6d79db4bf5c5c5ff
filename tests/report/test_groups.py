"""Reports on several groups, robust estimators, ordered items and bounds."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from report.conftest import IMPROPER, load

from analysis import report
from analysis.data import Study
from analysis.errors import message
from analysis.methods import effects as effect_methods
from analysis.methods import measurement
from analysis.methods.coverage import coverage
from analysis.report import Evidence, Labels
from analysis.report.groups import definitions, equal_over_groups, side_by_side
from analysis.report.references import bibliography
from analysis.report.sanitize import clean_svg
from analysis.report.specification import notice
from analysis.report.svg import Drawing, stacked
from analysis.sem import Moments, Solution, sem
from analysis.syntax import labels_per_group, parse_model

MODEL = """
quality =~ a + b + c
loyalty =~ d + e + f
loyalty ~ p*quality
double := 2*p
"""
NAMES = list("abcdef")
LABELS = {
    "en": Labels(names={"quality": "Quality"}, groups={"w": "Web", "s": "Store"}),
    "zh": Labels(names={"quality": "质量"}, groups={"w": "网站", "s": "门店"}),
}


@pytest.fixture(scope="module")
def answers() -> np.ndarray:
    rng = np.random.default_rng(11)
    factors = rng.normal(size=(600, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    items = factors.repeat(3, axis=1) * 0.9 + rng.normal(size=(600, 6)) * 0.6
    return np.clip(np.round(items * 1.2 + 4), 1, 7)


GROUP = ["w"] * 350 + ["s"] * 250


def fit(answers: np.ndarray, *, separate: bool = False, **options: Any) -> Solution:
    model = parse_model(MODEL)
    data = Moments.from_data(answers, NAMES, group=GROUP)
    return sem(labels_per_group(model, 2) if separate else model, data, **options)


@pytest.fixture(scope="module")
def equal(answers: np.ndarray) -> Solution:
    """Equal loadings and intercepts but one, and, by a label, the path."""
    return fit(answers, group_equal=("loadings", "intercepts"), group_partial=("b~1",))


@pytest.fixture(scope="module")
def separate(answers: np.ndarray) -> Solution:
    return fit(answers, separate=True, estimator="MLR")


def columns(evidence: Evidence) -> list[str]:
    assert evidence.table is not None
    return [column.group for column in evidence.table.columns]


def all_pieces(s: Solution, language: str) -> list[Evidence]:
    words: dict[str, Any] = {"language": language, "labels": LABELS[language]}
    known = s.outcome.estimated
    reliability = measurement.reliability(s) if known else ()
    pieces = [
        report.outcome_banner(s, **words),
        report.model_specification(s, **words),
        report.path_diagram(s, **words),
        report.fit_table(s, **words),
        report.fit_figure(s, **words),
        report.loadings_table(s, reliability, **words),
        report.loadings_figure(s, **words),
        report.reliability_table(reliability, solution=s, **words),
        report.paths_table(s, **words),
        report.r2_table(s, **words),
        report.defined_effects_table(s, **words),
        report.effects_figure(s, **words),
        report.residuals_table(s, **words),
        report.residuals_figure(s, **words),
        report.modification_table(s, **words),
        report.parameter_table(s, **words),
        report.methods_text(s, reliability, **words),
    ]
    return [*pieces, report.effects_table(effect_methods.effects(s), solution=s, **words)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["equal", "separate"])
def test_every_piece_speaks_of_all_groups(
    name: str, language: str, request: pytest.FixtureRequest
) -> None:
    solution = request.getfixturevalue(name)
    web, store = LABELS[language].groups.values()
    for piece in all_pieces(solution, language):
        again = json.dumps(piece.to_payload(), ensure_ascii=False)
        html = piece._repr_mimebundle_()["text/html"].split("</style>")[1]
        assert "⟦" not in html and "{" not in html and ".p1." not in html
        assert not re.search(r"\bnan\b", html.lower())
        assert set(piece.all_citations) <= set(bibliography())
        if piece.id not in ("outcome", "model-specification", "fit-table", "fit-figure"):
            assert (web in again and store in again) or piece.id == "defined-effects", piece.id


def test_blocks_hold_the_estimates_of_each_group(separate: Solution) -> None:
    evidence = report.paths_table(separate, labels=LABELS["en"])
    assert columns(evidence) == ["", *["Web"] * 4, *["Store"] * 4]
    assert evidence.table is not None
    path, r2 = evidence.table.rows
    for g in (1, 2):
        e = separate.estimate("loyalty", "~", "quality", g)
        assert path[4 * g - 3 : 4 * g + 1] == (e.est, e.se, e.p, e.std_all)
        assert r2[4 * g] == separate.r2_of(g - 1)["loyalty"]
    defined = report.defined_effects_table(separate, labels=LABELS["en"]).table
    assert defined is not None
    assert [row[0] for row in defined.rows] == ["double"]
    assert defined.rows[0][5] == pytest.approx(
        2 * separate.estimate("loyalty", "~", "quality", 2).est
    )
    assert "double = 2*p" in defined.notes[1]


def test_effects_of_all_groups_equal_the_paths(separate: Solution) -> None:
    found = effect_methods.effects(separate)
    assert [(e.group, e.kind) for e in found] == [
        (g, kind) for g in (1, 2) for kind in ("direct", "total")
    ]
    for e in found:
        path = separate.estimate("loyalty", "~", "quality", e.group)
        assert (e.est, e.se) == pytest.approx((path.est, path.se))


def test_equal_parameters_are_marked_and_listed(equal: Solution) -> None:
    shared = equal_over_groups(equal)
    assert shared["loyalty", "~", "quality"] == "p"
    assert shared["quality", "=~", "b"] == ""
    assert ("b", "~1", "") not in shared and ("a", "~1", "") in shared
    evidence = report.loadings_table(equal, labels=LABELS["en"])
    assert evidence.table is not None
    marked = {evidence.table.rows[r][0] for r, c, letter in evidence.table.marks if letter == "="}
    assert marked == set("bcef")
    table = report.model_specification(equal, labels=LABELS["en"]).table
    assert table is not None
    said = {row[0]: row[1] for row in table.rows}
    assert said["Loadings"] == "4 of 4 parameters have the same value in all groups"
    assert str(said["Intercepts and means"]).endswith("free in each group: b ~1")
    assert "label p" in str(said["loyalty ~ quality"])
    assert "1 of 1 paths" in report.paths_table(equal, labels=LABELS["en"]).paragraphs[0]
    defined = report.defined_effects_table(equal, labels=LABELS["en"]).table
    assert defined is not None and "in the group Web" in " ".join(defined.notes)
    words = " ".join(report.methods_text(equal, labels=LABELS["en"]).paragraphs)
    assert "2 groups: Web (⟦n⟧ = 350), Store (⟦n⟧ = 250)" in words
    assert "Held equal in all groups: intercepts, loadings. Released from this: b~1." in words


def test_side_by_side_keeps_a_place_for_what_a_group_lacks(equal: Solution) -> None:
    rows = [e for e in equal.estimates if e.op == "=~"]
    families = side_by_side(rows[:-1], 2)
    assert families[-1][0] is not None and families[-1][1] is None


def test_definitions_of_each_group_are_one_quantity(equal: Solution, separate: Solution) -> None:
    assert [(name, len(members)) for name, members in definitions(equal)] == [("double", 1)]
    assert [(name, len(members)) for name, members in definitions(separate)] == [("double", 2)]


def test_many_groups_get_a_line_each(answers: np.ndarray) -> None:
    group = [str(i % 5) for i in range(600)]
    found = sem(MODEL, Moments.from_data(answers, NAMES, group=group))
    for build in (report.loadings_table, report.paths_table):
        evidence = build(found)
        assert evidence.table is not None
        assert len(evidence.table.columns) < 11
        assert any("\u00b7 4" in name for _, name in evidence.table.groups)
    effects = effect_methods.effects(found)
    table = report.effects_table(effects, solution=found).table
    assert table is not None
    assert len(table.rows) == 5


def test_verdict_and_text_use_the_robust_indices_of_a_robust_estimator(separate: Solution) -> None:
    judged = report.judged(separate, "cfi")
    assert judged == separate.measures["cfi.robust"].value
    verdict = " ".join(report.fit_verdict(separate).sentences)
    assert "robust CFI" in verdict and "SRMR" in verdict
    text = report.methods_text(separate)
    words = " ".join(text.paragraphs)
    chisq = separate.measures["chisq.scaled"].value
    assert f"= {chisq:.2f}" in words
    assert {"yuan2000", "brosseau2012"} <= set(text.citations)


def test_mean_and_variance_adjusted_tests_fall_back_on_scaled_indices(answers: np.ndarray) -> None:
    found = fit(answers, estimator="MLMVS")
    assert report.judged(found, "cfi") == found.measures["cfi.scaled"].value
    table = report.fit_table(found).table
    assert table is not None
    assert [c.key for c in table.columns][1:3] == ["standard", "scaled"]
    (df,) = [row for row in table.rows if row[0] == "⟦df⟧"]
    assert df[2] == found.measures["df.scaled"].value != df[1]


def test_swain_is_shown_for_one_group_of_complete_answers(
    answers: np.ndarray, separate: Solution
) -> None:
    def shown(s: Solution) -> bool:
        table = report.fit_table(s).table
        assert table is not None
        return any("Swain" in str(row[0]) for row in table.rows)

    single = sem(MODEL, Moments.from_data(answers, NAMES))
    assert shown(single)
    assert "swain1975" in report.fit_table(single).citations
    assert not shown(separate)
    assert not shown(sem(MODEL, Moments.from_data(answers, NAMES), estimator="MLM"))


def test_thresholds_and_the_sources_of_ordered_items(answers: np.ndarray) -> None:
    found = fit(answers, ordered=NAMES)
    table = report.parameter_table(found, labels=LABELS["en"]).table
    assert table is not None
    headings = [name for _, name in table.groups]
    assert "Thresholds · Web" in headings and "Thresholds · Store" in headings
    assert headings[-1] == "Defined quantities"
    assert sum(str(row[0]).startswith("a | t") for row in table.rows) == 2 * 6
    text = report.methods_text(found)
    assert {"muthen1984", "asparouhov2010", "savalei2021"} <= set(text.citations)
    assert "delta parameterization; Muthén, 1984" in " ".join(text.paragraphs)
    formulas = report.reliability_table(measurement.reliability(found), solution=found).table
    assert formulas is not None and measurement.ORDINAL_ALPHA in formulas.formulas
    residuals = report.residuals_table(found).table
    assert residuals is not None
    assert [c.key for c in residuals.columns] == ["first", "second", "group", "cor"]


def test_missing_answers_are_described(answers: np.ndarray) -> None:
    holes = answers.copy()
    holes[:40, 2] = np.nan
    data = Moments.from_data(holes, NAMES)
    fiml, listwise = sem(MODEL, data), sem(MODEL, data, missing="listwise")
    words = report.methods_text(fiml)
    assert "all 600 respondents in 2 patterns" in words.paragraphs[0]
    assert "enders2001" in words.citations
    assert "Of 600 respondents, 40 were left out" in report.methods_text(listwise).paragraphs[0]
    assert [n.level for n in report.outcome_banner(fiml).notices] == ["note"]
    assert [n.level for n in report.outcome_banner(listwise).notices] == ["warning"]
    assert report.judged(fiml, "cfi") == fiml.measures["cfi"].value


def test_design_of_the_survey_is_described(answers: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    data = Moments.from_data(
        answers, NAMES, weights=rng.uniform(0.5, 2, 600), cluster=(np.arange(600) % 30).tolist()
    )
    text = report.methods_text(sem(MODEL, data))
    assert "Sampling weights were applied (Asparouhov, 2005)" in text.paragraphs[0]
    assert "30 clusters" in text.paragraphs[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_that_is_not_identified_is_readable_in_groups(
    answers: np.ndarray, language: str
) -> None:
    data = Moments.from_data(answers[:, :4], NAMES[:4], group=GROUP)
    found = sem("quality =~ a + b\nloyalty =~ c + d\nloyalty ~~ 0*quality", data)
    assert found.outcome.value == "not_identified"
    for piece in all_pieces(found, language):
        html = piece._repr_mimebundle_()["text/html"].split("</style>")[1]
        assert "nan" not in html.lower()
        assert piece.verdict is None or piece.verdict.level == "none"
    banner = report.outcome_banner(found, language=language)
    assert banner.notices[0].level == "error"


def test_a_bound_gives_no_verdict_and_no_results(root: Any) -> None:
    data = load(root, "ecsi_mobile").data
    moments = Moments.from_published(names=data.names, n=data.n, correlations=data.correlations)
    found = sem(IMPROPER, moments, bounds="pos.var")
    assert not report.conclusive(found) and report.ending(found) == "at_bound"
    verdict = report.fit_verdict(found)
    assert verdict.level == "none" and "bound" in verdict.sentences[0]
    assert len(report.methods_text(found).paragraphs) == 1
    assert "below zero" in report.methods_text(found).paragraphs[0]
    assert report.outcome_banner(found).notices[0].level == "error"


def test_messages_name_groups_by_their_label() -> None:
    found = message("sem.negative_residual", name="a", value="-0.1", group=" (w)")
    assert "(Web)" in notice(found, "warning", "en", LABELS["en"]).symptom
    assert "1" in notice(found, "warning", "en", Labels(groups={"1": "2024"})).symptom


def test_sample_shows_groups_patterns_weights_and_clusters(study: Study) -> None:
    rows = np.array([[1.0, np.nan], [2.0, 3.0], [np.nan, np.nan], [4.0, 5.0]])
    found = coverage(
        rows, ["a", "b"], groups=(("w", 3), ("s", 1)), weights=[1, 1, 1, 3], cluster=[1, 1, 2, 2]
    )
    assert (found.incomplete, found.patterns, found.worst_item) == (2, 3, "b")
    assert found.effective_n == 3.0 and found.clusters == (2, 2, 2)
    table = report.sample_summary(study, coverage=found, labels=LABELS["en"]).table
    assert table is not None
    said = {row[0]: row[1] for row in table.rows}
    assert said["Respondents: Web"] == 3
    assert said["Respondents with missing answers"] == "2 (50.0%)"
    assert said["Missing answers"] == "37.50% (most: b, 50.0%)"
    assert said["Clusters"] == "2 (of 2 to 2 respondents)"
    assert [name for _, name in table.groups] == [
        "Study and respondents", "Answers to the items of this model",
    ]  # fmt: skip


def test_stacked_pictures_survive_the_sanitizer() -> None:
    parts = []
    for size in (100.0, 60.0):
        drawing = Drawing(size, size)
        drawing.rect(0, 0, size, size, fill="none")
        parts.append(drawing.render(title="t", description="d"))
    svg = stacked(["One & two", "Three"], parts, title="All", description="Both")
    clean = clean_svg(svg, prefix="x")
    assert clean.count("<svg") == 3 and "One &amp; two" in clean
    assert 'viewBox="0 0 60 60"' in clean and 'x="20"' in clean
    with pytest.raises(ValueError, match="not a picture"):
        stacked(["a"], ["<svg/>"], title="", description="")


def test_blocks_of_columns_are_set_apart(separate: Solution) -> None:
    html = report.paths_table(separate, labels=LABELS["en"])._repr_mimebundle_()["text/html"]
    assert html.count('class="span blk"') == 1
    assert html.count('class="n blk"') == 1 + 2
