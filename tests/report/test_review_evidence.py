"""Verdicts on cut-offs, close fit, method bias, second order and gaps; rules of the checklist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.methods.fit_cutoffs import (
    INDICES,
    Cutoff,
    DynamicCutoffs,
    Level,
    Misspecification,
    dynamic_cutoffs,
)
from analysis.methods.method_bias import full_collinearity, latent_method, lindell_whitney
from analysis.methods.second_order import second_order
from analysis.methods.servqual_gap import Pair, gap_scores
from analysis.report import checklist, cutoffs, gaps
from analysis.report import method_bias as bias
from analysis.report import second_order as orders
from analysis.report.evidence import Evidence
from analysis.report.records import Table, Verdict
from analysis.report.tables import table_html
from analysis.sem import Moments, Solution, sem
from analysis.syntax import parse_model

TWO = "F =~ a1 + a2 + a3 + a4\nG =~ b1 + b2 + b3 + b4"
NAMES = tuple(f"{x}{i}" for x in "ab" for i in (1, 2, 3, 4))


def matrix(rho: float = 0.4, loading: float = 0.75, extra: float = 0.0) -> np.ndarray:
    """Correlations of two factors of four items; ``extra`` between residuals of a1 and b1."""
    L = np.kron(np.eye(2), np.full((4, 1), loading))
    R = L @ np.array([[1.0, rho], [rho, 1.0]]) @ L.T
    R[0, 4] += extra
    R[4, 0] += extra
    np.fill_diagonal(R, 1.0)
    return R


def solved(*, n: int = 400, model: str = TWO, **shape: float) -> Solution:
    given = Moments.from_published(names=NAMES, n=n, correlations=matrix(**shape))
    return sem(model, given)


def found(*limits: float) -> DynamicCutoffs:
    """Levels whose SRMR, RMSEA and 1 - CFI cut-offs are ``limits``, NaN for none."""
    added = (Misspecification("cross_loading", "a1", "G", 0.5),)
    levels = []
    for number, x in enumerate(limits, start=1):
        cuts = {"srmr": Cutoff(x, 0.05), "rmsea": Cutoff(x, 0.10), "cfi": Cutoff(1 - x, 0.05)}
        spread = dict.fromkeys(INDICES, (0.0, 0.01, 0.02))
        levels.append(Level(number, added * number, cuts, spread, 500, 0))
    correct = dict.fromkeys(INDICES, (0.0, 0.01, 0.02))
    return DynamicCutoffs("cross_loading", 400, 500, 1, correct, tuple(levels))


@pytest.mark.parametrize(
    ("limits", "level"),
    [((0.2, 0.3), "good"), ((1e-6, 0.3), "mixed"), ((1e-6, 1e-6), "poor"),
     ((float("nan"),), "none"), ((float("nan"), 0.3), "mixed")],
)  # fmt: skip
def test_verdict_on_cutoffs(limits: tuple[float, ...], level: str) -> None:
    solution = solved(extra=0.05)
    piece = cutoffs.cutoffs_table(found(*limits), solution)
    assert piece.verdict is not None
    assert piece.verdict.level == level
    assert piece.table is not None
    letters = {letter for _, _, letter in piece.table.marks}
    assert ("b" in letters) == (1e-6 in limits)


def test_planted_misfit_is_recognized() -> None:
    """A true cross-loading of the size of level 1 is no good fit; the right model is."""
    wrong = np.array(matrix())
    wrong[0, 4:] = wrong[4:, 0] = wrong[0, 4:] + 0.4 * 0.75
    given = Moments.from_published(names=NAMES, n=600, correlations=wrong)
    levels = []
    for solution in (sem(TWO, given), solved(n=600)):
        limits = dynamic_cutoffs(solution, parse_model(TWO), replications=300)
        verdict = cutoffs.cutoffs_verdict(limits, solution)
        levels.append(verdict.level)
    assert levels[0] in ("mixed", "poor")
    assert levels[1] == "good"


@pytest.mark.parametrize(
    ("n", "extra", "level"),
    [(2000, 0.0, "good"), (60, 0.3, "mixed"), (2000, 0.16, "mixed"), (900, 0.3, "poor")],
)
def test_verdict_on_close_fit(n: int, extra: float, level: str) -> None:
    piece = cutoffs.close_fit_table(solved(n=n, extra=extra))
    assert piece.verdict is not None
    assert piece.verdict.level == level


def test_close_fit_of_a_saturated_model_is_left_out() -> None:
    given = Moments.from_published(names=NAMES, n=100, correlations=matrix())
    piece = cutoffs.close_fit_table(sem("F =~ a1 + a2 + a3", given))
    assert piece.table is None
    assert piece.paragraphs


def test_marks_of_one_cell_are_joined() -> None:
    marks = cutoffs._joined([(2, 3, "a"), (2, 3, "b"), (2, 4, "b")])
    assert marks == ((2, 3, "c"), (2, 4, "b"))


def test_method_factor_beside_equal_loadings_gets_no_verdict() -> None:
    """Loadings that are all alike leave nothing by which to tell a method factor."""
    solution = solved(rho=0.3)
    record = latent_method(parse_model(TWO), solution, lambda s: sem(s, solution.fit.moments))
    piece = bias.latent_method_table(record)
    assert [m.code for m in record.findings] == ["method_bias.not_estimated"]
    assert piece.verdict is not None
    assert piece.verdict.level == "none"
    assert piece.notices


def test_verdict_on_a_method_factor_follows_what_changes() -> None:
    L = np.kron(np.eye(3), np.array([[0.85], [0.75], [0.65], [0.55]]))
    levels = []
    for method, n, weak in ((0.15, 2000, 0.35), (0.15, 400, 0.1), (-0.03, 2000, 0.35)):
        Phi = np.array([[1.0, 0.4, weak], [0.4, 1.0, 0.3], [weak, 0.3, 1.0]])
        S = L @ Phi @ L.T + method
        S[np.diag_indices(12)] = 1.0 + method
        names = [f"{x}{i}" for x in "abc" for i in (1, 2, 3, 4)]
        given = Moments.from_published(names=names, n=n, covariances=S, rescale=False)
        text = "\n".join(f"{x.upper()} =~ {x}1 + {x}2 + {x}3 + {x}4" for x in "abc")
        record = latent_method(parse_model(text), sem(text, given), lambda s, g=given: sem(s, g))  # type: ignore[misc]
        assert record.variance == pytest.approx(method, abs=1e-5)
        verdict = bias.latent_method_table(record).verdict
        levels.append(verdict.level if verdict else "")
    # A weak correlation of A and C is significant without the factor only.
    assert levels == ["good", "mixed", "good"]


def test_collinear_constructs_are_named() -> None:
    low, high = (solved(rho=rho, loading=0.95) for rho in (0.3, 0.93))
    pieces = [
        bias.collinearity_table(full_collinearity(s, parse_model(TWO)), s) for s in (low, high)
    ]
    verdicts = [p.verdict for p in pieces]
    assert [v.level for v in verdicts if v] == ["good", "poor"]
    assert "F" in verdicts[1].sentences[0]  # type: ignore[union-attr]


def test_adjustment_without_positive_correlations_says_so() -> None:
    solution = solved(rho=-0.4)
    piece = bias.lindell_table(lindell_whitney(solution, parse_model(TWO)), solution)
    assert piece.table is None
    assert piece.paragraphs


def test_lost_correlations_are_named() -> None:
    solution = solved(rho=0.12, n=150, extra=0.0)
    record = lindell_whitney(solution, parse_model(TWO))
    (pair,) = record.pairs
    lost = replace(record, pairs=(replace(pair, p=0.01, p_adjusted=0.2),))
    piece = bias.lindell_table(lost, solution)
    assert piece.verdict is not None
    assert piece.verdict.level == "mixed"
    assert piece.table is not None
    assert piece.table.marks == ((0, 3, "a"),)


@pytest.mark.parametrize(("other", "level"), [(0.7, "mixed"), (0.8, "none")])
def test_second_order_of_two_pairs_is_not_kept(other: float, level: str) -> None:
    """Four dimensions in two pairs: one second-order factor cannot hold them.

    Where both pairs are alike there are two minima, and the second program may find the other.
    """
    Phi = np.full((4, 4), 0.2)
    Phi[0, 1] = Phi[1, 0] = 0.8
    Phi[2, 3] = Phi[3, 2] = other
    np.fill_diagonal(Phi, 1.0)
    L = np.kron(np.eye(4), np.full((3, 1), 0.8))
    R = L @ Phi @ L.T
    np.fill_diagonal(R, 1.0)
    names = [f"{x}{i}" for x in "abcd" for i in (1, 2, 3)]
    given = Moments.from_published(names=names, n=500, correlations=R)
    factors = [f"{x.upper()} =~ {x}1 + {x}2 + {x}3" for x in "abcd"]
    text = "\n".join([*factors, "S =~ A + B + C + D"])
    record = second_order(parse_model(text), "S", lambda s: sem(s, given))
    assert record.rival("correlated").admissible
    verdict = orders.second_order_table([record]).verdict
    assert verdict is not None
    assert verdict.level == level


def test_gap_verdicts() -> None:
    rng = np.random.default_rng(3)
    e = rng.normal(5, 1, 100)
    pairs = (Pair("f", "p1", "e1"), Pair("g", "p2", "e2"))
    noise = rng.normal(0, 0.5, (2, 100))
    levels = []
    for shifts in ((0.5, 0.5), (-1.0, 0.5), (-1.0, -1.0)):
        rows = {"e1": e, "e2": e, "p1": e + shifts[0] + noise[0], "p2": e + shifts[1] + noise[1]}
        verdict = gaps.gaps_table(gap_scores(rows, pairs)).verdict
        levels.append(verdict.level if verdict else "")
    assert levels == ["good", "mixed", "poor"]


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict("good", ("x",)), "met"), (Verdict("mixed", ("x",)), "partly"),
     (Verdict("poor", ("x",)), "not_met"), (Verdict("none", ("x",)), "open"), (None, "na")],
)  # fmt: skip
def test_points_follow_verdicts(verdict: Verdict | None, status: str) -> None:
    piece = Evidence("some-table", "Some", verdict=verdict, paragraphs=("why",))
    point = checklist.from_evidence("htmt", piece, "en")
    assert (point.status, point.evidence) == (status, "some-table")
    shown = checklist.checklist_table([point])
    assert shown.table is not None
    assert shown.table.links == ((0, 3, "some-table"),)


def test_points_of_the_model_follow_the_solution() -> None:
    good = {p.key: p.status for p in checklist.model_points(solved(), language="en")}
    assert good["outcome"] == good["df"] == good["cases"] == good["exact"] == good["local"] == "met"
    bad = {p.key: p.status for p in checklist.model_points(solved(extra=0.3), language="en")}
    assert bad["exact"] == "not_met"
    assert bad["local"] in ("partly", "not_met")
    small = {p.key: p.status for p in checklist.model_points(solved(n=60), language="zh")}
    assert small["cases"] == "not_met"


def test_links_are_escaped() -> None:
    shown = checklist.checklist_table([checklist.record_point("en")]).table
    assert isinstance(shown, Table)
    html = table_html(replace(shown, links=((0, 3, '"><script>'),)), language="en")
    assert "<script>" not in html
