from __future__ import annotations

import pytest

from analysis.report.sanitize import clean_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def clean(inside: str) -> str:
    return clean_svg(f"{HEAD}{inside}</svg>", prefix="ev")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>x()</script>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>",
        "<image href='https://x.example/a.png'/>",
        "<style>*{fill:red}</style>",
        "<a href='javascript:x()'><text>t</text></a>",
        "<animate attributeName='href' values='javascript:x()'/>",
        "<set attributeName='onload' to='x()'/>",
        "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>x</h:script>",
        "<iframe src='x'/>",
    ],
)
def test_elements_that_are_not_shapes_are_dropped(inside: str) -> None:
    assert clean(inside) == '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.mark.parametrize(
    "attribute",
    [
        "onload='x()'",
        "onclick='x()'",
        "fill='url(https://x.example/a)'",
        "style='background:url(//x.example)'",
        "style='width:expression(x())'",
        "href='https://x.example'",
        "href='javascript:x()'",
        "xlink:href='data:text/html,x'",
        "style='a:b;\\75rl(x)'",
        "data-x='1'",
    ],
)
def test_attributes_that_load_or_run_are_dropped(attribute: str) -> None:
    assert clean(f"<rect {attribute}/>").endswith("<rect></rect></svg>")


def test_shapes_stay_and_ids_are_made_unique() -> None:
    text = clean(
        "<title>T</title><defs><clipPath id='a'><rect width='1'/></clipPath></defs>"
        "<g clip-path='url(#a)'><use xlink:href='#a'/><text fill='var(--ink,#000000)'>x &lt; y"
        "<tspan>z</tspan>w</text></g>"
    )
    assert 'id="ev-a"' in text
    assert "url(#ev-a)" in text
    assert 'href="#ev-a"' in text
    assert "x &lt; y<tspan>z</tspan>w" in text


@pytest.mark.parametrize(
    "svg",
    [
        "<svg",
        "plain",
        "<html xmlns='http://www.w3.org/1999/xhtml'/>",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
        f"{HEAD}<!-- x --></svg>",
        f"{HEAD}{' ' * 2_000_001}</svg>",
    ],
)
def test_what_is_no_plain_drawing_is_refused(svg: str) -> None:
    with pytest.raises(ValueError):
        clean_svg(svg, prefix="x")
