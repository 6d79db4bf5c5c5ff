"""A batch of tiny runs whose names say how they go wrong; also run as a program, to be killed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from run.conftest import tiny

from analysis.run.batch.drive import Options, run_batch
from analysis.run.batch.file import BatchFile
from analysis.run.batch.perform import Result
from analysis.run.batch.plan import BatchPlan, Entry
from analysis.run.execute import Job, Place, folder_of, key_of
from analysis.run.record import finished, package_digest

FAULTS = """
import os, signal, sys, time
what, _, rest = name.partition("-")
if os.path.exists("healed"):
    what = "ok"
with open("begun", "a") as file:
    file.write(name + chr(10))
if what == "error":
    raise ValueError("no luck")
elif what == "kill" or (what == "once" and not os.path.exists("seen-" + name)):
    open("seen-" + name, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "exit":
    sys.exit(0)
elif what == "sleep":
    time.sleep(60)
elif what == "memory":
    hoard = bytearray(3_000_000_000)
elif what == "worker":
    os.kill(int(os.environ["LOYALTY_WORKER"]), signal.SIGKILL)
elif what == "slow":
    time.sleep(0.4)
elif what == "large":
    print(os.urandom(3_000_000).hex())
"""
EXPECTED = {
    "error": "error",
    "kill": "dead",
    "exit": "incomplete",
    "sleep": "timeout",
    "memory": "error",
    "worker": "lost",
    "large": "disk",
}


def make_job(name: str) -> Job:
    return Job(
        notebook="05_tiny",
        template=tiny(FAULTS),
        parameters={"name": name},
        study="demo",
        model="core",
        language="en",
        digests={"data": "0", "package": package_digest()},
    )


def make_plan(names: Iterable[str], root: Path) -> BatchPlan:
    place = Place(root=root, reports=root / "reports")
    batch = BatchFile(root / "stub.toml", "0", {"en": "Stub"}, ("demo",), ("05_tiny",))
    entries = []
    for number, name in enumerate(names, start=1):
        job = make_job(name)
        entry = Entry(number, "05_tiny", "demo", {"model": name}, "run", job=job)
        if finished(folder_of(job, place), key_of(job)):
            entry = replace(entry, state="cached")
        entries.append(entry)
    return BatchPlan(batch, place, tuple(entries))


def run_stub(names: Iterable[str], root: Path, options: Options) -> dict[str, Result]:
    """Results by name of those that were to be done."""
    plan = make_plan(names, root)
    found = run_batch(plan, options, lambda line: print(line, file=sys.stderr))
    return {str(plan.entries[number - 1].values["model"]): r for number, r in found.items()}


if __name__ == "__main__":
    run_stub(sys.argv[2:], Path(sys.argv[1]), Options(jobs=2, timeout=5, memory=800_000_000))
