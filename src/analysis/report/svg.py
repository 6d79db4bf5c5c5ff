"""A small SVG writer: rounded coordinates, theme colours, measured and wrapped text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from analysis.report.labels import is_wide

INK = "var(--ink,#1d2227)"
MUTED = "var(--muted,#565e67)"
RULE = "var(--rule,#c5cbd1)"
FAINT = "var(--faint,#eef1f3)"
PAPER = "var(--paper,#ffffff)"
POSITIVE = "var(--pos,#1f5f8f)"
NEGATIVE = "var(--neg,#a4401f)"
ALARM = "var(--alarm,#a3182f)"

FONT = (
    "system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,'Noto Sans',"
    "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
)

_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_BROAD = frozenset("mwMW%@\u2014")
_VARIABLE = re.compile(r"var\(--[a-z]+,(#[0-9a-f]{6})\)")


def text_width(text: str, size: float) -> float:
    """Estimated width of ``text`` in pixels at font ``size``, on the generous side."""
    total = 0.0
    for character in text:
        if is_wide(character):
            total += 1.0
        elif character in _NARROW:
            total += 0.34
        elif character in _BROAD:
            total += 0.92
        elif character.isupper():
            total += 0.70
        else:
            total += 0.585
    return total * size


def wrap(text: str, width: float, size: float, *, lines: int = 3) -> tuple[str, ...]:
    """``text`` in at most ``lines`` lines of ``width`` pixels; Chinese breaks anywhere."""
    words = (
        re.findall(r"[^\W_]+(?:['\u2019.-][^\W_]+)*\S?|\S", text) if _is_cjk(text) else text.split()
    )
    pieces: list[str] = []
    for word in words:
        pieces.extend(_break(word, width, size))
    joiner = "" if _is_cjk(text) else " "
    found: list[str] = []
    for piece in pieces:
        if found and text_width(found[-1] + joiner + piece, size) <= width:
            found[-1] += joiner + piece
        else:
            found.append(piece)
    if len(found) > lines:
        found = found[:lines]
        found[-1] = found[-1].rstrip() + "\u2026"
    return _balanced(tuple(found), size) if _is_cjk(text) else tuple(found)


def _balanced(lines: tuple[str, ...], size: float) -> tuple[str, ...]:
    """Two Chinese lines of like length rather than a full one and a single character."""
    if len(lines) != 2 or not all(all(is_wide(c) for c in line) for line in lines):
        return lines
    whole = "".join(lines)
    middle = (len(whole) + 1) // 2
    return whole[:middle], whole[middle:]


def _is_cjk(text: str) -> bool:
    return any(is_wide(c) for c in text)


def _break(word: str, width: float, size: float) -> list[str]:
    if text_width(word, size) <= width:
        return [word]
    parts, current = [], ""
    for character in word:
        if current and text_width(current + character, size) > width:
            parts.append(current)
            current = ""
        current += character
    return [*parts, current]


def px(value: float) -> str:
    """A coordinate with at most one decimal, so that equal input gives equal bytes."""
    rounded = round(float(value), 1)
    if rounded == 0:
        return "0"
    return f"{rounded:.1f}".removesuffix(".0")


def at(point: tuple[float, float]) -> str:
    """A point as path data."""
    return f"{px(point[0])} {px(point[1])}"


@dataclass
class Drawing:
    """Elements of one picture in the order in which they are painted."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def add(self, tag: str, content: str | None = None, /, **attributes: object) -> None:
        """One element; underscores in attribute names stand for hyphens, None leaves one out."""
        self.parts.append(element(tag, content, **attributes))

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: object) -> None:
        """A straight line."""
        options: dict[str, object] = {"stroke": RULE, **attributes}
        self.parts.append(element("line", None, x1=x1, y1=y1, x2=x2, y2=y2, **options))

    def rect(self, x: float, y: float, width: float, height: float, **attributes: object) -> None:
        """A rectangle."""
        place = {"x": x, "y": y, "width": width, "height": height}
        self.parts.append(element("rect", None, **place, **attributes))

    def text(
        self,
        x: float,
        y: float,
        content: str,
        *,
        size: float = 12,
        anchor: str = "start",
        fill: str = INK,
        **attributes: object,
    ) -> None:
        """Text with its baseline at ``y``."""
        place = None if anchor == "start" else anchor
        self.add(
            "text",
            escape(content, quote=False),
            x=x,
            y=y,
            font_size=size,
            text_anchor=place,
            fill=fill,
            **attributes,
        )

    def render(self, *, title: str, description: str) -> str:
        """The picture as one ``<svg>`` element with its title and description."""
        wide, high = px(self.width), px(self.height)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}"'
            f' width="{wide}" height="{high}" role="img"'
            f' font-family="{escape(FONT)}" font-size="12" fill="{INK}">'
        )
        words = f"<desc>{escape(description, quote=False)}</desc>"
        return head + tooltip(title) + words + "".join(self.parts) + "</svg>"


STACK_GAP = 26.0
_HEAD = re.compile(
    r'<svg xmlns="[^"]*" viewBox="0 0 ([\d.]+) ([\d.]+)" width="[^"]*" height="[^"]*"'
)


def stacked(leads: Sequence[str], pictures: Sequence[str], *, title: str, description: str) -> str:
    """Rendered pictures below each other, each under its lead, as one picture."""
    sizes = []
    for picture in pictures:
        head = _HEAD.match(picture)
        if head is None:
            raise ValueError("not a picture of this module")
        sizes.append((float(head[1]), float(head[2])))
    width = max(wide for wide, _ in sizes)
    drawing = Drawing(width, 0.0)
    y = 0.0
    for number, (lead, picture, (wide, high)) in enumerate(
        zip(leads, pictures, sizes, strict=True)
    ):
        if number:
            y += 12
            drawing.line(0, y, width, y)
        drawing.text(0, y + 22, lead, size=14, font_weight=600)
        y += STACK_GAP + 8
        place = (
            f'<svg x="{px((width - wide) / 2)}" y="{px(y)}" width="{px(wide)}" height="{px(high)}"'
        )
        inner = _HEAD.sub(f'{place} viewBox="0 0 {px(wide)} {px(high)}"', picture, count=1)
        drawing.parts.append(inner.replace(' role="img"', "", 1))
        y += high
    drawing.height = y
    return drawing.render(title=title, description=description)


def element(tag: str, content: str | None = None, /, **attributes: object) -> str:
    """One SVG element as text; ``content`` must be escaped already."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}/>" if content is None else f"<{tag}{written}>{content}</{tag}>"


def _attribute(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return px(value)
    return escape(str(value))


def tooltip(content: str) -> str:
    """A ``<title>`` child, which browsers show on hover."""
    return f"<title>{escape(content, quote=False)}</title>"


def standalone(svg: str) -> str:
    """The picture with its theme colours fixed, for files that leave the report."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _VARIABLE.sub(r"\1", svg) + "\n"
