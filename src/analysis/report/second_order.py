"""Evidence on second-order factors and their rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.i18n import text
from analysis.methods.second_order import Rival, SecondOrder
from analysis.report import numbers, plots
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.indices import judged, value
from analysis.report.labels import Labels, resolve
from analysis.report.prose import ending, finite, refusal, unit
from analysis.report.records import Cell, Column, Figure, Level, Notice, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SOURCES = ("marsh1985", "rindskopf1988")
CHI, DF, P = "\u27e6\u03c7\u27e7\u00b2", "\u27e6df\u27e7", "\u27e6p\u27e7"


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/second_order.toml``."""
    return text(f"second_order.{key}", language, **fields)


def second_order_table(
    results: Sequence[SecondOrder],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """One factor, correlated factors, second order and bifactor side by side."""
    names = resolve(labels)
    title = say("table.title", language)
    if not results:
        return Evidence("second-order-table", title, paragraphs=(say("none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    groups = []
    for found in results:
        groups.append((len(rows), names.of(found.factor)))
        rows += [_row(rival, language) for rival in found.rivals]
    test = say("column.test", language)
    table = Table(
        key="second-order",
        title=title,
        columns=(
            Column("model", say("column.model", language)),
            Column("chisq", CHI, "number", 1),
            Column("df", DF, "number", 0),
            Column("cfi", "CFI", "unit"),
            Column("rmsea", "RMSEA", "unit"),
            Column("srmr", "SRMR", "unit"),
            Column("aic", "AIC", "number", 1),
            Column("bic", "BIC", "number", 1),
            Column("against", say("column.against", language), group=test),
            Column("diff", f"\u0394{CHI}", "number", 2, group=test),
            Column("diff_df", f"\u0394{DF}", "number", 0, group=test),
            Column("p", P, "p", group=test),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("table.note", language, sources=cite(SOURCES, language)),),
    )
    notes = {m.code: m for r in results for m in r.findings}
    verdicts = [_verdict(found, names, language) for found in results]
    return Evidence(
        id="second-order-table",
        title=title,
        table=table,
        verdict=_worst(verdicts),
        notices=tuple(Notice("note", *m.parts(language)) for m in notes.values()),
        citations=SOURCES,
        language=language,
        stamps=tuple(stamps),
    )


def _row(rival: Rival, language: str) -> tuple[Cell, ...]:
    s, d = rival.solution, rival.difference
    name = say(f"model.{rival.name}", language)
    if s is None or not s.outcome.admissible:
        ended = say("outcome.failed" if s is None else f"outcome.{ending(s)}", language)
        return (name, *(None,) * 7, ended, None, None, None)
    scaled = ".scaled" if s.inference.robust is not None else ""
    against = say(f"short.{rival.against}", language) if d and rival.against else ""
    return (
        name,
        value(s, f"chisq{scaled}"), value(s, "df"),
        *(judged(s, n) for n in ("cfi", "rmsea", "srmr")),
        value(s, "aic"), value(s, "bic"), against,
        d.stat if d else None, d.df if d else None, d.p if d else None,
    )  # fmt: skip


def _verdict(found: SecondOrder, labels: Labels, language: str) -> Verdict:
    """Whether a second-order factor stands for the correlations of its dimensions.

    Good: it keeps their fit by the test or loses little fit; mixed: it loses more.
    """
    name = labels.of(found.factor)
    rival = found.rival("second_order")
    if rival.solution is None:
        return Verdict("none", (say("verdict.failed", language, name=name),))
    refused = refusal(rival.solution, language)
    if refused is not None:
        return Verdict("none", (say("verdict.refused", language, name=name), *refused.sentences))
    if found.equivalent:
        return Verdict("none", (say("verdict.equivalent", language, name=name),), SOURCES)
    whole = found.rival("correlated")
    if not whole.admissible or not finite(found.target):
        return Verdict("none", (say("verdict.no_rival", language, name=name),))
    assert whole.solution is not None
    fields = {"name": name, "target": unit(found.target, language)}
    said: list[str] = []
    d = rival.difference
    loss = _loss(rival, whole)
    held = d is not None and d.p >= 0.05
    if d is not None:
        fields |= {"p": numbers.p_phrase(d.p, language=language)[1:]}
    if held:
        said.append(say("verdict.held", language, **fields))
    elif loss is not None and loss <= criterion("comparability.cfi").acceptable:
        fields |= {"loss": unit(loss, language)}
        said.append(say("verdict.small", language, **fields))
        held = True
    else:
        fields |= {"loss": unit(loss, language)}
        said.append(say("verdict.lost", language, **fields))
    best = _least_bic(found)
    if best:
        said.append(say("verdict.bic", language, model=say(f"model.{best}", language)))
    if rival.solution.outcome.admissible and not _fits(rival):
        said.append(say("verdict.fit", language))
        held = False
    return Verdict("good" if held else "mixed", tuple(said), SOURCES)


def _loss(rival: Rival, whole: Rival) -> float | None:
    assert rival.solution is not None
    assert whole.solution is not None
    a, b = judged(whole.solution, "cfi"), judged(rival.solution, "cfi")
    return None if a is None or b is None else a - b


def _fits(rival: Rival) -> bool:
    """Whether no index of the second-order model is poor."""
    assert rival.solution is not None
    known = ("cfi", "rmsea", "srmr")
    return all(criterion(f"fit.{n}").grade(judged(rival.solution, n)) != "poor" for n in known)


def _least_bic(found: SecondOrder) -> str:
    values = {
        r.name: value(r.solution, "bic")
        for r in found.rivals
        if r.solution is not None and r.admissible
    }
    known = {name: v for name, v in values.items() if v is not None}
    return min(known, key=lambda name: known[name]) if len(known) > 1 else ""


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    """All sentences under the most careful level."""
    order = {"good": 0, "mixed": 1, "poor": 2, "none": 3}
    judged_ = [v for v in verdicts if v.level != "none"]
    level: Level = max((v.level for v in judged_), key=lambda x: order[x], default="none")
    sources = tuple(dict.fromkeys(k for v in verdicts for k in v.citations))
    return Verdict(level, tuple(w for v in verdicts for w in v.sentences), sources)


def second_order_figure(
    results: Sequence[SecondOrder],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence | None:
    """Loadings of the dimensions on their second-order factors; None without a proper solution."""
    names = resolve(labels)
    rule = criterion("measurement.loading")
    rows = [
        plots.ForestRow(
            label=names.of(e.rhs),
            group=names.of(found.factor),
            value=e.std_all,
            low=e.std_all_ci_lower,
            high=e.std_all_ci_upper,
            strong=not rule.missed(e.std_all),
        )
        for found in results
        if found.rival("second_order").admissible
        for e in found.loadings
    ]
    if not rows:
        return None
    title = say("figure.title", language)
    weakest = min(rows, key=lambda r: r.value)
    alt = say("figure.alt", language, count=len(rows), weakest=weakest.label,
              value=unit(weakest.value, language, 2))  # fmt: skip
    svg = plots.forest(rows, title=title, alt=alt, axis=say("figure.axis", language),
                       language=language, reference=rule.good)  # fmt: skip
    note = say("figure.note", language, limit=unit(rule.good, language))
    data = plots.forest_data(rows, "second-order-loadings", title, language)
    figure = Figure("second-order-loadings", title, svg, alt, data, (note,))
    return Evidence(
        id="second-order-figure", title=title, figure=figure, citations=rule.cite,
        language=language, stamps=tuple(stamps),
    )  # fmt: skip
