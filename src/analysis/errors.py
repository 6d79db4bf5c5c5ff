"""Errors that say symptom, cause and remedy, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from analysis.i18n import render


@dataclass(frozen=True)
class Message:
    """One thing to tell the user: a locale key with the values that fill it.

    ``code`` names an entry ``<file>.<entry>`` of the locale files that holds ``symptom`` and
    ``remedy`` (``cause`` where it is not plain from the symptom).
    """

    code: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", dict(self.fields))

    def text(self, language: str = "en") -> str:
        """The whole message in one paragraph."""
        return " ".join(part for part in self.parts(language) if part)

    def parts(self, language: str = "en") -> tuple[str, str, str]:
        """Symptom, cause (may be empty) and remedy."""
        symptom, cause, remedy = (
            render(f"{self.code}.{part}", language, self.fields, default="")
            for part in ("symptom", "cause", "remedy")
        )
        return symptom, cause, remedy


def message(code: str, **fields: object) -> Message:
    """Shorthand for a ``Message`` with keyword fields."""
    return Message(code, fields)


class AnalysisError(Exception):
    """Base of all errors meant for the user; carries one or several messages."""

    exit_code = 2

    def __init__(self, messages: Message | Iterable[Message]) -> None:
        self.messages: tuple[Message, ...] = (
            (messages,) if isinstance(messages, Message) else tuple(messages)
        )
        super().__init__(self.text())

    def text(self, language: str = "en") -> str:
        """All messages, one a paragraph."""
        return "\n".join(m.text(language) for m in self.messages)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self.messages),)


class InputError(AnalysisError):
    """Data, codebook or parameters cannot be used as they are."""


class ModelSyntaxError(AnalysisError):
    """The model text cannot be read."""


class ModelError(AnalysisError):
    """The model can be read but does not fit the data or cannot be estimated."""
