"""What a run was made from and how it ended: digests, versions, ``run.json``."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from analysis.errors import Message

SCHEMA = 1
Status = Literal["ok", "failed"]

PACKAGES = (
    "loyalty-sem",
    "numpy",
    "scipy",
    "pandas",
    "semopy",
    "matplotlib",
    "papermill",
    "nbclient",
    "nbconvert",
)
SOURCE_SUFFIXES = (".py", ".toml", ".css", ".js", ".j2", ".svg")
KEY_DIGITS = 12


@dataclass(frozen=True)
class Failure:
    """Why a run failed; ``step`` is a heading.

    ``kind`` is error, timeout, dead (the kernel), incomplete, changed (data or source while it
    ran), lost (the whole worker) or disk.
    """

    kind: str
    step: str
    name: str
    text: str
    cell: int | None = None


@dataclass(frozen=True)
class RunRecord:
    """One run as ``run.json`` holds it.

    ``key`` is the digest of everything the evidence depends on, ``evidence_digest`` that of the
    evidence's files. ``kernel`` says how it started, forked or ordinary. Times are in seconds and
    stand here only, never in evidence.
    """

    run: str
    key: str
    status: Status
    outcome: str
    study: str
    notebook: str
    model: str
    language: str
    title: str
    study_title: str = ""
    simulated: bool = False
    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    git: Mapping[str, str | bool] | None = None
    started: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    evidence: tuple[str, ...] = ()
    evidence_digest: str = ""
    kernel: str = ""
    attempts: int = 1
    measures: Mapping[str, float | None] = field(default_factory=dict)
    n: int | None = None
    estimator: str = ""
    verdict: str = "none"
    superseded: bool = False
    schema: int = SCHEMA

    def to_json(self) -> str:
        """The text of ``run.json``."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def sha256(data: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(data).hexdigest()


def digest_files(files: Mapping[str, Path]) -> str:
    """Digest of several files by name, independent of where they lie."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(name.encode() + b"\0" + sha256(files[name].read_bytes()).encode() + b"\0")
    return total.hexdigest()


def study_digests(folder: Path, model: Path | None) -> dict[str, str]:
    """Digests of a study's codebook, data and model file."""
    files = {
        str(path.relative_to(folder).as_posix()): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith((".", "~"))
    }
    data = {
        name: path
        for name, path in files.items()
        if name != "codebook.toml" and "/" not in name and path.suffix != ".md"
    }
    found = {"data": digest_files(data)}
    if "codebook.toml" in files:
        found["codebook"] = digest_files({"codebook.toml": files["codebook.toml"]})
    if model is not None:
        found["model"] = digest_files({"model": model})
    return found


def source_digest() -> str:
    """Digest of this package's source and sentences as they are on disk now."""
    home = Path(__file__).parents[1]
    found = {
        path.relative_to(home).as_posix(): path
        for path in home.rglob("*")
        if path.suffix in SOURCE_SUFFIXES
    }
    return digest_files(found)


@cache
def package_digest() -> str:
    """Digest of this package's source and sentences, as first asked for."""
    return source_digest()


def folder_digest(folder: Path) -> str:
    """Digest of the files in a folder by name; of nothing if there is no folder."""
    return digest_files({p.name: p for p in folder.iterdir()} if folder.is_dir() else {})


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """The record of a complete good run with this key in ``folder``, or nothing.

    Strict: the evidence must still be what the record says, and the report must be there.
    """
    record = read_record(folder / "run.json")
    if record is None or record.get("status") != "ok" or record.get("key") != key:
        return None
    whole = (folder / "report.html").is_file() and (folder / "executed.ipynb").is_file()
    same = folder_digest(folder / "evidence") == record.get("evidence_digest")
    return record if whole and same else None


def read_record(path: Path) -> dict[str, Any] | None:
    """The record in a ``run.json``, or nothing where there is none that can be read."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    good = isinstance(content, dict) and content.get("schema") == SCHEMA
    return content if good else None


def notebook_digest(notebook: Any) -> str:
    """Digest of the cells' sources; outputs and metadata do not count."""
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    return sha256(json.dumps(cells, ensure_ascii=False).encode())


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def run_key(parameters: Mapping[str, object], digests: Mapping[str, str]) -> str:
    """Digest of everything the evidence depends on."""
    content = {
        "parameters": dict(parameters),
        "digests": dict(digests),
        "package": version("loyalty-sem"),
    }
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def run_name(notebook: str, model: str, parameters: Mapping[str, object], key: str) -> str:
    """Folder name of a run: what it is in words, then the beginning of its key."""
    words = [notebook, model]
    told = ("brand", "channel", "wave", "group", "estimator")
    words += [str(parameters[name]) for name in told if parameters.get(name)]
    words += [name for name in ("ordered", "weights") if parameters.get(name)]
    if parameters.get("language", "en") != "en":
        words.append(str(parameters["language"]))
    slug = "-".join(
        filter(None, (re.sub(r"[^a-z0-9_]+", "_", w.lower()).strip("_") for w in words))
    )
    return f"{slug[:50].rstrip('-_')}-{key[:KEY_DIGITS]}"


def git_state(root: Path) -> dict[str, str | bool] | None:
    """Commit and whether files differ from it, where ``root`` is a git checkout with a commit."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "changed": bool(changed)}


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("git", "-C", str(root), *arguments),
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout.strip()


def read_records(reports: Path) -> list[dict[str, Any]]:
    """All records below ``reports/<study>/<run>/run.json``, oldest first; broken ones are skipped.

    A run with the parameters of a later one (made from other data, model or code) is marked as
    superseded. ``path`` is the run's folder below ``reports``.
    """
    found: list[dict[str, Any]] = []
    for path in sorted(reports.glob("*/*/run.json")):
        if path.parent.name.startswith("."):
            continue
        content = read_record(path)
        if content is not None:
            content["path"] = path.parent.relative_to(reports).as_posix()
            found.append(content)
    found.sort(key=lambda record: (str(record.get("started")), str(record.get("path"))))
    latest: dict[str, int] = {}
    for number, record in enumerate(found):
        latest[_slot(record)] = number
    for number, record in enumerate(found):
        record["superseded"] = latest[_slot(record)] != number
    return found


def _slot(record: Mapping[str, Any]) -> str:
    return json.dumps([record.get("notebook"), record.get("parameters")], sort_keys=True)


def failure_message(failure: Failure) -> str:
    """The failure in one English line for logs."""
    return Message(
        "run.cell_failed", {"step": failure.step, "error": failure.text or failure.name}
    ).text()
