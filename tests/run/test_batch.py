"""Batches under faults: nothing lost, nothing done twice, nothing half made."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from run.stub_batch import EXPECTED, make_plan, run_stub

from analysis.run import warm
from analysis.run.batch.drive import Options
from analysis.run.batch.manifest import manifest, standings, write_manifest
from analysis.run.batch.pool import WorkerPool
from analysis.run.batch.resources import available_memory, default_jobs, processors
from analysis.run.execute import folder_of
from analysis.run.record import finished

HERE = Path(__file__).parent
QUICK = Options(jobs=2, timeout=2, memory=1_200_000_000, retries=1)


def start(names: list[str], root: Path) -> subprocess.Popen[bytes]:
    """The batch as a program of its own."""
    command = [sys.executable, str(HERE / "stub_batch.py"), str(root), *names]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])}
    return subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)


def visible(root: Path) -> set[str]:
    """What lies in the folder of the reports, claims, locks and workshops included."""
    reports = root / "reports"
    found = {p.name for p in reports.iterdir()} - {"demo", ".lock", "batches"}
    return found | {p.name for p in (reports / "demo").iterdir()}


def begun(root: Path) -> Counter[str]:
    path = root / "begun"
    return Counter(path.read_text().split()) if path.exists() else Counter()


def check_whole(names: list[str], root: Path) -> int:
    """Every folder that can be seen is complete; how many are."""
    plan = make_plan(names, root)
    expected = {folder_of(e.job, plan.place).name: e for e in plan.entries if e.job is not None}
    reports = plan.place.reports / "demo"
    seen = [p for p in reports.iterdir() if not p.name.startswith(".")] if reports.exists() else []
    for folder in seen:
        assert finished(folder, expected[folder.name].key), folder.name
    return len(seen)


def check_faults(names: list[str], root: Path, options: Options) -> None:
    """Run what is left, look at each end; heal, run again; look at what was done."""
    left = [str(e.values["model"]) for e in make_plan(names, root).of("run")]
    earlier = begun(root)
    found = run_stub(names, root, options)
    assert sorted(found) == sorted(left)
    for name, result in found.items():
        kind = EXPECTED.get(name.partition("-")[0], "")
        assert (result.failure.kind if result.failure else "") == kind, name
        assert result.failure is None or result.failure.text or result.failure.name
        crashes = name.partition("-")[0] in ("kill", "once", "worker")
        assert result.attempts == (2 if crashes else 1) or name in earlier
    plan = make_plan(names, root)
    bad = {e.run + "-failed" for e in plan.of("run")}
    assert visible(root) == {e.run for e in plan.of("cached")} | bad
    counts = manifest(plan, standings(plan))["counts"]
    assert counts == {"ok": len(names) - len(bad), "failed": len(bad), "refused": 0, "left": 0}
    (root / "healed").touch()
    before = begun(root)
    again = run_stub(names, root, options)
    assert sorted(again) == sorted(n for n in names if n.partition("-")[0] in EXPECTED)
    assert begun(root) - before == Counter(list(again))
    assert visible(root) == {e.run for e in plan.entries}
    assert check_whole(names, root) == len(names)
    assert run_stub(names, root, options) == {}


def test_every_fault_stays_with_its_run(forking: warm.Server, tmp_path: Path) -> None:
    kinds = [kind for kind in EXPECTED if kind != "large"]
    check_faults([*kinds, "once-1", *(f"ok-{n}" for n in range(4))], tmp_path, QUICK)


@pytest.mark.slow
def test_500_runs_with_faults(forking: warm.Server, tmp_path: Path) -> None:
    kinds = [kind for kind in EXPECTED if kind != "large"]
    names = [f"{kind}-{n}" for n in range(7) for kind in (*kinds, "once")]
    names += [f"ok-{n}" for n in range(500 - len(names))]
    random.Random(1).shuffle(names)
    both = [start(names, tmp_path) for _ in range(2)]
    while sum(begun(tmp_path).values()) < 100:
        time.sleep(0.1)
    for process in both:
        process.kill()
        process.wait()
    check_faults(names, tmp_path, Options(jobs=4, timeout=5, memory=1_200_000_000))


def test_a_batch_that_is_killed_goes_on_where_it_stopped(
    forking: warm.Server, tmp_path: Path
) -> None:
    names = [f"slow-{n}" for n in range(6)]
    times = random.Random(2)
    done, rounds = 0, 0
    while done < len(names):
        before = sum(begun(tmp_path).values())
        process = start(names, tmp_path)
        while process.poll() is None and sum(begun(tmp_path).values()) < before + 3:
            time.sleep(0.02)
        time.sleep(times.random() * 0.6)
        process.send_signal(signal.SIGINT if rounds == 1 else signal.SIGKILL)
        process.wait(60)
        now = check_whole(names, tmp_path)
        assert now >= done
        done, rounds = now, rounds + 1
        assert rounds < 20
    assert rounds > 1
    assert max(begun(tmp_path).values()) <= rounds
    run_stub([*names, "ok-1"], tmp_path, QUICK)
    assert visible(tmp_path) == {e.run for e in make_plan([*names, "ok-1"], tmp_path).entries}


def test_two_batches_on_one_folder_share_the_work(forking: warm.Server, tmp_path: Path) -> None:
    names = [f"slow-{n}" for n in range(4)]
    both = [start(names, tmp_path) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert begun(tmp_path) == Counter(names)
    assert check_whole(names, tmp_path) == len(names)
    assert visible(tmp_path) == {e.run for e in make_plan(names, tmp_path).entries}


FULL = """
mount -t tmpfs -o size=4m tmpfs "$1/reports"
"$2" "$3" "$1" ok-1 large-1 ok-2
ls -A "$1/reports/demo" > "$1/first"
mount -o remount,size=90m "$1/reports"
"$2" "$3" "$1" ok-1 large-1 ok-2
ls -A "$1/reports/demo" > "$1/second"
"""


def test_a_full_disk_stops_nobody_else(forking: warm.Server, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    enter = ["unshare", "--mount", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*enter, "true"], check=False).returncode:
        pytest.skip("a small disk needs unshare")
    script = [sys.executable, str(HERE / "stub_batch.py")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])}
    # The kernels and workers must see the small disk too: no server from outside.
    env[warm.VARIABLE] = "off"
    done = subprocess.run(
        [*enter, "sh", "-c", FULL, "sh", str(tmp_path), *script],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "large-1: not written" in done.stderr
    first, second = ((tmp_path / name).read_text().split() for name in ("first", "second"))
    assert Counter(name.endswith("-failed") for name in first) == {False: 2, True: 1}
    assert Counter(name.endswith("-failed") for name in second) == {False: 3}


def test_local_parallel_and_ordinary_runs_give_the_same_bytes(
    forking: warm.Server, tmp_path: Path
) -> None:
    names = [f"ok-{n}" for n in range(3)]
    found = []
    for number, options in enumerate(
        (Options(jobs=1), Options(jobs=3), Options(jobs=2, warm=False))
    ):
        root = tmp_path / str(number)
        root.mkdir()
        run_stub(names, root, options)
        plan = make_plan(names, root)
        write_manifest(plan, standings(plan))
        found.append(
            {
                str(p.relative_to(root)): p.read_bytes()
                for p in (root / "reports").rglob("*")
                if p.is_file() and p.name not in ("run.json", "run.log", ".lock")
            }
        )
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 3 * 3 + 1


def test_the_manifest_names_no_place_and_no_time(forking: warm.Server, tmp_path: Path) -> None:
    run_stub(["ok-1", "error-1"], tmp_path, QUICK)
    plan = make_plan(["ok-1", "error-1", "ok-2"], tmp_path)
    path = write_manifest(plan, standings(plan))
    said = json.loads(path.read_text())
    assert [run["status"] for run in said["runs"]] == ["ok", "failed", "left"]
    assert "no luck" in said["runs"][1]["reason"]
    assert len(said["runs"][0]["evidence"]) == 64
    assert str(tmp_path) not in path.read_text()
    assert "20" + time.strftime("%y-%m-%d") not in path.read_text()


def test_the_pool_is_an_executor(forking: warm.Server) -> None:
    assert isinstance(forking, warm.OwnServer)
    with WorkerPool(2, forking) as pool:
        assert list(pool.map(abs, [-1, -2, -3])) == [1, 2, 3]
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result(20)
        assert pool.submit(os.getppid).result(20) == forking.process.pid
        with pytest.raises(Exception):  # noqa: B017  what cannot be pickled says so
            pool.submit(eval, "lambda: 1").result(20)


def test_workers_fit_processors_and_memory(tmp_path: Path) -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert processors(tmp_path) == 1
    (tmp_path / "memory.max").write_text(str(2**30))
    (tmp_path / "memory.current").write_text(str(2**29))
    assert available_memory(tmp_path) == 2**29
    (tmp_path / "memory.max").write_text("max")
    assert available_memory(tmp_path) > 2**29
