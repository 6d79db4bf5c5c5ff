"""Words shared by the evidence on waves."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.i18n import text
from analysis.report.invariance_words import parameter_name
from analysis.report.labels import Labels
from analysis.report.prose import join


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/waves.toml``."""
    return text(f"waves.{key}", language, **fields)


def label_words(label: str, labels: Labels, language: str) -> str:
    """A parameter that is equal over waves in words: ``load.f.x``, ``int.x``."""
    kind, _, rest = label.partition(".")
    factor, _, item = rest.partition(".")
    element = f"{factor}=~{item}" if kind == "load" else f"{rest}~1"
    return parameter_name(element, labels, language)


def labels_words(found: Iterable[str], labels: Labels, language: str) -> str:
    """Several of them."""
    return join((label_words(label, labels, language) for label in found), language)


def span(before: str, after: str, labels: Labels) -> str:
    """Two waves, ``from \u2192 to``."""
    return f"{labels.group(before)} \u2192 {labels.group(after)}"
