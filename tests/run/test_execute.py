"""Runs: whole folders, strict success, every way of failing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.run import notebook
from analysis.run.execute import Place, run

HERE = Path(__file__).parent


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_one_complete_folder(job: Any, place: Place, render: Any) -> None:
    record, target = run(job(), place=place, render=render)
    assert record.status == "ok"
    assert record.outcome == "converged"
    assert sorted(files(target)) == [
        "evidence/01-answer.json",
        "executed.ipynb",
        "report.html",
        "run.json",
        "run.log",
    ]
    assert json.loads((target / "evidence/01-answer.json").read_text())["title"] == "Answer b"
    stored = json.loads((target / "run.json").read_text())
    assert stored["parameters"] == {"name": "b"}
    assert stored["measures"] == {"cfi": 0.9}
    assert sorted(p.name for p in target.parent.iterdir()) == [target.name]


def test_a_second_run_gives_the_same_bytes(job: Any, place: Place, render: Any) -> None:
    _, target = run(job(), place=place, render=render)
    first = files(target)
    _, again = run(job(), place=place, render=render)
    second = files(again)
    assert again == target
    assert {n for n in first if first[n] != second[n]} <= {"run.json", "run.log"}


def test_the_kernel_is_this_python_whatever_kernelspecs_say(
    job: Any, place: Place, render: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "home/jupyter/kernels/python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/bin/false"], "display_name": "other", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "home/jupyter"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cell = "import os, sys; print(sys.executable == name, os.environ['OPENBLAS_NUM_THREADS'])"
    work = job(cell, parameters={"name": sys.executable})
    record, target = run(work, place=place, render=render)
    assert record.status == "ok"
    assert "True 1" in (target / "executed.ipynb").read_text()


def test_an_error_still_gives_a_report_and_spares_the_good_run(
    job: Any, place: Place, render: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = "import os\nif os.environ.get('BREAK'): raise ValueError('no luck')"
    _, good = run(job(cell), place=place, render=render)
    before = files(good)
    monkeypatch.setenv("BREAK", "1")
    record, target = run(job(cell), place=place, render=render)
    assert record.failure is not None
    assert (record.failure.kind, record.failure.step) == ("error", "Second step")
    assert "no luck" in (target / "report.html").read_text()
    assert (target / "evidence/01-answer.json").exists()
    assert target != good
    assert files(good) == before
    monkeypatch.delenv("BREAK")
    run(job(cell), place=place, render=render)
    assert not target.exists()


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "dead"),
        ("import sys; sys.exit(0)", "incomplete"),
        ("import time; time.sleep(60)", "timeout"),
    ],
)
def test_no_false_success(job: Any, place: Place, render: Any, cell: str, kind: str) -> None:
    record, target = run(job(cell), place=place, render=render, timeout=5)
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.kind == kind
    assert record.failure.step == "Second step"
    assert json.loads((target / "run.json").read_text())["status"] == "failed"


def test_tracebacks_hold_no_paths_of_this_machine(job: Any, place: Place, render: Any) -> None:
    cell = "import json; json.loads(open(__import__('os').getcwd() + '/none').read())"
    _, target = run(job(cell), place=place, render=render)
    for name, content in files(target).items():
        assert str(place.root).encode() not in content, name
        assert str(Path.home()).encode() + b"/" not in content, name
        assert sys.prefix.encode() not in content, name


SCRIPT = '''
import signal, sys
sys.path[:0] = [{tests!r}]
from conftest import tiny
from pathlib import Path
from analysis.run.execute import Job, Place, run
root = Path({root!r})
cell = """
import os, time
open(f"started-{{os.getpid()}}", "w").close()
time.sleep(100)
"""
job = Job(notebook="05_tiny", template=tiny(cell), parameters={{"name": "b"}}, study="demo",
          model="core", language="en", digests={{"data": "0"}})
try:
    run(job, place=Place(root=root, reports=root / "reports"), render=lambda *a, **k: "")
except KeyboardInterrupt:
    sys.exit(130)
'''


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_leaves_nothing_half_done(
    job: Any, place: Place, render: Any, blow: signal.Signals
) -> None:
    script = textwrap.dedent(SCRIPT.format(tests=str(HERE), root=str(place.root)))
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (marks := list(place.root.glob("started-*"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child = int(marks[0].name.partition("-")[2])
    time.sleep(0.2)
    process.send_signal(blow)
    assert process.wait(30) == (130 if blow == signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 15
    while alive(child):
        assert time.monotonic() < deadline, "the kernel outlived its run"
        time.sleep(0.1)
    assert not [p for p in place.reports.glob("demo/*") if not p.name.startswith(".")]
    _, target = run(job(), place=place, render=render)
    assert [p.name for p in target.parent.iterdir()] == [target.name]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return state != "Z"


def test_problems_of_a_notebook_that_never_ran(job: Any) -> None:
    assert notebook.problems(job().template)[0] == "no end time"
