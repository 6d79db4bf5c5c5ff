"""Markdown of notebook cells as harmless HTML, with the headings it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

import mistune

_TAGS = re.compile(r"<[^>]*>")
_UNSAFE = re.compile(r"[^\w\u4e00-\u9fff]+")
_LINK = re.compile(r"(https?://|mailto:|#)", re.I)
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the report: level, words, anchor."""

    level: int
    words: str
    anchor: str


class Headings:
    """Headings in order, each with an anchor of its own."""

    def __init__(self) -> None:
        self.found: list[Heading] = []
        self._taken: set[str] = {"top", "content", "references", "failed"}

    def add(self, level: int, words: str) -> str:
        """Note a heading; returns its anchor."""
        base = _UNSAFE.sub("-", words.lower()).strip("-")[:60] or "section"
        anchor, number = base, 2
        while anchor in self._taken:
            anchor, number = f"{base}-{number}", number + 1
        self._taken.add(anchor)
        self.found.append(Heading(level, words, anchor))
        return anchor


class _Renderer(mistune.HTMLRenderer):
    """HTML without raw markup, foreign images or scripted links."""

    def __init__(self, headings: Headings) -> None:
        super().__init__(escape=True)
        self._headings = headings

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        words = _unescape(_TAGS.sub("", text))
        anchor = self._headings.add(level, words)
        return f'<h{level} id="{escape(anchor)}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not _LINK.match(url.strip()):
            return text
        return f'<a rel="noreferrer noopener" href="{escape(url.strip())}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        alt = escape(_unescape(_TAGS.sub("", text)))
        return f'<img src="{escape(url)}" alt="{alt}">' if _IMAGE.fullmatch(url) else alt


def _unescape(text: str) -> str:
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


def to_html(source: str, headings: Headings) -> str:
    """Markdown as HTML; raw HTML in it is shown as text."""
    render = mistune.create_markdown(renderer=_Renderer(headings), plugins=["table"])
    return str(render(source))
