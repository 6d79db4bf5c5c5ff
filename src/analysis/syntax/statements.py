"""What a model text says, statement by statement, independent of its layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from analysis.syntax.expression import Expression
from analysis.syntax.printing import print_label, print_name, print_number
from analysis.syntax.tokens import Token

ModifierKind = Literal["fixed", "start", "lower", "upper", "label"]

_NOWHERE = Token("newline", "", "", 0, 0)


@dataclass(frozen=True, slots=True)
class Modifier:
    """What is said of a parameter before the ``*``.

    Attributes
    ----------
    kind : {"fixed", "start", "lower", "upper", "label"}
    values : tuple of (float or None) or of str
        One value, or one per group. ``None`` among fixed values stands for ``NA`` (free).
    """

    kind: ModifierKind
    values: tuple[float | str | None, ...]
    token: Token = field(default=_NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        shown = [
            print_label(v, vector=len(self.values) > 1) if isinstance(v, str) else print_number(v)
            for v in self.values
        ]
        text = shown[0] if len(shown) == 1 else f"c({', '.join(shown)})"
        return text if self.kind in ("fixed", "label") else f"{self.kind}({text})"


@dataclass(frozen=True, slots=True)
class Term:
    """One right-hand side name with all that is said of it.

    ``name`` is empty for the constant ``1`` (an intercept).
    """

    name: str
    modifiers: tuple[Modifier, ...] = ()
    token: Token = field(default=_NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        name = print_name(self.name) if self.name else "1"
        if self.name == "" and self.modifiers == (Modifier("fixed", (0.0,)),):
            return "0"
        return " + ".join(f"{m}*{name}" for m in self.modifiers) or name


@dataclass(frozen=True, slots=True)
class Formula:
    """``lhs op terms`` with one of the operators ``=~ ~ ~~ | ~*~``."""

    lhs: tuple[str, ...]
    op: str
    terms: tuple[Term, ...]
    token: Token = field(default=_NOWHERE, compare=False, repr=False)
    lhs_tokens: tuple[Token, ...] = field(default=(), compare=False, repr=False)

    @property
    def line(self) -> int:
        """The line it starts on (1-based)."""
        return self.token.line

    def __str__(self) -> str:
        left = " + ".join(map(print_name, self.lhs))
        return f"{left} {self.op} {' + '.join(map(str, self.terms))}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """``lhs op rhs`` with one of ``== < >``."""

    lhs: Expression
    op: str
    rhs: Expression
    token: Token = field(default=_NOWHERE, compare=False, repr=False)
    name_tokens: tuple[Token, ...] = field(default=(), compare=False, repr=False)

    @property
    def line(self) -> int:
        """The line it starts on (1-based)."""
        return self.token.line

    def __str__(self) -> str:
        return f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True)
class Definition:
    """``name := expression``, a parameter computed from others."""

    name: str
    expression: Expression
    token: Token = field(default=_NOWHERE, compare=False, repr=False)
    name_tokens: tuple[Token, ...] = field(default=(), compare=False, repr=False)

    @property
    def line(self) -> int:
        """The line it starts on (1-based)."""
        return self.token.line

    def __str__(self) -> str:
        return f"{print_name(self.name)} := {self.expression}"


Statement = Formula | Constraint | Definition


@dataclass(frozen=True)
class ModelSyntax:
    """A parsed model; ``str`` prints it back as equivalent lavaan syntax.

    Two models are equal when their statements are, whatever their layout.
    """

    statements: tuple[Statement, ...]
    source: str = field(default="model", compare=False)
    text: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return "".join(f"{statement}\n" for statement in self.statements)

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """The statements about variables."""
        return tuple(s for s in self.statements if isinstance(s, Formula))

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The ``:=`` statements."""
        return tuple(s for s in self.statements if isinstance(s, Definition))

    @cached_property
    def latent(self) -> tuple[str, ...]:
        """Names of the latent variables in the order of the text."""
        names = (name for f in self.formulas if f.op == "=~" for name in f.lhs)
        return tuple(dict.fromkeys(names))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """All variable names, latent and observed, in the order of the text."""
        found: dict[str, None] = {}
        for formula in self.formulas:
            found.update(dict.fromkeys(formula.lhs))
            if formula.op != "|":
                found.update(dict.fromkeys(term.name for term in formula.terms if term.name))
        return tuple(found)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All parameter labels in the order of the text."""
        return tuple(
            dict.fromkeys(
                value
                for formula in self.formulas
                for term in formula.terms
                for modifier in term.modifiers
                if modifier.kind == "label"
                for value in modifier.values
                if isinstance(value, str) and value
            )
        )
