"""What the columns of a study mean: the codebook's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from analysis.data.names import NO_LABEL, Label

VariableType = Literal[
    "nps", "count", "amount", "days", "share", "binary", "date", "number", "category"
]
VARIABLE_TYPES: tuple[VariableType, ...] = (
    "nps", "count", "amount", "days", "share", "binary", "date", "number", "category",
)  # fmt: skip
DuplicateRule = Literal["error", "first", "last"]
DUPLICATE_RULES: tuple[DuplicateRule, ...] = ("error", "first", "last")
Block = Literal["", "expectation", "perception"]
BLOCKS: tuple[Block, ...] = ("", "expectation", "perception")
Timing = Literal["", "before", "survey", "after"]
TIMINGS: tuple[Timing, ...] = ("", "before", "survey", "after")
KINDS = ("", "attitudinal", "behavioural", "cognitive")
CONSTRUCT_ROLES = (
    "quality", "image", "satisfaction", "loyalty", "value", "trust", "price", "identification",
    "personalization", "switching_cost", "complaint", "expectation", "awareness", "association",
    "preference", "recommendation", "marker", "attitude", "intention", "cognitive", "affective",
    "conative", "action",
)  # fmt: skip
VARIABLE_ROLES = (
    "recommendation", "repurchase", "frequency", "orders", "spend", "share_of_wallet", "tenure",
    "recency", "churn", "complaint", "awareness", "treatment", "age", "gender", "income",
    "education", "marker",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the data file is to be read; empty or None means: find out."""

    file: str = ""
    moments: str = ""
    encoding: str = ""
    separator: str = ""
    decimal: str = "."
    sheet: str = ""
    date_format: str = ""
    missing: tuple[float, ...] = ()
    missing_text: tuple[str, ...] = ()
    duplicate_ids: DuplicateRule = "error"
    min_group: int = 30


@dataclass(frozen=True, slots=True)
class Scale:
    """An answer scale; ``words`` maps answers in words (folded) to numbers."""

    name: str
    minimum: float
    maximum: float
    anchors: Mapping[float, Label] = field(default_factory=dict)
    ordinal: bool = True
    averaged: bool = False
    missing: tuple[float, ...] = ()
    words: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    ``minimum`` and ``maximum`` are None only in a study of published moments. ``missing`` holds
    all codes that count as no answer: the file's, the scale's and the item's own. ``asked_of``
    maps a group's name to the levels that saw the question (missing by design elsewhere).
    """

    name: str
    column: str
    construct: str = ""
    wording: Label = NO_LABEL
    label: Label = NO_LABEL
    scale: str = ""
    minimum: float | None = None
    maximum: float | None = None
    anchors: Mapping[float, Label] = field(default_factory=dict)
    ordinal: bool = True
    averaged: bool = False
    reversed: bool = False
    missing: tuple[float, ...] = ()
    words: Mapping[str, float] = field(default_factory=dict)
    block: Block = ""
    pair: str = ""
    asked_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Construct:
    """A latent variable; ``items`` are its indicators (no expectation items), in file order."""

    name: str
    label: Label = NO_LABEL
    definition: Label = NO_LABEL
    items: tuple[str, ...] = ()
    expectation_items: tuple[str, ...] = ()
    parent: str = ""
    role: str = ""
    kind: str = ""
    bib: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A grouping column; ``levels`` (may be empty: take what comes) in the order to show."""

    name: str
    column: str
    label: Label = NO_LABEL
    levels: Mapping[str, Label] = field(default_factory=dict)
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """An outcome or covariate that is no questionnaire item."""

    name: str
    column: str
    type: VariableType
    label: Label = NO_LABEL
    role: str = ""
    kind: str = ""
    timing: Timing = ""
    currency: str = ""
    period_days: int = 0
    minimum: float | None = None
    maximum: float | None = None
    missing: tuple[float, ...] = ()
    levels: Mapping[str, Label] = field(default_factory=dict)
    outcome: bool = True


@dataclass(frozen=True, slots=True)
class AttentionCheck:
    """A question whose right answers are known."""

    name: str
    column: str
    answers: tuple[float, ...]
    wording: Label = NO_LABEL


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns with a job; an empty text means there is none."""

    id: str = ""
    weight: str = ""
    cluster: str = ""
    strata: str = ""
    start: str = ""
    end: str = ""
    duration: str = ""
    personal: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SideTable:
    """A further file of the study; ``columns`` maps a job (id, date, amount ...) to a column."""

    name: str
    file: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A sentence of the theory, tied to one path of a model."""

    id: str
    path: str
    sign: Literal["", "+", "-"] = ""
    text: Label = NO_LABEL


@dataclass(frozen=True, slots=True)
class ModelNote:
    """What the codebook says about a model of the study."""

    name: str
    title: Label = NO_LABEL
    description: Label = NO_LABEL
    hypotheses: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True, slots=True)
class Codebook:
    """A study's codebook, checked as a whole."""

    name: str
    title: Label
    description: Label = NO_LABEL
    simulated: bool = False
    source: str = ""
    citation: str = ""
    bib: tuple[str, ...] = ()
    url: str = ""
    licence: str = ""
    country: str = ""
    industry: Label = NO_LABEL
    population: Label = NO_LABEL
    sample: Label = NO_LABEL
    collected: str = ""
    default_model: str = ""
    options: ReadOptions = ReadOptions()
    scales: tuple[Scale, ...] = ()
    constructs: tuple[Construct, ...] = ()
    items: tuple[Item, ...] = ()
    groups: tuple[Group, ...] = ()
    roles: Roles = Roles()
    attention: tuple[AttentionCheck, ...] = ()
    outcomes: tuple[Variable, ...] = ()
    covariates: tuple[Variable, ...] = ()
    tables: tuple[SideTable, ...] = ()
    models: Mapping[str, ModelNote] = field(default_factory=dict)

    @property
    def item_names(self) -> tuple[str, ...]:
        """Names of all items, in file order."""
        return tuple(item.name for item in self.items)

    @property
    def construct_names(self) -> tuple[str, ...]:
        """Names of all constructs, in file order."""
        return tuple(construct.name for construct in self.constructs)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Outcomes, then covariates."""
        return self.outcomes + self.covariates

    def item(self, name: str) -> Item:
        """The item of that name (KeyError if there is none)."""
        return _named(self.items, name)

    def construct(self, name: str) -> Construct:
        """The construct of that name (KeyError if there is none)."""
        return _named(self.constructs, name)

    def group(self, name: str) -> Group:
        """The grouping column of that name (KeyError if there is none)."""
        return _named(self.groups, name)

    def variable(self, name: str) -> Variable:
        """The outcome or covariate of that name (KeyError if there is none)."""
        return _named(self.variables, name)

    def children(self, construct: str) -> tuple[str, ...]:
        """First-order constructs of a second-order one."""
        return tuple(c.name for c in self.constructs if c.parent == construct)

    def with_role(self, role: str) -> tuple[str, ...]:
        """Names of the constructs, outcomes and covariates that play a role, in file order."""
        return tuple(x.name for x in self._roled() if x.role == role)

    def label(self, name: str, language: str = "en") -> str:
        """What to call an item, construct, group or variable; its own name if nothing is said."""
        named: tuple[Construct | Item | Group | Variable, ...] = (
            *self.constructs, *self.items, *self.groups, *self.variables,
        )  # fmt: skip
        for entry in named:
            if entry.name == name:
                return entry.label[language] or name
        return name

    def _roled(self) -> tuple[Construct | Variable, ...]:
        return (*self.constructs, *self.variables)


_Entry = TypeVar("_Entry", Item, Construct, Group, Variable)


def _named(entries: tuple[_Entry, ...], name: str) -> _Entry:
    for entry in entries:
        if entry.name == name:
            return entry
    raise KeyError(name)
