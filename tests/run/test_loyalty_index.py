"""The loyalty index in a notebook: what it takes, what it says where something is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from run.small_study import write_small_study

from analysis.errors import InputError
from analysis.run.loyalty_index import LoyaltyIndex
from analysis.run.params import IndexParams
from analysis.run.resolve import resolve


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path))
    return write_small_study(tmp_path)


def index(study: str, **options: object) -> LoyaltyIndex:
    return LoyaltyIndex(resolve("60_loyalty_index", {"study": study, "draws": 50, **options}))


def test_blocks_without_their_data_say_so_and_the_rest_stands(small: str) -> None:
    found = index(small, by="brand")
    assert found.indicators.names == ("satisfaction", "trust")
    assert found.components().table is not None
    assert "no question on recommendation" in found.promoters().paragraphs[0]
    assert "one wave only" in found.trend().paragraphs[0]
    assert "needs indicators of attitude and of behaviour" in found.matrix().paragraphs[0]
    assert "three groups" in found.stability().paragraphs[0]


def test_a_group_below_the_minimum_is_not_shown_and_counted(small: str) -> None:
    evidence = index(small, by="brand").levels()
    assert evidence.table is not None
    assert [row[0] for row in evidence.table.rows if row[0] == "Z"] == []
    assert any("1 groups of fewer than 30" in note for note in evidence.table.notes)


def test_two_indicators_fall_back_to_equal_weights_and_say_so(small: str) -> None:
    evidence = index(small).weights()
    assert evidence.table is not None
    assert any("equal weights are in use" in note for note in evidence.table.notes)


def test_unknown_indicators_are_named_with_the_nearest(small: str) -> None:
    with pytest.raises(InputError, match="Did you mean 'trust'"):
        index(small, indicators="satisfaction, trst").components()


def test_one_indicator_is_no_index(small: str) -> None:
    with pytest.raises(InputError, match="at least two indicators"):
        index(small, indicators="trust").components()


def test_experts_weights_come_from_the_file(small: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "raw" / "small" / "comparisons.toml"
    path.write_text('[expert.a]\n"satisfaction / trust" = 3\n', "utf-8")
    found = index(small, method="experts")
    np.testing.assert_allclose(found.chosen.weights, [0.75, 0.25])


def test_benchmarks_stand_beside_the_own_figure(small: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "raw" / "small" / "benchmarks.toml"
    path.write_text(
        '[[benchmark]]\nmeasure = "satisfaction"\nvalue = 76.9\nsource = "Trade 2024"\n', "utf-8"
    )
    assert any("76.9 (Trade 2024)" in words for words in index(small).components().paragraphs)


def test_the_index_of_the_simulated_study_does_not_depend_on_pseudonyms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for key in ("one key that is long enough", "another key, also long enough"):
        monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY", key)
        found.append(index("omnichannel", draws=100).record())
    assert found[0] == found[1]
    assert found[0]["measures"]["index.low"] < found[0]["measures"]["index"]


def test_parameters_are_those_of_the_schema() -> None:
    assert {"by", "indicators", "method", "draws", "seed"} <= set(IndexParams.model_fields)
    assert "estimator" not in IndexParams.model_fields
