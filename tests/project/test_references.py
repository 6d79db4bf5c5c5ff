"""Every citation key that code, notebooks or documents use is in docs/references.bib."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIB = (ROOT / "docs" / "references.bib").read_text("utf-8")
KEYS = re.findall(r"^@\w+\{(\w+),$", BIB, re.M)
USED = re.compile(r"\b[a-z]{3,}(?:19|20)\d\d[a-z]?\b")
CITING = ("src/**/*.py", "src/**/*.toml", "notebooks/*.ipynb", "docs/*.md", "data/raw/**/*.toml")


def test_no_citation_is_unknown() -> None:
    unknown = [
        f"{path.relative_to(ROOT)}: {key}"
        for pattern in CITING
        for path in sorted(ROOT.glob(pattern))
        for key in sorted(set(USED.findall(path.read_text("utf-8"))) - set(KEYS))
    ]
    assert unknown == []


def test_bibliography_is_sorted_and_complete() -> None:
    assert sorted(set(KEYS)) == KEYS
    for entry in BIB.split("\n\n"):
        assert {"author", "year", "title"} <= set(re.findall(r"^  (\w+) = \{.+\},$", entry, re.M))
