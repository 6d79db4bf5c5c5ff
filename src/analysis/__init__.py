"""Evidence on customer loyalty: survey answers or a published matrix in, a cited report out.

The names below are the public interface; each is imported when it is first used, so that
``import analysis`` stays quick. Notebooks need nothing else than this module.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

# One thread: the matrices are small, and results must not depend on the number of cores.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

try:
    __version__ = version("loyalty-sem")
except PackageNotFoundError:
    __version__ = "0+unknown"

if TYPE_CHECKING:
    from analysis.data import find_root, list_studies, load_codebook, load_study, read_survey
    from analysis.run.session import Session, start
    from analysis.sem import Moments, Outcome, Solution
    from analysis.sem import sem as fit
    from analysis.syntax import parse_model, partable

_RENAMED = {"fit": "sem"}  # ``analysis.sem`` is the package of that name
_HOMES = {
    "Moments": "analysis.sem",
    "Outcome": "analysis.sem",
    "Session": "analysis.run.session",
    "Solution": "analysis.sem",
    "find_root": "analysis.data",
    "fit": "analysis.sem",
    "list_studies": "analysis.data",
    "load_codebook": "analysis.data",
    "load_study": "analysis.data",
    "parse_model": "analysis.syntax",
    "partable": "analysis.syntax",
    "read_survey": "analysis.data",
    "start": "analysis.run.session",
}

__all__ = [
    "Moments",
    "Outcome",
    "Session",
    "Solution",
    "__version__",
    "find_root",
    "fit",
    "list_studies",
    "load_codebook",
    "load_study",
    "parse_model",
    "partable",
    "read_survey",
    "start",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}") from None
    value = getattr(import_module(home), _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
