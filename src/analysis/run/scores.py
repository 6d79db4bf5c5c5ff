"""Scores of constructs on 0-100 for notebooks on respondents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.data import Codebook, Survey
from analysis.methods.loyalty_index import construct_score

Array = NDArray[np.float64]


def items_of(book: Codebook, construct: str) -> tuple[str, ...]:
    """A construct's items, or those of its first-order constructs."""
    own = book.construct(construct).items
    return own or tuple(
        i for child in book.children(construct) for i in book.construct(child).items
    )


def score(survey: Survey, construct: str) -> Array:
    """A construct's mean score (n,) on 0-100, NaN where under half was answered."""
    book = survey.codebook
    asked = [book.item(i) for i in items_of(book, construct)]
    answers = np.column_stack([survey.frame[i.name].to_numpy(float) for i in asked])
    low, high = ([getattr(i, end) or 0.0 for i in asked] for end in ("minimum", "maximum"))
    return construct_score(answers, low, high, [1.0 / len(asked)] * len(asked))
