"""lavaan itself, where R has it: random designs, and whether the stored references are its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.sem import Moments, Solution, sem

pytestmark = pytest.mark.parity

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "sem" / "golden"
# lavaan's optimizer stops up to 3e-3 from the optimum along flat directions, where chi-square is
# as good as at it.
ESTIMATE, INDEX, CHI2 = 5e-3, 1e-5, 1e-6


def r(*arguments: str, cwd: Path = HERE) -> subprocess.CompletedProcess[str]:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("no R")
    return subprocess.run(
        [rscript, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=900
    )


@pytest.fixture(scope="module", autouse=True)
def lavaan() -> str:
    """The version of lavaan; skips where there is none."""
    found = r("-e", "cat(as.character(packageVersion('lavaan')))")
    if found.returncode != 0:
        pytest.skip("no lavaan")
    return found.stdout.strip()


def random_design(seed: int) -> tuple[str, np.ndarray, list[str]]:
    """A model of two to four factors with random paths, loadings, scales and sample size."""
    random = np.random.default_rng(seed)
    factors = int(random.integers(2, 5))
    sizes = random.integers(2 if factors > 2 else 3, 6, size=factors)
    n = int(random.integers(80, 900))
    eta = np.zeros((n, factors))
    lines, columns, names = [], [], []
    for f in range(factors):
        causes = [c for c in range(f) if random.random() < 0.7]
        eta[:, f] = random.normal(size=n) + eta[:, causes] @ random.uniform(0.2, 0.6, len(causes))
        if causes:
            lines.append(f"f{f} ~ " + " + ".join(f"f{c}" for c in causes))
        items = [f"i{f}_{k}" for k in range(sizes[f])]
        lines.append(f"f{f} =~ " + " + ".join(items))
        for item in items:
            noise = random.normal(size=n) * random.uniform(0.5, 1.2)
            scale = 10.0 ** random.uniform(-0.5, 0.7)
            columns.append((eta[:, f] * random.uniform(0.6, 1.2) + noise) * scale)
            names.append(item)
    if random.random() < 0.4:
        lines.append(f"{names[0]} ~~ {names[-1]}")
    return "\n".join(lines), np.column_stack(columns).round(6), names


@pytest.fixture(name="designs", scope="module")
def fixture_designs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Forty designs with both programs' results."""
    folder = tmp_path_factory.mktemp("designs")
    designs, ours = {}, {}
    for seed in range(40):
        model, rows, names = random_design(seed)
        designs[f"d{seed}"] = {"model": model}
        header = ",".join(names)
        np.savetxt(
            folder / f"d{seed}.csv", rows, delimiter=",", header=header, comments="", fmt="%.6f"
        )
        ours[f"d{seed}"] = sem(model, Moments.from_data(rows, names))
    (folder / "designs.json").write_text(json.dumps(designs), "utf-8")
    done = r("fit_designs.R", str(folder))
    assert done.returncode == 0, done.stderr
    theirs = json.loads((folder / "lavaan.json").read_text("utf-8"))
    return {name: (ours[name], theirs[name]) for name in designs}


def test_random_designs_equal_lavaan(designs: dict[str, tuple[Solution, Any]]) -> None:
    compared = 0
    for name, (solution, theirs) in designs.items():
        if not theirs["converged"]:
            continue
        compared += 1
        assert solution.outcome.estimated, name
        assert solution.measures["chisq"].value == pytest.approx(
            theirs["measures"]["chisq"], rel=CHI2, abs=CHI2
        ), name
        for key, value in theirs["measures"].items():
            ours = solution.measures[key].value
            assert ours == pytest.approx(value, rel=INDEX, abs=INDEX), (name, key)
        for row in theirs["estimates"]:
            e = solution.estimate(row["lhs"], row["op"], row["rhs"])
            for a, b in ((e.est, row["est"]), (e.se, row["se"]), (e.std_all, row["std.all"])):
                if b:
                    assert a == pytest.approx(b, rel=ESTIMATE, abs=ESTIMATE), (name, row)
    assert compared >= 35


def test_converges_wherever_lavaan_does(designs: dict[str, tuple[Solution, Any]]) -> None:
    for name, (solution, theirs) in designs.items():
        assert solution.outcome.estimated or not theirs["converged"], name
        if theirs["converged"]:
            assert solution.outcome.admissible is theirs["proper"], name


def test_committed_references_are_lavaan_results(lavaan: str, tmp_path: Path) -> None:
    """Runs ``make_golden.R`` again in a copy of the checkout's layout."""
    if lavaan != "0.6.14":
        pytest.skip(f"references are from lavaan 0.6.14, R has {lavaan}")
    copy = tmp_path / "tests" / "sem" / "golden"
    copy.mkdir(parents=True)
    for name in ("make_golden.R", "polish.R", "cases.json", "texts.json"):
        shutil.copy(GOLDEN / name, copy / name)
    (tmp_path / "data").symlink_to(HERE.parents[1] / "data")
    done = r("make_golden.R", cwd=copy)
    assert done.returncode == 0, done.stderr
    fresh = sorted(copy.glob("*.json"))
    assert len(fresh) > 20
    for path in fresh:
        assert_same(json.loads(path.read_text("utf-8")), stored(path.name), path.name)


def stored(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


def assert_same(a: Any, b: Any, where: str) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_same(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{where}[{i}]")
    elif isinstance(a, int | float) and not isinstance(a, bool) and b is not None:
        assert a == pytest.approx(b, rel=1e-5, abs=1e-7), where
    else:
        assert a == b, where
