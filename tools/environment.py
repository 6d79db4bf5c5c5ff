"""Write environment.yml from pyproject.toml; ``--check`` only says whether it is up to date."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Not on conda-forge under the same name, or not at all.
BY_PIP = ("semopy", "types-")


def environment(pyproject: str) -> str:
    """The text of environment.yml for the text of pyproject.toml."""
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["parquet"], *extras["dev"]]
    needed = sorted(need for need in needed if not need.startswith(project["name"]))
    conda = [need for need in needed if not need.startswith(BY_PIP)]
    pip = [need for need in needed if need.startswith(BY_PIP)]
    return "\n".join(
        [
            "# Made from pyproject.toml by tools/environment.py",
            f"name: {project['name']}",
            "channels:",
            "  - conda-forge",
            "  - nodefaults",
            "dependencies:",
            f"  - python{project['requires-python']}",
            "  - pip",
            *(f"  - {need}" for need in conda),
            "  - pip:",
            *(f"      - {need}" for need in pip),
            "      - -e .",
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    text = environment((ROOT / "pyproject.toml").read_text("utf-8"))
    target = ROOT / "environment.yml"
    if arguments == ["--check"]:
        if target.exists() and target.read_text("utf-8") == text:
            return 0
        print("environment.yml is out of date: run python3 tools/environment.py", file=sys.stderr)
        return 1
    target.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
