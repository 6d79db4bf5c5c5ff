"""One run: notebook in, a complete folder with report, record and evidence out."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.errors import message
from analysis.report import from_payload
from analysis.run import kernel, notebook, publish
from analysis.run.notebook import Notebook
from analysis.run.record import Failure, RunRecord, git_state, run_key, run_name, versions
from analysis.run.stub import skip_rfc3987

START_TIMEOUT = 180
FAILED_SUFFIX = "-failed"

Render = Callable[..., str]


@dataclass(frozen=True)
class Job:
    """What to run: a notebook (already in the reader's language) with checked parameters."""

    notebook: str
    template: Notebook
    parameters: Mapping[str, str | int | float | bool]
    study: str
    model: str
    language: str
    digests: Mapping[str, str]
    study_title: str = ""
    simulated: bool = False


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


def run(
    job: Job, *, place: Place, render: Render, timeout: int | None = None, progress: bool = False
) -> tuple[RunRecord, Path]:
    """Run a job and publish its folder; also after a failure, beside an earlier good one.

    ``render`` is ``analysis.report.render_report`` or one with its signature. The folder
    ``<reports>/<study>/<run>/`` appears whole. A failed run goes to ``<run>-failed`` and leaves
    a good ``<run>`` alone; a good run removes ``<run>-failed``.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    key = run_key(job.parameters, job.digests)
    name = run_name(job.notebook, job.model, job.parameters, key)
    parent = place.reports / job.study
    with publish.workshop(parent) as workshop:
        done = execute(job, place=place, folder=workshop, timeout=timeout, progress=progress)
        record = _record(job, done, name=name, key=key)
        record = replace(record, started=started, git=git_state(place.root))
        prepared = workshop / "run"
        record = _write(prepared, job, done, record, render=render, root=place.root)
        target = parent / (name + (FAILED_SUFFIX if done.failure else ""))
        with publish.locked(place.reports / ".lock"):
            publish.publish(prepared, target)
            if not done.failure:
                shutil.rmtree(parent / (name + FAILED_SUFFIX), ignore_errors=True)
    return record, target


def execute(
    job: Job, *, place: Place, folder: Path, timeout: int | None = None, progress: bool = False
) -> Execution:
    """Run the notebook in ``folder``; every way of failing comes back as a ``Failure``."""
    skip_rfc3987()
    import papermill
    from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    source, result = folder / "template.ipynb", folder / "executed.ipynb"
    notebook.write(job.template, source)
    began = time.monotonic()
    failed: tuple[str, str, str] | None = None
    with _private_folder() as private:
        env = kernel.environment(root=place.root, folder=private)
        try:
            papermill.execute_notebook(
                _literal(source),
                _literal(result),
                parameters=dict(job.parameters),
                kernel_name=NATIVE_KERNEL_NAME,
                language="python",
                kernel_manager_class=kernel.manager_class(folder=private, env=env),
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
            failed = ("dead", type(error).__name__, message("run.kernel_died").text(job.language))
    seconds = {"execute": round(time.monotonic() - began, 3)}
    executed = notebook.without_markers(notebook.read(result if result.exists() else source))
    return Execution(executed, _failure(executed, failed, job.language, place.root), seconds)


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


def _record(job: Job, done: Execution, *, name: str, key: str) -> RunRecord:
    left = notebook.record(done.notebook) or {}
    return RunRecord(
        run=name,
        key=key,
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
    clean = notebook.stripped(done.notebook, root=root)
    notebook.write(clean, folder / "executed.ipynb")
    names = write_evidence(folder / "evidence", done.notebook)
    failed = done.failure.cell if done.failure else None
    shown = notebook.report_input(clean, failed=failed)
    html = render(shown, language=job.language, title=record.title, meta=report_meta(record))
    (folder / "report.html").write_text(html, encoding="utf-8")
    seconds = {**record.seconds, "report": round(time.monotonic() - began, 3)}
    record = replace(record, evidence=names, seconds=seconds)
    (folder / "run.json").write_text(record.to_json(), encoding="utf-8")
    return record


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
        publish.write_json(folder / f"{name}.json", payload)
        if piece.table is not None:
            (folder / f"{name}.csv").write_text(piece.to_csv(), encoding="utf-8", newline="")
        if piece.figure is not None:
            (folder / f"{name}.svg").write_text(piece.to_svg(), encoding="utf-8", newline="")
        names.append(name)
    return tuple(names)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder with a short path for a kernel's sockets and profile."""
    folder = Path(tempfile.mkdtemp(prefix="loyalty-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _literal(path: Path) -> str:
    """``path`` for papermill, which fills in ``{}`` slots."""
    return str(path).replace("{", "{{").replace("}", "}}")
