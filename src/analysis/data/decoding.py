"""From bytes to text: which encoding, and whether the result can be believed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analysis.data.names import rows_text, shown_value
from analysis.errors import InputError, Message, message

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_WIDE = re.compile(r"[^\x00-\x7f]+")
_RUNS = 4000


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file and how it was decoded."""

    text: str
    encoding: str
    fixes: tuple[Message, ...] = ()


def decode(raw: bytes, file: str, stated: str = "") -> Decoded:
    """Text of a file: byte order mark, UTF-8, else GB18030 if the result reads like Chinese.

    Parameters
    ----------
    stated : the codebook's encoding; then nothing is guessed, but valid UTF-8 that is said to be
        something else is refused.

    Raises
    ------
    InputError
        For bytes that fit no encoding (with the row), several encodings in one file, and text
        that was decoded wrongly before it was saved.
    """
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            text = _strict(raw, encoding, file)
            _believable(text, file)
            fix = message("data.byte_order_mark", file=file, encoding=encoding[:6].rstrip("-"))
            return Decoded(text, encoding, (fix,))
    if stated:
        return _stated(raw, file, stated)
    if raw[:4000].count(0) > len(raw[:4000]) // 5:
        encoding = "utf-16-le" if raw[1:4000:2].count(0) > raw[0:4000:2].count(0) else "utf-16-be"
        fix = message("data.encoding_used", file=file, encoding=encoding)
        return Decoded(_strict(raw, encoding, file), encoding, (fix,))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _chinese(raw, file)
    _believable(text, file)
    return Decoded(text, "utf-8")


def _stated(raw: bytes, file: str, stated: str) -> Decoded:
    wide = not raw.isascii()
    encoding = "gb18030" if stated.lower() in {"gbk", "gb2312", "cp936"} else stated
    text = _strict(raw, encoding, file)
    if wide and encoding.lower().replace("-", "").replace("_", "") not in {"utf8", "utf8sig"}:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            raise InputError(message("data.encoding_is_utf8", file=file, stated=stated))
    _believable(text, file)
    return Decoded(text.removeprefix("\ufeff"), encoding)


def _strict(raw: bytes, encoding: str, file: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise InputError(
            message("data.encoding_wrong", file=file, encoding=encoding, row=row)
        ) from None
    except (LookupError, UnicodeError):
        raise InputError(
            message("data.encoding_wrong", file=file, encoding=encoding, row=1)
        ) from None


def _chinese(raw: bytes, file: str) -> Decoded:
    bad, good = [], 0
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad.append(number)
    if good > len(bad) // 5:
        raise InputError(message("data.encoding_mixed", file=file, rows=rows_text(bad)))
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise InputError(message("data.encoding_unknown_file", file=file, row=row)) from None
    if not reads_like_chinese(text):
        raise InputError(message("data.encoding_unknown_file", file=file, row=bad[0]))
    _believable(text, file)
    fix = message("data.encoding_used", file=file, encoding="GB18030")
    return Decoded(text, "gb18030", (fix,))


def reads_like_chinese(text: str) -> bool:
    """Whether the wide characters are mostly in GB2312, and half of them among its common ones.

    Latin letters with accents, Big5 or UTF-8 decoded as GB18030 give rare characters instead.
    """
    wide = "".join(_WIDE.findall(text)[:_RUNS])
    inside = common = 0
    for ch in wide:
        try:
            lead = ch.encode("gb2312")[0]
        except UnicodeEncodeError:
            continue
        inside += 1
        common += 0xA1 <= lead <= 0xA3 or 0xB0 <= lead <= 0xD7
    return inside >= 0.7 * len(wide) and common >= 0.5 * len(wide)


def _believable(text: str, file: str) -> None:
    if text.isascii():
        return
    for mark in ("\ufffd", "锟斤拷"):
        if (at := text.find(mark)) >= 0:
            row = text.count("\n", 0, at) + 1
            raise InputError(message("data.text_damaged", file=file, row=row, mark=mark))
    runs = list(dict.fromkeys(_WIDE.findall(text)))[:_RUNS]
    repaired = {run: fixed for run in runs if (fixed := _repaired(run))}
    if sum(map(len, repaired)) > 0.6 * sum(map(len, runs)):
        shown, meant = next(iter(repaired.items()))
        raise InputError(
            message(
                "data.text_decoded_wrongly",
                file=file,
                shown=shown_value(shown),
                meant=shown_value(meant),
            )
        )


def _repaired(run: str) -> str:
    """What ``run`` was before UTF-8 was read as GBK or Latin-1 ("" if it was not)."""
    for encoding in ("gb18030", "cp1252", "latin-1"):
        try:
            meant = run.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if len(meant) < len(run) or (encoding == "gb18030" and not meant.isascii()):
            return meant
    return ""
