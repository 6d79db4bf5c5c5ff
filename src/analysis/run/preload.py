"""What a fork server has ready before the first run: imports and compiled kernels."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.i18n import LANGUAGES, catalogue
from analysis.run.stub import skip_rfc3987

MODULES = (
    "papermill",
    "nbclient",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "ipykernel.subshell_manager",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "semopy",
    "semopy.inspector",
    "sklearn.covariance",
    "encodings.gb18030",
    "encodings.cp1252",
    "encodings.utf_8_sig",
    "analysis.run.session",
    "analysis.run.execute",
    "analysis.run.batch.perform",
)
TABLES = (
    ("analysis.report.criteria", "criteria"),
    ("analysis.report.references", "bibliography"),
    ("analysis.report.html", "environment"),
    ("analysis.run.record", "versions"),
)
"""Functions that read a file once and keep what it says."""


def preload() -> None:
    """Import what runs need, load the sentences and the compiled kernels; ends with one thread.

    Kernels of factor models are compiled here if they never were on this machine, others by the
    run that needs them. Nothing of this is ever collected, here or in children, so that they
    share its memory.
    """
    gc.disable()
    skip_rfc3987()
    for name in MODULES:
        import_module(name)
    for language in LANGUAGES:
        catalogue(language)
    for module, table in TABLES:
        getattr(import_module(module), table)()
    import_module("analysis.sem.resampling").warm()
    for kernel in outermost(list(kernels())):
        load_compiled(kernel)
    gc.freeze()
    gc.enable()


def read_answers(folder: Path) -> None:
    """Read a study's answers for all children; what goes wrong is left to the run that meets it."""
    data, large = import_module("analysis.data"), import_module("analysis.run.large")
    with suppress(AnalysisError, OSError):
        study = data.load_study(folder)
        if study.has_rows and not large.is_large(study):
            data.keep_answers(study)
            gc.freeze()


def kernels() -> Iterator[Any]:
    """Every compiled function of this package that is imported."""
    dispatcher = import_module("numba.core.dispatcher").Dispatcher
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "analysis":
            continue
        for found in list(vars(module).values()):
            if isinstance(found, dispatcher) and id(found) not in seen:
                seen.add(id(found))
                yield found


def outermost(known: Sequence[Any]) -> list[Any]:
    """The kernels that no other kernel calls: their machine code contains that of the others."""
    functions = [kernel.py_func for kernel in known]
    called = {id(f.__globals__.get(name)) for f in functions for name in f.__code__.co_names}
    return [kernel for kernel in known if id(kernel) not in called]


def load_compiled(kernel: Any) -> int:
    """Load what the disk holds of a kernel's machine code; how many versions that were."""
    try:
        known = [key[0] for key in kernel._cache._cache_file._load_index()]
    except (AttributeError, OSError, TypeError, IndexError):
        return 0  # not cached, or another Numba keeps it otherwise
    for signature in known:
        kernel.compile(signature)
    return len(known)
