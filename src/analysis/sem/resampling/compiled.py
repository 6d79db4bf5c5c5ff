"""How kernels are compiled: at their first call, once per machine and version of the source.

A kernel is plain Python over arrays; Numba turns it into machine code when it is first called. It
keeps that code in a folder named by a digest of all kernels, because Numba itself notices changes
of a kernel's own file only, not of the kernels it calls in other files.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache, update_wrapper
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])
PACKAGE = "analysis."


class Kernel:
    """Stands for a kernel until one is called: Numba takes half a second to import."""

    waiting: list[Kernel] = []  # noqa: RUF012
    lock = Lock()

    def __init__(self, function: Callable[..., object], options: dict[str, Any]) -> None:
        self.function, self.options = function, options
        self.compiled: Callable[..., object] | None = None
        update_wrapper(self, function)
        Kernel.waiting.append(self)

    def __call__(self, *arguments: object) -> object:
        if self.compiled is None:
            compile_waiting()
        assert self.compiled is not None
        return self.compiled(*arguments)


def kernel(function: F) -> F:
    """Compile ``function``: dividing by zero gives inf as in NumPy, and other threads may run.

    No fast-math: sums keep their order, so results do not depend on how loops are vectorized.
    """
    return cast(F, Kernel(function, {"cache": True}))


def pure(function: F) -> F:
    """Compile ``function``, which makes no arrays and so need not count who uses them.

    Counting costs more than a short kernel does.
    """
    return cast(F, Kernel(function, {"cache": True, "_nrt": False}))


def compile_waiting() -> None:
    """Put Numba's functions in the place of all kernels that wait, wherever they are imported."""
    with Kernel.lock:
        numba: Any = import_module("numba")
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = before or str(cache_folder())
        try:
            import_module("analysis.sem.resampling.instructions")
            for one in Kernel.waiting:
                wrap = numba.njit(error_model="numpy", nogil=True, **one.options)
                one.compiled = wrap(one.function)
        finally:
            numba.config.CACHE_DIR = before
        Kernel.waiting.clear()
        for name, module in list(sys.modules.items()):
            if name.startswith(PACKAGE):
                for key, value in list(vars(module).items()):
                    if isinstance(value, Kernel) and value.compiled is not None:
                        setattr(module, key, value.compiled)


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: beside the source, else in the user's cache folder."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    beside = here / "__pycache__"
    folder = (beside if _writable(beside) else _user_cache()) / name
    return folder


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _user_cache() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "loyalty-sem"
