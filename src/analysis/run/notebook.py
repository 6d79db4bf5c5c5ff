"""What is done to a notebook before and after it runs; none of it runs anything."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from analysis.i18n import text
from analysis.run.stub import skip_rfc3987

Notebook: TypeAlias = Any  # nbformat.NotebookNode, whose attributes are not declared

EVIDENCE_MIME = "application/vnd.loyalty.evidence+json"
RECORD_MIME = "application/vnd.loyalty.record+json"
INJECTED = "injected-parameters"
ERROR_TAG = "papermill-error-cell-tag"


def read(path: Path) -> Notebook:
    """The notebook at ``path`` in the newest format."""
    skip_rfc3987()
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook as Jupyter does."""
    skip_rfc3987()
    import nbformat

    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def translated(notebook: Notebook, language: str) -> Notebook:
    """A copy whose keyed markdown cells speak ``language``; other cells stay."""
    result = copy.deepcopy(notebook)
    for cell in result.cells:
        key = locale_key(cell)
        if key:
            cell.source = text(key, language).strip()
    return result


def locale_key(cell: Notebook) -> str:
    """The locale key of a markdown cell, or an empty text."""
    if cell.cell_type != "markdown":
        return ""
    return str(cell.metadata.get("analysis", {}).get("key", ""))


def problems(notebook: Notebook) -> tuple[str, ...]:
    """What speaks against a complete run, in technical words; empty when nothing does.

    Papermill's own status is no sign of success: when a kernel dies it marks cells as completed
    that never ran. A complete run has a count and a start time on every code cell, no error
    output, an end time, and the record that the last cell leaves.
    """
    found: list[str] = []
    run = notebook.metadata.get("papermill", {})
    if not run.get("end_time") or run.get("exception"):
        found.append("no end time" if not run.get("end_time") else "exception")
    for number, cell in enumerate(notebook.cells):
        if ERROR_TAG in cell.metadata.get("tags", []):
            found.append("error marker")
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        status = cell.metadata.get("papermill", {})
        if cell.execution_count is None or not status.get("start_time"):
            found.append(f"cell {number} did not run")
        elif status.get("status") != "completed":
            found.append(f"cell {number} is {status.get('status')}")
        if any(output.output_type == "error" for output in cell.outputs):
            found.append(f"cell {number} has an error")
    if record(notebook) is None:
        found.append("no record")
    return tuple(found)


def failing_cell(notebook: Notebook) -> int | None:
    """Position of the first code cell with an error, else of the first that did not end."""
    code = [(n, c) for n, c in enumerate(notebook.cells) if c.cell_type == "code"]
    for number, cell in code:
        if any(output.output_type == "error" for output in cell.outputs):
            return number
    for number, cell in code:
        if cell.source.strip() and cell.execution_count is None:
            return number
    return None


def step(notebook: Notebook, cell: int) -> str:
    """The heading above a cell."""
    for earlier in reversed(notebook.cells[: cell + 1]):
        if earlier.cell_type == "markdown":
            heading = re.search(r"^#+\s+(.+?)\s*$", earlier.source, re.MULTILINE)
            if heading:
                return heading.group(1)
    return ""


def title(notebook: Notebook) -> str:
    """The first heading."""
    return next((found for n in range(len(notebook.cells)) if (found := step(notebook, n))), "")


def payloads(notebook: Notebook, mime: str) -> Iterator[Mapping[str, Any]]:
    """The JSON payloads of one mime type that the cells left, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(mime)
            if isinstance(payload, Mapping):
                yield payload


def record(notebook: Notebook) -> Mapping[str, Any] | None:
    """What the session left about itself in the last cell, or nothing."""
    found = list(payloads(notebook, RECORD_MIME))
    return found[-1] if found else None


def error(notebook: Notebook) -> tuple[str, str] | None:
    """Name and text of the first error output."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return str(output.ename), str(output.evalue)
    return None


def seconds(notebook: Notebook) -> dict[str, float]:
    """How long papermill waited for the kernel, and how long the cells took."""
    run = notebook.metadata.get("papermill", {})
    about = [cell.metadata.get("papermill", {}) for cell in notebook.cells]
    begun = [str(one["start_time"]) for one in about if one.get("start_time")]
    if not run.get("start_time") or not begun:
        return {}
    start = _moment(begun[0]) - _moment(str(run["start_time"]))
    cells = sum(float(one.get("duration") or 0.0) for one in about)
    return {"start": round(start.total_seconds(), 3), "cells": round(cells, 3)}


def log_lines(notebook: Notebook) -> list[str]:
    """One line for each code cell that began: when, how long, how it ended."""
    lines = []
    for number, cell in enumerate(notebook.cells):
        about = cell.metadata.get("papermill", {})
        if cell.cell_type == "code" and about.get("start_time"):
            what = f"cell {number} {cell.get('id', '')}".rstrip()
            lines.append(
                f"{about['start_time']} {what}: {about.get('duration')} s, {about['status']}"
            )
    return lines


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def without_markers(notebook: Notebook) -> Notebook:
    """The same cells without those that papermill adds around an error."""
    return _of_cells(notebook, ERROR_TAG)


def _of_cells(notebook: Notebook, tag: str) -> Notebook:
    """The same cells, not copied, without those that carry a tag."""
    result = type(notebook)(notebook)
    result.cells = [c for c in notebook.cells if tag not in c.metadata.get("tags", [])]
    return result


def stripped(notebook: Notebook, *, root: Path | None = None) -> Notebook:
    """A copy without times, parameters in metadata, random ids, or paths of this machine."""
    result = copy.deepcopy(without_markers(notebook))
    result.metadata = type(result.metadata)(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in result.cells:
        for key in ("papermill", "execution", "collapsed", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        for output in cell.get("outputs", []):
            _strip_output(output, root)
    return result


def _strip_output(output: Notebook, root: Path | None) -> None:
    if output.output_type == "error":
        output.traceback = [without_paths(line, root) for line in output.traceback]
        output.evalue = without_paths(output.evalue, root)
    elif output.output_type == "stream":
        output.text = without_paths(output.text, root)


def without_paths(line: str, root: Path | None = None) -> str:
    """``line`` with the folders of this machine shortened."""
    places = [(root, "."), (Path(__file__).parents[2], "src"), (Path.home(), "~")]
    places += [(Path(sys.prefix), "<python>"), (Path(sys.base_prefix), "<python>")]
    for place, short in places:
        if place is not None and len(place.parts) > 1:
            line = line.replace(str(place), short)
    return re.sub(r"/tmp/ipykernel_\d+/\d+\.py", "<cell>", line)


def report_input(notebook: Notebook, *, failed: int | None = None) -> Notebook:
    """The notebook as it is rendered: the injected parameters hidden, the failing cell marked."""
    result = type(notebook)(notebook)
    if failed is not None:
        cell = copy.deepcopy(notebook.cells[failed])
        cell.metadata.setdefault("analysis", {})["failed"] = True
        result.cells = [*notebook.cells[:failed], cell, *notebook.cells[failed + 1 :]]
    return _of_cells(result, INJECTED)
