"""Numbers as print: digits, minus signs, leading zeros and p values for each language."""

from __future__ import annotations

import math

from analysis.report.records import Cell, Kind

MINUS = "\u2212"
DASH = "\u2014"
KEEP_ZERO = frozenset({"zh"})  # GB/T 15835: the zero before the point is never dropped
SMALLEST_P = 0.001


def number(
    value: float | None, *, digits: int = 3, bounded: bool = False, language: str = "en"
) -> str:
    """``value`` with fixed ``digits``; a dash where there is no number.

    ``bounded`` quantities lose the zero before the point in English (APA).
    """
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0.0
    if language in KEEP_ZERO and abs(value) < 10_000:
        text = text.replace(",", "")
    if bounded and language not in KEEP_ZERO and text.startswith("0."):
        text = text[1:]
    return MINUS + text if negative else text


def integer(value: float | None, *, language: str = "en") -> str:
    """A count with separated thousands."""
    return number(value, digits=0, language=language)


def p_value(value: float | None, *, language: str = "en") -> str:
    """A p value to three digits, ``<.001`` below that."""
    if value is None or not math.isfinite(value):
        return DASH
    if value < SMALLEST_P:
        return "<" + number(SMALLEST_P, bounded=True, language=language)
    return number(value, bounded=True, language=language)


def p_phrase(value: float | None, *, language: str = "en") -> str:
    """A p value inside a sentence: ``p = .034`` or ``p < .001``."""
    text = p_value(value, language=language)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def percent(value: float | None, *, digits: int = 1, language: str = "en") -> str:
    """A share (0 to 1) in per cent."""
    if value is None or not math.isfinite(value):
        return DASH
    return number(100.0 * value, digits=digits, language=language) + "%"


def interval(
    low: float | None,
    high: float | None,
    *,
    digits: int = 2,
    bounded: bool = False,
    language: str = "en",
) -> str:
    """An interval in brackets, ``[.41, .71]``."""
    ends = (number(v, digits=digits, bounded=bounded, language=language) for v in (low, high))
    return "[" + ", ".join(ends) + "]"


def cell(value: Cell, kind: Kind, digits: int, *, language: str = "en") -> str:
    """A table cell of ``kind`` as it is printed."""
    if isinstance(value, str):
        return value
    if value is None:
        return DASH if kind not in ("text", "code") else ""
    if kind == "p":
        return p_value(float(value), language=language)
    if kind == "percent":
        return percent(float(value), digits=digits, language=language)
    if isinstance(value, int) or kind == "int":
        return integer(float(value), language=language)
    return number(float(value), digits=digits, bounded=kind == "unit", language=language)


def stars(p: float | None) -> str:
    """``***`` below .001, ``**`` below .01, ``*`` below .05, else nothing."""
    if p is None or not math.isfinite(p):
        return ""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
