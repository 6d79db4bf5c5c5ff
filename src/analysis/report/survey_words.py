"""What the builders of survey evidence share."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.i18n import text
from analysis.report.labels import Labels

LabelsLike = Labels | Mapping[str, str] | None


def tell(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/screening.toml``."""
    return text(f"screening.{key}", language, **fields)


def item_label(name: str, labels: Labels) -> str:
    """An item's id with its short label, where it has one."""
    label = labels.of(name)
    return name if label == name else f"{name}  {label}"
