"""From ``codebook.toml`` to a ``Codebook``, with every problem reported at once."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from analysis.data.codebook import (
    BLOCKS,
    CONSTRUCT_ROLES,
    DUPLICATE_RULES,
    KINDS,
    TIMINGS,
    VARIABLE_ROLES,
    VARIABLE_TYPES,
    AttentionCheck,
    Block,
    Codebook,
    Construct,
    DuplicateRule,
    Group,
    Hypothesis,
    Item,
    ModelNote,
    ReadOptions,
    Roles,
    Scale,
    SideTable,
    Timing,
    Variable,
    VariableType,
)  # fmt: skip
from analysis.data.codebook_rules import codebook_problems
from analysis.data.names import Label, folded, tidy
from analysis.data.tables import Node, load_toml
from analysis.errors import InputError, Message

_SIGNS = get_args(Hypothesis.__annotations__["sign"]) or ("", "+", "-")
_SIMPLE_NAME = re.compile(r"[^/\\\0:]{1,120}")


def load_codebook(path: Path | str) -> Codebook:
    """Reads a codebook.

    Parameters
    ----------
    path : the TOML file, or the study's folder that holds ``codebook.toml``.

    Raises
    ------
    InputError
        With one message for each problem in the file, each with its key path.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "codebook.toml"
    tables = load_toml(file)
    folder = file.resolve().parent
    data = tables.setdefault("data", {})
    if isinstance(data, dict) and not {"file", "moments"} & set(data):
        has_moments = (folder / "moments.toml").is_file()
        if has_moments and not any(folder.glob("answers.*")):
            data["moments"] = "moments.toml"
    return build_codebook(tables, folder.name)


def build_codebook(tables: Mapping[str, object], name: str) -> Codebook:
    """As ``load_codebook``, from tables already read; ``name`` is the study's."""
    problems: list[Message] = []
    root = Node(tables, "", problems)
    if root.integer("format", 1) != 1:
        root.problem("key_choice", "format", value=root.table["format"], near="1", options="1")
    study = root.node("study")
    options = _options(root.node("data"))
    scales = {key: _scale(node, key) for key, node in root.nodes("scales").items()}
    construct_nodes = root.nodes("constructs")
    items = _items(root.nodes("items"), construct_nodes, scales, options)
    codebook = Codebook(
        name=name,
        title=study.label("title").or_else(name),
        description=study.label("description"),
        simulated=study.flag("simulated"),
        source=study.string("source"),
        citation=study.string("citation"),
        bib=study.strings("bib"),
        url=study.string("url"),
        licence=study.string("licence"),
        country=study.string("country"),
        industry=study.label("industry"),
        population=study.label("population"),
        sample=study.label("sample"),
        collected=study.string("collected"),
        default_model=study.string("default_model"),
        options=options,
        scales=tuple(scales.values()),
        constructs=tuple(_construct(n, k, items, scales) for k, n in construct_nodes.items()),
        items=items,
        groups=tuple(_group(n, k) for k, n in root.nodes("groups").items()),
        roles=_roles(root.node("roles")),
        attention=tuple(_attention(n, k) for k, n in root.nodes("attention").items()),
        outcomes=tuple(_variable(n, k, True) for k, n in root.nodes("outcomes").items()),
        covariates=tuple(_variable(n, k, False) for k, n in root.nodes("covariates").items()),
        tables=tuple(_side_table(n, k) for k, n in root.nodes("tables").items()),
        models={k: _model(n, k) for k, n in root.nodes("models").items()},
    )
    study.required("source")
    if not codebook.simulated:
        study.required("citation")
    study.finish()
    root.finish()
    problems.extend(codebook_problems(codebook))
    if problems:
        raise InputError(problems)
    return codebook


def _options(node: Node) -> ReadOptions:
    encoding = node.string("encoding")
    if encoding and not _is_text_encoding(encoding):
        node.problem("encoding_unknown", "encoding", value=encoding)
        encoding = ""
    for name in ("file", "moments"):
        if (value := node.string(name)) and not _SIMPLE_NAME.fullmatch(value):
            node.problem("file_name", name, value=value)
    raw_separator = node.get("separator")
    separator = raw_separator if isinstance(raw_separator, str) else node.string("separator")
    if len(separator) > 1 or separator in {"\n", "\r", '"', "\0"}:
        node.problem("key_type", "separator", expected="one character", value=repr(separator))
        separator = ""
    options = ReadOptions(
        file=node.string("file"),
        moments=node.string("moments"),
        encoding=encoding,
        separator=separator,
        decimal=node.choice("decimal", (".", ","), "."),
        sheet=node.string("sheet"),
        date_format=node.string("date_format"),
        missing=node.numbers("missing"),
        missing_text=node.strings("missing_text"),
        duplicate_ids=cast(DuplicateRule, node.choice("duplicate_ids", DUPLICATE_RULES, "error")),
        min_group=node.integer("min_group", 30, least=1),
    )
    node.finish()
    return options


def _is_text_encoding(name: str) -> bool:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return bool(getattr(info, "_is_text_encoding", False))


def _scale(node: Node, name: str) -> Scale:
    for end in ("minimum", "maximum"):
        node.required(end)
    minimum, maximum = node.number("minimum", 1.0) or 0.0, node.number("maximum", 7.0) or 0.0
    if minimum >= maximum:
        node.problem("scale_range", "maximum", minimum=f"{minimum:g}", maximum=f"{maximum:g}")
    anchors = _anchors(node.node("anchors"), minimum, maximum)
    words = {folded(label[code]): at for at, label in anchors.items() for code in ("en", "zh")}
    words_node = node.node("words")
    for word in words_node.table:
        value = words_node.number(word)
        if value is not None and not minimum <= value <= maximum:
            words_node.problem("outside_scale", word, value=f"{value:g}", scale=name)
        elif value is not None:
            words[folded(word)] = value
    scale = Scale(
        name=name, minimum=minimum, maximum=maximum, anchors=anchors,
        ordinal=node.flag("ordinal", True), averaged=node.flag("averaged"),
        missing=node.numbers("missing"), words=words,
    )  # fmt: skip
    node.finish()
    return scale


def _anchors(node: Node, minimum: float, maximum: float) -> dict[float, Label]:
    anchors = {}
    for key in node.table:
        label = node.label(key)
        try:
            at = float(key)
        except ValueError:
            node.problem("key_type", key, expected="number of the scale", value=key)
            continue
        if not minimum <= at <= maximum:
            node.problem("outside_scale", key, value=key, scale=node.path.split(".")[-2])
        anchors[at] = label
    return dict(sorted(anchors.items()))


def _items(
    nodes: Mapping[str, Node], constructs: Mapping[str, Node], scales: Mapping[str, Scale],
    options: ReadOptions,
) -> tuple[Item, ...]:  # fmt: skip
    items = []
    for name, node in nodes.items():
        construct = ""
        if node.get("construct") is not None:
            construct = node.choice("construct", constructs, "")
        parent = constructs.get(construct)
        default = parent.table.get("scale", "") if parent else ""
        default = default if isinstance(default, str) and default in scales else ""
        items.append(_item(node, name, construct, scales, default, options))
    return tuple(items)


def _item(
    node: Node, name: str, construct: str, scales: Mapping[str, Scale], default: str,
    options: ReadOptions,
) -> Item:  # fmt: skip
    scale = scales.get(node.choice("scale", scales, default))
    own = node.numbers("missing")
    shared = (*options.missing, *(scale.missing if scale else ()))
    if scale:
        for code in shared:
            if scale.minimum <= code <= scale.maximum and code not in own:
                node.problem("missing_in_range", "missing", value=f"{code:g}", scale=scale.name)
    asked = node.node("asked_of")
    item = Item(
        name=name,
        column=_column(node, name),
        construct=construct,
        wording=node.label("wording"),
        label=node.label("label").or_else(name),
        scale=scale.name if scale else "",
        minimum=scale.minimum if scale else None,
        maximum=scale.maximum if scale else None,
        anchors=scale.anchors if scale else {},
        ordinal=scale.ordinal if scale else True,
        averaged=node.flag("averaged", scale.averaged if scale else False),
        reversed=node.flag("reversed"),
        missing=tuple(dict.fromkeys((*shared, *own))),
        words=scale.words if scale else {},
        block=cast(Block, node.choice("block", BLOCKS[1:], "")),
        pair=node.string("pair"),
        asked_of={group: asked.strings(group) for group in asked.table},
    )
    node.finish()
    return item


def _column(node: Node, name: str) -> str:
    return tidy(node.string("column", name)) or name


def _construct(
    node: Node, name: str, items: tuple[Item, ...], scales: Mapping[str, Scale]
) -> Construct:
    own = [item for item in items if item.construct == name]
    node.choice("scale", scales, "")
    construct = Construct(
        name=name,
        label=node.label("label").or_else(name),
        definition=node.label("definition"),
        items=tuple(i.name for i in own if i.block != "expectation"),
        expectation_items=tuple(i.name for i in own if i.block == "expectation"),
        parent=node.string("parent"),
        role=node.choice("role", CONSTRUCT_ROLES, ""),
        kind=node.choice("kind", KINDS[1:], ""),
        bib=node.strings("bib"),
    )
    node.finish()
    return construct


def _levels(node: Node) -> dict[str, Label]:
    levels = node.node("levels")
    return {tidy(key): levels.label(key).or_else(key) for key in levels.table}


def _group(node: Node, name: str) -> Group:
    group = Group(
        name=name, column=_column(node, name), label=node.label("label").or_else(name),
        levels=_levels(node), ordered=node.flag("ordered"),
    )  # fmt: skip
    node.finish()
    return group


def _roles(node: Node) -> Roles:
    one = {
        key: tidy(node.string(key))
        for key in ("id", "weight", "cluster", "strata", "start", "end", "duration")
    }
    several = {key: tuple(map(tidy, node.strings(key))) for key in ("personal", "text")}
    if bool(one["start"]) != bool(one["end"]):
        node.problem("start_without_end", "start" if one["start"] else "end")
    node.finish()
    return Roles(**one, **several)  # type: ignore[arg-type]


def _attention(node: Node, name: str) -> AttentionCheck:
    node.required("answer")
    check = AttentionCheck(
        name=name, column=_column(node, name), answers=node.numbers("answer"),
        wording=node.label("wording"),
    )  # fmt: skip
    node.finish()
    return check


def _variable(node: Node, name: str, outcome: bool) -> Variable:
    node.required("type")
    variable = Variable(
        name=name,
        column=_column(node, name),
        type=cast(VariableType, node.choice("type", VARIABLE_TYPES, "number")),
        label=node.label("label").or_else(name),
        role=node.choice("role", VARIABLE_ROLES, ""),
        kind=node.choice("kind", KINDS[1:], ""),
        timing=cast(Timing, node.choice("timing", TIMINGS[1:], "")),
        currency=node.string("currency"),
        period_days=node.integer("period_days", 0),
        minimum=node.number("minimum"),
        maximum=node.number("maximum"),
        missing=node.numbers("missing"),
        levels=_levels(node),
        outcome=outcome,
    )
    if variable.type == "amount":
        node.required("currency")
    if variable.type == "binary" and len(variable.levels) not in (0, 2):
        node.problem("binary_levels", "levels", count=len(variable.levels))
    node.finish()
    return variable


def _side_table(node: Node, name: str) -> SideTable:
    node.required("file")
    columns = node.node("columns")
    table = SideTable(name, node.string("file"), {k: columns.string(k) for k in columns.table})
    if table.file and not _SIMPLE_NAME.fullmatch(table.file):
        node.problem("file_name", "file", value=table.file)
    node.finish()
    return table


def _model(node: Node, name: str) -> ModelNote:
    hypotheses = []
    raw = node.get("hypotheses") or []
    for at, entry in enumerate(raw if isinstance(raw, list) else [None]):
        if not isinstance(entry, dict):
            node.problem("key_type", "hypotheses", expected="list of tables", value=str(entry))
            continue
        one = Node(entry, f"{node.path}.hypotheses[{at}]", node.problems)
        for key in ("id", "path"):
            one.required(key)
        sign = one.choice("sign", _SIGNS[1:], "")
        text = one.label("text")
        hypotheses.append(Hypothesis(one.string("id"), one.string("path"), sign, text))  # type: ignore[arg-type]
        one.finish()
    model = ModelNote(name, node.label("title"), node.label("description"), tuple(hypotheses))
    node.finish()
    return model
