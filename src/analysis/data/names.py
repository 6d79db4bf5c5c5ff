"""Names as people type them: cleaning, comparison, suggestions."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Zero-width, byte order mark, soft hyphen, direction marks; control characters but white space.
_INVISIBLE = dict.fromkeys(
    [*map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")]
    + [code for code in (*range(32), *range(127, 160)) if not chr(code).isspace()]
)
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f\u3000]+")


@dataclass(frozen=True, slots=True)
class Label:
    """A text in English and Chinese; where one is missing the other stands in."""

    en: str = ""
    zh: str = ""

    def __getitem__(self, language: str) -> str:
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)

    def or_else(self, fallback: str) -> Label:
        """This label, or the same fallback in both languages."""
        return self if self else Label(fallback, fallback)


NO_LABEL = Label()


def tidy(text: str) -> str:
    """NFC, without invisible characters, single ordinary spaces, stripped."""
    if text.isascii() and text.isalnum():
        return text
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text).translate(_INVISIBLE)).strip()


def folded(text: str) -> str:
    """What a reader would call the same name: NFKC, no case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", tidy(text)).casefold().split())


def looks(text: str) -> str:
    """What looks the same on paper: NFKC and tidy, case kept."""
    return unicodedata.normalize("NFKC", tidy(text))


def code_points(text: str) -> str:
    """``caf\u00e9`` as ``U+0063 U+0061 ...``: tells names apart that look alike."""
    return " ".join(f"U+{ord(ch):04X}" for ch in text)


def nearest(name: str, known: Iterable[str], *, count: int = 3) -> tuple[str, ...]:
    """Known names most like ``name``, best first; same letters in another case or width win."""
    options = list(dict.fromkeys(known))
    goal = folded(name)
    same = [o for o in options if folded(o) == goal]
    by_folded = {folded(o): o for o in reversed(options)}
    close = difflib.get_close_matches(goal, list(by_folded), n=count, cutoff=0.6)
    return tuple(dict.fromkeys([*same, *(by_folded[c] for c in close)]))[:count]


def twins(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of different names that look the same (full width, composed or not)."""
    seen: dict[str, str] = {}
    pairs = []
    for name in names:
        first = seen.setdefault(looks(name), name)
        if first != name:
            pairs.append((first, name))
    return tuple(pairs)


def listed(values: Iterable[object], *, limit: int = 8) -> str:
    """``a, b, c ... (+4)``: enough to find the trouble, never a page of it."""
    every = [str(v) for v in values]
    shown = ", ".join(shown_value(v) for v in every[:limit])
    return shown if len(every) <= limit else f"{shown} … (+{len(every) - limit})"


def shown_value(value: object, *, limit: int = 40) -> str:
    """A value for a message: one line, no control characters, at most ``limit`` characters."""
    text = "".join(ch if ch.isprintable() else f"\\u{ord(ch):04x}" for ch in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number_text(value: float) -> str:
    """``7.0`` as ``7``."""
    return f"{value:g}" if abs(value) < 1e6 else repr(value).removesuffix(".0")


def rows_text(rows: Sequence[int], *, limit: int = 5) -> str:
    """The first few row numbers of a file."""
    return listed(rows, limit=limit)


def levels_text(counts: Mapping[str, int]) -> str:
    """``store (120), web (80)``."""
    return listed([f"{level} ({count})" for level, count in counts.items()])
