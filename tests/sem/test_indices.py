"""Scalar formulas by hand: published figures, arithmetic in the test, and edges."""

from __future__ import annotations

from math import exp, isnan, log, pi, sqrt

import numpy as np
import pytest
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import ncx2

from analysis.sem import indices
from analysis.sem.algebra import half_index
from analysis.sem.weights import normal_weight

# Holzinger and Swineford 1939, three factors: chi-squares as printed by many programs.
HS = {"chi2": 85.3055, "df": 24}
NULL = {"chi2_null": 918.8516, "df_null": 36}


def test_incremental_indices_by_hand() -> None:
    """t - df = 61.3055 and 882.8516; ratios with pencil and paper."""
    assert indices.cfi(**HS, **NULL) == pytest.approx(1 - 61.3055 / 882.8516, abs=1e-12)
    assert indices.cfi(**HS, **NULL) == pytest.approx(0.931, abs=5e-4)
    assert indices.rni(**HS, **NULL) == pytest.approx(indices.cfi(**HS, **NULL))
    tli = (918.8516 / 36 - 85.3055 / 24) / (918.8516 / 36 - 1)
    assert indices.tli(**HS, **NULL) == pytest.approx(tli, abs=1e-12)
    assert tli == pytest.approx(0.896, abs=5e-4)
    assert indices.nfi(chi2=85.3055, chi2_null=918.8516) == pytest.approx(833.5461 / 918.8516)
    assert indices.ifi(chi2=85.3055, df=24, chi2_null=918.8516) == pytest.approx(
        833.5461 / 894.8516
    )
    rfi = 1 - (85.3055 / 24) / (918.8516 / 36)
    assert indices.rfi(**HS, **NULL) == pytest.approx(rfi)
    assert indices.pnfi(**HS, **NULL) == pytest.approx(24 / 36 * 833.5461 / 918.8516)


def test_rmsea_by_hand_and_published_interval() -> None:
    assert indices.rmsea(**HS, n=301) == pytest.approx(sqrt(61.3055 / (301 * 24)))
    low, high = indices.rmsea_interval(**HS, n=301)
    assert (round(low, 3), round(high, 3)) == (0.071, 0.114)
    for limit, tail in ((low, 0.05), (high, 0.95)):
        assert ncx2.sf(85.3055, 24, limit**2 * 301 * 24) == pytest.approx(tail, abs=1e-10)
    assert indices.rmsea(**HS, n=301, groups=4) == pytest.approx(2 * indices.rmsea(**HS, n=301))


def test_rmsea_close_fit_uses_noncentral_tail() -> None:
    close = indices.rmsea_close(**HS, n=301)
    assert close == pytest.approx(ncx2.sf(85.3055, 24, 301 * 24 * 0.05**2))
    distant = indices.rmsea_close(**HS, n=301, h0=0.08, close=False)
    assert distant == pytest.approx(ncx2.cdf(85.3055, 24, 301 * 24 * 0.08**2), rel=1e-8)


def test_perfect_or_better_than_expected_fit() -> None:
    """chi2 < df: truncated indices are at their best, the others go beyond 1."""
    good = {"chi2": 10.0, "df": 24}
    assert indices.cfi(**good, **NULL) == 1.0
    assert indices.rmsea(**good, n=301) == 0.0
    assert indices.rmsea_interval(**good, n=301) == (0.0, 0.0)
    assert indices.tli(**good, **NULL) > 1.0
    assert indices.rni(**good, **NULL) > 1.0
    assert indices.rmsea_close(**good, n=301) > 0.99


def test_no_degrees_of_freedom() -> None:
    """Rounding noise in the chi-square of a saturated model must not become an index of 0."""
    for noise in (0.0, 1e-13, -1e-13):
        saturated = {"chi2": noise, "df": 0}
        assert indices.cfi(**saturated, **NULL) == pytest.approx(1.0)
        assert indices.cfi(**saturated, chi2_null=20.0, df_null=36) == 1.0
        assert indices.tli(**saturated, **NULL) == 1.0
        assert indices.rmsea(**saturated, n=301) == 0.0
        assert indices.rmsea_interval(**saturated, n=301) == (0.0, 0.0)
        assert isnan(indices.rmsea_close(**saturated, n=301))
        assert isnan(indices.hoelter(fmin=noise, df=0, alpha=0.05))
        assert indices.swain(p=9, df=0, n=300) == 1.0


def test_negative_degrees_of_freedom_do_not_raise() -> None:
    unidentified = {"chi2": 0.5, "df": -1}
    assert indices.rmsea(**unidentified, n=301) == 0.0
    assert indices.rmsea_interval(**unidentified, n=301) == (0.0, 0.0)
    assert isnan(indices.rmsea_close(**unidentified, n=301))


def test_uncorrelated_variables_have_no_baseline() -> None:
    assert isnan(indices.nfi(chi2=0.0, chi2_null=0.0))
    assert isnan(indices.rni(chi2=3.0, df=3, chi2_null=6.0, df_null=6))
    assert indices.cfi(chi2=3.0, df=3, chi2_null=4.0, df_null=6) == 1.0
    assert indices.cfi(chi2=9.0, df=3, chi2_null=4.0, df_null=6) == 0.0


def test_noncentrality_inverts_far_tails() -> None:
    """Statistics from tiny to huge: the root is a root."""
    for chi2, df in ((30.0, 20), (150.0, 20), (5000.0, 100), (2e5, 400)):
        for tail in (0.05, 0.95):
            d = indices.noncentrality(chi2=chi2, df=df, upper_tail=tail)
            if d > 0:
                assert ncx2.sf(chi2, df, d) == pytest.approx(tail, abs=1e-8)
            else:
                assert chi2_distribution.sf(chi2, df) >= tail


def test_hoelter_by_hand() -> None:
    """Chi-square of .05 at 24 df is 36.415; F = 85.3055/301."""
    n = indices.hoelter(fmin=85.3055 / 301, df=24, alpha=0.05)
    assert n == pytest.approx(36.4150285 / (85.3055 / 301) + 1, rel=1e-8)


S = np.array([[4.0, 1.2, 0.9], [1.2, 1.0, 0.3], [0.9, 0.3, 2.25]])
SIGMA = np.array([[4.0, 1.0, 1.2], [1.0, 1.0, 0.5], [1.2, 0.5, 2.25]])


def test_srmr_crmr_rmr_by_hand() -> None:
    """Residuals .2, -.3, -.2 with standard deviations 2, 1, 1.5: .1, -.1, -.1333 standardized."""
    sum_of_squares = 0.1**2 + 0.1**2 + (0.2 / 1.5) ** 2
    assert indices.srmr(S=S, Sigma=SIGMA) == pytest.approx(sqrt(sum_of_squares / 6))
    assert indices.crmr(S=S, Sigma=SIGMA) == pytest.approx(sqrt(sum_of_squares / 3))
    assert indices.rmr(S=S, Sigma=SIGMA) == pytest.approx(sqrt((0.04 + 0.09 + 0.04) / 6))


def test_mean_residuals_enter_with_p_more_terms() -> None:
    """Means off by .4, 0, -.3: .2, 0, -.2 standardized."""
    first = (np.array([1.4, 2.0, 0.7]) - np.array([1.0, 2.0, 1.0])) / np.array([2.0, 1.0, 1.5])
    sum_of_squares = 0.1**2 + 0.1**2 + (0.2 / 1.5) ** 2 + 0.2**2 + 0.2**2
    srmr = indices.srmr(S=S, Sigma=SIGMA, first=first)
    assert srmr == pytest.approx(sqrt(sum_of_squares / 9))
    no_residual = indices.srmr(S=S, Sigma=SIGMA, first=np.zeros(3))
    assert no_residual == pytest.approx(indices.srmr(S=S, Sigma=SIGMA) * sqrt(6 / 9))


def test_crmr_ignores_wrong_variances_and_srmr_does_not() -> None:
    D = np.diag([1.1, 0.9, 1.2])
    rescaled = D @ S @ D
    assert indices.crmr(S=S, Sigma=rescaled) == pytest.approx(0.0, abs=1e-14)
    assert indices.srmr(S=S, Sigma=rescaled) > 0.1


def test_log_likelihood_equals_sum_of_densities_brute_force() -> None:
    random = np.random.default_rng(5)
    rows = random.normal(size=(40, 3)) @ np.linalg.cholesky(S).T + 0.3
    mean = rows.mean(axis=0)
    cov = (rows - mean).T @ (rows - mean) / 40
    total = 0.0
    for row in rows:
        d = row - mean
        quadratic = d @ np.linalg.inv(cov) @ d
        total += -0.5 * (3 * log(2 * pi) + log(np.linalg.det(cov)) + quadratic)
    logdet = log(np.linalg.det(cov))
    value = indices.saturated_log_likelihood(logdet=logdet, p=3, n=40)
    assert value == pytest.approx(total, rel=1e-12)


def test_information_criteria_of_holzinger_swineford() -> None:
    """logL -3737.745 with 21 parameters and 301 pupils: 7517.490, 7595.339, 7528.739."""
    logl = -3737.7449
    assert indices.aic(logl=logl, npar=21) == pytest.approx(7517.490, abs=1e-3)
    assert indices.bic(logl=logl, npar=21, n=301) == pytest.approx(7595.339, abs=1e-3)
    assert indices.sabic(logl=logl, npar=21, n=301) == pytest.approx(7528.739, abs=1e-3)
    assert indices.ecvi(chi2=85.3055, n=301, npar=21) == pytest.approx((85.3055 + 42) / 301)


def test_gfi_by_hand() -> None:
    """Identity weights: 1 - (.04 + .01)/(4 + 1) = .99; AGFI with 3 moments and 1 df: .97."""
    residual, sample = np.array([0.2, 0.1, 0.0]), np.array([2.0, 0.0, 1.0])
    for weight in (np.ones(3), np.eye(3)):
        assert indices.gfi(residual=residual, sample=sample, weight=weight) == pytest.approx(0.99)
    assert indices.agfi(gfi=0.99, df=1, moments=3) == pytest.approx(0.97)
    assert indices.agfi(gfi=1.0, df=0, moments=3) == 1.0


def test_mcdonald_by_hand() -> None:
    assert indices.mfi(chi2=85.3055, df=24, n=301) == pytest.approx(exp(-61.3055 / 602))


def test_swain_of_a_worked_example() -> None:
    """22 variables, 208 df, 50 respondents (the example of Stata's ``swaini`` help).

    q = (sqrt(1 + 4*22*23 - 8*208) - 1)/2 = (sqrt(361) - 1)/2 = 9, so that
    1 - (22 (968 + 66 - 1) - 9 (162 + 27 - 1)) / (12*208*49) = 1 - 21034/122304.
    """
    factor = indices.swain(p=22, df=208, n=49)
    assert factor == pytest.approx(1 - 21034 / 122304, rel=1e-14)
    assert chi2_distribution.sf(265.71, 208) < 0.01
    assert chi2_distribution.sf(factor * 265.71, 208) > 0.05


def test_swain_goes_to_one_in_large_samples() -> None:
    factors = [indices.swain(p=12, df=48, n=n) for n in (49, 199, 999, 1e6)]
    assert factors == sorted(factors)
    assert factors[-1] == pytest.approx(1.0, abs=1e-5)
    assert factors[1] == pytest.approx(1 - (1 - factors[0]) * 49 / 199)


def test_robust_cfi_and_rmsea_by_hand() -> None:
    """c 1.055 and 1.164 with the unscaled statistics (Brosseau-Liard, Savalei & Li 2012)."""
    c, c_null = 1.0548231, 1.1640716
    cfi = indices.cfi(**HS, **NULL, c=c, c_null=c_null)
    assert cfi == pytest.approx(1 - (85.3055 - c * 24) / (918.8516 - c_null * 36))
    assert cfi == pytest.approx(0.93159, abs=5e-5)
    rmsea = indices.rmsea(**HS, n=301, c=c)
    assert rmsea == pytest.approx(0.09113, abs=5e-5)


def test_ratio_of_nothing_is_missing() -> None:
    assert isnan(indices.tli(chi2=5.0, df=2, chi2_null=6.0, df_null=6))


@pytest.mark.parametrize("means", [False, True])
def test_gfi_of_normal_theory_equals_the_written_out_weight(means: bool) -> None:
    random = np.random.default_rng(5)
    S, Sigma = (np.cov(random.normal(size=(4, 30)) * scale) for scale in (1.0, 1.2))
    mean, mu = (random.normal(size=4), random.normal(size=4)) if means else (None, None)
    row, col = half_index(4)
    sample, implied = S[row, col], Sigma[row, col]
    if mean is not None and mu is not None:
        sample, implied = np.concatenate([mean, sample]), np.concatenate([mu, implied])
    weight = normal_weight(Sigma, means=means)
    expected = indices.gfi(residual=sample - implied, sample=sample, weight=weight)
    found = indices.gfi_normal(S=S, Sigma=Sigma, mean=mean, mu=mu)
    assert found == pytest.approx(expected, rel=1e-12)
