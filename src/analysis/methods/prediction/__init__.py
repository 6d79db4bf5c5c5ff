"""Out-of-sample evidence: cross-validated fit, prediction of items, transfer between groups."""

from analysis.methods.prediction.benchmark import (
    LossTest,
    PredictedItem,
    Prediction,
    items_of,
    loss_test,
    predict_items,
)
from analysis.methods.prediction.crossvalidation import (
    FOLDS,
    REPEATS,
    SATURATED,
    CrossValidated,
    CrossValidation,
    crossvalidate,
)
from analysis.methods.prediction.holdout import Holdout, Transfer, holdout

__all__ = [
    "FOLDS",
    "REPEATS",
    "SATURATED",
    "CrossValidated",
    "CrossValidation",
    "Holdout",
    "LossTest",
    "PredictedItem",
    "Prediction",
    "Transfer",
    "crossvalidate",
    "holdout",
    "items_of",
    "loss_test",
    "predict_items",
]
