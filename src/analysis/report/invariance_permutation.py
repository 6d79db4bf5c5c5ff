"""Evidence on permutation tests: steps of the ladder, scores of its equalities, paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.invariance import PermutedLadder, PermutedPaths, PermutedStep
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.invariance_words import (
    count_of,
    notices,
    p_words,
    parameter_name,
    say,
    step_title,
)
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, unit
from analysis.report.records import Cell, Column, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("jorgensen2018", "phipson2010")
MOST_SCORES = 5
ALPHA = 0.05


def permutation_table(
    found: PermutedLadder,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every step's loss of fit against what chance makes of it, and the largest scores."""
    names = resolve(labels)
    title = say("permutation.title", language)
    rows = [_row(step, language) for step in found.steps]
    groups = [(0, say("permutation.steps", language))] if rows else []
    for step in dict.fromkeys(c.step for c in found.causes):
        own = [c for c in found.causes if c.step == step][:MOST_SCORES]
        heading = say("permutation.scores", language, step=say(f"step.{step}", language))
        groups.append((len(rows), heading))
        for cause in own:
            name = parameter_name(cause.element, names, language)
            rows.append((name, cause.stat, cause.p, *(None,) * 6))
    words = () if found.findings else (say("permutation.off", language),)
    return Evidence(
        id="permutation-table",
        title=title,
        table=_table(found, title, rows, groups, language) if rows else None,
        verdict=_verdict(found, language) if rows else None,
        paragraphs=() if rows else words,
        citations=SOURCES if rows else (),
        notices=notices(found.findings, language, names),
        language=language,
        stamps=tuple(stamps),
    )


def _row(step: PermutedStep, language: str) -> tuple[Cell, ...]:
    change, p = step.change, step.p_change
    return (
        step_title(step.step, len(step.released) if step.partial else 0, language),
        step.chisq, step.p_chisq, change.cfi, p.cfi, change.rmsea, p.rmsea, change.srmr, p.srmr,
    )  # fmt: skip


def _table(
    found: PermutedLadder,
    title: str,
    rows: Sequence[tuple[Cell, ...]],
    groups: Sequence[tuple[int, str]],
    language: str,
) -> Table:
    columns = [Column("step", say("column.step", language))]
    for key, label, kind, digits in (
        ("chisq", "\u0394\u27e6\u03c7\u27e7\u00b2", "number", 2),
        ("cfi", "\u0394CFI", "unit", 4),
        ("rmsea", "\u0394RMSEA", "unit", 4),
        ("srmr", "\u0394SRMR", "unit", 4),
    ):
        value = say("column.value", language)
        shown = Column(key, value, "number" if kind == "number" else "unit", digits, group=label)
        columns += [shown, Column(f"p_{key}", "\u27e6p\u27e7", "p", group=label)]
    sizes = {"n": count_of(found.n, language), "total": count_of(found.total, language)}
    least = unit(1.0 / (found.permutations + 1.0), language)
    notes = [
        say("permutation.note", language, count=count_of(found.permutations, language),
            least=least, sources=cite(SOURCES, language)),
        say("permutation.complete", language, **sizes),
    ]  # fmt: skip
    lost = max((found.permutations - s.draws for s in found.steps), default=0)
    if lost:
        notes.append(say("permutation.lost", language, count=lost))
    if found.causes:
        notes.append(say("permutation.note_scores", language))
    return Table(
        "permutation", title, tuple(columns), tuple(rows), notes=tuple(notes), groups=tuple(groups)
    )


def _verdict(found: PermutedLadder, language: str) -> Verdict:
    tested = [s for s in found.steps if s.step != "configural"]
    words = []
    first = next((s for s in found.steps if s.step == "configural"), None)
    if first is not None and finite(first.p_chisq):
        key = "configural_worse" if first.p_chisq < ALPHA else "configural_alike"
        words.append(say(f"permutation.{key}", language, p=p_words(first.p_chisq, language)))
    failed = [s for s in tested if s.p_chisq < ALPHA]
    shown = [step_title(s.step, len(s.released) if s.partial else 0, language) for s in failed]
    if shown:
        words.append(say("permutation.beyond", language, names=join(shown, language)))
    elif tested:
        words.append(say("permutation.within", language))
    return Verdict("mixed" if failed else "good", tuple(words), SOURCES)


def path_permutation_words(found: PermutedPaths | None, language: str) -> tuple[str, ...]:
    """What the table of paths says about permutations."""
    if found is None or not found.paths:
        return ()
    stat = numbers.number(found.chisq, digits=2, language=language)
    return (
        say(
            "paths.permuted", language, stat=stat, p=p_words(found.p, language),
            count=count_of(found.permutations, language), n=count_of(found.n, language),
            total=count_of(found.total, language),
        ),
    )  # fmt: skip
