"""One run: notebook in, a complete folder with report, record and evidence out."""

from __future__ import annotations

import copy
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from analysis.errors import Message, message
from analysis.report import from_payload
from analysis.run import kernel, notebook, publish
from analysis.run.notebook import Notebook
from analysis.run.record import (
    Failure,
    RunRecord,
    failure_message,
    folder_digest,
    git_state,
    run_key,
    run_name,
    source_digest,
    study_digests,
    versions,
)
from analysis.run.stub import skip_rfc3987
from analysis.run.warm import server

START_TIMEOUT = 180
FAILED_SUFFIX = "-failed"
LOG = "run.log"

Render = Callable[..., str]


@dataclass(frozen=True)
class Job:
    """What to run: a notebook (already in the reader's language) with checked parameters.

    ``folder`` and ``model_file`` are what ``digests`` were taken from, if they are to be compared
    again after the run; ``pinned`` compares the package's source too.
    """

    notebook: str
    template: Notebook
    parameters: Mapping[str, str | int | float | bool]
    study: str
    model: str
    language: str
    digests: Mapping[str, str]
    study_title: str = ""
    simulated: bool = False
    folder: Path | None = None
    model_file: Path | None = None
    pinned: bool = False


@dataclass(frozen=True)
class Place:
    """Where runs happen: the project's root and the folder of the reports."""

    root: Path
    reports: Path


@dataclass(frozen=True)
class Execution:
    """A notebook after its run; ``failure`` is None when it ran to its end."""

    notebook: Notebook
    failure: Failure | None
    seconds: Mapping[str, float] = field(default_factory=dict)
    kernel: str = ""


def run(
    job: Job,
    *,
    place: Place,
    render: Render,
    timeout: int | None = None,
    progress: bool = False,
    warm: bool = False,
    memory: int | None = None,
    attempt: int = 1,
) -> tuple[RunRecord, Path]:
    """Run a job and publish its folder; also after a failure, beside an earlier good one.

    ``render`` is ``analysis.report.render_report`` or one with its signature; ``timeout`` (in
    seconds) holds for each cell, ``memory`` (in bytes) for the kernel's own data; ``warm`` forks
    the kernel where that is safe. The folder ``<reports>/<study>/<run>/`` appears whole. A failed
    run goes to ``<run>-failed`` and leaves a good ``<run>`` alone; a good run removes
    ``<run>-failed``.
    """
    name, parent = name_of(job), place.reports / job.study
    started = datetime.now(UTC).isoformat(timespec="seconds")
    with publish.workshop(parent) as workshop, (workshop / LOG).open("wb") as log:
        done = execute(
            job, place=place, folder=workshop, timeout=timeout, progress=progress, warm=warm,
            memory=memory, log=log,
        )  # fmt: skip
        record = _record(job, done, name=name)
        record = replace(record, started=started, git=git_state(place.root), attempts=attempt)
        record = _publish(job, done, record, place=place, workshop=workshop, render=render)
    return record, folder_of(job, place, failed=done.failure is not None)


def fail(
    job: Job, failure: Failure, *, place: Place, render: Render, attempt: int = 1
) -> RunRecord:
    """Publish the folder of a run that somebody else began and lost."""
    parent = place.reports / job.study
    with publish.workshop(parent) as workshop:
        (workshop / LOG).write_text(failure.text + "\n", encoding="utf-8")
        done = Execution(job.template, failure)
        record = replace(_record(job, done, name=name_of(job)), attempts=attempt)
        record = replace(record, git=git_state(place.root))
        return _publish(job, done, record, place=place, workshop=workshop, render=render)


def name_of(job: Job) -> str:
    """The name of the job's run."""
    return run_name(job.notebook, job.model, job.parameters, key_of(job))


def key_of(job: Job) -> str:
    """The digest of everything the job's evidence depends on."""
    return run_key(job.parameters, job.digests)


def folder_of(job: Job, place: Place, *, failed: bool = False) -> Path:
    """Where the job's run is published."""
    return place.reports / job.study / (name_of(job) + (FAILED_SUFFIX if failed else ""))


def _publish(
    job: Job, done: Execution, record: RunRecord, *, place: Place, workshop: Path, render: Render
) -> RunRecord:
    prepared = workshop / "run"
    record = _write(prepared, job, done, record, render=render, root=place.root)
    with publish.locked(place.reports / ".lock"):
        publish.publish(prepared, folder_of(job, place, failed=done.failure is not None))
        if not done.failure:
            shutil.rmtree(folder_of(job, place, failed=True), ignore_errors=True)
    return record


def execute(
    job: Job,
    *,
    place: Place,
    folder: Path,
    timeout: int | None = None,
    progress: bool = False,
    warm: bool = False,
    memory: int | None = None,
    log: IO[bytes] | None = None,
) -> Execution:
    """Run the notebook; every way of failing comes back as a ``Failure``.

    ``folder`` is where papermill may write; ``log`` receives what the kernel's process writes.
    """
    skip_rfc3987()
    import papermill
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    began = time.monotonic()
    failed: tuple[str, str, str] | None = None
    kept: list[Notebook] = []
    facts: dict[str, Any] = {}
    # A short path: sockets lie in it.
    with publish.workshop(Path(tempfile.gettempdir())) as private:
        env = kernel.environment(root=place.root, folder=private)
        try:
            papermill.execute_notebook(
                copy.deepcopy(job.template),
                None,
                parameters=dict(job.parameters),
                engine_name="warm",
                kernel_name=NATIVE_KERNEL_NAME,
                language="python",
                keep=kept,
                kernel_manager_class=kernel.manager_class(
                    folder=private,
                    env=env,
                    server=server() if warm else None,
                    log=log,
                    memory=memory,
                    facts=facts,
                ),
                progress_bar={"desc": job.notebook, "leave": False} if progress else False,
                resources={"metadata": {"path": str(place.root)}},
                start_timeout=START_TIMEOUT,
                execution_timeout=timeout,
                shutdown_kernel="immediate",
            )
        except papermill.PapermillExecutionError as error:
            failed = ("error", error.ename, error.evalue)
        except CellTimeoutError:
            failed = ("timeout", "", message("run.timed_out", seconds=timeout).text(job.language))
        except (DeadKernelError, RuntimeError) as error:
            failed = ("dead", type(error).__name__, _death(facts).text(job.language))
    executed = notebook.without_markers(kept[0] if kept else job.template)
    failed = failed or _moved(job, place, facts)
    failure = _failure(executed, failed, job.language, place.root)
    seconds = {"execute": round(time.monotonic() - began, 3), **notebook.seconds(executed)}
    seconds |= {name: facts[name] for name in ("cpu",) if name in facts}
    return Execution(executed, failure, seconds, kernel=facts.get("kernel", ""))


def _death(facts: Mapping[str, Any]) -> Message:
    code = facts.get("exit")
    if isinstance(code, int) and code < 0:
        known = {s.value: s.name for s in signal.Signals}
        return message("batch.kernel_killed", signal=known.get(-code, str(-code)))
    return message("run.kernel_died")


def _moved(job: Job, place: Place, facts: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Whether data, model or source are no longer what the run's key says."""
    now: dict[str, str] = {}
    if job.folder is not None:
        now = study_digests(job.folder, job.model_file)
    if facts.get("kernel") == "ordinary" and job.pinned:
        now["package"] = source_digest()
    changed = [name for name, digest in now.items() if job.digests.get(name, digest) != digest]
    if not changed:
        return None
    words = message("batch.changed_meanwhile", what=", ".join(changed)).text(job.language)
    return "changed", "", words


def _failure(
    executed: Notebook, failed: tuple[str, str, str] | None, language: str, root: Path
) -> Failure | None:
    found = notebook.problems(executed)
    if failed is None and not found:
        return None
    if failed is None:
        problems = ", ".join(found)
        failed = ("incomplete", "", message("run.incomplete", problems=problems).text(language))
    cell = notebook.failing_cell(executed)
    step = "" if cell is None else notebook.step(executed, cell)
    kind, name, words = failed
    words = notebook.without_paths(words, root)
    return Failure(kind=kind, step=step, name=name, text=words, cell=cell)


def _record(job: Job, done: Execution, *, name: str) -> RunRecord:
    left = notebook.record(done.notebook) or {}
    return RunRecord(
        run=name,
        key=key_of(job),
        status="failed" if done.failure else "ok",
        outcome=str(left.get("outcome", "")),
        study=job.study,
        notebook=job.notebook,
        model=job.model,
        language=job.language,
        title=notebook.title(done.notebook) or job.notebook,
        study_title=job.study_title,
        simulated=job.simulated,
        parameters=dict(job.parameters),
        digests=dict(job.digests),
        versions=versions(),
        seconds=done.seconds,
        failure=done.failure,
        kernel=done.kernel,
        measures=dict(left.get("measures", {})),
        n=left.get("n"),
        estimator=str(left.get("estimator", "")),
        verdict=str(left.get("verdict", "none")),
    )


def _write(
    folder: Path, job: Job, done: Execution, record: RunRecord, *, render: Render, root: Path
) -> RunRecord:
    """Fill the run's folder."""
    began = time.monotonic()
    folder.mkdir()
    _write_log(folder / LOG, folder.parent / LOG, done, record, root)
    clean = notebook.stripped(done.notebook, root=root)
    notebook.write(clean, folder / "executed.ipynb")
    names = write_evidence(folder / "evidence", done.notebook)
    failed = done.failure.cell if done.failure else None
    shown = notebook.report_input(clean, failed=failed)
    html = render(shown, language=job.language, title=record.title, meta=report_meta(record))
    (folder / "report.html").write_text(html, encoding="utf-8")
    seconds = {**record.seconds, "report": round(time.monotonic() - began, 3)}
    digest = folder_digest(folder / "evidence")
    record = replace(record, evidence=names, evidence_digest=digest, seconds=seconds)
    (folder / "run.json").write_text(record.to_json(), encoding="utf-8")
    return record


def _write_log(path: Path, captured: Path, done: Execution, record: RunRecord, root: Path) -> None:
    """The run's log: how each cell went, what the kernel's process wrote, the failure."""
    said = captured.read_text("utf-8", errors="backslashreplace") if captured.exists() else ""
    lines = [f"{record.started} {record.run} attempt {record.attempts}, {done.kernel} kernel"]
    lines += notebook.log_lines(done.notebook)
    lines += [notebook.without_paths(line, root) for line in said.splitlines()]
    if done.failure is not None:
        lines.append(f"{done.failure.kind}: {failure_message(done.failure)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report_meta(record: RunRecord) -> dict[str, Any]:
    """What a report says about its run; nothing that changes when the run is repeated."""
    failure = record.failure
    return {
        "run": record.run,
        "key": record.key,
        "status": record.status,
        "outcome": record.outcome,
        "study": record.study,
        "study_title": record.study_title,
        "simulated": record.simulated,
        "notebook": record.notebook,
        "model": record.model,
        "parameters": dict(record.parameters),
        "digests": dict(record.digests),
        "versions": dict(record.versions),
        "failure": None if failure is None else asdict(failure),
    }


def write_evidence(folder: Path, executed: Notebook) -> tuple[str, ...]:
    """Write each piece as JSON, its table as CSV and its figure as SVG; return their names."""
    folder.mkdir()
    names: list[str] = []
    for number, payload in enumerate(notebook.payloads(executed, notebook.EVIDENCE_MIME), start=1):
        piece = from_payload(payload)
        name = f"{number:02d}-{piece.id}"
        (folder / f"{name}.json").write_text(publish.as_json(payload), encoding="utf-8", newline="")
        if piece.table is not None:
            (folder / f"{name}.csv").write_text(piece.to_csv(), encoding="utf-8", newline="")
        if piece.figure is not None:
            (folder / f"{name}.svg").write_text(piece.to_svg(), encoding="utf-8", newline="")
        names.append(name)
    return tuple(names)
