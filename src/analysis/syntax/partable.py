"""The parameter table: what lavaan's ``lavaanify`` makes of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from analysis.errors import Message, ModelError, message
from analysis.syntax.constraints import effect_coding, equalities, user_constraints
from analysis.syntax.expression import Expression
from analysis.syntax.groups import apply_modifiers, equality_labels, replicate
from analysis.syntax.names import VariableNames, variable_names
from analysis.syntax.options import PartableOptions
from analysis.syntax.partable_auto import complete
from analysis.syntax.partable_checks import check_labels, check_modifiers, check_observed
from analysis.syntax.rows import Row, flatten
from analysis.syntax.statements import ModelSyntax


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    Attributes
    ----------
    id : int
        1-based.
    lhs, op, rhs : str
        ``=~ ~ ~~ ~1 | ~*~ := == < >``; ``rhs`` is empty for ``~1``.
    user : int
        0 added, 1 in the model text, 2 constraint made from labels or options.
    group : int
        1-based; 0 for definitions and constraints.
    free : int
        0 fixed, else the parameter's number 1..q. Equal labels do not merge numbers: ``==``
        rows over ``plabel`` hold them equal.
    ustart : float or None
        The fixed value, or the user's start value where free. None and fixed: the sample's
        moment (exogenous variables).
    exo : bool
        Belongs to fixed exogenous variables.
    label, plabel : str
        The user's label (or the first equal one's ``plabel``), and its own label ``.p1.``.
    lower, upper : float or None
        Bounds of a free parameter.
    line : int or None
        Line of the model text.
    expression : Expression or None
        Of ``:=``: the right-hand side; of ``==``, ``<``, ``>``: left minus right.
    """

    id: int
    lhs: str
    op: str
    rhs: str
    user: int
    group: int
    free: int
    ustart: float | None
    exo: bool
    label: str
    plabel: str
    lower: float | None = None
    upper: float | None = None
    line: int | None = None
    expression: Expression | None = field(default=None, compare=False, repr=False)

    @property
    def start(self) -> bool:
        """Whether it is estimated."""
        return self.free > 0

    @property
    def is_parameter(self) -> bool:
        """Whether it is a model parameter, not a definition or constraint."""
        return self.group > 0


@dataclass(frozen=True)
class ParTable:
    """All parameters and constraints of a model, in lavaan's order.

    Attributes
    ----------
    rows : tuple of Parameter
    groups : tuple of str
        Labels of the groups.
    options : PartableOptions
        As resolved (``meanstructure`` is a bool, implied equalities added).
    warnings : tuple of Message
        Choices that may surprise.
    """

    rows: tuple[Parameter, ...]
    groups: tuple[str, ...]
    options: PartableOptions
    warnings: tuple[Message, ...] = field(default=(), compare=False)

    @cached_property
    def names(self) -> VariableNames:
        """Variables by role."""
        return variable_names([row for row in self.rows if row.group == 1])

    @cached_property
    def n_free(self) -> int:
        """Number of free parameters, before equality constraints."""
        return max((row.free for row in self.rows), default=0)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    @property
    def latent(self) -> tuple[str, ...]:
        """Latent variables in lavaan's order (``lv``)."""
        return self.names.latent

    @property
    def observed(self) -> tuple[str, ...]:
        """Observed variables in lavaan's order (``ov``)."""
        return self.names.observed

    @property
    def ordered(self) -> tuple[str, ...]:
        """Ordered observed variables (``ov.ord``)."""
        return self.names.with_thresholds

    @property
    def exogenous_observed(self) -> tuple[str, ...]:
        """Observed variables that only predict (``ov.x``)."""
        return self.names.observed_x

    @property
    def exogenous_latent(self) -> tuple[str, ...]:
        """Latent variables that nothing in the model explains (``lv.x``)."""
        return self.names.latent_x

    @property
    def endogenous(self) -> tuple[str, ...]:
        """Left-hand sides of regressions."""
        return self.names.dependent

    def indicators(self, latent: str) -> tuple[str, ...]:
        """What measures a latent variable."""
        rows = (row.rhs for row in self.rows if row.op == "=~" and row.lhs == latent)
        return tuple(dict.fromkeys(rows))

    def in_group(self, group: int) -> tuple[Parameter, ...]:
        """Model parameters of a group (1-based)."""
        return tuple(row for row in self.rows if row.group == group)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Rows that are model parameters."""
        return tuple(row for row in self.rows if row.is_parameter)

    @cached_property
    def constraints(self) -> tuple[Parameter, ...]:
        """Rows with ``==``, ``<`` or ``>``."""
        return tuple(row for row in self.rows if row.op in ("==", "<", ">"))

    @cached_property
    def defined(self) -> tuple[Parameter, ...]:
        """Rows with ``:=`` in the order of the text."""
        return tuple(row for row in self.rows if row.op == ":=")

    @cached_property
    def definition_order(self) -> tuple[Parameter, ...]:
        """Rows with ``:=`` such that each uses only earlier ones."""
        waiting = {row.lhs: row for row in self.defined}
        ordered: list[Parameter] = []

        def visit(row: Parameter) -> None:
            assert row.expression is not None
            for name in sorted(row.expression.names):
                if name in waiting and name != row.lhs:
                    visit(waiting[name])
            if waiting.pop(row.lhs, None) is not None:
                ordered.append(row)

        for row in self.defined:
            visit(row)
        return tuple(ordered)

    @cached_property
    def by_name(self) -> Mapping[str, Parameter]:
        """Rows by ``plabel`` and by label (the first of equal ones)."""
        found: dict[str, Parameter] = {row.plabel: row for row in self.rows if row.plabel}
        for row in self.rows:
            if row.label and row.is_parameter:
                found.setdefault(row.label, row)
        return found


def partable(
    syntax: ModelSyntax, *, observed: Sequence[str] | None = None, options: PartableOptions
) -> ParTable:
    """Complete a model into lavaan's parameter table.

    Parameters
    ----------
    syntax : ModelSyntax
        From ``parse_model``.
    observed : sequence of str, optional
        Columns of the data; unknown names and latent variables that are columns are errors.
    options : PartableOptions
        How to complete the model.

    Returns
    -------
    ParTable

    Raises
    ------
    ModelSyntaxError
        Names that do not fit the data, labels that fit no parameter.
    ModelError
        Options that do not fit the model.

    Notes
    -----
    Row order, numbering and labels are those of lavaan 0.6-14.
    """
    flat = flatten(syntax)
    names = variable_names(flat)
    if observed is not None:
        check_observed(syntax, names, observed)
    ordered = _ordered(names, options)
    intercepts = any(row.op == "~1" for row in flat)
    resolved = options.resolved(
        categorical=bool(ordered), intercepts=intercepts, exogenous=bool(names.observed_x)
    )
    check_modifiers(syntax, flat, resolved.n_groups)
    rows = complete(flat, names, ordered, resolved)
    rows = replicate(rows, names, ordered, resolved)
    single_label = apply_modifiers(rows, resolved.n_groups)
    warnings = _warnings(names, ordered, single_label, options)
    for number, row in enumerate(rows, start=1):
        row.plabel = f".p{number}."
    rest = user_constraints(syntax)
    check_labels(syntax, rows, rest)
    shared, notes = equalities(rows, equality_labels(rows, names, resolved))
    rest += shared
    if resolved.effect_parts:
        rest += effect_coding(rows, resolved)
    _number(rows)
    frozen = tuple(_freeze(i, row) for i, row in enumerate((*rows, *rest), start=1))
    resolved = replace(resolved, ordered=ordered)
    return ParTable(frozen, options.groups, resolved, (*warnings, *notes))


def _ordered(names: VariableNames, options: PartableOptions) -> tuple[str, ...]:
    """Ordered items in the order of the observed variables."""
    wanted = ({*options.ordered, *options.thresholds} - set(names.observed_x)) | set(
        names.with_thresholds
    )
    ordered = tuple(name for name in names.observed if name in wanted)
    bare = [n for n in ordered if n not in options.thresholds and n not in names.with_thresholds]
    if bare:
        raise ModelError([message("syntax.no_thresholds", name=name) for name in bare])
    return ordered


def _warnings(
    names: VariableNames, ordered: tuple[str, ...], single_label: bool, options: PartableOptions
) -> list[Message]:
    found = []
    if "thresholds" in options.group_equal and not ordered:
        found.append(message("syntax.thresholds_without_ordered"))
    if single_label and not options.group_equal:
        found.append(message("syntax.single_label"))
    if options.fixed_x:
        taken = {*names.latent, *names.indicators, *names.dependent, *names.observed_x}
        random = [name for name in names.predictors if name not in taken]
        if random:
            found.append(message("syntax.random_exogenous", names=", ".join(random)))
    return found


def _number(rows: list[Row]) -> None:
    count = 0
    for row in rows:
        if row.free:
            count += 1
            row.free = count


def _freeze(number: int, row: Row) -> Parameter:
    return Parameter(
        id=number,
        lhs=row.lhs,
        op=row.op,
        rhs=row.rhs,
        user=row.user,
        group=row.group,
        free=row.free,
        ustart=row.ustart,
        exo=bool(row.exo),
        label=row.label,
        plabel=row.plabel,
        lower=row.lower if row.free else None,
        upper=row.upper if row.free else None,
        line=row.token.line if row.token else None,
        expression=row.expression,
    )
