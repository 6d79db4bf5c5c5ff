"""The one JSON document of ``loyalty fit --json``; ``--json-schema`` prints its description."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from analysis.errors import Message
from analysis.report import conclusive
from analysis.run.record import study_digests, versions
from analysis.run.resolve import Choice, labels
from analysis.sem import Solution

DIGITS = 10


def _finite(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


Number = Annotated[float | None, BeforeValidator(_finite)]


class Part(BaseModel):
    """Base of the document's parts: closed and read-only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(Part):
    """Something to know about the solution."""

    code: str = Field(description="stable name, for example sem.negative_variance")
    symptom: str
    cause: str
    remedy: str


class MeasureOut(Part):
    """A fit measure under lavaan's name."""

    value: Number
    formula: str = Field(description="which of the formulas in use it is")


class EstimateOut(Part):
    """A parameter: raw, std.lv and std.all scales; null where a quantity does not exist."""

    lhs: str
    op: str = Field(
        description="=~ loading, ~ path, ~~ (co)variance, ~1 intercept, | threshold, "
        "~*~ scale of an ordered item, := defined"
    )
    rhs: str
    label: str
    group: int = Field(description="number of the group; 0 for defined effects")
    free: bool
    est: Number
    se: Number
    z: Number
    p: Number
    ci_lower: Number
    ci_upper: Number
    std_lv: Number
    std_all: Number
    std_all_se: Number
    std_all_ci_lower: Number
    std_all_ci_upper: Number


class ModificationOut(Part):
    """What freeing a fixed parameter would do."""

    lhs: str
    op: str
    rhs: str
    group: int
    mi: Number = Field(description="expected drop of chi-square")
    epc: Number = Field(description="expected change of the parameter")
    sepc_all: Number = Field(description="the same, standardized")


class EngineOut(Part):
    """The same model in the second program."""

    engine: str
    version: str
    max_difference_std: Number
    max_difference_se: Number
    agrees: bool


class GroupOut(Part):
    """One group of the estimation; estimates and modification indices refer to its number."""

    number: int = Field(description="1, 2 ... as in the estimates' group")
    name: str = Field(description="code of the level; empty with one group")
    label: str
    n: int
    r2: dict[str, Number]


class DesignOut(Part):
    """How the data entered the estimation."""

    group: str = Field(description="grouping column; empty: one group")
    group_equal: list[str] = Field(description="what the groups share")
    group_partial: list[str] = Field(description="parameters released from that")
    group_labels: str = Field(description="shared or separate")
    ordered: list[str] = Field(description="items taken as ordered; their thresholds have op |")
    parameterization: str
    weights: str = Field(description="column of the sampling weights; empty: none")
    cluster: str = Field(description="column of the clusters; empty: none")
    bounds: str
    missing: str = Field(description="as done: fiml, listwise, or complete (nothing missing)")
    patterns: int = Field(description="patterns of missing answers over all groups; 1: complete")


class FitDocument(Part):
    """One fitted model; numbers to 10 significant digits, null where undefined."""

    schema_: Literal["loyalty.fit/1"] = Field("loyalty.fit/1", alias="schema")
    study: str
    simulated: bool
    model: str
    estimator: str
    likelihood: str
    information: str = Field(description="information matrix behind the standard errors")
    missing: str = Field(description="as asked for; empty: the estimator's own way")
    design: DesignOut
    scaling: str
    groups: dict[str, str] = Field(description="chosen brand, channel, wave; empty: everybody")
    n: int
    outcome: str = Field(
        description="converged, improper, not_converged, not_identified or singular_input"
    )
    admissible: bool = Field(description="whether conclusions may be drawn")
    findings: list[Finding]
    notes: list[Finding] = Field(description="what was done with the data before the fit")
    measures: dict[str, MeasureOut] = Field(
        description="by lavaan's name; names that end in .scaled and .robust are corrected versions"
    )
    estimates: list[EstimateOut]
    r2: dict[str, Number] = Field(description="of the first group")
    estimation_groups: list[GroupOut]
    modification_indices: list[ModificationOut] = Field(description="largest first")
    second_engine: EngineOut | None
    digests: dict[str, str]
    versions: dict[str, str]

    def to_json(self) -> str:
        """The document's text."""
        return self.model_dump_json(by_alias=True, indent=1)


def fit_document(choice: Choice, solution: Solution, language: str) -> FitDocument:
    """The document of a solution; sentences in ``language``."""
    params = choice.params
    engine = solution.second_engine
    return FitDocument(
        study=choice.study.name,
        simulated=choice.study.simulated,
        model=choice.model.name,
        estimator=solution.estimator,
        likelihood=params.likelihood,
        information=solution.preset.information,
        missing=params.missing,
        design=_design(choice, solution),
        scaling=params.scaling,
        groups=params.levels(),
        n=solution.n,
        outcome=solution.outcome.value,
        admissible=conclusive(solution),
        findings=_findings(solution.findings, language),
        notes=_findings(solution.notes, language),
        measures={
            name: MeasureOut(value=m.value, formula=m.formula)
            for name, m in solution.measures.items()
        },
        estimates=_estimates(solution),
        r2=dict(solution.r2),
        estimation_groups=_groups(choice, solution, language),
        modification_indices=_modifications(solution),
        second_engine=None
        if engine is None
        else EngineOut(
            engine=engine.engine,
            version=engine.version,
            max_difference_std=engine.max_difference_std,
            max_difference_se=engine.max_difference_se,
            agrees=engine.agrees,
        ),
        digests=study_digests(choice.study.folder, choice.model.path),
        versions=versions(),
    )


def _design(choice: Choice, solution: Solution) -> DesignOut:
    params, roles = choice.params, choice.study.codebook.roles
    codes = {note.code for note in solution.notes}
    known = [g.patterns for g in solution.fit.moments.groups if g.patterns is not None]
    return DesignOut(
        group=params.group,
        group_equal=list(params.listed("group_equal")),
        group_partial=list(params.listed("group_partial")),
        group_labels=params.group_labels,
        ordered=list(solution.partable.ordered),
        parameterization=params.parameterization,
        weights=roles.weight if params.weights else "",
        cluster=roles.cluster if params.cluster else "",
        bounds=params.bounds,
        missing="fiml" if known else "listwise" if "sem.listwise" in codes else "complete",
        patterns=sum(len(p.share) for p in known) or 1,
    )


def _groups(choice: Choice, solution: Solution, language: str) -> list[GroupOut]:
    words = labels(choice.study, language, choice.params.group)
    estimated = solution.outcome.estimated
    return [
        GroupOut(
            number=number,
            name=group.label,
            label=words.group(group.label),
            n=group.n,
            r2=dict(solution.r2_of(number - 1)) if estimated else {},
        )
        for number, group in enumerate(solution.fit.moments.groups, start=1)
    ]


def _findings(messages: Sequence[Message], language: str) -> list[Finding]:
    found = []
    for item in messages:
        symptom, cause, remedy = item.parts(language)
        found.append(Finding(code=item.code, symptom=symptom, cause=cause, remedy=remedy))
    return found


def _estimates(solution: Solution) -> list[EstimateOut]:
    names = list(EstimateOut.model_fields)
    return [
        EstimateOut(**{name: getattr(row, name) for name in names}) for row in solution.estimates
    ]


def _modifications(solution: Solution) -> list[ModificationOut]:
    names = list(ModificationOut.model_fields)
    return [
        ModificationOut(**{name: getattr(row, name) for name in names})
        for row in solution.modification_indices
    ]
