"""Evidence on items within their constructs, and on factors found without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.factor_analysis import Adequacy, Efa, Map, Parallel, Scale
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import resolve
from analysis.report.prose import join, unit
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.survey_plots import scree
from analysis.report.survey_words import LabelsLike, item_label, tell


def item_table(
    scales: Mapping[str, Scale],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Corrected item-total correlations and alpha without each item, construct by construct."""
    names = resolve(labels)
    limit = criterion("survey.item_total")
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    better: list[str] = []
    for construct, scale in scales.items():
        head = tell("scale.heading", language, construct=names.of(construct),
                    alpha=unit(scale.alpha, language), r=unit(scale.mean_r, language, 2),
                    n=numbers.integer(scale.n, language=language))  # fmt: skip
        groups.append((len(rows), head))
        for item in scale.items:
            if limit.missed(item.total_r):
                marks.append((len(rows), 3, "a"))
            if item.alpha_without > scale.alpha + 0.005:
                marks.append((len(rows), 4, "b"))
                better.append(item.name)
            rows.append((item_label(item.name, names), item.mean, item.sd, item.total_r,
                         item.alpha_without))  # fmt: skip
    letters = {mark[2] for mark in marks}
    notes = [tell("scale.note", language)]
    if "a" in letters:
        notes.append("a|" + tell("scale.note_low", language, limit=unit(limit.good, language, 2),
                                 source=cite(limit.cite, language)))  # fmt: skip
    if "b" in letters:
        notes.append("b|" + tell("scale.note_better", language))
    table = Table(
        key="item-analysis",
        title=tell("scale.title", language),
        columns=(
            Column("item", tell("column.item", language)),
            Column("mean", "\u27e6M\u27e7", "number", 2),
            Column("sd", "\u27e6SD\u27e7", "number", 2),
            Column("total_r", tell("column.item_total", language), "unit", 2),
            Column("alpha_without", tell("column.alpha_without", language), "unit"),
        ),
        rows=tuple(rows), groups=tuple(groups), marks=tuple(marks), notes=tuple(notes),
    )  # fmt: skip
    said = tell("scale.better", language, items=join(better, language)) if better else tell(
        "scale.fine", language)  # fmt: skip
    return Evidence(id="item-analysis", title=table.title, table=table if rows else None,
                    paragraphs=(said,) if rows else (tell("scale.none", language),),
                    citations=limit.cite, language=language, stamps=tuple(stamps))  # fmt: skip


def factor_table(
    found: Efa | None,
    names: Sequence[str],
    *,
    adequacy: Adequacy | None,
    parallel: Parallel | None,
    least: Map | None,
    n: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Exploratory factors of the model's items, as many as parallel analysis suggests."""
    title = tell("factors.title", language)
    if found is None or adequacy is None or parallel is None or least is None:
        key = "factors.none" if parallel is None else "factors.noise"
        return Evidence(id="factors", title=title, paragraphs=(tell(key, language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    said = [
        tell("factors.adequacy", language, kmo=unit(adequacy.kmo, language, 2),
             chi2=numbers.number(adequacy.chi2, digits=1, language=language), df=adequacy.df,
             p=numbers.p_phrase(adequacy.p, language=language)),
        tell("factors.count", language, parallel=parallel.factors, least=least.factors,
             used=found.pattern.shape[1]),
    ]  # fmt: skip
    if found.heywood or not found.converged:
        said.append(tell("factors.improper", language))
    citations = ("horn1965", "velicer1976", "kaiser1974")
    return Evidence(
        id="factors", title=title, table=_pattern(found, names, n, language, labels),
        figure=_scree(parallel, language), paragraphs=tuple(said), citations=citations,
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _pattern(
    found: Efa, names: Sequence[str], n: int, language: str, labels: LabelsLike
) -> Table:  # fmt: skip
    spoken = resolve(labels)
    m = found.pattern.shape[1]
    leading = abs(found.pattern).argmax(axis=1)
    order = sorted(
        range(len(names)), key=lambda j: (leading[j], -abs(found.pattern[j, leading[j]]))
    )
    rows: list[tuple[Cell, ...]] = [
        (item_label(names[j], spoken), *map(float, found.pattern[j]), float(found.communality[j]))
        for j in order
    ]
    rows.append((tell("factors.explained", language), *map(float, found.explained),
                 float(found.explained.sum())))  # fmt: skip
    for k in range(m if m > 1 else 0):
        correlations: list[Cell] = [float(found.phi[k, j]) if j < k else "" for j in range(m)]
        correlations[k] = numbers.DASH
        rows.append((tell("factors.correlation", language, k=k + 1), *correlations, ""))
    limit = criterion("survey.cross_loading").good
    weak = [
        (i, 1 + k, "a")
        for i, j in enumerate(order)
        for k in range(m)
        if k != leading[j] and abs(found.pattern[j, k]) > limit
    ]
    notes = [tell("factors.note", language, n=numbers.integer(n, language=language),
                  rmsr=unit(found.rmsr, language))]  # fmt: skip
    if weak:
        shown = unit(limit, language, 2)
        notes.append("a|" + tell("factors.note_cross", language, limit=shown))
    columns = [Column("item", tell("column.item", language))]
    columns += [Column(f"f{k + 1}", tell("column.factor", language, k=k + 1), "unit", 2)
                for k in range(m)]  # fmt: skip
    columns.append(Column("communality", tell("column.communality", language), "unit", 2))
    return Table("factors", tell("factors.title", language), tuple(columns), tuple(rows),
                 notes=tuple(notes), marks=tuple(weak))  # fmt: skip


def _scree(found: Parallel, language: str) -> Figure:
    title = tell("scree.title", language)
    words = (tell("scree.observed", language), tell("scree.random", language),
             tell("scree.axis", language))  # fmt: skip
    first = numbers.number(float(found.observed[0]), digits=2, language=language)
    alt = tell("scree.alt", language, p=len(found.observed), factors=found.factors, first=first)
    columns = (
        Column("number", tell("column.number", language), "int"),
        Column("observed", words[0], "number", 2),
        Column("mean", tell("scree.mean", language), "number", 2),
        Column("upper", words[1], "number", 2),
    )
    rows = tuple((k + 1, float(a), float(b), float(c)) for k, (a, b, c) in enumerate(
        zip(found.observed, found.mean, found.upper, strict=True)))  # fmt: skip
    svg = scree([float(v) for v in found.observed], [float(v) for v in found.upper], words=words,
                title=title, alt=alt, language=language)  # fmt: skip
    return Figure("scree", title, svg, alt, Table("scree-data", title, columns, rows),
                  (tell("scree.note", language, repetitions=found.repetitions),))  # fmt: skip
