"""Evidence on indirect effects in several groups: estimates, differences, forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.invariance import GroupEffect
from analysis.report.evidence import Evidence
from analysis.report.invariance_words import count_of, say
from analysis.report.labels import Labels, resolve
from analysis.report.plots import ForestRow, forest, forest_data
from analysis.report.prose import interval_columns, join
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("mackinnon2004", "holm1979")
ALPHA = 0.05


def effect_name(effect: GroupEffect, names: Labels) -> str:
    """Where an effect leads through, from and to; the label of one that is no single way."""
    if effect.via:
        return " \u2192 ".join(names.of(name) for name in effect.via)
    return names.of(effect.name) if effect.name else names.path(effect.source, effect.target)


def group_effects_figure(
    effects: Sequence[GroupEffect],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Effects with their intervals, groups under each effect."""
    names = resolve(labels)
    title = say("indirect.title", language)
    if not effects:
        return Evidence("group-effects-figure", title, language=language, stamps=tuple(stamps),
                        paragraphs=(say("indirect.none", language),))  # fmt: skip
    rows = [
        ForestRow(
            names.group(one.group), effect_name(effect, names), one.est, one.ci_lower,
            one.ci_upper, any(pair.p_holm < ALPHA for pair in effect.pairs),
        )
        for effect in effects
        for one in effect.groups
    ]  # fmt: skip
    count = len(effects[0].groups)
    alt = say("indirect.alt", language, count=len(effects), groups=count)
    axis = say("indirect.axis", language)
    svg = forest(rows, title=title, alt=alt, axis=axis, language=language)
    data = forest_data(rows, "group-effects", title, language)
    note = say("indirect.figure_note", language)
    return Evidence(
        id="group-effects-figure",
        title=title,
        figure=Figure("group-effects", title, svg, alt, data, (note,)),
        language=language,
        stamps=tuple(stamps),
    )


def group_effects_table(
    effects: Sequence[GroupEffect],
    *,
    draws: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Differences of every effect between every pair of groups."""
    names = resolve(labels)
    title = say("indirect.pairs_title", language)
    rows: list[tuple[Cell, ...]] = []
    groups = []
    for effect in effects:
        groups.append((len(rows), effect_name(effect, names)))
        for d in effect.pairs:
            pair = f"{names.group(d.group)} \u2212 {names.group(d.reference)}"
            rows.append((pair, d.est, d.ci_lower, d.ci_upper, d.p, d.p_holm))
    table = Table(
        key="effect-differences",
        title=title,
        columns=(
            Column("pair", say("column.compared", language)),
            Column("est", say("column.d", language), "number"),
            *interval_columns(language),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("p_holm", say("column.p_holm", language), "p"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(
            say("indirect.note", language, draws=count_of(draws, language), count=len(rows),
                sources=cite(SOURCES, language)),
        ),
    )  # fmt: skip
    different = [effect_name(e, names) for e in effects if any(d.p_holm < ALPHA for d in e.pairs)]
    words = say("indirect.same", language)
    if different:
        words = say("indirect.different", language, names=join(different, language))
    verdict = Verdict("mixed" if different else "good", (words,), SOURCES)
    return Evidence(
        id="group-effects-table",
        title=title,
        table=table if rows else None,
        verdict=verdict if rows else None,
        paragraphs=() if rows else (say("indirect.none", language),),
        citations=SOURCES if rows else (),
        language=language,
        stamps=tuple(stamps),
    )
