"""The fits of ``golden/compare.json``, made by ``golden/make_compare.R`` with lavaan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sem.reference import variables_in

from analysis.sem import Moments, Solution, sem

FOLDER = Path(__file__).parent / "golden"
GOLDEN: dict[str, Any] = json.loads((FOLDER / "compare.json").read_text("utf-8"))
FITS: Mapping[str, Mapping[str, Any]] = {fit["name"]: fit for fit in GOLDEN["fits"]}
THREE = FITS["ML metric"]["model"]
_solved: dict[str, Solution] = {}


def frame_of(data: str, request: pytest.FixtureRequest) -> pd.DataFrame:
    """A data set by the name that it has in the reference file."""
    if data == "ordinal_mixed":
        return pd.read_csv(FOLDER / "ordinal_mixed.csv")
    if data == "growth":
        shared = request.getfixturevalue("shared_dir")
        return pd.read_csv(shared / "golden" / "data" / "Demo.growth.csv")
    frame: pd.DataFrame = request.getfixturevalue(data.removesuffix("_gaps"))
    if data.endswith("_gaps"):
        row = np.arange(1, len(frame) + 1)
        for j in range(1, 10):
            frame.loc[(row * 7 + j * 11) % 13 == 0, f"x{j}"] = np.nan
    return frame


def moments_for(model: str, frame: pd.DataFrame, group: str | None = None) -> Moments:
    """Moments of the columns that a model names, by group."""
    used = variables_in(model, {str(c): np.empty(0) for c in frame.columns})
    labels = None if group is None else [str(label) for label in frame[group]]
    return Moments.from_data(frame[used].to_numpy(float), used, group=labels)


def fitted(name: str, request: pytest.FixtureRequest) -> Solution:
    """The solution of one of the fits, estimated once."""
    if name not in _solved:
        fit = FITS[name]
        data = moments_for(fit["model"], frame_of(fit["data"], request), fit["group"])
        _solved[name] = sem(fit["model"], data, **fit["options"])
    return _solved[name]
