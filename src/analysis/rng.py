"""Random numbers: one ``SeedSequence`` tree, so that no result depends on the number of workers."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A generator for one purpose, named by ``path`` below the root ``seed``.

    The same seed and path give the same stream whatever else was drawn before.
    """
    keys = tuple(p if isinstance(p, int) else zlib.crc32(p.encode("utf-8")) for p in path)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=keys)))
