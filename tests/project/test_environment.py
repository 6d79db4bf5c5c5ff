"""pyproject.toml, requirements.lock and environment.yml say the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PIN = re.compile(r"^(?P<name>\S+?)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
NAMED = {
    "jupyterlab",
    "nbval",
    "pandas",
    "papermill",
    "scikit-learn",
    "seaborn",
    "semopy",
    "statsmodels",
}


def _needs() -> list[Requirement]:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["parquet"], *extras["dev"]]
    lines += PROJECT["build-system"]["requires"]
    return [Requirement(line) for line in lines if not line.startswith(project["name"])]


def _pins() -> dict[str, list[re.Match[str]]]:
    found: dict[str, list[re.Match[str]]] = {}
    for line in LOCK.splitlines():
        if match := PIN.match(line):
            found.setdefault(canonicalize_name(match["name"]), []).append(match)
    return found


@pytest.mark.parametrize("need", _needs(), ids=str)
def test_lock_satisfies_requirement(need: Requirement) -> None:
    pins = _pins()[canonicalize_name(need.name)]
    assert all(need.specifier.contains(Version(pin["version"])) for pin in pins)


def test_lock_has_only_pins_hashes_and_markers() -> None:
    hash_line = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
    odd = [line for line in LOCK.splitlines() if not PIN.match(line) and not hash_line.match(line)]
    assert odd == []
    for pins in _pins().values():
        assert all(Marker(pin["marker"]) for pin in pins if pin["marker"])


def test_every_pin_has_a_hash() -> None:
    lines = LOCK.splitlines()
    bare = [a for a, b in zip(lines, [*lines[1:], ""]) if PIN.match(a) and "--hash=" not in b]
    assert bare == []


def test_lock_fits_the_oldest_and_newest_python() -> None:
    for python in ("3.11", "3.14"):
        around = {"python_version": python, "python_full_version": f"{python}.9"}
        for name, pins in _pins().items():
            markers = [Marker(pin["marker"]) for pin in pins if pin["marker"]]
            fit = sum(marker.evaluate(around) for marker in markers) + len(pins) - len(markers)
            assert fit <= 1, f"{name} is pinned twice for Python {python}"


def test_environment_is_generated() -> None:
    script = [sys.executable, str(ROOT / "tools" / "environment.py"), "--check"]
    assert subprocess.run(script, check=False).returncode == 0


def test_environment_names_the_tools_of_the_project() -> None:
    listed = re.findall(r"^ +- ([\w-]+)", (ROOT / "environment.yml").read_text("utf-8"), re.M)
    assert set(listed) >= NAMED


def test_every_import_is_declared() -> None:
    declared = {canonicalize_name(need.name) for need in _needs()}
    providers = packages_distributions()
    undeclared = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for top in {name.partition(".")[0] for name in names} - {"analysis", ""}:
                by = {canonicalize_name(name) for name in providers.get(top, ())}
                if top not in sys.stdlib_module_names and not by & declared:
                    undeclared.add(f"{path.relative_to(ROOT)} {top}")
    assert not undeclared, "\n".join(sorted(undeclared))


def test_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
