"""From a batch file to single runs: the grid multiplied out, rules applied, every value checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from analysis.data import Study, Survey, load_study
from analysis.errors import AnalysisError, InputError, Message
from analysis.run.batch.file import EVERY, OWN, BatchFile, Rule, located, named_notebooks
from analysis.run.large import is_large
from analysis.run.params import LEVELS, NOTEBOOKS, Value, schema, unknown, validate


@dataclass(frozen=True)
class Wanted:
    """One run as the file asks for it; ``key`` is the place in the file."""

    notebook: str
    study: str
    values: Mapping[str, Value]
    key: str


class Opened:
    """The studies of a batch, each opened once."""

    def __init__(self) -> None:
        self.study = cache(load_study)

    def levels(self, study: str, role: str) -> tuple[str, ...]:
        """The levels of a grouping column that respondents have; nothing where there is none."""
        found = self.study(study)
        if not found.has_rows or is_large(found) or role not in _roles(found):
            return ()
        return tuple(found.data.levels(role)) if isinstance(found.data, Survey) else ()


def wanted(batch: BatchFile, opened: Opened) -> tuple[Wanted, ...]:
    """Every run of the batch, each once, in the file's order.

    Raises
    ------
    InputError
        With every value that cannot be: wrong kinds, unknown choices, models, groups and levels,
        studies that cannot be opened; each with its key.
    """
    problems = [*_study_problems(batch, opened)]
    if not problems:
        problems = [*_value_problems(batch, opened)]
    if problems:
        raise InputError(problems)
    found: dict[tuple[object, ...], Wanted] = {}
    for one in (*_of_grid(batch, opened), *_of_list(batch, opened)):
        about = {**one.values, "notebook": one.notebook, "study": one.study}
        if _allowed(about, batch):
            found.setdefault((one.notebook, one.study, *sorted(one.values.items())), one)
    return tuple(found.values())


def _of_grid(batch: BatchFile, opened: Opened) -> Iterator[Wanted]:
    """Notebook within study; the last parameter of the grid changes fastest."""
    if batch.runs and not batch.grid:
        return
    for study in batch.studies:
        axes = {n: _spread(study, n, values, opened) for n, values in batch.grid.items()}
        for cell in product(*axes.values()):
            given = {**batch.fixed, **dict(zip(axes, cell, strict=True))}
            for notebook in batch.notebooks:
                yield from _versions(batch, notebook, study, given, "grid")


def _of_list(batch: BatchFile, opened: Opened) -> Iterator[Wanted]:
    for number, one in enumerate(batch.runs, start=1):
        given = {**batch.fixed, **{n: v for n, v in one.items() if n not in OWN}}
        notebooks = (str(one["notebook"]),) if "notebook" in one else batch.notebooks
        studies = (str(one["study"]),) if "study" in one else batch.studies
        for study, notebook in product(studies, notebooks):
            stars = [n for n, v in given.items() if v == EVERY and n in LEVELS]
            for cell in product(*(opened.levels(study, n) for n in stars)):
                values = {**given, **dict(zip(stars, cell, strict=True))}
                languages = (str(one["language"]),) if "language" in one else None
                yield from _versions(batch, notebook, study, values, f"runs[{number}]", languages)


def _versions(
    batch: BatchFile,
    notebook: str,
    study: str,
    given: Mapping[str, Value],
    key: str,
    languages: tuple[str, ...] | None = None,
) -> Iterator[Wanted]:
    """The run in each language and with each seed; without parameters the notebook has not."""
    fields = schema(notebook).model_fields
    known = {name: value for name, value in given.items() if name in fields}
    seeds = batch.seeds if "seed" in fields and "seed" not in known else ()
    for language in languages or batch.languages:
        for seed in seeds or (None,):
            more = {} if seed is None else {"seed": seed}
            yield Wanted(notebook, study, {**known, "language": language, **more}, key)


def _spread(study: str, name: str, values: tuple[Value, ...], opened: Opened) -> tuple[Value, ...]:
    """The values, ``"*"`` replaced by all levels."""
    result: list[Value] = []
    for value in values:
        star = value == EVERY and name in LEVELS
        result += opened.levels(study, name) if star else [value]
    return tuple(dict.fromkeys(result))


def _allowed(about: Mapping[str, Value], batch: BatchFile) -> bool:
    kept = not batch.include or any(_matches(about, rule) for rule in batch.include)
    return kept and not any(_matches(about, rule) for rule in batch.exclude)


def _matches(about: Mapping[str, Value], rule: Rule) -> bool:
    """Whether every key of the rule has one of its values; numbers match their text."""
    return all(str(about.get(name, "")) in map(str, values) for name, values in rule.items())


def _study_problems(batch: BatchFile, opened: Opened) -> Iterator[Message]:
    single = [(f"runs[{n}].study", str(one["study"])) for n, one in enumerate(batch.runs, start=1)
              if "study" in one]  # fmt: skip
    for key, name in [*(("study", one) for one in batch.studies), *single]:
        try:
            study = opened.study(name)
            if study.has_rows and not is_large(study):
                _ = study.data
        except AnalysisError as error:
            yield from (located(one, batch.where(key)) for one in error.messages)


def _value_problems(batch: BatchFile, opened: Opened) -> Iterator[Message]:
    """Each value on its own: its kind, and whether the thing that it names is there."""
    for key, name, value, notebooks, studies in _values(batch):
        said: dict[str, Message] = {}
        for notebook in notebooks:
            for found in _kind_problems(notebook, name, value):
                said.setdefault(found.text(), found)
        for study in studies:
            for found in _thing_problems(opened.study(study), name, value, opened):
                said.setdefault(found.text(), found)
        yield from (located(one, batch.where(key)) for one in said.values())


def _values(
    batch: BatchFile,
) -> Iterator[tuple[str, str, Value, tuple[str, ...], tuple[str, ...]]]:
    every = named_notebooks(batch)
    for name, value in batch.fixed.items():
        yield f"parameters.{name}", name, value, every, batch.studies
    for name, values in batch.grid.items():
        for number, value in enumerate(values, start=1):
            yield f"grid.{name}[{number}]", name, value, every, batch.studies
    for number, one in enumerate(batch.runs, start=1):
        notebooks = (str(one["notebook"]),) if "notebook" in one else batch.notebooks
        studies = (str(one["study"]),) if "study" in one else batch.studies
        for name, value in one.items():
            if name != "study":
                yield f"runs[{number}].{name}", name, value, notebooks, studies


def _kind_problems(notebook: str, name: str, value: Value) -> Iterator[Message]:
    if name == "notebook":
        if value not in NOTEBOOKS:
            yield unknown("notebook", str(value), NOTEBOOKS)
        return
    if notebook not in NOTEBOOKS or name not in schema(notebook).model_fields:
        return
    if value == EVERY and name in LEVELS:
        return
    try:
        validate(notebook, {"study": "any", name: value})
    except InputError as error:
        yield from error.messages


def _thing_problems(study: Study, name: str, value: Value, opened: Opened) -> Iterator[Message]:
    text = str(value)
    if name == "model" and text and text not in study.models:
        yield unknown("model", text, study.models)
    elif name == "group" and text and text not in _roles(study):
        yield unknown("group", text, _roles(study))
    elif name in LEVELS and text:
        levels = opened.levels(study.name, name)
        if name not in _roles(study):
            yield unknown("group", name, _roles(study))
        elif levels and text not in (*levels, EVERY):
            yield unknown("level", text, levels)


def _roles(study: Study) -> tuple[str, ...]:
    return tuple(group.name for group in study.codebook.groups) if study.has_rows else ()
