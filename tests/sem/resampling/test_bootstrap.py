"""``bootstrap``: the same bytes however it is run, nothing dropped, every kind and path."""

from __future__ import annotations

import _thread
import importlib
import threading
import time

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ModelError
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling import FAILED, IMPROPER, Batch, bootstrap, monte_carlo_intervals, refit
from analysis.sem.resampling.draws import (
    Resampler,
    Units,
    bollen_stine,
    fill_counts,
    jackknife,
    resampled,
    stream_key,
    units_of,
)
from analysis.sem.resampling.paths import general
from analysis.sem.resampling.refit import LIMITS

MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ a*visual
speed ~ c*visual + b*textual
indirect := a*b
total := c + a*b
"""
NAMES = [f"x{i}" for i in range(1, 10)]


@pytest.fixture
def solution(holzinger: pd.DataFrame) -> Solution:
    return sem(MODEL, Moments.from_data(holzinger[NAMES].to_numpy(), NAMES))


@pytest.mark.parametrize("kind", ["nonparametric", "parametric", "bollen-stine"])
def test_same_bytes_for_any_number_of_workers_and_draws(solution: Solution, kind: str) -> None:
    one = bootstrap(solution, draws=1100, kind=kind, seed=4, workers=1)  # type: ignore[arg-type]
    for draws, workers in ((1100, 3), (500, 2), (7, 1)):
        other = bootstrap(solution, draws=draws, kind=kind, seed=4, workers=workers)  # type: ignore[arg-type]
        assert other.refits.theta.tobytes() == one.refits.theta[:draws].tobytes()
        assert other.refits.value.tobytes() == one.refits.value[:draws].tobytes()
        assert other.values.std_all.tobytes() == one.values.std_all[:draws].tobytes()


def test_same_bytes_for_any_block_of_refits(solution: Solution) -> None:
    batch = Resampler(units_of(solution.fit.moments.groups), 9)(0)
    whole = refit(solution.fit, batch)
    parts = [refit(solution.fit, batch[i : i + 1]).theta for i in (0, 1, 17, 90, 127)]
    parts.append(refit(solution.fit, batch[64:75]).theta)
    expected = np.r_[whole.theta[[0, 1, 17, 90, 127]], whole.theta[64:75]]
    assert np.concatenate(parts).tobytes() == expected.tobytes()


def test_other_seed_other_draws(solution: Solution) -> None:
    a, b = (bootstrap(solution, draws=5, seed=s).refits.theta for s in (1, 2))
    assert not np.isin(a, b).any()


def test_counts_equal_plain_integers() -> None:
    key, n = stream_key(7, 1), 13
    counts = np.empty((3, n))
    fill_counts(key, 40, counts)
    mask = 2**64 - 1

    def mix(x: int) -> int:
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & mask
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB & mask
        return x ^ (x >> 31)

    for d in range(3):
        start = mix(int(key) ^ mix(40 + d))
        units = [
            int(float(mix((start + i * 0x9E3779B97F4A7C15) & mask) >> 11) * 2.0**-53 * n)
            for i in range(1, n + 1)
        ]
        np.testing.assert_array_equal(counts[d], np.bincount(units, minlength=n))


def test_counts_are_multinomial() -> None:
    counts = np.empty((4000, 20))
    fill_counts(stream_key(1, 0), 0, counts)
    assert (counts.sum(axis=1) == 20).all()
    expected = 4000.0
    assert ((counts.sum(axis=0) - expected) ** 2 / expected).sum() < 45.3  # chi2(19), .0006
    cov = np.cov(counts.T)
    assert cov[np.diag_indices(20)].mean() == pytest.approx(0.95, abs=0.03)
    assert cov[~np.eye(20, dtype=bool)].mean() == pytest.approx(-0.05, abs=0.002)


def test_moments_of_resampled_rows_equal_numpy(solution: Solution) -> None:
    rows = np.random.default_rng(1).integers(0, solution.n, (4, solution.n))
    batch = resampled(solution.fit.moments, rows)
    x = solution.fit.moments.groups[0].rows
    assert x is not None
    for d in range(4):
        np.testing.assert_allclose(
            batch.covariances[d, 0], np.cov(x[rows[d]].T, ddof=0), atol=1e-12
        )
        np.testing.assert_allclose(batch.means[d, 0], x[rows[d]].mean(axis=0), atol=1e-12)


def test_moments_of_whole_answers_are_exact_whatever_the_precision(solution: Solution) -> None:
    random = np.random.default_rng(2)
    answers = random.integers(1, 8, (500, 5)).astype(float)
    names = list("abcde")
    whole, shifted = (
        units_of(Moments.from_data(x, names).groups)[0] for x in (answers, answers + 1e-9 * answers)
    )
    assert whole.products.dtype == np.float32 and shifted.products.dtype == np.float64
    counts = random.poisson(1.0, (3, 500)).astype(float)
    for d, found in enumerate(Batch(whole.stats(counts)[:, None], 5).covariances[:, 0]):
        by_hand = np.cov(np.repeat(answers, counts[d].astype(int), axis=0).T, ddof=0)
        np.testing.assert_allclose(found, by_hand, rtol=0, atol=1e-13)
    large = Moments.from_data(1000.0 * answers, names)
    assert units_of(large.groups)[0].products.dtype == np.float64


def test_weights_and_clusters_equal_rows_written_out(holzinger: pd.DataFrame) -> None:
    x = holzinger[NAMES].to_numpy()
    weights = np.random.default_rng(3).uniform(0.5, 2.0, len(x))
    cluster = np.arange(len(x)) % 40
    moments = Moments.from_data(x, NAMES, weights=weights, cluster=cluster.tolist())
    answers = moments.groups[0].answers
    assert answers is not None and answers.weights is not None
    units = Units.of(answers, 1.0)
    counts = np.random.default_rng(5).integers(0, 3, (1, 40)).astype(float)
    repeated = np.repeat(np.arange(len(x)), counts[0, cluster].astype(int))
    by_hand = Moments.from_data(x[repeated], NAMES, weights=weights[repeated])
    found = Batch(units.stats(counts)[:, None], 9)
    np.testing.assert_allclose(found.covariances[0, 0], by_hand.groups[0].cov, atol=1e-12)


def test_jackknife_equals_rows_left_out(solution: Solution) -> None:
    x = solution.fit.moments.groups[0].rows
    assert x is not None
    batch = jackknife(units_of(solution.fit.moments.groups))
    for i in (0, 150, 300):
        np.testing.assert_allclose(
            batch.covariances[i, 0], np.cov(np.delete(x, i, axis=0).T, ddof=0), atol=1e-12
        )


def test_bollen_stine_data_have_the_implied_moments(solution: Solution) -> None:
    (group,) = bollen_stine(solution.fit)
    assert group.rows is not None
    at = solution.implied[0]
    np.testing.assert_allclose(np.cov(group.rows.T, ddof=0), at.Sigma, atol=1e-10)


def test_bollen_stine_p_counts_the_sample_itself(solution: Solution) -> None:
    boot = bootstrap(solution, draws=400, kind="bollen-stine", seed=3)
    reached = (boot.chisq >= solution.inference.test.stat).sum()
    assert boot.p_value == (reached + 1) / (400 + 1)
    assert boot.chisq.mean() == pytest.approx(solution.inference.test.df, rel=0.25)


def test_parametric_draws_have_the_normal_theory_spread(solution: Solution) -> None:
    boot = bootstrap(solution, draws=3000, kind="parametric", seed=3)
    se = solution.inference.se
    assert se is not None
    np.testing.assert_allclose(np.nanstd(boot.refits.theta, axis=0), se, rtol=0.12)
    assert boot.chisq.mean() == pytest.approx(solution.inference.test.df, rel=0.06)


def test_parametric_works_from_published_moments(solution: Solution) -> None:
    sample = solution.fit.moments.groups[0]
    published = Moments.from_published(
        names=NAMES, n=sample.n, covariances=sample.cov, rescale=False
    )
    again = sem(MODEL, published)
    boot = bootstrap(again, draws=20, kind="parametric", seed=1)
    same = bootstrap(solution, draws=20, kind="parametric", seed=1)
    np.testing.assert_allclose(boot.refits.theta, same.refits.theta, atol=1e-6)
    with pytest.raises(ModelError):
        bootstrap(again, draws=20, seed=1)


def test_failed_and_improper_draws_are_counted(holzinger: pd.DataFrame) -> None:
    x = holzinger[NAMES].to_numpy()[-60:]
    small = sem("visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9", Moments.from_data(x, NAMES))
    boot = bootstrap(small, draws=1000, seed=1)
    assert boot.converged + boot.improper + boot.failed == boot.draws == 1000
    assert boot.improper > 100 and boot.failed > 0
    failed = boot.refits.status == FAILED
    assert (
        np.isnan(boot.refits.theta[failed]).all() and not np.isnan(boot.refits.theta[~failed]).any()
    )
    assert {row.draws for row in boot.intervals()} == {1000 - boot.failed}
    codes = [note.code for note in boot.notes]
    assert codes == ["resampling.failed", "resampling.improper"]
    assert (boot.refits.status[~failed] == IMPROPER).sum() == boot.improper


def test_singular_draws_fail(solution: Solution) -> None:
    S = np.stack([solution.fit.moments.groups[0].cov] * 3)
    S[1] = np.ones((9, 9))
    assert refit(solution.fit, S).status.tolist() == [0, FAILED, 0]


@pytest.mark.parametrize("options", [{}, {"group_equal": ["loadings"]}], ids=["one", "groups"])
def test_general_path_equals_kernels(
    holzinger: pd.DataFrame, options: dict[str, list[str]]
) -> None:
    group = holzinger["school"].astype(str).tolist() if options else None
    text = MODEL if not options else "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    data = Moments.from_data(holzinger[NAMES].to_numpy(), NAMES, group=group)
    solution = sem(text, data, **options)  # type: ignore[arg-type]
    boot = bootstrap(solution, draws=6, seed=2)
    refits, values, _ = general(solution, 6, "nonparametric", 2, 1, None)
    np.testing.assert_allclose(refits.theta, boot.refits.theta, atol=1e-6)
    np.testing.assert_allclose(values.raw, boot.values.raw, atol=1e-6)
    np.testing.assert_allclose(values.std_all, boot.values.std_all, atol=1e-6)


def test_general_path_takes_missing_answers(holzinger: pd.DataFrame) -> None:
    x = holzinger[NAMES[:6]].to_numpy().copy()
    x[np.random.default_rng(1).uniform(size=x.shape) < 0.05] = np.nan
    text = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\n"
    solution = sem(text, Moments.from_data(x, NAMES[:6]), missing="fiml")
    boot = bootstrap(solution, draws=5, seed=2)
    assert boot.converged == 5
    assert [note.code for note in boot.notes] == ["resampling.general_path"]
    with pytest.raises(ModelError, match="complete"):
        bootstrap(solution, draws=5, seed=2, kind="parametric")


@pytest.mark.slow
def test_general_path_over_processes_gives_the_same_bytes(holzinger: pd.DataFrame) -> None:
    text = "visual =~ x1 + x2 + x3\nx1 ~~ v*x1\nv > 0.01\n"
    solution = sem(text, Moments.from_data(holzinger[NAMES].to_numpy(), NAMES))
    one = bootstrap(solution, draws=24, seed=2, workers=1)
    two = bootstrap(solution, draws=24, seed=2, workers=2)
    assert one.refits.theta.tobytes() == two.refits.theta.tobytes()


def test_ctrl_c_stops_within_a_second_and_keeps_what_is_done(solution: Solution) -> None:
    pressed = []

    def press() -> None:
        pressed.append(time.perf_counter())
        _thread.interrupt_main()

    bootstrap(solution, draws=2000, seed=1)  # compiled by now
    timer = threading.Timer(0.5, press)
    timer.start()
    boot = bootstrap(solution, draws=1_000_000, seed=1)
    assert time.perf_counter() - pressed[0] < 1.0
    assert boot.interrupted and 0 < boot.draws < 1_000_000
    assert boot.notes[0].code == "resampling.interrupted"
    first = bootstrap(solution, draws=100, seed=1)
    assert boot.refits.theta[:100].tobytes() == first.refits.theta.tobytes()
    assert {row.draws for row in boot.intervals()} == {boot.draws - boot.failed}


def test_draws_are_tried_again_before_they_fail(
    holzinger: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = holzinger[NAMES].to_numpy()[-60:]
    small = sem("visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9", Moments.from_data(x, NAMES))
    patient = bootstrap(small, draws=1000, seed=1)
    module = importlib.import_module("analysis.sem.resampling.refit")  # the name is the function's
    monkeypatch.setattr(module, "LIMITS", (*LIMITS[:2], 0, 0))
    hasty = bootstrap(small, draws=1000, seed=1)
    assert patient.failed < hasty.failed
    done = hasty.refits.status != FAILED
    assert patient.refits.theta[done].tobytes() == hasty.refits.theta[done].tobytes()


def test_caller_sees_progress(solution: Solution) -> None:
    class Bar:
        seen = 0

        def update(self, n: int) -> None:
            self.seen += n

    bar = Bar()
    bootstrap(solution, draws=300, seed=1, progress=bar)
    assert bar.seen == 300


def test_intervals_cover_free_defined_and_standardized_rows(solution: Solution) -> None:
    boot = bootstrap(solution, draws=400, seed=1)
    raw, std = boot.intervals(), boot.intervals("bca", scale="std.all")
    assert len(raw) == solution.partable.n_free + 2
    assert len(std) == len(solution.estimates)
    for row in raw:
        assert row.est == pytest.approx(solution.estimate(row.lhs, row.op, row.rhs).est)
    for row in std:
        assert row.est == pytest.approx(solution.estimate(row.lhs, row.op, row.rhs).std_all)
    indirect = next(row for row in raw if row.lhs == "indirect")
    assert indirect.ci_lower < indirect.est < indirect.ci_upper
    assert indirect.se == pytest.approx(solution.estimate("indirect", ":=", "a*b").se, rel=0.5)


def test_monte_carlo_interval_collapses_to_delta_method(solution: Solution) -> None:
    found = {x.label: x for x in monte_carlo_intervals(solution, draws=200_000, seed=1)}
    delta = {e.lhs: e for e in solution.estimates if e.op == ":="}
    assert found.keys() == delta.keys()
    for name, x in found.items():
        assert x.est == pytest.approx(delta[name].est)
        assert x.se == pytest.approx(delta[name].se, rel=0.05)
    total = found["total"]
    assert total.ci_lower == pytest.approx(delta["total"].ci_lower, abs=0.02)


def test_unknown_options_name_the_good_ones(solution: Solution) -> None:
    with pytest.raises(ModelError, match="bollen-stine"):
        bootstrap(solution, draws=5, seed=1, kind="wild")  # type: ignore[arg-type]
