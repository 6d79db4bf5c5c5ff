"""Evidence on moderation: interactions, simple slopes, Johnson-Neyman, moderated mediation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.moderation import ModeratedMediation, Moderation, Probe
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.moderation_figures import Band, Line, band_figure, lines_figure
from analysis.report.numbers import interval, number, p_phrase
from analysis.report.prose import conclusive, gate, join, unit
from analysis.report.records import Cell, Column, Figure, Notice, Table, Verdict
from analysis.report.svg import stacked

LabelsLike = Labels | Mapping[str, str] | None
CITED = ("marsh2004", "lin2010", "wen2010")
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Probed:
    """An interaction, its model, and the band of its slope over the moderator."""

    probe: Probe
    moderation: Moderation
    band: Band


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/moderation.toml``."""
    return text(f"moderation.{key}", language, **fields)


def interaction_name(p: Probe, names: Labels, language: str) -> str:
    """``Satisfaction x Switching cost``, or the square."""
    i = p.interaction
    if i.quadratic:
        return say("word.square", language, name=names.of(i.predictor))
    return f"{names.of(i.predictor)} \u00d7 {names.of(i.moderator)}"


def interactions_table(
    found: Sequence[Probed],
    findings: Sequence[Message] = (),
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Product terms with robust tests, standardized coefficients and the items multiplied."""
    names = resolve(labels)
    title = say("interactions.title", language)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for one in found:
        p = one.probe
        head = names.of(p.interaction.outcome)
        if not groups or groups[-1][1] != head:
            groups.append((len(rows), head))
        change = one.moderation.r2_change
        rows.append((
            interaction_name(p, names, language), p.est, p.se, p.z, p.p, p.ci_lower, p.ci_upper,
            p.std, p.std_ci_lower, p.std_ci_upper, change if isfinite(change) else None,
        ))  # fmt: skip
    table = Table("interactions", title, _interaction_columns(language), tuple(rows),
                  groups=tuple(groups), notes=_interaction_notes(found, language))  # fmt: skip
    verdict = _refused(found, language)
    words = () if verdict else tuple(_interaction_words(p.probe, names, language) for p in found)
    if any(p.probe.interaction.quadratic for p in found):
        words = (*words, say("interactions.ceiling", language))
    return Evidence(
        "interactions", title, table=table if rows else None, verdict=verdict,
        paragraphs=words, citations=CITED if rows else (),
        notices=tuple(Notice("warning", *m.parts(language)) for m in findings),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _interaction_columns(language: str) -> tuple[Column, ...]:
    raw, std = say("column.raw", language), say("column.std", language)
    low, high = say("column.lower", language), say("column.upper", language)
    return (
        Column("product", say("column.product", language)),
        Column("est", "\u27e6B\u27e7", "number", group=raw),
        Column("se", "\u27e6SE\u27e7", "number", group=raw),
        Column("z", "\u27e6z\u27e7", "number", 2, group=raw),
        Column("p", "\u27e6p\u27e7", "p", group=raw),
        Column("ci_lower", low, "number", group=raw),
        Column("ci_upper", high, "number", group=raw),
        Column("std", "\u27e6\u03b2\u27e7", "unit", group=std),
        Column("std_lower", low, "unit", group=std),
        Column("std_upper", high, "unit", group=std),
        Column("r2_change", "\u0394\u27e6R\u27e7\u00b2", "unit"),
    )


def _interaction_notes(found: Sequence[Probed], language: str) -> tuple[str, ...]:
    notes = [say("interactions.note", language)]
    seen: list[Moderation] = []
    for one in found:
        m = one.moderation
        if any(m is other for other in seen) or m.solution is None:
            continue
        seen.append(m)
        pairs = join(
            (f"{a}\u00d7{b}" for group in m.pairs.values() for a, b in group), language
        )  # fmt: skip
        fit = {k: _fit(m, k, language) for k in ("cfi", "rmsea", "srmr")}
        notes.append(say("interactions.model", language, n=m.solution.n, pairs=pairs, **fit))
    if any(len(one.moderation.interactions) > 1 for one in found):
        notes.append(say("interactions.joint", language))
    return tuple(notes)


def _fit(m: Moderation, name: str, language: str) -> str:
    assert m.solution is not None
    measures = m.solution.measures
    measure = measures.get(f"{name}.robust") or measures.get(name)
    return unit(measure.value if measure else None, language)


def _interaction_words(p: Probe, names: Labels, language: str) -> str:
    key = "clear" if p.p < SIGNIFICANT else "unclear"
    sign = "" if key == "unclear" else "_up" if p.est > 0 else "_down"
    kind = "quadratic" if p.interaction.quadratic else "interaction"
    return say(
        f"interactions.{kind}_{key}{sign}", language,
        predictor=names.of(p.interaction.predictor), moderator=names.of(p.interaction.moderator),
        outcome=names.of(p.interaction.outcome), beta=unit(p.std, language, 2),
        ci=interval(p.std_ci_lower, p.std_ci_upper, bounded=True, language=language),
        p=p_phrase(p.p, language=language).replace("p", "\u27e6p\u27e7", 1),
    )  # fmt: skip


def _refused(found: Sequence[Probed], language: str) -> Verdict | None:
    for one in found:
        solution = one.moderation.solution
        if solution is not None and not conclusive(solution):
            return Verdict("none", (gate(solution, language),))
    return None


def slopes_table(
    found: Sequence[Probed],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Simple slopes at -1, 0 and +1 SD of the moderator, and where they differ from zero."""
    names = resolve(labels)
    title = say("slopes.title", language)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for one in found:
        i = one.probe.interaction
        path = names.path(i.predictor, i.outcome)
        groups.append((len(rows), say("slopes.group", language, path=path,
                                      moderator=names.of(i.moderator))))  # fmt: skip
        rows += [
            (_sd(s.at, language), s.est, s.se, s.z, s.p, s.ci_lower, s.ci_upper, s.std)
            for s in one.probe.slopes
        ]
    low, high = say("column.lower", language), say("column.upper", language)
    table = Table(
        "simple-slopes", title,
        (
            Column("at", say("column.moderator", language)),
            Column("est", "\u27e6B\u27e7", "number"),
            Column("se", "\u27e6SE\u27e7", "number"),
            Column("z", "\u27e6z\u27e7", "number", 2),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("ci_lower", low, "number"),
            Column("ci_upper", high, "number"),
            Column("std", "\u27e6\u03b2\u27e7", "unit"),
        ),
        tuple(rows), groups=tuple(groups), notes=(say("slopes.note", language),),
    )  # fmt: skip
    words = tuple(_region_words(one.probe, names, language) for one in found)
    return Evidence(
        "simple-slopes", title, table=table if rows else None,
        paragraphs=words or (say("none", language),), verdict=_refused(found, language),
        citations=("aiken1991", "bauer2005") if rows else (), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _sd(at: float, language: str) -> str:
    if at == 0:
        return say("word.mean", language)
    sign = "+" if at > 0 else "\u2212"
    return f"{sign}{number(abs(at), digits=0, language=language)} SD"


def _region_words(p: Probe, names: Labels, language: str) -> str:
    """Where the slope differs from zero, as far as the drawing reaches."""
    i, shown = p.interaction, Band.REACH
    path = names.path(i.predictor, i.outcome)
    fields = {"path": path, "moderator": names.of(i.moderator), "reach": f"{shown:g}"}
    parts = [
        (max(low, -shown), min(high, shown))
        for low, high in p.johnson_neyman.regions
        if low < shown and high > -shown
    ]
    if not parts:
        return say("slopes.nowhere", language, **fields)
    if parts == [(-shown, shown)]:
        return say("slopes.everywhere", language, **fields)
    spans = []
    for low, high in parts:
        if low == -shown:
            spans.append(say("slopes.below", language, at=_signed(high, language)))
        elif high == shown:
            spans.append(say("slopes.above", language, at=_signed(low, language)))
        else:
            fields_ = {"low": _signed(low, language), "high": _signed(high, language)}
            spans.append(say("slopes.between", language, **fields_))
    joint = say("slopes.or", language).join(spans)
    return say("slopes.regions", language, regions=joint, **fields)


def _signed(value: float, language: str) -> str:
    shown = number(value, digits=2, language=language)
    return shown if value < 0 else "+" + shown


def slopes_figure(
    found: Sequence[Probed],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The outcome against the predictor at three values of each moderator."""
    names = resolve(labels)
    title = say("slopes.figure_title", language)
    kept = [one for one in found if not one.probe.interaction.quadratic]
    if not kept:
        return _nothing("slopes-figure", title, language, stamps)
    pictures, leads = [], []
    for one in kept:
        p, i = one.probe, one.probe.interaction
        lines = [
            Line(f"{names.of(i.moderator)} {_sd(s.at, language)}", s.std, _level(one, s.at))
            for s in p.slopes
        ]
        axes = (say("word.in_sd", language, name=names.of(i.predictor)),
                say("word.in_sd", language, name=names.of(i.outcome)))  # fmt: skip
        name = interaction_name(p, names, language)
        pictures.append(lines_figure(lines, title=name, alt=name, axes=axes, language=language))
        leads.append(name)
    listed = "; ".join(
        f"{interaction_name(one.probe, names, language)}: "
        + join((f"{_sd(s.at, language)} {unit(s.std, language, 2)}" for s in one.probe.slopes),
               language)
        for one in kept
    )  # fmt: skip
    alt = say("slopes.figure_alt", language, list=listed)
    svg = stacked(leads, pictures, title=title, description=alt)
    data = Table(
        "slopes-figure", title,
        (
            Column("product", say("column.product", language)),
            Column("at", say("column.moderator", language)),
            Column("slope", "\u27e6\u03b2\u27e7", "unit"),
        ),
        tuple((interaction_name(one.probe, names, language), _sd(s.at, language), s.std)
              for one in kept for s in one.probe.slopes),
        row_headers=2,
    )  # fmt: skip
    notes = (say("slopes.figure_note", language),)
    return Evidence(
        "slopes-figure", title, figure=Figure("slopes-figure", title, svg, alt, data, notes),
        citations=("aiken1991",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _level(one: Probed, at: float) -> float:
    """Standardized level of the outcome at the predictor's mean: the moderator's own effect."""
    return one.band.main * at


def johnson_neyman_figure(
    found: Sequence[Probed],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The slope over the moderator with its band; where it differs from zero is shaded."""
    names = resolve(labels)
    title = say("region.title", language)
    if not found:
        return _nothing("johnson-neyman", title, language, stamps)
    pictures, leads, rows = [], [], []
    for one in found:
        i = one.probe.interaction
        name = interaction_name(one.probe, names, language)
        axes = (say("word.in_sd", language, name=names.of(i.moderator)),
                say("region.y", language, path=names.path(i.predictor, i.outcome)))  # fmt: skip
        pictures.append(
            band_figure(one.band, one.probe.johnson_neyman, title=name, alt=name, axes=axes,
                        words=(say("region.clear", language), say("region.open", language)),
                        language=language)
        )  # fmt: skip
        leads.append(name)
        rows += [(name, *point) for point in one.band.sampled()]
    alt = say("region.alt", language, list=" ".join(
        _region_words(one.probe, names, language) for one in found))  # fmt: skip
    data = Table(
        "johnson-neyman", title,
        (
            Column("product", say("column.product", language)),
            Column("at", say("column.moderator_sd", language), "number", 1),
            Column("slope", "\u27e6\u03b2\u27e7", "unit"),
            Column("lower", say("column.lower", language), "unit"),
            Column("upper", say("column.upper", language), "unit"),
        ),
        tuple(rows), row_headers=2,
    )  # fmt: skip
    svg = stacked(leads, pictures, title=title, description=alt)
    return Evidence(
        "johnson-neyman", title,
        figure=Figure("johnson-neyman", title, svg, alt, data, (say("region.note", language),)),
        citations=("johnson1936", "bauer2005"), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def moderated_mediation_table(
    found: Sequence[ModeratedMediation],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The index of moderated mediation and indirect effects at -1, 0 and +1 SD."""
    names = resolve(labels)
    title = say("indirect.title", language)
    if not found:
        return _nothing("moderated-mediation", title, language, stamps)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for m in found:
        chain = " \u2192 ".join(names.of(n) for n in (m.source, m.mediator, m.target))
        groups.append((len(rows), say("slopes.group", language, path=chain,
                                      moderator=names.of(m.moderator))))  # fmt: skip
        rows.append((say("column.index", language), m.index, m.ci_lower, m.ci_upper))
        rows += [
            (say("column.indirect_at", language, at=_sd(at, language)), *values)
            for at, *values in m.conditional
        ]
    columns = (
        Column("quantity", say("column.quantity", language)),
        Column("est", "\u27e6B\u27e7", "number"),
        Column("lower", say("column.lower", language), "number"),
        Column("upper", say("column.upper", language), "number"),
    )
    table = Table("moderated-mediation", title, columns, tuple(rows), groups=tuple(groups),
                  notes=(say("indirect.note", language),))  # fmt: skip
    clear = [m for m in found if m.ci_lower > 0 or m.ci_upper < 0]
    listed = (
        f"{names.path(m.source, m.mediator)} \u2192 {names.of(m.target)}"
        + ("" if language == "zh" else " ")
        + say("word.by", language, name=names.of(m.moderator))
        for m in clear
    )
    chains = join(listed, language)
    words = say("indirect.clear" if clear else "indirect.unclear", language, chains=chains)
    return Evidence(
        "moderated-mediation", title, table=table, paragraphs=(words,), citations=("hayes2015",),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _nothing(key: str, title: str, language: str, stamps: Sequence[str]) -> Evidence:
    return Evidence(key, title, paragraphs=(say("none", language),), language=language,
                    stamps=tuple(stamps))  # fmt: skip
