"""Studies: where they live, what they hold."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from analysis.data.codebook import Codebook, Hypothesis, ModelNote
from analysis.data.codebook_file import load_codebook
from analysis.data.names import NO_LABEL, Label, listed, nearest, shown_value
from analysis.data.privacy import pseudonym_key
from analysis.data.published import PublishedMatrix, load_published
from analysis.data.side_table import SideData, read_side_table
from analysis.data.survey import Survey
from analysis.data.survey_file import read_survey
from analysis.errors import InputError, message

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".sav", ".dta", ".parquet")
_STUDY_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_COMMENT = re.compile(r"\s*[#!]\s?(?:(en|zh)\s*[:：]\s*)?(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class StudyModel:
    """A model of a study: its text, and what to call it."""

    name: str
    text: str
    path: Path
    title: Label = NO_LABEL
    description: Label = NO_LABEL
    hypotheses: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study; ``data`` is read when first asked for."""

    name: str
    folder: Path
    codebook: Codebook
    models: Mapping[str, StudyModel] = field(default_factory=dict)

    @property
    def citation(self) -> str:
        """How to cite the data."""
        return self.codebook.citation

    @property
    def simulated(self) -> bool:
        """Whether the data were drawn from a population model."""
        return self.codebook.simulated

    @cached_property
    def data_path(self) -> Path:
        """The file with the answers, or with the published moments."""
        return _data_path(self.folder, self.codebook)

    @property
    def has_rows(self) -> bool:
        """Whether there are answers (else published moments only)."""
        return self.data_path.suffix != ".toml"

    @cached_property
    def data(self) -> Survey | PublishedMatrix:
        """The answers or the published moments, validated.

        Raises
        ------
        InputError
            With every problem of the file.
        """
        if self.has_rows:
            return read_survey(self.data_path, self.codebook)
        return load_published(self.data_path, self.codebook)

    def table(self, name: str) -> SideData:
        """A further file of the study, ``[tables.<name>]`` in the codebook.

        Raises
        ------
        InputError
            If there is no such table, or it cannot be read.
        """
        return read_side_table(self.folder, self.codebook, name)

    @property
    def default_model(self) -> str:
        """The model to run if none is named ("" if the study has none)."""
        wanted = self.codebook.default_model or ("core" if "core" in self.models else "")
        return wanted or next(iter(self.models), "")

    def model(self, name: str = "") -> StudyModel:
        """A model by name, the default one without a name.

        Raises
        ------
        InputError
            If there is no such model; lists the models there are.
        """
        wanted = name or self.default_model
        if wanted not in self.models:
            near = nearest(wanted, self.models) or tuple(self.models)
            raise InputError(
                message(
                    "data.model_unknown",
                    model=shown_value(wanted),
                    study=self.name,
                    near=listed(near),
                )
            )
        return self.models[wanted]


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A line of the list of studies; ``problem`` says why a study cannot be used."""

    name: str
    folder: Path
    title: Label
    simulated: bool
    kind: Literal["answers", "moments", "none"]
    n: int | None
    models: tuple[str, ...]
    citation: str
    problem: str = ""


def find_root() -> Path:
    """The folder that holds ``data/raw``.

    ``LOYALTY_ROOT`` if set, else the current folder or the nearest parent with ``data/raw``, else
    the checkout that the package sits in.

    Raises
    ------
    InputError
        If none of them holds ``data/raw``.
    """
    stated = os.environ.get("LOYALTY_ROOT", "")
    if stated:
        root = Path(stated).expanduser()
        if not (root / "data" / "raw").is_dir():
            raise InputError(message("data.root_wrong", root=stated))
        return root.resolve()
    here = Path.cwd()
    checkout = Path(__file__).resolve().parents[3]
    for folder in (here, *here.parents, checkout):
        if (folder / "data" / "raw").is_dir():
            return folder
    raise InputError(message("data.root_missing"))


def load_study(name_or_path: str | Path) -> Study:
    """A study by name (in ``data/raw``) or by its folder.

    Raises
    ------
    InputError
        If there is no such study (lists the studies), or its codebook or models are broken.
    """
    folder = _folder(name_or_path)
    known = _known(folder)
    if known is not None:
        return known
    codebook = load_codebook(folder / "codebook.toml")
    models = _models(folder, codebook)
    problems = [
        message("data.model_unknown", model=model, study=codebook.name, near=listed(models))
        for model in dict.fromkeys([codebook.default_model, *codebook.models])
        if model and model not in models
    ]
    if problems:
        raise InputError(problems)
    return Study(codebook.name, folder, codebook, models)


_kept: dict[Path, tuple[str, tuple[bytes, bool], Study]] = {}


def keep_answers(study: Study) -> None:
    """Read the answers now, for every later ``load_study`` in this process and those it forks.

    They hold as long as no file of the study changes and ids get the same pseudonyms; every
    caller has a copy.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    before = _fingerprint(study.folder)
    fresh = load_study(study.folder)
    if isinstance(fresh.data, Survey) and _fingerprint(study.folder) == before:
        _kept[study.folder.resolve()] = before, pseudonym_key(), fresh


def _known(folder: Path) -> Study | None:
    """The study in ``folder`` with a copy of its kept answers, unless something has changed."""
    if (place := folder.resolve()) not in _kept:
        return None
    digest, key, study = _kept[place]
    if digest != _fingerprint(folder) or key != pseudonym_key():
        del _kept[place]
        return None
    data = study.data
    assert isinstance(data, Survey)
    mine = replace(study, folder=folder)
    vars(mine)["data"] = replace(data, frame=data.frame.copy())
    return mine


def _fingerprint(folder: Path) -> str:
    """Digest of the codebook, the models and all files beside them."""
    total = hashlib.sha256()
    for path in sorted((*folder.iterdir(), *folder.glob("models/*.lav"))):
        if path.is_file():
            total.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def list_studies(root: Path | None = None) -> tuple[StudySummary, ...]:
    """All studies below ``data/raw``, by name; broken ones carry their problem."""
    raw = (root or find_root()) / "data" / "raw"
    folders = sorted(f for f in raw.iterdir() if (f / "codebook.toml").is_file())
    return tuple(_summary(folder) for folder in folders)


def _folder(name_or_path: str | Path) -> Path:
    given = str(name_or_path)
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or "/" in given or os.sep in given:
        if not (path / "codebook.toml").is_file():
            raise InputError(message("data.study_folder", folder=path.name))
        return path.resolve()
    raw = find_root() / "data" / "raw"
    known = sorted(f.name for f in raw.iterdir() if (f / "codebook.toml").is_file())
    if given not in known or not _STUDY_NAME.fullmatch(given):
        near = nearest(given, known) or tuple(known)
        raise InputError(
            message("data.study_unknown", study=shown_value(given), near=listed(near, limit=30))
        )
    return raw / given


def _data_path(folder: Path, codebook: Codebook) -> Path:
    stated = codebook.options.file or codebook.options.moments
    if stated:
        path = folder / stated
        if not path.is_file():
            here = [f.name for f in sorted(folder.iterdir()) if f.suffix in SUFFIXES]
            raise InputError(
                message("data.file_missing", file=stated, study=codebook.name, near=listed(here))
            )
        return path
    found = [f for f in sorted(folder.glob("answers.*")) if f.suffix.lower() in SUFFIXES]
    if (folder / "moments.toml").is_file():
        found.append(folder / "moments.toml")
    if len(found) != 1:
        names = listed(f.name for f in found) or "–"
        code = "data.file_ambiguous" if found else "data.file_none"
        raise InputError(message(code, study=codebook.name, files=names))
    return found[0]


def _models(folder: Path, codebook: Codebook) -> dict[str, StudyModel]:
    models = {}
    for path in sorted((folder / "models").glob("*.lav")):
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(
                message("data.toml_encoding", file=path.name, line=error.start)
            ) from None
        note = codebook.models.get(path.stem, ModelNote(path.stem))
        title, description = model_heading(text)
        models[path.stem] = StudyModel(
            name=path.stem, text=text, path=path,
            title=(note.title or title).or_else(path.stem),
            description=note.description or description, hypotheses=note.hypotheses,
        )  # fmt: skip
    return models


def model_heading(text: str) -> tuple[Label, Label]:
    """Title and description from the comment lines that head a model file."""
    said: dict[str, list[str]] = {"en": [], "zh": []}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _COMMENT.match(line)
        if match is None:
            break
        for language in (match[1],) if match[1] else ("en", "zh"):
            said[language].append(match[2])
    title = Label(*(said[language][0] if said[language] else "" for language in ("en", "zh")))
    rest = Label(*(" ".join(said[language][1:]).strip() for language in ("en", "zh")))
    return title, rest


def _summary(folder: Path) -> StudySummary:
    """From the file's head only: no validation, so that the list is quick."""
    try:
        tables = tomllib.loads((folder / "codebook.toml").read_bytes().decode("utf-8-sig"))
        study = tables.get("study")
        study = study if isinstance(study, dict) else {}
        title = study.get("title", folder.name)
        problem = ""
    except (OSError, ValueError, RecursionError) as error:
        study, title, problem = {}, folder.name, shown_value(error, limit=120)
    label = (
        Label(str(title.get("en", "")), str(title.get("zh", "")))
        if isinstance(title, dict)
        else Label(str(title), str(title))
    )
    kind, n = _kind(folder)
    models = tuple(p.stem for p in sorted((folder / "models").glob("*.lav")))
    return StudySummary(
        name=folder.name, folder=folder, title=label.or_else(folder.name),
        simulated=study.get("simulated") is True, kind=kind, n=n, models=models,
        citation=str(study.get("citation", "")), problem=problem,
    )  # fmt: skip


def _kind(folder: Path) -> tuple[Literal["answers", "moments", "none"], int | None]:
    moments = folder / "moments.toml"
    if any(f.suffix.lower() in SUFFIXES for f in folder.glob("answers.*")):
        return "answers", None
    if not moments.is_file():
        return "none", None
    with moments.open("rb") as stream:
        match = re.search(rb"^\s*n\s*=\s*(\d+)", stream.read(4000), re.MULTILINE)
    return "moments", int(match[1]) if match else None
