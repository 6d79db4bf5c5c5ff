"""Evidence on importance and performance: table, maps, priorities, elasticities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.drivers import Elasticity, Importance, ImportanceMap
from analysis.report.drivers_figures import MapPoint, RangeRow, map_figure, range_figure
from analysis.report.drivers_words import draws_note, estimated, refused, say
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.numbers import interval, number
from analysis.report.prose import finite, join
from analysis.report.records import Cell, Column, Figure, Table
from analysis.sem import Solution

LabelsLike = Labels | Mapping[str, str] | None
CITED = ("ringle2016",)
MOST_NAMED = 12
MOST_RANGES = 20


def _item_name(d: Importance, names: Labels) -> str:
    label = names.of(d.name)
    return d.name if label == d.name else f"{d.name} {label}"


def _name(d: Importance, names: Labels) -> str:
    return _item_name(d, names) if d.kind == "item" else names.of(d.name)


def importance_table(
    found: ImportanceMap,
    solution: Solution,
    *,
    items: bool = False,
    failed: int = 0,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Importance, performance, possible gain and rank of constructs, or of ``items``."""
    names = resolve(labels)
    target = names.of(found.target)
    key = "importance-items" if items else "importance"
    title = say("importance.title_items" if items else "importance.title", language, target=target)
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for kind in ("item",) if items else ("construct", "dimension"):
        own = [d for d in found.of(kind) if finite(d.importance.value)]  # type: ignore[arg-type]
        if own and not items:
            groups.append((len(rows), say(f"importance.{kind}", language)))
        rows += [_row(d, names, language) for d in own]
    notes = [
        say("importance.note", language, target=target),
        draws_note(found.kind, found.draws, language, failed=failed),
    ]
    if finite(found.level.value):
        level = number(found.level.value, digits=1, language=language)
        span = interval(found.level.low, found.level.high, digits=1, language=language)
        notes.insert(1, say("importance.level", language, target=target, level=level, span=span))
    table = Table(key, title, _columns(items, language), tuple(rows), groups=tuple(groups),
                  notes=tuple(notes), row_headers=2 if items else 1)  # fmt: skip
    words = () if items and rows else _first_words(found, names, language)
    verdict = refused(solution, language) if rows else None
    return Evidence(
        key, title, table=table if rows else None, verdict=verdict,
        paragraphs=() if verdict else words, citations=CITED, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _columns(items: bool, language: str) -> tuple[Column, ...]:
    low, high = say("column.lower", language), say("column.upper", language)
    lead = [Column("driver", say("column.driver", language))]
    if items:
        lead.append(Column("construct", say("column.construct", language)))
    parts = (("value", say("column.value", language)), ("lower", low), ("upper", high))
    body = [
        Column(f"{name}_{part}", label, "number", digits, group=say(f"column.{name}", language))
        for name, digits in (("importance", 3), ("performance", 1), ("gain", 1))
        for part, label in (parts[:1] if items and name == "performance" else parts)
    ]
    return (*lead, *body, Column("rank", say("column.rank_range", language)))


def _row(d: Importance, names: Labels, language: str) -> tuple[Cell, ...]:
    item = d.kind == "item"
    lead = (_item_name(d, names), names.of(d.parent)) if item else (names.of(d.name),)
    return (
        *lead, *estimated(d.importance), *estimated(d.performance, limits=not item),
        *estimated(d.gain), _ranks(d, language),
    )  # fmt: skip


def _first_words(found: ImportanceMap, names: Labels, language: str) -> tuple[str, ...]:
    own = found.of("construct")
    if not own or not finite(own[0].gain.value):
        return (say("importance.no_levels", language),) if own else ()
    first = own[0]
    return (
        say(
            "importance.first", language, driver=names.of(first.name),
            target=names.of(found.target),
            importance=number(first.importance.value, digits=2, language=language),
            performance=number(first.performance.value, digits=1, language=language),
            low=number(first.rank.low, digits=0, language=language),
            high=number(first.rank.high, digits=0, language=language),
        ),
    )  # fmt: skip


def importance_figure(
    found: ImportanceMap,
    *,
    items: bool = False,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The map: importance to the right, performance upwards, mean lines as quarters."""
    names = resolve(labels)
    own = [
        d for d in (found.of("item") if items else found.of("construct", "dimension"))
        if finite(d.importance.value) and finite(d.performance.value)
    ]  # fmt: skip
    key = "importance-map-items" if items else "importance-map"
    title = say(f"map.{'title_items' if items else 'title'}", language,
                target=names.of(found.target))  # fmt: skip
    if not own:
        words = (say("importance.no_levels", language),)
        return Evidence(key, title, paragraphs=words, language=language, stamps=tuple(stamps))
    points = [
        MapPoint(
            d.name if items else names.of(d.name), d.importance.value, d.performance.value,
            hollow=d.kind == "dimension", named=not items or d.rank.value <= MOST_NAMED,
            hint=_name(d, names),
        )
        for d in own
    ]  # fmt: skip
    listed = join(
        (f"{_name(d, names)} ({number(d.importance.value, digits=2, language=language)}; "
         f"{number(d.performance.value, digits=0, language=language)})" for d in own[:10]),
        language,
    )  # fmt: skip
    alt = say("map.alt", language, target=names.of(found.target), list=listed)
    svg = map_figure(
        points, title=title, alt=alt, x_axis=say("map.x", language, target=names.of(found.target)),
        y_axis=say("map.y", language), corner=say("map.corner", language), language=language,
    )  # fmt: skip
    data = Table(
        key, title,
        (
            Column("driver", say("column.driver", language)),
            Column("importance", say("column.importance", language), "number"),
            Column("performance", say("column.performance", language), "number", 1),
        ),
        tuple((_name(d, names), d.importance.value, d.performance.value) for d in own),
    )  # fmt: skip
    note = say("map.note_items" if items else "map.note", language, count=MOST_NAMED)
    return Evidence(key, title, figure=Figure(key, title, svg, alt, data, (note,)),
                    citations=CITED, language=language, stamps=tuple(stamps))  # fmt: skip


def priorities_figure(
    found: ImportanceMap,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Possible gains with their limits, and the range of each rank."""
    names = resolve(labels)
    title = say("priorities.title", language, target=names.of(found.target))
    own = [d for d in found.of("construct", "dimension") if finite(d.gain.value)]
    if not own:
        words = (say("importance.no_levels", language),)
        return Evidence("priorities", title, paragraphs=words, language=language,
                        stamps=tuple(stamps))  # fmt: skip
    rows = [
        RangeRow(
            say(f"importance.{d.kind}", language), names.of(d.name), d.gain.value, d.gain.low,
            d.gain.high, _ranks(d, language),
        )
        for d in own[:MOST_RANGES]
    ]  # fmt: skip
    listed = join((f"{r.label} {number(r.value, digits=1, language=language)}" for r in rows),
                  language)  # fmt: skip
    alt = say("priorities.alt", language, list=listed)
    heads = (say("priorities.axis", language, target=names.of(found.target)),
             say("column.gain", language), say("column.rank", language))  # fmt: skip
    svg = range_figure(rows, title=title, alt=alt, heads=heads, language=language)
    data = Table(
        "priorities", title,
        (
            Column("driver", say("column.driver", language)),
            Column("gain", say("column.gain", language), "number", 2),
            Column("lower", say("column.lower", language), "number", 2),
            Column("upper", say("column.upper", language), "number", 2),
            Column("rank", say("column.rank", language)),
        ),
        tuple((r.label, *(v if finite(v) else None for v in (r.value, r.low, r.high)), r.note)
              for r in rows),
    )  # fmt: skip
    notes = (say("priorities.note", language, target=names.of(found.target)),
             draws_note(found.kind, found.draws, language))  # fmt: skip
    return Evidence("priorities", title, figure=Figure("priorities", title, svg, alt, data, notes),
                    citations=CITED, language=language, stamps=tuple(stamps))  # fmt: skip


def _ranks(d: Importance, language: str) -> str:
    value, low, high = (number(v, digits=0, language=language) for v in
                        (d.rank.value, d.rank.low, d.rank.high))  # fmt: skip
    return f"{value}\u00a0[{low}\u2060\u2013\u2060{high}]" if finite(d.rank.low) else value


def elasticities_table(
    found: Sequence[Elasticity],
    solution: Solution,
    *,
    kind: str,
    draws: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """What ten per cent more of a driver does to each target, in per cent."""
    names = resolve(labels)
    title = say("elasticity.title", language)
    targets = tuple(dict.fromkeys(e.target for e in found))
    drivers = dict.fromkeys((e.driver, e.parent) for e in found)
    cells = {(e.driver, e.target): e for e in found}
    low, high = say("column.lower", language), say("column.upper", language)
    columns = [Column("driver", say("column.driver", language))]
    for target in targets:
        head = names.of(target)
        columns += [
            Column(f"{target}.percent", "%", "number", 1, group=head),
            Column(f"{target}.lower", low, "number", 1, group=head),
            Column(f"{target}.upper", high, "number", 1, group=head),
        ]
    rows: list[tuple[Cell, ...]] = []
    groups: list[tuple[int, str]] = []
    for dimension in (False, True):
        own = [d for d, parent in drivers if bool(parent) == dimension]
        if own:
            level = "dimension" if dimension else "construct"
            groups.append((len(rows), say(f"importance.{level}", language)))
        for driver in own:
            row = [cells.get((driver, target)) for target in targets]
            values = (c for e in row for c in (estimated(e.percent) if e else ("", "", "")))
            rows.append((names.of(driver), *values))
    change = number(found[0].change, digits=0, language=language) if found else ""
    notes = (say("elasticity.note", language, change=change), draws_note(kind, draws, language))  # type: ignore[arg-type]
    table = Table("elasticities", title, tuple(columns), tuple(rows), groups=tuple(groups),
                  notes=notes)  # fmt: skip
    return Evidence(
        "elasticities", title, table=table if rows else None, verdict=refused(solution, language),
        paragraphs=() if rows else (say("importance.no_levels", language),), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip
