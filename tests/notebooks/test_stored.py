"""The stored notebooks: letters, not programs; words from the locale; executed and stripped."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analysis.i18n import LANGUAGES, catalogue, text
from analysis.run import notebook
from analysis.run.notebook import EVIDENCE_MIME
from analysis.run.params import NOTEBOOKS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
FORBIDDEN = (ast.FunctionDef, ast.For, ast.While, ast.Lambda, ast.ListComp, ast.ClassDef, ast.Try)


def refresher() -> ModuleType:
    path = ROOT / "tools" / "refresh_notebooks.py"
    spec = importlib.util.spec_from_file_location("refresh_notebooks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=sorted(NOTEBOOKS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stored(name: str) -> Any:
    return notebook.read(FOLDER / f"{name}.ipynb")


def test_every_notebook_in_the_folder_is_known() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


def test_markdown_cells_say_the_sentences_of_the_locale(stored: Any) -> None:
    for cell in stored.cells:
        if cell.cell_type == "markdown":
            key = notebook.locale_key(cell)
            assert key, cell.source
            assert cell.source == text(key, "en").strip()


def test_every_sentence_is_used() -> None:
    used = set()
    for name in NOTEBOOKS:
        used |= {notebook.locale_key(c) for c in notebook.read(FOLDER / f"{name}.ipynb").cells}
    known = {
        key
        for key in catalogue("en")
        if key.startswith("notebooks.")
        and not key.startswith(("notebooks.parameters.", "notebooks.session."))
    }
    assert used - {""} == known


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_changes_words_only(stored: Any, language: str) -> None:
    spoken = notebook.translated(stored, language)
    for before, after in zip(stored.cells, spoken.cells, strict=True):
        assert before.id == after.id
        if before.cell_type == "code":
            assert before == after
        else:
            assert (before.source == after.source) == (language == "en")
            assert before.source.count("#") == after.source.count("#")


def test_a_notebook_is_a_letter_not_a_program(stored: Any) -> None:
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    imported = []
    for cell in code:
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, FORBIDDEN), cell.source
            if isinstance(node, ast.Import):
                imported += [alias.name for alias in node.names]
            assert not isinstance(node, ast.ImportFrom)
    assert imported == ["analysis"]
    assert 15 <= len(stored.cells) <= 50


def test_one_first_heading_and_one_parameters_cell(stored: Any) -> None:
    tags = [tag for cell in stored.cells for tag in cell.metadata.get("tags", [])]
    assert tags == ["parameters"]
    headings = [c for c in stored.cells if c.cell_type == "markdown" and c.source.startswith("# ")]
    assert headings == [stored.cells[0]]


def test_first_cells_follow_the_schema(stored: Any, name: str) -> None:
    tool = refresher()
    cells = {cell.id: cell.source for cell in stored.cells}
    assert cells["parameters"] == tool.parameters_cell(name)
    assert cells["start"] == tool.start_cell(name)


def test_papermill_sees_every_parameter(name: str) -> None:
    from papermill import inspect_notebook

    found = inspect_notebook(FOLDER / f"{name}.ipynb")
    assert list(found) == list(NOTEBOOKS[name].model_fields)
    assert all(
        p["inferred_type_name"] in ("str", "int", "float") and p["help"] for p in found.values()
    )


def test_stored_outputs_are_complete_and_anonymous(stored: Any) -> None:
    for number, cell in enumerate(c for c in stored.cells if c.cell_type == "code"):
        assert cell.execution_count == number + 1
        assert not cell.metadata.get("papermill")
        assert not cell.metadata.get("execution")
        assert {o.output_type for o in cell.outputs} <= {"execute_result", "display_data"}
        assert all(EVIDENCE_MIME in output.data for output in cell.outputs)
        assert bool(cell.outputs) == ("parameters" not in cell.metadata.get("tags", []))
    ids = [payload["id"] for payload in notebook.payloads(stored, EVIDENCE_MIME)]
    assert len(ids) == len(set(ids)) >= sum(c.cell_type == "code" for c in stored.cells) - 1
    assert notebook.record(stored) is not None
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert stored.metadata.kernelspec.name == "python3"


def test_no_paths_of_a_machine(name: str) -> None:
    content = (FOLDER / f"{name}.ipynb").read_text("utf-8")
    for place in (str(ROOT), str(Path.home()) + "/", "/tmp/"):
        assert place not in content
