"""Evidence on missing answers, normality and outliers."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.methods.missingness import LITTLE, ItemMissing, Little, Missingness
from analysis.methods.normality import MARDIA, Mardia
from analysis.methods.screening import Outliers
from analysis.report import numbers, survey_plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import resolve
from analysis.report.prose import sentences
from analysis.report.records import Cell, Column, Figure, Table
from analysis.report.references import cite
from analysis.report.survey_plots import PatternRow
from analysis.report.survey_words import LabelsLike, item_label, tell

SHOWN_ITEMS, SHOWN_PATTERNS = 12, 12
NOT_RANDOM = 0.05


def missing_table(
    found: Missingness,
    little: Little | None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """How much is missing, in which items most, and whether completely at random."""
    names = resolve(labels)
    limit = criterion("survey.missing")
    worst = sorted((i for i in found.items if i.missing), key=lambda i: -i.share)[:SHOWN_ITEMS]
    table = Table(
        key="missing",
        title=tell("missing.title", language),
        columns=(
            Column("item", tell("column.item", language)),
            Column("asked", tell("column.asked", language), "int"),
            Column("missing", tell("column.missing", language), "int"),
            Column("share", tell("column.share", language), "percent", 1),
        ),
        rows=tuple((item_label(i.name, names), i.asked, i.missing, i.share) for i in worst),
        marks=tuple((k, 3, "a") for k, i in enumerate(worst) if limit.missed(i.share)),
        notes=_notes(found, worst, language),
        formulas=() if little is None else (LITTLE,),
    )  # fmt: skip
    said = tell(
        "missing.sentence" if found.missing else "missing.nothing", language,
        percent=numbers.percent(found.share, digits=2, language=language),
        complete=numbers.integer(found.complete, language=language),
        n=numbers.integer(found.n, language=language),
        persons=numbers.percent(found.complete / found.n if found.n else None, language=language),
        patterns=len(found.patterns),
    )  # fmt: skip
    return Evidence(
        id="missing", title=table.title, table=table if worst else None,
        paragraphs=(said, *_little(little, language)),
        citations=(*limit.cite, *(() if little is None else ("little1988",))),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _notes(found: Missingness, worst: Sequence[ItemMissing], language: str) -> tuple[str, ...]:
    limit = criterion("survey.missing")
    notes = [tell("missing.note", language, shown=len(worst), items=len(found.items))]
    if any(limit.missed(i.share) for i in found.items):
        shown = numbers.percent(limit.good, digits=0, language=language)
        notes.append("a|" + tell("missing.note_limit", language, limit=shown,
                                 source=cite(limit.cite, language)))  # fmt: skip
    return tuple(notes)


def _little(little: Little | None, language: str) -> tuple[str, ...]:
    if little is None:
        return ()
    fields = {
        "chi2": numbers.number(little.statistic, digits=2, language=language),
        "df": numbers.integer(little.df, language=language),
        "p": numbers.p_phrase(little.p, language=language),
        "patterns": little.patterns,
    }
    key = "not_random" if little.p < NOT_RANDOM else "random"
    said = [tell("missing.little", language, **fields), tell(f"missing.{key}", language)]
    if not little.converged:
        said.append(tell("missing.not_converged", language))
    return (sentences(said, language),)


def missing_figure(
    found: Missingness,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Map of missing answers: share by item, and the commonest patterns."""
    del labels
    title = tell("missing_map.title", language)
    gaps = [p for p in found.patterns if p.missing][:SHOWN_PATTERNS]
    if not gaps:
        return Evidence(id="missing-map", title=title, language=language, stamps=tuple(stamps),
                        paragraphs=(tell("missing_map.none", language),))  # fmt: skip
    items = [i.name for i in found.items]
    shares = [i.share for i in found.items]
    worst = max(found.items, key=lambda i: i.share)
    alt = tell("missing_map.alt", language, items=len(items), worst=worst.name,
               percent=numbers.percent(worst.share, language=language),
               patterns=len(gaps))  # fmt: skip
    svg = survey_plots.missing_map(
        items, shares,
        [PatternRow(tuple(name in p.missing for name in items), p.n) for p in gaps],
        words=(tell("missing_map.by_item", language), tell("missing_map.by_pattern", language)),
        title=title, alt=alt, language=language,
    )  # fmt: skip
    columns = (
        Column("pattern", tell("column.left_out", language)),
        Column("n", "\u27e6n\u27e7", "int"),
    )
    rows: list[tuple[Cell, ...]] = [(" ".join(p.missing), p.n) for p in gaps]
    figure = Figure(key="missing-map", title=title, svg=svg, alt=alt,
                    data=Table("missing-map-data", title, columns, tuple(rows)),
                    notes=(tell("missing_map.note", language, shown=len(gaps),
                                total=sum(bool(p.missing) for p in found.patterns)),))  # fmt: skip
    return Evidence(id="missing-map", title=title, figure=figure, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def normality_table(
    mardia: Mardia | None,
    outliers: Outliers | None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Mardia's tests and robust outliers of the model's items."""
    del labels
    rows: list[tuple[Cell, ...]] = []
    said: list[str] = []
    if mardia is None:
        said.append(tell("normality.no_mardia", language))
    else:
        rows.append((tell("normality.skewness", language), mardia.b1, mardia.skew_chi2,
                     mardia.skew_df, mardia.skew_p))  # fmt: skip
        rows.append((tell("normality.kurtosis", language), mardia.b2, mardia.kurtosis_z, None,
                     mardia.kurtosis_p))  # fmt: skip
        normal = mardia.skew_p >= 0.05 and mardia.kurtosis_p >= 0.05
        said.append(tell("normality.normal" if normal else "normality.not_normal", language,
                         n=numbers.integer(mardia.n, language=language), p=mardia.p))  # fmt: skip
    if outliers is None:
        said.append(tell("normality.no_outliers", language))
    else:
        said.append(tell(
            "normality.outliers", language,
            beyond=numbers.integer(outliers.beyond, language=language),
            n=numbers.integer(outliers.n, language=language),
            percent=numbers.percent(outliers.beyond / outliers.n, language=language),
            expected=numbers.number(outliers.expected, digits=1, language=language),
            cut=numbers.number(outliers.cut, digits=1, language=language), df=outliers.df,
        ))  # fmt: skip
    table = Table(
        key="normality",
        title=tell("normality.title", language),
        columns=(
            Column("test", tell("column.test", language)),
            Column("value", tell("column.coefficient", language), "number", 2),
            Column("statistic", tell("column.statistic", language), "number", 2),
            Column("df", "\u27e6df\u27e7", "int"),
            Column("p", "\u27e6p\u27e7", "p"),
        ),
        rows=tuple(rows), notes=(tell("normality.note", language),), formulas=(MARDIA,),
    )  # fmt: skip
    return Evidence(id="normality", title=table.title, table=table if rows else None,
                    paragraphs=tuple(said), citations=("mardia1970", "rousseeuw1999"),
                    language=language, stamps=tuple(stamps))  # fmt: skip
