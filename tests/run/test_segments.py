"""Segments in a notebook: what is said where data are missing, and what may not be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from run.small_study import write_small_study

from analysis.errors import InputError
from analysis.run.resolve import resolve
from analysis.run.segments import Segments


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path))
    return write_small_study(tmp_path)


def segments(study: str, **options: object) -> Segments:
    values = {"study": study, "draws": 0, "most": 3, "exclude": "none", **options}
    return Segments(resolve("50_segments", values))


def test_blocks_without_their_data_say_so_and_the_rest_stands(small: str) -> None:
    found = segments(small)
    assert found.names == ("satisfaction", "trust")
    assert found.selection().table is not None
    assert found.profiles().table is not None
    assert "declares no outcomes" in found.behaviour().paragraphs[0]
    assert "recency, frequency and spend" in found.tiers().paragraphs[0]
    assert "Nobody was asked in two waves" in found.migration().paragraphs[0]


def test_one_continuum_is_not_cut_into_segments_that_come_again(small: str) -> None:
    """Answers from one normal factor: one class, or a verdict that is not good."""
    found = segments(small)
    verdict = found.profiles().verdict
    assert found.found.best.k == 1 or verdict is None or verdict.level != "good"


def test_unknown_constructs_are_named(small: str) -> None:
    with pytest.raises(InputError, match="Did you mean 'trust'"):
        segments(small, indicators="satisfaction, trst").selection()


def test_one_construct_makes_no_segments(small: str) -> None:
    with pytest.raises(InputError, match="at least two constructs"):
        segments(small, indicators="trust").selection()


def test_published_moments_have_no_segments() -> None:
    with pytest.raises(InputError) as caught:
        resolve("50_segments", {"study": "spanish_bank"})
    assert [m.code for m in caught.value.messages] == ["screening.no_rows"]


def test_moves_follow_persons_and_not_their_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []
    for key in ("one key that is long enough", "another key, also long enough"):
        monkeypatch.setenv("LOYALTY_PSEUDONYM_KEY", key)
        found = segments("omnichannel", classes=2, most=2, indicators="quality, community")
        figure = found.migration().figure
        assert figure is not None and figure.data is not None
        shares.append(figure.data.rows)
    assert shares[0] == shares[1]
