"""Ordered items from tables and batches of answers against the same from all rows."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import ModelError
from analysis.sem.ordinal_stats import ordinal_moments
from analysis.sem.ordinal_tables import Tabled, categories_of

NAMES = ("a", "b", "c", "d")
LOWEST = np.array([1.0, 1.0, 0.0, 1.0])


def answers(n: int = 500, seed: int = 8) -> np.ndarray:
    """Items with 5, 4 (the code 3 never chosen), 2 and 3 categories."""
    random = np.random.default_rng(seed)
    z = 0.8 * random.standard_normal((n, 1)) + random.standard_normal((n, 4))
    a = 1 + np.searchsorted([-1.5, -0.5, 0.5, 1.5], z[:, 0])
    b = np.array([1, 2, 4, 5])[np.searchsorted([-0.8, 0.0, 0.9], z[:, 1])]
    return np.column_stack([a, b, z[:, 2] > 0.3, 1 + np.searchsorted([-0.5, 0.7], z[:, 3])]).astype(
        float
    )


def tables_of(rows: np.ndarray, K: int = 5) -> np.ndarray:
    hot = (rows - LOWEST)[:, :, None] == np.arange(K)
    return np.einsum("nik,njl->ikjl", hot.astype(float), hot.astype(float))


def test_batches_equal_all_rows() -> None:
    rows = answers()
    known = ordinal_moments(rows, NAMES, NAMES)
    tabled = Tabled.of(tables_of(rows), NAMES, LOWEST)
    influence = np.sum([tabled.influence(rows[i : i + 77]) for i in range(0, 500, 77)], axis=0)
    found = tabled.moments(influence)
    assert (found.n, found.categories, found.ordered) == (500, known.categories, known.ordered)
    assert found.stacked_names == known.stacked_names
    np.testing.assert_allclose(found.stacked, known.stacked, atol=1e-10)
    np.testing.assert_allclose(found.gamma, known.gamma, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found.threshold_variable, known.threshold_variable)
    assert found.empty_tables == known.empty_tables


def test_groups_share_their_categories() -> None:
    first, second = answers(), answers(300, seed=9)
    pooled = categories_of(tables_of(first) + tables_of(second))
    found = Tabled.of(tables_of(second), NAMES, LOWEST, chosen=pooled, label="web")
    assert found.categories[1] == (1.0, 2.0, 4.0, 5.0) and found.n == 300
    second = second[second[:, 0] > 1]
    with pytest.raises(ModelError, match="web") as caught:
        Tabled.of(tables_of(second), NAMES, LOWEST, chosen=pooled, label="web")
    assert [m.code for m in caught.value.messages] == ["ordinal.empty_category"]


def test_items_that_everybody_answered_alike_are_refused() -> None:
    rows = answers()
    rows[:, 3] = 2.0
    with pytest.raises(ModelError) as caught:
        Tabled.of(tables_of(rows), NAMES, LOWEST)
    assert [m.code for m in caught.value.messages] == ["ordinal.constant"]
    assert "2" in caught.value.text() and "d" in caught.value.text()
