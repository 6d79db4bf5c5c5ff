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
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile ``function``: dividing by zero gives inf as in NumPy, and other threads may run.

    No fast-math: sums keep their order, so results do not depend on how loops are vectorized.
    """
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = before or str(cache_folder())
    try:
        return cast(F, numba.njit(cache=True, error_model="numpy", nogil=True)(function))
    finally:
        config.CACHE_DIR = before


def inlined(function: F) -> F:
    """Compile ``function`` into each kernel that calls it: for loops too short for a call."""
    return cast(F, numba.njit(error_model="numpy", nogil=True, inline="always")(function))


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
