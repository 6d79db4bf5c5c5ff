"""All fit measures of a fit under lavaan's names, each with the id of its formula."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sem import indices
from analysis.sem.baseline import independence, independence_test
from analysis.sem.cached import SIZE
from analysis.sem.corrected import categorical_corrected, fiml_corrected, robust_indices
from analysis.sem.estimators import Preset
from analysis.sem.fit import Fit, modelled_moments
from analysis.sem.inference import ChiSquare, Inference, free_directions, infer
from analysis.sem.missing import FullInformation
from analysis.sem.objective import MomentTerm
from analysis.sem.robust import Correction
from analysis.sem.stacked import blocks, compared, exogenous, stacked_moments

Array = NDArray[np.float64]


class Measure(NamedTuple):
    """One fit measure: lavaan's ``name``, its ``value`` and the id of its ``formula``."""

    name: str
    value: float
    formula: str


FORMULAS: Mapping[str, str] = {
    "npar": "npar [free parameters less equality constraints]",
    "fmin": "Fmin [F/2]",
    "chisq": "chi2 [{loss}]",
    "chisq.scaling.factor": "scaling factor",
    "chisq.shift": "shift parameter",
    "baseline.chisq.scaling.factor": "scaling factor of the baseline model",
    "df": "df [moments - npar]",
    "pvalue": "p [chi2 upper tail]",
    "chisq.swain": "chi2 [Swain 1975, small-sample]",
    "pvalue.swain": "p [Swain 1975]",
    "baseline.chisq": "chi2 baseline [independence]",
    "baseline.df": "df baseline [independence]",
    "baseline.pvalue": "p baseline [chi2 upper tail]",
    "cfi": "CFI [Bentler 1990]",
    "tli": "TLI [Tucker & Lewis 1973]",
    "nnfi": "NNFI [= TLI]",
    "rfi": "RFI [Bollen 1986]",
    "nfi": "NFI [Bentler & Bonett 1980]",
    "pnfi": "PNFI [James, Mulaik & Brett 1982]",
    "ifi": "IFI [Bollen 1989]",
    "rni": "RNI [McDonald & Marsh 1990]",
    "logl": "logL [normal, divisor n]",
    "unrestricted.logl": "logL saturated [normal, divisor n]",
    "aic": "AIC [-2 logL + 2 npar]",
    "bic": "BIC [-2 logL + npar ln N]",
    "bic2": "SABIC [Sclove 1987]",
    "ntotal": "N [respondents]",
    "rmsea": "RMSEA [Steiger & Lind 1980, {n}]",
    "rmsea.ci.lower": "RMSEA 90% CI [noncentral chi2]",
    "rmsea.ci.upper": "RMSEA 90% CI [noncentral chi2]",
    "rmsea.pvalue": "p close [RMSEA <= .05]",
    "rmsea.notclose.pvalue": "p not close [RMSEA >= .08]",
    "rmr": "RMR [raw residuals{means}]",
    "srmr": "SRMR [Bentler{means}]",
    "srmr_nomean": "SRMR [Bentler, no mean structure]",
    "crmr": "CRMR [Bollen{means}]",
    "cn_05": "CN [Hoelter 1983, alpha .05]",
    "cn_01": "CN [Hoelter 1983, alpha .01]",
    "gfi": "GFI [Joreskog & Sorbom 1984]",
    "agfi": "AGFI [Joreskog & Sorbom 1984]",
    "pgfi": "PGFI [Mulaik et al. 1989]",
    "mfi": "MFI [McDonald 1989]",
    "ecvi": "ECVI [Browne & Cudeck 1993]",
}


def fit_measures(fit: Fit, inference: Inference, preset: Preset) -> dict[str, Measure]:
    """Every measure that is defined for this fit, in lavaan's order, robust variants last.

    ``preset`` tells how the baseline model is tested.
    """
    incomplete = any(g.patterns is not None for g in fit.moments.groups)
    if fit.loss == "ML" and preset.test == "standard" and not incomplete:
        independent, null = None, _null(fit, inference)
    else:
        independent = independence(fit)
        null = infer(
            independent,
            information="expected" if preset.information == "first.order" else preset.information,
            test=preset.test,
            wishart=inference.n_scale != fit.moments.n and fit.loss == "ML",
        )
    values = _test_based(fit, inference, null) | _residual_based(fit, inference)
    if fit.loss == "ML":
        values |= _likelihood_based(fit)
    values |= _special_robust(fit, independent, inference)
    return {
        key: Measure(key, float(values[key]), label)
        for key, label in _labels(fit, inference, tuple(values))
    }


def _null(fit: Fit, inference: Inference) -> Inference:
    """The test of the baseline model alone."""
    test = independence_test(fit, inference.n_scale)
    return Inference(np.zeros((0, 0)), None, test, inference.n_scale, inference.groups)


def _labels(fit: Fit, inference: Inference, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names of measures in lavaan's order, and the ids of their formulas for this fit."""
    n = "N" if inference.n_scale == fit.moments.n else "N - 1"
    means = "" if fit.model.meanstructure else ", no mean structure"
    groups = fit.moments.groups
    incomplete = any(g.patterns is not None for g in groups)
    ordered = any(g.ordinal is not None for g in groups)
    how = None if inference.correction is None else inference.correction.name
    return _formula_ids(names, n, means, fit.loss, how, incomplete, ordered)


@lru_cache(maxsize=SIZE)
def _formula_ids(
    names: tuple[str, ...], n: str, means: str, loss: str, how: str | None,
    incomplete: bool, ordered: bool,
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    slots = {"n": n, "means": means, "loss": loss}
    return tuple(
        (f"{name}{suffix}", formula.format(**slots) + _variant(suffix, how, incomplete, ordered))
        for suffix in ("", ".scaled", ".robust")
        for name, formula in FORMULAS.items()
        if f"{name}{suffix}" in names
    )


def _special_robust(fit: Fit, independent: Fit | None, inference: Inference) -> dict[str, float]:
    """Robust indices under missing data and with ordered items, in place of the general ones."""
    n, groups, scaled = inference.n_scale, inference.groups, inference.robust is not None
    if independent is not None and any(g.patterns is not None for g in fit.moments.groups):
        pair = fiml_corrected(fit, scaled=scaled), fiml_corrected(independent, scaled=scaled)
        return robust_indices(*pair, n, groups) if pair[0].df else {}
    if any(g.ordinal is not None for g in fit.moments.groups):
        if not scaled:
            return {}
        found = categorical_corrected(fit)
        if found is None:
            return dict.fromkeys(ROBUST, nan)
        return robust_indices(*found, n, groups)
    return {}


ROBUST = (
    "cfi.robust", "tli.robust", "nnfi.robust", "rni.robust", "rmsea.robust",
    "rmsea.ci.lower.robust", "rmsea.ci.upper.robust",
    "rmsea.pvalue.robust", "rmsea.notclose.pvalue.robust",
)  # fmt: skip


def _variant(suffix: str, how: str | None, incomplete: bool, ordered: bool) -> str:
    """What the formula id adds for a scaled or robust measure."""
    if suffix == ".robust" and incomplete:
        return ", robust (Zhang & Savalei 2023)"
    if suffix == ".robust" and ordered:
        return ", robust (Savalei 2021)"
    if not suffix or how is None:
        return ""
    return f", {suffix[1:]} ({CORRECTIONS[how]})"


CORRECTIONS: Mapping[str, str] = {
    "satorra.bentler": "Satorra & Bentler 1994",
    "mean.var.adjusted": "Satterthwaite, Satorra & Bentler 1994",
    "scaled.shifted": "Asparouhov & Muthen 2010",
    "yuan.bentler.mplus": "Yuan & Bentler 2000, Mplus variant",
    "standard": "standard",
}


def _test_based(fit: Fit, inference: Inference, null: Inference) -> dict[str, float]:
    test, n = inference.test, inference.n_scale
    npar = free_directions(fit)
    found = {
        "npar": npar,
        "fmin": fit.value / 2.0,
        "chisq": test.stat,
        "df": test.df,
        "pvalue": test.p,
        "ntotal": fit.moments.n,
        "mfi": indices.mfi(chi2=test.stat, df=test.df, n=n),
        "ecvi": indices.ecvi(chi2=test.stat, n=n, npar=npar),
        "cn_05": indices.hoelter(fmin=test.stat / n, df=test.df, alpha=0.05),
        "cn_01": indices.hoelter(fmin=test.stat / n, df=test.df, alpha=0.01),
    }
    if fit.loss == "ML" and inference.groups == 1 and test.df > 0:
        factor = indices.swain(p=len(fit.moments.names), df=int(test.df), n=fit.moments.n - 1)
        found["chisq.swain"] = factor * test.stat
        found["pvalue.swain"] = ChiSquare.of(factor * test.stat, test.df).p
    found |= _baseline(null.test, "") | _incremental(test, null.test, "")
    found |= _rmsea(test.stat, test.df, inference, "")
    return found | _corrected(inference, null)


def _corrected(inference: Inference, null: Inference) -> dict[str, float]:
    """Scaled and robust variants (Brosseau-Liard, Savalei & Li 2012; Savalei 2018)."""
    robust, how = inference.robust, inference.correction
    if robust is None or how is None:
        return {}
    found = {
        "chisq.scaled": robust.stat,
        "df.scaled": robust.df,
        "pvalue.scaled": robust.p,
        "chisq.scaling.factor": how.factor,
        "chisq.shift": how.shift,
    }
    test = inference.test
    if how.name == "scaled.shifted":
        found |= _rmsea(robust.stat, test.df, inference, ".scaled")
    else:
        found |= _rmsea(test.stat, how.trace, inference, ".scaled")
    if null.robust is not None and null.correction is not None:
        found |= _baseline(null.robust, ".scaled")
        found["baseline.chisq.scaling.factor"] = null.correction.factor
        found |= _incremental(robust, null.robust, ".scaled")
    if how.name == "mean.var.adjusted":
        return found
    c = _mean_factor(how, test.df)
    df, n = int(test.df), inference.n_scale
    found["rmsea.robust"] = indices.rmsea(chi2=test.stat, df=df, n=n, groups=inference.groups, c=c)
    found |= _rmsea_limits(robust.stat, df, inference, ".robust", how.factor)
    if null.correction is not None:
        values = {
            "chi2": test.stat,
            "df": df,
            "chi2_null": null.test.stat,
            "df_null": null.test.df,
            "c": c,
            "c_null": _mean_factor(null.correction, null.test.df),
        }
        found["cfi.robust"] = indices.cfi(**values)
        found["tli.robust"] = found["nnfi.robust"] = indices.tli(**values)
        found["rni.robust"] = indices.rni(**values)
    return found


def _mean_factor(how: Correction, df: float) -> float:
    """The factor that brings the mean of T to df, shift included."""
    return how.factor * (df - how.shift) / df


def _rmsea(chi2: float, df: float, inference: Inference, suffix: str) -> dict[str, float]:
    n, groups = inference.n_scale, inference.groups
    point = {f"rmsea{suffix}": indices.rmsea(chi2=chi2, df=df, n=n, groups=groups)}
    return point | _rmsea_limits(chi2, df, inference, suffix, 1.0)


def _rmsea_limits(
    chi2: float, df: float, inference: Inference, suffix: str, c: float
) -> dict[str, float]:
    n, groups = inference.n_scale / c, inference.groups
    low, high = indices.rmsea_interval(chi2=chi2, df=df, n=n, groups=groups)
    close = indices.rmsea_close(chi2=chi2, df=df, n=n, groups=groups)
    distant = indices.rmsea_close(chi2=chi2, df=df, n=n, groups=groups, h0=0.08, close=False)
    return {
        f"rmsea.ci.lower{suffix}": low,
        f"rmsea.ci.upper{suffix}": high,
        f"rmsea.pvalue{suffix}": close,
        f"rmsea.notclose.pvalue{suffix}": distant,
    }


def _baseline(null: ChiSquare, suffix: str) -> dict[str, float]:
    return {
        f"baseline.chisq{suffix}": null.stat,
        f"baseline.df{suffix}": null.df,
        f"baseline.pvalue{suffix}": null.p,
    }


def _incremental(test: ChiSquare, null: ChiSquare, suffix: str) -> dict[str, float]:
    t, d, t0, d0 = test.stat, test.df, null.stat, null.df
    if d0 <= 0:
        return {}
    found = {
        "cfi": indices.cfi(chi2=t, df=d, chi2_null=t0, df_null=d0),
        "tli": indices.tli(chi2=t, df=d, chi2_null=t0, df_null=d0),
        "nnfi": indices.tli(chi2=t, df=d, chi2_null=t0, df_null=d0),
        "rfi": indices.rfi(chi2=t, df=d, chi2_null=t0, df_null=d0),
        "nfi": indices.nfi(chi2=t, chi2_null=t0),
        "pnfi": indices.pnfi(chi2=t, df=d, chi2_null=t0, df_null=d0),
        "ifi": indices.ifi(chi2=t, df=d, chi2_null=t0),
        "rni": indices.rni(chi2=t, df=d, chi2_null=t0, df_null=d0),
    }
    return {f"{name}{suffix}": value for name, value in found.items()}


def _likelihood_based(fit: Fit) -> dict[str, float]:
    npar = free_directions(fit)
    x = exogenous(fit)
    logl = saturated = 0.0
    for term, at, g in zip(
        fit.objective.terms, fit.objective.implied(fit.theta), fit.moments.groups, strict=True
    ):
        if isinstance(term, MomentTerm) and isinstance(term.loss, FullInformation):
            logl += term.loss.log_likelihood(term.loss.deviance(at))
            top = term.loss.log_likelihood(term.loss.floor)
        else:
            top = indices.saturated_log_likelihood(logdet=g.logdet, p=len(g.cov), n=g.size)
            logl += top - 0.5 * g.size * term.value(fit.theta)
        saturated += top
        if len(x):
            logdet = float(np.linalg.slogdet(g.cov[np.ix_(x, x)])[1])
            marginal = indices.saturated_log_likelihood(logdet=logdet, p=len(x), n=g.size)
            logl -= marginal
            saturated -= marginal
    total = fit.moments.n
    return {
        "logl": logl,
        "unrestricted.logl": saturated,
        "aic": indices.aic(logl=logl, npar=npar),
        "bic": indices.bic(logl=logl, npar=npar, n=total),
        "bic2": indices.sabic(logl=logl, npar=npar, n=total),
    }


def _residual_based(fit: Fit, inference: Inference) -> dict[str, float]:
    n = fit.moments.n
    sums = dict.fromkeys(("rmr", "srmr", "srmr_nomean", "crmr"), 0.0)
    for one in compared(fit):
        w = one.n / n
        S, Sigma, first = one.S, one.Sigma, one.first_order()
        bare = indices.srmr(S=S, Sigma=Sigma)
        alone = first is None or one.thresholds is not None
        sums["rmr"] += w * indices.rmr(S=S, Sigma=Sigma, first=one.first_order(raw=True))
        sums["srmr"] += w * (bare if alone else indices.srmr(S=S, Sigma=Sigma, first=first))
        sums["srmr_nomean"] += w * bare
        sums["crmr"] += w * indices.crmr(S=S, Sigma=Sigma, first=first)
    if any(g.patterns is not None for g in fit.moments.groups):
        return sums
    gfi, df, moments = _gfi(fit), inference.test.df, sum(modelled_moments(fit.model, fit.moments))
    agfi = indices.agfi(gfi=gfi, df=df, moments=moments)
    return sums | {"gfi": gfi, "agfi": agfi, "pgfi": df / moments * gfi}


def _gfi(fit: Fit) -> float:
    if fit.loss == "ML" and not exogenous(fit):
        return sum(
            one.n / fit.moments.n
            * indices.gfi_normal(S=one.S, Sigma=one.Sigma, mean=one.mean, mu=one.mu)
            for one in compared(fit)
        )  # fmt: skip
    return sum(
        block.share * indices.gfi(residual=sample - sigma, sample=sample, weight=block.V)
        for block, (sample, sigma) in zip(blocks(fit), stacked_moments(fit), strict=True)
    )
