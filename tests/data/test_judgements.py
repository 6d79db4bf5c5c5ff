"""Benchmarks and experts' comparisons beside a study: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.data.judgements import read_benchmarks, read_comparisons
from analysis.errors import InputError

NAMES = ("satisfaction", "trust", "spend")


def codes(caught: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [m.code for m in caught.value.messages]


def test_no_files_mean_nothing(tmp_path: Path) -> None:
    assert read_benchmarks(tmp_path, NAMES) == ()
    assert read_comparisons(tmp_path, NAMES) is None


def test_benchmarks_are_read_with_label_and_source(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.toml").write_text(
        '[[benchmark]]\nmeasure = "nps"\nvalue = 32\nsource = "Trade survey 2024"\n'
        'label = { en = "Retail", zh = "零售业" }\n',
        "utf-8",
    )
    (found,) = read_benchmarks(tmp_path, NAMES)
    assert (found.measure, found.value, found.label["zh"]) == ("nps", 32.0, "零售业")


def test_every_bad_benchmark_is_named(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.toml").write_text(
        '[[benchmark]]\nmeasure = "joy"\nvalue = 1\nsource = "s"\n'
        '[[benchmark]]\nmeasure = "nps"\nvalue = "high"\nsource = "s"\n'
        '[[benchmark]]\nmeasure = "nps"\nvalue = 3\n',
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_benchmarks(tmp_path, NAMES)
    assert codes(caught) == ["loyalty_index.bad_benchmark"] * 3
    assert "entry 2" in caught.value.text()


def test_comparisons_become_reciprocal_matrices(tmp_path: Path) -> None:
    (tmp_path / "comparisons.toml").write_text(
        '[expert.a]\n"satisfaction / trust" = 3\n"spend / trust" = 0.5\n'
        '"satisfaction / spend" = 5\n',
        "utf-8",
    )
    found = read_comparisons(tmp_path, NAMES)
    assert found is not None
    np.testing.assert_allclose(found[0], [[1, 3, 5], [1 / 3, 1, 2], [0.2, 0.5, 1]])


def test_bad_pairs_are_named(tmp_path: Path) -> None:
    (tmp_path / "comparisons.toml").write_text(
        '[expert.a]\n"satisfaction / joy" = 3\n"satisfaction / trust" = 0\n'
        '"trust / spend" = 2\n"spend / trust" = 2\n',
        "utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_comparisons(tmp_path, NAMES)
    assert (
        codes(caught) == ["loyalty_index.bad_comparison"] * 3 + ["loyalty_index.pair_missing"] * 2
    )
    assert "satisfaction / trust" in caught.value.text()


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    (tmp_path / "comparisons.toml").write_text("[expert.a\n", "utf-8")
    with pytest.raises(InputError, match=r"comparisons\.toml cannot be read"):
        read_comparisons(tmp_path, NAMES)
