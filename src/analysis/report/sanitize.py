"""An allow-list for drawings: only shapes, text and harmless attributes reach the page."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "defs",
        "title",
        "desc",
        "path",
        "line",
        "polyline",
        "polygon",
        "rect",
        "circle",
        "ellipse",
        "text",
        "tspan",
        "use",
        "clipPath",
        "marker",
        "linearGradient",
        "stop",
        "symbol",
    ]
)
ATTRIBUTES = frozenset(
    [
        "id",
        "class",
        "d",
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "dx",
        "dy",
        "width",
        "height",
        "points",
        "viewBox",
        "transform",
        "fill",
        "fill-opacity",
        "fill-rule",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "opacity",
        "font-size",
        "font-family",
        "font-weight",
        "font-style",
        "text-anchor",
        "dominant-baseline",
        "paint-order",
        "clip-path",
        "clip-rule",
        "marker-start",
        "marker-end",
        "refX",
        "refY",
        "orient",
        "markerWidth",
        "markerHeight",
        "markerUnits",
        "preserveAspectRatio",
        "role",
        "aria-label",
        "aria-hidden",
        "offset",
        "stop-color",
        "style",
        "lang",
        "vector-effect",
    ]
)
_REFERENCE = re.compile(r"url\(\s*['\"]?#([\w.-]+)['\"]?\s*\)")
_FORBIDDEN = re.compile(r"url\((?!#)|expression|javascript|@import|\\|&", re.I)
LIMIT = 2_000_000


def clean_svg(svg: str, *, prefix: str) -> str:
    """``svg`` with only allowed elements and attributes; ids get ``prefix`` so that none clash.

    Raises
    ------
    ValueError
        When the text is no SVG, declares entities, or is larger than 2 MB.
    """
    if len(svg) > LIMIT:
        raise ValueError(f"drawing of {len(svg)} characters, at most {LIMIT} are accepted")
    if "<!" in svg:
        raise ValueError("a drawing may not hold declarations, entities or comments")
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise ValueError(f"the drawing is not well-formed: {error}") from error
    if _local(root.tag) != "svg":
        raise ValueError("the drawing does not start with an svg element")
    return _write(root, prefix, top=True)


def _local(tag: object) -> str:
    if not isinstance(tag, str):
        return ""
    space, _, name = tag[1:].partition("}") if tag.startswith("{") else (SVG, "", tag)
    return name if space == SVG else ""


def _write(node: ElementTree.Element, prefix: str, *, top: bool = False) -> str:
    name = _local(node.tag)
    if name not in ELEMENTS:
        return ""
    attributes = "".join(_attribute(key, value, prefix) for key, value in node.attrib.items())
    inside = escape(node.text or "", quote=False) if name in _TEXTUAL else ""
    for child in node:
        inside += _write(child, prefix)
        if name in _TEXTUAL:
            inside += escape(child.tail or "", quote=False)
    space = f' xmlns="{SVG}"' if top else ""
    return f"<{name}{space}{attributes}>{inside}</{name}>"


_TEXTUAL = frozenset({"text", "tspan", "title", "desc"})


def _attribute(key: str, value: str, prefix: str) -> str:
    if key == f"{{{XLINK}}}href" or key == "href":
        return f' href="#{escape(prefix)}-{escape(value[1:])}"' if _fragment(value) else ""
    if key not in ATTRIBUTES:
        return ""
    if key == "id":
        return f' id="{escape(prefix)}-{escape(value)}"' if _fragment("#" + value) else ""
    value = _REFERENCE.sub(lambda m: f"url(#{prefix}-{m.group(1)})", value)
    if key != "aria-label" and _FORBIDDEN.search(value):
        return ""
    return f' {key}="{escape(value)}"'


def _fragment(value: str) -> bool:
    return re.fullmatch(r"#[\w.-]+", value) is not None
