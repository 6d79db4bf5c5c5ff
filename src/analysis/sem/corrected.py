"""Robust CFI, TLI and RMSEA where the complete-data formulas do not hold.

Missing data: FIML-C of Zhang & Savalei (2023), variants V3 (scaled test) and V6. Ordered items:
Savalei (2021), the ML discrepancy at the DWLS or ULS solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from analysis.sem import indices
from analysis.sem.algebra import half_index, inverse, inverse_and_logdet
from analysis.sem.fit import Fit
from analysis.sem.inference import constrained_inverse, degrees_of_freedom
from analysis.sem.robust import saturated_information, saturated_meat
from analysis.sem.stacked import blocks, compared, exogenous
from analysis.sem.weights import normal_weight, within

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """A complete-data ML statistic at the solution, its df and mean factor ``c``."""

    stat: float
    df: float
    c: float


def fiml_corrected(fit: Fit, *, scaled: bool) -> Corrected:
    """Complete-data statistic of the saturated moments against the FIML solution, and its mean.

    ``scaled`` allows for non-normality (V3); without it the data are taken as normal (V6).
    """
    stat = 0.0
    observed, first, complete, Delta = [], [], [], []
    x = exogenous(fit)
    for block, one, sample in zip(blocks(fit), compared(fit), fit.moments.groups, strict=True):
        assert one.mean is not None and one.mu is not None
        keep = ~within(x, len(one.S), means=True)
        free = np.ix_(keep, keep)
        stat += one.n * _discrepancy(one.S, one.Sigma, one.mean - one.mu)
        observed.append(block.share * saturated_information(sample)[free])
        if scaled:
            first.append(saturated_meat(sample)[free])
        complete.append(block.share * normal_weight(one.S, means=True)[free])
        Delta.append(block.Delta[:, keep])
    shares = [b.share for b in blocks(fit)]
    Wm, Wc, D = block_diag(*observed), block_diag(*complete), np.concatenate(Delta, axis=1)
    bread = constrained_inverse(fit, D @ Wm @ D.T)
    df = degrees_of_freedom(fit)
    if bread is None or df == 0:
        return Corrected(stat, df, float("nan"))
    U = Wm - Wm @ D.T @ bread @ D @ Wm
    spread = inverse(Wm)
    if scaled:
        J = block_diag(*(s * B for s, B in zip(shares, first, strict=True)))
        k = np.trace(U @ spread @ Wc @ spread @ U @ spread @ J @ spread)
    else:
        k = np.trace(Wc @ spread @ U @ spread)
    return Corrected(stat, df, float(k) / df)


def categorical_corrected(fit: Fit) -> tuple[Corrected, Corrected] | None:
    """ML statistics of the model and of independence at polychoric correlations.

    None where an item is not ordered or the polychoric matrix is not positive definite.
    """
    stat = null = 0.0
    D, W, V, Gamma = [], [], [], []
    for block, one, sample in zip(blocks(fit), compared(fit), fit.moments.groups, strict=True):
        data = sample.ordinal
        solved = inverse_and_logdet(one.S)
        implied = inverse_and_logdet(one.Sigma)
        numeric = data is None or len(data.ordered) < len(data.names)
        if numeric or data is None or solved is None or implied is None:
            return None
        stat += one.n * _discrepancy(one.S, one.Sigma, np.zeros(len(one.S)))
        null -= one.n * solved[1]
        row, col = half_index(len(one.S))
        off = row != col
        r = int(off.sum())
        D.append(block.Delta[:, -r:])
        W.append(block.share * block.weight_matrix()[-r:, -r:])
        V.append(block.share * normal_weight(one.Sigma, means=False)[np.ix_(off, off)])
        Gamma.append(data.gamma[-r:, -r:] / block.share)
    df = degrees_of_freedom(fit)
    bread = constrained_inverse(fit, 0.5 * fit.objective.expected_hessian(fit.theta))
    if bread is None or df == 0:
        return None
    G = block_diag(*Gamma)
    Delta = np.concatenate(D, axis=1)
    P = np.eye(len(G)) - Delta.T @ bread @ Delta @ block_diag(*W)
    c = float(np.trace(P.T @ block_diag(*V) @ P @ G)) / df
    pairs = len(G)
    return Corrected(stat, df, c), Corrected(null, pairs, float(np.trace(G)) / pairs)


def robust_indices(
    model: Corrected, null: Corrected, n: float, groups: int, statistic: float | None = None
) -> dict[str, float]:
    """CFI, TLI, RNI and RMSEA with its interval and tests.

    ``statistic`` is what the RMSEA interval inverts; by default the corrected one.
    """
    values = {
        "chi2": model.stat,
        "df": model.df,
        "chi2_null": null.stat,
        "df_null": null.df,
        "c": model.c,
        "c_null": null.c,
    }
    scaled = model.stat / model.c if statistic is None else statistic
    size = {"chi2": scaled, "df": model.df, "n": n / model.c, "groups": groups}
    low, high = indices.rmsea_interval(**size)  # type: ignore[arg-type]
    tli = indices.tli(**values)
    return {
        "cfi.robust": indices.cfi(**values),
        "tli.robust": tli,
        "nnfi.robust": tli,
        "rni.robust": indices.rni(**values),
        "rmsea.robust": indices.rmsea(chi2=model.stat, df=model.df, n=n, groups=groups, c=model.c),
        "rmsea.ci.lower.robust": low,
        "rmsea.ci.upper.robust": high,
        "rmsea.pvalue.robust": indices.rmsea_close(**size),  # type: ignore[arg-type]
        "rmsea.notclose.pvalue.robust": indices.rmsea_close(**size, h0=0.08, close=False),  # type: ignore[arg-type]
    }


def _discrepancy(S: Array, Sigma: Array, d: Array) -> float:
    W = inverse(Sigma)
    logdet = np.linalg.slogdet(Sigma)[1] - np.linalg.slogdet(S)[1]
    return float(logdet + np.sum(S * W) - len(S) + d @ W @ d)
