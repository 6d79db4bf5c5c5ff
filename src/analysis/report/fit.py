"""Evidence on how well the model fits as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report import numbers, plots
from analysis.report.criteria import Criterion, criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Figure, Kind, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

JUDGED = ("cfi", "tli", "rmsea", "srmr")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "test": ("chisq", "df", "pvalue", "chisq_df", "baseline.chisq", "baseline.df"),
    "absolute": (
        "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "srmr", "crmr", "gfi", "agfi",
    ),
    "incremental": ("cfi", "tli", "nfi", "ifi", "rni"),
    "information": ("npar", "logl", "aic", "bic", "bic2"),
}  # fmt: skip
WHOLE = frozenset({"df", "npar", "baseline.df"})
PROBABILITIES = frozenset({"pvalue", "rmsea.pvalue"})
RAW = frozenset({"chisq", "chisq_df", "baseline.chisq", "logl", "aic", "bic", "bic2"})
CORRECTED = frozenset({"chisq", "df", "pvalue", "rmsea", "rmsea.pvalue", "cfi", "tli"})
CORRECTED |= {"rmsea.ci.lower", "rmsea.ci.upper"}
SYMBOLS = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}


def value(solution: Solution, name: str) -> float | None:
    """A fit measure by lavaan's name, or chi-square over df; None where it is not defined."""
    if name == "chisq_df":
        chisq, df = value(solution, "chisq"), value(solution, "df")
        return chisq / df if chisq is not None and df else None
    measure = solution.measures.get(name)
    return float(measure.value) if measure is not None and finite(measure.value) else None


def variant(solution: Solution, name: str) -> str:
    """The measure to judge by: robust where there is one, else scaled, else plain."""
    family = "rmsea" if name.startswith("rmsea") else name
    for suffix in (".robust", ".scaled"):
        if value(solution, family + suffix) is not None:
            return name + suffix
    return name


def best(solution: Solution, name: str) -> float | None:
    """The value to judge by (see ``variant``)."""
    return value(solution, variant(solution, name))


def bound(rule: Criterion, language: str) -> str:
    """A cut-off in short, for example ``\u2265 .95`` with the acceptable bound in brackets."""
    sign = "\u2265" if rule.direction in ("at_least", "between") else "\u2264"
    good, loose = (unit(v, language, 2) for v in (rule.good, rule.acceptable))
    return f"{sign}\u00a0{good}" if good == loose else f"{sign}\u00a0{good}\u00a0({loose})"


def fit_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Fit measures by class, with formula, cut-off and the verdict they support."""
    del labels
    rows: list[tuple[Cell, ...]] = []
    kinds: list[tuple[int, int, Kind]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    for group, members in GROUPS.items():
        listed = [f"{name}{suffix}" for name in members for suffix in _suffixes(name)]
        present = [name for name in listed if value(solution, name) is not None]
        if present:
            groups.append((len(rows), say(f"fit.group.{group}", language)))
        for name in present:
            plain = _plain(name)
            if plain not in RAW and plain not in WHOLE:
                kinds.append((len(rows), 1, "p" if plain in PROBABILITIES else "unit"))
            rule = _rule(solution, name)
            if rule is not None and rule.missed(value(solution, name)):
                marks.append((len(rows), 1, "a"))
            rows.append(_row(solution, name, language))
    sources = tuple(dict.fromkeys(k for n in JUDGED for k in criterion(f"fit.{n}").cite))
    notes = [say("fit.note", language, n=numbers.integer(solution.n, language=language))]
    notes.append(say("fit.note_cutoffs", language, sources=cite(sources, language)))
    if variant(solution, "chisq") != "chisq" or variant(solution, "cfi") != "cfi":
        notes.append(say("fit.note_variant", language))
    if marks:
        notes.append("a|" + say("fit.note_missed", language))
    table = Table(
        key="fit",
        title=say("fit.title", language),
        columns=(
            Column("index", say("column.index", language)),
            Column("value", say("column.value", language), "number"),
            Column("cutoff", say("column.cutoff", language)),
            Column("formula", say("column.formula", language)),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        kinds=tuple(kinds),
        marks=tuple(marks),
        notes=tuple(notes),
    )
    return Evidence(
        id="fit-table",
        title=table.title,
        table=table,
        verdict=fit_verdict(solution, language=language),
        citations=sources,
        language=language,
        stamps=tuple(stamps),
    )


def _suffixes(name: str) -> tuple[str, ...]:
    return ("", ".scaled", ".robust") if name in CORRECTED else ("",)


def _plain(name: str) -> str:
    return name.removesuffix(".scaled").removesuffix(".robust")


def _rule(solution: Solution, name: str) -> Criterion | None:
    """The cut-off of a measure that is judged; of several variants only one is."""
    plain = _plain(name)
    judged = plain in JUDGED and variant(solution, plain) == name
    return criterion(f"fit.{plain}") if judged else None


def _row(solution: Solution, name: str, language: str) -> tuple[Cell, ...]:
    number = value(solution, name)
    plain = _plain(name)
    whole = plain in WHOLE and number is not None and number.is_integer()
    shown: Cell = int(number) if whole and number is not None else number
    rule = _rule(solution, name)
    measure = solution.measures.get(name)
    words = say(f"fit.index.{plain.replace('.', '_')}", language)
    if name != plain:
        words = say(f"fit.variant_{name.rpartition('.')[2]}", language, index=words)
    cutoff = bound(rule, language) if rule is not None else ""
    return (words, shown, cutoff, measure.formula if measure is not None else "")


def fit_verdict(solution: Solution, *, language: str = "en") -> Verdict:
    """Good where every judged index is good and nothing stands out locally; poor where any is poor.

    More than a few correlation residuals beyond their cut-off cap the verdict at mixed
    (Kline 2016).
    """
    refused = refusal(solution, language)
    if refused is not None:
        return refused
    if not value(solution, "df"):
        return Verdict("none", (say("fit.saturated", language),))
    grades = {n: criterion(f"fit.{n}").grade(best(solution, n)) for n in JUDGED}
    known = {n: g for n, g in grades.items() if g != "unknown"}
    if not known:
        return Verdict("none", (say("fit.unknown", language),))
    words = []
    for grade in ("good", "acceptable", "poor"):
        members = [_named(solution, n, language) for n, g in known.items() if g == grade]
        if members:
            words.append(say(f"fit.grade_{grade}", language, indices=join(members, language)))
    large, pairs, _ = misfit(solution)
    if large:
        words.append(residual_sentence(solution, language))
    sources = tuple(dict.fromkeys(k for n in known for k in criterion(f"fit.{n}").cite))
    if "poor" in known.values():
        return Verdict("poor", (*words, say("fit.say_poor", language)), sources)
    local = pairs > 0 and criterion("residual.share").missed(large / pairs)
    if local or "acceptable" in known.values():
        return Verdict("mixed", (*words, say("fit.say_mixed", language)), sources)
    return Verdict("good", (*words, say("fit.say_good", language)), sources)


def _named(solution: Solution, name: str, language: str) -> str:
    return f"{SYMBOLS[name]} = {unit(best(solution, name), language)}"


def residual_sentence(solution: Solution, language: str) -> str:
    """How many correlation residuals are large, and the largest."""
    large, pairs, worst = misfit(solution)
    limit = unit(criterion("residual.correlation").good, language, 2)
    return say(
        "residuals.sentence",
        language,
        large=large,
        pairs=pairs,
        limit=limit,
        worst=unit(worst, language),
    )


def misfit(solution: Solution) -> tuple[int, int, float]:
    """Item pairs with a residual correlation beyond the cut-off, all pairs, the largest size."""
    limit = criterion("residual.correlation").good
    large = pairs = 0
    worst = 0.0
    for block in solution.residuals_by_group:
        p = len(block.names)
        for i in range(p):
            for j in range(i):
                size = abs(float(block.cor[i][j]))
                pairs += 1
                large += size > limit
                worst = max(worst, size if finite(size) else 0.0)
    return large, pairs, worst


def fit_figure(
    solution: Solution,
    *,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every judged index on a strip with its cut-offs, RMSEA with its 90% interval."""
    del labels
    rows = [
        plots.StripRow(
            name=SYMBOLS[name],
            value=number,
            rule=criterion(f"fit.{name}"),
            low=best(solution, "rmsea.ci.lower") if name == "rmsea" else None,
            high=best(solution, "rmsea.ci.upper") if name == "rmsea" else None,
        )
        for name in JUDGED
        if (number := best(solution, name)) is not None
    ]
    title = say("fit.figure_title", language)
    described = [f"{r.name} {unit(r.value, language)} ({bound(r.rule, language)})" for r in rows]
    alt = say("fit.figure_alt", language, indices=join(described, language))
    sources = tuple(dict.fromkeys(k for r in rows for k in r.rule.cite))
    data = Table(
        key="fit-strip",
        title=title,
        columns=(
            Column("index", say("column.index", language)),
            Column("value", say("column.value", language), "unit"),
            Column("low", say("column.lower", language), "unit"),
            Column("high", say("column.upper", language), "unit"),
            Column("cutoff", say("column.cutoff", language)),
        ),
        rows=tuple((r.name, r.value, r.low, r.high, bound(r.rule, language)) for r in rows),
    )
    figure = Figure(
        key="fit-strip",
        title=title,
        svg=plots.strip(rows, title=title, alt=alt, language=language),
        alt=alt,
        data=data,
        notes=(say("fit.figure_note", language, sources=cite(sources, language)),),
    )
    return Evidence(
        id="fit-figure", title=title, figure=figure, citations=sources, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip
