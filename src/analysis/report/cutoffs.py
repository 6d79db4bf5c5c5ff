"""Evidence on fit judged for this very model: dynamic cut-offs, tests of close fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.fit_cutoffs import INDICES, DynamicCutoffs, Level, better
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.cutoffs_figure import drawing
from analysis.report.evidence import Evidence
from analysis.report.fit import bound
from analysis.report.indices import judged, judged_version, value
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, unit
from analysis.report.records import Cell, Column, Figure, Notice, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
NAMES = {"srmr": "SRMR", "rmsea": "RMSEA", "cfi": "CFI"}
SOURCES = ("mcneish2023",)
CLOSE, DISTANT = 0.05, 0.08
ALPHA = 0.05


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/cutoffs.toml``."""
    return text(f"cutoffs.{key}", language, **fields)


def cutoffs_table(
    found: DynamicCutoffs,
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The model's indices beside those of correct and of misspecified models of its kind."""
    names = resolve(labels)
    title = say("title", language)
    if not found.levels:
        return _nothing(title, found, language, stamps)
    observed = observed_indices(solution)
    rows: list[tuple[Cell, ...]] = [
        (say("row.observed", language), "", *(observed[n] for n in INDICES)),
        (say("row.correct", language), "", *(_end(found.correct[n], n) for n in INDICES)),
    ]
    marks = []
    for level in found.levels:
        at = len(rows)
        rows.append((
            say("row.level", language, number=level.number),
            _added(found, level, names, language),
            *(level.cutoffs[n].value if finite(level.cutoffs[n].value) else None
              for n in INDICES),
        ))  # fmt: skip
        for column, name in enumerate(INDICES, start=2):
            limit = level.cutoffs[name]
            if limit.error > ALPHA:
                marks.append((at, column, "a"))
            missed = observed[name]
            if finite(limit.value) and missed is not None and not better(name, missed, limit.value):
                marks.append((at, column, "b"))
    rows.append(
        (say("row.usual", language), "", *(bound(criterion(f"fit.{n}"), language) for n in INDICES))
    )
    table = Table(
        key="cutoffs",
        title=title,
        columns=(
            Column("row", say("column.row", language)),
            Column("added", say("column.added", language)),
            *(Column(n, NAMES[n], "unit") for n in INDICES),
        ),
        rows=tuple(rows),
        marks=_joined(marks),
        notes=_notes(found, solution, marks, language),
    )
    return Evidence(
        id="cutoffs-table",
        title=title,
        table=table,
        verdict=cutoffs_verdict(found, solution, language=language),
        citations=(*SOURCES, "hu1999"),
        language=language,
        stamps=tuple(stamps),
    )


def _joined(marks: Sequence[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """One mark a cell: ``a`` and ``b`` together are ``c``."""
    by_cell: dict[tuple[int, int], str] = {}
    for row, column, letter in marks:
        by_cell[row, column] = "c" if (row, column) in by_cell else letter
    return tuple((row, column, letter) for (row, column), letter in by_cell.items())


def _notes(
    found: DynamicCutoffs,
    solution: Solution,
    marks: Sequence[tuple[int, int, str]],
    language: str,
) -> tuple[str, ...]:
    samples = numbers.integer(found.replications, language=language)
    n = numbers.integer(found.n, language=language)
    notes = [
        say(f"note_{found.kind}", language, sources=cite(SOURCES, language)),
        say("note_samples", language, samples=samples, n=n, seed=found.seed),
    ]
    if judged_version(solution, "cfi") or any(
        g.patterns is not None for g in solution.fit.moments.groups
    ):
        notes.append(say("note_normal", language))
    shown = {letter for _, _, letter in _joined(marks)}
    for letter in ("a", "b", "c"):
        if letter in shown:
            notes.append(f"{letter}|" + say(f"mark_{letter}", language))
    if any(not finite(level.cutoffs[n].value) for level in found.levels for n in INDICES):
        notes.append(say("note_none", language))
    return tuple(notes)


def _end(spread: tuple[float, float, float], name: str) -> float:
    """The worse end of what correct models show."""
    return spread[0] if name == "cfi" else spread[2]


def _added(found: DynamicCutoffs, level: Level, labels: Labels, language: str) -> str:
    """What a level adds to the one before."""
    before = next((x for x in reversed(found.levels) if x.number < level.number), None)
    new = level.added[len(before.added) if before else 0 :]
    parts = []
    for m in new:
        other = labels.of(m.other) if m.kind == "cross_loading" else m.other
        size = unit(m.size, language, 2)
        parts.append(say(f"added.{m.kind}", language, item=m.item, other=other, size=size))
    return join(parts, language)


def _nothing(title: str, found: DynamicCutoffs, language: str, stamps: Sequence[str]) -> Evidence:
    return Evidence(
        id="cutoffs-table",
        title=title,
        verdict=Verdict("none", (say("none", language),)),
        notices=tuple(Notice("note", *m.parts(language)) for m in found.findings),
        language=language,
        stamps=tuple(stamps),
    )


def observed_indices(solution: Solution) -> dict[str, float | None]:
    """The indices that are judged: robust versions where the estimator is robust."""
    return {name: judged(solution, name) for name in INDICES}


def cutoffs_verdict(found: DynamicCutoffs, solution: Solution, *, language: str = "en") -> Verdict:
    """Good: misfit below the smallest level; mixed: below a larger one; poor: beyond all."""
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    observed = observed_indices(solution)
    tried = [(level.number, level.passed(observed)) for level in found.levels]
    known = [(number, passed) for number, passed in tried if passed is not None]
    if not known:
        return Verdict("none", (say("verdict.none", language),), SOURCES)
    first = known[0][0]
    good = [number for number, passed in known if passed]
    values = join(
        (f"{NAMES[n]} = {unit(observed[n], language)}" for n in INDICES if observed[n] is not None),
        language,
    )
    if good and good[0] == first == 1:
        return Verdict("good", (say("verdict.good", language, values=values),), SOURCES)
    if good:
        words = say("verdict.mixed", language, values=values, low=good[0] - 1, high=good[0])
        return Verdict("mixed", (words,), SOURCES)
    words = say("verdict.poor", language, values=values, level=known[-1][0])
    return Verdict("poor", (words,), SOURCES)


def cutoffs_figure(
    found: DynamicCutoffs,
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """How each index spreads over samples, level by level, and where the model stands."""
    del labels
    title = say("figure.title", language)
    if not found.levels:
        return Evidence("cutoffs-figure", title, paragraphs=(say("none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    observed = observed_indices(solution)
    names = [say("figure.correct", language)]
    names += [say("figure.level", language, number=x.number) for x in found.levels]
    spreads = [found.correct, *(level.spread for level in found.levels)]
    limits: list[dict[str, float | None]] = [dict.fromkeys(INDICES)]
    limits += [{n: level.cutoffs[n].value for n in INDICES} for level in found.levels]
    said = join((f"{NAMES[n]} {unit(observed[n], language)}" for n in INDICES), language)
    alt = say("figure.alt", language, values=said, levels=len(found.levels))
    rows = tuple(
        (name, *(cell for n in INDICES for cell in (*spread[n], limit[n])))
        for name, spread, limit in zip(names, spreads, limits, strict=True)
    )
    parts = ("low", "middle", "high", "cutoff")
    data = Table(
        key="cutoffs-spread",
        title=title,
        columns=(
            Column("row", say("column.row", language)),
            *(
                Column(f"{n}_{p}", say(f"column.{p}", language), "unit", group=NAMES[n])
                for n in INDICES
                for p in parts
            ),
        ),
        rows=rows,
    )
    svg = drawing(names, spreads, limits, observed, title=title, alt=alt, language=language)
    figure = Figure("cutoffs-spread", title, svg, alt, data, (say("figure.note", language),))
    return Evidence(
        id="cutoffs-figure", title=title, figure=figure, citations=SOURCES, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def close_fit_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """RMSEA with its interval, and the tests of close and of not-close fit."""
    del labels
    title = say("close.title", language)
    version = judged_version(solution, "rmsea")
    close, distant = (value(solution, f"rmsea.{n}pvalue", version) for n in ("", "notclose."))
    point = judged(solution, "rmsea")
    low, high = (judged(solution, f"rmsea.ci.{end}") for end in ("lower", "upper"))
    sources = ("maccallum1996", "browne1992")
    if point is None or not value(solution, "df") or close is None:
        words = (say("close.none", language),)
        return Evidence("close-fit-table", title, paragraphs=words, language=language,
                        stamps=tuple(stamps))  # fmt: skip
    bounds = {"close": unit(CLOSE, language, 2), "distant": unit(DISTANT, language, 2)}
    rows: tuple[tuple[Cell, ...], ...] = (
        (say("close.row_close", language, **bounds), close, _reading(close, "close", language)),
        (
            say("close.row_distant", language, **bounds),
            distant,
            _reading(distant, "distant", language),
        ),
    )
    note = say(
        "close.note",
        language,
        rmsea=unit(point, language),
        interval=numbers.interval(low, high, digits=3, bounded=True, language=language),
        sources=cite(sources, language),
    )
    table = Table(
        key="close-fit",
        title=title,
        columns=(
            Column("hypothesis", say("close.column_hypothesis", language)),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("reading", say("close.column_reading", language)),
        ),
        rows=rows,
        notes=(note,),
    )
    refused = refusal(solution, language)
    return Evidence(
        id="close-fit-table",
        title=title,
        table=table,
        verdict=refused or _close_verdict(close, distant, bounds, language, sources),
        citations=sources,
        language=language,
        stamps=tuple(stamps),
    )


def _reading(p: float | None, which: str, language: str) -> str:
    if p is None:
        return ""
    return say(f"close.{which}_{'rejected' if p < ALPHA else 'kept'}", language)


def _close_verdict(
    close: float,
    distant: float | None,
    bounds: Mapping[str, str],
    language: str,
    sources: tuple[str, ...],
) -> Verdict:
    """Good: poor fit rejected and close fit kept; poor: close rejected, poor kept."""
    ruled_out = distant is not None and distant < ALPHA
    if ruled_out and close >= ALPHA:
        return Verdict("good", (say("close.good", language, **bounds),), sources)
    if ruled_out:
        return Verdict("mixed", (say("close.between", language, **bounds),), sources)
    key = "close.open" if close >= ALPHA else "close.poor"
    return Verdict("mixed" if close >= ALPHA else "poor", (say(key, language, **bounds),), sources)
