"""Customer value: BG/NBD and Gamma-Gamma, expected value with limits, holdout, value at stake."""

from analysis.methods.customer_value.amounts import dependence, expected_amount, fit_amounts
from analysis.methods.customer_value.fitting import Estimates
from analysis.methods.customer_value.history import History, history, later
from analysis.methods.customer_value.purchases import alive, expected, fit_purchases
from analysis.methods.customer_value.worth import (
    Check,
    Group,
    Values,
    Worth,
    customer_values,
    groups,
    holdout,
    worth,
)

__all__ = [
    "Check",
    "Estimates",
    "Group",
    "History",
    "Values",
    "Worth",
    "alive",
    "customer_values",
    "dependence",
    "expected",
    "expected_amount",
    "fit_amounts",
    "fit_purchases",
    "groups",
    "history",
    "holdout",
    "later",
    "worth",
]
