"""Tables on a terminal stay aligned, also in Chinese."""

from __future__ import annotations

from analysis.report import Column, Evidence, Notice, Table
from analysis.run.terminal import document, table_lines, width

TABLE = Table(
    "t",
    "路径系数",
    (
        Column("path", "路径"),
        Column("b", "估计值", "number", 2, group="非标准化"),
        Column("p", "⟦p⟧", "p", group="非标准化"),
    ),
    (("服务质量", 0.5, 0.0001), ("quality", -12.25, 0.04)),
    notes=("a|大", "注"),
    marks=((1, 1, "a"),),
    groups=((1, "忠诚"),),
)


def test_columns_stand_under_each_other() -> None:
    lines = table_lines(TABLE, "zh")
    body = [line for line in lines if line.startswith(("服务质量", "quality"))]
    assert width(body[0]) == width(body[1])
    assert [width(line.split("<")[0]) for line in body[:1]]
    assert lines[0] == "路径系数"
    assert "忠诚" in lines
    assert "−12.25a" in body[1]
    assert lines[-2:] == ["a 大", "注"]


def test_a_shared_stamp_is_said_once() -> None:
    notice = Notice("error", "symptom", remedy="remedy")
    pieces = [
        Evidence("a", "A", table=TABLE, stamps=("SIMULATED",)),
        Evidence("b", "B", paragraphs=("words",), notices=(notice,), stamps=("SIMULATED",)),
    ]
    said = document(pieces)
    assert said.count("SIMULATED") == 1
    assert "symptom remedy" in said
    assert said.endswith("B\nwords")
