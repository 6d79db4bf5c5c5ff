"""The batch file: which notebooks run with which parameters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import InputError, Message, message
from analysis.i18n import LANGUAGES
from analysis.run.jobs import shown
from analysis.run.params import NOTEBOOKS, Value, nearest, schema, unknown
from analysis.run.record import sha256

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
EVERY = "*"
KEYS = ("format", "title", "study", "notebooks", "language", "minimum_n", "seeds", "parameters",
        "grid", "runs", "include", "exclude")  # fmt: skip
OWN = ("study", "notebook", "language")

Rule = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Located(Message):
    """A message with the file and the key that it is about."""

    where: str = ""

    def parts(self, language: str = "en") -> tuple[str, str, str]:
        """Symptom, preceded by the place, cause and remedy."""
        symptom, cause, remedy = super().parts(language)
        return f"{self.where}: {symptom}", cause, remedy


def located(what: Message, where: str) -> Located:
    """The message, said to be about ``where``."""
    return Located(what.code, what.fields, where)


@dataclass(frozen=True)
class BatchFile:
    """A batch as its file states it.

    Every value of ``grid`` meets every other; each of ``runs`` stands for itself. ``minimum_n`` is
    the least number of respondents of a run. A run must match one of the rules of ``include``, if
    there are any, and none of ``exclude``.
    """

    path: Path
    digest: str
    title: Mapping[str, str]
    studies: tuple[str, ...]
    notebooks: tuple[str, ...]
    languages: tuple[str, ...] = ("en",)
    minimum_n: int = 0
    seeds: tuple[int, ...] = ()
    fixed: Mapping[str, Value] = field(default_factory=dict)
    grid: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    runs: tuple[Mapping[str, Value], ...] = ()
    include: tuple[Rule, ...] = ()
    exclude: tuple[Rule, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its ending; names the batch."""
        return self.path.stem

    def where(self, key: str) -> str:
        """A place in this file, for messages."""
        return f"{shown(self.path)}: {key}"


def read_batch(path: Path) -> BatchFile:
    """Read a batch file.

    Raises
    ------
    InputError
        With every problem of the file's own form: TOML, keys, kinds of values, notebooks, and
        names of parameters that no notebook of the batch has.
    """
    reader = _Reader(path)
    return reader.batch()


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Message] = []
        try:
            data = path.read_bytes()
            self.content: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
        except FileNotFoundError:
            raise InputError(message("batch.no_file", path=shown(path))) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(message("batch.not_toml", path=shown(path), reason=error)) from None
        self.digest = sha256(data)

    def complain(self, key: str, code: str, **fields: object) -> None:
        self.problems.append(located(message(f"batch.{code}", **fields), self.where(key)))

    def where(self, key: str) -> str:
        return f"{shown(self.path)}: {key}"

    def batch(self) -> BatchFile:
        """The batch, if nothing is wrong."""
        self._names()
        studies, notebooks = self._texts("study"), self._texts("notebooks")
        for number, name in enumerate(notebooks):
            if name not in NOTEBOOKS:
                key = f"notebooks[{number + 1}]"
                self.problems.append(located(unknown("notebook", name, NOTEBOOKS), self.where(key)))
        known = [name for name in notebooks if name in NOTEBOOKS]
        found = BatchFile(
            path=self.path,
            digest=self.digest,
            title=self._title(),
            studies=studies,
            notebooks=tuple(known),
            languages=self._languages(),
            minimum_n=self._whole("minimum_n"),
            seeds=self._seeds(),
            fixed=self._fixed("parameters", self.content.get("parameters", {})),
            grid=self._lists("grid", self.content.get("grid", {})),
            runs=tuple(self._runs()),
            include=tuple(self._rules("include")),
            exclude=tuple(self._rules("exclude")),
        )
        if not self.problems:
            self._parameters(found)
        if self.problems:
            raise InputError(self.problems)
        return found

    def _names(self) -> None:
        if not NAME.fullmatch(self.path.stem):
            self.problems.append(message("batch.bad_name", path=shown(self.path)))
        if self.content.get("format") != FORMAT:
            self.complain("format", "wrong_format", found=self.content.get("format"), good=FORMAT)
        for key in self.content:
            if key not in KEYS:
                near = nearest(key, KEYS)
                code = "unknown_key_near" if near else "unknown_key"
                self.complain(key, code, name=key, near=near, good=", ".join(KEYS))
        for key in ("study", "notebooks"):
            if not self.content.get(key):
                self.complain(key, "missing_key", name=key)

    def _title(self) -> dict[str, str]:
        found = self.content.get("title", self.path.stem)
        if isinstance(found, str):
            return dict.fromkeys(LANGUAGES, found)
        if isinstance(found, dict) and all(isinstance(found.get(one), str) for one in LANGUAGES):
            return {one: found[one] for one in LANGUAGES}
        self.complain("title", "bad_title")
        return {}

    def _languages(self) -> tuple[str, ...]:
        found = self._texts("language") or ("en",)
        for name in found:
            if name not in LANGUAGES:
                self.complain("language", "unknown_language", name=name, good=", ".join(LANGUAGES))
        return found

    def _texts(self, key: str) -> tuple[str, ...]:
        found = self.content.get(key, [])
        entries = [found] if isinstance(found, str) else found
        if not isinstance(entries, list) or not all(isinstance(one, str) for one in entries):
            self.complain(key, "not_texts", name=key)
            return ()
        return tuple(dict.fromkeys(entries))

    def _whole(self, key: str) -> int:
        found = self.content.get(key, 0)
        if type(found) is not int or found < 0:
            self.complain(key, "not_whole", value=repr(found))
            return 0
        return found

    def _seeds(self) -> tuple[int, ...]:
        found = self.content.get("seeds", [])
        if not isinstance(found, list) or any(type(one) is not int or one < 0 for one in found):
            self.complain("seeds", "not_whole", value=repr(found))
            return ()
        return tuple(dict.fromkeys(found))

    def _fixed(self, key: str, found: object) -> dict[str, Value]:
        if not isinstance(found, dict):
            self.complain(key, "not_table", name=key)
            return {}
        for name, value in found.items():
            if type(value) not in (str, int, float, bool):
                self.complain(f"{key}.{name}", "not_a_value", value=repr(value))
        return found

    def _lists(self, key: str, found: object) -> dict[str, tuple[Value, ...]]:
        if not isinstance(found, dict):
            self.complain(key, "not_table", name=key)
            return {}
        result: dict[str, tuple[Value, ...]] = {}
        for name, value in found.items():
            values = value if isinstance(value, list) else [value]
            if not values or any(type(one) not in (str, int, float, bool) for one in values):
                self.complain(f"{key}.{name}", "not_values", value=repr(value))
            result[name] = tuple(dict.fromkeys(map(_hashable, values)))
        return result

    def _tables(self, key: str) -> list[tuple[str, object]]:
        found = self.content.get(key, [])
        if not isinstance(found, list):
            self.complain(key, "not_tables", name=key)
            return []
        return [(f"{key}[{number}]", one) for number, one in enumerate(found, start=1)]

    def _runs(self) -> list[dict[str, Value]]:
        return [self._fixed(key, one) for key, one in self._tables("runs")]

    def _rules(self, kind: str) -> list[Rule]:
        return [self._lists(key, one) for key, one in self._tables(kind)]

    def _parameters(self, found: BatchFile) -> None:
        """Complain about names that no notebook of the batch knows."""
        known = dict.fromkeys(
            name for one in named_notebooks(found) for name in schema(one).model_fields
        )
        own = [name for name in known if name not in OWN]
        tables: list[tuple[str, Sequence[str], tuple[str, ...]]] = [
            ("parameters", list(found.fixed), ()),
            ("grid", list(found.grid), ()),
        ]
        tables += [(f"runs[{n}]", list(one), OWN) for n, one in enumerate(found.runs, start=1)]
        for kind, rules in (("include", found.include), ("exclude", found.exclude)):
            tables += [(f"{kind}[{n}]", list(one), OWN) for n, one in enumerate(rules, start=1)]
        for key, names, more in tables:
            for name in names:
                if name not in own and name not in more:
                    said = unknown("parameter", name, [*own, *more])
                    self.problems.append(located(said, self.where(f"{key}.{name}")))


def named_notebooks(batch: BatchFile) -> tuple[str, ...]:
    """All notebooks that the batch names, those of single runs included."""
    single = [str(one["notebook"]) for one in batch.runs if one.get("notebook") in NOTEBOOKS]
    return tuple(dict.fromkeys([*batch.notebooks, *single]))


def _hashable(value: object) -> Any:
    return value if isinstance(value, str | int | float | bool) else repr(value)
