"""Words of vector kernels: compiled ones against what NumPy says they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.sem import Moments
from analysis.sem.resampling import lowrank, small, vectors
from analysis.sem.resampling.compiled import pure
from analysis.sem.resampling.draws import Resampler, units_of
from analysis.sem.resampling.vectors import LANES, load, store


def _meaning(A: np.ndarray, out: np.ndarray) -> None:
    a, b, c = load(A, 0), load(A, 1), load(A, 2)
    store(out, 0, a + b)
    store(out, 1, a - b)
    store(out, 2, a * b)
    store(out, 3, a / b)
    store(out, 4, vectors.fma(a, b, c))
    store(out, 5, vectors.root(a))
    store(out, 6, vectors.lesser(a, b))
    store(out, 7, vectors.chosen(b, a, c))
    store(out, 8, vectors.spread(A[0, 1]))
    store(out, 9, vectors.mantissa(c))
    store(out, 10, vectors.exponent(c))


_words = pure(_meaning)


@pure
def _logarithm(A: np.ndarray, out: np.ndarray) -> None:
    store(out, 0, lowrank.log_lanes(load(A, 0)))


def test_words_equal_numpy() -> None:
    random = np.random.default_rng(1)
    A = random.standard_normal((3, LANES))
    A[0, :3], A[1, 3:5] = [np.nan, np.inf, 0.0], np.nan
    A[2] = np.exp(20 * A[2])
    compiled, plain = np.zeros((11, LANES)), np.zeros((11, LANES))
    _words(A, compiled)
    with np.errstate(all="ignore"):
        _meaning(A, plain)
    np.testing.assert_allclose(compiled, plain, rtol=1e-15, atol=1e-15)


def test_logarithm_equals_numpy() -> None:
    random = np.random.default_rng(2)
    for scale in (1e-3, 1.0, 200.0):
        x = np.exp(scale * random.standard_normal((1, LANES)))
        found = np.zeros((1, LANES))
        _logarithm(x, found)
        np.testing.assert_allclose(found, np.log(x), rtol=3e-16, atol=3e-16)


@pytest.fixture
def has_quads() -> None:
    _words(np.ones((3, LANES)), np.zeros((11, LANES)))
    if not small.has_bytes():
        pytest.skip("the processor does not multiply bytes")


@pytest.mark.usefixtures("has_quads")
@pytest.mark.parametrize(("units", "columns"), [(1, 1), (4, 16), (250, 171), (1001, 33)])
def test_small_sums_equal_a_matrix_product(units: int, columns: int) -> None:
    random = np.random.default_rng(units)
    x = random.integers(-127, 128, (columns, units)).astype(np.int8)
    counts = small.counters(16, units)
    counts[:, :units] = random.integers(0, 256, (16, units))
    found = small.weighed(counts, small.packed(x))[:, :columns]
    np.testing.assert_array_equal(found, counts[:, :units].astype(int) @ x.T.astype(int))


@pytest.mark.usefixtures("has_quads")
def test_draws_of_small_answers_equal_those_of_floating_point() -> None:
    rows = np.random.default_rng(3).integers(1, 8, (150, 5)).astype(float)
    (units,) = units_of(Moments.from_data(rows, list("abcde")).groups)
    assert units.small is not None
    plain = replace(units)
    vars(plain)["small"] = None
    for number in (0, 3):
        found, wanted = (Resampler((u,), 1)(number).stats for u in (units, plain))
        np.testing.assert_array_equal(found, wanted)


def test_large_answers_are_not_packed() -> None:
    rows = np.random.default_rng(4).integers(0, 101, (60, 3)).astype(float)
    (units,) = units_of(Moments.from_data(rows, list("abc")).groups)
    assert units.small is None and units.products.dtype == np.float32
