"""Parameter tables of all fitted reference models, where the reference data are at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from analysis.syntax import PartableOptions, parse_model, partable

COLUMNS = ("lhs", "op", "rhs", "user", "group", "free", "ustart", "exo", "label", "plabel")
FLAGS = {
    "std.lv=TRUE": {"std_lv": True},
    "orthogonal=TRUE": {"orthogonal": True},
    "effect.coding=TRUE": {"effect_coding": True},
    "fixed.x=FALSE": {"fixed_x": False},
    "auto.fix.first=FALSE": {"auto_fix_first": False},
    "meanstructure=TRUE": {"meanstructure": True},
    "sample.mean=": {"meanstructure": True},
    "missing='": {"meanstructure": True},
    "theta": {"parameterization": "theta"},
}


def options_of(call: str, table: list[dict[str, Any]]) -> PartableOptions:
    """The options that a recorded call stands for."""
    settings: dict[str, Any] = {}
    for text, values in FLAGS.items():
        settings |= values if text in call else {}
    if call.startswith("growth("):
        settings |= {"int_ov_free": False, "int_lv_free": True, "meanstructure": True}
    for option in ("group.equal", "group.partial"):
        found = re.search(re.escape(option) + r"=(c\(.*?\)|['\"].*?['\"])", call)
        if found and "measEq.syntax" not in call:
            values = re.findall(r"['\"](.*?)['\"]", found.group(1))
            settings[option.replace(".", "_")] = tuple(values)
    thresholds: dict[str, int] = {}
    for row in table:
        if row["op"] == "|" and row["group"] == 1:
            thresholds[row["lhs"]] = thresholds.get(row["lhs"], 0) + 1
    groups = tuple(f"g{i}" for i in range(max(row["group"] for row in table)))
    return PartableOptions(groups=groups, thresholds=thresholds, **settings)


def test_all_tables_equal_lavaan(shared_dir: Path) -> None:
    compared, different = 0, []
    for path in sorted((shared_dir / "golden").glob("*.json")):
        golden = json.loads(path.read_text("utf-8"))
        table = golden.get("parTable") if isinstance(golden, dict) else None
        if not isinstance(table, list):
            continue
        model = re.sub(r"  \(.*\)$", "", golden["model"])
        options = options_of(golden["call"], table)
        got = partable(parse_model(model), options=options)
        expected = [tuple(row.get(column) for column in COLUMNS) for row in table]
        if [tuple(getattr(row, column) for column in COLUMNS) for row in got.rows] != expected:
            different.append(path.stem)
        compared += 1
    assert compared > 0
    assert different == []
