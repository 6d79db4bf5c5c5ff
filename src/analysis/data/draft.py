"""The draft of a codebook from a data file, to be corrected by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.data.guesses import Guess, guess_columns
from analysis.data.readers import read_table

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WAVE = re.compile(r"wave|period|year|期次|波次|批次|年份", re.IGNORECASE)
_HEAD = """\
# Draft of a codebook. Everything in it is a guess: correct it, then run `loyalty check {name}`.
# docs/codebook.md explains every key.
format = 1

[study]
title = {{ en = {title}, zh = {title} }}
source = "TODO: where the data come from"
citation = "TODO: how to cite the data"
# simulated = true             # if the data were drawn by a computer

[data]
file = {file}
"""


def draft_codebook(file: Path | str, name: str, *, stored_as: str = "") -> str:
    """TOML text of a codebook for ``file``, which the study will hold under ``stored_as``.

    Items are columns such as imag1, imag2 with few whole numbers; their common beginning becomes
    the construct. Scales come from the answers, and from value labels where the file has some.
    The text loads as it is, so that ``loyalty check`` can be run at once.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    path = Path(file)
    guesses = guess_columns(read_table(path))
    scales = _scales(guesses)
    constructs = _constructs(guesses)
    parts = [
        _HEAD.format(name=name, title=_quote(name), file=_quote(stored_as or path.name)),
        *(_scale(scale, guess) for scale, guess in scales.items()),
        *(_construct(construct) for construct in constructs.values()),
        *(_item(g, constructs, scales) for g in guesses if g.job == "item"),
        *(_group(g) for g in guesses if g.job == "group"),
        _roles(guesses),
        *(_variable(g) for g in guesses
          if g.job in ("nps", "number", "binary", "category", "date")),
        _rest(guesses),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _quote(text: str) -> str:
    # TOML's basic strings are JSON's, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quote(name)


def _scale_id(guess: Guess) -> tuple[object, ...]:
    return guess.minimum, guess.maximum, guess.words, tuple(sorted(guess.anchors.items()))


def _scales(guesses: Sequence[Guess]) -> dict[str, Guess]:
    """One scale for each different range, words and labels; named by its range."""
    found: dict[str, Guess] = {}
    known: set[tuple[object, ...]] = set()
    for guess in guesses:
        if guess.job != "item" or _scale_id(guess) in known:
            continue
        known.add(_scale_id(guess))
        base = f"scale_{guess.minimum:g}_{guess.maximum:g}".replace("-", "m").replace(".", "_")
        name, count = base, 1
        while name in found:
            count += 1
            name = f"{base}_{count}"
        found[name] = guess
    return found


def _scale(name: str, guess: Guess) -> str:
    lines = [f"[scales.{name}]", f"minimum = {guess.minimum:g}", f"maximum = {guess.maximum:g}"]
    if guess.anchors:
        pairs = (f'"{at:g}" = {_quote(text)}' for at, text in sorted(guess.anchors.items()))
        lines.append(f"anchors = {{ {', '.join(pairs)} }}")
    else:
        lines.append('# anchors = { 1 = { en = "Strongly disagree", zh = "非常不同意" } }')
    if guess.words:
        pairs = (f"{_quote(word)} = {at}" for at, word in enumerate(guess.words, start=1))
        lines.append(f"words = {{ {', '.join(pairs)} }}")
    return "\n".join(lines) + "\n"


def _constructs(guesses: Sequence[Guess]) -> dict[str, str]:
    """Common beginning of item names -> construct name, kept apart from all column names."""
    taken = {guess.column for guess in guesses}
    prefixes = dict.fromkeys(g.prefix for g in guesses if g.job == "item" and g.prefix)
    return {p: p if p not in taken else f"{p}_construct" for p in prefixes}


def _construct(name: str) -> str:
    return (
        f"[constructs.{_key(name)}]\n"
        f"label = {{ en = {_quote(name)}, zh = {_quote(name)} }}\n"
        '# role = "satisfaction"\n'
    )


def _item(guess: Guess, constructs: Mapping[str, str], scales: Mapping[str, Guess]) -> str:
    scale = next(name for name, other in scales.items() if _scale_id(other) == _scale_id(guess))
    lines = [f"[items.{_key(guess.column)}]"]
    if guess.prefix:
        lines.append(f"construct = {_quote(constructs[guess.prefix])}")
    lines.append(f"scale = {_quote(scale)}")
    lines.append(_wording(guess) or '# wording = { en = "…", zh = "…" }')
    if guess.codes:
        codes = ", ".join(f"{code:g}" for code in guess.codes)
        lines.append(f"missing = [{codes}]             # guessed: check that these mean no answer")
    return "\n".join(lines) + "\n"


def _wording(guess: Guess, key: str = "wording") -> str:
    return f"{key} = {_quote(guess.wording)}" if guess.wording else ""


def _group(guess: Guess) -> str:
    lines = [f"[groups.{_key(guess.column)}]", _wording(guess, "label")]
    if guess.anchors:
        levels = [f'"{at:g}" = {_quote(text)}' for at, text in sorted(guess.anchors.items())]
    else:
        levels = [f"{_key(level)} = {_quote(level)}" for level in guess.levels]
    if 0 < len(levels) <= 20:
        lines.append(f"levels = {{ {', '.join(levels)} }}")
    if _WAVE.fullmatch(guess.column):
        lines.append("ordered = true                 # the same person may come back in another")
    return "\n".join(line for line in lines if line) + "\n"


def _roles(guesses: Sequence[Guess]) -> str:
    lines = ["[roles]"]
    for job in ("id", "weight", "duration"):
        lines += [f"{job} = {_quote(g.column)}" for g in guesses if g.job == job]
    times = {g.job: g.column for g in guesses if g.job in ("start", "end")}
    if len(times) == 2:
        lines += [f"{job} = {_quote(column)}" for job, column in times.items()]
    for job in ("personal", "text"):
        columns = [_quote(g.column) for g in guesses if g.job == job]
        if columns:
            lines.append(f"{job} = [{', '.join(columns)}]")
    return "\n".join(lines) + "\n"


def _variable(guess: Guess) -> str:
    section = "outcomes" if guess.job == "nps" else "covariates"
    lines = [f"[{section}.{_key(guess.column)}]", f"type = {_quote(guess.job)}"]
    lines.append(_wording(guess, "label"))
    if guess.job == "number":
        lines.append('# type = "amount" with currency = "CNY", "count", "days" check more')
    if guess.codes:
        lines.append(f"missing = [{', '.join(f'{code:g}' for code in guess.codes)}]")
    if guess.job == "category" and len(guess.levels) <= 20:
        levels = ", ".join(f"{_key(level)} = {_quote(level)}" for level in guess.levels)
        lines.append(f"levels = {{ {levels} }}")
    return "\n".join(line for line in lines if line) + "\n"


def _rest(guesses: Sequence[Guess]) -> str:
    times = [g for g in guesses if g.job in ("start", "end")]
    rest = [g.column for g in guesses if g.job == "empty"]
    rest += [g.column for g in times] if len(times) == 1 else []
    if not rest:
        return ""
    return "# Not described: " + ", ".join(_quote(column) for column in rest) + "\n"
