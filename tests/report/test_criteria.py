from __future__ import annotations

from math import nan

import pytest

from analysis.report.criteria import criteria, criterion
from analysis.report.references import bibliography


def test_every_cut_off_has_a_known_source() -> None:
    for rule in criteria().values():
        assert rule.cite
        assert set(rule.cite) <= set(bibliography()), rule.key


@pytest.mark.parametrize(
    ("key", "value", "grade"),
    [
        ("fit.cfi", 0.95, "good"),
        ("fit.cfi", 0.949, "acceptable"),
        ("fit.cfi", 0.899, "poor"),
        ("fit.rmsea", 0.06, "good"),
        ("fit.rmsea", 0.081, "poor"),
        ("measurement.cr", 0.96, "acceptable"),
        ("measurement.cr", 0.70, "good"),
        ("measurement.cr", 0.59, "poor"),
        ("validity.htmt", 0.87, "acceptable"),
        ("residual.correlation", -0.11, "poor"),
        ("residual.correlation", 0.10, "good"),
        ("fit.srmr", nan, "unknown"),
        ("fit.srmr", None, "unknown"),
    ],
)
def test_grades(key: str, value: float | None, grade: str) -> None:
    assert criterion(key).grade(value) == grade


def test_acceptable_is_looser_than_good() -> None:
    for rule in criteria().values():
        if rule.direction in ("at_least", "between"):
            assert rule.acceptable <= rule.good
        else:
            assert rule.acceptable >= rule.good


def test_unknown_cut_off_is_an_error() -> None:
    with pytest.raises(KeyError):
        criterion("fit.magic")
