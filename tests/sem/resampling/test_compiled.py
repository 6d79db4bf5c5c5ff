"""Kernels are compiled when first called, not when imported."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import analysis.run.cli
import analysis.sem.resampling
assert "numba" not in sys.modules
from analysis.sem.resampling import dense, search
from analysis.sem.resampling.compiled import Kernel, compile_waiting
assert isinstance(dense.evaluate, Kernel)
compile_waiting()
assert not isinstance(dense.evaluate, Kernel)
assert dense.evaluate is dense.evaluate.py_func.__globals__["evaluate"]
assert not Kernel.waiting
"""


def test_importing_the_command_line_does_not_import_numba() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, timeout=120)
