"""The what-if widget: payload, markup and its script, the only one that a report runs.

The script is a fixed file of this package, named to the browser by its hash in the page's
content security policy. Its data are numbers in an attribute; words are written by this module,
escaped, and changed by the script as text only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from math import isfinite
from typing import Any

from analysis.i18n import text
from analysis.report import numbers
from analysis.report.payload import (
    read_integer,
    read_list,
    read_mapping,
    read_text,
    rounded,
)
from analysis.report.tables import plain
from analysis.report.what_if_records import WhatIfWidget, WidgetLever, WidgetResponse

KIND = "what_if"


def to_payload(widget: WhatIfWidget) -> dict[str, Any]:
    """The widget as plain JSON values."""
    return {
        "kind": KIND,
        "quantile": rounded(widget.quantile),
        "levers": [
            {"label": v.label, "level": rounded(v.level), "lowest": v.lowest, "highest": v.highest}
            for v in widget.levers
        ],
        "responses": [
            {
                "label": r.label,
                "level": rounded(r.level),
                "digits": r.digits,
                "effects": [rounded(e) for e in r.effects],
                "covariance": [[rounded(v) for v in row] for row in r.covariance],
            }
            for r in widget.responses
        ],
    }


def read_widget(source: object) -> WhatIfWidget:
    """The widget from its payload.

    Raises
    ------
    ValueError
        For anything but words and finite numbers in their places.
    """
    top = read_mapping(source, "widget")
    if top.get("kind") != KIND:
        raise ValueError(f"unknown widget {top.get('kind')!r}")
    levers = (read_mapping(entry, "lever") for entry in read_list(top, "levers"))
    responses = (read_mapping(entry, "response") for entry in read_list(top, "responses"))
    return WhatIfWidget(
        tuple(
            WidgetLever(
                read_text(v, "label"), _level(v), read_integer(v.get("lowest")),
                read_integer(v.get("highest")),
            )
            for v in levers
        ),
        tuple(
            WidgetResponse(
                read_text(r, "label"), _level(r), read_integer(r.get("digits")),
                tuple(_finite(e) for e in read_list(r, "effects")),
                tuple(
                    tuple(_finite(v) for v in read_list({"row": row}, "row"))
                    for row in read_list(r, "covariance")
                ),
            )
            for r in responses
        ),
        _finite(top.get("quantile")),
    )  # fmt: skip


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"widget: expected a finite number, found {value!r}")
    return float(value)


def _level(node: Mapping[str, Any]) -> float | None:
    return None if node.get("level") is None else _finite(node["level"])


def widget_html(widget: WhatIfWidget, *, language: str, place: str) -> str:
    """Sliders and a table of results; hidden until the script has taken hold of them."""
    data = {
        "grouped": 10_000 if language in numbers.KEEP_ZERO else 1_000,
        "words": {key: _say(key, language) for key in ("points", "status", "joint")},
        **to_payload(widget),
    }
    stored = escape(json.dumps(data, ensure_ascii=True, separators=(",", ":")))
    sliders = "".join(_slider(widget, i, language, place) for i in range(len(widget.levers)))
    rows = "".join(_row(r, language) for r in widget.responses)
    heads = "".join(
        f'<th scope="col"{css}>{escape(_say(key, language))}</th>'
        for key, css in (("outcome", ""), ("before", ' class="n"'), ("after", ' class="n"'),
                         ("change", ' class="n"'), ("interval", ' class="n"'))
    )  # fmt: skip
    return (
        f'<div class="whatif" hidden data-what-if="{stored}">'
        f"<fieldset><legend>{escape(_say('levers', language))}</legend>"
        f'<p id="{place}-help">{escape(_say("help", language))}</p>{sliders}'
        f'<p><button type="button">{escape(_say("reset", language))}</button></p></fieldset>'
        f"<table><caption>{escape(_say('results', language))}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="said" role="status"></p></div>'
    )


def _slider(widget: WhatIfWidget, i: int, language: str, place: str) -> str:
    lever, name = widget.levers[i], f"{place}-lever-{i}"
    return (
        f'<div class="lever"><label for="{name}">{escape(plain(lever.label))}</label>'
        f'<input type="range" id="{name}" min="{lever.lowest}" max="{lever.highest}" step="1"'
        f' value="0" autocomplete="off" aria-describedby="{place}-help">'
        f'<output for="{name}" aria-live="off"></output></div>'
    )


def _row(r: WidgetResponse, language: str) -> str:
    level = numbers.number(r.level, digits=r.digits, language=language)
    return (
        f'<tr><th scope="row">{escape(plain(r.label))}</th><td class="n">{level}</td>'
        '<td class="n"></td><td class="n"></td><td class="n"></td></tr>'
    )


def _say(key: str, language: str) -> str:
    return text(f"what_if.widget.{key}", language)


@cache
def script() -> str:
    """The script as it stands in the page."""
    return files("analysis.report").joinpath("sliders.js").read_text("utf-8").strip()


@cache
def style() -> str:
    """The widget's style."""
    return files("analysis.report").joinpath("sliders.css").read_text("utf-8")


@cache
def script_source() -> str:
    """What the content security policy must allow: the script's hash and nothing else."""
    digest = hashlib.sha256(script().encode("utf-8")).digest()
    return f"script-src 'sha256-{base64.b64encode(digest).decode('ascii')}'"
