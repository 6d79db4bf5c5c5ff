"""Words shared by the evidence on power."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.power import Curve, Target
from analysis.report import numbers
from analysis.report.labels import Labels
from analysis.report.records import Notice
from analysis.report.structure import defined_name
from analysis.sem import Solution


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/power.toml``."""
    return text(f"power.{key}", language, **fields)


def called(base: Solution, target: Target, labels: Labels) -> str:
    """A path as ``cause \u2192 effect``, a defined effect by its route or name."""
    if not target.defined:
        return labels.path(target.rhs, target.lhs)
    return defined_name(base, base.estimate(target.lhs, ":=", target.rhs), labels)


def notices(messages: Iterable[Message], language: str) -> tuple[Notice, ...]:
    """Messages as cautions."""
    return tuple(Notice("warning", *found.parts(language)) for found in messages)


def size(value: float | None, language: str) -> str:
    """A sample size inside a sentence or a cell, rounded up."""
    return numbers.integer(None if value is None else ceil(value), language=language)


def needed_text(curve: Curve, language: str) -> str:
    """The simulated sample size: a number, a bound, or a dash."""
    if not curve.points:
        return numbers.DASH
    if curve.bound == "below":
        return "\u2264\u2009" + size(curve.points[0].n, language)
    if curve.bound == "above":
        return ">\u2009" + size(curve.points[-1].n, language)
    return size(curve.needed, language) if isfinite(curve.needed) else numbers.DASH


def needed_interval(curve: Curve, language: str) -> str:
    """Its limits in brackets, empty where there are none."""
    if curve.bound or not isfinite(curve.low):
        return ""
    return f"[{size(curve.low, language)},\u00a0{size(curve.high, language)}]"


def needed_phrase(curve: Curve, language: str) -> str:
    """The simulated sample size with its limits, kept in one line."""
    return "\u00a0".join(
        filter(None, (needed_text(curve, language), needed_interval(curve, language)))
    )
