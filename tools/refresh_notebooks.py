"""Renew the stored notebooks: words from the locale, parameters from the schema, outputs by a run.

    python tools/refresh_notebooks.py [NAME ...]

Outputs are those of the default parameters, in English. Times, paths and random ids are left out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from analysis.i18n import text
from analysis.run import notebook
from analysis.run.execute import Job, Place, execute
from analysis.run.params import NOTEBOOKS, schema

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_STUDY = "spanish_bank"
OWN_STUDY = dict.fromkeys(
    ("00_survey", "40_channels", "50_segments", "60_loyalty_index", "70_retention"), "omnichannel"
)


def default_study(name: str) -> str:
    """The study whose outputs are stored with a notebook."""
    return OWN_STUDY.get(name, DEFAULT_STUDY)


def parameters_cell(name: str) -> str:
    """Source of the cell tagged ``parameters``: one typed and described line for each."""
    lines = []
    for field, info in schema(name).model_fields.items():
        default = default_study(name) if field == "study" else info.default
        words = text(f"notebooks.parameters.{field}")
        kind = type(default).__name__
        value = f'"{default}"' if kind == "str" else repr(default)
        lines.append(f"{field}: {kind} = {value}  # {words}")
    return "\n".join(lines)


def start_cell(name: str) -> str:
    """Source of the cell that opens the session."""
    passed = "".join(f"    {field}={field},\n" for field in schema(name).model_fields)
    call = f'session = analysis.start(\n    notebook="{name}",\n{passed})'
    return f"import analysis\n\n{call}\nsession.parameters()"


def prepared(name: str) -> notebook.Notebook:
    """The stored notebook with its words and its first cells renewed."""
    found = notebook.translated(notebook.read(ROOT / "notebooks" / f"{name}.ipynb"), "en")
    for cell in found.cells:
        if cell.id == "parameters":
            cell.source = parameters_cell(name)
        if cell.id == "start":
            cell.source = start_cell(name)
    return found


def refresh(name: str) -> str:
    """Run a notebook and store it; returns what went wrong, if anything did."""
    job = Job(
        notebook=name,
        template=prepared(name),
        parameters={},
        study=default_study(name),
        model="",
        language="en",
        digests={},
    )
    place = Place(root=ROOT, reports=ROOT / "reports")
    with tempfile.TemporaryDirectory() as folder:
        done = execute(job, place=place, folder=Path(folder))
    if done.failure:
        return f"{name}: {done.failure.step}: {done.failure.name} {done.failure.text}"
    notebook.write(
        notebook.stripped(done.notebook, root=ROOT), ROOT / "notebooks" / f"{name}.ipynb"
    )
    return ""


def main(names: list[str]) -> int:
    """Refresh the named notebooks, all by default."""
    problems = [problem for name in names or NOTEBOOKS if (problem := refresh(name))]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
