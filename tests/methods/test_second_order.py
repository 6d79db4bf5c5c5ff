"""Second-order factors against their rivals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data import load_study
from analysis.methods.second_order import second_order, second_order_factors
from analysis.run.params import StudyParams
from analysis.run.resolve import moments
from analysis.sem import Moments, sem
from analysis.syntax import parse_model

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("method_bias.json").read_text())
VALUE = """functional =~ fun1 + fun2 + fun3
emotional =~ emo1 + emo2 + emo3
social =~ soc1 + soc2 + soc3
experiential =~ exp1 + exp2 + exp3
value =~ functional + emotional + social + experiential"""
ITEMS = tuple(f"{d}{i}" for d in ("fun", "emo", "soc", "exp") for i in (1, 2, 3))


@pytest.fixture(scope="module")
def customers(root: Path) -> Moments:
    table = pd.read_csv(root / "data" / "raw" / "omnichannel" / "answers.csv", usecols=list(ITEMS))
    rows = table[list(ITEMS)].replace(99, np.nan).dropna().to_numpy(float)
    return Moments.from_data(rows, ITEMS)


def test_rivals_equal_lavaan(customers: Moments) -> None:
    golden = GOLDEN["second_order"]
    assert customers.n == golden["n"]
    found = second_order(parse_model(VALUE), "value", lambda s: sem(s, customers))
    for name, measures in golden["fits"].items():
        solution = found.rival(name).solution
        assert solution is not None
        for index, value in measures.items():
            assert solution.measures[index].value == pytest.approx(value, abs=2e-3, rel=1e-6)
    for name, test in (("one", "one_test"), ("second_order", "second_test"),
                       ("bifactor", "bifactor_test")):  # fmt: skip
        difference = found.rival(name).difference  # type: ignore[arg-type]
        assert difference is not None
        assert difference.stat == pytest.approx(golden[test]["stat"], abs=2e-3)
        assert difference.df == golden[test]["df"]
    chisq = {name: fit["chisq"] for name, fit in golden["fits"].items()}
    assert found.target == pytest.approx(chisq["correlated"] / chisq["second_order"], abs=1e-5)
    std = [e.std_all for e in found.loadings]
    expected = [golden["std"][f"value=~{d}"] for d in found.dimensions]
    assert std == pytest.approx(expected, abs=1e-4)


def test_three_dimensions_collapse_to_correlated_factors(customers: Moments) -> None:
    text = "\n".join([*VALUE.splitlines()[:3], "value =~ functional + emotional + social"])
    found = second_order(parse_model(text), "value", lambda s: sem(s, customers))
    assert found.equivalent
    assert found.target == pytest.approx(1.0, abs=1e-6)
    assert found.rival("second_order").difference is None


def test_only_the_part_of_the_factor_is_fitted(customers: Moments) -> None:
    text = VALUE + "\nother =~ fun1 + emo1\nother ~ value\nfun2 ~~ fun3"
    syntax = parse_model(text)
    assert second_order_factors(syntax) == {
        "value": ("functional", "emotional", "social", "experiential")
    }
    found = second_order(syntax, "value", lambda s: sem(s, customers))
    solution = found.rival("correlated").solution
    assert solution is not None
    assert "other" not in solution.latent
    assert solution.estimate("fun2", "~~", "fun3").free


def test_improper_rivals_are_not_tested() -> None:
    """Correlated factors of this published matrix end improper, so nothing is compared."""
    study = load_study("servqual_babakus_boller")
    syntax = parse_model(study.models["second_order"].text)
    names = [n for n in syntax.variables if n not in syntax.latent]
    given = moments(study.data, names, StudyParams(study=study.name))
    found = second_order(syntax, "quality", lambda s: sem(s, given))
    assert not found.rival("correlated").admissible
    assert all(r.difference is None for r in found.rivals)
    assert np.isnan(found.target)


def test_two_dimensions_are_too_few(customers: Moments) -> None:
    text = "\n".join([*VALUE.splitlines()[:2], "value =~ functional + emotional"])
    found = second_order(parse_model(text), "value", lambda s: sem(s, customers))
    assert [m.code for m in found.findings] == ["second_order.few"]
    assert not found.rival("second_order").admissible
