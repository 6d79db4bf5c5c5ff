"""Evidence on careless responding, and what leaving people out does to the paths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from analysis.methods.careless import Careless
from analysis.report import numbers, survey_plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import resolve
from analysis.report.prose import join, refusal, unit
from analysis.report.records import Cell, Column, Figure, Level, Table, Verdict
from analysis.report.references import cite
from analysis.report.survey_plots import Bar
from analysis.report.survey_words import LabelsLike, tell
from analysis.sem import Solution
from analysis.sem.solution import Estimate

SOURCES = {
    "longstring": "johnson2005", "irv": "dunn2018", "even_odd": "johnson2005",
    "synonyms": "meade2012", "antonyms": "meade2012", "mahalanobis": "meade2012",
    "seconds": "huang2012", "attention": "meade2012",
}  # fmt: skip


def careless_table(
    found: Careless,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every index with its cut-off and the respondents beyond it; who shows two signs or more."""
    del labels
    rows: list[tuple[Cell, ...]] = []
    for name, values in found.indices.items():
        known = int((~np.isnan(values)).sum())
        flagged = int(found.flags[name].sum())
        rows.append((
            tell(f"careless.index_{name}", language), _cut(found, name, language),
            known, flagged, flagged / found.n, cite([SOURCES[name]], language),
        ))  # fmt: skip
    absent = [tell(f"careless.index_{name}", language) for name in SOURCES
              if name not in found.indices]  # fmt: skip
    notes = [tell("careless.note", language)]
    if "synonyms" in found.indices:
        notes.append(tell("careless.note_pairs", language, pairs=found.pairs["synonyms"],
                          limit=unit(found.rules.pair, language, 2)))  # fmt: skip
    if absent:
        notes.append(tell("careless.note_absent", language, indices=join(absent, language)))
    table = Table(
        key="careless",
        title=tell("careless.title", language),
        columns=(
            Column("index", tell("column.index", language)),
            Column("cut", tell("column.cut", language)),
            Column("n", tell("column.with_value", language), "int"),
            Column("flagged", tell("column.flagged", language), "int"),
            Column("share", tell("column.share", language), "percent", 1),
            Column("source", tell("column.source", language)),
        ),
        rows=tuple(rows), notes=tuple(notes),
    )  # fmt: skip
    keys = (*(SOURCES[name] for name in found.indices), "curran2016")
    return Evidence(
        id="careless", title=table.title, table=table, verdict=careless_verdict(found, language),
        citations=tuple(dict.fromkeys(keys)), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _cut(found: Careless, name: str, language: str) -> str:
    cut = found.cuts[name]
    if name == "mahalanobis":
        return "p < " + numbers.p_value(cut, language=language)
    sign = {"longstring": "\u2265", "attention": "\u2265", "antonyms": ">"}.get(name, "<")
    whole = name in ("longstring", "attention")
    bounded = name in ("even_odd", "synonyms", "antonyms")
    shown = numbers.number(cut, digits=0 if whole else 2, bounded=bounded, language=language)
    return f"{sign} {shown}"


def careless_verdict(found: Careless, language: str) -> Verdict:
    """What the share of flagged respondents amounts to."""
    limit = criterion("survey.careless")
    share = float(found.careless.mean())
    levels: dict[str, Level] = {"good": "good", "acceptable": "mixed", "poor": "poor"}
    grade = limit.grade(share)
    fields = {
        "flagged": numbers.integer(int(found.careless.sum()), language=language),
        "n": numbers.integer(found.n, language=language),
        "percent": numbers.percent(share, language=language),
        "least": found.rules.least,
        "usual": numbers.percent(limit.acceptable, digits=0, language=language),
    }
    said = (
        tell("careless.found", language, **fields),
        tell(f"careless.{grade}", language, **fields),
    )
    return Verdict(levels[grade], said, limit.cite)


def careless_figure(
    found: Careless,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """How many respondents show how many signs of carelessness."""
    del labels
    title = tell("signs.title", language)
    counts = [int((found.signs == k).sum()) for k in range(int(found.signs.max()) + 1)]
    least = found.rules.least
    drawn = [
        Bar(tell("signs.one" if k == 1 else "signs.bar", language, k=k),
            0 if k >= least else n, n if k >= least else 0,
            f"{numbers.integer(n, language=language)}  "
            f"({numbers.percent(n / found.n, language=language)})", False)
        for k, n in enumerate(counts)
    ]  # fmt: skip
    flagged = int(found.careless.sum())
    alt = tell("signs.alt", language, none=numbers.integer(counts[0], language=language),
               flagged=numbers.integer(flagged, language=language), least=least,
               n=numbers.integer(found.n, language=language))  # fmt: skip
    columns = (
        Column("signs", tell("column.signs", language), "int"),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("share", tell("column.share", language), "percent", 1),
    )
    data = Table("signs-data", title, columns,
                 tuple((k, n, n / found.n) for k, n in enumerate(counts)))  # fmt: skip
    figure = Figure(
        key="careless-signs", title=title, alt=alt, data=data,
        svg=survey_plots.bars(drawn, title=title, alt=alt, language=language),
        notes=(tell("signs.note", language, least=least), tell("signs.rates", language)),
    )  # fmt: skip
    return Evidence(id="careless-signs", title=title, figure=figure, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def exclusion_table(
    everyone: Solution,
    kept: Solution,
    *,
    rule: str,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Structural results with and without the excluded respondents, side by side.

    ``rule`` is the value of the parameter ``exclude``; models without paths show loadings.
    """
    names = resolve(labels)
    whole, part = _shown(everyone), _shown(kept)
    counts = [numbers.integer(solution.n, language=language) for solution in (everyone, kept)]
    groups = (
        tell("exclude.everyone", language, n=counts[0]),
        tell("exclude.kept", language, n=counts[1]),
    )
    rows: list[tuple[Cell, ...]] = []
    largest = 0.0
    for a, b in zip_longest(whole, part):
        if a is None or b is None:
            continue
        label = names.path(a.rhs, a.lhs) if a.op == "~" else names.path(a.lhs, a.rhs)
        if len(everyone.partable.groups) > 1:
            label += f" \u00b7 {names.of(everyone.partable.groups[a.group - 1])}"
        gap = b.std_all - a.std_all
        largest = max(largest, abs(gap)) if gap == gap else largest
        rows.append((label, a.std_all, a.std_all_se, a.p, b.std_all, b.std_all_se, b.p, gap))
    pair = (
        ("est", "\u27e6\u03b2\u27e7", "unit"), ("se", "\u27e6SE\u27e7", "unit"),
        ("p", "\u27e6p\u27e7", "p"),
    )  # fmt: skip
    columns = [Column("path", tell("column.path", language))]
    for prefix, group in zip(("all", "kept"), groups, strict=True):
        for key, label, kind in pair:
            columns.append(
                Column(f"{prefix}_{key}", label, "p" if kind == "p" else "unit", group=group)
            )
    columns.append(Column("gap", tell("column.difference", language), "unit"))
    table = Table(key="exclusion", title=tell("exclude.title", language), columns=tuple(columns),
                  rows=tuple(rows), notes=(tell("exclude.note", language),))  # fmt: skip
    gone = numbers.integer(everyone.n - kept.n, language=language)
    said = [tell(f"exclude.rule_{rule}", language, gone=gone)]
    if rows:
        said.append(tell("exclude.largest", language, gap=unit(largest, language)))
    verdict = refusal(everyone, language) or refusal(kept, language)
    return Evidence(id="exclusion", title=table.title, table=table if rows else None,
                    paragraphs=tuple(said), verdict=verdict, citations=("curran2016",),
                    language=language, stamps=tuple(stamps))  # fmt: skip


def _shown(solution: Solution) -> list[Estimate]:
    paths = [e for e in solution.estimates if e.op == "~"]
    return paths or [e for e in solution.estimates if e.op == "=~"]
