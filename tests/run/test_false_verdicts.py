"""Bad data must not be called good, and the report must name what is wrong.

Every study here is written to files and opened as a researcher's own would be.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import analysis
from analysis.errors import AnalysisError
from analysis.report import Evidence
from analysis.run.fitted import Fitted

CONSTRUCTS = {"quality": "q", "image": "i", "satisfaction": "s", "loyalty": "l"}
REVERSED = ("q4", "s4")
NAMES = [f"{letter}{k}" for letter in CONSTRUCTS.values() for k in range(1, 5)]
JUDGING = ("fit", "loadings", "reliability", "fornell_larcker", "htmt", "factor_correlations")
SHARED = np.full((4, 4), 0.45) + 0.55 * np.eye(4)


def answers(
    n: int, *, correlation: np.ndarray = SHARED, loading: float = 0.8, seed: int = 4
) -> np.ndarray:
    """Answers (n, 16) on 1-7 as ticked, reversed items not turned."""
    random = np.random.default_rng(seed)
    factors = np.linalg.cholesky(correlation + 1e-9 * np.eye(4)) @ random.normal(size=(4, n))
    noise = np.sqrt(1 - loading**2) * random.normal(size=(n, 16))
    latent = loading * np.repeat(factors.T, 4, axis=1) + noise
    found = np.clip(np.round(4 + 1.3 * latent), 1, 7)
    for name in REVERSED:
        at = NAMES.index(name)
        found[:, at] = 8 - found[:, at]
    return found


def opened(folder: Path, ticked: np.ndarray, reverse: tuple[str, ...] = REVERSED) -> Fitted:
    """The measurement model of a study folder with these answers."""
    lines = ['[study]\ntitle = "Test"\nsource = "made for a test"\nsimulated = true',
             'default_model = "measurement"', '[data]\nfile = "answers.csv"',
             "[scales.agree]\nminimum = 1\nmaximum = 7"]  # fmt: skip
    lines += [f'[constructs.{name}]\nscale = "agree"' for name in CONSTRUCTS]
    model = ["# en: Test"]
    for construct, letter in CONSTRUCTS.items():
        own = [name for name in NAMES if name[0] == letter]
        model.append(f"{construct} =~ {' + '.join(own)}")
        for name in own:
            turned = "\nreversed = true" if name in reverse else ""
            lines.append(f'[items.{name}]\nconstruct = "{construct}"{turned}')
    (folder / "models").mkdir()
    (folder / "models" / "measurement.lav").write_text("\n".join(model) + "\n", "utf-8")
    (folder / "codebook.toml").write_text("\n".join(lines) + "\n", "utf-8")
    rows = [",".join(NAMES), *(",".join(str(int(x)) for x in row) for row in ticked)]
    (folder / "answers.csv").write_text("\n".join(rows) + "\n", "utf-8")
    session = analysis.start(notebook="10_measurement", study=f"{folder}/", draws=200)
    return session.measurement()


def pieces(fitted: Fitted) -> dict[str, Evidence]:
    return {name: getattr(fitted, name)() for name in (*JUDGING, "outcome", "fit_intervals")}


def levels(shown: dict[str, Evidence]) -> dict[str, str]:
    found = {name: shown[name].verdict for name in JUDGING}
    return {name: verdict.level for name, verdict in found.items() if verdict is not None}


def words(shown: dict[str, Evidence]) -> str:
    parts = [n.symptom for piece in shown.values() for n in piece.notices]
    parts += [s for piece in shown.values() if piece.verdict for s in piece.verdict.sentences]
    return " ".join(parts)


def test_good_data_are_called_good(tmp_path: Path) -> None:
    """The counterpart of all tests below."""
    shown = pieces(opened(tmp_path, answers(500)))
    assert set(levels(shown).values()) == {"good"}
    assert not shown["outcome"].notices


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_answers(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    shown = pieces(opened(tmp_path, random.integers(1, 8, size=(300, 16)).astype(float)))
    assert "good" not in levels(shown).values()
    assert "hardly correlate" in words(shown)


def test_one_factor_sold_as_four(tmp_path: Path) -> None:
    shown = pieces(opened(tmp_path, answers(400, correlation=np.ones((4, 4)))))
    assert "good" not in levels(shown).values()
    assert "may be one construct" in words(shown)


def test_straight_liners(tmp_path: Path) -> None:
    """Three in ten tick one column throughout, reversed items included."""
    ticked, random = answers(400), np.random.default_rng(8)
    ticked[:120] = random.integers(1, 8, size=(120, 1))
    shown = pieces(opened(tmp_path, ticked))
    assert "good" not in levels(shown).values()
    assert "30% of the respondents gave one and the same answer" in words(shown)


def test_reversed_item_that_was_not_turned(tmp_path: Path) -> None:
    shown = pieces(opened(tmp_path, answers(400), reverse=("q4",)))
    assert "good" not in levels(shown).values()
    assert "run against the other items of their construct: s4" in words(shown)


def test_fewer_respondents_than_parameters(tmp_path: Path) -> None:
    shown = pieces(opened(tmp_path, answers(30, loading=0.9)))
    assert set(levels(shown).values()) == {"none"}
    assert "more parameters (38) than there are respondents (30)" in words(shown)


def test_no_more_respondents_than_items(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError):
        opened(tmp_path, answers(12))
