"""Reliability, ratios, factor correlations and fit with intervals, as the reader sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import report
from analysis.data import PublishedMatrix, Study
from analysis.errors import message
from analysis.methods import measurement as m
from analysis.methods.fit_bootstrap import fit_bootstrap
from analysis.report import Evidence, Labels, from_payload
from analysis.report.cautions import capped, cautions, with_notices
from analysis.report.references import bibliography
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import bootstrap

FACTORS = """
image =~ imag1 + imag2 + imag3 + imag4 + imag5
quality =~ qual1 + qual2 + qual3 + qual4 + qual5
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ loy1 + loy2 + loy3 + loy4
"""


@pytest.fixture(scope="module")
def cfa(study: Study) -> Solution:
    data = study.data
    assert isinstance(data, PublishedMatrix)
    moments = Moments.from_published(
        names=data.names, n=data.n, correlations=data.correlations, sds=data.sds
    )
    return sem(FACTORS, moments)


@pytest.fixture(scope="module")
def drawn(cfa: Solution) -> m.Resampled:
    return m.resampled(bootstrap(cfa, draws=300, seed=1, kind="normal"), wanted=2000)


@pytest.fixture(scope="module")
def pairs(cfa: Solution, drawn: m.Resampled) -> tuple[m.Pair, ...]:
    return m.factor_pairs(cfa, resampled=drawn)


Build = Callable[..., Evidence]


@pytest.fixture
def builders(cfa: Solution, drawn: m.Resampled, pairs: tuple[m.Pair, ...]) -> dict[str, Build]:
    records = m.reliability(cfa, drawn)
    validity = m.discriminant_validity(cfa, resampled=drawn)
    fitted = fit_bootstrap(cfa, draws=100, seed=1)
    return {
        "reliability": lambda **w: report.reliability_table(
            records, solution=cfa, resampled=drawn, **w
        ),
        "reliability figure": lambda **w: report.reliability_figure(records, solution=cfa, **w),
        "htmt": lambda **w: report.htmt_table(validity, solution=cfa, resampled=drawn, **w),
        "distinct": lambda **w: report.distinct_table(pairs, solution=cfa, resampled=drawn, **w),
        "distinct figure": lambda **w: report.distinct_figure(pairs, solution=cfa, **w),
        "fit": lambda **w: report.fit_bootstrap_table(fitted, solution=cfa, draws=100, **w),
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_piece_speaks_and_repeats_itself(
    language: str, builders: dict[str, Build], chinese: Labels
) -> None:
    labels = chinese if language == "zh" else Labels()
    for build in builders.values():
        first, second = (build(language=language, labels=labels) for _ in range(2))
        assert json.dumps(first.to_payload()) == json.dumps(second.to_payload())
        again = from_payload(json.loads(json.dumps(first.to_payload())))
        assert again.to_payload() == first.to_payload()
        html = first._repr_mimebundle_()["text/html"].split("</style>")[1]
        assert "⟦" not in html
        assert "{" not in html
        assert not re.search(r"\bnan\b", html, re.IGNORECASE)
        assert set(first.all_citations) <= set(bibliography())


def test_intervals_stand_below_the_coefficients(builders: dict[str, Build]) -> None:
    table = builders["reliability"]().table
    assert table is not None
    assert [c.label for c in table.columns[2:]] == [
        "⟦α⟧", "⟦ω⟧", "⟦ω⟧ₛ", "CR", "⟦ρ⟧ₐ", "⟦H⟧", "AVE",
    ]  # fmt: skip
    assert len(table.rows) == 8
    for row, span in zip(table.rows[::2], table.rows[1::2], strict=True):
        assert span[0] == "\u200395% CI"
        for value, limits in zip(row[2:], span[2:], strict=True):
            low, high = (float(x) for x in str(limits).strip("[]").split(","))
            assert low - 0.006 < float(str(value)) < high + 0.006
    assert table.formulas[0] == m.ALPHA
    assert m.OMEGA_OBSERVED in table.formulas


def test_notes_say_how_draws_came_about_and_ended(builders: dict[str, Build]) -> None:
    for name in ("reliability", "htmt", "distinct"):
        table = builders[name]().table
        assert table is not None
        notes = " ".join(table.notes)
        assert "parametric bootstrap" in notes
        assert "300 draws were made in place of 2,000" in notes
        assert "All 300 draws ended in a proper solution." in notes


def test_many_improper_draws_are_a_warning(cfa: Solution, drawn: m.Resampled) -> None:
    bad = replace(drawn, converged=200, improper=90, failed=10)
    shown = report.reliability_table(m.reliability(cfa, drawn), solution=cfa, resampled=bad)
    assert shown.table is not None
    assert any("33% of the draws are not proper" in note for note in shown.table.notes)
    assert "nevitt2001" in shown.all_citations


def test_both_composite_reliabilities_are_told_apart(cfa: Solution) -> None:
    """The column CR has one formula; the note gives the other where the two differ."""
    records = list(m.reliability(cfa))
    records[3] = replace(records[3], cr=0.586, omega_observed=0.542)
    shown = report.reliability_table(records, solution=cfa, labels={"loyalty": "Loyalty"})
    assert shown.table is not None
    assert any("Loyalty: .586 against .542" in note for note in shown.table.notes)


def test_an_interval_below_the_cutoff_is_not_good(cfa: Solution, drawn: m.Resampled) -> None:
    records = [
        replace(r, cr=0.74, intervals={**r.intervals, "cr": (0.66, 0.80)})
        for r in m.reliability(cfa, drawn)
    ]
    verdict = report.reliability_table(records, solution=cfa).verdict
    assert verdict is not None
    assert verdict.level == "mixed"
    assert "reaches below .70" in verdict.sentences[0]


def test_ratios_are_judged_by_their_upper_limit(cfa: Solution, drawn: m.Resampled) -> None:
    found = m.discriminant_validity(cfa, resampled=drawn)
    cases = {0.84: "good", 0.93: "mixed", 1.01: "poor"}
    for limit, level in cases.items():
        upper = found.htmt_upper.copy()
        upper[1, 0] = limit
        verdict = report.htmt_table(replace(found, htmt_upper=upper), solution=cfa).verdict
        assert verdict is not None
        assert verdict.level == level
    table = report.htmt_table(found, solution=cfa).table
    assert table is not None
    assert table.rows[2][1] == found.htmt[1, 0]
    assert table.rows[0][2] == found.htmt2[1, 0]
    assert table.rows[3][1] == found.htmt_upper[1, 0]


def test_classes_of_factor_correlations(cfa: Solution, pairs: tuple[m.Pair, ...]) -> None:
    first, *rest = (replace(p, est=0.5, boot_lower=0.4, boot_upper=0.6) for p in pairs)
    cases = {0.79: "good", 0.85: "good", 0.95: "mixed", 1.0: "poor"}
    for limit, level in cases.items():
        shown = report.distinct_table((replace(first, boot_upper=limit), *rest), solution=cfa)
        assert shown.verdict is not None
        assert shown.verdict.level == level
    assert "may be 1" in shown.verdict.sentences[0]


def test_a_correlation_beyond_the_cutoff_is_marked(
    cfa: Solution, pairs: tuple[m.Pair, ...]
) -> None:
    changed = (replace(pairs[0], est=0.93, beyond=True, at_cutoff=None), *pairs[1:])
    table = report.distinct_table(changed, solution=cfa).table
    assert table is not None
    assert [mark[0] for mark in table.marks] == [0]
    assert table.columns[table.marks[0][1]].key == "chisq_cutoff"
    assert table.rows[0][table.marks[0][1]] is None


def test_no_verdict_and_no_fit_interval_without_a_proper_solution(improper: Solution) -> None:
    shown = [
        report.reliability_table(m.reliability(improper), solution=improper),
        report.htmt_table(m.discriminant_validity(improper), solution=improper),
        report.distinct_table(m.factor_pairs(improper), solution=improper),
    ]
    assert {piece.verdict.level for piece in shown if piece.verdict} == {"none"}
    found = fit_bootstrap(improper, draws=50, seed=1)
    assert found is None
    words = report.fit_bootstrap_table(found, solution=improper, draws=50).paragraphs
    assert "admissible" in words[0]


def test_draws_switched_off(cfa: Solution) -> None:
    words = report.fit_bootstrap_table(None, solution=cfa, draws=0).paragraphs
    assert "draws = 0" in words[0]
    table = report.reliability_table(m.reliability(cfa), solution=cfa).table
    assert table is not None
    assert len(table.rows) == 4


def test_figures_draw_every_cutoff(builders: dict[str, Build]) -> None:
    for name, labels in (("reliability figure", (".50", ".70", ".95")),
                         ("distinct figure", (".80", ".90", "1.00"))):  # fmt: skip
        figure = builders[name]().figure
        assert figure is not None
        for label in labels:
            assert f">{label}</text>" in figure.svg
        assert figure.data is not None
        assert figure.alt


def test_cautions_cap_the_verdict_and_give_notice(cfa: Solution) -> None:
    good = Evidence("x", "X", verdict=report.Verdict("good", ("Fine.",)))
    none = m.checks(cfa)
    assert cautions(none, labels=Labels(), language="en") == ()
    assert capped(good, ()) == good
    found = cautions(replace(none, uniform=0.3), labels=Labels(), language="en")
    (message_,) = found
    assert message_.code == "measuring.uniform"
    limited = capped(good, found).verdict
    assert limited is not None
    assert limited.level == "mixed"
    assert "30% of the respondents" in limited.sentences[1]
    poor = Evidence("x", "X", verdict=report.Verdict("poor", ("Bad.",)))
    assert capped(poor, found) == poor
    few = capped(poor, (message("measuring.few", n=20, npar=40),)).verdict
    assert few is not None
    assert few.level == "none"
    assert with_notices(good, found).notices[0].remedy


def test_checks_by_hand(cfa: Solution) -> None:
    """153 pairs; chi-square of independence less df over N df; straight lines by counting."""
    found = m.checks(cfa)
    chisq, df = (cfa.measures[f"baseline.{name}"].value for name in ("chisq", "df"))
    assert found.null_rmsea == pytest.approx(np.sqrt((chisq - df) / (250 * df)))
    assert (found.n, found.npar, found.opposed, found.alike) == (250, 42, (), ())
    ticked: Any = np.tile(np.arange(1.0, 9.0), (4, 1))
    ticked[0] = 3.0
    ticked[1, :3] = np.nan
    assert m.checks(cfa, presented=ticked).uniform == pytest.approx(1 / 3)
    assert np.isnan(m.checks(cfa, presented=ticked[:, :5]).uniform)
