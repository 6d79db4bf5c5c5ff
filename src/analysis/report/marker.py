"""Evidence of the CFA marker technique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.method_bias import MarkerAnalysis, MarkerModel
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.indices import judged, value
from analysis.report.labels import Labels, resolve
from analysis.report.method_bias import CHI, DELTA_CHI, DF, P, say
from analysis.report.prose import ending, join, unit
from analysis.report.records import Cell, Column, Notice, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("williams2010",)


def marker_table(
    found: MarkerAnalysis | None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The series of marker models with their tests; words where no marker was asked."""
    names = resolve(labels)
    title = say("marker.title", language)
    if found is None:
        words = say("marker.none", language, sources=cite(SOURCES, language))
        return Evidence("marker-table", title, paragraphs=(words,), citations=SOURCES,
                        language=language, stamps=tuple(stamps))  # fmt: skip
    against = say("column.against", language)
    table = Table(
        key="marker",
        title=title,
        columns=(
            Column("model", say("column.model", language)),
            Column("chisq", CHI, "number", 2),
            Column("df", DF, "number", 0),
            Column("cfi", "CFI", "unit"),
            Column("rmsea", "RMSEA", "unit"),
            Column("against", against),
            Column("diff", DELTA_CHI, "number", 2),
            Column("diff_df", f"\u0394{DF}", "number", 0),
            Column("p", P, "p"),
        ),
        rows=tuple(_row(model, language) for model in found.models),
        notes=(say("marker.note", language, marker=names.of(found.marker),
                   sources=cite(SOURCES, language)),),
    )  # fmt: skip
    return Evidence(
        id="marker-table",
        title=title,
        table=table if found.models else None,
        verdict=_verdict(found, language),
        paragraphs=_correlations(found, names, language),
        notices=tuple(Notice("warning", *m.parts(language)) for m in found.findings),
        citations=SOURCES,
        language=language,
        stamps=tuple(stamps),
    )


def _row(model: MarkerModel, language: str) -> tuple[Cell, ...]:
    s, d = model.solution, model.difference
    name = say(f"marker.step_{model.step}", language)
    if not s.outcome.admissible:
        ended = say(f"outcome.{ending(s)}", language)
        return (name, None, None, None, None, ended, None, None, None)
    scaled = ".scaled" if s.inference.robust is not None else ""
    return (
        name,
        value(s, f"chisq{scaled}"), value(s, "df"), judged(s, "cfi"), judged(s, "rmsea"),
        say(f"marker.step_{model.against}", language) if model.against else "",
        d.stat if d else None, d.df if d else None, d.p if d else None,
    )  # fmt: skip


def _verdict(found: MarkerAnalysis, language: str) -> Verdict:
    """Good: no method effect, or one that leaves the correlations alone; mixed: it biases them."""
    if found.effect is None or found.chosen is None:
        return Verdict("none", (say("marker.unfinished", language),))
    share = numbers.percent(found.share, language=language)
    if not found.effect:
        return Verdict("good", (say("marker.no_effect", language),), SOURCES)
    kind = say(f"marker.kind_{found.chosen}", language)
    words = say("marker.effect", language, share=share, kind=kind)
    if found.biased is None:
        return Verdict("none", (words, say("marker.unfinished", language)), SOURCES)
    key = "marker.biased" if found.biased else "marker.unbiased"
    return Verdict("mixed" if found.biased else "good", (words, say(key, language)), SOURCES)


def _correlations(found: MarkerAnalysis, labels: Labels, language: str) -> tuple[str, ...]:
    """The correlations of constructs without and with the marker's method loadings."""
    if not found.changes:
        return ()
    pairs = (
        f"{labels.of(c.first)} \u2194 {labels.of(c.second)} {unit(c.baseline, language)} "
        f"\u2192 {unit(c.method, language)}"
        for c in found.changes
    )
    return (say("marker.correlations", language, pairs=join(pairs, language)),)
