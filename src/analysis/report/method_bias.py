"""Evidence on common method bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from analysis.errors import message
from analysis.i18n import text
from analysis.methods.method_bias import (
    Change,
    Collinearity,
    Harman,
    LatentMethod,
    LindellWhitney,
)
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.indices import judged
from analysis.report.labels import Labels, resolve
from analysis.report.prose import conclusive, finite, gate, join, refusal, sentences, unit
from analysis.report.records import Cell, Column, Level, Notice, Table, Verdict
from analysis.report.references import cite
from analysis.sem import DifferenceTest, Solution

LabelsLike = Labels | Mapping[str, str] | None
CHI, DELTA_CHI = "\u27e6\u03c7\u27e7\u00b2", "\u0394\u27e6\u03c7\u27e7\u00b2"
P, DF = "\u27e6p\u27e7", "\u27e6df\u27e7"
IDS = {
    "conventional": "bias-conventional-table",
    "lindell": "lindell-table",
    "vif": "collinearity-table",
}
GROUPS = {"~": "paths", "~~": "correlations", "=~": "loadings"}


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/method_bias.toml``."""
    return text(f"method_bias.{key}", language, **fields)


def test_words(test: DifferenceTest, language: str) -> str:
    """A difference test inside a sentence."""
    value = numbers.number(test.stat, digits=2, language=language)
    df = numbers.number(test.df, digits=0, language=language)
    phrase = numbers.p_phrase(test.p, language=language)
    return f"{DELTA_CHI}({df}) = {value}, {P}{phrase[1:]}"


def one_group_only(
    piece: Literal["conventional", "lindell", "vif"],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """In the place of a piece that several groups cannot share."""
    del labels
    symptom, _, remedy = message("method_bias.one_group").parts(language)
    return Evidence(
        id=IDS[piece],
        title=say(f"{piece}.title", language),
        paragraphs=(sentences((symptom, remedy), language),),
        language=language,
        stamps=tuple(stamps),
    )


def conventional_table(
    found: Harman,
    measurement: Solution,
    single: Solution | None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Harman's test and the one-factor model: shown because they are asked for."""
    del labels
    title = say("conventional.title", language)
    rows: list[tuple[Cell, ...]] = []
    rule = criterion("bias.harman")
    rows.append((say("conventional.share", language), found.share, None))
    for name in ("cfi", "rmsea", "srmr"):
        one = judged(single, name) if single is not None else None
        rows.append((say("conventional.index", language, index=name.upper()), one,
                     judged(measurement, name)))  # fmt: skip
    note = say(
        "conventional.note",
        language,
        limit=numbers.percent(rule.good, digits=0, language=language),
        values=join(
            (numbers.number(v, digits=2, language=language) for v in found.eigenvalues[:3]),
            language,
        ),
        sources=cite(rule.cite, language),
    )
    table = Table(
        key="bias-conventional",
        title=title,
        columns=(
            Column("check", say("conventional.check", language)),
            Column("single", say("conventional.single", language), "unit"),
            Column("model", say("conventional.model", language), "unit"),
        ),
        rows=tuple((r[0], r[1], r[2] if i else "") for i, r in enumerate(rows)),
        notes=(note,),
    )
    return Evidence(
        id=IDS["conventional"],
        title=title,
        table=table,
        paragraphs=(say("conventional.caveat", language),),
        citations=rule.cite,
        language=language,
        stamps=tuple(stamps),
    )


def latent_method_table(
    found: LatentMethod,
    structure: LatentMethod | None = None,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """What a method factor takes, and what it does to paths, correlations and loadings."""
    names = resolve(labels)
    title = say("latent.title", language)
    changes = [c for c in structure.changes if c.op == "~"] if structure is not None else []
    changes += found.changes
    said = {m.code: m for m in (*(structure.findings if structure else ()), *found.findings)}
    blank = Evidence(
        id="latent-method-table",
        title=title,
        citations=("podsakoff2003",),
        notices=tuple(Notice("note", *m.parts(language)) for m in said.values()),
        language=language,
        stamps=tuple(stamps),
    )
    if found.difference is None:
        words = gate(found.baseline, language)
        if conclusive(found.baseline):
            words = say("latent.none", language)
        return replace(blank, verdict=Verdict("none", (words,)))
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks = []
    heading = ""
    for c in changes:
        if GROUPS[c.op] != heading:
            heading = GROUPS[c.op]
            groups.append((len(rows), say(f"latent.{heading}", language)))
        if c.turned:
            marks.append((len(rows), 2, "a"))
        rows.append((_name(c, names), c.before, c.after, c.difference))
    table = Table(
        key="latent-method",
        title=title,
        columns=(
            Column("parameter", say("column.parameter", language)),
            Column("without", say("column.without", language), "unit"),
            Column("with", say("column.with", language), "unit"),
            Column("change", say("column.change", language), "unit"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        marks=tuple(marks),
        notes=(
            say("latent.note", language, sources=cite(("podsakoff2003",), language)),
            *(("a|" + say("latent.mark", language),) if marks else ()),
        ),
    )
    verdict = _latent_verdict(found, changes, names, language)
    return replace(blank, table=table if rows else None, verdict=verdict)


def _name(c: Change, labels: Labels) -> str:
    if c.op == "~":
        return labels.path(c.rhs, c.lhs)
    if c.op == "~~":
        return f"{labels.of(c.lhs)} \u2194 {labels.of(c.rhs)}"
    return f"{labels.of(c.lhs)} \u2192 {c.rhs}"


def _latent_verdict(
    found: LatentMethod, changes: Sequence[Change], labels: Labels, language: str
) -> Verdict:
    """Good: no conclusion depends on the method factor; mixed: some do."""
    assert found.difference is not None
    refused = refusal(found.baseline, language)
    if refused is not None:
        return refused
    test = test_words(found.difference, language)
    if finite(found.variance) and found.variance < 0.0:
        return Verdict("good", (say("latent.nothing", language, test=test),))
    if found.method is None or not conclusive(found.method):
        return Verdict("none", (say("latent.none", language),))
    share = numbers.percent(found.share, language=language)
    key = "needed" if found.difference.p < 0.05 else "needless"
    words = [say(f"latent.{key}", language, share=share, test=test)]
    largest = max(
        (c for c in changes if c.op != "=~"),
        key=lambda c: round(abs(c.difference), 6),  # a path can be a correlation: name the path
        default=None,
    )
    if largest is not None:
        change = unit(largest.difference, language)
        words.append(say("latent.largest", language, name=_name(largest, labels), change=change))
    turned = [c for c in changes if c.turned]
    if turned:
        listed = join((_name(c, labels) for c in turned), language)
        return Verdict("mixed", (*words, say("latent.turned", language, names=listed)))
    return Verdict("good", (*words, say("latent.robust", language)))


def lindell_table(
    found: LindellWhitney,
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Correlations of constructs before and after partialling out the marker correlation.

    ``solution`` is the measurement model's, without which there is no verdict.
    """
    names = resolve(labels)
    title = say("lindell.title", language)
    if not found.pairs:
        words = say("lindell.none", language)
        return Evidence(IDS["lindell"], title, paragraphs=(words,), language=language,
                        citations=("lindell2001",), stamps=tuple(stamps))  # fmt: skip
    rows = tuple(
        (f"{names.of(a.first)} \u2194 {names.of(a.second)}", a.r, a.p, a.r_adjusted, a.p_adjusted)
        for a in found.pairs
    )
    lost = [i for i, a in enumerate(found.pairs) if a.lost]
    first, second = (names.of(x) if found.marker else x for x in found.between)
    shared = unit(found.r_marker, language)
    key = "lindell.marker" if found.marker else "lindell.smallest"
    before, after = say("lindell.before", language), say("lindell.after", language)
    table = Table(
        key="lindell",
        title=title,
        columns=(
            Column("pair", say("column.pair", language)),
            Column("r", "\u27e6r\u27e7", "unit", group=before),
            Column("p", P, "p", group=before),
            Column("r_adjusted", "\u27e6r\u27e7", "unit", group=after),
            Column("p_adjusted", P, "p", group=after),
        ),
        rows=rows,
        marks=tuple((i, 3, "a") for i in lost),
        notes=(
            say(key, language, value=shared, first=first, second=second,
                sources=cite(("lindell2001",), language)),
            say("lindell.note", language, n=numbers.integer(solution.n, language=language)),
            *(("a|" + say("lindell.mark", language),) if lost else ()),
        ),
    )  # fmt: skip
    verdict = refusal(solution, language)
    if verdict is None:
        pairs = join((str(rows[i][0]) for i in lost), language)
        words = say("lindell.lost" if lost else "lindell.robust", language, names=pairs)
        verdict = Verdict("mixed" if lost else "good", (words,), ("lindell2001",))
    return Evidence(
        id=IDS["lindell"], title=title, table=table, verdict=verdict,
        citations=("lindell2001",), language=language, stamps=tuple(stamps),
    )  # fmt: skip


def collinearity_table(
    found: Sequence[Collinearity],
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Variance inflation of every construct on all others."""
    names = resolve(labels)
    title = say("vif.title", language)
    rule = criterion("bias.vif")
    if not found:
        words = say("vif.none", language)
        return Evidence(IDS["vif"], title, paragraphs=(words,), language=language,
                        citations=rule.cite, stamps=tuple(stamps))  # fmt: skip
    limits = {"limit": numbers.number(rule.good, digits=1, language=language),
              "loose": numbers.number(rule.acceptable, digits=1, language=language)}  # fmt: skip
    rows = tuple((names.of(c.construct), c.composite, c.factor) for c in found)
    high = [i for i, c in enumerate(found) if rule.missed(c.composite)]
    large = [i for i, c in enumerate(found) if finite(c.factor) and c.factor > rule.acceptable]
    table = Table(
        key="collinearity",
        title=title,
        columns=(
            Column("construct", say("column.construct", language)),
            Column("composite", say("vif.composite", language), "number", 2),
            Column("factor", say("vif.factor", language), "number", 2),
        ),
        rows=rows,
        marks=(*((i, 1, "a") for i in high), *((i, 2, "a") for i in large)),
        notes=(
            say("vif.note", language, sources=cite(rule.cite, language), **limits),
            *(("a|" + say("vif.mark", language),) if high or large else ()),
        ),
    )
    verdict = refusal(solution, language)
    if verdict is None:
        listed = join(
            (names.of(found[i].construct) for i in dict.fromkeys((*high, *large))), language
        )
        key = "vif.high" if high or large else "vif.low"
        level = rule.grade(max(c.composite for c in found))
        words = say(key, language, names=listed, **limits)
        grade: Level = "good" if not (high or large) else "poor" if level == "poor" else "mixed"
        verdict = Verdict(grade, (words,), rule.cite)
    return Evidence(
        id=IDS["vif"], title=title, table=table, verdict=verdict,
        citations=rule.cite, language=language, stamps=tuple(stamps),
    )  # fmt: skip
