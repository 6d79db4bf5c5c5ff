"""Quick start of the notebook tools."""

from __future__ import annotations

import sys
from typing import Any


def skip_rfc3987() -> None:
    """Let ``jsonschema`` do without ``rfc3987_syntax``, whose import takes seconds.

    It compiles a grammar. Only the format ``iri`` goes unchecked then, which no Jupyter schema
    uses. To be called before papermill, nbformat or nbconvert are imported; does nothing where it
    is already imported.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("rfc3987_syntax", None)
