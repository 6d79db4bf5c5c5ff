"""What tests of all areas share."""

from __future__ import annotations

import os
import shutil
import subprocess
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


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A browser that starts; once it does, a page that it cannot show is a failure."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("chromium is not installed; reports are read, not made, in a browser")
    profile = tmp_path_factory.mktemp("chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
             "--disable-background-networking", f"--user-data-dir={profile}"]  # fmt: skip
    said = subprocess.run(
        [found, *flags, "--dump-dom", "data:text/html,<p>up</p>"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "up" not in said.stdout:
        pytest.skip("chromium is installed but does not start on this machine, even with no page")
    return found


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
