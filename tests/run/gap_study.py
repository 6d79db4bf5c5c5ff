"""A small study with expectations and a marker construct, written to a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CONSTRUCTS = {
    "tangibles": ("Tangibles", "有形性", "quality"),
    "empathy": ("Empathy", "移情性", "quality"),
    "satisfaction": ("Satisfaction", "顾客满意", "satisfaction"),
    "weather": ("Weather", "天气态度", "marker"),
}
HEAD = """format = 1

[study]
title = { en = "Gaps", zh = "差距" }
simulated = true
source = "test"
default_model = "core"

[data]
file = "answers.csv"

[scales.seven]
minimum = 1
maximum = 7
"""
MODEL = "\n".join(
    f"{name} =~ " + " + ".join(f"{name[:3]}{i}" for i in (1, 2, 3))
    for name in ("tangibles", "empathy", "satisfaction")
)


def write_study(folder: Path, *, n: int = 240, method: float = 0.5, shared: float = 1.1) -> Path:
    """The folder of a study whose items share method variance with the marker.

    With ``shared`` and ``method`` 0 all answers are noise.
    """
    folder.mkdir(parents=True)
    parts = [HEAD]
    for name, (en, zh, role) in CONSTRUCTS.items():
        label = f'{{ en = "{en}", zh = "{zh}" }}'
        parts.append(f'[constructs.{name}]\nlabel = {label}\nrole = "{role}"\nscale = "seven"\n')
    columns: dict[str, np.ndarray] = {}
    rng = np.random.default_rng(12)
    Phi = np.array([[1, 0.4, 0.5], [0.4, 1, 0.5], [0.5, 0.5, 1.0]])
    factors = rng.standard_normal((n, 3)) @ np.linalg.cholesky(Phi).T
    factors = np.column_stack([factors, rng.standard_normal(n)])
    common = np.sqrt(method) * rng.standard_normal(n)
    for k, name in enumerate(CONSTRUCTS):
        for i, slope in enumerate((0.9, 0.8, 0.7), start=1):
            item = f"{name[:3]}{i}"
            answer = 4 + shared * slope * factors[:, k] + common + 0.7 * rng.standard_normal(n)
            columns[item] = np.clip(np.round(answer), 1, 7)
            entry = f'[items.{item}]\nconstruct = "{name}"\n'
            if name in ("tangibles", "empathy"):
                shift = 1.2 if name == "tangibles" else 0.0
                wish = 0.5 * (answer - 4) + 4 + shift + 0.6 * rng.standard_normal(n)
                columns[f"{item}e"] = np.clip(np.round(wish), 1, 7)
                entry += f'block = "perception"\npair = "{item}e"\n'
                parts.append(f'[items.{item}e]\nconstruct = "{name}"\nblock = "expectation"\n')
            parts.append(entry)
    (folder / "codebook.toml").write_text("\n".join(parts), "utf-8")
    rows = np.column_stack(list(columns.values())).astype(int)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    (folder / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "models").mkdir()
    (folder / "models" / "core.lav").write_text(f"# en: Core\n# zh: 核心\n\n{MODEL}\n", "utf-8")
    return folder
