"""Evidence on recommendation: net promoter scores, margins of error, differences."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.data.judgements import Benchmark
from analysis.methods.loyalty_index import NetPromoter, NetPromoterDifference
from analysis.report.evidence import Evidence
from analysis.report.index_drawings import promoter_bars
from analysis.report.labels import Labels
from analysis.report.loyalty_index import nothing, points, say, span
from analysis.report.prose import finite, join
from analysis.report.records import Column, Figure, Table
from analysis.report.references import cite


def no_promoters(*, language: str, labels: Labels, stamps: Sequence[str]) -> Evidence:
    """No question on recommendation."""
    return nothing("net-promoter", "nps", language, stamps)


def promoters_table(
    found: Sequence[NetPromoter],
    pairs: Sequence[tuple[str, NetPromoterDifference]],
    benchmarks: Sequence[Benchmark],
    *,
    language: str,
    labels: Labels,
    stamps: Sequence[str],
) -> Evidence:
    """Net promoter scores with their margins of error, and differences between groups."""
    title = say("nps.title", language)
    everybody = say("everybody", language)
    shown = [(labels.groups.get(f.label, f.label) or everybody, f) for f in found if not f.held]
    data = Table(
        "net-promoter",
        title,
        (
            Column("group", say("column.group", language)),
            Column("n", "\u27e6n\u27e7", "int"),
            Column("promoters", say("nps.promoters", language), "percent"),
            Column("passives", say("nps.passives", language), "percent"),
            Column("detractors", say("nps.detractors", language), "percent"),
            Column("score", "NPS", "number", 1),
            Column("margin", "\u00b1", "number", 1),
            *(
                Column(k, say(f"column.{k}", language), "number", 1,
                       group=say("column.ci", language))
                for k in ("lower", "upper")
            ),
        ),
        tuple(
            (n, f.n, f.promoters, f.passives, f.detractors, f.score, 1.96 * f.se, f.low, f.high)
            for n, f in shown
        ),
    )  # fmt: skip
    words = [say("nps.whole", language, score=points(found[0].score, language),
                 span=span(found[0].low, found[0].high, language))]  # fmt: skip
    for b in benchmarks:
        words.append(say("components.benchmark", language, own=points(found[0].score, language),
                         label=b.label[language] or "NPS", value=points(b.value, language),
                         source=b.source))  # fmt: skip
    names = [[labels.groups.get(f"{c}={v}", v) for v in (d.first, d.second)] for c, d in pairs]
    apart = [
        say("nps.differs", language, first=a, second=b, size=points(abs(d.difference), language),
            span=span(d.low, d.high, language),
            direction=say("nps.lower" if d.difference < 0 else "nps.higher", language))
        for (_, d), (a, b) in zip(pairs, names, strict=True) if finite(d.p) and d.p < 0.05
    ]  # fmt: skip
    if pairs:
        words += apart or [say("nps.same", language, count=len(pairs))]
    notes = [say("nps.note", language, sources=cite(("reichheld2003", "rocks2016"), language))]
    held = sum(f.held for f in found)
    if held:
        notes.append(say("nps.held", language, count=held))
    alt = say("nps.alt", language, values=join(
        (f"{n} {points(f.score, language, 0)}" for n, f in shown), language))  # fmt: skip
    keys = tuple(say(f"nps.{k}", language) for k in ("detractors", "passives", "promoters"))
    svg = promoter_bars(shown, keys, title=title, alt=alt, language=language)
    return Evidence(
        id="net-promoter",
        title=title,
        figure=Figure("net-promoter", title, svg, alt, data, tuple(notes)),
        paragraphs=tuple(words),
        citations=("reichheld2003", "rocks2016"),
        language=language,
        stamps=tuple(stamps),
    )
