"""Fixtures that read a spoiled survey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from data.samples import CODEBOOK, Table, good_table, pick

from analysis.data import Survey, load_codebook, read_survey
from analysis.errors import InputError, Message


@pytest.fixture
def table() -> Table:
    return good_table()


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Survey]:
    """Writes codebook and data into a folder and reads them."""

    def read(
        data: Table | str | bytes, extra: str = "", *, codebook: str = CODEBOOK,
        name: str = "answers.csv",
    ) -> Survey:  # fmt: skip
        raw = data.text() if isinstance(data, Table) else data
        raw = raw.encode() if isinstance(raw, str) else raw
        (tmp_path / "codebook.toml").write_text(codebook + extra, encoding="utf-8")
        (tmp_path / name).write_bytes(raw)
        return read_survey(tmp_path / name, load_codebook(tmp_path))

    return read


@pytest.fixture
def refused(study: Callable[..., Survey]) -> Callable[..., Message]:
    """The message with a given code that reading ends with; its text holds the given words."""

    def read(code: str, words: tuple[str, ...], *args: object, **options: object) -> Message:
        with pytest.raises(InputError) as caught:
            study(*args, **options)
        return pick(caught.value.messages, code, words)

    return read
