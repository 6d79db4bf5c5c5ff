"""Real solutions to write evidence about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.data import PublishedMatrix, Study, load_study
from analysis.report import Labels
from analysis.sem import Moments, Solution, sem

MODEL = """
image =~ imag1 + imag2 + imag3 + imag4 + imag5
quality =~ qual1 + qual2 + qual3 + qual4 + qual5
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ loy1 + loy2 + loy3 + loy4
image ~ iq*quality
satisfaction ~ sq*quality + si*image
loyalty ~ ls*satisfaction + li*image + lq*quality
serial := iq*si*ls
total := lq + sq*ls + iq*li + iq*si*ls
"""
IMPROPER = """
image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
satisfaction =~ CUSA1 + CUSA2 + CUSA3
loyalty =~ CUSL1 + CUSL2 + CUSL3
image ~ quality
satisfaction ~ quality + image
loyalty ~ satisfaction + image + quality
"""
CHINESE = {
    "image": "品牌形象",
    "quality": "感知服务质量",
    "satisfaction": "顾客满意度",
    "loyalty": "顾客忠诚",
}


def load(root: Path, name: str) -> Study:
    return load_study(root / "data" / "raw" / name)


def fit(study: Study, model: str) -> Solution:
    data = study.data
    assert isinstance(data, PublishedMatrix)
    sds = np.ones(len(data.names)) if data.sds is None else data.sds
    moments = Moments.from_published(
        names=data.names, n=data.n, correlations=data.correlations, sds=sds
    )
    return sem(model, moments)


@pytest.fixture(scope="session")
def study(root: Path) -> Study:
    return load(root, "spanish_bank")


@pytest.fixture(scope="session")
def solution(study: Study) -> Solution:
    """An admissible structural model of the Spanish bank's customers."""
    return fit(study, MODEL)


@pytest.fixture(scope="session")
def improper(root: Path) -> Solution:
    """A model that ends with a negative latent variance (ECSI mobile phone data)."""
    return fit(load(root, "ecsi_mobile"), IMPROPER)


@pytest.fixture(scope="session")
def chinese() -> Labels:
    return Labels(names=CHINESE)
