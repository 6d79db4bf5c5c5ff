"""The session of ``40_channels``: groups that can, and cannot, be compared."""

from __future__ import annotations

import pytest

import analysis
from analysis.errors import InputError
from analysis.run.channels import Channels
from analysis.run.session import Session

PIECES = ("ladder", "ladder_figure", "causes", "releases", "effects", "means", "paths",
          "paths_figure", "path_differences", "pairs")  # fmt: skip


def session(**parameters: str) -> Session:
    given = {"study": "omnichannel", "missing": "listwise", **parameters}
    return analysis.start(notebook="40_channels", **given)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_channel_leaves_every_piece_with_words(language: str) -> None:
    opened = session(channel="app", language=language)
    channels = opened.channels()
    found = [getattr(channels, name)() for name in PIECES]
    assert all(e.table is None and e.figure is None for e in found)
    assert all(e.paragraphs or e.verdict for e in found)
    assert found[0].notices
    assert opened.close().record["verdict"] == "none"


def test_groups_stand_in_the_order_of_the_codebook() -> None:
    channels = session().channels()
    assert isinstance(channels, Channels)
    assert [g for g, _ in channels.climbed.groups] == ["store", "web", "app"]
    assert "Store" in " ".join(channels.ladder().table.notes)  # type: ignore[union-attr]


def test_columns_may_be_crossed() -> None:
    channels = session(across="brand, channel", language="zh").channels()
    assert len(channels.moments.groups) == 9
    assert channels.moments.groups[0].label == "aurora / store"
    assert channels.labels.group("aurora / store") == "晨曦 / 门店"


def test_record_tells_how_far_the_ladder_went() -> None:
    opened = session(release="satisfaction =~ sat3, img2 ~ 1", partial="none", rule="fit")
    record = opened.channels().record()
    assert record["estimator"] == "MLR"
    assert record["verdict"] == "mixed"
    assert record["outcome"] == "converged"
    asked = {r.element for r in opened.channels().climbed.releases if r.origin == "asked"}
    assert asked == {"satisfaction=~sat3", "img2~1"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"study": "spanish_bank", "missing": ""}, "invariance.no_rows"),
        ({"across": "colour"}, "invariance.no_role"),
    ],
)
def test_studies_without_groups_are_refused_before_the_run(
    parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        session(**parameters)
    assert [m.code for m in caught.value.messages] == [code]
