"""Careless responding: how respondents answered, not what (Meade & Craig 2012; Curran 2016).

Items stand in the order of the questionnaire. ``presented`` holds answers as they were given,
``scored`` the same with reversed items turned round; both (n, p), NaN where unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = Literal["longstring", "irv", "even_odd", "synonyms", "antonyms", "mahalanobis", "seconds",
                "attention"]  # fmt: skip
INDICES: tuple[Index, ...] = get_args(Index)

LEAST_BLOCKS = 3
LEAST_PAIRS = 3
EIGENVALUE_FLOOR = 1e-6
NO_VARIANCE = 1e-9


@dataclass(frozen=True)
class Rules:
    """From where on an index is a sign of carelessness; ``least`` signs flag a respondent.

    ``longstring`` and ``irv`` are outlier fences of the sample, see ``half_fence``. ``run`` is the
    shortest run of equal answers that is ever a sign; half of the questionnaire always is one,
    and so is no variability at all.
    ``even_odd`` and ``synonyms`` are the lowest, ``antonyms`` the highest within-person
    correlation of attentive people; ``pair`` is the correlation that makes two items synonyms
    (antonyms where negative). ``mahalanobis`` is a probability, ``seconds`` a time per item.
    """

    longstring: float = 3.0
    run: int = 6
    irv: float = 1.5
    even_odd: float = 0.30
    synonyms: float = 0.22
    antonyms: float = -0.03
    pair: float = 0.60
    mahalanobis: float = 0.001
    seconds: float = 2.0
    attention: int = 1
    least: int = 2


@dataclass(frozen=True)
class Careless:
    """Indices, cut-offs and flags of n respondents.

    ``indices`` maps the indices that the data allow to values (n,), NaN where a respondent has
    none; ``cuts`` and ``flags`` (n,) have the same keys. ``signs`` (n,) counts flags and
    ``careless`` (n,) marks respondents with ``rules.least`` or more. ``pairs`` counts the item
    pairs behind synonyms and antonyms. ``mahalanobis`` holds the probability of the squared
    distance, small for odd patterns.
    """

    indices: Mapping[str, Array]
    cuts: Mapping[str, float]
    flags: Mapping[str, Mask]
    signs: NDArray[np.int64]
    careless: Mask
    rules: Rules
    pairs: Mapping[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.careless)


def careless(
    presented: Array,
    scored: Array,
    *,
    blocks: Sequence[Sequence[int]],
    seconds: ArrayLike | None = None,
    failed: ArrayLike | None = None,
    rules: Rules | None = None,
) -> Careless:
    """All indices that the data allow, and who is flagged.

    Parameters
    ----------
    presented, scored
        Answers (n, p) as given, and with reversed items turned round.
    blocks
        Columns of each construct.
    seconds
        Time (n,) for the whole questionnaire, NaN where unknown.
    failed
        Attention checks answered wrongly (n,), NaN where none was seen.
    rules
        Cut-offs.

    Raises
    ------
    ValueError
        Where the two matrices differ in shape or hold no row.
    """
    if presented.shape != scored.shape or presented.ndim != 2 or not len(presented):
        raise ValueError(f"answers of shape {presented.shape} and {scored.shape} do not match")
    used = rules or Rules()
    alike, opposite = item_pairs(presented, used.pair)
    found: dict[str, Array] = {"longstring": longstring(presented), "irv": irv(presented)}
    if sum(len(block) > 1 for block in blocks) >= LEAST_BLOCKS:
        found["even_odd"] = even_odd(scored, blocks)
    if len(alike) >= LEAST_PAIRS:
        found["synonyms"] = pair_correlation(presented, alike)
    if len(opposite) >= LEAST_PAIRS:
        found["antonyms"] = pair_correlation(presented, opposite)
    if len(presented) > presented.shape[1] + 1 and presented.shape[1] > 1:
        found["mahalanobis"] = distance_probability(scored)
    if seconds is not None:
        answers = np.maximum((~np.isnan(presented)).sum(axis=1), 1)
        found["seconds"] = np.asarray(seconds, dtype=np.float64) / answers
    if failed is not None:
        found["attention"] = np.asarray(failed, dtype=np.float64)
    cuts = _cuts(found, used, presented.shape[1])
    flags = {name: _beyond(name, found[name], cuts[name]) for name in found}
    signs = np.sum([flag.astype(np.int64) for flag in flags.values()], axis=0)
    return Careless(found, cuts, flags, signs, signs >= used.least, used,
                    {"synonyms": len(alike), "antonyms": len(opposite)})  # fmt: skip


HIGH = ("longstring", "antonyms", "attention")
INCLUSIVE = ("longstring", "attention")


def _beyond(name: str, values: Array, cut: float) -> Mask:
    with np.errstate(invalid="ignore"):
        if name in INCLUSIVE:
            return values >= cut
        return values > cut if name in HIGH else values < cut


def _cuts(found: Mapping[str, Array], rules: Rules, p: int) -> dict[str, float]:
    cuts: dict[str, float] = {}
    for name, values in found.items():
        if name == "longstring":
            fence = np.floor(half_fence(values, rules.longstring, step=1.0)) + 1.0
            cuts[name] = float(max(min(fence, np.ceil(p / 2.0)), rules.run))
        elif name == "irv":
            fence = -half_fence(-values, rules.irv)
            cuts[name] = max(fence, NO_VARIANCE)
        else:
            cuts[name] = float(getattr(rules, name))
    return cuts


def half_fence(values: Array, width: float, *, step: float = 0.0) -> float:
    """Tukey's upper fence, with the upper half of a symmetric distribution put for the real one.

    Upper quartile plus ``width`` interquartile ranges, both from the median and the lower
    quartile (at least ``step`` apart), so that up to half of the sample being careless does not
    hide them. NaN left out.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return nan
    low, middle = np.quantile(known, [0.25, 0.5])
    half = max(float(middle - low), step)
    return float(middle) + (1.0 + 2.0 * width) * half


def longstring(answers: Array) -> Array:
    """Longest run (n,) of equal answers in a row; unanswered items do not end a run."""
    n = len(answers)
    last, run, best = np.full(n, nan), np.zeros(n), np.zeros(n)
    for column in answers.T:
        known = ~np.isnan(column)
        run = np.where(known, np.where(column == last, run + 1.0, 1.0), run)
        last = np.where(known, column, last)
        best = np.maximum(best, run)
    return best


def irv(answers: Array) -> Array:
    """Intra-individual response variability: SD (n,) over items, divisor k - 1 (Dunn 2018)."""
    count = (~np.isnan(answers)).sum(axis=1)
    safe = np.where(np.isnan(answers), 0.0, answers)
    mean = safe.sum(axis=1) / np.maximum(count, 1)
    squares = np.where(np.isnan(answers), 0.0, (answers - mean[:, None]) ** 2).sum(axis=1)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), nan)


def even_odd(scored: Array, blocks: Sequence[Sequence[int]]) -> Array:
    """Even-odd consistency (n,): halves of each construct correlated within persons.

    Means of odd and of even items of each block of two or more, correlated over blocks and
    stepped up by 2r / (1 + r), not below -1 (Johnson 2005). High means consistent; NaN with fewer
    than three blocks answered or no variance.
    """
    kept = [list(block) for block in blocks if len(block) > 1]
    odd = np.column_stack([_row_mean(scored[:, block[0::2]]) for block in kept])
    even = np.column_stack([_row_mean(scored[:, block[1::2]]) for block in kept])
    r = row_correlation(odd, even, least=LEAST_BLOCKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        stepped = np.where(r <= -1.0, -1.0, 2.0 * r / (1.0 + r))
    return np.where(np.isnan(r), nan, np.maximum(stepped, -1.0))


def item_pairs(answers: Array, least: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Item pairs (k, 2) that correlate above ``least``, and below ``-least`` (pairwise)."""
    R = pairwise_correlation(answers)
    i, j = np.tril_indices(len(R), -1)
    with np.errstate(invalid="ignore"):
        alike, opposite = R[i, j] > least, R[i, j] < -least
    pairs = np.column_stack([i, j])
    return pairs[alike], pairs[opposite]


def pair_correlation(answers: Array, pairs: NDArray[np.intp]) -> Array:
    """Within-person correlation (n,) over item pairs: psychometric synonyms or antonyms.

    NaN with fewer than three pairs answered or no variance.
    """
    return row_correlation(answers[:, pairs[:, 0]], answers[:, pairs[:, 1]], least=LEAST_PAIRS)


def distance_probability(answers: Array) -> Array:
    """Probability (n,) of a squared Mahalanobis distance as large, chi-square by answers given.

    Distances use the items that the respondent answered, with pairwise covariances.
    """
    d2, df = mahalanobis(answers)
    return np.where(df > 0, stats.chi2.sf(d2, np.maximum(df, 1)), nan)


def mahalanobis(answers: Array) -> tuple[Array, NDArray[np.int64]]:
    """Squared distances (n,) from the mean and the number (n,) of items they rest on."""
    mean, cov = pairwise_moments(answers)
    varies = np.diag(cov) > 0
    rows, mean, cov = answers[:, varies], mean[varies], cov[np.ix_(varies, varies)]
    answered = ~np.isnan(rows)
    if not varies.any():
        return np.zeros(len(answers)), np.zeros(len(answers), dtype=np.int64)
    cov = _definite(cov)
    d2 = np.zeros(len(rows))
    masks, member = np.unique(answered, axis=0, return_inverse=True)
    member = member.reshape(-1)
    for number, mask in enumerate(masks):
        at = np.flatnonzero(member == number)
        if mask.any():
            centred = rows[np.ix_(at, mask)] - mean[mask]
            solved = np.linalg.solve(cov[np.ix_(mask, mask)], centred.T).T
            d2[at] = (centred * solved).sum(axis=1)
    return d2, answered.sum(axis=1).astype(np.int64)


def pairwise_moments(answers: Array) -> tuple[Array, Array]:
    """Means (p,) and covariances (p, p) of the rows that answered both, divisor n - 1."""
    known = (~np.isnan(answers)).astype(np.float64)
    count = np.maximum(known.sum(axis=0), 1.0)
    centre = np.where(known > 0, answers, 0.0).sum(axis=0) / count
    rows = np.where(known > 0, answers - centre, 0.0)
    both = np.maximum(known.T @ known, 1.0)
    sums = rows.T @ known
    cov = (rows.T @ rows - sums * sums.T / both) / np.maximum(both - 1.0, 1.0)
    return centre, cov


def pairwise_correlation(answers: Array) -> Array:
    """Correlations (p, p), each over the rows that answered both; NaN for constant items."""
    known = (~np.isnan(answers)).astype(np.float64)
    count = np.maximum(known.sum(axis=0), 1.0)
    centre = np.where(known > 0, answers, 0.0).sum(axis=0) / count
    rows = np.where(known > 0, answers - centre, 0.0)
    both = np.maximum(known.T @ known, 1.0)
    sums, squares = rows.T @ known, (rows**2).T @ known
    spread = squares - sums**2 / both
    with np.errstate(divide="ignore", invalid="ignore"):
        R: Array = (rows.T @ rows - sums * sums.T / both) / np.sqrt(spread * spread.T)
    return R


def row_correlation(a: Array, b: Array, *, least: int) -> Array:
    """Pearson correlation (n,) of each row of ``a`` (n, k) with that of ``b``; NaN as undefined."""
    known = ~(np.isnan(a) | np.isnan(b))
    count = known.sum(axis=1)
    safe = np.maximum(count, 1)
    a, b = np.where(known, a, 0.0), np.where(known, b, 0.0)
    a = np.where(known, a - (a.sum(axis=1) / safe)[:, None], 0.0)
    b = np.where(known, b - (b.sum(axis=1) / safe)[:, None], 0.0)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip((a * b).sum(axis=1) / scale, -1.0, 1.0)
    return np.where((count >= least) & (scale > 1e-12), r, nan)


@dataclass(frozen=True)
class Detection:
    """How well flags find those known to be careless.

    ``sensitivity`` and ``false_alarms`` for each least number of signs in ``least``; ``auc`` is
    the area under the curve of the number of signs, ties counting half.
    """

    least: tuple[int, ...]
    sensitivity: tuple[float, ...]
    false_alarms: tuple[float, ...]
    auc: float


def detection(found: Careless, truth: ArrayLike) -> Detection:
    """Receiver operating characteristic of the number of signs against ``truth`` (n,)."""
    known = np.asarray(truth, dtype=bool)
    most = len(found.indices)
    least = tuple(range(most + 1))
    hit = tuple(float((found.signs[known] >= k).mean()) for k in least)
    alarm = tuple(float((found.signs[~known] >= k).mean()) for k in least)
    return Detection(least, hit, alarm, area_under_curve(found.signs, known))


def area_under_curve(score: ArrayLike, truth: ArrayLike) -> float:
    """Chance that a true case scores higher than another (Mann-Whitney), ties counting half."""
    known = np.asarray(truth, dtype=bool)
    ranks = stats.rankdata(np.asarray(score, dtype=np.float64))
    cases = int(known.sum())
    others = len(known) - cases
    return float((ranks[known].sum() - cases * (cases + 1) / 2.0) / (cases * others))


def _row_mean(answers: Array) -> Array:
    count = (~np.isnan(answers)).sum(axis=1)
    total = np.where(np.isnan(answers), 0.0, answers).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), nan)


def _definite(cov: Array) -> Array:
    """``cov`` itself where positive definite, else with its small eigenvalues lifted."""
    values, vectors = np.linalg.eigh(cov)
    floor = EIGENVALUE_FLOOR * float(values[-1])
    if values[0] > floor:
        return cov
    lifted: Array = (vectors * np.maximum(values, floor)) @ vectors.T
    return lifted
