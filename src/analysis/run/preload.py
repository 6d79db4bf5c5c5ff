"""What a fork server has ready before the first run: imports and compiled kernels."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

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
    "semopy",
    "semopy.inspector",
    "statsmodels.api",
    "sklearn.covariance",
    "encodings.gb18030",
    "encodings.cp1252",
    "encodings.utf_8_sig",
    "analysis.run.session",
    "analysis.run.execute",
    "analysis.run.batch.perform",
)


def preload() -> None:
    """Import what runs need, load the sentences and the compiled kernels; ends with one thread.

    Kernels that were never compiled on this machine are left to the run that needs them.
    """
    skip_rfc3987()
    for name in MODULES:
        import_module(name)
    for language in LANGUAGES:
        catalogue(language)
    import_module("analysis.sem.resampling").warm()
    for kernel in kernels():
        load_compiled(kernel)
    gc.collect()
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


def load_compiled(kernel: Any) -> int:
    """Load what the disk holds of a kernel's machine code; how many versions that were."""
    try:
        known = [key[0] for key in kernel._cache._cache_file._load_index()]
    except (AttributeError, OSError, TypeError, IndexError):
        return 0  # not cached, or another Numba keeps it otherwise
    for signature in known:
        kernel.compile(signature)
    return len(known)
