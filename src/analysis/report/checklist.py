"""A reviewer's checklist: every point judged from the evidence of the same report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from analysis.i18n import text
from analysis.methods.coverage import Coverage
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.fit import misfit, residual_sentence
from analysis.report.indices import Version, is_robust, value
from analysis.report.labels import Labels
from analysis.report.prose import conclusive, sentences
from analysis.report.records import Cell, Column, Table
from analysis.report.references import cite
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
Status = Literal["met", "partly", "not_met", "open", "na"]
SYMBOLS: Mapping[Status, str] = {
    "met": "\u25cf",
    "partly": "\u25d0",
    "not_met": "\u25cb",
    "open": "?",
    "na": "\u2014",
}
GRADES: Mapping[str, Status] = {
    "good": "met",
    "acceptable": "partly",
    "mixed": "partly",
    "poor": "not_met",
    "none": "open",
    "unknown": "na",
}
SOURCES = ("appelbaum2018", "hair2019")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "data": ("sample", "missing", "scale", "moments"),
    "model": ("outcome", "df", "cases", "engines"),
    "fit": ("exact", "indices", "dynamic", "close", "local"),
    "measurement": ("loadings", "reliability", "fornell", "htmt", "distinct", "second_order"),
    "method": ("latent_method", "marker", "lindell", "collinearity"),
    "structure": ("hypotheses", "mediation", "rivals", "equivalent", "prediction"),
    "record": ("record",),
}
FEW_CATEGORIES = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the list: its status, why, and the id of the evidence that shows it, if any."""

    key: str
    status: Status
    words: str
    evidence: str


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/checklist.toml``."""
    return text(f"checklist.{key}", language, **fields)


def from_evidence(key: str, piece: Evidence, language: str) -> Point:
    """A point that a piece of evidence has judged already.

    Without a verdict the point does not apply, and the piece says why; where no verdict may be
    given it stays open.
    """
    if piece.verdict is None:
        words = piece.paragraphs[0] if piece.paragraphs else say("na", language)
        return Point(key, "na", words, piece.id)
    status = GRADES[piece.verdict.level]
    if status == "open":
        words = sentences(piece.verdict.sentences[:1], language)
        return Point(key, status, words, piece.id)
    return Point(key, status, sentences(piece.verdict.sentences[:2], language), piece.id)


def from_presence(key: str, piece: Evidence, language: str) -> Point:
    """A point that is met by showing something: it does not apply where there is nothing."""
    words = piece.paragraphs[0] if piece.paragraphs else say("words.shown", language)
    return Point(key, "na" if piece.table is None else "met", words, piece.id)


def sample_points(
    solution: Solution,
    coverage: Coverage | None,
    *,
    categories: Sequence[int],
    complete_moments: bool | None,
    language: str,
) -> tuple[Point, ...]:
    """What can be said of the respondents and of their answers.

    ``coverage`` is None for published moments; ``categories`` are the numbers of answer
    categories of the items, where known; ``complete_moments`` says whether a reader could refit
    the model from what the report shows, None where it does not show the moments.
    """
    size = criterion("survey.n")
    n = numbers.integer(solution.n, language=language)
    found = [
        Point(
            "sample",
            GRADES[size.grade(solution.n)],
            say("words.sample", language, n=n, wanted=numbers.integer(size.good)),
            "sample",
        ),
        _missing(solution, coverage, language),
        _scale(solution, coverage, categories, language),
    ]
    if complete_moments is not None:
        words = say("words.moments" if complete_moments else "words.moments_partly", language)
        status: Status = "met" if complete_moments else "partly"
        found.append(Point("moments", status, words, "correlations"))
    return tuple(found)


def _missing(solution: Solution, coverage: Coverage | None, language: str) -> Point:
    if coverage is None:
        return Point("missing", "na", say("words.no_rows", language), "sample")
    if not coverage.incomplete:
        return Point("missing", "met", say("words.complete", language), "sample")
    share = numbers.percent(coverage.missing_share, language=language)
    full = any(g.patterns is not None for g in solution.fit.moments.groups)
    few = not criterion("survey.missing").missed(coverage.missing_share)
    status: Status = "met" if full else "partly" if few else "not_met"
    key = "words.fiml" if full else "words.listwise"
    return Point("missing", status, say(key, language, share=share), "sample")


def _scale(
    solution: Solution, coverage: Coverage | None, categories: Sequence[int], language: str
) -> Point:
    """Whether the estimator suits the answers."""
    fields = {"estimator": solution.estimator}
    if any(g.ordinal is not None for g in solution.fit.moments.groups):
        return Point("scale", "met", say("words.ordered", language, **fields), "outcome")
    if coverage is None:
        return Point("scale", "na", say("words.no_rows", language), "outcome")
    if categories and min(categories) < FEW_CATEGORIES:
        few = say("words.few", language, least=min(categories), **fields)
        return Point("scale", "not_met", few, "outcome")
    robust = is_robust(solution)
    words = say("words.robust" if robust else "words.normal", language, **fields)
    return Point("scale", "met" if robust else "partly", words, "outcome")


def model_points(solution: Solution, *, language: str) -> tuple[Point, ...]:
    """Estimation, degrees of freedom, size against parameters, the exact test, local misfit."""
    ended: Status = "met" if conclusive(solution) else "not_met"
    words = say("words.converged" if ended == "met" else "words.not_proper", language)
    found = [Point("outcome", ended, words, "outcome")]
    if not solution.outcome.estimated:
        keys = ("df", "cases", "engines", "exact", "local")
        return (*found, *(_open(key, language) for key in keys))
    df, npar = int(solution.inference.test.df), value(solution, "npar") or 0.0
    shown = say("words.df", language, df=df, npar=int(npar))
    found.append(Point("df", "met" if df > 0 else "not_met", shown, "fit-table"))
    ratio = solution.n / npar if npar else float("nan")
    rule = criterion("estimation.cases")
    cases = numbers.number(ratio, digits=1, language=language)
    words = say("words.cases", language, ratio=cases, wanted=numbers.integer(rule.good),
                sources=cite(rule.cite, language))  # fmt: skip
    found.append(Point("cases", GRADES[rule.grade(ratio)], words, "fit-table"))
    found.append(_engines(solution, language))
    if ended != "met":
        return (*found, _open("exact", language), _open("local", language))
    return (*found, _exact(solution, language), _local(solution, language))


def _open(key: str, language: str) -> Point:
    return Point(key, "open", say("open", language), "outcome")


def _engines(solution: Solution, language: str) -> Point:
    engine = solution.second_engine
    if engine is None:
        return Point("engines", "na", say("words.no_engine", language), "second-engine")
    key = "words.agree" if engine.agrees else "words.disagree"
    return Point(
        "engines", "met" if engine.agrees else "not_met", say(key, language), "second-engine"
    )


def _exact(solution: Solution, language: str) -> Point:
    version: Version = ".scaled" if is_robust(solution) else ""
    p = value(solution, "pvalue", version)
    if p is None or not isfinite(p) or not value(solution, "df"):
        return Point("exact", "na", say("words.no_test", language), "fit-table")
    phrase = numbers.p_phrase(p, language=language)[1:]
    key = "words.exact_kept" if p >= 0.05 else "words.exact_rejected"
    return Point("exact", "met" if p >= 0.05 else "not_met", say(key, language, p=phrase),
                 "fit-table")  # fmt: skip


def _local(solution: Solution, language: str) -> Point:
    large, pairs, _ = misfit(solution)
    status: Status = "met"
    if large:
        many = criterion("residual.share").missed(large / pairs)
        status = "not_met" if many else "partly"
    return Point("local", status, residual_sentence(solution, language), "residuals-figure")


def record_point(language: str) -> Point:
    """Versions, digests and parameters stand at the end of every report."""
    return Point("record", "met", say("words.record", language), "session")


def checklist_table(
    points: Sequence[Point],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """All points with status, finding and a link to the evidence."""
    del labels
    title = say("title", language)
    by_key = {point.key: point for point in points}
    rows: list[tuple[Cell, ...]] = []
    groups, links = [], []
    for group, keys in GROUPS.items():
        present = [by_key[key] for key in keys if key in by_key]
        if present:
            groups.append((len(rows), say(f"group.{group}", language)))
        for point in present:
            if point.evidence:
                links.append((len(rows), 3, point.evidence))
            rows.append((
                say(f"point.{point.key}", language),
                f"{SYMBOLS[point.status]}\u00a0{say(f'status.{point.status}', language)}",
                point.words,
                say("column.see", language) if point.evidence else "",
            ))  # fmt: skip
    table = Table(
        key="checklist",
        title=title,
        columns=(
            Column("point", say("column.point", language)),
            Column("status", say("column.status", language)),
            Column("finding", say("column.finding", language)),
            Column("evidence", say("column.evidence", language)),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        links=tuple(links),
        notes=(say("note", language, sources=cite(SOURCES, language)),),
    )
    count = {s: sum(p.status == s for p in points) for s in SYMBOLS}
    judged = sum(count[s] for s in ("met", "partly", "not_met"))
    words = [say("summary", language, met=count["met"], judged=judged, partly=count["partly"],
                 not_met=count["not_met"])]  # fmt: skip
    if count["open"]:
        words.append(say("summary_open", language, open=count["open"]))
    return Evidence(
        id="checklist", title=title, table=table, paragraphs=(sentences(words, language),),
        citations=SOURCES, language=language, stamps=tuple(stamps),
    )  # fmt: skip
