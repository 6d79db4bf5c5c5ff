"""From the folders of a batch's runs to the records of the page over all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.methods.multiplicity import Estimated, families
from analysis.report import from_payload
from analysis.report.records import Table
from analysis.report.rollup_records import RolledDifference, RolledRun, RolledValue, Rollup
from analysis.report.tables import plain
from analysis.run.batch.manifest import Standing
from analysis.run.batch.plan import BatchPlan
from analysis.run.params import LEVELS

WANTED = ("paths", "defined-effects", "r2", "reliability", "index")
COEFFICIENTS = ("alpha", "omega", "cr", "ave")
UP = "../../"
SEPARATOR = "\u2003"


def rolled_up(plan: BatchPlan, standing: Sequence[Standing], language: str) -> Rollup:
    """The batch as its page shows it: runs in the reader's language first for each difference."""
    runs = tuple(_run(one, plan.place.reports, language) for one in standing)
    title = plan.batch.title.get(language, plan.batch.name)
    return Rollup(plan.batch.name, title, runs, tuple(_differences(runs, language)))


def _run(one: Standing, reports: Path, language: str) -> RolledRun:
    entry, record = one.entry, one.record or {}
    parameters = dict(entry.job.parameters if entry.job else entry.values)
    failure = record.get("failure") or {}
    reason = entry.reason.text(language) if entry.reason else ""
    if failure:
        step = f"[{failure['step']}] " if failure.get("step") else ""
        reason = step + str(failure.get("text") or failure.get("name") or "")
    return RolledRun(
        number=entry.number,
        run=entry.run,
        status=one.status,
        study=entry.study,
        notebook=entry.notebook,
        model=str(parameters.get("model", "")),
        language=str(parameters.get("language", "")),
        settings={k: str(v) for k, v in parameters.items() if k != "study"},
        n=record.get("n", entry.n),
        estimator=str(record.get("estimator", "")),
        outcome=str(record.get("outcome", "")),
        verdict=str(record.get("verdict", "none")),
        measures=dict(record.get("measures") or {}),
        values=tuple(values(reports / one.path / "evidence")) if one.status == "ok" else (),
        reason=reason,
        kind=str(failure.get("kind", "")),
        path=UP + one.path if one.path else "",
        simulated=bool(record.get("simulated")),
    )


def values(evidence: Path) -> Iterator[RolledValue]:
    """The numbers of a run that can be compared with other runs', from its evidence."""
    for path in sorted(evidence.glob("*.json")):
        name = path.stem.partition("-")[2]
        if not any(one in name for one in WANTED):
            continue
        table = from_payload(json.loads(path.read_text("utf-8"))).table
        if table is not None:
            yield from _read(table)


def _read(table: Table) -> Iterator[RolledValue]:
    keys = [column.key for column in table.columns]
    headings, group = dict(table.groups), ""
    for number, cells in enumerate(table.rows):
        group = plain(headings.get(number, group)).partition(SEPARATOR)[0]
        row = dict(zip(keys, cells, strict=True))
        label = plain(str(cells[0])).strip()
        if table.key == "paths" and label.startswith("\u2190"):
            yield from _estimate("path", f"{label[1:].strip()} \u2192 {group}", row)
        elif table.key == "defined-effects":
            yield from _estimate("effect", label, row)
        elif table.key == "r2" and (r2 := _number(row, "r2")) is not None:
            yield RolledValue("r2", label, r2)
        elif table.key == "reliability" and "alpha" in row:
            lead = f"{group}: " if group else ""
            for key in COEFFICIENTS:
                if (found := _number(row, key)) is not None:
                    yield RolledValue("reliability", f"{lead}{label}, {key}", found)
        elif "index" in row and "low" in row and (found := _number(row, "index")) is not None:
            yield RolledValue("index", label, found, _number(row, "low"), _number(row, "high"))


def _estimate(kind: Any, name: str, row: Mapping[str, Any]) -> Iterator[RolledValue]:
    est = _number(row, "est")
    if est is None:
        return
    yield RolledValue(
        kind,
        name,
        est,
        _number(row, "ci_lower"),
        _number(row, "ci_upper"),
        _number(row, "se"),
        _number(row, "p"),
        _number(row, "std_all"),
        _number(row, "std_all_ci_lower"),
        _number(row, "std_all_ci_upper"),
    )


def _number(row: Mapping[str, Any], key: str) -> float | None:
    found = row.get(key)
    known = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if known else None  # type: ignore[arg-type]


def _differences(runs: Sequence[RolledRun], language: str) -> Iterator[RolledDifference]:
    """Unstandardized paths between the levels of a factor, everything else being equal.

    Each fit counts once, whatever languages it was reported in; "everybody" is no level.
    """
    by_factor: dict[str, list[Estimated]] = {factor: [] for factor in LEVELS}
    seen: set[tuple[object, ...]] = set()
    for run in sorted(runs, key=lambda run: (run.language != language, run.number)):
        about = {**run.settings, "study": run.study, "notebook": run.notebook}
        about.pop("language", None)
        key = tuple(sorted(about.items()))
        if run.status != "ok" or key in seen:
            continue
        seen.add(key)
        for factor in LEVELS:
            if about.get(factor):
                rest = tuple(f"{k}={v}" for k, v in sorted(about.items()) if k != factor and v)
                by_factor[factor] += [
                    Estimated(v.name, rest, about[factor], v.est, v.se)
                    for v in run.of("path")
                    if v.se is not None
                ]
    for factor, found in families(by_factor).items():
        for d in found:
            told = [c.replace("=", " = ") for c in d.context if c.partition("=")[0] in LEVELS]
            yield RolledDifference(factor, ", ".join(told), d.name, d.first, d.second, d.est,
                                   d.low, d.high, d.p, d.p_holm, d.p_bh)  # fmt: skip
