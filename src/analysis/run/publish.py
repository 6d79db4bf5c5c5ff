"""Folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

PREFIX = ".making-"
CLAIM = ".claim-"
OWNER = ".owner"
AT_FDCWD = -100
RENAME_EXCHANGE = 2


@contextlib.contextmanager
def workshop(parent: Path) -> Iterator[Path]:
    """A private folder inside ``parent`` to prepare a result in; gone afterwards.

    Folders that killed processes left behind are removed on the way: their owner's lock is free.
    """
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    folder, owner = _claim(parent)
    with owner:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _claim(parent: Path) -> tuple[Path, IO[str]]:
    """A new folder and its locked owner file; another try when a sweep came in between."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        owner = (folder / OWNER).open("w")
        if _lock(owner, wait=False) and (folder / OWNER).exists():
            return folder, owner
        owner.close()


def sweep(parent: Path) -> None:
    """Remove the workshops of dead processes."""
    if sys.platform == "win32":
        return
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            with (folder / OWNER).open() as owner:
                if not _lock(owner, wait=False):
                    continue
        except OSError:
            continue  # being made or being removed by somebody else
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock on the file ``path`` and hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        _lock(handle, wait=True)
        yield


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Wait for the claim on the name ``path`` and hold it; the file is gone afterwards.

    Whoever waited may find the work done, and has to look.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a") as handle:
            _lock(handle, wait=True)
            if not _same_file(handle, path):
                continue  # the one before us removed it
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def sweep_claims(parent: Path) -> None:
    """Remove the claims of dead processes."""
    for path in parent.glob(f"{CLAIM}*"):
        with contextlib.suppress(FileNotFoundError), path.open("r+") as handle:
            if _lock(handle, wait=False) and _same_file(handle, path):
                path.unlink(missing_ok=True)


def _same_file(handle: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def publish(prepared: Path, target: Path) -> None:
    """Put the folder ``prepared`` at ``target`` in one step, replacing what is there.

    Everything is on disk before the name appears. A reader sees the old folder or the new one.
    """
    for path in sorted(prepared.rglob("*"), reverse=True):
        _sync(path)
    _sync(prepared)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        prepared.rename(target)
    elif _exchange(prepared, target):
        shutil.rmtree(prepared, ignore_errors=True)
    else:
        aside = prepared.with_name(prepared.name + ".old")
        target.rename(aside)
        prepared.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    _sync(target.parent)


def replace(prepared: Path, target: Path) -> None:
    """Put the file ``prepared`` at ``target`` in one step."""
    _sync(prepared)
    target.parent.mkdir(parents=True, exist_ok=True)
    prepared.replace(target)


def write_text(path: Path, content: str) -> None:
    """Write a file whole: readers see the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: object) -> None:
    """Write JSON whole, readable, in the order given."""
    write_text(path, as_json(content))


def as_json(content: object) -> str:
    """Readable JSON text, in the order given."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _lock(handle: IO[str], *, wait: bool) -> bool:
    """Take an exclusive lock that the system frees when the process ends."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can (Linux); False where it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = rename(
        AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), ctypes.c_uint(RENAME_EXCHANGE)
    )
    return bool(done == 0)
