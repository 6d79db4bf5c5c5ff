"""Evidence on what if: a static table, and in the report's page sliders that extend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.drivers import DrawKind, Response, WhatIf
from analysis.report.drivers_words import refused
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.numbers import interval, number
from analysis.report.payload import rounded
from analysis.report.prose import conclusive, finite, join
from analysis.report.records import Cell, Column, Table
from analysis.report.what_if_records import WhatIfWidget, WidgetLever, WidgetResponse
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
STEP = 10
DIGITS = {"index": 1, "nps": 1, "mean": 2}


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/what_if.toml``."""
    return text(f"what_if.{key}", language, **fields)


def what_if_evidence(
    found: WhatIf,
    solution: Solution,
    *,
    kind: DrawKind,
    draws: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """What ten points more of each driver imply; sliders where a conclusion may be drawn."""
    names = resolve(labels)
    title = say("title", language)
    usable = [r for r in found.responses if all(finite(e) for e in r.effects)]
    if not found.levers or not usable:
        return Evidence("what-if", title, paragraphs=(say("no_scale", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    columns = [Column("driver", say("column.driver", language))]
    for r in usable:
        head = response_name(r, names, language)
        columns += [
            Column(f"{r.name}.change", say("column.change", language), "number", DIGITS[r.kind],
                   group=head),
            Column(f"{r.name}.ci", say("column.ci", language), group=head),
        ]  # fmt: skip
    rows = tuple(_row(found, lever.name, usable, names, language) for lever in found.levers)
    known = [r for r in usable if finite(r.level)]
    levels = join(
        (f"{response_name(r, names, language)} "
         f"{number(r.level, digits=DIGITS[r.kind], language=language)}" for r in known), language
    )  # fmt: skip
    notes = [say("note", language, step=STEP)]
    if levels:
        notes.append(say("levels", language, levels=levels))
    if any(r.kind in ("nps", "mean") for r in usable):
        notes.append(say("behaviour", language))
    notes.append(say(f"spread.{kind}", language, draws=draws))
    table = Table("what-if", title, tuple(columns), rows, notes=tuple(notes))
    admitted = conclusive(solution)
    return Evidence(
        "what-if", title, table=table, verdict=refused(solution, language),
        paragraphs=(say("causal", language),) if admitted else (say("no_sliders", language),),
        language=language, stamps=tuple(stamps),
        widget=_widget(found, usable, names, language) if admitted else None,
    )  # fmt: skip


def response_name(r: Response, names: Labels, language: str) -> str:
    """An outcome's name with its unit."""
    if r.kind == "nps":
        return say("word.nps", language)
    return names.of(r.name)


def _row(
    found: WhatIf, lever: str, usable: Sequence[Response], names: Labels, language: str
) -> tuple[Cell, ...]:
    cells: list[Cell] = [names.of(lever)]
    for r in usable:
        change, digits = found.change(r.name, {lever: STEP}), DIGITS[r.kind]
        span = interval(change.low, change.high, digits=digits, language=language)
        span = span.replace(" ", "\u00a0")
        cells += [change.est, span if finite(change.low) else ""]
    return tuple(cells)


def _widget(
    found: WhatIf, usable: Sequence[Response], names: Labels, language: str
) -> WhatIfWidget:
    def plain(value: float) -> float:
        kept = rounded(value)
        assert isinstance(kept, float | int)
        return float(kept)

    levers = tuple(
        WidgetLever(
            names.of(v.name), plain(v.level) if finite(v.level) else None, v.lowest, v.highest
        )
        for v in found.levers
    )
    responses = []
    for r in usable:
        whole = all(finite(v) for row in r.covariance for v in row)
        covariance = tuple(tuple(plain(v) for v in row) for row in r.covariance) if whole else ()
        responses.append(
            WidgetResponse(
                response_name(r, names, language), plain(r.level) if finite(r.level) else None,
                DIGITS[r.kind], tuple(plain(e) for e in r.effects), covariance,
            )
        )  # fmt: skip
    return WhatIfWidget(levers, tuple(responses), plain(found.quantile))
