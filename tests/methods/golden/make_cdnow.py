"""Compact CDNOW data for the models of customer value, from the PyPI package ``lifetimes`` (MIT).

    pip download --no-deps lifetimes==0.11.3; unzip Lifetimes-0.11.3-py3-none-any.whl
    python make_cdnow.py lifetimes/datasets/cdnow_customers_summary_with_transactions.csv

The data: 1/10 sample of CDNOW's customers of early 1997, 39 weeks (Fader & Hardie 2001). Kept are
the numbers of repeat purchases, the weeks until the last one and watched, and the mean value
(dollars); equal rows are counted, no customer is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main(source: str) -> None:
    """Write ``cdnow.csv`` beside this script."""
    whole = pd.read_csv(source)
    columns = ["x", "t_x", "T", "zbar"]
    counted = whole.groupby(columns, as_index=False).size().rename(columns={"size": "count"})
    counted.to_csv(Path(__file__).with_name("cdnow.csv"), index=False)


if __name__ == "__main__":
    main(sys.argv[1])
