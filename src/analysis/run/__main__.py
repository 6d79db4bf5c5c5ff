"""The command ``loyalty``, also ``python -m analysis.run``.

A batch's fork server starts before the command line itself is imported: each takes seconds.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

from analysis.run.warm import server_soon

NOTHING_TO_FORK = ("--cold", "--dry-run", "--cluster", "--help", "-h")


def main() -> None:
    """Run the command line; see ``analysis.run.cli``."""
    given = sys.argv[1:]
    if "batch" in given and not any(word.startswith(NOTHING_TO_FORK) for word in given):
        server_soon()
    gc.disable()
    command_line = import_module("analysis.run.cli")
    gc.enable()
    command_line.main()


if __name__ == "__main__":
    main()
