"""Models and rows that the benchmarks fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data import load_study
from analysis.run.resolve import observed, parse
from analysis.sem import Moments, Solution, sem

SHARED = Path(os.environ.get("LOYALTY_SHARED", Path(__file__).parents[2] / "shared"))
MOBI = """
Image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
Satisfaction =~ CUSA1 + CUSA2 + CUSA3
Loyalty =~ CUSL1 + CUSL2 + CUSL3
Satisfaction ~ a1*Image + a2*Quality
Loyalty ~ b*Satisfaction
indirect := a1*b
"""


@dataclass(frozen=True)
class Case:
    """A model and the rows that it is fitted to."""

    name: str
    text: str
    rows: np.ndarray
    names: tuple[str, ...]

    @property
    def moments(self) -> Moments:
        """The rows as data for ``sem()``."""
        return Moments.from_data(self.rows, self.names)

    @property
    def solution(self) -> Solution:
        """The model fitted by maximum likelihood."""
        return sem(self.text, self.moments)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as other engines want them."""
        return pd.DataFrame(self.rows, columns=list(self.names))


def omnichannel() -> Case:
    """The core model on the respondents of the simulated study who answered all its items."""
    study = load_study("omnichannel")
    model = parse(study.model())
    names = observed(model)
    rows = study.data.items(names)
    complete = rows[~np.isnan(rows).any(axis=1)]
    return Case(f"omnichannel, N {len(complete):,}", str(model), complete, names)


def bank(n: int) -> Case:
    """The core model on ``n`` normal rows with exactly the published moments."""
    study = load_study("spanish_bank")
    model = parse(study.model())
    part = study.data.subset(observed(model))
    S = np.asarray(part.correlations)
    z = np.random.default_rng(1).standard_normal((n, len(S)))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / n).T) @ np.linalg.cholesky(S).T
    return Case(f"spanish_bank, N {n:,}", str(model), z, tuple(part.names))


def mobi() -> Iterator[Case]:
    """The model of the European index on its mobile phone data, where these are at hand."""
    path = SHARED / "data" / "mobi.csv"
    if path.exists():
        frame = pd.read_csv(path)
        yield Case("ECSI mobile, N 250", MOBI, frame.to_numpy(float), tuple(frame.columns))


def factors(items: int, n: int, *, groups: int = 1) -> Case:
    """``items`` normal items of factors of four each, the last of which depends on the others."""
    random = np.random.default_rng(7)
    count = items // 4
    latent = random.standard_normal((n * groups, count)) + random.standard_normal((n * groups, 1))
    latent[:, -1] += 0.4 * latent[:, :-1].sum(axis=1) / max(count - 1, 1)
    rows = np.repeat(latent, 4, axis=1) + 1.3 * random.standard_normal((n * groups, items))
    names = tuple(f"x{i + 1}" for i in range(items))
    lines = [f"f{k} =~ " + " + ".join(names[4 * k : 4 * k + 4]) for k in range(count)]
    lines.append(f"f{count - 1} ~ " + " + ".join(f"f{k}" for k in range(count - 1)))
    return Case(f"{items} items, N {n:,}", "\n".join(lines), rows, names)


def ordered(case: Case, categories: int = 7) -> Case:
    """The rows cut into categories."""
    z = case.rows / case.rows.std(axis=0)
    cuts = np.linspace(-1.8, 1.8, categories - 1)
    return Case(f"{case.name}, {categories} categories", case.text,
                1.0 + np.searchsorted(cuts, z).astype(float), case.names)  # fmt: skip


def holed(case: Case, share: float = 0.1) -> Case:
    """The rows with a ``share`` of answers missing completely at random."""
    rows = case.rows.copy()
    rows[np.random.default_rng(3).uniform(size=rows.shape) < share] = np.nan
    return Case(f"{case.name}, {share:.0%} missing", case.text, rows, case.names)
