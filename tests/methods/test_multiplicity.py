"""Differences between independent estimates, and their adjusted p-values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from analysis.methods.multiplicity import (
    Estimated,
    benjamini_hochberg,
    differences,
    families,
    holm,
)

GOLDEN = json.loads((Path(__file__).parent / "golden/multiplicity.json").read_text())


def test_holm_equals_r() -> None:
    assert holm(GOLDEN["p"]) == pytest.approx(GOLDEN["holm"], abs=1e-14)


def test_benjamini_hochberg_equals_r() -> None:
    assert benjamini_hochberg(GOLDEN["p"]) == pytest.approx(GOLDEN["bh"], abs=1e-14)


def test_a_difference_equals_r() -> None:
    (found,) = differences(
        [Estimated("b", (), "one", 0.61, 0.05), Estimated("b", (), "two", 0.45, 0.06)]
    )
    assert (found.est, found.se, found.p) == pytest.approx(GOLDEN["difference"], abs=1e-14)
    assert (found.low + found.high) / 2 == pytest.approx(found.est)


def test_one_difference_collapses_to_its_own_p() -> None:
    (found,) = differences([Estimated("b", (), x, e, 0.1) for x, e in (("one", 0.2), ("two", 0.4))])
    assert found.p_holm == found.p_bh == found.p


def test_only_levels_of_one_context_are_compared() -> None:
    estimates = [
        Estimated(name, context, level, 0.1 * i, 0.05)
        for i, (name, context, level) in enumerate(
            (n, c, x) for n in ("a", "b") for c in (("w1",), ("w2",)) for x in ("s", "t", "u")
        )
    ]
    found = differences(estimates)
    assert len(found) == 4 * 3
    assert all(d.first != d.second for d in found)
    assert all(d.p <= d.p_bh <= d.p_holm for d in found)


def test_estimates_without_a_standard_error_are_left_out() -> None:
    bad = [Estimated("b", (), "one", 0.1, 0.0), Estimated("b", (), "two", 0.2, math.nan)]
    assert differences([*bad, Estimated("b", (), "three", 0.3, 0.1)]) == ()
    assert families({"brand": bad}) == {}
    assert holm([]) == benjamini_hochberg([]) == ()
