"""The quick start of the notebook tools leaves their checks in force."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from analysis.run.stub import skip_rfc3987
skip_rfc3987()
import nbformat, papermill
from nbformat.validator import NotebookValidationError
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
nbformat.validate(notebook)
notebook.cells[0]["cell_type"] = "seven"
try:
    nbformat.validate(notebook)
except NotebookValidationError:
    print(sys.modules.get("rfc3987_syntax"))
"""


def test_notebooks_are_still_validated_without_the_slow_grammar() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "None\n"


def test_importing_the_package_is_quick_and_lazy() -> None:
    script = "import sys, analysis; print('numpy' in sys.modules, analysis.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False ")
