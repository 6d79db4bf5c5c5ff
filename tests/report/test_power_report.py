"""Evidence on power says in both languages what was simulated, and survives what cannot be."""

from __future__ import annotations

from functools import cache
from math import inf, nan

import numpy as np
import pytest

from analysis.errors import message
from analysis.i18n import LANGUAGES
from analysis.methods.power import (
    Curve,
    Detectable,
    Point,
    Row,
    Scenario,
    curves,
    detectable_paths,
    fit_power,
    path_tests,
    replicate,
    rows_of,
)
from analysis.report import Evidence, Labels, from_payload
from analysis.report.power import (
    Setting,
    monte_carlo_table,
    needed_table,
    population_table,
    power_figure,
    power_methods,
    unavailable,
)
from analysis.report.power_limits import rmsea_table, sensitivity_table
from analysis.report.power_words import needed_phrase, needed_text
from analysis.sem.simulation import Population
from analysis.syntax import parse_model

MODEL = "m ~ a*x\ny ~ b*m + c*x\nind := a*b\nall_of_it := a*b + c"
LABELS = Labels(names={"m": "Satisfaction & trust", "y": "Loyalty", "x": "Quality"})


@cache
def made() -> Scenario:
    population = Population.of_text("m ~ .4*x\ny ~ .35*m + .15*x")
    return Scenario.of(parse_model(MODEL), population, 120, seed=1)


def setting(language: str = "en", **changes: object) -> Setting:
    given = {
        "base": made().base, "source": "", "n": 120, "power": 0.8, "alpha": 0.05,
        "replications": 300, "distribution": "normal", "missing": 0.0, "estimator": "ML",
        "language": language, "labels": LABELS, "stamps": ("SIMULATED",), **changes,
    }  # fmt: skip
    return Setting(**given)  # type: ignore[arg-type]


@cache
def results() -> tuple[tuple[Curve, ...], tuple[Row, ...]]:
    found, _ = curves(made(), [60, 100, 170, 300], 300, power=0.8)
    return found, rows_of(replicate(made(), 120, 300), made().targets)


def path_results():  # type: ignore[no-untyped-def]
    return path_tests(made().syntax, made().population.moments(120), made().targets)


def pieces(language: str) -> list[Evidence]:
    found, rows = results()
    done = replicate(made(), 120, 300)
    small = detectable_paths(made(), 120, power=0.8, replications=200)
    options = {"df": 12, "n": 120, "power": 0.8, "alpha": 0.05, "language": language}
    return [
        population_table(setting(language), made().targets),
        needed_table(setting(language), found, path_results(), rows),
        power_figure(setting(language), found),
        monte_carlo_table(setting(language), done, rows),
        rmsea_table(fit_power(12, 120), **options, stamps=("SIMULATED",)),  # type: ignore[arg-type]
        sensitivity_table(setting(language), small, rule=0.2),
        power_methods(setting(language), "numpy 2"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_piece_travels_and_has_words(language: str) -> None:
    for piece in pieces(language):
        assert from_payload(piece.to_payload()).to_payload() == piece.to_payload()
        assert piece.stamps == ("SIMULATED",) and piece.title
        assert piece.table or piece.figure or piece.paragraphs
        assert "power." not in str(piece.to_payload())


def test_needed_sizes_and_verdict() -> None:
    found, rows = results()
    piece = needed_table(setting(), found, path_results(), rows)
    assert piece.table is not None and piece.verdict is not None
    by_name = {row[0]: row for row in piece.table.rows}
    path = by_name["Satisfaction & trust \u2192 Loyalty"]
    assert str(path[3]).startswith("6") and isinstance(path[4], int)
    assert by_name["Quality \u2192 Satisfaction & trust \u2192 Loyalty"][4] is None
    assert piece.verdict.level == "mixed"
    assert "Quality \u2192 Loyalty" in piece.verdict.sentences[0]
    assert any("restates" in s for s in piece.verdict.sentences)
    planned = needed_table(setting(source="theory"), found, path_results(), rows).verdict
    assert planned is not None and not any("restates" in s for s in planned.sentences)


def test_verdict_is_good_where_everything_is_found_and_none_where_nothing_is_known() -> None:
    found, rows = results()
    sure = [Row(*(getattr(r, k) for k in ("target", "n", "mean", "sd", "se", "bias", "se_bias",
            "mse", "coverage")), 0.99, 0.97, 1.0, 300) for r in rows]  # fmt: skip
    good = needed_table(setting(), found, (), sure).verdict
    assert good is not None and good.level == "good"
    blank = [Row(r.target, 120, *(nan,) * 10, 0) for r in rows]
    none = needed_table(setting(), found, (), blank).verdict
    assert none is not None and none.level == "none"


def test_bounds_are_said() -> None:
    target = made().targets[0]
    points = (Point(60, 0.95, 0.9, 0.98, 300), Point(90, 0.99, 0.97, 1.0, 300))
    blank = np.full((2, 2), nan)
    below = Curve(target, points, nan, nan, blank, nan, nan, nan, "below")
    above = Curve(target, points, nan, nan, blank, nan, nan, nan, "above")
    none = Curve(target, (), nan, nan, blank, nan, nan, nan)
    assert (needed_text(below, "en"), needed_text(above, "en")) == ("\u2264\u200960", ">\u200990")
    assert needed_phrase(none, "zh") == "\u2014"
    assert power_figure(setting(), [below, above]).figure is None


def test_figure_has_a_panel_for_each_curve() -> None:
    found, _ = results()
    piece = power_figure(setting("zh"), found)
    assert piece.figure is not None and piece.figure.data is not None
    drawn = [c for c in found if not c.bound]
    assert piece.figure.svg.count("fill-opacity") == len(drawn)
    assert len(piece.figure.data.rows) == sum(len(c.points) for c in drawn)
    assert "Satisfaction &amp; trust" in piece.figure.svg and "& trust<" not in piece.figure.svg


def test_poor_estimation_is_marked() -> None:
    found = [
        Row(r.target, 120, r.mean, r.sd, r.se, 0.2, -0.3, r.mse, 0.85, r.power, r.low, r.high, 9)
        for r in results()[1]
    ]
    table = monte_carlo_table(setting(), replicate(made(), 120, 10), found).table
    assert table is not None and {at for _, at, _ in table.marks} == {5, 6, 8}
    assert table.notes[-1].startswith("a|")


def test_designs_are_described() -> None:
    for distribution, word in (("skewed", "skewness"), ("ordinal", "categories")):
        changed = setting(distribution=distribution, missing=0.1)
        table = population_table(changed, made().targets).table
        assert table is not None and word in " ".join(table.notes)
        assert "10%" in " ".join(table.notes)
        assert word in power_methods(changed, "numpy 2").paragraphs[0]


def test_saturated_model_has_no_test_of_fit() -> None:
    piece = rmsea_table((), df=0, n=100, power=0.8, alpha=0.05)
    assert piece.table is None and piece.paragraphs
    weak = rmsea_table(fit_power(5, 60), df=5, n=60, power=0.8, alpha=0.05)
    assert weak.verdict is not None and weak.verdict.level == "mixed"
    assert "1,464" in weak.verdict.sentences[0]


def test_sensitivity_without_values_keeps_its_dashes() -> None:
    found = [Detectable(t, nan, nan) for t in made().targets[:3]]
    piece = sensitivity_table(setting(), found, rule=inf)
    assert piece.table is not None and not piece.table.marks and not piece.paragraphs


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_made_says_why(language: str) -> None:
    why = (message("power.no_solution", outcome="improper"),)
    later = unavailable("needed", why, language=language)
    assert later.verdict is not None and later.verdict.level == "none" and not later.notices
    piece = unavailable("population", why, language=language)
    assert piece.verdict is not None and piece.verdict.level == "none"
    assert "improper" in piece.notices[0].symptom and piece.notices[0].remedy
