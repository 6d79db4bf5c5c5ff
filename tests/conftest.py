"""What tests of all areas share."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Reference data that cannot be shipped: ``LOYALTY_SHARED`` or a sibling folder ``shared``."""
    folder = Path(os.environ.get("LOYALTY_SHARED", ROOT.parent / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip("no reference data: set LOYALTY_SHARED to the folder that holds golden/")
    return folder


def _semopy_example(name: str) -> pd.DataFrame:
    # Read as a file: importing semopy.examples costs seconds.
    package = find_spec("semopy")
    assert package is not None and package.origin is not None
    return pd.read_csv(Path(package.origin).parent / "examples" / name, index_col=0)


@pytest.fixture
def holzinger() -> pd.DataFrame:
    """Holzinger and Swineford 1939 (``holzinger1939``): 301 pupils, x1-x9, ``school``."""
    return _semopy_example("holzinger_swineford39_data.csv")


@pytest.fixture
def political_democracy() -> pd.DataFrame:
    """Political Democracy (``bollen1989``): 75 countries, x1-x3, y1-y8."""
    return _semopy_example("pd_data.csv")
