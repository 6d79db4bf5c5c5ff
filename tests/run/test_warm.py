"""Forked kernels: clean, equal to ordinary ones, never where it is unsafe, never left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from queue import Empty
from types import SimpleNamespace
from typing import Any

import nbformat
import papermill
import pytest
import zmq

from analysis.run import forkserver, warm
from analysis.run.batch.pool import WorkerProcess
from analysis.run.client import quick_client_class
from analysis.run.execute import Place, run
from analysis.run.preload import outermost
from analysis.run.record import package_digest

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.gcf().set_size_inches(2, 2)"
CELLS = (
    "import numpy as np, pandas as pd; pd.DataFrame({'品': list('甲乙丙')})",
    "import os, sys; print(sys.path[0], os.getcwd() != '/', __name__)",
    "from analysis.sem import Moments, sem\nfrom analysis.sem.resampling import refit\n"
    "S = 0.5 + 0.5 * np.eye(4)\n"
    "m = Moments.from_published(names=list('abcd'), n=100, covariances=S)\n"
    "print(refit(sem('f =~ a + b + c + d', m).fit, np.stack([S, S * 1.01])).theta)",
    PLOT,
    "import concurrent.futures as f, math\nlist(list(f.ThreadPoolExecutor(2).map(math.sqrt, [4])))",
    "import multiprocessing as mp\n"
    "with mp.get_context('spawn').Pool(1) as pool: print(pool.map(math.sqrt, [9]))",
)


def outputs(folder: Path, engine: str | None, *cells: str) -> list[Any]:
    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_code_cell(source) for source in cells])
    done = papermill.execute_notebook(
        book, None, engine_name=engine, kernel_name="python3", progress_bar=False, cwd=str(folder)
    )
    return [cell.outputs for cell in done.cells]


def ask(server: warm.Server, code: str) -> Any:
    """The value of an expression in a fresh child."""
    worker = WorkerProcess(server)
    try:
        return worker.call(eval, (code,))
    finally:
        worker.kill()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def test_outputs_equal_those_of_ordinary_kernels_figures_included(
    forking: warm.Server, tmp_path: Path
) -> None:
    warmed, ordinary = (outputs(tmp_path, engine, *CELLS) for engine in ("warm", None))
    assert warmed == ordinary
    assert sum("image/png" in out.get("data", {}) for cell in warmed for out in cell) == 1


def test_each_child_is_a_clean_process(fork_server: warm.Server) -> None:
    ask(fork_server, "setattr(__import__('json'), 'left_by_an_earlier_run', 1)")
    assert ask(fork_server, "hasattr(__import__('json'), 'left_by_an_earlier_run')") is False
    drawn = {ask(fork_server, "__import__('numpy').random.rand()") for _ in range(3)}
    drawn |= {ask(fork_server, "__import__('random').random()") for _ in range(3)}
    assert len(drawn) == 6


def test_the_server_has_one_thread_also_where_pyarrow_is_installed(
    fork_server: warm.Server,
) -> None:
    assert ask(fork_server, "'pandas' in __import__('sys').modules")
    if find_spec("pyarrow") is None:
        return
    with pytest.raises(warm.RefusedError, match="2 threads"):
        warm.OwnServer(env={"JE_ARROW_MALLOC_CONF": "background_thread:true"})


def test_answers_are_read_once_for_all_children(
    fork_server: warm.Server, root: Path, tmp_path: Path
) -> None:
    fork_server.read([root / "data" / "raw" / "spanish_bank", tmp_path / "nothing"])
    fork_server.read([root / "data" / "raw" / "omnichannel"])
    kept = ask(fork_server, "[p.name for p in __import__('analysis').data.study._kept]")
    assert kept == ["omnichannel"]
    threads = ask(fork_server, "__import__('analysis').run.forkserver.running_threads()")
    assert threads == 2  # its own and the one that listens to us
    status = ask(fork_server, "open('/proc/self/status').read()")
    data = next(line for line in status.splitlines() if line.startswith("VmData"))
    assert int(data.split()[1]) < 700_000  # of the memory that a run may be limited to


def test_a_kernel_that_others_call_is_not_loaded_by_itself() -> None:
    source = "def inner(x): return x\ndef outer(x): return inner(x)"
    names: dict[str, Any] = {}
    exec(source, names)
    inner, outer = (SimpleNamespace(py_func=names[name]) for name in ("inner", "outer"))
    names["inner"] = inner
    assert outermost([inner, outer]) == [outer]


def test_a_lost_first_answer_costs_no_pause() -> None:
    said = [Empty(), {"content": {"execution_state": "idle"}, "parent_header": {"msg_id": "1"}}]

    class Channel:
        async def get_msg(self, timeout: float) -> Any:
            assert timeout <= 1
            found = said.pop(0) if timeout < 1 else "reply"
            if isinstance(found, Empty):
                raise found
            return found

    async def alive() -> bool:
        return True

    asked, ready = iter("123"), list[str]()
    client = SimpleNamespace(
        kernel_info=lambda: next(asked),
        shell_channel=Channel(),
        iopub_channel=Channel(),
        parent=SimpleNamespace(is_alive=alive),
        _handle_kernel_info_reply=ready.append,
    )
    asyncio.run(quick_client_class().wait_for_ready(client, timeout=5))
    assert (ready, next(asked)) == (["reply"], "3")


def test_clients_do_not_sleep_until_the_sockets_of_the_kernel_are_there() -> None:
    client = quick_client_class()()
    with client.context.socket(zmq.DEALER) as connection:
        assert connection.getsockopt(zmq.RECONNECT_IVL) <= 5
    client.context.destroy()


def test_it_does_not_fork_while_threads_run() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    halt = threading.Event()
    thread = threading.Thread(target=halt.wait)
    thread.start()
    server = forkserver.ForkServer.__new__(forkserver.ForkServer)
    server.package, server.children, server.clients = "", {}, {}
    try:
        assert server._fork(theirs, forkserver.Request("kernel", (), {}, "/"), []) is None
        assert "threads" in json.loads(ours.recv(1000))["refused"]
    finally:
        halt.set()
        thread.join()
        ours.close()
        theirs.close()


def test_a_kernel_goes_with_its_client_and_with_the_server(tmp_path: Path) -> None:
    server = warm.OwnServer()
    worker, other = WorkerProcess(server), WorkerProcess(server)
    worker.close()
    assert gone(worker.pid)
    assert alive(other.pid)
    server.process.kill()
    assert gone(other.pid)
    assert other.process.poll() == -signal.SIGKILL
    other.close()
    server.close()
    assert not server.folder.exists()


OWNER = """
import os, time
from analysis.run import warm
from analysis.run.batch.pool import WorkerProcess
server = warm.OwnServer()
worker = WorkerProcess(server)
print(server.process.pid, worker.pid, server.folder, flush=True)
time.sleep(60)
"""


def test_the_server_goes_with_its_owner() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    *pids, folder = owner.stdout.readline().split()
    server, worker = map(int, pids)
    assert alive(server)
    assert alive(worker)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert gone(worker)
    assert gone(server)
    assert not Path(folder).exists()


def test_a_child_has_the_surroundings_of_its_request(
    fork_server: warm.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "svg")
    monkeypatch.setenv("ONLY_HERE", "品")
    monkeypatch.chdir(tmp_path)
    worker = WorkerProcess(fork_server)
    try:
        assert worker.call(eval, ("__import__('os').environ['ONLY_HERE']",)) == "品"
        assert worker.call(eval, ("__import__('os').getcwd()",)) == str(tmp_path)
        assert worker.call(eval, ("__import__('matplotlib').get_backend()",)) == "svg"
        assert "JE_ARROW_MALLOC_CONF" not in worker.call(eval, ("dict(__import__('os').environ)",))
    finally:
        worker.kill()


def test_other_source_than_the_servers_means_an_ordinary_kernel(
    job: Any, place: Place, render: Any, forking: warm.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = run(job(), place=place, render=render, warm=True)
    assert record.kernel == "forked"
    monkeypatch.setattr(warm, "package_digest", lambda: "edited since")
    record, _ = run(job(), place=place, render=render, warm=True)
    assert (record.status, record.kernel) == ("ok", "ordinary")


def test_other_systems_start_ordinary_kernels(
    job: Any, place: Place, render: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(warm.VARIABLE, raising=False)
    monkeypatch.setattr(warm.sys, "platform", "darwin")
    warm._own_server.cache_clear()
    assert warm.server() is None
    monkeypatch.undo()
    warm._own_server.cache_clear()
    monkeypatch.setenv(warm.VARIABLE, "/nobody/listens/here")
    record, _ = run(job(), place=place, render=render, warm=True)
    assert (record.status, record.kernel) == ("ok", "ordinary")


def test_files_named_like_modules_of_python_do_no_harm(
    job: Any, place: Place, render: Any, forking: warm.Server
) -> None:
    for name in ("html", "random", "code"):
        (place.root / f"{name}.py").write_text("raise RuntimeError('hidden')")
    record, _ = run(job("import html, random"), place=place, render=render, warm=True)
    assert (record.status, record.kernel) == ("ok", "forked")


def test_kernels_talk_over_private_sockets(forking: warm.Server, tmp_path: Path) -> None:
    code = "from ipykernel.connect import get_connection_info as g; print(g(unpack=True))"
    (said,) = outputs(tmp_path, "warm", code)
    about = eval(said[0].text)
    assert about["transport"] == "ipc"
    folder = Path(about["ip"]).parent
    assert folder.name.startswith(".making-")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "dead", "SIGSEGV"),
        ("import os; os._exit(3)", "dead", "ended before"),
        ("import time; time.sleep(60)", "timeout", "2"),
        ("x = bytearray(1_500_000_000)", "error", ""),
    ],
)
def test_faults_of_forked_kernels_are_named(
    job: Any, place: Place, render: Any, forking: warm.Server, cell: str, kind: str, words: str
) -> None:
    began = time.monotonic()
    record, target = run(
        job(cell), place=place, render=render, timeout=2, warm=True, memory=1_000_000_000
    )
    assert record.failure is not None
    assert (record.failure.kind, record.kernel) == (kind, "forked")
    assert words in record.failure.text
    assert kind in (target / "run.log").read_text()
    if kind == "error":
        assert record.failure.name == "MemoryError"
    assert time.monotonic() - began < 20


def test_what_a_kernel_started_ends_with_it(
    job: Any, place: Place, render: Any, forking: warm.Server
) -> None:
    cell = "import subprocess; print(subprocess.Popen(['sleep', '300']).pid)"
    _, target = run(job(cell), place=place, render=render, warm=True)
    cells = json.loads((target / "executed.ipynb").read_text())["cells"]
    (pid,) = [int("".join(o["text"])) for c in cells for o in c.get("outputs", []) if "text" in o]
    assert gone(pid)


def test_papermill_itself_offers_the_engine(forking: warm.Server, tmp_path: Path) -> None:
    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_code_cell("import os; print(os.getppid())")])
    nbformat.write(book, tmp_path / "in.ipynb")
    subprocess.run(
        [sys.executable, "-m", "papermill", "--engine", "warm", "-k", "python3",
         "--no-progress-bar", "in.ipynb", "out.ipynb"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (cell,) = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert isinstance(forking, warm.OwnServer)
    assert int(cell.outputs[0].text) == forking.process.pid


def test_the_digest_of_the_server_is_that_of_its_source(fork_server: warm.Server) -> None:
    assert fork_server.package == package_digest()
