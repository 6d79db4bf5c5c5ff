"""Sentences in the reader's language, from ``locale/<language>/<file>.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of a language by dotted key, for example ``report.table.estimates.title``.

    The first part of a key is the file's name; the rest follows the TOML tables.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    found: dict[str, str] = {}
    folder = files("analysis").joinpath("locale", language)
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            _flatten(entry.name[:-5], tomllib.loads(entry.read_text("utf-8")), found)
    return found


def _flatten(prefix: str, node: Any, into: dict[str, str]) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            _flatten(f"{prefix}.{key}", value, into)
    else:
        into[prefix] = str(node)


def render(
    key: str, language: str, fields: Mapping[str, object], *, default: str | None = None
) -> str:
    """The sentence for ``key`` with ``{name}`` slots filled from ``fields``."""
    sentences = catalogue(language)
    template = sentences.get(key, default)
    if template is None:
        raise KeyError(f"no sentence {key!r} in locale {language!r}")
    return template.format_map(dict(fields)) if template else ""


def text(key: str, language: str = "en", /, **fields: object) -> str:
    """The sentence for ``key``; an unknown key is a programming error (``KeyError``)."""
    return render(key, language, fields)
