"""What other engines need for the same model and rows."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.cases import Case
from benchmarks.timing import Measure, cpu

DRAWS = 20
PATIENCE = 60.0  # seconds, of one call of R
SEMOPY_DRAWS = 5
CALLS = {
    "bootstrap": "bootstrapLavaan(fit, R = times, FUN = 'coef')",
    "ml": "for (i in 1:times) fitMeasures(sem(text, data))",
    "wlsmv": "for (i in 1:times) fitMeasures(sem(text, data, ordered = names(data)))",
    "fiml": "for (i in 1:times) fitMeasures(sem(text, data, missing = 'fiml'))",
}
# Milliseconds on one core of a server, of models of 18 items; for machines without R.
RECORDED = {"bootstrap": 30.0, "ml": 57.0, "wlsmv": 550.0, "fiml": 3700.0}
SCRIPT = """
suppressPackageStartupMessages(library(lavaan))
path <- commandArgs(TRUE)
data <- read.csv(path[1])
text <- paste(readLines(path[2]), collapse = "\\n")
times <- as.integer(path[3])
if (path[4] == "bootstrap") fit <- sem(text, data)
used <- system.time(suppressWarnings(eval(parse(text = path[5]))))
cat(sum(used[1:2]) / times)
"""


@cache
def lavaan_version() -> str | None:
    """lavaan's version; None where R has no lavaan."""
    if shutil.which("Rscript") is None:
        return None
    code = "cat(as.character(packageVersion('lavaan')))"
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def lavaan() -> str:
    """How lavaan is named in the table."""
    found = lavaan_version()
    return f"lavaan {found}" if found else "lavaan 0.6-14, recorded"


def semopy() -> str:
    """How semopy is named in the table."""
    return f"semopy {version('semopy')}"


def lavaan_seconds(kind: str, case: Case, times: int) -> Measure:
    """lavaan's CPU seconds a draw or fit, of ``times``, by R's clock; recorded ones without R."""

    def measure() -> float:
        if lavaan_version() is None:
            return RECORDED[kind] / 1e3
        with tempfile.TemporaryDirectory() as folder:
            data, text, script = (Path(folder) / n for n in ("data.csv", "model.lav", "time.R"))
            case.frame.to_csv(data, index=False)
            text.write_text(case.text, "utf-8")
            script.write_text(SCRIPT, "utf-8")
            command = ["Rscript", script, data, text, times, kind, CALLS[kind]]
            try:
                done = subprocess.run(
                    [str(c) for c in command], capture_output=True, text=True, timeout=PATIENCE
                )
            except subprocess.TimeoutExpired:
                raise TimeoutError(f"not done in {PATIENCE:.0f} s") from None
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return float(done.stdout)

    return measure


def semopy_draw(case: Case) -> float:
    """semopy's CPU seconds for a new model, fitted to resampled rows."""
    from semopy import Model

    text = without_definitions(case.text)
    frame, random = case.frame, np.random.default_rng(1)

    def work() -> None:
        for _ in range(SEMOPY_DRAWS):
            Model(text).fit(frame.iloc[random.integers(0, len(frame), len(frame))])

    return cpu(work) / SEMOPY_DRAWS


def semopy_fit(case: Case) -> float:
    """semopy's CPU seconds for a fit with standard errors and fit indices."""
    from semopy import Model, calc_stats

    text, frame = without_definitions(case.text), case.frame

    def work() -> None:
        model = Model(text)
        model.fit(frame)
        model.inspect()
        calc_stats(model)

    return cpu(work)


def without_definitions(text: str) -> str:
    """Model text without ``:=``, which semopy does not know."""
    return "\n".join(line for line in text.splitlines() if ":=" not in line)
