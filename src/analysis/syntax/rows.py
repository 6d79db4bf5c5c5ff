"""Working rows of a parameter table under construction."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.syntax.expression import Expression
from analysis.syntax.names import variable_names
from analysis.syntax.statements import ModelSyntax, Modifier
from analysis.syntax.tokens import Token


@dataclass(slots=True)
class Row:
    """One row; ``free`` is 0 or 1 until the parameters are numbered."""

    lhs: str
    op: str
    rhs: str
    user: int = 0
    group: int = 1
    free: int = 1
    ustart: float | None = None
    exo: int = 0
    label: str = ""
    plabel: str = ""
    lower: float | None = None
    upper: float | None = None
    modifiers: tuple[Modifier, ...] = ()
    token: Token | None = None
    expression: Expression | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same parameter as another."""
        return (self.lhs, self.op, self.rhs)

    @property
    def is_variance(self) -> bool:
        """Whether it is a (residual) variance."""
        return self.op == "~~" and self.lhs == self.rhs

    def fix(self, value: float | None) -> None:
        """Fix at a value (None: at the sample's)."""
        self.free, self.ustart = 0, value

    def release(self) -> None:
        """Make free without a start value."""
        self.free, self.ustart = 1, None


def flatten(syntax: ModelSyntax) -> list[Row]:
    """One row per element of the model text; covariances in lavaan's order of variables."""
    rows = []
    for formula in syntax.formulas:
        for name in formula.lhs:
            for term in formula.terms:
                op, rhs = formula.op, term.name
                if not rhs:
                    op, rhs = ("~1", "") if op == "~" else (op, name)
                row = Row(name, op, rhs, user=1, modifiers=term.modifiers, token=term.token)
                rows.append(row)
    _order_covariances(rows)
    return rows


def _order_covariances(rows: list[Row]) -> None:
    pairs = [r for r in rows if r.op == "~~" and r.lhs != r.rhs]
    if not pairs:
        return
    names = variable_names(rows)
    place = {name: i for i, name in enumerate((*names.latent, *names.observed))}
    for row in pairs:
        if place[row.lhs] > place[row.rhs]:
            row.lhs, row.rhs = row.rhs, row.lhs
