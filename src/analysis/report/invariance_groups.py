"""Evidence on groups compared: latent means, paths, pairs of many groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.errors import Message
from analysis.methods.invariance import LatentMeans, PairOfGroups, PathsByGroup, PermutedPaths
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.invariance_figures import pair_matrix
from analysis.report.invariance_permutation import SOURCES as PERMUTATION
from analysis.report.invariance_permutation import path_permutation_words
from analysis.report.invariance_words import notices, p_words, parameter_names, say
from analysis.report.labels import Labels, resolve
from analysis.report.plots import ForestRow, forest, forest_data
from analysis.report.prose import finite, interval_columns, join
from analysis.report.records import Cell, Column, Figure, Table, Verdict
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
HOLM = ("holm1979",)
ALPHA = 0.05


def latent_means_table(
    means: LatentMeans,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Differences of latent means, or why there are none."""
    names = resolve(labels)
    title = say("means.title", language)
    if not means.licensed:
        return Evidence(
            "latent-means-table", title, language=language, stamps=tuple(stamps),
            verdict=Verdict("none", (say("means.refused", language),)),
        )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    words: list[str] = []
    for d in means.differences:
        heading = names.of(d.factor)
        if not groups or groups[-1][1] != heading:
            groups.append((len(rows), heading))
        pair = f"{names.group(d.group)} \u2212 {names.group(d.reference)}"
        row: list[Cell] = [pair, d.est, d.se, d.ci_lower, d.ci_upper, d.p, d.p_holm]
        rows.append((*row, d.full) if means.partial else tuple(row))
        if d.p_holm < ALPHA:
            size = numbers.number(abs(d.est), digits=2, language=language)
            way = say("means.higher" if d.est > 0 else "means.lower", language)
            words.append(say(
                "means.found", language, construct=heading, first=names.group(d.group),
                second=names.group(d.reference), size=size, direction=way,
            ))  # fmt: skip
    columns = [
        Column("pair", say("column.compared", language)),
        Column("est", say("column.d", language), "number"),
        Column("se", "\u27e6SE\u27e7", "number"),
        *interval_columns(language),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("p_holm", say("column.p_holm", language), "p"),
    ]
    first = names.group(means.differences[0].reference) if means.differences else ""
    notes = [say("means.note", language, reference=first, sources=cite(HOLM, language))]
    if means.partial:
        columns.append(Column("full", say("column.full", language), "number"))
        notes.append(say("means.note_full", language))
    table = Table(
        key="latent-means", title=title, columns=tuple(columns), rows=tuple(rows),
        groups=tuple(groups), notes=tuple(notes),
    )  # fmt: skip
    same = say("means.same", language, count=len(rows))
    return Evidence(
        id="latent-means-table",
        title=title,
        table=table if rows else None,
        paragraphs=tuple(words) or (same,),
        citations=(*HOLM, "steenkamp1998"),
        language=language,
        stamps=tuple(stamps),
    )


def group_paths_table(
    found: PathsByGroup,
    *,
    permuted: PermutedPaths | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every path in every group, with the test of its equality."""
    names = resolve(labels)
    title = say("paths.title", language)
    groups = [names.group(g) for g, _ in found.groups]
    columns = [Column("path", say("column.path", language))]
    for k, group in enumerate(groups):
        columns.append(Column(f"b{k}", "\u27e6B\u27e7", "number", group=group))
        columns.append(Column(f"std{k}", "\u27e6\u03b2\u27e7", "unit", group=group))
    columns += [
        Column("wald", say("column.wald", language), "number", 2),
        Column("df", "\u27e6df\u27e7", "int"),
        Column("p", "\u27e6p\u27e7", "p"),
        Column("p_holm", say("column.p_holm", language), "p"),
    ]
    chances = {(p.source, p.target): p.p_holm for p in permuted.paths} if permuted else {}
    if chances:
        columns.append(Column("p_permuted", say("column.p_permuted", language), "p"))
    rows = []
    for path in found.paths:
        cells: list[Cell] = [names.path(path.source, path.target)]
        for one in path.groups:
            cells += [one.est, one.std_all]
        cells += [path.wald, path.df, path.p, path.p_holm]
        if chances:
            cells.append(chances.get((path.source, path.target)))
        rows.append(tuple(cells))
    notes = [say("paths.note", language, sources=cite(HOLM, language))]
    if found.released:
        loose = parameter_names(found.released, names, language)
        notes.append(say("paths.note_released", language, names=loose))
    notes += path_permutation_words(permuted, language)
    table = Table("group-paths", title, tuple(columns), tuple(rows), notes=tuple(notes))
    return Evidence(
        id="group-paths-table",
        title=title,
        table=table if rows else None,
        verdict=_paths_verdict(found, names, language),
        citations=(*HOLM, *(PERMUTATION if chances else ())) if rows else (),
        notices=notices(
            (*found.findings, *(permuted.findings if permuted else ())), language, names
        ),
        language=language,
        stamps=tuple(stamps),
    )


def _findings(found: PathsByGroup, permuted: PermutedPaths | None) -> tuple[Message, ...]:
    """What both met on the way, each once."""
    both = (*found.findings, *(permuted.findings if permuted else ()))
    return tuple({f.text("en"): f for f in both}.values())


def _paths_verdict(found: PathsByGroup, names: Labels, language: str) -> Verdict:
    if not found.paths:
        return Verdict("none", (say("paths.none", language),))
    words = []
    if found.omnibus is not None and finite(found.omnibus.p):
        stat = numbers.number(found.omnibus.stat, digits=2, language=language)
        df = numbers.number(found.omnibus.df, digits=0, language=language)
        p = p_words(found.omnibus.p, language)
        words.append(say("paths.omnibus", language, df=df, stat=stat, p=p))
    different = [names.path(p.source, p.target) for p in found.paths if p.p_holm < ALPHA]
    if different:
        words.append(say("paths.different", language, names=join(different, language)))
        return Verdict("mixed", tuple(words), HOLM)
    return Verdict("good", (*words, say("paths.same", language)), HOLM)


def path_differences_table(
    found: PathsByGroup,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Differences of every path between every pair of groups."""
    names = resolve(labels)
    title = say("paths.pairs_title", language)
    rows: list[tuple[Cell, ...]] = []
    groups = []
    for path in found.paths:
        groups.append((len(rows), names.path(path.source, path.target)))
        for d in path.pairs:
            pair = f"{names.group(d.group)} \u2212 {names.group(d.reference)}"
            rows.append((pair, d.est, d.se, d.ci_lower, d.ci_upper, d.p, d.p_holm))
    table = Table(
        key="path-differences",
        title=title,
        columns=(
            Column("pair", say("column.compared", language)),
            Column("est", say("column.d", language), "number"),
            Column("se", "\u27e6SE\u27e7", "number"),
            *interval_columns(language),
            Column("p", "\u27e6p\u27e7", "p"),
            Column("p_holm", say("column.p_holm", language), "p"),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("paths.pairs_note", language, count=len(rows), sources=cite(HOLM, language)),),
    )
    return Evidence(
        id="path-differences-table",
        title=title,
        table=table if rows else None,
        paragraphs=() if rows else (say("paths.none", language),),
        citations=HOLM if rows else (),
        language=language,
        stamps=tuple(stamps),
    )


def group_paths_figure(
    found: PathsByGroup,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Forest plot of paths, groups under each path."""
    names = resolve(labels)
    title = say("paths.forest_title", language)
    rows = [
        ForestRow(
            names.group(one.group), names.path(path.source, path.target), one.est, one.ci_lower,
            one.ci_upper, path.p_holm < ALPHA,
        )
        for path in found.paths
        for one in path.groups
    ]  # fmt: skip
    if not rows:
        return Evidence("group-paths-figure", title, paragraphs=(say("paths.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    alt = say("paths.forest_alt", language, count=len(found.paths), groups=len(found.groups))
    axis = say("paths.forest_axis", language)
    svg = forest(rows, title=title, alt=alt, axis=axis, language=language)
    data = forest_data(rows, "group-paths-forest", title, language)
    return Evidence(
        id="group-paths-figure",
        title=title,
        figure=Figure("group-paths-forest", title, svg, alt, data),
        language=language,
        stamps=tuple(stamps),
    )


def _deviating(
    pairs: Sequence[PairOfGroups],
    groups: Sequence[str],
    limit: float,
    names: Labels,
    language: str,
) -> str:
    """Which groups lose too much fit with most others, or which loses most on average."""
    losses = {g: [-p.change.cfi for p in pairs if g in (p.first, p.second)] for g in groups}
    beyond = {g: sum(x >= limit for x in values) for g, values in losses.items() if values}
    if not any(beyond.values()):
        cut = numbers.number(limit, digits=3, bounded=True, language=language)
        return say("many.fine", language, limit=cut)
    odd = [g for g, count in beyond.items() if 2 * count > len(losses[g])]
    if 1 < len(odd) < len(groups):
        return say("many.odd", language, names=join((names.group(g) for g in odd), language))
    mean = {g: sum(losses[g]) / len(losses[g]) for g in beyond}
    worst = max(mean, key=lambda g: mean[g])
    value = numbers.number(mean[worst], digits=3, bounded=True, language=language)
    return say("many.deviates", language, group=names.group(worst), value=value)


def group_pairs_figure(
    pairs: Sequence[PairOfGroups],
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Which groups deviate: CFI lost by equal measurement in each pair."""
    names = resolve(labels)
    title = say("many.title", language)
    known = [p for p in pairs if finite(p.change.cfi)]
    if not known:
        return Evidence("group-pairs-figure", title, paragraphs=(say("many.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    groups = list(dict.fromkeys(g for p in pairs for g in (p.first, p.second)))
    shown = [names.group(g) for g in groups]
    limit = criterion("comparability.cfi").acceptable

    def number(value: float) -> str:
        return numbers.number(value, digits=3, bounded=True, language=language)

    top = min(known, key=lambda p: p.change.cfi)
    pair = f"{names.group(top.first)} \u2013 {names.group(top.second)}"
    alt = say("many.alt", language, value=number(-top.change.cfi), pair=pair)
    svg = pair_matrix(pairs, groups, shown, limit=limit, title=title, alt=alt, language=language)
    data = Table(
        key="group-pairs",
        title=title,
        columns=(
            Column("pair", say("column.compared", language)),
            Column("stat", "\u0394\u27e6\u03c7\u27e7\u00b2", "number", 2),
            Column("df", "\u0394\u27e6df\u27e7", "number", 0),
            Column("p_holm", say("column.p_holm", language), "p"),
            Column("cfi", "\u0394CFI", "unit", 4),
            Column("rmsea", "\u0394RMSEA", "unit", 4),
            Column("srmr", "\u0394SRMR", "unit", 4),
        ),
        rows=tuple(
            (
                f"{names.group(p.first)} \u2013 {names.group(p.second)}", p.stat, p.df, p.p_holm,
                p.change.cfi, p.change.rmsea, p.change.srmr,
            )
            for p in pairs
        ),
    )  # fmt: skip
    words = _deviating(known, groups, limit, names, language)
    note = say("many.note", language, limit=number(limit))
    return Evidence(
        id="group-pairs-figure",
        title=title,
        figure=Figure("group-pairs", title, svg, alt, data, (note,)),
        paragraphs=(words,) if -top.change.cfi < limit or len(groups) > 2 else (),
        citations=criterion("comparability.cfi").cite,
        language=language,
        stamps=tuple(stamps),
    )
