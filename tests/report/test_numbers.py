from __future__ import annotations

from math import inf, nan

import pytest

from analysis.report import numbers


@pytest.mark.parametrize(
    ("value", "options", "printed"),
    [
        (0.4321, {"bounded": True}, ".432"),
        (-0.4321, {"bounded": True}, "−.432"),
        (1.02, {"bounded": True}, "1.020"),
        (0.4321, {}, "0.432"),
        (0.4321, {"bounded": True, "language": "zh"}, "0.432"),
        (-0.00001, {}, "0.000"),
        (-0.00001, {"bounded": True}, ".000"),
        (12345.678, {"digits": 1}, "12,345.7"),
        (2345.6, {"digits": 1, "language": "zh"}, "2345.6"),
        (nan, {}, "—"),
        (inf, {}, "—"),
        (None, {}, "—"),
    ],
)
def test_number(value: float, options: dict[str, object], printed: str) -> None:
    assert numbers.number(value, **options) == printed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [(0.0004, "<.001", "<0.001"), (0.0341, ".034", "0.034"), (1.0, "1.000", "1.000")],
)
def test_p_value(value: float, en: str, zh: str) -> None:
    assert numbers.p_value(value) == en
    assert numbers.p_value(value, language="zh") == zh


def test_p_phrase() -> None:
    assert numbers.p_phrase(0.00001) == "p < .001"
    assert numbers.p_phrase(0.02) == "p = .020"


def test_interval() -> None:
    assert numbers.interval(-0.1, 0.35, bounded=True) == "[−.10, .35]"


def test_percent() -> None:
    assert numbers.percent(0.1234) == "12.3%"


@pytest.mark.parametrize(
    ("value", "kind", "printed"),
    [(3, "number", "3"), (3.0, "number", "3.000"), ("x", "number", "x"), (None, "text", ""),
     (None, "p", "—"), (0.5, "percent", "50.000%"), (0.25, "unit", ".250"), (7.0, "int", "7")],
)  # fmt: skip
def test_cell(value: object, kind: str, printed: str) -> None:
    assert numbers.cell(value, kind, 3) == printed  # type: ignore[arg-type]


def test_stars() -> None:
    assert [numbers.stars(p) for p in (0.0001, 0.005, 0.03, 0.2, nan)] == ["***", "**", "*", "", ""]
