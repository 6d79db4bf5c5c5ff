"""Estimators as rows of a table: which loss, which standard errors, which test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

LossName = Literal["ML", "ULS", "GLS", "WLS", "DWLS"]
Information = Literal["expected", "observed", "first.order"]
SE = Literal["standard", "robust.sem", "robust.huber.white"]
TestName = Literal[
    "standard", "satorra.bentler", "mean.var.adjusted", "scaled.shifted", "yuan.bentler.mplus"
]
Estimator = Literal[
    "ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF", "GLS", "ULS", "WLS",
    "DWLS", "WLSM", "WLSMV", "WLSMVS", "ULSM", "ULSMV", "ULSMVS",
]  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """What an estimator's name stands for in lavaan."""

    loss: LossName
    se: SE = "standard"
    test: TestName = "standard"
    information: Information = "expected"


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "ML": Preset("ML"),
        "MLM": Preset("ML", "robust.sem", "satorra.bentler"),
        "MLMV": Preset("ML", "robust.sem", "scaled.shifted"),
        "MLMVS": Preset("ML", "robust.sem", "mean.var.adjusted"),
        "MLR": Preset("ML", "robust.huber.white", "yuan.bentler.mplus", "observed"),
        "MLF": Preset("ML", information="first.order"),
        "GLS": Preset("GLS"),
        "ULS": Preset("ULS"),
        "WLS": Preset("WLS"),
        "DWLS": Preset("DWLS"),
        "WLSM": Preset("DWLS", "robust.sem", "satorra.bentler"),
        "WLSMV": Preset("DWLS", "robust.sem", "scaled.shifted"),
        "WLSMVS": Preset("DWLS", "robust.sem", "mean.var.adjusted"),
        "ULSM": Preset("ULS", "robust.sem", "satorra.bentler"),
        "ULSMV": Preset("ULS", "robust.sem", "scaled.shifted"),
        "ULSMVS": Preset("ULS", "robust.sem", "mean.var.adjusted"),
    }
)
assert set(PRESETS) == set(get_args(Estimator))
