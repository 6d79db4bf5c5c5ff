"""Papermill's engine ``warm``: the usual one, with kernels that start warm.

``papermill --engine warm in.ipynb out.ipynb`` uses it; so do the runs of this package.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from papermill.engines import NBClientEngine

from analysis.run import kernel, publish, warm


class WarmEngine(NBClientEngine):  # type: ignore[misc]
    """Runs a notebook in a kernel forked from a process that has everything imported."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, keep: list[Any] | None = None, **options: Any
    ) -> None:
        """Run the cells; see papermill.

        ``kernel_manager_class`` replaces the warm kernel; ``keep`` receives the notebook, which is
        then there as far as it came also when an exception ends the run.
        """
        if keep is not None:
            keep.append(nb_man.nb)
        if "kernel_manager_class" in options:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
            return
        with publish.workshop(Path(tempfile.gettempdir())) as folder:
            kinds = kernel.manager_class(
                folder=folder, env=os.environ, server=warm.server(), exact=False
            )
            super().execute_managed_notebook(
                nb_man, kernel_name, kernel_manager_class=kinds, **options
            )
