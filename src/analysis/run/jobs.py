"""From checked choices to jobs: the notebook in the reader's language, digests of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from analysis.errors import InputError, message
from analysis.run import notebook
from analysis.run.execute import Job
from analysis.run.notebook import Notebook
from analysis.run.record import notebook_digest, package_digest, study_digests
from analysis.run.resolve import Choice

T = TypeVar("T")


@dataclass(frozen=True)
class JobMaker:
    """Makes the jobs of a project; reads each notebook and each study's files once."""

    root: Path
    known: dict[object, object] = field(default_factory=dict)

    def job(self, choice: Choice) -> Job:
        """The run of a checked choice."""
        language, model = choice.params.language, choice.model
        template, source = self._once(
            (choice.notebook, language), lambda: self._template(choice.notebook, language)
        )
        inputs = self._once(
            (choice.study.folder, model.path),
            lambda: study_digests(choice.study.folder, model.path),
        )
        return Job(
            notebook=choice.notebook,
            template=template,
            parameters={**choice.params.model_dump(), "model": model.name},
            study=choice.study.name,
            model=model.name,
            language=language,
            digests={**inputs, "notebook": source, "package": package_digest()},
            study_title=choice.study.codebook.title[language],
            simulated=choice.study.simulated,
            folder=choice.study.folder,
            model_file=model.path,
        )

    def _template(self, name: str, language: str) -> tuple[Notebook, str]:
        """The notebook without outputs, and its digest."""
        stored = notebook.read(notebook_path(name, self.root))
        for cell in stored.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        template = notebook.translated(stored, language)
        return template, notebook_digest(template)

    def _once(self, key: object, make: Callable[[], T]) -> T:
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]  # type: ignore[return-value]


def notebook_path(name: str, root: Path) -> Path:
    """Where a notebook lies: in the project, else in the checkout that the package sits in."""
    homes = (root, Path(__file__).resolve().parents[3])
    found = [home / "notebooks" / f"{name}.ipynb" for home in homes]
    for path in found:
        if path.is_file():
            return path
    raise InputError(message("run.notebook_missing", path=shown(found[0])))


def shown(path: Path) -> str:
    """A path as short as it can be named from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
