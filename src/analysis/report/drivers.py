"""Evidence on drivers: who is counted, models side by side, what each block adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.methods.drivers import Block, DrawKind, Outcome
from analysis.report.drivers_figures import ShareRow, share_figure
from analysis.report.drivers_words import draws_note, estimated, refused, say
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.numbers import integer
from analysis.report.prose import conclusive, finite, gate, join, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.sem import Estimate, Solution

LabelsLike = Labels | Mapping[str, str] | None
R2 = "\u27e6R\u27e7\u00b2"


@dataclass(frozen=True)
class Compared:
    """One model of a comparison; ``same`` says whether on the driver model's respondents."""

    title: str
    solution: Solution
    same: bool = True


@dataclass(frozen=True)
class Counted:
    """Respondents after one step of selection; ``key`` names the step in the locale."""

    key: str
    n: int
    model: str = ""


def respondents_table(
    counts: Sequence[Counted],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Who is used in which part of the notebook."""
    del labels
    title = say("respondents.title", language)
    rows = tuple((say(f"respondents.{c.key}", language, model=c.model), c.n) for c in counts)
    table = Table(
        key="drivers-respondents",
        title=title,
        columns=(
            Column("step", say("column.step", language)),
            Column("n", "\u27e6n\u27e7", "int"),
        ),
        rows=rows,
        notes=(say("respondents.note", language),) if len(counts) > 1 else (),
    )
    return Evidence("drivers-respondents", title, table=table, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def models_table(
    models: Sequence[Compared],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Standardized paths of several models side by side, with R2 and fit."""
    names = resolve(labels)
    rows, groups = _model_rows(models, names)
    columns = [Column("path", say("column.path", language))]
    for number, model in enumerate(models):
        columns += [
            Column(f"beta.m{number}", "\u27e6\u03b2\u27e7", "unit", group=model.title),
            Column(f"p.m{number}", "\u27e6p\u27e7", "p", group=model.title),
        ]
    title = say("models.title", language)
    sizes = join(
        (f"{m.title} {integer(m.solution.n, language=language)}" for m in models), language
    )
    estimator = models[0].solution.estimator
    notes = [
        say("models.note", language),
        say("models.sizes", language, sizes=sizes, estimator=estimator),
    ]
    if not all(m.same for m in models):
        others = join((m.title for m in models if not m.same), language)
        notes.append(say("models.other_rows", language, models=others))
    table = Table("driver-models", title, tuple(columns), tuple(rows), groups=tuple(groups),
                  notes=tuple(notes))  # fmt: skip
    bad = [m for m in models if not conclusive(m.solution)]
    words = tuple(f"{m.title}: {gate(m.solution, language)}" for m in bad)
    return Evidence("driver-models", title, table=table, paragraphs=words, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def _model_rows(
    models: Sequence[Compared], names: Labels
) -> tuple[list[tuple[Cell, ...]], list[tuple[int, str]]]:
    paths = [{(e.lhs, e.rhs): e for e in m.solution.estimates if e.op == "~"} for m in models]
    every = dict.fromkeys(key for found in paths for key in found)
    outcomes = dict.fromkeys(lhs for lhs, _ in every)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for outcome in outcomes:
        groups.append((len(rows), names.of(outcome)))
        for key in every:
            if key[0] == outcome:
                cells = (c for found in paths for c in _beta(found.get(key)))
                rows.append((f"\u2190 {names.of(key[1])}", *cells))
        r2 = [m.solution.r2.get(outcome) if outcome in _ends(p) else None
              for m, p in zip(models, paths, strict=True)]  # fmt: skip
        rows.append((R2, *(c for v in r2 for c in (v if finite(v) else "", ""))))
    return rows, groups


def _ends(paths: Mapping[tuple[str, str], Estimate]) -> set[str]:
    return {lhs for lhs, _ in paths}


def _beta(e: Estimate | None) -> tuple[Cell, Cell]:
    if e is None:
        return "", ""
    return e.std_all, e.p if e.free else ""


def blocks_table(
    outcomes: Sequence[Outcome],
    solution: Solution,
    *,
    kind: DrawKind,
    draws: int,
    failed: int = 0,
    part: str = "",
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """What each block of drivers adds to every outcome; ``part`` names a model asked of some."""
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for outcome in outcomes:
        r2 = unit(outcome.r2.value, language)
        groups.append((len(rows), f"{names.of(outcome.name)} \u2003{R2} = {r2}"))
        rows += [_block_row(block, names) for block in outcome.blocks]
    title = say("blocks.title", language)
    if part:
        title = say("blocks.title_part", language, model=part, n=solution.n)
    table = Table(
        key="driver-blocks" + ("-part" if part else ""),
        title=title,
        columns=_block_columns(language),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("blocks.note", language), draws_note(kind, draws, language, failed=failed)),
    )
    verdict = refused(solution, language)
    words = () if verdict else tuple(_block_words(o, names, language) for o in outcomes)
    return Evidence(
        id=table.key, title=title, table=table if rows else None, verdict=verdict,
        paragraphs=tuple(w for w in words if w), language=language, stamps=tuple(stamps),
        citations=("cohen1988", "azen2003"),
    )  # fmt: skip


def _block_columns(language: str) -> tuple[Column, ...]:
    low, high = say("column.lower", language), say("column.upper", language)
    drop, wald = say("column.dropped", language), say("column.direct", language)
    total, share = say("column.total", language), say("column.dominance", language)
    return (
        Column("driver", say("column.driver", language)),
        Column("r2_change", f"\u0394{R2}", "unit", group=drop),
        Column("p", "\u27e6p\u27e7", "p", group=wald),
        Column("f2", "\u27e6f\u27e7\u00b2", "unit", group=wald),
        Column("f2_lower", low, "unit", group=wald),
        Column("f2_upper", high, "unit", group=wald),
        Column("total", "\u27e6\u03b2\u27e7", "unit", group=total),
        Column("total_lower", low, "unit", group=total),
        Column("total_upper", high, "unit", group=total),
        Column("share", "%", "number", 1, group=share),
        Column("share_lower", low, "number", 1, group=share),
        Column("share_upper", high, "number", 1, group=share),
    )


def _block_row(block: Block, names: Labels) -> tuple[Cell, ...]:
    share = tuple(None if v is None else 100.0 * float(v) for v in estimated(block.dominance))
    known = (block.r2_change, block.p)
    return (
        names.of(block.name), *(v if finite(v) else None for v in known), *estimated(block.f2),
        *estimated(block.total), *share,
    )  # fmt: skip


def _block_words(outcome: Outcome, names: Labels, language: str) -> str:
    if not outcome.blocks or not finite(outcome.blocks[0].dominance.value):
        return ""
    order = [names.of(b.name) for b in outcome.blocks]
    first = outcome.blocks[0]
    small = [names.of(b.name) for b in outcome.blocks if finite(b.p) and b.p >= 0.05]
    words = say(
        "blocks.order", language, outcome=names.of(outcome.name), first=order[0],
        share=unit(100 * first.dominance.value, language, 0), order=join(order, language),
        r2=unit(outcome.r2_drivers.value, language, 2),
    )  # fmt: skip
    if not small:
        return words
    lead = "" if language == "zh" else " "
    return words + lead + say("blocks.unclear", language, drivers=join(small, language))


def nobody_apart(
    *, language: str = "en", labels: LabelsLike = None, stamps: Sequence[str] = ()
) -> Evidence:
    """Said where no driver was asked of some respondents only."""
    del labels
    return Evidence(
        "driver-blocks-part", say("blocks.part", language),
        paragraphs=(say("blocks.nobody_apart", language),), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def blocks_figure(
    outcomes: Sequence[Outcome],
    *,
    kind: DrawKind,
    draws: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Shares of the drivers' joint R2, the most dominant first."""
    names = resolve(labels)
    title = say("blocks.figure_title", language)
    rows = [
        ShareRow(names.of(o.name), names.of(b.name), *(100 * v for v in
                 (b.dominance.value, b.dominance.low, b.dominance.high)))
        for o in outcomes for b in o.blocks if finite(b.dominance.value)
    ]  # fmt: skip
    if not rows:
        return Evidence("driver-shares", title, paragraphs=(say("blocks.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    listed = join((f"{r.label} {unit(r.value, language, 0)}%" for r in rows), language)
    alt = say("blocks.figure_alt", language, list=listed)
    svg = share_figure(rows, title=title, alt=alt, axis=say("blocks.axis", language),
                       language=language)  # fmt: skip
    data = Table(
        key="driver-shares",
        title=title,
        columns=(
            Column("outcome", say("column.outcome", language)),
            Column("driver", say("column.driver", language)),
            Column("share", "%", "number", 1),
            Column("lower", say("column.lower", language), "number", 1),
            Column("upper", say("column.upper", language), "number", 1),
        ),
        rows=tuple(
            (r.group, r.label, *(v if finite(v) else None for v in (r.value, r.low, r.high)))
            for r in rows
        ),
        row_headers=2,
    )
    note = draws_note(kind, draws, language)
    return Evidence(
        "driver-shares", title, figure=Figure("driver-shares", title, svg, alt, data, (note,)),
        citations=("azen2003",), language=language, stamps=tuple(stamps),
    )  # fmt: skip
