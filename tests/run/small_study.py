"""A small study with two constructs and three brands, the last of them tiny."""

from __future__ import annotations

from pathlib import Path

import numpy as np

BOOK = """
format = 1
[study]
title = { en = "Small" }
simulated = true
source = "test"
[data]
file = "answers.csv"
[scales.s]
minimum = 1
maximum = 7
[constructs.satisfaction]
role = "satisfaction"
kind = "attitudinal"
scale = "s"
[constructs.trust]
role = "trust"
kind = "attitudinal"
scale = "s"
[items]
a1 = { construct = "satisfaction" }
a2 = { construct = "satisfaction" }
a3 = { construct = "satisfaction" }
b1 = { construct = "trust" }
b2 = { construct = "trust" }
b3 = { construct = "trust" }
[groups.brand]
levels = { x = { en = "X" }, y = { en = "Y" }, z = { en = "Z" } }
"""


def write_small_study(root: Path) -> str:
    """The study below ``root``; returns its name."""
    folder = root / "data" / "raw" / "small"
    (folder / "models").mkdir(parents=True)
    (folder / "codebook.toml").write_text(BOOK, "utf-8")
    (folder / "models" / "core.lav").write_text(
        "satisfaction =~ a1 + a2 + a3\ntrust =~ b1 + b2 + b3\n", "utf-8"
    )
    random = np.random.default_rng(3)
    common = random.normal(size=(130, 1))
    X = np.clip(np.round(4.5 + 1.2 * (common + 0.7 * random.normal(size=(130, 6)))), 1, 7)
    brand = ["x"] * 60 + ["y"] * 60 + ["z"] * 10
    rows = [",".join([*(f"{v:.0f}" for v in x), b]) for x, b in zip(X, brand, strict=True)]
    (folder / "answers.csv").write_text("a1,a2,a3,b1,b2,b3,brand\n" + "\n".join(rows) + "\n")
    return "small"
