"""What ``loyalty batch``, ``rerun`` and ``prune`` do; they return text or call ``say``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.i18n import text
from analysis.report.rollup import render_rollup
from analysis.report.rollup_tables import write_sheets
from analysis.run import publish, terminal
from analysis.run.batch.drive import Options, run_batch
from analysis.run.batch.file import read_batch
from analysis.run.batch.manifest import Standing, batch_folder, standings, write_manifest
from analysis.run.batch.plan import BatchPlan, Entry, make_plan
from analysis.run.batch.prune import prune, superseded
from analysis.run.batch.rerun import rerun
from analysis.run.batch.rolled import rolled_up
from analysis.run.commands import write_index
from analysis.run.execute import Place
from analysis.run.jobs import shown

MOST_REASONS = 200

Say = Callable[[str], None]


def plan_batch(path: Path, place: Place, *, again: bool = False) -> BatchPlan:
    """Read and check a batch file, and decide what is to be done.

    Raises
    ------
    InputError
        With everything that is wrong, before anything runs.
    """
    return make_plan(read_batch(path), place, again=again)


def describe(plan: BatchPlan, language: str) -> str:
    """What the batch would do, run by run."""
    header = ("#", *(text(f"batch.labels.{k}", language) for k in ("run", "n", "state", "why")))
    rows = [header, *(_row(entry, language) for entry in plan.entries)]
    return "\n".join([*terminal.grid(rows, (True, False, True, False, False)), "",
                      summary(plan, language)])  # fmt: skip


def _row(entry: Entry, language: str) -> tuple[str, ...]:
    n = "" if entry.n is None else str(entry.n)
    why = entry.reason.parts(language)[0] if entry.reason else ""
    state = text(f"batch.labels.states.{entry.state}", language)
    return str(entry.number), entry.words, n, state, why


def summary(plan: BatchPlan, language: str) -> str:
    """How many runs are in which state."""
    counts = Counter(entry.state for entry in plan.entries)
    return text("batch.labels.plan", language, total=len(plan.entries), run=counts["run"],
                cached=counts["cached"], refused=counts["refused"])  # fmt: skip


def carry_out(plan: BatchPlan, options: Options, say: Say) -> bool:
    """Run the batch, write manifest, roll-up and index; True when no run failed."""
    language = options.language
    say(summary(plan, language))
    try:
        run_batch(plan, options, say)
    finally:
        standing = standings(plan)
        write_manifest(plan, standing)
        write_rollup(plan, standing, language)
    write_index(plan.place.reports, language)
    say(_ending(standing, language))
    say(text("batch.labels.page", language, path=shown(batch_folder(plan) / "index.html")))
    return not any(one.status in ("failed", "left") for one in standing)


def write_rollup(plan: BatchPlan, standing: Sequence[Standing], language: str) -> Path:
    """Write the page over all runs, and its tables, beside the manifest."""
    folder = batch_folder(plan)
    rollup = rolled_up(plan, standing, language)
    with publish.workshop(folder.parent) as workshop:
        names = write_sheets(workshop, rollup)
        for name in names:
            publish.replace(workshop / name, folder / name)
    page = folder / "index.html"
    publish.write_text(page, render_rollup(rollup, language, downloads=names))
    return page


def _ending(standing: Sequence[Standing], language: str) -> str:
    counts = Counter(one.status for one in standing)
    return text("batch.labels.end", language, ok=counts["ok"], failed=counts["failed"],
                refused=counts["refused"], left=counts["left"])  # fmt: skip


def run_again(path: Path, root: Path, *, timeout: int | None, language: str, say: Say) -> bool:
    """Repeat a run and say whether its evidence is the same, else what differs."""
    found = rerun(path, root, timeout=timeout)
    if found.inputs:
        say(text("batch.labels.inputs_differ", language, what=", ".join(found.inputs)))
    if found.after.failure is not None:
        say(text("batch.labels.rerun_failed", language, why=found.after.failure.text))
    elif found.same:
        fields = {"run": found.before["run"], "digest": found.after.evidence_digest[:12]}
        say(text("batch.labels.same", language, n=len(found.after.evidence), **fields))
    else:
        say(text("batch.labels.differs", language, n=len(found.evidence)))
        for name, lines in found.evidence.items():
            say("\n".join([f"--- {name}", *lines[2:]]))
    return found.same


def remove_superseded(reports: Path, *, dry: bool, language: str) -> str:
    """Remove runs that later ones have replaced, or name them."""
    folders = superseded(reports) if dry else prune(reports)
    if not dry and folders:
        write_index(reports, language)
    key = "would_prune" if dry else "pruned"
    return "\n".join([*map(shown, folders), text(f"batch.labels.{key}", language, n=len(folders))])
