"""Rules that the whole source tree keeps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "analysis"
HEAVY = {
    "IPython",
    "matplotlib",
    "nbconvert",
    "papermill",
    "seaborn",
    "semopy",
    "sklearn",
    "statsmodels",
}
PACKAGES = ("data", "methods", "report", "run", "sem", "syntax")
UNSEEN = {"reports", "build", "__pycache__"}
BINARY = {".png", ".jpg", ".xlsx", ".sav", ".dta", ".parquet", ".pyc", ".npy", ".npz"}
MACHINE = re.compile(
    r"(?<![\w.])/(?:work|root|opt)/\w|\b(?:pypi|pythonhosted|anaconda)\.(?:org|com)\b"
)
COMMANDS = (
    "make report",
    "make test",
    "make lab",
    "conda env create -f environment.yml",
    "loyalty run",
    "loyalty studies",
    "loyalty check",
    "loyalty fit",
)


def _texts() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted({f for f in folders if f[0] != "." or f == ".ci"} - UNSEEN)
        paths = (Path(folder, name) for name in sorted(names))
        yield from (path for path in paths if path.suffix not in BINARY)


def test_no_file_names_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _texts()
        for match in MACHINE.finditer(path.read_text("utf-8", errors="replace"))
    ]
    assert found == []


def test_imports_keep_the_layers() -> None:
    config = str(ROOT / "pyproject.toml")
    assert lint_imports(config_filename=config, no_cache=True) == EXIT_STATUS_SUCCESS


def test_architecture_document_names_the_layers() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contract = next(c for c in tool["importlinter"]["contracts"] if c["id"] == "layers")
    document = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert " > ".join(contract["layers"]) in document


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_import_is_light(package: str) -> None:
    name = f"analysis.{package}".rstrip(".")
    avoid = HEAVY | {"pandas"} if package in {"", "syntax", "sem"} else HEAVY
    code = f"import sys, {name}; print(sorted({avoid!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_files_are_short() -> None:
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in sorted(SRC.rglob("*.py"))}
    assert {str(p.relative_to(SRC)): n for p, n in lengths.items() if n > 400} == {}


def test_every_package_has_an_init() -> None:
    folders = {path.parent for path in SRC.rglob("*.py")}
    assert sorted(str(f) for f in folders if not (f / "__init__.py").exists()) == []


def test_every_skip_gives_a_reason() -> None:
    bare = re.compile(r"pytest\.skip\(\)|mark\.skip\b(?!\(\s*reason)|mark\.skipif\((?![^@]*reason)")
    tests = [p for p in sorted((ROOT / "tests").rglob("*.py")) if p != Path(__file__)]
    assert [str(p.relative_to(ROOT)) for p in tests if bare.search(p.read_text("utf-8"))] == []


def test_readme_names_the_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [command for command in COMMANDS if command not in readme] == []
