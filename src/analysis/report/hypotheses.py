"""Evidence on hypotheses: which the data support, with effect sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.hypotheses import Hypotheses, HypothesisResult
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.groups import group_label
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, gate, join, refusal, sentences, unit
from analysis.report.prose import say as say_common
from analysis.report.records import Cell, Column, Table
from analysis.report.references import cite
from analysis.report.structure import defined_name
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
MONTE_CARLO_SOURCES = ("preacher2012",)


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/hypotheses.toml``."""
    return text(f"hypotheses.{key}", language, **fields)


def hypotheses_table(
    found: Hypotheses,
    solution: Solution,
    *,
    parametric: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every hypothesis with its estimate, interval, effect size and decision.

    ``parametric`` says that the bootstrap drew normal samples from the implied moments.
    """
    names = resolve(labels)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    heading = None
    for r in found.rows:
        beyond = not r.hypothesis.id
        own = (r.group, beyond)
        if own != heading:
            heading = own
            lead = _heading(solution, r.group, beyond, names, language)
            if lead:
                groups.append((len(rows), lead))
        rows.append(_row(r, solution, names, language))
    table = Table(
        key="hypotheses",
        title=say("table.title", language),
        columns=_columns(language),
        rows=tuple(rows),
        row_headers=2,
        notes=_notes(found, solution, names, parametric, language) if rows else (),
        groups=tuple(groups),
    )
    refused = refusal(solution, language)
    words = _summaries(found, solution, names, language) if rows and refused is None else ()
    monte_carlo = MONTE_CARLO_SOURCES if found.method == "montecarlo" else ()
    return Evidence(
        id="hypotheses-table", title=table.title, table=table if rows else None,
        verdict=refused,
        paragraphs=words if rows else (say("table.none", language),),
        citations=(*criterion("effect.f2").cite, *monte_carlo), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _heading(solution: Solution, group: int, beyond: bool, labels: Labels, language: str) -> str:
    label = group_label(solution, group, labels)
    words = say("table.undeclared", language) if beyond else ""
    return " \u00b7 ".join(w for w in (label, words) if w)


def _columns(language: str) -> tuple[Column, ...]:
    ci = say_common("column.ci", language)
    return (
        Column("id", ""),
        Column("hypothesis", say("column.hypothesis", language)),
        Column("est", "\u27e6B\u27e7", "number"),
        Column("se", "\u27e6SE\u27e7", "number"),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("ci_lower", say_common("column.lower", language), "number", group=ci),
        Column("ci_upper", say_common("column.upper", language), "number", group=ci),
        Column("std_all", "\u27e6\u03b2\u27e7", "unit"),
        Column("f2", "\u27e6f\u27e7\u00b2", "number", 2),
        Column("r2", "\u27e6R\u27e7\u00b2", "unit", 2),
        Column("decision", say("column.decision", language)),
    )


def _row(
    r: HypothesisResult, solution: Solution, labels: Labels, language: str
) -> tuple[Cell, ...]:
    decision = "opposite" if r.reason == "opposite" else r.decision
    f2 = r.f2 if finite(r.f2) else None
    r2 = r.r2 if finite(r.r2) else None
    return (
        r.hypothesis.id, _words(r, solution, labels, language), r.est, r.se, r.p,
        r.ci_lower, r.ci_upper, r.std_all, f2, r2, say(f"decision.{decision}", language),
    )  # fmt: skip


def _words(r: HypothesisResult, solution: Solution, labels: Labels, language: str) -> str:
    """The declared sentence, or the path, with the expected sign."""
    sign = {"+": " (+)", "-": " (\u2212)"}.get(r.hypothesis.sign, "")
    stated = r.hypothesis.text[language]
    if stated:
        return stated.rstrip("\u3002.") + sign
    if r.source:
        return labels.path(r.source, r.target) + sign
    rows = [e for e in solution.estimates if e.op == ":=" and e.lhs == r.target]
    return (defined_name(solution, rows[0], labels) if rows else r.target) + sign


def interval_note(method: str, draws: int, *, parametric: bool, language: str) -> str:
    """How intervals were made."""
    return say(
        f"interval.{method}", language,
        draws=numbers.integer(draws, language=language),
        parametric=say("interval.parametric", language) if parametric else "",
        sources=cite(MONTE_CARLO_SOURCES, language),
    )  # fmt: skip


def _notes(
    found: Hypotheses, solution: Solution, labels: Labels, parametric: bool, language: str
) -> tuple[str, ...]:
    signed = any(r.hypothesis.sign for r in found.rows)
    rule = criterion("effect.f2")
    sizes = {
        name: unit(value, language, 2)
        for name, value in zip(
            ("small", "medium", "large"), (rule.acceptable, rule.good, rule.upper), strict=True
        )
    }
    notes = [
        interval_note(found.method, found.draws, parametric=parametric, language=language),
        say("table.rule", language, sign=say("table.rule_sign", language) if signed else ""),
        say("table.p", language),
        say("table.f2", language, sources=cite(rule.cite, language), **sizes),
    ]
    if not found.declared:
        notes.append(say("table.from_text", language))
    for reason in ("absent", "fixed"):
        listed = [_called(r, solution, labels, language) for r in found.rows if r.reason == reason]
        if listed:
            notes.append(say(f"reason.{reason}", language, names=join(listed, language)))
    if any(r.reason == "inconclusive" for r in found.rows) and refusal(solution, language):
        notes.append(say("reason.inconclusive", language, gate=gate(solution, language)))
    return tuple(notes)


def _called(r: HypothesisResult, solution: Solution, labels: Labels, language: str) -> str:
    return r.hypothesis.id or _words(r, solution, labels, language)


def _summaries(
    found: Hypotheses, solution: Solution, labels: Labels, language: str
) -> tuple[str, ...]:
    parts = []
    for group in dict.fromkeys(r.group for r in found.rows):
        judged = [
            r for r in found.rows
            if r.group == group and r.decision in ("supported", "not_supported")
        ]  # fmt: skip
        if not judged:
            continue
        open_ = [_called(r, solution, labels, language) for r in judged
                 if r.decision == "not_supported"]  # fmt: skip
        key = "all" if not open_ else "nothing" if len(open_) == len(judged) else "some"
        words = say(
            f"summary.{key}", language, total=len(judged),
            supported=len(judged) - len(open_), names=join(open_, language),
        )  # fmt: skip
        label = group_label(solution, group, labels)
        parts.append(say("summary.group", language, group=label, words=words) if label else words)
    return (sentences(parts, language),) if parts else ()
