"""A notebook without any study, and what a run of it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from analysis.run import warm
from analysis.run.execute import Job, Place
from analysis.run.notebook import EVIDENCE_MIME, RECORD_MIME

SHOW = """
from IPython.display import display
display({{"{mime}": {payload}, "text/plain": "shown"}}, raw=True)
"""
PIECE = """{"schema": 1, "id": "answer", "title": "Answer " + name, "language": "en",
 "paragraphs": ["forty-two"]}"""
LEFT = '{"outcome": "converged", "n": 7, "measures": {"cfi": 0.9}}'
EVIDENCE = SHOW.format(mime=EVIDENCE_MIME, payload=PIECE)
RECORD = SHOW.format(mime=RECORD_MIME, payload=LEFT)


def tiny(*middle: str) -> Any:
    """A notebook: heading, parameters, evidence, the given cells, record."""
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# Tiny")]
    cells.append(v4.new_code_cell('name: str = "a"', metadata={"tags": ["parameters"]}))
    cells.append(v4.new_markdown_cell("## First step"))
    cells.append(v4.new_code_cell(EVIDENCE))
    for source in middle:
        cells += [v4.new_markdown_cell("## Second step"), v4.new_code_cell(source)]
    cells.append(v4.new_code_cell(RECORD))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return v4.new_notebook(cells=cells)


@pytest.fixture
def job() -> Callable[..., Job]:
    """Makes a job from extra cells."""

    def make(*middle: str, parameters: Mapping[str, Any] | None = None) -> Job:
        return Job(
            notebook="05_tiny",
            template=tiny(*middle),
            parameters={"name": "b"} if parameters is None else parameters,
            study="demo",
            model="core",
            language="en",
            digests={"data": "0"},
        )

    return make


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project folder with blank and braces in its name."""
    root = tmp_path / "my {project}"
    root.mkdir()
    return Place(root=root, reports=root / "reports")


@pytest.fixture
def render() -> Callable[..., str]:
    """Stands in for the report renderer."""

    def render(executed: Any, *, language: str, title: str, meta: Any = None) -> str:
        failure = f"<h2>{meta['failure']['text']}</h2>" if meta["failure"] else ""
        return f"<h1>{title}</h1>{failure}{len(executed.cells)}"

    return render


@pytest.fixture(scope="session")
def fork_server() -> Iterator[warm.Server]:
    """One fork server for all tests."""
    if not warm.possible():
        pytest.skip("forks on Linux only")
    own = warm.OwnServer()
    yield own
    own.close()


@pytest.fixture
def forking(fork_server: warm.Server, monkeypatch: pytest.MonkeyPatch) -> warm.Server:
    """Runs of this test fork their kernels from the one server."""
    monkeypatch.setenv(warm.VARIABLE, fork_server.path)
    return fork_server
