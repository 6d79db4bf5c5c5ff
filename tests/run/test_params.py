"""Parameters: what is refused, and how."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.errors import InputError
from analysis.i18n import LANGUAGES, catalogue
from analysis.run.params import NOTEBOOKS, from_texts, nearest, schema, validate


def codes(values: dict[str, Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        validate("20_structure", values)
    return [m.code for m in caught.value.messages]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["run.missing_parameter"]),
        ({"study": "a", "bramd": "x"}, ["run.unknown_parameter_near"]),
        ({"study": "a", "zzz": 1}, ["run.unknown_parameter"]),
        ({"study": "a", "language": "fr"}, ["run.not_a_choice"]),
        ({"study": "a", "brand": False}, ["run.boolean_for_text"]),
        ({"study": "a", "brand": 1e3}, ["run.not_text"]),
        ({"study": "a", "brand": None}, ["run.not_text"]),
        ({"study": "a", "brand": ["x"]}, ["run.not_text"]),
        ({"study": 1.5, "estimator": "ml", "q": 1}, ["run.unknown_parameter", "run.not_text",
                                                     "run.not_a_choice_or_empty"]),
    ],
)  # fmt: skip
def test_bad_parameters_are_all_named(values: dict[str, Any], expected: list[str]) -> None:
    assert codes(values) == expected


def test_a_subclass_of_text_is_refused() -> None:
    class Evil(str):
        def __repr__(self) -> str:
            return "__import__('os')"

    assert codes({"study": Evil("a")}) == ["run.not_text"]


def test_whole_numbers_stand_for_the_text_they_were_typed_as() -> None:
    assert validate("20_structure", {"study": "a", "wave": 2}).wave == "2"


def test_the_message_names_the_nearest_and_the_good_ones() -> None:
    with pytest.raises(InputError) as caught:
        validate("20_structure", {"study": "a", "estimater": "ML"})
    words = caught.value.text()
    assert "'estimater'" in words
    assert "Did you mean 'estimator'?" in words
    assert "likelihood" in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_said(language: str) -> None:
    values = {"study": 1.5, "brand": False, "language": "fr", "chanel": "x", "zzz": 1}
    with pytest.raises(InputError) as caught:
        validate("10_measurement", values)
    words = caught.value.text(language)
    assert "{" not in words
    assert len(words.splitlines()) == 5


def test_unknown_notebook_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean '20_structure'"):
        schema("20_structur")


@pytest.mark.parametrize(
    "text", ["study", "=x", "a b=1", "class=1", "q=0\nopen('x')=1", "1a=2"]
)  # fmt: skip
def test_texts_that_are_no_assignments(text: str) -> None:
    pairs = [text]
    if text.startswith("q="):
        assert from_texts(pairs) == {"q": "0\nopen('x')=1"}
        return
    with pytest.raises(InputError):
        from_texts(pairs)


def test_a_parameter_given_twice() -> None:
    with pytest.raises(InputError, match="twice"):
        from_texts(["a=1", "a=2"])


def test_nearest_ignores_case() -> None:
    assert nearest("STUDY", ["study", "model"]) == "study"


def test_every_parameter_is_described() -> None:
    known = catalogue("en")
    for parameters in NOTEBOOKS.values():
        for name in parameters.model_fields:
            assert f"notebooks.parameters.{name}" in known
