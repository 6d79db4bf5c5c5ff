"""Arithmetic of definitions and constraints."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.errors import ModelSyntaxError
from analysis.syntax import parse_expression

RTOL = 1e-13  # both sides are double precision

A, B = 0.7, 1.3
VALUES = {
    "a+b*2": A + B * 2,
    "(a+b)*2": (A + B) * 2,
    "a-b-1": A - B - 1,
    "a/b/2": A / B / 2,
    "-a^2": -(A**2),
    "2^-a": 2**-A,
    "2^a^b": 2 ** (A**B),
    "- -a + +b": A + B,
    "exp(a)*log(b)": math.exp(A) * math.log(B),
    "sqrt(a*b)/abs(-b)": math.sqrt(A * B) / B,
    "log10(b)+sin(a)+cos(a)+tan(a)": math.log10(B) + math.sin(A) + math.cos(A) + math.tan(A),
    "1e-3*a + .5": 1e-3 * A + 0.5,
    "pi*a": math.pi * A,
}


@pytest.mark.parametrize("text", VALUES)
def test_value_brute_force(text: str) -> None:
    result = parse_expression(text).evaluate({"a": A, "b": B})
    np.testing.assert_allclose(result, VALUES[text], rtol=RTOL)


@pytest.mark.parametrize("text", VALUES)
def test_complex_step_equals_central_difference(text: str) -> None:
    expression = parse_expression(text)
    exact = np.imag(expression.evaluate({"a": complex(A, 1e-30), "b": B})) / 1e-30
    step = 1e-6
    up, down = (expression.evaluate({"a": A + s, "b": B}) for s in (step, -step))
    np.testing.assert_allclose(exact, (up - down) / (2 * step), rtol=1e-7, atol=1e-8)


def test_arrays_broadcast() -> None:
    draws = np.array([[1.0, 2.0], [3.0, 4.0]])
    result = parse_expression("a*b-abs(a)").evaluate({"a": draws, "b": 2.0})
    np.testing.assert_array_equal(result, draws)


def test_undefined_values_are_nan_or_inf_without_warning() -> None:
    assert math.isnan(parse_expression("log(a)").evaluate({"a": -1.0}))
    assert math.isinf(parse_expression("1/a").evaluate({"a": 0.0}))


def test_names_and_text() -> None:
    expression = parse_expression("a1 * b / (c + a1*b) # share")
    assert expression.names == {"a1", "b", "c"}
    assert str(expression) == "a1*b/(c+a1*b)"


def test_a_name_without_value_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        parse_expression("a").evaluate({})


@pytest.mark.parametrize("text", ["", "a+", "(a", "a b", "foo(a)", "*a", "a)", "a $ b"])
def test_bad_text_is_refused(text: str) -> None:
    with pytest.raises(ModelSyntaxError, match="line 1, column"):
        parse_expression(text)
