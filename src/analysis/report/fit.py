"""Evidence on how well the model fits as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.report import numbers, plots
from analysis.report.criteria import Criterion, criterion
from analysis.report.evidence import Evidence
from analysis.report.indices import VERSIONS, Version, is_robust, judged, judged_version, value
from analysis.report.labels import Labels
from analysis.report.prose import finite, join, refusal, say, unit
from analysis.report.records import Cell, Column, Figure, Kind, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

JUDGED = ("cfi", "tli", "rmsea", "srmr")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "test": (
        "chisq", "df", "pvalue", "chisq.swain", "pvalue.swain", "chisq.scaling.factor",
        "chisq.shift", "chisq_df", "baseline.chisq", "baseline.df",
    ),
    "absolute": (
        "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "srmr", "crmr", "gfi", "agfi",
    ),
    "incremental": ("cfi", "tli", "nfi", "ifi", "rni"),
    "information": ("npar", "logl", "aic", "bic", "bic2"),
}  # fmt: skip
WHOLE = frozenset({"df", "npar", "baseline.df"})
PROBABILITIES = frozenset({"pvalue", "pvalue.swain", "rmsea.pvalue"})
RAW = frozenset({
    "chisq", "chisq.swain", "chisq.scaling.factor", "chisq.shift", "chisq_df", "baseline.chisq",
    "logl", "aic", "bic", "bic2",
})  # fmt: skip
OF_THE_CORRECTION = frozenset({"chisq.scaling.factor", "chisq.shift"})
SWAIN = ("swain1975", "herzog2007")
TESTS: Mapping[str, tuple[str, ...]] = {
    "satorra.bentler": ("satorra1994",),
    "mean.var.adjusted": ("satorra1994",),
    "scaled.shifted": ("asparouhov2010",),
    "yuan.bentler.mplus": ("yuan2000",),
}
SYMBOLS = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}


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
    """Fit measures by class, with formula, cut-off and the verdict they support.

    Standard, scaled and robust versions stand side by side where they exist.
    """
    del labels
    versions = [v for v in VERSIONS if any(_has(solution, name, v) for name in JUDGED)]
    rows: list[tuple[Cell, ...]] = []
    kinds: list[tuple[int, int, Kind]] = []
    groups: list[tuple[int, str]] = []
    marks: list[tuple[int, int, str]] = []
    for group, members in GROUPS.items():
        present = [name for name in members if _shown(solution, name)]
        if present:
            groups.append((len(rows), say(f"fit.group.{group}", language)))
        for name in present:
            for at, version in enumerate(versions, start=1):
                kinds.extend(_kind(len(rows), at, name, solution, version))
            if name in JUDGED and criterion(f"fit.{name}").missed(judged(solution, name)):
                at = 1 + versions.index(judged_version(solution, name))
                marks.append((len(rows), at, "a"))
            rows.append(_row(solution, name, versions, language))
    sources = tuple(dict.fromkeys(k for n in JUDGED for k in criterion(f"fit.{n}").cite))
    notes, cited = _notes(solution, versions, bool(marks), language)
    table = Table(
        key="fit",
        title=say("fit.title", language),
        columns=_columns(versions, language),
        rows=tuple(rows),
        groups=tuple(groups),
        kinds=tuple(kinds),
        marks=tuple(marks),
        notes=notes,
    )
    return Evidence(
        id="fit-table",
        title=table.title,
        table=table,
        verdict=fit_verdict(solution, language=language),
        citations=tuple(dict.fromkeys((*sources, *cited))),
        language=language,
        stamps=tuple(stamps),
    )


def _has(solution: Solution, name: str, version: Version) -> bool:
    return value(solution, name, version) is not None


def _shown(solution: Solution, name: str) -> bool:
    """Whether a measure is printed at all."""
    if name.endswith(".swain"):
        return plain_ml(solution) and _has(solution, name, "")
    if name == "chisq.shift":
        return bool(value(solution, name))
    return any(_has(solution, name, version) for version in VERSIONS)


def plain_ml(solution: Solution) -> bool:
    """One group, complete answers, normal theory: where Swain's correction was studied."""
    complete = all(g.patterns is None for g in solution.fit.moments.groups)
    return solution.preset.loss == "ML" and not is_robust(solution) and complete


def _columns(versions: Sequence[Version], language: str) -> tuple[Column, ...]:
    single = len(versions) < 2
    names = {v: say(f"column.{v[1:] or 'standard'}", language) for v in versions}
    numbers_ = (
        (Column("value", say("column.value", language), "number"),)
        if single
        else tuple(Column(v[1:] or "standard", names[v], "number") for v in versions)
    )
    return (
        Column("index", say("column.index", language)),
        *numbers_,
        Column("cutoff", say("column.cutoff", language)),
        Column("formula", say("column.formula", language)),
    )


def _kind(
    row: int, at: int, name: str, solution: Solution, version: Version
) -> Sequence[tuple[int, int, Kind]]:
    number = value(solution, name, version)
    if name in RAW or (name in WHOLE and (number is None or number == int(number))):
        return ()
    kind: Kind = "p" if name in PROBABILITIES else "number" if name in WHOLE else "unit"
    return ((row, at, kind),)


def _row(
    solution: Solution, name: str, versions: Sequence[Version], language: str
) -> tuple[Cell, ...]:
    cells = [_cell(solution, name, version, versions) for version in versions]
    cutoff = bound(criterion(f"fit.{name}"), language) if name in JUDGED else ""
    measure = solution.measures.get(name)
    formula = measure.formula if measure is not None else ""
    return (say(f"fit.index.{name.replace('.', '_')}", language), *cells, cutoff, formula)


def _cell(solution: Solution, name: str, version: Version, versions: Sequence[Version]) -> Cell:
    """A number; nothing where a version of the measure does not exist."""
    if name in OF_THE_CORRECTION:
        return value(solution, name) if version == ".scaled" else ""
    number = value(solution, name, version)
    if number is None:
        return "" if len(versions) > 1 else None
    return int(number) if name in WHOLE and number == int(number) else number


def _notes(
    solution: Solution, versions: Sequence[Version], missed: bool, language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes under the table, and the sources of the corrections."""
    sources = tuple(dict.fromkeys(k for n in JUDGED for k in criterion(f"fit.{n}").cite))
    notes = [say("fit.note", language, n=numbers.integer(solution.n, language=language))]
    cited: tuple[str, ...] = ()
    for version, keys in corrections(solution).items():
        if version in versions:
            key = f"fit.note_{version[1:]}"
            notes.append(say(key, language, sources=cite(keys, language)))
            cited += keys
    if is_robust(solution):
        notes.append(say("fit.note_judged", language))
    if _shown(solution, "pvalue.swain"):
        cited += SWAIN
        notes.append(say("fit.note_swain", language, sources=cite(SWAIN, language)))
    notes.append(say("fit.note_cutoffs", language, sources=cite(sources, language)))
    if missed:
        notes.append("a|" + say("fit.note_missed", language))
    return tuple(notes), cited


def corrections(solution: Solution) -> Mapping[Version, tuple[str, ...]]:
    """Who to cite for the scaled and for the robust measures."""
    found: dict[Version, tuple[str, ...]] = {}
    if solution.inference.correction is not None:
        found[".scaled"] = TESTS[solution.inference.correction.name]
    groups = solution.fit.moments.groups
    if any(g.patterns is not None for g in groups):
        found[".robust"] = ("zhang2023",)
    elif any(g.ordinal is not None for g in groups):
        found[".robust"] = ("savalei2021",)
    elif solution.inference.correction is not None:
        found[".robust"] = ("brosseau2012", "brosseau2014")
    return found


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
    grades = {n: criterion(f"fit.{n}").grade(judged(solution, n)) for n in JUDGED}
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
    version = judged_version(solution, name)
    symbol = SYMBOLS[name]
    if version:
        symbol = say(f"fit.version_{version[1:]}", language, index=symbol)
    return f"{symbol} = {unit(value(solution, name, version), language)}"


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
            low=judged(solution, "rmsea.ci.lower") if name == "rmsea" else None,
            high=judged(solution, "rmsea.ci.upper") if name == "rmsea" else None,
        )
        for name in JUDGED
        if (number := judged(solution, name)) is not None
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
