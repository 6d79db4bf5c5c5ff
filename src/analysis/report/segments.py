"""Evidence on segments: how many, what they are like, rivals, rules, tiers and what follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.i18n import text
from analysis.methods.segments import (
    TIERS,
    LikelihoodRatio,
    Mixture,
    Outcome,
    Profiles,
    Rival,
    Tiers,
)
from analysis.methods.segments.rules import Described, Rule
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import finite, join
from analysis.report.records import Cell, Column, Table, Verdict
from analysis.report.references import cite

Array = NDArray[np.float64]
FOUND_AGAIN = 0.75
APART = 0.3


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/segments.toml``."""
    return text(f"segments.{key}", language, **fields)


def names_of(k: int, language: str) -> tuple[str, ...]:
    """Names of the segments, largest first."""
    return tuple(say("segment", language, number=i + 1) for i in range(k))


def selection_table(
    found: Profiles,
    ratios: Sequence[LikelihoodRatio],
    *,
    n: int,
    excluded: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Fit of every structure and number of classes, the chosen one marked."""
    title = say("selection.title", language)
    columns = (
        Column("k", say("column.classes", language), "int"),
        Column("loglik", "ln \u27e6L\u27e7", "number", 1),
        Column("parameters", say("column.parameters", language), "int"),
        Column("bic", "BIC", "number", 1),
        Column("entropy", say("column.entropy", language), "unit", 2),
        Column("smallest", say("column.smallest", language), "percent", 0),
        Column("starts", say("column.starts", language)),
    )
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    marks = []
    for i, m in enumerate(found.tried):
        if i == 0 or m.structure != found.tried[i - 1].structure:
            groups.append((len(rows), say(f"structure.{m.structure}", language)))
        if i in (found.chosen, found.least_bic):
            marks.append((i, 3, "a" if i == found.chosen else "b"))
        rows.append((
            m.k, m.loglik, m.parameters, m.bic, m.entropy, float(m.weights.min()),
            f"{m.replicated}/{max(m.starts // 3, 1)}",
        ))  # fmt: skip
    best = found.best
    structure = say(f"structure.{best.structure}", language)
    words = [say("selection.chosen", language, k=best.k, structure=structure,
                 n=numbers.integer(n, language=language))]  # fmt: skip
    for r in ratios:
        p = numbers.p_phrase(r.p, language=language)
        stat = numbers.number(r.stat, digits=1, language=language)
        pair = {"larger": r.k, "smaller": r.k - 1}
        words.append(say("selection.ratio", language, draws=r.draws, stat=stat, p=p, **pair))
    if excluded:
        left_out = numbers.integer(excluded, language=language)
        words.append(say("selection.excluded", language, count=left_out))
    notes = [
        say("selection.note", language, sources=cite(("nylund2007", "petras2010"), language)),
        say("selection.mark_chosen", language),
    ]
    if found.least_bic != found.chosen:
        notes.append(say("selection.mark_bic", language))
    return Evidence(
        id="segment-selection",
        title=title,
        table=Table(
            "segment-selection", title, columns, tuple(rows), notes=tuple(notes),
            groups=tuple(groups), marks=tuple(marks),
        ),
        paragraphs=tuple(words),
        citations=("nylund2007", "petras2010"),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def profile_table(
    best: Mixture,
    names: Sequence[str],
    scores: Array,
    similarity: Array,
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Sizes, means and certainty of the segments."""
    title = say("profiles.title", language)
    shown = names_of(best.k, language)
    columns = (
        Column("segment", say("column.segment", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("share", say("column.share", language), "percent", 0),
        *(Column(name, labels.of(name), "number", 1, group=say("column.means", language))
          for name in names),
        Column("certain", say("column.certain", language), "unit", 2),
        Column("again", say("column.again", language), "unit", 2),
    )  # fmt: skip
    member = best.labels
    rows = [
        (
            str(s + 1), int((member == s).sum()), float(best.weights[s]),
            *(float(v) for v in best.means[s]),
            float(best.posterior[member == s, s].mean()) if (member == s).any() else None,
            float(similarity[s]),
        )
        for s in range(best.k)
    ]  # fmt: skip
    words = [characters(best, names, scores, s, language, labels) for s in range(best.k)]
    weak = [shown[s] for s in range(best.k) if similarity[s] < FOUND_AGAIN]
    verdict = None
    if best.k > 1:
        key = "profiles.stable" if not weak else "profiles.unstable"
        sentence = say(key, language, names=join(weak, language))
        verdict = Verdict("good" if not weak else "mixed", (sentence,), ("hennig2007",))
    note = say("profiles.note", language, sources=cite(("hennig2007",), language))
    return Evidence(
        id="segment-profiles",
        title=title,
        table=Table("segment-profiles", title, columns, tuple(rows), notes=(note,)),
        verdict=verdict,
        paragraphs=tuple(words) if best.k > 1 else (say("profiles.one", language),),
        citations=("hennig2007",),
        language=language,
        stamps=tuple(stamps),
    )


def characters(
    best: Mixture, names: Sequence[str], scores: Array, s: int, language: str, labels: Labels
) -> str:
    """What a segment has more and less of than everybody, in ``APART`` SD or more."""
    z = (best.means[s] - scores.mean(axis=0)) / scores.std(axis=0)
    parts = []
    for key, way in (("above", 1.0), ("below", -1.0)):
        order = np.argsort(-way * z, kind="stable")
        found = [labels.of(names[j]) for j in order if way * z[j] >= APART]
        if found:
            parts.append(say(f"profiles.{key}", language, names=join(found, language)))
    what = join(parts, language) if parts else say("profiles.middle", language)
    share = numbers.percent(float(best.weights[s]), digits=0, language=language)
    return say("profiles.words", language, segment=names_of(best.k, language)[s], share=share,
               what=what)  # fmt: skip


def rivals_table(
    found: Sequence[Rival], *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Other partitions into as many segments."""
    title = say("rivals.title", language)
    columns = (
        Column("method", say("column.method", language)),
        Column("silhouette", say("column.silhouette", language), "unit", 2),
        Column("agreement", say("column.agreement", language), "unit", 2),
        Column("shares", say("column.shares", language)),
    )
    rows = tuple(
        (
            say(f"structure.{r.method}", language), r.silhouette, r.agreement,
            " / ".join(numbers.percent(x, digits=0, language=language) for x in r.shares),
        )
        for r in found
    )  # fmt: skip
    others = [r.agreement for r in found[1:] if finite(r.agreement)]
    low = numbers.number(min(others, default=float("nan")), digits=2, bounded=True,
                         language=language)  # fmt: skip
    words = (say("rivals.words", language, low=low),) if others else ()
    note = say("rivals.note", language, sources=cite(("hubert1985", "rousseeuw1987"), language))
    return Evidence(
        id="segment-rivals",
        title=title,
        table=Table("segment-rivals", title, columns, rows, notes=(note,)),
        paragraphs=words,
        citations=("hubert1985", "rousseeuw1987"),
        language=language,
        stamps=tuple(stamps),
    )


def _condition(rule: Rule, labels: Labels, language: str) -> str:
    parts = []
    for c in rule.conditions:
        low, high = (numbers.number(v, digits=0, language=language) for v in (c.low, c.high))
        name = labels.of(c.name)
        if np.isfinite(c.low) and np.isfinite(c.high):
            parts.append(say("rules.between", language, name=name, low=low, high=high))
        elif np.isfinite(c.low):
            parts.append(say("rules.above", language, name=name, low=low))
        else:
            parts.append(say("rules.below", language, name=name, high=high))
    return join(parts, language) or say("rules.all", language)


def rules_table(
    found: Described, k: int, *, language: str, labels: Labels, stamps: Sequence[str]
) -> Evidence:
    """Each segment as conditions on the scores."""
    title = say("rules.title", language)
    names = names_of(k, language)
    columns = (
        Column("rule", say("column.rule", language)),
        Column("n", "\u27e6n\u27e7", "int"),
        Column("purity", say("column.purity", language), "percent", 0),
        Column("coverage", say("column.coverage", language), "percent", 0),
    )
    groups: list[tuple[int, str]] = []
    rows = []
    for i, rule in enumerate(found.rules):
        if not i or rule.segment != found.rules[i - 1].segment:
            groups.append((i, names[rule.segment]))
        rows.append((_condition(rule, labels, language), rule.n, rule.purity, rule.coverage))
    hit, chance = (
        numbers.percent(v, digits=0, language=language) for v in (found.accuracy, found.chance)
    )
    return Evidence(
        id="segment-rules",
        title=title,
        table=Table("segment-rules", title, columns, tuple(rows), groups=tuple(groups),
                    notes=(say("rules.note", language, sources=cite(("breiman1984",), language)),)),
        paragraphs=(say("rules.words", language, hit=hit, chance=chance),),
        citations=("breiman1984",),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def outcome_table(
    found: Sequence[Outcome],
    groups: Sequence[str],
    *,
    key: str,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Outcomes of every segment or tier with intervals."""
    title = say(f"{key}.title", language)
    if not found:
        return Evidence(f"segment-{key}", title, paragraphs=(say("behaviour.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    table, held = _outcome_rows(found, groups, key, title, language, labels)
    notes = [say("behaviour.note", language)]
    if held:
        notes.append(say("behaviour.held", language, count=held, least=least))
    different = [labels.of(o.name) for o in found if finite(o.p) and o.p < 0.05]
    words = say("behaviour.differ", language, names=join(different, language))
    return Evidence(
        id=f"segment-{key}",
        title=title,
        table=Table(table.key, title, table.columns, table.rows, notes=tuple(notes)),
        paragraphs=(words if different else say("behaviour.same", language),),
        language=language,
        stamps=tuple(stamps),
    )


def _outcome_rows(
    found: Sequence[Outcome], groups: Sequence[str], key: str, title: str, language: str,
    labels: Labels,
) -> tuple[Table, int]:  # fmt: skip
    columns = [Column("outcome", say("column.outcome", language))]
    for s, group in enumerate(groups):
        columns.append(Column(f"m{s}", say("column.value", language), "number", 1, group=group))
        columns.append(Column(f"ci{s}", say("column.ci", language), group=group))
    columns.append(Column("p", "\u27e6p\u27e7", "p"))
    rows: list[tuple[Cell, ...]] = []
    held = 0
    for o in found:
        scale = 100.0 if o.kind == "share" else 1.0
        cells: list[Cell] = [say(f"kind.{o.kind}", language, name=labels.of(o.name))]
        for s in range(len(groups)):
            if not finite(float(o.values[s])):
                held += o.n[s] > 0
                cells += [None, ""]
                continue
            span = numbers.interval(scale * o.low[s], scale * o.high[s], digits=1,
                                    language=language)  # fmt: skip
            cells += [scale * float(o.values[s]), span]
        rows.append((*cells, o.p))
    return Table(f"segment-{key}", title, tuple(columns), tuple(rows)), held


def no_tiers(*, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """Behaviour is missing."""
    return Evidence("segment-tiers", say("tiers.title", language),
                    paragraphs=(say("tiers.none", language),), language=language,
                    stamps=tuple(stamps))  # fmt: skip


def no_migration(*, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """Nobody was asked twice."""
    return Evidence("segment-migration", say("migration.title", language),
                    paragraphs=(say("migration.none", language),), language=language,
                    stamps=tuple(stamps))  # fmt: skip


def tiers_table(
    found: Tiers,
    outcomes: Sequence[Outcome],
    *,
    least: int,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Sizes of the tiers, the rule in words, and what each goes on to do."""
    title = say("tiers.title", language)
    known = int((found.tier >= 0).sum())
    names = [say(f"tier.{t}", language) for t in TIERS]
    sizes = [int((found.tier == t).sum()) for t in range(len(TIERS))]
    shown = [
        say("tiers.size", language, name=name, n=numbers.integer(size, language=language),
            share=numbers.percent(size / known if known else None, digits=0, language=language))
        for name, size in zip(names, sizes, strict=True)
    ]  # fmt: skip
    rule = say("tiers.rule", language)
    if finite(found.attitude_cut):
        cut = numbers.number(found.attitude_cut, digits=1, language=language)
        rule = say("tiers.rule_attitude", language, cut=cut)
    table, held = _outcome_rows(outcomes, names, "tiers", title, language, labels)
    notes = [say("behaviour.note", language)]
    if held:
        notes.append(say("behaviour.held", language, count=held, least=least))
    return Evidence(
        id="segment-tiers",
        title=title,
        table=Table(table.key, title, table.columns, table.rows, notes=tuple(notes))
        if outcomes else None,
        paragraphs=(rule, join(shown, language) + say("stop", language)),
        citations=("hughes1994",),
        language=language,
        stamps=tuple(stamps),
    )  # fmt: skip
