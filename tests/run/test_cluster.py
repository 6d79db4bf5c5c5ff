"""The same runs on a Dask cluster: same bytes, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from run.stub_batch import make_plan, run_stub

from analysis.errors import InputError
from analysis.run import warm
from analysis.run.batch.drive import Options
from analysis.run.batch.manifest import standings, write_manifest
from analysis.run.batch.plan import BatchPlan

distributed = pytest.importorskip("distributed", reason="Dask is optional")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
NAMES = [f"slow-{n}" for n in range(8)]


def evidence(plan: BatchPlan) -> dict[str, bytes]:
    reports = plan.place.reports
    write_manifest(plan, standings(plan))
    names = ("run.json", "run.log", ".lock")
    return {
        str(p.relative_to(reports)): p.read_bytes()
        for p in reports.rglob("*")
        if p.is_file() and p.name not in names
    }


def kill_one(cluster: Any, root: Path) -> None:
    """Kill a worker process once runs have begun."""
    deadline = time.monotonic() + 60
    while not (root / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    nanny = next(iter(cluster.workers.values()))
    os.kill(nanny.process.process.pid, signal.SIGKILL)


def test_a_cluster_gives_the_same_bytes_and_survives_a_lost_worker(
    forking: warm.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = Path(__file__).parents[1]
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")])
    )
    local, remote = tmp_path / "local", tmp_path / "remote"
    local.mkdir()
    remote.mkdir()
    run_stub(NAMES, local, Options(jobs=2))
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, dashboard_address=""
    ) as cluster:
        killer = threading.Thread(target=kill_one, args=(cluster, remote))
        killer.start()
        found = run_stub(NAMES, remote, Options(cluster=cluster.scheduler_address, timeout=60))
        killer.join()
    assert sorted(found) == NAMES
    assert [result.failure for result in found.values()] == [None] * len(NAMES)
    assert all(result.kernel == "forked" for result in found.values())
    one, other = (evidence(make_plan(NAMES, root)) for root in (local, remote))
    assert one == other
    assert len((remote / "begun").read_text().split()) >= len(NAMES)


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.run.batch.cluster.CONNECT_SECONDS", 1)
        with pytest.raises(InputError, match=r"127\.0\.0\.1:9"):
            run_stub(["ok-1"], tmp_path, Options(cluster="tcp://127.0.0.1:9"))
