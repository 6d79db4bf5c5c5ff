"""Evidence from the second engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import say, unit
from analysis.report.records import Cell, Column, Notice, Table, Verdict
from analysis.sem import Solution


def engine_table(
    solution: Solution,
    *,
    largest: int = 10,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Standardized estimates and standard errors of both engines where they differ most."""
    del labels
    title = say("engines.title", language)
    found = solution.second_engine
    if found is None:
        return Evidence(
            id="second-engine", title=title, paragraphs=(say("engines.none", language),),
            citations=("igolkina2020",), language=language, stamps=tuple(stamps),
        )  # fmt: skip
    ranked = sorted(found.rows, key=lambda r: -abs(r.std_ours - r.std_theirs))
    rows: list[tuple[Cell, ...]] = [
        (f"{r.lhs} {r.op} {r.rhs}", r.std_ours, r.std_theirs, abs(r.std_ours - r.std_theirs),
         r.se_ours, r.se_theirs, abs(r.se_ours - r.se_theirs))
        for r in ranked[:largest]
    ]  # fmt: skip
    both = {"ours": say("engines.ours", language), "theirs": f"{found.engine} {found.version}"}
    std, se = say("engines.std", language), say("engines.se", language)
    gap = say("column.difference", language)
    table = Table(
        key="second-engine",
        title=title,
        columns=(
            Column("parameter", say("column.parameter", language), "code"),
            Column("std_ours", both["ours"], "unit", 4, group=std),
            Column("std_theirs", both["theirs"], "unit", 4, group=std),
            Column("std_difference", gap, "unit", 4, group=std),
            Column("se_ours", both["ours"], "unit", 4, group=se),
            Column("se_theirs", both["theirs"], "unit", 4, group=se),
            Column("se_difference", gap, "unit", 4, group=se),
        ),
        rows=tuple(rows),
        notes=(say("engines.note", language, shown=len(rows), total=len(found.rows)),),
    )
    fields = {
        "engine": both["theirs"],
        "std": unit(found.max_difference_std, language, 4),
        "se": unit(found.max_difference_se, language, 4),
        "limit": unit(criterion("engines.difference").good, language, 2),
    }
    agreed = found.agrees
    sentence = say("engines.agree" if agreed else "engines.disagree", language, **fields)
    notices = () if agreed else (Notice("error", sentence, "", say("engines.remedy", language)),)
    return Evidence(
        id="second-engine", title=title, table=table, notices=notices,
        verdict=None if agreed else Verdict("none", (say("engines.no_verdict", language),)),
        paragraphs=(sentence,) if agreed else (), citations=("igolkina2020", "meshcheryakov2021"),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip
