"""Bootstrap intervals of fit indices and the bootstrap p-value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sem.reference import published, variables_in

from analysis.methods.fit_bootstrap import fit_bootstrap, missed_share
from analysis.sem import Moments, Solution, sem
from analysis.sem.resampling.draws import bollen_stine, fill_counts, stream_key
from analysis.sem.resampling.refit import prepare

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
NAMES = [f"x{i}" for i in range(1, 10)]


def fit(model: str, frame: pd.DataFrame, **options: object) -> Solution:
    names = variables_in(model, {str(c): np.empty(0) for c in frame.columns})
    return sem(model, Moments.from_data(frame[names].to_numpy(float), names), **options)  # type: ignore[arg-type]


def test_population_has_the_estimated_misfit(holzinger: pd.DataFrame) -> None:
    """Fitting the turned answers gives F = (T - df) / N: a chi-square of T - df."""
    solution = fit(THREE, holzinger)
    test = solution.inference.test
    target = (test.stat - test.df) / solution.inference.n_scale
    share = missed_share(solution.fit, prepare(solution.fit), target)
    assert 0.0 < share < 1.0
    (turned,) = bollen_stine(solution.fit, share)
    assert turned.answers is not None
    again = sem(THREE, Moments.from_data(turned.answers.rows, solution.names))
    assert again.inference.test.stat == pytest.approx(test.stat - test.df, rel=1e-6)


def test_share_of_nothing_is_the_exact_population(holzinger: pd.DataFrame) -> None:
    solution = fit(THREE, holzinger)
    assert missed_share(solution.fit, prepare(solution.fit), 0.0) == 0.0
    assert missed_share(
        solution.fit, prepare(solution.fit), solution.fit.value * (1 - 1e-9)
    ) == pytest.approx(1.0, abs=1e-4)


def test_interval_equals_a_loop_of_fits_brute_force(holzinger: pd.DataFrame) -> None:
    """The same respondents of the turned answers drawn, the model fitted to each."""
    solution, draws = fit(THREE, holzinger), 12
    test = solution.inference.test
    share = missed_share(
        solution.fit, prepare(solution.fit), (test.stat - test.df) / solution.inference.n_scale
    )
    (turned,) = bollen_stine(solution.fit, share)
    assert turned.answers is not None
    rows, loop = turned.answers.rows, []
    for d in range(draws):
        counts = np.empty((1, len(rows)))
        fill_counts(stream_key(7, 0), d, counts)
        taken = np.repeat(rows, counts[0].astype(int), axis=0)
        one = sem(THREE, Moments.from_data(taken, solution.names))
        loop.append([one.measures[name].value for name in ("rmsea", "cfi", "tli")])
    found = fit_bootstrap(solution, draws=draws, seed=7)
    assert found is not None
    assert found.counts.draws == draws
    wanted = np.quantile(np.array(loop), [0.05, 0.95], axis=0, method="weibull")
    for j, index in enumerate(found.indices):
        assert index.ci_lower == pytest.approx(wanted[0, j], rel=1e-6, abs=1e-8)
        assert index.ci_upper == pytest.approx(wanted[1, j], rel=1e-6, abs=1e-8)
        assert index.est == solution.measures[index.name].value


def test_rmsea_interval_is_like_that_of_the_noncentral_chisquare() -> None:
    """Of normal draws the two must agree closely: N 250, 129 degrees of freedom."""
    model = "\n".join(
        f"{f} =~ " + " + ".join(f"{i}{k}" for k in range(1, n + 1))
        for f, i, n in (("image", "imag", 5), ("quality", "qual", 5), ("loyalty", "loy", 4))
    )
    solution = sem(model, published("spanish_bank"))
    found = fit_bootstrap(solution, draws=2000, seed=1)
    assert found is not None
    assert found.source == "normal"
    rmsea = found.indices[0]
    assert rmsea.ci_lower == pytest.approx(solution.measures["rmsea.ci.lower"].value, abs=0.006)
    assert rmsea.ci_upper == pytest.approx(solution.measures["rmsea.ci.upper"].value, abs=0.006)
    assert found.p == 1 / 2001


def test_bollen_stine_p_of_a_true_model_is_not_small() -> None:
    random = np.random.default_rng(3)
    factor = random.normal(size=(300, 1))
    frame = pd.DataFrame(0.8 * factor + 0.6 * random.normal(size=(300, 5)), columns=list("abcde"))
    found = fit_bootstrap(fit("f =~ a + b + c + d + e", frame), draws=500, seed=1)
    assert found is not None
    assert found.source == "respondents"
    assert found.p > 0.05
    assert found.misfit >= 0.0


@pytest.mark.parametrize("case", ["none", "missing", "saturated", "least squares"])
def test_no_interval_where_the_literature_has_none(case: str, holzinger: pd.DataFrame) -> None:
    frame, draws, model = holzinger.copy(), 20, THREE
    options = {}
    if case == "none":
        draws = 0
    elif case == "least squares":
        options = {"estimator": "GLS"}
    elif case == "missing":
        frame.loc[frame.index[::5], "x1"] = np.nan
    else:
        model = "visual =~ x1 + x2 + x3"
    assert fit_bootstrap(fit(model, frame, **options), draws=draws, seed=1) is None


def test_corrected_tests_have_a_p_and_no_interval(holzinger: pd.DataFrame) -> None:
    """The p of the plain chi-square does not depend on how another test is corrected."""
    corrected, plain = (
        fit_bootstrap(fit(THREE, holzinger, estimator=estimator), draws=200, seed=1)
        for estimator in ("MLM", "ML")
    )
    assert corrected is not None
    assert plain is not None
    assert corrected.indices == ()
    assert len(plain.indices) == 3
