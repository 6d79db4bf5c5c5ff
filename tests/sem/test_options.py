"""What ``sem()`` says about options, identification and answers that it cannot use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pytest
from sem.cases import moments, shipped_data
from sem.reference import Array, read_labels

from analysis.errors import ModelError
from analysis.sem import Moments, Outcome, Solution, sem
from analysis.sem.estimators import PRESETS, Estimator

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
LIKERT = "trust =~ t1 + t2 + t3 + t4\nloyalty =~ l1 + l2 + l3 + l4"
ITEMS = [f"{letter}{i}" for letter in "tl" for i in range(1, 5)]


@pytest.fixture(scope="module")
def pupils() -> Moments:
    return moments(shipped_data("holzinger")[1], THREE)


@pytest.fixture(scope="module")
def gappy() -> Moments:
    return moments(shipped_data("holes")[1], THREE)


@pytest.fixture(scope="module")
def shops() -> tuple[Mapping[str, Array], tuple[str, ...]]:
    file, columns = shipped_data("ordinal_groups")
    return columns, read_labels(file, "group")


@pytest.fixture(scope="module")
def shoppers(shops: tuple[Mapping[str, Array], tuple[str, ...]]) -> Moments:
    return moments(shops[0], LIKERT, shops[1])


@pytest.fixture(scope="module")
def matrix(pupils: Moments) -> Moments:
    cov = pupils.groups[0].cov
    return Moments.from_published(names=pupils.names, n=301, covariances=cov)


def refusal(model: str, data: Moments, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        sem(model, data, **options)
    for language in ("en", "zh"):
        assert caught.value.text(language)
    return caught.value


@pytest.mark.parametrize(
    ("option", "value", "good"),
    [
        ("estimator", "mlr", get_args(Estimator)),
        ("missing", "pairwise", ("listwise", "fiml")),
        ("parameterization", "probit", ("delta", "theta")),
        ("likelihood", "gamma", ("normal", "wishart")),
        ("information", "exact", ("expected", "observed", "first.order")),
        ("bounds", "all", ("none", "pos.var")),
        ("group_equal", ["loading"], ("loadings", "intercepts", "residuals", "thresholds")),
    ],
)
def test_wrong_option_lists_the_right_ones(
    option: str, value: object, good: tuple[str, ...], pupils: Moments
) -> None:
    error = refusal(THREE, pupils, **{option: value})
    for language in ("en", "zh"):
        text = error.text(language)
        assert option in text and all(name in text for name in good)


def test_wrong_release_names_the_nearest_parameter(shoppers: Moments) -> None:
    options = {"group_equal": ["loadings"], "group_partial": ["trust =~ t9"]}
    text = refusal(LIKERT, shoppers, **options).text()
    assert "'trust =~ t9'" in text and "'trust=~t" in text


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "GLS"])
def test_ordered_items_need_least_squares(estimator: str, shoppers: Moments) -> None:
    text = refusal(LIKERT, shoppers, ordered=ITEMS, estimator=estimator).text()
    good = [name for name, p in PRESETS.items() if p.loss in ("ULS", "DWLS", "WLS")]
    assert estimator in text and all(name in text for name in good)


def test_ordered_items_must_be_in_the_data(shoppers: Moments) -> None:
    text = refusal(LIKERT, shoppers, ordered=[*ITEMS, "t5"]).text()
    assert "t5" in text and "t1, t2, t3, t4" in text


def test_every_wrong_combination_is_told_at_once(gappy: Moments) -> None:
    options = {"estimator": "GLS", "missing": "fiml", "information": "first.order"}
    error = refusal(THREE, gappy, **options, ordered=["x99"])
    assert [m.code for m in error.messages] == [
        "ordinal.unknown_item",
        "sem.ordered_estimator",
        "sem.fiml_needs_ml",
        "sem.first_order_needs_ml",
    ]


@pytest.mark.parametrize("estimator", ["MLM", "MLMV", "GLS", "WLS", "WLSMV"])
def test_full_information_is_for_estimators_that_lavaan_allows(
    estimator: str, gappy: Moments
) -> None:
    text = refusal(THREE, gappy, estimator=estimator, missing="fiml").text()
    assert "ML, MLR or MLF" in text and "listwise" in text


def test_missing_answers_are_not_dropped_in_silence(gappy: Moments) -> None:
    text = refusal(THREE, gappy, estimator="MLM").text()
    assert "of 301 respondents" in text and 'missing = "listwise"' in text
    dropped = sem(THREE, gappy, estimator="MLM", missing="listwise")
    assert [note.code for note in dropped.notes] == ["sem.listwise"]
    assert str(301 - dropped.n) in dropped.notes[0].text()


@pytest.mark.parametrize(
    "options", [{"estimator": "MLR"}, {"estimator": "WLS"}, {"missing": "fiml"}]
)
def test_a_matrix_has_no_answers(options: dict[str, Any], matrix: Moments) -> None:
    assert [m.code for m in refusal(THREE, matrix, **options).messages] == ["sem.rows_needed"]


def test_one_name_may_stand_alone(shoppers: Moments) -> None:
    one = sem(LIKERT, shoppers, group_equal="loadings", group_partial="trust =~ t2")
    two = sem(LIKERT, shoppers, group_equal=["loadings"], group_partial=["trust =~ t2"])
    assert one.fit.value == two.fit.value
    assert sem(LIKERT, shoppers, ordered="t1").partable.ordered == ("t1",)


# Identification


def named(solution: Solution) -> str:
    assert solution.outcome is Outcome.NOT_IDENTIFIED
    return next(f for f in solution.findings if f.code == "sem.not_identified").text()


def test_unidentified_parameters_are_named_in_every_group(shoppers: Moments) -> None:
    text = named(sem("trust =~ t1 + t2\nloyalty =~ l1 + l2 + l3\ntrust ~~ 0*loyalty", shoppers))
    assert "trust=~t2" in text and "t1~~t1" in text and "l1~~l1" not in text
    assert "store" in text or ".g2" in text


def test_free_intercepts_and_means_are_named(shoppers: Moments) -> None:
    text = named(sem(f"{LIKERT}\ntrust ~ 1", shoppers))
    assert "trust~1" in text and "t1~1" in text and "loyalty" not in text


def test_free_variances_of_ordered_items_are_named(shoppers: Moments) -> None:
    model = f"{LIKERT}\nt2 ~~ t2"
    text = named(sem(model, shoppers, ordered=ITEMS, parameterization="theta"))
    assert "t2~~t2" in text and "trust=~t2" in text and "t2|t1" in text
    assert "t3" not in text and "loyalty" not in text


# Categories


def emptied(
    shops: tuple[Mapping[str, Array], tuple[str, ...]], item: str, category: int
) -> Moments:
    columns, group = shops
    there = (np.array(group) == "store") & (columns[item] == category)
    changed = dict(columns) | {item: np.where(there, category - 1, columns[item])}
    return moments(changed, LIKERT, group)


@pytest.mark.parametrize(("item", "category"), [("t1", 5), ("l3", 2)])
def test_empty_category_says_which_where_and_what_to_do(
    item: str, category: int, shops: tuple[Mapping[str, Array], tuple[str, ...]]
) -> None:
    error = refusal(LIKERT, emptied(shops, item, category), ordered=ITEMS)
    assert [m.code for m in error.messages] == ["ordinal.empty_category"]
    text = error.text()
    assert f"category {category} of {item} [store]" in text
    assert f"{category}: 0" in text
    assert "Merge the category with its neighbour in all groups" in text
    assert item in error.text("zh") and "store" in error.text("zh")


def test_merging_the_category_in_all_groups_is_enough(
    shops: tuple[Mapping[str, Array], tuple[str, ...]],
) -> None:
    columns, group = shops
    merged = dict(columns) | {"t1": np.minimum(columns["t1"], 4)}
    options = {"ordered": ITEMS, "group_equal": ["thresholds", "loadings"]}
    solution = sem(LIKERT, moments(merged, LIKERT, group), **options)  # type: ignore[arg-type]
    assert solution.outcome.admissible
    assert sum(e.op == "|" and e.lhs == "t1" for e in solution.estimates) == 6


def test_all_empty_categories_are_told_at_once(
    shops: tuple[Mapping[str, Array], tuple[str, ...]],
) -> None:
    columns, group = shops
    store = np.array(group) == "store"
    changed = dict(columns)
    for item in ("t1", "l4"):
        changed[item] = np.where(store & (columns[item] == 5), 4, columns[item])
    error = refusal(LIKERT, moments(changed, LIKERT, group), ordered=ITEMS)
    assert [m.fields["item"] for m in error.messages] == ["t1", "l4"]
