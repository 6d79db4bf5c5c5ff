"""What must not leave the file: personal columns, respondent ids."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from analysis.data.names import folded
from analysis.errors import InputError, message

KEY_VARIABLE = "LOYALTY_PSEUDONYM_KEY"
KEY_FILE_VARIABLE = "LOYALTY_PSEUDONYM_KEY_FILE"
_SHORTEST_KEY = 16
_PSEUDONYM_DIGITS = 32

_NAMES = re.compile(
    r"(^|[^a-z])(e-?mail|phone|mobile|tel|telephone|cell(phone)?|fax|first_?name|last_?name|"
    r"surname|full_?name|name|address|street|passport|ssn|id_?card|id_?number|birthday|"
    r"date_?of_?birth|dob|ip(_?address)?|wechat|weixin|qq|openid|imei|iban|licen[cs]e_?plate|"
    r"latitude|longitude)($|[^a-z])"
    r"|手机|电话|姓名|身份证|邮箱|邮件|住址|地址|微信|生日|出生日期|护照|银行卡|车牌|昵称|联系方式|真实姓名|IP地址",
    re.IGNORECASE,
)
_VALUES = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    "mobile": re.compile(r"(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"),
    "phone": re.compile(r"\+\d[\d ()-]{7,16}\d|0\d{2,3}-\d{7,8}|\(\d{3}\) ?\d{3}-\d{4}"),
    "identity": re.compile(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]"),
    "card": re.compile(r"\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(\d{3})?"),
    "address": re.compile(r"(\d{1,3}\.){3}\d{1,3}"),
}


def named_personal(column: str) -> bool:
    """Whether a column's name says that it holds personal data."""
    return bool(_NAMES.search(column.replace(" ", "_")) or _NAMES.search(folded(column)))


def personal_kind(cells: Sequence[object]) -> str:
    """What personal data the cells look like ("" if they do not): half of a sample must match."""
    sample = [str(c).strip().removesuffix(".0") for c in cells if c is not None][:200]
    for kind, pattern in _VALUES.items():
        if sample and sum(bool(pattern.fullmatch(s)) for s in sample) * 2 > len(sample):
            return kind
    return ""


def looks_personal(column: str, cells: Sequence[object]) -> bool:
    """Whether a column's name or content looks like personal data."""
    return named_personal(column) or bool(personal_kind(cells))


@functools.cache
def _process_key() -> bytes:
    return secrets.token_bytes(32)


def pseudonym_key() -> tuple[bytes, bool]:
    """The key for pseudonyms, and whether it lasts beyond this process.

    Raises
    ------
    InputError
        If the stated key is shorter than 16 characters, or its file cannot be read.
    """
    stated = os.environ.get(KEY_VARIABLE, "").encode()
    file = os.environ.get(KEY_FILE_VARIABLE, "")
    if not stated and file:
        try:
            stated = Path(file).read_bytes().strip()
        except OSError as error:
            reason = error.strerror or ""
            raise InputError(
                message("data.file_unreadable", file=Path(file).name, reason=reason)
            ) from None
    if not stated and not file:
        return _process_key(), False
    if len(stated) < _SHORTEST_KEY:
        raise InputError(message("data.key_short", least=_SHORTEST_KEY, variable=KEY_VARIABLE))
    return stated, True


def pseudonym(identity: str, key: bytes) -> str:
    """HMAC-SHA256 of an id, cut to 128 bits: cannot be undone by trying all telephone numbers."""
    digest = hmac.new(key, identity.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest.hexdigest()[:_PSEUDONYM_DIGITS]
