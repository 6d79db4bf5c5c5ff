"""Path diagrams: what they show, and that nothing covers anything else."""

from __future__ import annotations

import re
from itertools import combinations
from math import nan
from xml.etree import ElementTree

import numpy as np
import pytest

from analysis import report
from analysis.report import Labels
from analysis.report.path_drawing import paint
from analysis.report.path_layout import Link, Size, place, ranks, spaced
from analysis.report.path_model import Arrow, Curve, Item, Node, Picture
from analysis.report.svg import standalone, text_width, wrap
from analysis.sem import Solution

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(SVG + tag))


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "nan"))


def ellipses(svg: str) -> list[Box]:
    return [
        (number(e, "cx") - number(e, "rx"), number(e, "cy") - number(e, "ry"),
         number(e, "cx") + number(e, "rx"), number(e, "cy") + number(e, "ry"))
        for e in elements(svg, "ellipse")
    ]  # fmt: skip


def rectangles(svg: str, *, labels: bool) -> list[Box]:
    return [
        (number(e, "x"), number(e, "y"), number(e, "x") + number(e, "width"),
         number(e, "y") + number(e, "height"))
        for e in elements(svg, "rect") if (e.get("rx") == "3") == labels
    ]  # fmt: skip


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def words(svg: str) -> str:
    return " ".join("".join(e.itertext()) for e in elements(svg, "text"))


def drawing(solution: Solution, **options: object) -> str:
    figure = report.path_diagram(solution, **options).figure  # type: ignore[arg-type]
    assert figure is not None
    return figure.svg


def test_shows_paths_loadings_and_explained_variance(solution: Solution) -> None:
    svg = drawing(solution)
    shown = words(svg)
    for part in (".67***", ".56***", ".36***", ".44***", ".20*", ".24*", "R² = .71", "imag1"):
        assert part in shown
    assert len(ellipses(svg)) == 4


def test_structural_part_only(solution: Solution) -> None:
    shown = words(drawing(solution, indicators=False))
    assert "imag1" not in shown
    assert ".67***" in shown


def test_intervals_replace_stars(solution: Solution) -> None:
    shown = words(drawing(solution, intervals=True))
    assert "***" not in shown
    assert "[.59, .76]" in shown


def test_is_described_for_screen_readers(solution: Solution, chinese: Labels) -> None:
    root = ElementTree.fromstring(drawing(solution, language="zh", labels=chinese))
    assert root.get("role") == "img"
    description = root.find(SVG + "desc")
    assert description is not None and description.text is not None
    assert "感知服务质量 → 品牌形象 0.67" in description.text
    assert root.find(SVG + "title") is not None


def test_improper_solutions_are_flagged_without_colour(improper: Solution) -> None:
    shown = words(drawing(improper))
    assert "ψ < 0" in shown
    assert "2.72!" in shown
    evidence = report.path_diagram(improper)
    assert evidence.verdict is not None and evidence.verdict.level == "none"
    assert evidence.figure is not None and "exclamation mark" in evidence.figure.notes[1]


def test_same_bytes(solution: Solution) -> None:
    assert drawing(solution) == drawing(solution)


def test_standalone_has_fixed_colours(solution: Solution) -> None:
    text = standalone(drawing(solution))
    assert "var(" not in text
    ElementTree.fromstring(text.split("\n", 1)[1])


def node(name: str, items: int, *, latent: bool = True) -> Node:
    tray = tuple(Item(f"{name}{k}", ".71", False) for k in range(items))
    return Node(
        name, wrap(f"Construct {name}", 114, 13.8, lines=2), latent, "R² = .50", False, tray
    )


def random_picture(seed: int, count: int, items: int) -> Picture:
    rng = np.random.default_rng(seed)
    names = [f"c{k}" for k in range(count)]
    arrows = [
        Arrow(a, b, False, float(v), 0.01 if v > 0 else 0.2, f"{v:.2f}***", False)
        for a, b in combinations(names, 2)
        if rng.random() < 3.0 / count and (v := rng.uniform(-0.9, 0.9))
    ]
    targets = {a.target for a in arrows}
    exogenous = [n for n in names if n not in targets][:4]
    curves = [Curve(a, b, 0.3, ".30", True, False) for a, b in combinations(exogenous, 2)]
    nodes = tuple(node(n, items) for n in names)
    return Picture(nodes, tuple(arrows), tuple(curves), 0, ())


@pytest.mark.parametrize("count", [4, 6, 9, 12, 15])
@pytest.mark.parametrize("items", [0, 4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nodes_never_overlap_and_lines_pass_beside_them(count: int, items: int, seed: int) -> None:
    svg, _ = paint(random_picture(seed, count, items), title="t", description="d")
    root = ElementTree.fromstring(svg)
    nodes = ellipses(svg) + rectangles(svg, labels=False)
    for a, b in combinations(nodes, 2):
        assert not overlap(a, b)
    width, height = number(root, "width"), number(root, "height")
    assert all(n[0] >= 0 and n[1] >= 0 and n[2] <= width and n[3] <= height for n in nodes)
    for path in elements(svg, "path"):
        if path.get("fill") == "none" and path.get("stroke-width") != "1.2":
            for x, y in samples(path.get("d", "")):
                inside = [n for n in ellipses(svg) if within(n, x, y)]
                assert not inside, (x, y)


def within(box: Box, x: float, y: float) -> bool:
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    a, b = (box[2] - box[0]) / 2 - 1.5, (box[3] - box[1]) / 2 - 1.5
    return ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1


def samples(path: str) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    at = (0.0, 0.0)
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", path):
        values = [float(v) for v in numbers.split()]
        end = (values[-2], values[-1])
        points = [at, *zip(values[::2], values[1::2], strict=True)]
        for t in np.linspace(0, 1, 17) if command != "M" else []:
            if command == "L":
                found.append((at[0] + t * (end[0] - at[0]), at[1] + t * (end[1] - at[1])))
            else:
                w = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
                found.append((sum(k * p[0] for k, p in zip(w, points, strict=True)),
                              sum(k * p[1] for k, p in zip(w, points, strict=True))))  # fmt: skip
        at = end
    return found


@pytest.mark.parametrize("count", [4, 6, 8])
@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_neither_nodes_nor_each_other(count: int, seed: int) -> None:
    svg, _ = paint(random_picture(seed, count, 4), title="t", description="d")
    labels = rectangles(svg, labels=True)
    assert labels
    for a, b in combinations(labels, 2):
        assert not overlap(a, b)
    for label in labels:
        assert not any(overlap(label, n) for n in ellipses(svg))


def test_second_order_factors_stand_beside_their_dimensions() -> None:
    nodes = tuple(node(n, 3 if n != "quality" else 0) for n in ("tan", "rel", "quality", "sat"))
    arrows = (
        Arrow("quality", "tan", True, 0.8, nan, ".80", False),
        Arrow("quality", "rel", True, 0.9, 0.0, ".90***", False),
        Arrow("quality", "sat", False, 0.5, 0.0, ".50***", False),
    )
    svg, _ = paint(Picture(nodes, arrows, (), 0, ()), title="t", description="d")
    tan, rel, quality, sat = ellipses(svg)
    assert tan[2] < quality[0] and rel[2] < quality[0] and quality[2] < sat[0]


def test_many_covariances_are_left_out_and_counted() -> None:
    names = [f"f{k}" for k in range(8)]
    nodes = tuple(node(n, 3) for n in (*names, "y"))
    arrows = tuple(Arrow(n, "y", False, 0.2, 0.01, ".20", False) for n in names)
    dims = (Arrow("f0", "d1", True, 0.8, 0.0, ".8", False),)
    curves = tuple(Curve(a, b, 0.3, ".3", True, False) for a, b in combinations(names[:5], 2))
    shown = Picture((*nodes, node("d1", 3)), arrows + dims, curves, 0, ())
    _, drawn = paint(shown, title="t", description="d")
    assert drawn.hidden_curves == 10


def test_a_loop_is_drawn() -> None:
    nodes = (node("a", 2), node("b", 2))
    arrows = (Arrow("a", "b", False, 0.4, 0.0, ".40", False),
              Arrow("b", "a", False, -0.3, 0.0, "−.30", False))  # fmt: skip
    svg, _ = paint(Picture(nodes, arrows, (), 0, ()), title="t", description="d")
    assert ".40" in words(svg) and "−.30" in words(svg)


def test_negative_labels_are_framed() -> None:
    nodes = (node("a", 0), node("b", 0))
    arrows = (Arrow("a", "b", False, -0.4, 0.3, "−.40", False),)
    svg, _ = paint(Picture(nodes, arrows, (), 0, ()), title="t", description="d")
    assert any(e.get("rx") == "3" and e.get("stroke") for e in elements(svg, "rect"))
    assert 'stroke-dasharray="6 4"' in svg


def test_chinese_names_wrap_into_their_ellipse(solution: Solution) -> None:
    name = "顾客对服务失误补救的总体满意程度"
    svg = drawing(solution, language="zh", labels={"satisfaction": name})
    lines = [e.text or "" for e in elements(svg, "text") if e.get("font-size") == "13"]
    parts = [line for line in lines if line and line[0] in name]
    assert len(parts) >= 2
    assert all(text_width(line, 13) <= 132 for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Customer satisfaction", ("Customer", "satisfaction")),
        ("Trust", ("Trust",)),
        ("感知服务质量", ("感知服务质量",)),
        ("顾客对服务补救的满意度", ("顾客对服务补", "救的满意度")),
        ("", ()),
    ],
)
def test_wrap(text: str, lines: tuple[str, ...]) -> None:
    assert wrap(text, 100, 13, lines=2) == lines


def test_wrap_shortens_what_does_not_fit() -> None:
    assert wrap("one two three four five six", 40, 13, lines=2)[-1].endswith("…")


def test_ranks_are_longest_paths_and_survive_loops() -> None:
    edges = [("q", "i"), ("q", "s"), ("i", "s"), ("s", "l"), ("q", "l"), ("l", "q")]
    assert ranks(["q", "i", "s", "l"], edges[:5]) == {"q": 0, "i": 1, "s": 2, "l": 3}
    assert set(ranks(["q", "i", "s", "l"], edges).values()) == {0, 1, 2, 3}


def test_spaced_equals_a_brute_force_projection() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    for _ in range(5):
        wanted, weights = rng.normal(size=5) * 3, rng.uniform(0.5, 2, 5)
        gaps = rng.uniform(0.5, 2, 4)
        found = np.array(spaced(wanted.tolist(), weights.tolist(), gaps.tolist()))
        best = minimize(
            lambda x, w=weights, t=wanted: float((w * (x - t) ** 2).sum()),
            np.cumsum([0, *gaps]),
            constraints=[{"type": "ineq", "fun": lambda x, i=i, g=gaps: x[i + 1] - x[i] - g[i]}
                         for i in range(4)],
        )  # fmt: skip
        assert found == pytest.approx(best.x, abs=1e-4)


def test_long_links_run_level_past_other_columns() -> None:
    size = Size(66, 66, 31, 31)
    found = place(["a", "b", "c"], {"a": 0, "b": 1, "c": 2}, dict.fromkeys("abc", size),
                  [Link("a", "b"), Link("b", "c"), Link("a", "c")])  # fmt: skip
    (x0, y0), (x1, y1) = found.ways[2]
    assert y0 == y1 and x1 - x0 == 132
    assert abs(y0 - found.centres["b"][1]) >= 31
