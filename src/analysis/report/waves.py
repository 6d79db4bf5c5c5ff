"""Evidence on the same respondents over waves: the ladder, latent change, cross-lagged paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.waves import Changes, CrossLagged, LatentChange, WaveLadder, WaveRung
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.invariance import ladder_columns
from analysis.report.invariance_words import count_of, notices, p_words, step_title
from analysis.report.invariance_words import say as common
from analysis.report.labels import Labels, resolve
from analysis.report.plots import ForestRow, forest, forest_data
from analysis.report.prose import finite, interval_columns, join, unit
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite
from analysis.report.waves_words import label_words, labels_words, say, span

LabelsLike = Labels | Mapping[str, str] | None
LADDER = ("little2007", "widaman2003")
CHANGE = ("mcardle2009",)
LAGGED = ("hamaker2015",)
ALPHA = 0.05


def wave_ladder_table(
    ladder: WaveLadder,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every step of longitudinal invariance, or why there is none."""
    names = resolve(labels)
    title = say("ladder.title", language)
    table = Table(
        key="wave-invariance",
        title=title,
        columns=ladder_columns(language),
        rows=tuple(_ladder_row(rung, ladder, language) for rung in ladder.rungs),
        notes=_ladder_notes(ladder, names, language),
    )
    return Evidence(
        id="wave-invariance-table",
        title=title,
        table=table if ladder.rungs else None,
        verdict=_ladder_verdict(ladder, names, language),
        citations=LADDER if ladder.rungs else (),
        notices=notices(ladder.findings, language, names),
        language=language,
        stamps=tuple(stamps),
    )


def _ladder_row(rung: WaveRung, ladder: WaveLadder, language: str) -> tuple[Cell, ...]:
    m, d, c = rung.solution.measures, rung.difference, rung.change
    scaled = ".scaled" if ladder.scaled else ""

    def value(name: str) -> float | None:
        return m[name].value if name in m and finite(m[name].value) else None

    def known(number: float) -> float | None:
        return number if finite(number) else None

    return (
        step_title(rung.step, len(rung.released), language),
        common(f"status.{rung.status}", language),
        value(f"chisq{scaled}"), value("df"),
        known(rung.cfi), known(rung.rmsea), known(rung.srmr),
        d.stat if d else None, d.df if d else None, d.p if d else None,
        c.cfi if c else None, c.rmsea if c else None, c.srmr if c else None,
    )  # fmt: skip


def _ladder_notes(ladder: WaveLadder, names: Labels, language: str) -> tuple[str, ...]:
    if not ladder.rungs:
        return ()
    waves = join((names.group(w) for w in ladder.panel.waves), language)
    n = count_of(ladder.rungs[0].solution.n, language)
    found = [
        say("ladder.sizes", language, n=n, waves=waves),
        say("ladder.note", language, alpha=unit(ladder.alpha, language, 2),
            sources=cite(LADDER, language)),
    ]  # fmt: skip
    if ladder.scaled:
        found.append(say("ladder.note_scaled", language))
    return tuple(found)


def _ladder_verdict(ladder: WaveLadder, names: Labels, language: str) -> Verdict:
    if not ladder.rungs:
        return Verdict("none", (say("ladder.none", language),))
    if ladder.rungs[0].status == "undecided":
        return Verdict("none", (say("ladder.undecided", language),))
    scalar, metric = ladder.rung("scalar"), ladder.rung("metric")
    best = scalar or metric
    key = "scalar" if scalar else "metric" if metric else "configural"
    words = [say(f"ladder.verdict_{key}", language)]
    if best and best.released:
        loose = labels_words(best.released, names, language)
        words.append(say("ladder.released", language, names=loose))
    proposed = [p for p in ladder.proposals if p.step == ladder.stopped_at]
    if proposed and ladder.stopped_at:
        top = label_words(proposed[0].label, names, language)
        step = step_title(ladder.stopped_at, 0, language)
        words.append(say("ladder.proposed", language, step=step, name=top))
    level = 2 if scalar and not scalar.released else 1 if best else 0
    return Verdict("good" if level == 2 else "mixed" if level else "poor", tuple(words), LADDER)


def change_table(
    found: Changes,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Mean and variance of the latent change of every construct, or why there is none."""
    names = resolve(labels)
    title = say("change.title", language)
    rows = [_change_row(c, names) for c in found.changes]
    variance = say("column.variance_ci", language)
    table = Table(
        key="latent-change",
        title=title,
        columns=(
            Column("construct", say("column.construct", language)),
            Column("waves", say("column.waves", language)),
            Column("mean", say("column.mean", language), "number"),
            *interval_columns(language),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("variance", say("column.variance", language), "number"),
            *(
                Column(f"variance_{c.key}", c.label, c.kind, group=variance)
                for c in interval_columns(language)
            ),
            Column("start", say("column.start", language), "unit"),
        ),
        rows=tuple(rows),
        notes=(say("change.note", language, sources=cite(CHANGE, language)),
               *_related_notes(found.changes, names, language)),
    )  # fmt: skip
    words = [_change_words(c, names, language) for c in found.changes]
    refused = "change.refused" if not found.licensed else "change.none"
    return Evidence(
        id="latent-change-table",
        title=title,
        table=table if rows else None,
        paragraphs=tuple(words) or (say(refused, language),),
        citations=CHANGE if rows else (),
        notices=notices(found.findings, language, names),
        language=language,
        stamps=tuple(stamps),
    )


def _change_row(c: LatentChange, names: Labels) -> tuple[Cell, ...]:
    return (
        names.of(c.factor), span(c.before, c.after, names), c.mean.est, c.mean.ci_lower,
        c.mean.ci_upper, c.mean.p, c.variance.est, c.variance.ci_lower, c.variance.ci_upper,
        c.start.est,
    )  # fmt: skip


def _change_words(c: LatentChange, names: Labels, language: str) -> str:
    changed = c.mean.p < ALPHA
    size = abs(c.mean.est) if changed else c.mean.est
    fields = {
        "construct": names.of(c.factor),
        "before": names.group(c.before),
        "after": names.group(c.after),
        "size": numbers.number(size, digits=2, language=language),
        "p": p_words(c.mean.p, language),
    }
    if not changed:
        return say("change.same", language, **fields)
    return say("change.rose" if c.mean.est > 0 else "change.fell", language, **fields)


def _related_notes(
    changes: Sequence[LatentChange], names: Labels, language: str
) -> tuple[str, ...]:
    """Correlations between the changes of two constructs, each pair once."""
    found = []
    seen: set[frozenset[str]] = set()
    for c in changes:
        for other, r in c.related:
            pair = frozenset((c.factor, other, c.after))
            if pair in seen or not finite(r.est):
                continue
            seen.add(pair)
            found.append(
                say(
                    "change.related", language, first=names.of(c.factor), second=names.of(other),
                    waves=span(c.before, c.after, names), value=unit(r.est, language, 2),
                    interval=numbers.interval(
                        r.ci_lower, r.ci_upper, bounded=True, language=language
                    ),
                )
            )  # fmt: skip
    return tuple(found)


def lagged_figure(
    found: CrossLagged,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Forest plot of cross-lagged paths, standardized, with the numbers as its table."""
    names = resolve(labels)
    title = say("lagged.title", language)
    if not found.paths:
        why = "lagged.refused" if not found.licensed else "lagged.none"
        return Evidence("cross-lagged", title, paragraphs=(say(why, language),),
                        notices=notices(found.findings, language, names), language=language,
                        stamps=tuple(stamps))  # fmt: skip
    rows = [
        ForestRow(
            names.path(p.source, p.target), span(p.before, p.after, names), p.standardized.est,
            p.standardized.ci_lower, p.standardized.ci_upper, p.raw.p < ALPHA,
        )
        for p in found.paths
    ]  # fmt: skip
    alt = say("lagged.alt", language, count=len(rows))
    axis = say("lagged.axis", language)
    svg = forest(rows, title=title, alt=alt, axis=axis, language=language)
    data = forest_data(rows, "cross-lagged", title, language)
    cross = [p for p in found.paths if not p.own and p.raw.p < ALPHA]
    words = say("lagged.silent", language)
    if cross:
        shown = join((names.path(p.source, p.target) for p in cross), language)
        words = say("lagged.crossed", language, names=shown)
    note = say("lagged.note", language, sources=cite(LAGGED, language))
    return Evidence(
        id="cross-lagged",
        title=title,
        figure=Figure("cross-lagged", title, svg, alt, data, (note,)),
        paragraphs=(words,),
        citations=LAGGED,
        language=language,
        stamps=tuple(stamps),
    )


def wave_text(
    found: Changes,
    *,
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """The model of latent change as it was written, line by line."""
    title = say("text.title", language)
    lines = [line for line in found.text.splitlines() if line]
    table = Table(
        key="wave-model",
        title=title,
        columns=(Column("line", say("column.line", language), "code"),),
        rows=tuple((line,) for line in lines),
        notes=(say("text.note", language),),
    )
    return Evidence(
        id="wave-model",
        title=title,
        table=table if lines else None,
        paragraphs=() if lines else (say("text.none", language),),
        language=language,
        stamps=tuple(stamps),
    )
