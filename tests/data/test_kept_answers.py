"""Answers that are read once for many runs: the same, a copy for everyone, never stale."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import Survey, keep_answers, load_study, survey_file
from analysis.data import study as studies
from analysis.data.privacy import KEY_VARIABLE

SECRET = "a key of more than sixteen characters"


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the simulated study, its answers kept."""
    place = tmp_path / "omnichannel"
    shutil.copytree(root / "data" / "raw" / "omnichannel", place)
    keep_answers(load_study(place))
    yield place
    studies._kept.clear()


def survey(folder: Path) -> Survey:
    data = load_study(folder).data
    assert isinstance(data, Survey)
    return data


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read from now on."""
    found: list[str] = []
    real = survey_file.read_table

    def read(path: Path, *options: object) -> object:
        found.append(path.name)
        return real(path, *options)  # type: ignore[arg-type]

    monkeypatch.setattr(survey_file, "read_table", read)
    return found


def test_kept_answers_equal_those_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reads(monkeypatch)
    kept = survey(folder)
    assert read == []
    studies._kept.clear()
    fresh = survey(folder)
    assert len(read) == 1
    pd.testing.assert_frame_equal(kept.frame, fresh.frame)
    assert (kept.warnings, kept.fixes, kept.digest) == (fresh.warnings, fresh.fixes, fresh.digest)
    assert (kept.codebook, kept.n_read) == (fresh.codebook, fresh.n_read)


def test_what_one_run_does_to_its_answers_no_other_run_sees(folder: Path) -> None:
    item = load_study(folder).codebook.item_names[0]
    mine = survey(folder)
    mine.frame[item] = 99.0
    assert not (survey(folder).frame[item] == 99.0).any()


@pytest.mark.parametrize("name", ["codebook.toml", "models/core.lav", "answers"])
def test_a_changed_file_is_read_again(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(folder.glob(f"{name}*"))
    path.write_bytes(path.read_bytes() + b"\n")
    read = reads(monkeypatch)
    _ = survey(folder)
    assert len(read) == 1


def test_another_key_of_pseudonyms_means_reading_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = load_study(folder).codebook.roles.id
    before = survey(folder)
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    read = reads(monkeypatch)
    after = survey(folder)
    assert len(read) == 1
    assert after.lasting_ids
    if column:
        assert not (before.frame[column] == after.frame[column]).any()
