"""Studies too large to hold: the same fit from one pass as from the rows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.errors import InputError
from analysis.run import commands
from analysis.run.estimation import estimate
from analysis.run.large import is_large
from analysis.run.resolve import resolve
from analysis.sem import Solution


def solve(monkeypatch: pytest.MonkeyPatch, megabytes: str, **parameters: str) -> Solution:
    monkeypatch.setenv("LOYALTY_WHOLE_MB", megabytes)
    choice = resolve("20_structure", {"study": "omnichannel", **parameters}, read=False)
    assert is_large(choice.study) == (megabytes == "0.1")
    return estimate(choice)


@pytest.mark.parametrize(
    "parameters", [{}, {"missing": "listwise"}, {"group": "channel"}, {"brand": "A"}]
)
def test_large_file_is_fitted_as_its_rows(
    monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]
) -> None:
    if "brand" in parameters:
        parameters = {"brand": first_level("brand")}
    known = solve(monkeypatch, "400", **parameters)
    found = solve(monkeypatch, "0.1", **parameters)
    assert found.n == known.n and found.outcome == known.outcome
    np.testing.assert_allclose(found.fit.theta, known.fit.theta, atol=1e-6)
    assert found.inference.se is not None and known.inference.se is not None
    np.testing.assert_allclose(found.inference.se, known.inference.se, rtol=1e-5)
    for name in ("chisq", "cfi", "rmsea", "srmr"):
        assert found.measures[name].value == pytest.approx(known.measures[name].value, abs=1e-5)


def first_level(group: str) -> str:
    choice = resolve("20_structure", {"study": "omnichannel"}, read=False)
    return next(iter(choice.study.codebook.group(group).levels))


def test_command_fits_a_large_file_without_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.data.study.read_survey", None)
    monkeypatch.setenv("LOYALTY_WHOLE_MB", "0.1")
    text = commands.fit("omnichannel", parameters=[], language="en", as_json=False)
    assert "CFI" in text
    found = json.loads(commands.fit("omnichannel", parameters=[], language=None, as_json=True))
    assert found["n"] > 2500


@pytest.mark.parametrize("group", ["", "channel"])
def test_ordered_items_of_a_large_file_are_fitted_as_its_rows(
    monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    parameters = {"ordered": "all", "missing": "listwise", "group": group}
    known = solve(monkeypatch, "400", **parameters)
    found = solve(monkeypatch, "0.1", **parameters)
    assert found.n == known.n and found.estimator == known.estimator == "WLSMV"
    np.testing.assert_allclose(found.fit.theta, known.fit.theta, atol=1e-6)
    assert found.inference.se is not None and known.inference.se is not None
    np.testing.assert_allclose(found.inference.se, known.inference.se, rtol=1e-6)
    for name in ("chisq.scaled", "cfi.scaled", "rmsea.robust"):
        assert found.measures[name].value == pytest.approx(known.measures[name].value, rel=1e-5)


def test_ordered_items_with_gaps_need_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as caught:
        solve(monkeypatch, "0.1", ordered="all")
    assert [m.code for m in caught.value.messages] == ["run.ordered_missing"]


@pytest.mark.parametrize("given", [{"ordered": "sat1"}, {"weights": "yes"}, {"estimator": "MLM"}])
def test_choices_that_need_rows_are_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        solve(monkeypatch, "0.1", **given)
    assert [m.code for m in caught.value.messages] == ["streaming.rows_only"]
    assert caught.value.text("zh") and next(iter(given)) in caught.value.text()
