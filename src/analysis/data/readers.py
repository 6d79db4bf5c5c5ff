"""From a data file to a ``RawTable``: what kind of file it is, and who reads it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from analysis.data.codebook import ReadOptions
from analysis.data.file_readers import read_excel, read_parquet, read_spss, read_stata
from analysis.data.raw import RawTable
from analysis.data.text_reader import read_text
from analysis.errors import InputError, message

_KINDS = {
    ".csv": "text", ".tsv": "text", ".txt": "text", ".xlsx": "Excel (.xlsx)", ".sav": "SPSS",
    ".dta": "Stata", ".parquet": "Parquet",
}  # fmt: skip
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "Excel (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "Excel 97-2003 (.xls)"),
    (b"$FL2", "SPSS"),
    (b"$FL3", "SPSS"),
    (b"<stata_dta>", "Stata"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"{\\rtf", "RTF"),
)


def read_table(path: Path | str, options: ReadOptions | None = None) -> RawTable:
    """Reads a data file of any known kind.

    Parameters
    ----------
    path : .csv .tsv .txt .xlsx .sav .dta or .parquet
    options : the codebook's ``[data]``; without it everything is detected

    Raises
    ------
    InputError
        If the file's bytes are not what its name says, or its reader finds problems.
    """
    path = Path(path)
    options = options or ReadOptions()
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        known = " ".join(_KINDS)
        raise InputError(
            message("data.suffix_unknown", file=path.name, suffix=path.suffix, known=known)
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            message("data.file_unreadable", file=path.name, reason=error.strerror or "")
        ) from None
    _same_kind(raw, path.name, kind)
    table = _dispatch(path, raw, kind, options)
    return dataclasses.replace(table, digest=hashlib.sha256(raw).hexdigest())


def _dispatch(path: Path, raw: bytes, kind: str, options: ReadOptions) -> RawTable:
    if kind == "text":
        return read_text(raw, path.name, options)
    if kind == "SPSS":
        return read_spss(path)
    if kind == "Stata":
        return read_stata(path)
    if kind == "Parquet":
        return read_parquet(path)
    return read_excel(raw, path.name, options)


def _same_kind(raw: bytes, file: str, kind: str) -> None:
    if not raw:
        raise InputError(message("data.file_empty", file=file))
    found = _found_kind(raw)
    # Stata before version 117 begins with its release number: no mark to look for.
    if found == kind or (kind == "Stata" and found == "?" and raw[0] in range(102, 120)):
        return
    if kind == "text" and found == "?":
        return
    raise InputError(message("data.file_kind", file=file, found=found, expected=kind))


def _found_kind(raw: bytes) -> str:
    for magic, kind in _MAGIC:
        if raw.startswith(magic):
            return kind
    head = raw[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<table")):
        return "HTML"
    return "?"
