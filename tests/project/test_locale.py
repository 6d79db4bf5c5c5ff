"""Sentences: the same keys and slots in every language, and none missing that the code names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from analysis.i18n import LANGUAGES, catalogue

SRC = Path(__file__).resolve().parents[2] / "src" / "analysis"
AREAS = sorted({key.split(".")[0] for key in catalogue("en")})
NAME = re.compile(rf"(?:{'|'.join(AREAS)})(?:\.[a-z0-9_]+)+")
FILES = (".toml", ".json", ".csv", ".html", ".css", ".ipynb", ".bib", ".lav", ".svg", ".md", ".j2",
         ".js", ".xlsx", ".log")  # fmt: skip


def _slots(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_same_keys(language: str) -> None:
    assert sorted(catalogue(language)) == sorted(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_same_slots(language: str) -> None:
    other = catalogue(language)
    both = [key for key in catalogue("en") if key in other]
    assert {k: _slots(other[k]) for k in both} == {k: _slots(catalogue("en")[k]) for k in both}


def test_no_sentence_is_empty() -> None:
    empty = {k for lang in LANGUAGES for k, v in catalogue(lang).items() if not v.strip()}
    assert sorted(k for k in empty if not k.endswith(".remedy")) == []


def test_chinese_is_chinese() -> None:
    words = re.compile(r"[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}")
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [k for k, v in catalogue("zh").items() if words.search(v) and not han.search(v)] == []


def _strings() -> Iterator[tuple[str, str, bool]]:
    """(where, text, whole) of each string in the code; not whole: the start of an f-string."""
    for path in sorted(SRC.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        inner = {id(part) for node in formatted for part in node.values}
        for node in ast.walk(tree):
            where = f"{path.relative_to(SRC)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield where, str(node.values[0].value), False
            elif isinstance(node, ast.Constant) and id(node) not in inner:
                yield where, str(node.value), True


def test_every_key_in_the_code_exists() -> None:
    keys = catalogue("en")
    prefixes = {key[:at] for key in keys for at, sign in enumerate(key) if sign == "."}
    missing = []
    for where, string, whole in _strings():
        name = string if whole else string.rpartition(".")[0]
        # Packages have a shorthand that puts their own name before a key.
        full = {name, f"{where.partition('/')[0]}.{name}"}
        if NAME.fullmatch(name) and not name.endswith(FILES) and not full & {*keys, *prefixes}:
            missing.append(f"{where} {name}")
    assert not missing, "\n".join(missing)


def test_every_message_has_symptom_and_remedy() -> None:
    entries = {key.removesuffix(".symptom") for key in catalogue("en") if key.endswith(".symptom")}
    assert [entry for entry in sorted(entries) if f"{entry}.remedy" not in catalogue("en")] == []
    called = set()
    for path in sorted(SRC.rglob("*.py")):
        called |= set(re.findall(r'\b[Mm]essage\(\s*"([\w.]+)"', path.read_text("utf-8")))
    assert not called - entries, "\n".join(sorted(called - entries))
