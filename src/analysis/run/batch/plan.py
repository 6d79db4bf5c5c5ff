"""What a batch would do: each run with its state, decided before anything starts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from analysis.data import Survey
from analysis.errors import AnalysisError, InputError, Message, message
from analysis.run.batch.file import BatchFile, located
from analysis.run.batch.grid import Opened, Wanted, wanted
from analysis.run.execute import Job, Place, folder_of, key_of, name_of
from analysis.run.jobs import JobMaker
from analysis.run.large import is_large
from analysis.run.params import LEVELS, Value
from analysis.run.record import finished
from analysis.run.resolve import Choice, resolve

State = Literal["run", "cached", "refused"]
# A name or a value that cannot be is an error of the file, whatever else is chosen with it.
WRONG_AREA, WRONG = "syntax", ("unknown_", "not_", "missing_parameter", "boolean_")
SHOWN = ("model", *LEVELS, "group", "estimator", "ordered", "across")


@dataclass(frozen=True)
class Entry:
    """One run of a batch; ``reason`` says why it is refused."""

    number: int
    notebook: str
    study: str
    values: Mapping[str, Value]
    state: State
    n: int | None = None
    job: Job | None = None
    reason: Message | None = None

    @property
    def words(self) -> str:
        """What sets this run apart."""
        said = [str(self.values[name]) for name in SHOWN if self.values.get(name)]
        if self.values.get("language", "en") != "en":
            said.append(str(self.values["language"]))
        return " ".join([self.notebook, *said])

    @property
    def run(self) -> str:
        """The name of the run's folder; empty for a refused one."""
        return name_of(self.job) if self.job else ""

    @property
    def key(self) -> str:
        """The digest of everything its evidence depends on; empty for a refused one."""
        return key_of(self.job) if self.job else ""


@dataclass(frozen=True)
class BatchPlan:
    """All runs of a batch."""

    batch: BatchFile
    place: Place
    entries: tuple[Entry, ...]

    def of(self, state: State) -> tuple[Entry, ...]:
        """The runs in a state."""
        return tuple(entry for entry in self.entries if entry.state == state)


def make_plan(batch: BatchFile, place: Place, *, again: bool = False) -> BatchPlan:
    """Check everything and decide for each run; ``again`` repeats those that are done.

    Raises
    ------
    InputError
        With everything that is wrong in the file, or if no run at all is possible.
    """
    opened, jobs = Opened(), JobMaker(place.root)
    problems = [*_shadows(place.root)]
    entries: list[Entry] = []
    for number, one in enumerate(wanted(batch, opened), start=1):
        try:
            entry = _entry(number, one, batch, opened, jobs)
        except InputError as error:
            wrong = [m for m in error.messages if _is_wrong(m)]
            problems += [located(m, batch.where(one.key)) for m in wrong]
            entry = Entry(number, one.notebook, one.study, one.values, "refused",
                          reason=error.messages[0])  # fmt: skip
        if entry.job is not None and not again and finished(folder_of(entry.job, place), entry.key):
            entry = replace(entry, state="cached")
        entries.append(entry)
    if problems:
        raise InputError({m.text(): m for m in problems}.values())
    if all(entry.state == "refused" for entry in entries):
        reasons = [entry.reason for entry in entries if entry.reason is not None]
        raise InputError([message("batch.nothing_possible", name=batch.name), *reasons[:5]])
    return BatchPlan(batch, place, tuple(entries))


def _is_wrong(found: Message) -> bool:
    """Whether the message is about a name or value that cannot be."""
    area, _, name = found.code.partition(".")
    return area == WRONG_AREA or (area == "run" and name.startswith(WRONG))


def _entry(number: int, one: Wanted, batch: BatchFile, opened: Opened, jobs: JobMaker) -> Entry:
    choice = resolve(one.notebook, {"study": one.study, **one.values},
                     opened=opened.study(one.study), read=False)  # fmt: skip
    n = _respondents(choice)
    least = choice.study.codebook.options.min_group
    if n is not None and n < least and choice.study.has_rows:
        # How few they are is not told: the page of the batch is read by others.
        return Entry(number, one.notebook, one.study, one.values, "refused",
                     reason=message("batch.too_small", least=least))  # fmt: skip
    refused = Entry(number, one.notebook, one.study, one.values, "refused", n=n)
    if n is not None and n < batch.minimum_n and choice.study.has_rows:
        return replace(refused, reason=message("batch.too_few", n=n, least=batch.minimum_n))
    job = replace(jobs.job(choice), pinned=True)
    return replace(refused, state="run", job=job)


def _respondents(choice: Choice) -> int | None:
    """How many answers the run has, None where they are only counted while it runs.

    Raises
    ------
    InputError
        Where the choices cannot be estimated on these respondents.
    """
    if is_large(choice.study):
        return None
    try:
        data = choice.data
    except InputError:
        raise
    except AnalysisError as error:
        raise InputError(error.messages) from error
    return data.n_used if isinstance(data, Survey) else data.n


def _shadows(root: Path) -> Iterator[Message]:
    """Files of the project's folder that notebooks would import instead of Python's own."""
    for path in sorted(root.glob("*.py")):
        if path.stem in sys.stdlib_module_names:
            yield message("batch.shadows", path=path.name, name=path.stem)
