from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import pytest

from analysis.report import Column, Evidence, Figure, Notice, Table, Verdict, from_payload
from analysis.report.payload import MIME, rounded

EVIDENCE = Evidence(
    id="demo",
    title="Demo",
    table=Table("t", "T", (Column("a", "A"), Column("b", "B", "number")),
                (("x", 1 / 3), ("y", nan)), marks=((0, 1, "a"),), kinds=((1, 1, "p"),)),
    figure=Figure("f", "F", "<svg xmlns='http://www.w3.org/2000/svg'/>", "nothing to see"),
    verdict=Verdict("mixed", ("So so.",), ("hu1999",)),
    paragraphs=("Words.",),
    citations=("kline2016", "hu1999"),
    notices=(Notice("warning", "s", "c", "r"),),
    stamps=("SIMULATED",),
    heading=2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1 / 3, 0.33333333), (1e-11, 0.0), (-1e-11, 0.0), (nan, None), (inf, None), (12, 12),
     (123456789.123, 123456790.0), ("x", "x"), (None, None)],
)  # fmt: skip
def test_rounding(value: Any, expected: Any) -> None:
    assert rounded(value) == expected


def test_round_trip() -> None:
    payload = json.loads(json.dumps(EVIDENCE.to_payload(), allow_nan=False))
    again = from_payload(payload)
    assert again.to_payload() == payload
    assert again.heading == 2
    assert again.all_citations == ("kline2016", "hu1999")


def test_bundle() -> None:
    bundle = EVIDENCE._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", MIME}
    assert bundle["text/plain"] == "Demo [2 x 2] (Mixed)"


def test_files() -> None:
    assert EVIDENCE.to_csv() == "a,b\nx,0.33333333\ny,\n"
    assert EVIDENCE.to_svg().startswith('<?xml version="1.0"')
    assert Evidence("x", "X").to_csv() == Evidence("x", "X").to_svg() == ""


def changed(**parts: Any) -> dict[str, Any]:
    return {**EVIDENCE.to_payload(), **parts}


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"schema": 99},
        changed(title=5),
        changed(paragraphs="text"),
        changed(paragraphs=[{"html": "<script>"}]),
        changed(verdict={"level": "splendid"}),
        changed(table={"key": "k", "title": "t", "columns": [{"kind": "html"}], "rows": []}),
        changed(table={"key": "k", "title": "t", "columns": [], "rows": [["x"]]}),
        changed(table={"key": "k", "title": "t", "columns": [{"key": "a", "label": "a",
                       "kind": "text", "note": "", "group": ""}], "rows": [[{"x": 1}]]}),
        changed(figure={"key": "k", "title": "t", "svg": "<svg/>", "alt": ""}),
        changed(heading=True),
    ],
)  # fmt: skip
def test_other_payloads_are_refused(payload: object) -> None:
    with pytest.raises(ValueError):
        from_payload(payload)
