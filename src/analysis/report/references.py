"""The reference list: a small reader of ``references.bib`` and APA-like entries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

_ENTRY = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,")
_FIELD = re.compile(r"\s*(\w+)\s*=\s*")
_ACCENTS = {
    '"': "\u0308",
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    "~": "\u0303",
    "c": "\u0327",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the bibliography; ``authors`` holds (family, given) pairs."""

    key: str
    kind: str
    authors: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]

    @property
    def year(self) -> str:
        """The year, ``n.d.`` where none is given."""
        return self.fields.get("year", "n.d.")


@cache
def bibliography() -> Mapping[str, Reference]:
    """All references by key, from the packaged copy or the repository's ``docs`` folder."""
    packaged = files("analysis.report").joinpath("references.bib")
    if packaged.is_file():
        return parse_bib(packaged.read_text("utf-8"))
    for folder in Path(__file__).resolve().parents:
        source = folder / "docs" / "references.bib"
        if source.is_file():
            return parse_bib(source.read_text("utf-8"))
    return {}


def parse_bib(text: str) -> dict[str, Reference]:
    """References of a BibTeX text; understands braces, quotes and the common accents."""
    found: dict[str, Reference] = {}
    position = 0
    while match := _ENTRY.search(text, position):
        kind, key = match.group(1).lower(), match.group(2)
        fields, position = _fields(text, match.end())
        people = fields.pop("author", fields.pop("editor", ""))
        authors = tuple(_person(p) for p in re.split(r"\s+and\s+", people) if p.strip())
        found[key] = Reference(key=key, kind=kind, authors=authors, fields=fields)
    return found


def _fields(text: str, position: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while match := _FIELD.match(text, position):
        value, position = _value(text, match.end())
        fields[match.group(1).lower()] = _plain(value)
        while position < len(text) and text[position] in ", \n\r\t":
            position += 1
    return fields, position + 1


def _value(text: str, position: int) -> tuple[str, int]:
    opener = text[position]
    if opener not in '{"':
        end = re.compile(r"[,}\n]").search(text, position)
        stop = end.start() if end else len(text)
        return text[position:stop].strip(), stop
    depth, start = 0, position + 1
    for index in range(position, len(text)):
        character = text[index]
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        closes = depth == 0 and (character == "}" if opener == "{" else character == '"')
        if closes and index > position:
            return text[start:index], index + 1
    return text[start:], len(text)


def _plain(value: str) -> str:
    def accent(match: re.Match[str]) -> str:
        return match.group(2) + _ACCENTS[match.group(1)]

    value = re.sub(r"\\([\"'`^~c])\s*\{?\\?(\w)\}?", accent, value)
    value = value.replace("\\o", "\u00f8").replace("\\&", "&").replace("--", "\u2013")
    value = re.sub(r"\s+", " ", re.sub(r"[{}]", "", value)).strip()
    return unicodedata.normalize("NFC", value)


def _person(name: str) -> tuple[str, str]:
    name = name.strip()
    if "," in name:
        family, given = name.split(",", 1)
        return family.strip(), given.strip()
    parts = name.split()
    return (parts[-1], " ".join(parts[:-1])) if len(parts) > 1 else (name, "")


def short(key: str, language: str = "en") -> str:
    """The reference inside parentheses, for example ``Hu & Bentler, 1999``."""
    reference = bibliography().get(key)
    if reference is None:
        return key
    families = [family for family, _ in reference.authors] or [reference.fields.get("title", key)]
    if len(families) > 2:
        who = families[0] + (" \u7b49" if language == "zh" else " et al.")
    else:
        who = " & ".join(families)
    return f"{who}, {reference.year}"


def cite(keys: Iterable[str], language: str = "en") -> str:
    """Several references for one pair of parentheses, in order, each once."""
    joint = "\uff1b" if language == "zh" else "; "
    return joint.join(short(key, language) for key in dict.fromkeys(keys))


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the reference list: text before, the part in italics, text after, and the DOI."""

    key: str
    head: str
    italic: str
    tail: str
    doi: str


def entry(key: str) -> Entry:
    """The APA-like entry of ``key`` for the list at the end of a report."""
    reference = bibliography().get(key)
    if reference is None:
        return Entry(key=key, head=key, italic="", tail="", doi="")
    get = reference.fields.get
    title = get("title", "")
    head = f"{_authors(reference.authors)} ({reference.year}). "
    doi = get("doi", "").removeprefix("https://doi.org/")
    venue = get("journal") or get("booktitle", "")
    if not venue:
        publisher = get("publisher") or get("institution", "")
        tail = ". " + publisher + "." if publisher else "."
        return Entry(key=key, head=head, italic=title, tail=tail, doi=doi)
    volume, number, pages = get("volume", ""), get("number", ""), get("pages", "")
    tail = (f"({number})" if number else "") + (f", {pages}" if pages else "") + "."
    italic = venue + (f", {volume}" if volume else "")
    return Entry(key=key, head=head + title.rstrip(".") + ". ", italic=italic, tail=tail, doi=doi)


def _authors(people: tuple[tuple[str, str], ...]) -> str:
    names = [f"{family}, {_initials(given)}" if given else family for family, given in people]
    if len(names) > 1:
        return ", ".join(names[:-1]) + ", & " + names[-1]
    return names[0] if names else ""


def _initials(given: str) -> str:
    return " ".join(
        "-".join(f"{part[0]}." for part in word.split("-") if part) for word in given.split()
    )


def reference_list(keys: Iterable[str]) -> tuple[Entry, ...]:
    """Entries of the keys used, each once, sorted as APA sorts them."""
    return tuple(sorted((entry(k) for k in dict.fromkeys(keys)), key=lambda e: e.head.casefold()))
