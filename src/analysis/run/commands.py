"""What the commands do; they return text or call ``say``, the command line prints."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.data import (
    Codebook,
    PublishedMatrix,
    Study,
    Survey,
    draft_codebook,
    list_studies,
    load_codebook,
    load_study,
)
from analysis.errors import AnalysisError, InputError, Message, message
from analysis.i18n import LANGUAGES, text
from analysis.report import render_index, render_report
from analysis.run import fitted, publish, terminal
from analysis.run.estimation import estimate
from analysis.run.execute import Place, run
from analysis.run.fit_document import FitDocument, fit_document
from analysis.run.jobs import JobMaker, shown
from analysis.run.large import is_large, matrix_of
from analysis.run.params import NOTEBOOKS, from_texts, schema, unknown
from analysis.run.record import RunRecord, read_records
from analysis.run.resolve import Choice, labels, parse, resolve, stamps
from analysis.syntax import PartableOptions, partable
from analysis.syntax.printing import print_name

STRUCTURE_NOTEBOOK = "20_structure"
NOT_FOR_THIS = {
    "drivers.no_paths",
    "run.no_measurement",
    "screening.no_rows",
    "invariance.no_rows",
    "invariance.no_role",
    "power.no_paths",
    "retention.not_for_this",
}
STUDY_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Checked runs, and what was left out and why."""

    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    language: str


def spoken_language(arguments: Sequence[str]) -> str:
    """Language of messages, as far as it can be told before the arguments are read."""
    for one, two in zip(arguments, [*arguments[1:], ""], strict=True):
        for language in LANGUAGES:
            if one in (f"--language={language}", f"language={language}", f"-planguage={language}"):
                return language
            if one == "--language" and two == language:
                return language
    return "en"


def plan(
    study: str, *, notebooks: Sequence[str], parameters: Sequence[str], language: str | None
) -> Plan:
    """Check everything before anything runs.

    Without ``notebooks``, all that make sense for the study's model are planned. A parameter goes
    to the notebooks that know it.

    Raises
    ------
    InputError
        With every problem of every planned run, each once.
    """
    given = from_texts(parameters)
    if language:
        given.setdefault("language", language)
    names = list(dict.fromkeys(notebooks)) or list(NOTEBOOKS)
    known = {name for notebook_name in names for name in schema(notebook_name).model_fields}
    problems = [unknown("parameter", name, sorted(known)) for name in given if name not in known]
    choices: list[Choice] = []
    left_out: list[tuple[str, Message]] = []
    for name in names:
        fields = schema(name).model_fields
        values = {"study": study, **{k: v for k, v in given.items() if k in fields}}
        try:
            choices.append(resolve(name, values))
        except InputError as error:
            if not notebooks and {m.code for m in error.messages} <= NOT_FOR_THIS:
                left_out.append((name, error.messages[0]))
            else:
                said = {m.text() for m in problems}
                problems += [m for m in error.messages if m.text() not in said]
    if problems:
        raise InputError(problems)
    spoken = choices[0].params.language
    notes = tuple(_left_out(name, why, spoken) for name, why in left_out)
    return Plan(tuple(choices), notes, spoken)


def _left_out(name: str, why: Message, language: str) -> str:
    if why.code == "run.no_measurement":
        return text("run.labels.left_out", language, notebook=name)
    return f"{name}: {why.parts(language)[0]}"


def run_all(
    planned: Plan, *, root: Path, reports: Path, timeout: int | None, progress: bool, say: Say
) -> bool:
    """Run what was planned, say how each ended, renew the index; True when all ended well."""
    place = Place(root=root, reports=reports)
    good = True
    for choice in planned.choices:
        job = JobMaker(root).job(choice)
        began = time.monotonic()
        record, target = run(
            job, place=place, render=render_report, timeout=timeout, progress=progress
        )
        good = good and record.status == "ok"
        say(_ended(record, time.monotonic() - began, planned.language))
        say(text("run.labels.report", planned.language, path=shown(target / "report.html")))
        write_index(reports, planned.language)
    say(text("run.labels.index", planned.language, path=shown(reports / "index.html")))
    return good


def _ended(record: RunRecord, seconds: float, language: str) -> str:
    fields = {"notebook": record.notebook, "study": record.study, "seconds": seconds}
    if record.failure is None:
        key = f"run.outcome.{record.outcome}" if record.outcome else "screening.done"
        outcome = text(key, language)
        return text("run.labels.done", language, outcome=outcome, **fields)
    failure = record.failure
    said = message("run.cell_failed", step=failure.step, error=failure.text or failure.name)
    return text("run.labels.failed", language, **fields) + "\n" + said.text(language)


def write_index(reports: Path, language: str) -> None:
    """Write ``index.html`` and ``index.json`` from the records on disk."""
    with publish.locked(reports / ".lock"):
        records = read_records(reports)
        publish.write_text(reports / "index.html", render_index(records, language))
        publish.write_json(reports / "index.json", records)


def studies(language: str) -> str:
    """A table of all studies."""
    rows = [("", text("run.labels.kind", language), "N", text("run.labels.models", language), "")]
    for found in list_studies():
        kind = text(f"run.labels.kinds.{found.kind}", language)
        if found.simulated:
            kind += f" ({text('run.labels.simulated', language)})"
        title = found.problem or found.title[language]
        n = "" if found.n is None else str(found.n)
        rows.append((found.name, kind, n, ", ".join(found.models), title))
    return "\n".join(terminal.grid(rows, (False, False, True, False, False)))


def check(name: str, language: str) -> str:
    """Findings on a study's codebook, data and models.

    Raises
    ------
    AnalysisError
        With every problem of the data and of all models.
    """
    study = load_study(name)
    problems: list[Message] = []
    lines: list[str] = []
    data: Survey | PublishedMatrix | None = None
    try:
        data = study.data
        lines += _data_lines(data, language)
    except AnalysisError as error:
        problems += error.messages
    for model in study.models.values():
        try:
            syntax = parse(model)
            table = partable(syntax, observed=variables(study, data), options=PartableOptions())
            fields = {"model": model.name, "free": table.n_free, "latent": len(table.latent)}
            lines.append(text("run.labels.checked_model", language, **fields))
        except AnalysisError as error:
            problems += error.messages
    if problems:
        raise InputError(problems)
    return "\n".join([*lines, text("run.labels.ready", language, study=study.name)])


def variables(study: Study, data: Survey | PublishedMatrix | None) -> tuple[str, ...]:
    """Observed variables that a model of the study may name."""
    if isinstance(data, PublishedMatrix):
        return data.names
    return study.codebook.item_names


def _data_lines(data: Survey | PublishedMatrix, language: str) -> list[str]:
    if isinstance(data, PublishedMatrix):
        counts = text("run.labels.matrix_read", language, n=data.n, p=len(data.names))
        notes: list[tuple[str, Message]] = [("warning", m) for m in data.warnings]
    else:
        counts = text("run.labels.rows_read", language, n=data.n_read, used=data.n_used)
        notes = [("warning", m) for m in data.warnings] + [("fixed", m) for m in data.fixes]
    labelled = [f"{text(f'run.labels.{k}', language)}: {m.text(language)}" for k, m in notes]
    return [counts, *labelled]


def fit(study: str, *, parameters: Sequence[str], language: str | None, as_json: bool) -> str:
    """Fit one model without a notebook; tables or one JSON document."""
    given = from_texts(parameters)
    if language:
        given.setdefault("language", language)
    choice = resolve(STRUCTURE_NOTEBOOK, {"study": study, **given}, read=False)
    solution = estimate(choice)
    spoken = choice.params.language
    if as_json:
        return fit_document(choice, solution, spoken).to_json()
    done = fitted.Fitted(
        solution,
        study=choice.study,
        data=matrix_of(solution.fit.moments) if is_large(choice.study) else choice.data,
        language=spoken,
        labels=labels(choice.study, spoken, choice.params.group),
        stamps=stamps(choice.study),
    )
    pieces = [done.outcome(), done.fit(), done.loadings()]
    if any(formula.op == "~" for formula in choice.syntax.formulas):
        pieces += [done.paths(), done.r2()]
    if choice.syntax.definitions:
        pieces.append(done.defined_effects())
    return terminal.document([*pieces, done.engines()])


def draft_model(codebook: Codebook) -> str:
    """A model of the codebook's constructs with several items each; empty without any."""
    factors = {c.name: c.items for c in codebook.constructs if len(c.items) > 1}
    if not factors:
        return ""
    lines = ["# en: Constructs of the codebook", "# zh: 编码手册中的构念", ""]
    for name, items in factors.items():
        lines.append(f"{print_name(name)} =~ {' + '.join(map(print_name, items))}")
    if len(factors) > 1:
        first, second = list(factors)[:2]
        lines += ["", f"# {print_name(second)} ~ {print_name(first)}"]
    return "\n".join(lines) + "\n"


def json_schema() -> str:
    """The JSON schema of ``loyalty fit --json``."""
    return json.dumps(FitDocument.model_json_schema(by_alias=True), indent=1, ensure_ascii=False)


def new(name: str, source: Path, *, root: Path, language: str) -> str:
    """Begin a study below ``data/raw``: a copy of the data, a drafted codebook and model.

    Raises
    ------
    InputError
        For a bad name, an existing study, or a file that cannot be read.
    """
    if not STUDY_NAME.fullmatch(name):
        raise InputError(message("run.bad_study_name", name=name))
    folder = root / "data" / "raw" / name
    if folder.exists():
        raise InputError(message("run.file_exists", path=shown(folder)))
    stored_as = f"answers{source.suffix.lower()}"
    draft = draft_codebook(source, name, stored_as=stored_as)
    with publish.workshop(folder.parent) as workshop:
        prepared = workshop / name
        (prepared / "models").mkdir(parents=True)
        (prepared / "codebook.toml").write_text(draft, encoding="utf-8", newline="\n")
        model = draft_model(load_codebook(prepared / "codebook.toml"))
        if model:
            (prepared / "models" / "core.lav").write_text(model, encoding="utf-8", newline="\n")
        shutil.copyfile(source, prepared / stored_as)
        publish.publish(prepared, folder)
    drafted = text("run.labels.drafted", language, path=shown(folder / "codebook.toml"))
    after = text("run.labels.next", language, folder=shown(folder), name=name)
    return f"{drafted}\n{after}"
