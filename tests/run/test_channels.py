"""The session of ``40_channels``: groups that can, and cannot, be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

import analysis
from analysis.errors import InputError
from analysis.run.channels import Channels
from analysis.run.session import Session

PIECES = ("ladder", "ladder_figure", "causes", "releases", "permutation", "effects", "consistency",
          "consistency_figure", "means", "paths", "paths_figure", "path_differences",
          "indirect_figure", "indirect", "pairs")  # fmt: skip
WAVE_PIECES = ("ladder", "change", "carry_over", "text")


def session(**parameters: str | int) -> Session:
    given = {"study": "omnichannel", "missing": "listwise", "permutations": 40, "draws": 40}
    given |= parameters
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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_respondents_are_followed_over_waves(language: str) -> None:
    waves = session(language=language).channels().waves
    found = {name: getattr(waves, name)() for name in WAVE_PIECES}
    assert len(found["ladder"].table.rows) == 4
    assert found["ladder"].verdict.level == "good"
    assert found["change"].table.rows[0][1] == waves.labels.group("1") + " \u2192 " + (
        waves.labels.group("2")
    )
    assert len(found["carry_over"].figure.data.rows) == 4
    assert any("change.satisfaction.w2" in row[0] for row in found["text"].table.rows)


def test_one_wave_has_no_change_and_the_rest_stands() -> None:
    channels = session(wave="1", permutations=0).channels()
    found = [getattr(channels.waves, name)() for name in WAVE_PIECES]
    assert all(e.table is None and e.figure is None for e in found)
    assert all(e.paragraphs or e.verdict for e in found)
    assert "Spring 2024" in found[0].notices[0].symptom
    assert channels.ladder().table is not None
    assert channels.permutation().paragraphs


def test_every_new_piece_says_something() -> None:
    channels = session(language="zh").channels()
    permutation = channels.permutation()
    assert permutation.table is not None
    assert permutation.verdict is not None
    index = channels.consistency()
    assert index.table is not None
    assert [row[0] for row in index.table.rows] == ["门店 – 网站", "门店 – 应用", "网站 – 应用"]
    assert index.verdict is not None
    assert len(index.verdict.sentences) >= 3
    assert any("img2" in words for words in index.verdict.sentences)
    drawn = channels.consistency_figure().figure
    assert drawn is not None
    assert "门店" in drawn.svg
    effects = channels.indirect()
    assert effects.table is not None
    assert len(effects.table.rows) == 8 * 3
    assert effects.table.groups[0][1] == "服务质量 → 顾客满意 → 顾客忠诚"


def test_groups_below_the_codebooks_least_are_withheld() -> None:
    channels = session(across="brand, channel", permutations=0).channels()
    book = channels.choice.study.codebook
    object.__setattr__(book, "options", replace(book.options, min_group=300))
    small = {m.fields["group"] for m in channels.withheld}
    assert small
    assert small.isdisjoint(g.label for g in channels.moments.groups)
    assert all(m.fields["n"] < m.fields["least"] == 300 for m in channels.withheld)


def test_messages_name_groups_by_their_labels() -> None:
    notices = session(across="brand, channel", brand="aurora", channel="app", language="zh")
    found = notices.channels().ladder().notices
    assert any("晨曦 / 应用" in n.symptom for n in found)


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
        ({"constructs": "satisfaction, joy"}, "waves.unknown_construct"),
    ],
)
def test_studies_without_groups_are_refused_before_the_run(
    parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        session(**parameters)
    assert [m.code for m in caught.value.messages] == [code]
