"""Published moments: good ones load exactly, impossible ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data.samples import CODEBOOK, pick

from analysis.data import PublishedMatrix, load_codebook, load_published
from analysis.errors import InputError

GOOD = """
n = 250
names = ["q1", "q2", "q3"]
correlations = [[1.0], [0.5, 1.0], [0.3, 0.4, 1.0]]
means = [4.0, 5.0, 3.5]
sds = [1.5, 1.2, 1.8]
"""
Read = Callable[[str], PublishedMatrix]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def load(text: str) -> PublishedMatrix:
        (tmp_path / "codebook.toml").write_text(CODEBOOK, "utf-8")
        (tmp_path / "moments.toml").write_text(text, "utf-8")
        return load_published(tmp_path / "moments.toml", load_codebook(tmp_path))

    return load


def test_good_moments(read: Read) -> None:
    matrix = read(GOOD)
    expected = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]])
    np.testing.assert_array_equal(matrix.correlations, expected)
    assert matrix.means is not None and matrix.sds is not None and not matrix.warnings
    assert not matrix.correlations.flags.writeable and matrix.n == 250
    part = matrix.subset(["q3", "q1"])
    np.testing.assert_array_equal(part.correlations, [[1, 0.3], [0.3, 1]])
    assert part.means is not None and part.means.tolist() == [3.5, 4.0]


def test_full_matrix_and_other_diagonals(read: Read) -> None:
    full = "[[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]]"
    given = "[[1.0], [0.5, 1.0], [0.3, 0.4, 1.0]]"
    good = read(GOOD).correlations
    np.testing.assert_array_equal(read(GOOD.replace(given, full)).correlations, good)
    absent = GOOD.replace(given, "[[], [0.5], [0.3, 0.4]]") + 'diagonal = "absent"\n'
    np.testing.assert_array_equal(read(absent).correlations, good)
    ave = GOOD.replace(given, "[[0.8], [0.5, 0.9], [0.3, 0.4, 0.7]]") + 'diagonal = "sqrt_ave"\n'
    np.testing.assert_array_equal(read(ave).correlations, good)
    assert read(ave).reliability["ave"]["q1"] == pytest.approx(0.64)


MISTAKES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "above one": ("0.4, 1.0]]", "1.4, 1.0]]", "matrix_value", ("q3", "q2", "1.4")),
    "not a number": ("0.4, 1.0]]", "'x', 1.0]]", "matrix_value", ("x",)),
    "short row": ("[0.5, 1.0]", "[0.5]", "matrix_width", ("q2", "1", "2")),
    "rows": ("[1.0], ", "", "matrix_rows", ("2 rows", "3 names")),
    "diagonal": ("[0.5, 1.0]", "[0.5, 0.9]", "matrix_diagonal", ("q2", "0.9", "sqrt_ave")),
    "asymmetric": ("[[1.0], [0.5, 1.0], [0.3, 0.4, 1.0]]",
                   "[[1.0, 0.5, 0.2], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]]",
                   "matrix_asymmetric", ("0.2", "0.3")),
    "small n": ("n = 250", "n = 3", "matrix_small_n", ("3",)),
    "no n": ("n = 250", "", "key_missing", ("n is missing",)),
    "not definite": ("[0.3, 0.4, 1.0]", "[-0.9, 0.9, 1.0]", "matrix_not_definite",
                     ("-0.5", "q3", "publication")),
    "singular": ("[0.5, 1.0], [0.3, 0.4, 1.0]", "[1.0, 1.0], [0.3, 0.3, 1.0]",
                 "matrix_not_definite", ("q1", "q2")),
    "unknown name": ('"q3"]', '"Q33"]', "unknown_name", ("Q33", "q3")),
    "repeated name": ('"q3"]', '"q2"]', "names_repeated", ("names",)),
    "means": ("[4.0, 5.0, 3.5]", "[4.0, 5.0]", "vector_length", ("means", "2", "3")),
    "sds": ("1.2, 1.8]", "0.0, 1.8]", "sd_not_positive", ("sds", "2")),
    "diagonal kind": ("n = 250", 'n = 250\ndiagonal = "avee"', "key_choice", ("ave",)),
    "reliability": ("n = 250", "n = 250\nreliability = { alpha = { sta = 0.8 } }",
                    "unknown_name", ("reliability.alpha.sta", "sat")),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake(case: str, read: Read) -> None:
    old, new, code, words = MISTAKES[case]
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        read(GOOD.replace(old, new, 1))
    pick(caught.value.messages, code, words)


def test_impossible_mean_and_sd_warn(read: Read) -> None:
    matrix = read(GOOD.replace("4.0, 5.0", "9.0, 5.0").replace("1.2, 1.8", "3.9, 1.8"))
    pick(matrix.warnings, "mean_outside_scale", ("q1", "9", "1 to 7"))
    pick(matrix.warnings, "sd_impossible", ("q2", "3.9"))


def test_unknown_subset(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read(GOOD).subset(["q1", "Q2"])
    pick(caught.value.messages, "unknown_name", ("Q2", "q2"))
