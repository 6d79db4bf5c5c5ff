"""Evidence on the run's parameters and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from analysis.data import PublishedMatrix, Study, Survey
from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.coverage import Coverage
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.prose import say
from analysis.report.records import Cell, Column, Kind, Notice, Table

LabelsLike = Labels | Mapping[str, str] | None


class ParameterLike(Protocol):
    """One parameter of a run; ``given`` says whether it differs from its default."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def given(self) -> bool: ...
    @property
    def description(self) -> str: ...


def run_parameters(parameters: Sequence[ParameterLike], *, language: str = "en") -> Evidence:
    """The parameters of the run, and which of them were set for it."""
    table = Table(
        key="run-parameters",
        title=say("run.title", language),
        columns=(
            Column("name", say("column.parameter", language), "code"),
            Column("value", say("column.value", language), "code"),
            Column("source", say("column.source", language)),
            Column("description", say("column.meaning", language)),
        ),
        rows=tuple(
            (p.name, str(p.value) if str(p.value) else numbers.DASH,
             say("run.given" if p.given else "run.default", language), p.description)
            for p in parameters
        ),
    )  # fmt: skip
    return Evidence(id="run-parameters", title=table.title, table=table, language=language)


def sample_summary(
    study: Study | Survey | PublishedMatrix,
    *,
    chosen: Survey | PublishedMatrix | None = None,
    coverage: Coverage | None = None,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Who is in the data, how many rows were used and why others were not, what was noticed.

    ``chosen`` is the part of the study's data that is used, all of it by default; ``coverage``
    tells how completely the model's items were answered.
    """
    names = resolve(labels)
    data = chosen or (study.data if isinstance(study, Study) else study)
    if isinstance(study, Study) and study.simulated and not stamps:
        stamps = ("SIMULATED",)
    rows = (
        _survey_rows(data, language) if isinstance(data, Survey) else _matrix_rows(data, language)
    )
    described = _study_rows(study, language) if isinstance(study, Study) else []
    groups: tuple[tuple[int, str], ...] = ()
    if coverage is not None:
        headings = (say("sample.part_study", language), say("sample.part_items", language))
        groups = ((0, headings[0]), (len(described) + len(rows), headings[1]))
        rows += _coverage_rows(coverage, names, language)
    numeric = {len(described) + i for i, r in enumerate(rows) if isinstance(r[1], int)}
    kinds: tuple[tuple[int, int, Kind], ...] = tuple((i, 1, "int") for i in sorted(numeric))
    table = Table(
        key="sample",
        title=say("sample.title", language),
        columns=(Column("what", say("column.what", language)),
                 Column("value", say("column.value", language))),
        rows=(*described, *rows),
        groups=groups,
        kinds=kinds,
    )  # fmt: skip
    notices = [_notice(m, "warning", language) for m in data.warnings]
    fixes = data.fixes if isinstance(data, Survey) else ()
    notices += [_notice(m, "note", language) for m in fixes]
    return Evidence(
        id="sample", title=table.title, table=table, notices=tuple(notices), language=language,
        stamps=tuple(stamps), citations=study.codebook.bib if isinstance(study, Study) else (),
    )  # fmt: skip


def _coverage_rows(found: Coverage, labels: Labels, language: str) -> list[tuple[Cell, ...]]:
    """How completely the model's items were answered, in which groups, with which weights."""

    def count(n: int, of: int) -> str:
        whole = numbers.integer(n, language=language)
        share = numbers.percent(n / of if of else None, language=language)
        return say("sample.count_share", language, count=whole, share=share)

    rows: list[tuple[Cell, ...]] = [(say("sample.items", language), found.items)]
    rows += [
        (say("sample.group", language, group=labels.group(level)), n) for level, n in found.groups
    ]
    rows.append((say("sample.incomplete", language), count(found.incomplete, found.n)))
    rows.append((say("sample.patterns", language), found.patterns))
    share = numbers.percent(found.missing_share, digits=2, language=language)
    if found.worst_item:
        worst = numbers.percent(found.worst_share, language=language)
        share = say("sample.worst", language, share=share, item=found.worst_item, worst=worst)
    rows.append((say("sample.missing_share", language), share))
    if found.effective_n is not None and found.weight_range is not None:
        low, high = (numbers.number(v, digits=2, language=language) for v in found.weight_range)
        rows.append((say("sample.weights", language), f"{low}\u2013{high}"))
        rows.append((say("sample.effective_n", language), round(found.effective_n)))
    if found.clusters is not None:
        number, small, large = found.clusters
        sizes = say("sample.cluster_sizes", language, count=number, small=small, large=large)
        rows.append((say("sample.clusters", language), sizes))
    return rows


def _study_rows(study: Study, language: str) -> list[tuple[Cell, ...]]:
    book = study.codebook
    found = [
        ("study", book.title[language]),
        ("population", book.population[language]),
        ("sample", book.sample[language]),
        ("industry", book.industry[language]),
        ("country", book.country),
        ("collected", book.collected),
        ("citation", book.citation),
        ("licence", book.licence),
    ]
    return [(say(f"sample.{key}", language), words) for key, words in found if words]


def _survey_rows(data: Survey, language: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [(say("sample.read", language), data.n_read)]
    for reason, count in data.dropped.items():
        words = text(f"data.drop.{reason}", language)
        rows.append((say("sample.dropped", language, reason=words), count))
    for name, levels in data.filters:
        chosen = ", ".join(levels)
        rows.append((say("sample.filter", language, name=name), chosen))
    rows.append((say("sample.used", language), data.n_used))
    return rows


def _matrix_rows(data: PublishedMatrix, language: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [
        (say("sample.kind", language), say(f"sample.level_{data.level}", language)),
        (say("sample.published_n", language), data.n),
        (say("sample.variables", language), len(data.names)),
    ]
    if data.decimals:
        rows.append((say("sample.decimals", language), data.decimals))
    return rows


def _notice(found: Message, level: str, language: str) -> Notice:
    symptom, cause, remedy = found.parts(language)
    return Notice("note" if level == "note" else "warning", symptom, cause, remedy)


def correlation_table(
    names: Sequence[str],
    correlations: Sequence[Sequence[float]],
    *,
    means: Sequence[float] | None = None,
    sds: Sequence[float] | None = None,
    n: int | None = None,
    language: str = "en",
    pooled: bool = False,
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Correlations (p, p) with means and standard deviations: what others need to refit."""
    del labels
    p = len(names)
    lead: list[Column] = [Column("item", say("column.item", language))]
    if means is not None:
        lead.append(Column("mean", "\u27e6M\u27e7", "number", 2))
    if sds is not None:
        lead.append(Column("sd", "\u27e6SD\u27e7", "number", 2))
    rows: list[tuple[Cell, ...]] = []
    for i, name in enumerate(names):
        cells: list[Cell] = [f"{i + 1}. {name}"]
        cells += [float(v[i]) for v in (means, sds) if v is not None]
        cells += [float(correlations[i][j]) if j < i else numbers.DASH if j == i else ""
                  for j in range(p)]  # fmt: skip
        rows.append(tuple(cells))
    shown = numbers.DASH if n is None else numbers.integer(n, language=language)
    table = Table(
        key="correlations",
        title=say("correlations.title", language),
        columns=(*lead, *(Column(name, str(j + 1), "unit", 2) for j, name in enumerate(names))),
        rows=tuple(rows),
        notes=(
            say("correlations.note_pooled" if pooled else "correlations.note", language, n=shown),
        ),
    )
    return Evidence(
        id="correlations", title=table.title, table=table, language=language, stamps=tuple(stamps)
    )
