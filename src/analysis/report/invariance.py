"""Evidence on measurement invariance: the ladder, its change of fit, causes, releases, effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.invariance import Cause, Ladder, Noninvariance, Rung
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.invariance_figures import change_figure, change_rows
from analysis.report.invariance_words import (
    LIMITS,
    limits_of,
    notices,
    parameter_name,
    parameter_names,
    say,
    step_name,
)
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, unit
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("vandenberg2000", "putnick2016", "steenkamp1998")
STRUCTURAL = ("variances", "covariances", "means")
MOST_CAUSES = 8
CHI, DELTA_CHI = "\u27e6\u03c7\u27e7\u00b2", "\u0394\u27e6\u03c7\u27e7\u00b2"


def invariance_table(
    ladder: Ladder,
    *,
    by_fit: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every step with its fit, the difference test, the change of fit and what follows."""
    names = resolve(labels)
    rows = tuple(_row(ladder, rung, language) for rung in ladder.rungs)
    beyond = [
        i
        for i, rung in enumerate(ladder.rungs)
        if rung.change and limits_of(ladder).exceeded(rung.change, rung.step)
    ]
    table = Table(
        key="invariance",
        title=say("ladder.title", language),
        columns=ladder_columns(language),
        rows=rows,
        marks=tuple((i, 10, "a") for i in beyond),
        notes=_notes(ladder, by_fit, bool(beyond), names, language),
    )
    cited = [k for name in LIMITS for k in criterion(f"comparability.{name}").cite]
    ordinal = ("wu2016",) if ladder.ordered else ()
    return Evidence(
        id="invariance-table",
        title=table.title,
        table=table if rows else None,
        verdict=_verdict(ladder, by_fit, names, language),
        citations=tuple(dict.fromkeys((*SOURCES, *cited, *ordinal))),
        notices=notices(ladder.findings, language, names),
        language=language,
        stamps=tuple(stamps),
    )


def ladder_columns(language: str) -> tuple[Column, ...]:
    """A step, its fit, the difference test and the change of fit."""
    test, change = say("column.difference", language), say("column.change", language)
    return (
        Column("step", say("column.step", language)),
        Column("status", say("column.result", language)),
        Column("chisq", CHI, "number", 1),
        Column("df", "\u27e6df\u27e7", "number", 0),
        Column("cfi", "CFI", "unit"),
        Column("rmsea", "RMSEA", "unit"),
        Column("srmr", "SRMR", "unit"),
        Column("diff", DELTA_CHI, "number", 2, group=test),
        Column("diff_df", "\u0394\u27e6df\u27e7", "number", 0, group=test),
        Column("p", "\u27e6p\u27e7", "p", group=test),
        Column("d_cfi", "\u0394CFI", "unit", group=change),
        Column("d_rmsea", "\u0394RMSEA", "unit", group=change),
        Column("d_srmr", "\u0394SRMR", "unit", group=change),
    )


def _row(ladder: Ladder, rung: Rung, language: str) -> tuple[Cell, ...]:
    m, v = rung.solution.measures, ladder.variant
    scaled = ".scaled" if "chisq.scaled" in m else ""

    def value(name: str) -> float | None:
        return m[name].value if name in m and finite(m[name].value) else None

    d, change = rung.difference, rung.change
    return (
        step_name(rung, language),
        say(f"status.{rung.status}", language),
        value(f"chisq{scaled}"), value("df"), value(f"cfi{v}"), value(f"rmsea{v}"), value("srmr"),
        d.stat if d else None, d.df if d else None, d.p if d else None,
        change.cfi if change else None, change.rmsea if change else None,
        change.srmr if change else None,
    )  # fmt: skip


def _notes(
    ladder: Ladder, by_fit: bool, beyond: bool, labels: Labels, language: str
) -> tuple[str, ...]:
    if not ladder.rungs:
        return ()
    groups = [
        f"{labels.group(g)} (\u27e6n\u27e7 = {numbers.integer(n, language=language)})"
        for g, n in ladder.groups
    ]
    limits = limits_of(ladder)
    cuts = {name: unit(getattr(limits, name), language) for name in LIMITS}
    sources = cite(criterion("comparability.cfi").cite, language)
    alpha = unit(ladder.alpha, language, 2)
    found = [
        say("ladder.sizes", language, groups=join(groups, language)),
        say("ladder.note_rule_fit" if by_fit else "ladder.note_rule", language, alpha=alpha),
        say("ladder.note", language, sources=sources, **cuts),
    ]
    if ladder.variant:
        found.append(say("ladder.note_scaled", language))
    if ladder.ordered:
        found.append(say("ladder.note_ordinal", language))
    if beyond:
        found.append("a|" + say("ladder.note_beyond", language))
    return tuple(found)


def _verdict(ladder: Ladder, by_fit: bool, labels: Labels, language: str) -> Verdict:
    if not ladder.rungs:
        return Verdict("none", (say("ladder.none", language),))
    if ladder.rungs[0].status == "undecided":
        step = say("step.configural", language)
        return Verdict("none", (say("ladder.verdict_undecided", language, step=step),))
    level, words = _conclusion(ladder, labels, language)
    last = ladder.rungs[-1]
    failed = [r for r in ladder.rungs if r.status == "fails" and r.step == ladder.stopped_at]
    if last.status == "undecided":
        step = step_name(last, language)
        words.append(say("ladder.verdict_undecided", language, step=step))
    elif failed:
        step = say(f"step.{ladder.stopped_at}", language)
        words.append(say("ladder.stopped", language, step=step))
        change, structural = failed[0].change, ladder.stopped_at in STRUCTURAL
        small = change is not None and not limits_of(ladder).exceeded(change, failed[0].step)
        if small and not by_fit and not structural:
            words.append(say("ladder.small_change", language, step=step))
        if structural:
            what = say(f"equal.{ladder.stopped_at}", language)
            words.append(say("ladder.compares_stop", language, what=what))
    sources = criterion("comparability.cfi").cite
    partial = ("byrne1989",) if any(r.released for r in ladder.rungs) else ()
    return Verdict("good" if level == 2 else "mixed" if level else "poor", tuple(words),
                   (*sources, *partial))  # fmt: skip


def _conclusion(ladder: Ladder, labels: Labels, language: str) -> tuple[int, list[str]]:
    """How far the comparison is licensed: 2 wholly, 1 in part, 0 not."""
    scalar, metric = ladder.scalar, ladder.rung("metric")
    if scalar is not None and not scalar.released:
        return 2, [say("ladder.verdict_scalar", language)]
    if scalar is not None:
        asked = {r.element for r in ladder.releases if r.origin == "asked"}
        key = "verdict_asked" if set(scalar.released) <= asked else "verdict_partial"
        loose = parameter_names(scalar.released, labels, language)
        return 1, [say(f"ladder.{key}", language, names=loose)]
    if metric is not None and metric.released:
        loose = parameter_names(metric.released, labels, language)
        return 1, [say("ladder.verdict_metric_partial", language, names=loose)]
    if metric is not None:
        return 1, [say("ladder.verdict_metric", language)]
    return 0, [say("ladder.verdict_configural", language)]


def invariance_figure(
    ladder: Ladder,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Change of fit at each step against its limits."""
    del labels
    title = say("figure.title", language)
    rows = change_rows(ladder, language)
    sources = ("chen2007", "cheung2002")
    if not rows:
        return Evidence("invariance-figure", title, paragraphs=(say("ladder.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    svg, alt, data = change_figure(rows, title=title, language=language)
    note = say("figure.note", language)
    return Evidence(
        id="invariance-figure",
        title=title,
        figure=Figure("invariance-change", title, svg, alt, data, (note,)),
        citations=sources,
        language=language,
        stamps=tuple(stamps),
    )


def causes_table(
    ladder: Ladder,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Score tests of the equalities at each step that failed."""
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    words = []
    for step, found in ladder.causes.items():
        step_words = say(f"step.{step}", language)
        shown = [c for c in found if c.p < ladder.alpha][:MOST_CAUSES]
        if not shown:
            words.append(f"{step_words}: " + say("causes.few", language))
            continue
        groups.append((len(rows), say("causes.heading", language, step=step_words)))
        for c in shown:
            name = _cause_name(ladder, c, names, language)
            rows.append((name, c.stat, c.df, c.p, names.group(c.group), c.epc, c.sepc))
    title = say("causes.title", language)
    table = Table(
        key="invariance-causes",
        title=title,
        columns=(
            Column("parameter", say("column.parameter", language)),
            Column("stat", CHI, "number", 2),
            Column("df", "\u27e6df\u27e7", "int"),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("group", say("column.group", language)),
            Column("epc", say("column.difference_epc", language), "number"),
            Column("sepc", say("column.standardized", language), "number"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("causes.note", language, alpha=unit(ladder.alpha, language, 2)),),
    )
    if not ladder.causes:
        words.append(say("causes.none" if ladder.rungs else "ladder.none", language))
    return Evidence(
        id="invariance-causes",
        title=title,
        table=table if rows else None,
        paragraphs=tuple(words),
        citations=("sorbom1989",) if rows else (),
        language=language,
        stamps=tuple(stamps),
    )


def _cause_name(ladder: Ladder, cause: Cause, names: Labels, language: str) -> str:
    """A parameter in words; latent variances and means by the construct alone."""
    if cause.lhs not in ladder.factors or cause.op == "=~":
        return parameter_name(cause.element, names, language)
    if cause.op == "~~" and cause.lhs != cause.rhs:
        return f"{names.of(cause.lhs)} \u2194 {names.of(cause.rhs)}"
    return names.of(cause.lhs)


def releases_table(
    ladder: Ladder,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """What was set free, in which order, who asked for it, and what it did."""
    names = resolve(labels)
    rows = []
    for release in ladder.releases:
        d, cause, change = release.difference, release.cause, release.change
        rows.append((
            parameter_name(release.element, names, language),
            say(f"step.{release.step}", language),
            say(f"releases.{release.origin}", language),
            names.group(cause.group) if cause else "",
            cause.stat if cause else None,
            d.stat if d else None, d.df if d else None, d.p if d else None,
            change.cfi if change else None,
        ))  # fmt: skip
    after = say("column.after", language)
    title = say("releases.title", language)
    notes = [say("releases.note", language, sources=cite(("byrne1989",), language))]
    applied = {e for rung in ladder.rungs for e in rung.released}
    if any(r.element not in applied for r in ladder.releases):
        notes.append(say("releases.note_proposed", language))
    table = Table(
        key="invariance-releases",
        title=title,
        columns=(
            Column("element", say("column.released", language)),
            Column("step", say("column.step", language)),
            Column("origin", say("column.origin", language)),
            Column("group", say("column.group", language)),
            Column("score", f"{CHI} (LM)", "number", 2),
            Column("stat", DELTA_CHI, "number", 2, group=after),
            Column("df", "\u0394\u27e6df\u27e7", "number", 0, group=after),
            Column("p", "\u27e6p\u27e7", "p", group=after),
            Column("cfi", "\u0394CFI", "unit", group=after),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )
    return Evidence(
        id="invariance-releases",
        title=title,
        table=table if rows else None,
        paragraphs=() if rows else (say("releases.none", language),),
        citations=("byrne1989",) if rows else (),
        language=language,
        stamps=tuple(stamps),
    )


def noninvariance_table(
    effects: Sequence[Noninvariance],
    *,
    ordered: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """dMACS of the noninvariant items."""
    names = resolve(labels)
    rule = criterion("comparability.dmacs")
    title = say("effect.title", language)
    small, medium = (unit(v, language, 2) for v in (rule.good, rule.acceptable))
    table = Table(
        key="noninvariance",
        title=title,
        columns=(
            Column("item", say("column.item", language)),
            Column("construct", say("column.construct", language)),
            Column("groups", say("column.compared", language)),
            Column("dmacs", say("column.dmacs", language), "number", 2),
            Column("bias", say("column.bias", language), "number", 2),
            *(
                Column(f"{name}_{side}", say(f"column.{side}", language), "number", 2, group=head)
                for name in ("loading", "intercept")
                for head in (say(f"column.{name}", language),)
                for side in ("reference", "own")
            ),
        ),
        rows=tuple(
            (
                e.item, names.of(e.factor), f"{names.group(e.group)} \u2013 "
                f"{names.group(e.reference)}", e.dmacs, e.mean_bias, *e.loading, *e.intercept,
            )
            for e in effects
        ),
        notes=(
            say("effect.note", language, small=small, medium=medium,
                sources=cite(rule.cite, language)),
            *((say("effect.note_ordinal", language),) if ordered else ()),
        ),
    )  # fmt: skip
    words = [say("effect.none", language)]
    if effects:
        top = effects[0]
        value = numbers.number(top.dmacs, digits=2, language=language)
        group = names.group(top.group)
        words = [say("effect.verdict", language, value=value, item=top.item, group=group)]
    return Evidence(
        id="noninvariance-table",
        title=title,
        table=table if effects else None,
        paragraphs=tuple(words),
        citations=(*rule.cite, *(("meade2010",) if ordered else ())) if effects else (),
        language=language,
        stamps=tuple(stamps),
    )
