"""Builders on real fits: numbers, verdict rules, both languages, the same bytes twice."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from analysis import report
from analysis.data import Study
from analysis.errors import message
from analysis.methods import effects as effect_methods
from analysis.methods import measurement
from analysis.report import Evidence, Labels, from_payload
from analysis.report.references import bibliography
from analysis.sem import Moments, Solution, sem
from analysis.sem.second_engine import EngineComparison


@dataclass(frozen=True)
class Matrix:
    constructs: tuple[str, ...]
    values: Any
    formula: str = ""


@dataclass(frozen=True)
class Parameter:
    name: str
    value: str
    given: bool
    description: str = ""


def fornell(s: Solution, **words: Any) -> Evidence:
    found = measurement.discriminant_validity(s)
    matrix = Matrix(found.constructs, found.fornell_larcker)
    return report.fornell_larcker_table(matrix, solution=s, **words)


def htmt(s: Solution, **words: Any) -> Evidence:
    return report.htmt_table(measurement.discriminant_validity(s), solution=s, **words)


BUILDERS: dict[str, Callable[..., Evidence]] = {
    "specification": report.model_specification,
    "outcome": report.outcome_banner,
    "fit": report.fit_table,
    "fit figure": report.fit_figure,
    "loadings": lambda s, **w: report.loadings_table(s, measurement.reliability(s), **w),
    "loadings figure": report.loadings_figure,
    "reliability": lambda s, **w: report.reliability_table(
        measurement.reliability(s), solution=s, **w
    ),
    "fornell": fornell,
    "htmt": htmt,
    "paths": report.paths_table,
    "diagram": report.path_diagram,
    "r2": report.r2_table,
    "defined": report.defined_effects_table,
    "effects": lambda s, **w: report.effects_table(effect_methods.effects(s), solution=s, **w),
    "effects figure": report.effects_figure,
    "residuals": report.residuals_table,
    "residuals figure": report.residuals_figure,
    "modifications": report.modification_table,
    "parameters": report.parameter_table,
    "engines": report.engine_table,
    "methods": lambda s, **w: report.methods_text(s, measurement.reliability(s), **w),
}
JUDGING = ("fit", "loadings", "reliability", "fornell", "htmt", "paths", "r2", "defined", "effects")


def cells(evidence: Evidence) -> dict[str, tuple[Any, ...]]:
    assert evidence.table is not None
    return {str(row[0]): row for row in evidence.table.rows}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_builder_speaks_and_repeats_itself(
    name: str, language: str, solution: Solution, chinese: Labels
) -> None:
    labels = chinese if language == "zh" else Labels()
    first, second = (
        BUILDERS[name](solution, language=language, labels=labels, stamps=("SIMULATED",))
        for _ in range(2)
    )
    assert json.dumps(first.to_payload()) == json.dumps(second.to_payload())
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
    assert from_payload(json.loads(json.dumps(first.to_payload()))).to_payload() == (
        first.to_payload()
    )
    assert first.language == language
    assert first.stamps == ("SIMULATED",)
    assert set(first.all_citations) <= set(bibliography())
    html = first._repr_mimebundle_()["text/html"]
    assert "⟦" not in html and "{" not in html.split("</style>")[1]
    assert "nan" not in html.split("</style>")[1].lower().replace("dominan", "")


@pytest.mark.parametrize("name", BUILDERS)
def test_no_verdict_on_an_improper_solution(name: str, improper: Solution) -> None:
    evidence = BUILDERS[name](improper)
    assert evidence.verdict is None or evidence.verdict.level == "none"
    if name in JUDGING:
        assert evidence.verdict is not None
        assert "improper" in evidence.verdict.sentences[0]


@pytest.mark.parametrize("name", JUDGING)
def test_no_verdict_where_engines_disagree(name: str, solution: Solution) -> None:
    other = copy.copy(solution)
    assert solution.second_engine is not None
    distant = replace(solution.second_engine, max_difference_std=0.05)
    other.__dict__["second_engine"] = distant
    verdict = BUILDERS[name](other).verdict
    assert verdict is not None
    assert verdict.level == "none"
    assert ".050" in verdict.sentences[0]


def test_fit_table_equals_lavaan(solution: Solution) -> None:
    rows = cells(report.fit_table(solution))
    assert rows["χ²"][1] == pytest.approx(295.382, abs=5e-4)
    assert rows["⟦df⟧"][1] == 129
    values = {"CFI": 0.940, "TLI": 0.928, "RMSEA": 0.072, "SRMR": 0.063}
    for name, value in values.items():
        assert rows[name][1] == pytest.approx(value, abs=5e-4)
    assert rows["SRMR"][3] == "SRMR [Bentler, no mean structure]"


def test_fit_verdict_names_what_is_only_acceptable(solution: Solution) -> None:
    verdict = report.fit_verdict(solution)
    assert verdict.level == "mixed"
    words = " ".join(verdict.sentences)
    assert "Good by convention: SRMR = .063." in words
    assert "CFI = .940" in words
    assert "153 item pairs" in words
    assert set(verdict.citations) == {"hu1999", "bentler1990", "browne1992", "kline2016"}


def test_paths_table_equals_lavaan(solution: Solution) -> None:
    evidence = report.paths_table(solution)
    assert evidence.table is not None
    std = [row[7] for row in evidence.table.rows]
    assert std == pytest.approx([0.671, 0.558, 0.356, 0.443, 0.199, 0.237], abs=6e-4)
    assert [g[1].split()[0] for g in evidence.table.groups] == ["image", "satisfaction", "loyalty"]


def test_products_of_paths_are_named_by_their_route(solution: Solution, chinese: Labels) -> None:
    rows = cells(report.defined_effects_table(solution, language="zh", labels=chinese))
    assert "感知服务质量 → 品牌形象 → 顾客满意度 → 顾客忠诚" in rows
    assert "total" in rows


def test_loadings_mark_what_misses_the_cut_off(solution: Solution) -> None:
    evidence = report.loadings_table(solution, measurement.reliability(solution))
    assert evidence.table is not None
    marked = {evidence.table.rows[row][0] for row, _, _ in evidence.table.marks}
    assert marked == {"imag1", "imag4", "imag5", "qual3", "loy2", "loy4"}
    assert "AVE" in evidence.table.groups[0][1]
    assert evidence.verdict is not None and evidence.verdict.level == "mixed"


def test_wordings_get_a_column(solution: Solution) -> None:
    labels = Labels(wordings={"imag1": "It is a bank to be trusted."})
    evidence = report.loadings_table(solution, labels=labels)
    assert cells(evidence)["imag1"][1] == "It is a bank to be trusted."


def test_outcome_banner_explains_an_improper_solution(improper: Solution) -> None:
    evidence = report.outcome_banner(improper, labels={"loyalty": "Customer loyalty"})
    assert evidence.notices[0].level == "error"
    assert "Do not report" in evidence.notices[0].remedy
    assert any("loyalty (Customer loyalty)" in n.symptom for n in evidence.notices)
    assert all(n.remedy for n in evidence.notices)


def test_methods_text_holds_what_journals_ask_for(solution: Solution, study: Study) -> None:
    evidence = report.methods_text(
        solution,
        measurement.reliability(solution),
        study=study,
        versions={"loyalty-sem": "9.9.9"},
    )
    words = " ".join(evidence.paragraphs)
    for part in ("maximum likelihood", "N⟧ = 250", "loyalty-sem 9.9.9", "χ²(129", "295.38",
                 "CFI = .940", "90% CI [.061, .083]", "not modified", "semopy",
                 "Composite reliability", "⟦R⟧² = .65", "first indicator"):  # fmt: skip
        assert part in words, part


def test_methods_text_of_an_improper_solution_reports_no_results(improper: Solution) -> None:
    evidence = report.methods_text(improper)
    assert len(evidence.paragraphs) == 1
    assert evidence.notices[0].level == "error"


def test_modifications_ask_the_theory(solution: Solution) -> None:
    evidence = report.modification_table(solution, largest=3)
    assert evidence.table is not None
    assert evidence.table.rows[0][0] == "quality =~ imag5"
    assert str(evidence.table.rows[0][4]).startswith("Does imag5 also measure quality")
    assert "MacCallum" in evidence.paragraphs[0]


def test_residuals_are_sorted_and_marked(solution: Solution) -> None:
    evidence = report.residuals_table(solution, largest=5)
    assert evidence.table is not None
    sizes = [abs(float(row[2] or 0)) for row in evidence.table.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(np.abs(np.tril(solution.residuals.cor, -1)).max())


def test_disagreeing_engines_raise_a_notice(solution: Solution) -> None:
    other = copy.copy(solution)
    distant = EngineComparison("semopy", "0", (), 0.5, 0.001)
    other.__dict__["second_engine"] = distant
    evidence = report.engine_table(other)
    assert evidence.notices[0].level == "error"
    assert evidence.verdict is not None and evidence.verdict.level == "none"


def test_no_second_engine_is_said(solution: Solution) -> None:
    other = copy.copy(solution)
    other.__dict__["second_engine"] = None
    assert "no independent check" in report.engine_table(other).paragraphs[0]


def test_parameters_say_what_was_set() -> None:
    evidence = report.run_parameters([Parameter("study", "x", True), Parameter("wave", "", False)])
    assert cells(evidence)["study"][2] == "set for this run"
    assert cells(evidence)["wave"][1] == "—"


def test_sample_of_published_moments(study: Study) -> None:
    rows = cells(report.sample_summary(study, language="en"))
    assert rows["Respondents (published)"][1] == 250


def test_correlation_table_is_a_lower_triangle() -> None:
    R = np.array([[1.0, 0.5], [0.5, 1.0]])
    evidence = report.correlation_table(["a", "b"], R, means=[1, 2], sds=[3, 4], n=10)
    assert evidence.table is not None
    assert evidence.table.rows == (("1. a", 1.0, 3.0, "—", ""), ("2. b", 2.0, 4.0, 0.5, "—"))
    assert "= 10" in evidence.table.notes[0]


def test_messages_become_notices(solution: Solution) -> None:
    found = copy.copy(solution)
    object.__setattr__(
        found, "fit", replace(solution.fit, findings=(message("sem.negative_residual", name="imag1",
                                                              value="-0.1", group=""),))
    )  # fmt: skip
    evidence = report.outcome_banner(found, language="zh")
    assert evidence.notices[0].level == "warning"
    assert "imag1" in evidence.notices[0].symptom


@pytest.fixture(scope="module")
def answers() -> np.ndarray:
    rng = np.random.default_rng(20)
    factors = rng.normal(size=(400, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    items = factors.repeat(3, axis=1) * 0.8 + rng.normal(size=(400, 6)) * 0.6
    return np.clip(np.round(items * 1.2 + 4), 1, 7)


TWO = "quality =~ a + b + c\nloyalty =~ d + e + f\nloyalty ~ quality"
NAMES = list("abcdef")


@pytest.mark.parametrize(
    ("options", "missing", "said"),
    [
        ({}, 0, "ML (maximum likelihood, normal likelihood, standard errors from the expected"),
        ({}, 9, "from all answers, complete or not,"),
        ({"estimator": "MLR"}, 0, "robust (Huber–White) standard errors, test statistic corrected"),
        ({"estimator": "MLM"}, 0, "robust (sandwich) standard errors"),
        ({"estimator": "GLS"}, 0, "GLS (generalized least squares"),
        ({"ordered": NAMES}, 0, "from thresholds and polychoric correlations of 6 indicators"),
        ({"missing": "listwise"}, 9, "listwise deletion"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_other_estimators_are_described_and_judged_by_their_robust_indices(
    options: dict[str, Any], missing: int, said: str, language: str, answers: np.ndarray
) -> None:
    rows = answers.copy()
    rows[:missing, 0] = np.nan
    found = sem(TWO, Moments.from_data(rows, NAMES), **options)
    words = " ".join(report.methods_text(found, language=language).paragraphs)
    assert language == "zh" or said in words
    evidence = report.fit_table(found, language=language)
    assert evidence.table is not None
    at = {column.key: i for i, column in enumerate(evidence.table.columns)}
    (row,) = [row for row in evidence.table.rows if row[0] == "CFI"]
    for version in ("scaled", "robust"):
        measure = found.measures.get(f"cfi.{version}")
        known = measure is not None and np.isfinite(measure.value)
        assert (version in at) == known
        if measure is not None and known:
            assert row[at[version]] == measure.value
    corrected = options.get("estimator") in ("MLR", "MLM") or "ordered" in options
    verdict = report.fit_verdict(found, language=language)
    word = {"en": "robust CFI", "zh": "稳健 CFI"}[language]
    assert (word in " ".join(verdict.sentences)) == corrected
    assert report.judged(found, "cfi") == row[at["robust" if corrected else _standard(at)]]
    for build in BUILDERS.values():
        build(found, language=language)._repr_mimebundle_()


def _standard(at: dict[str, int]) -> str:
    return "standard" if "standard" in at else "value"


def test_groups_are_shown_side_by_side(answers: np.ndarray) -> None:
    group = ["web"] * 200 + ["store"] * 200
    found = sem(TWO, Moments.from_data(answers, NAMES, group=group))
    for build in (report.loadings_table, report.paths_table, report.parameter_table):
        evidence = build(found)
        assert evidence.table is not None
        headings = " ".join(name for _, name in evidence.table.groups)
        headings += " ".join(column.group for column in evidence.table.columns)
        assert "web" in headings and "store" in headings
    for build in BUILDERS.values():
        build(found)._repr_mimebundle_()


def test_import_does_not_load_plotting_libraries() -> None:
    import subprocess
    import sys

    code = "import sys, analysis.report; print([m for m in ('matplotlib', 'seaborn', 'semopy', "
    code += "'papermill') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
