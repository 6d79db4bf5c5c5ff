"""Batches against loops: the same runs of 20_structure by plain papermill and by ``loyalty batch``.

``python -m benchmarks.batch [--runs 24] [--draws 2000] [--rounds 1]``. Three ways on the same two
cores take turns: one papermill loop with an HTML export after each run, the same in two processes
with one BLAS thread each (the best plain way), and ``loyalty batch --jobs 2`` from its start to
the page over all runs. Wall and CPU seconds (all processes, children included) are per run. The
shares say where a run's time goes; "own" is what the cells themselves compute.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CORES = 2
GOAL_LOOP, GOAL_BEST, GOAL_OVERHEAD = 6.0, 2.5, 0.5
LEVELS = {
    "brand": ("aurora", "birch", "cedar"),
    "channel": ("", "store", "web", "app"),
    "wave": ("1", "2"),
}
LOOP = """
import json, sys, time
from analysis.run.stub import skip_rfc3987
skip_rfc3987()
import papermill
from nbconvert import HTMLExporter
folder, jobs = sys.argv[1], json.loads(sys.argv[2])
exporter = HTMLExporter()
for number, parameters in enumerate(jobs):
    began = time.time()
    out = f"{folder}/{parameters['brand']}-{number}.ipynb"
    done = papermill.execute_notebook("notebooks/20_structure.ipynb", out, parameters=parameters,
                                      kernel_name="python3", progress_bar=False)
    middle = time.time()
    html, _ = exporter.from_notebook_node(done)
    open(out.replace(".ipynb", ".html"), "w").write(html)
    cells = [c.metadata.papermill for c in done.cells]
    first = {c.get("id"): c.metadata.papermill["duration"] for c in done.cells}
    print(json.dumps({"cells": sum(c["duration"] or 0 for c in cells), "begin": first["start"],
                      "execute": middle - began, "report": time.time() - middle}), flush=True)
"""


@dataclass(frozen=True)
class Way:
    """How long some runs took; ``steps`` holds seconds by step of each run."""

    wall: float
    cpu: float
    steps: tuple[Mapping[str, float], ...]

    def median(self, step: str) -> float:
        """The median of a step over the runs."""
        return median(one[step] for one in self.steps)


def settings(runs: int, draws: int) -> list[dict[str, object]]:
    """The parameters of the first ``runs`` cells of brand x channel x wave, over and over."""
    cells = [
        {"brand": b, "channel": c, "wave": w}
        for b in LEVELS["brand"]
        for c in LEVELS["channel"]
        for w in LEVELS["wave"]
    ]
    chosen = [{**cells[i % len(cells)], "seed": 1 + i // len(cells)} for i in range(runs)]
    return [{"study": "omnichannel", "draws": draws, **one} for one in chosen]


def loop(jobs: Sequence[Mapping[str, object]], processes: int) -> Way:
    """Plain papermill, the runs dealt out to processes."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if processes > 1:
        env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:

        def start(part: Sequence[Mapping[str, object]]) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", LOOP, folder, json.dumps(part)]
            return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)  # fmt: skip

        return timed(lambda: loops(start, jobs, processes))


def loops(
    start: Callable[[Sequence[Mapping[str, object]]], subprocess.Popen[str]],
    jobs: Sequence[Mapping[str, object]],
    processes: int,
) -> tuple[Mapping[str, float], ...]:
    begun = [start(jobs[number::processes]) for number in range(processes)]
    said = [process.communicate()[0] for process in begun]
    if any(process.returncode for process in begun):
        raise SystemExit("a plain papermill loop failed")
    return tuple(json.loads(line) for text in said for line in text.splitlines())


def batch(jobs: Sequence[Mapping[str, object]]) -> Way:
    """``loyalty batch`` on the same runs."""
    folder = Path(tempfile.mkdtemp())
    lines = ["format = 1", 'study = "omnichannel"', 'notebooks = ["20_structure"]']
    for one in jobs:
        lines.append("[[runs]]")
        lines += [f"{k} = {json.dumps(v)}" for k, v in one.items() if k != "study"]
    (folder / "bench.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "analysis.run", "batch", str(folder / "bench.toml"),
               "--jobs", str(CORES), "--output", str(folder / "reports")]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def run() -> tuple[Mapping[str, float], ...]:
        done = subprocess.run(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        records = sorted((folder / "reports").glob("*/*/run.json"))
        found = [json.loads(path.read_text("utf-8")) for path in records]
        if len(found) != len(jobs) or any(one["kernel"] != "forked" for one in found):
            raise SystemExit(f"{len(found)} of {len(jobs)} runs, or not all of them forked")
        return tuple({**one["seconds"], "begin": _begin(path.parent / "run.log")}
                     for one, path in zip(found, records, strict=True))  # fmt: skip

    try:
        return timed(run)
    finally:
        shutil.rmtree(folder)


def _begin(log: Path) -> float:
    """Seconds of the cell that imports and reads."""
    line = next(line for line in log.read_text("utf-8").splitlines() if " start: " in line)
    return float(line.partition(" start: ")[2].split()[0])


def timed(run: Callable[[], tuple[Mapping[str, float], ...]]) -> Way:
    """Wall time, and the CPU time of all children that ended meanwhile."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    steps = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Way(time.monotonic() - began, cpu, steps)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args(arguments)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    jobs = settings(asked.runs, asked.draws)
    batch(jobs[:CORES])  # compiles what was never compiled here
    for number in range(asked.rounds):
        half = len(jobs) // 2
        ways = [loop(jobs[:half], 1), batch(jobs), loop(jobs, CORES), loop(jobs[half:], 1)]
        plain = Way(ways[0].wall + ways[3].wall, ways[0].cpu + ways[3].cpu,
                    ways[0].steps + ways[3].steps)  # fmt: skip
        show(number + 1, len(jobs), plain, ways[2], ways[1])


def show(number: int, runs: int, plain: Way, best: Way, ours: Way) -> None:
    """One table a round: seconds per run, ratios, shares."""
    load = os.getloadavg()[0]
    print(f"round {number}: {runs} runs of 20_structure on {CORES} cores, load {load:.1f}")
    print("| way | wall s/run | CPU s/run | wall ratio | CPU ratio |")
    print("| --- | --- | --- | --- | --- |")
    for name, way in (("papermill loop", plain), ("2 x papermill, BLAS 1", best), ("batch", ours)):
        print(f"| {name} | {way.wall / runs:.2f} | {way.cpu / runs:.2f} "
              f"| {way.wall / ours.wall:.2f} | {way.cpu / ours.cpu:.2f} |")  # fmt: skip
    imports = max(plain.median("begin") - ours.median("begin"), 0.0)
    execute, cells = plain.median("execute"), plain.median("cells")
    show_shares("papermill loop", {
        "kernel start and papermill": execute - cells, "imports": imports,
        "cells, own": cells - imports, "export": plain.median("report"),
    })  # fmt: skip
    execute, cells = ours.median("execute"), ours.median("cells")
    overhead = execute - cells + ours.median("report")
    show_shares("batch", {
        "kernel start and papermill": execute - cells, "imports": 0.0, "cells, own": cells,
        "export": ours.median("report"),
    })  # fmt: skip
    kernel = median(one.get("cpu", 0.0) for one in ours.steps)
    print(f"batch: overhead beyond the cells {overhead:.2f} s a run (goal {GOAL_OVERHEAD}), "
          f"kernel {kernel:.2f} CPU s a run")  # fmt: skip
    for goal, way, words in ((GOAL_LOOP, plain, "loop"), (GOAL_BEST, best, "best plain way")):
        ratio = way.wall / ours.wall
        print(f"{'met' if ratio >= goal else 'NOT met'}: {ratio:.1f} x the {words} (goal {goal})")


def show_shares(name: str, seconds: Mapping[str, float]) -> None:
    """Seconds and shares of the steps of a run."""
    total = sum(seconds.values())
    said = (f"{step} {value:.2f} s ({value / total:.0%})" for step, value in seconds.items())
    print(f"{name}: " + ", ".join(said))


if __name__ == "__main__":
    main()
