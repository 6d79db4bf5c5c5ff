"""From names to things: the study, the model and the respondents that parameters speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.data import PublishedMatrix, Study, StudyModel, Survey, load_study
from analysis.errors import InputError, Message, message
from analysis.report.labels import Labels
from analysis.run import design
from analysis.run.params import StudyParams, unknown, validate
from analysis.run.power_design import power_problems
from analysis.run.retention_columns import retention_problems
from analysis.sem import Moments
from analysis.syntax import Formula, ModelSyntax, parse_model

MEASUREMENT_NOTEBOOK = "10_measurement"
MEASUREMENT_MODEL = "measurement"
DRIVERS_NOTEBOOK = "30_drivers"
DRIVER_MODELS = ("extended", "ecsi")


@dataclass(frozen=True)
class Choice:
    """Checked parameters with the study and the model they name.

    ``syntax`` is what is estimated, in 10_measurement the model's measurement part; ``data`` are
    the chosen respondents, or the published moments.
    """

    notebook: str
    params: StudyParams
    study: Study
    model: StudyModel
    syntax: ModelSyntax

    @cached_property
    def data(self) -> Survey | PublishedMatrix:
        """Read when first asked for, unless the choices had to be checked against it."""
        return respondents(self.study, self.params, self.syntax)

    def rival(self, syntax: ModelSyntax, params: StudyParams) -> Choice:
        """Another model for the same respondents, who are not chosen anew for the same items.

        ``params`` may differ in what does not choose respondents or their answers.
        """
        other = replace(self, syntax=syntax, params=params)
        if set(observed(syntax)) == set(observed(self.syntax)):
            vars(other)["data"] = self.data
        return other


def resolve(
    notebook: str,
    values: Mapping[str, object],
    *,
    read: bool = True,
    opened: Study | None = None,
) -> Choice:
    """Check parameters against the notebook's schema and against the study.

    Without ``read`` the answers themselves are read and checked when they are first asked for.
    ``opened`` is the study itself where it was opened before.

    Raises
    ------
    InputError
        Naming every unknown parameter, value, study, model and group, with the good ones.
    """
    params = validate(notebook, values)
    study = opened or load_study(params.study)
    if params.needs_answers and not study.has_rows:
        raise InputError(message("screening.no_rows", study=study.name))
    problems: list[Message] = []
    name = params.model or default_model(notebook, study)
    if not study.models:
        problems.append(message("run.no_models", study=study.name))
    elif name not in study.models:
        problems.append(unknown("model", name, study.models))
    problems += group_problems(params, study)
    if name not in study.models:
        raise InputError(problems)
    syntax = parse(study.models[name])
    if notebook == MEASUREMENT_NOTEBOOK:
        syntax = measurement_part(name, syntax)
    problems += design.option_problems(params, study, observed(syntax))
    problems += design.across_problems(params, study, syntax)
    problems += design.claims_problems(params, study)
    problems += design.driver_problems(params, study, syntax)
    problems += power_problems(params, study, syntax)
    problems += retention_problems(params, study)
    if problems:
        raise InputError(problems)
    choice = Choice(notebook, params, study, study.models[name], syntax)
    if study.has_rows and read:
        _ = choice.data
    return choice


def group_problems(params: StudyParams, study: Study) -> list[Message]:
    """Why the chosen groups cannot be told apart in this study, if they cannot."""
    known = {group.name for group in study.codebook.groups}
    found: list[Message] = []
    for name, value in params.levels().items():
        if not study.has_rows:
            found.append(message("run.no_groups", name=name, value=value))
        elif name not in known:
            found.append(message("run.no_role", name=name, value=value))
    return found


def default_model(notebook: str, study: Study) -> str:
    """The model that a notebook takes when none is named."""
    if notebook == MEASUREMENT_NOTEBOOK and MEASUREMENT_MODEL in study.models:
        return MEASUREMENT_MODEL
    if notebook == DRIVERS_NOTEBOOK:
        return next((m for m in DRIVER_MODELS if m in study.models), study.default_model)
    return study.default_model


def respondents(study: Study, params: StudyParams, syntax: ModelSyntax) -> Survey | PublishedMatrix:
    """The study's data, of the chosen respondents only.

    Raises
    ------
    InputError
        Where the model cannot be estimated on them as was asked for.
    """
    data = study.data
    if not isinstance(data, Survey):
        return data
    levels = params.levels()
    chosen = design.usable(data.filter(**levels) if levels else data, params)
    return design.compared(chosen, params, syntax, observed(syntax))


def moments(data: Survey | PublishedMatrix, names: Sequence[str], params: StudyParams) -> Moments:
    """Moments of the variables ``names`` for estimation, groups in the codebook's order.

    Published standard deviations have divisor n - 1 unless the study says otherwise.
    """
    if isinstance(data, Survey):
        return _survey_moments(data, names, params)
    part = data.subset(names)
    return Moments.from_published(
        names=part.names,
        n=part.n,
        correlations=part.correlations,
        sds=part.sds,
        means=part.means,
        rescale=not (part.sds is not None and part.sd_divisor == "n"),
    )


def _survey_moments(data: Survey, names: Sequence[str], params: StudyParams) -> Moments:
    rows, roles = data.items(names), data.codebook.roles
    weights = data.frame[roles.weight].to_numpy(float) if params.weights else None
    cluster = data.frame[roles.cluster].to_numpy() if params.cluster else None
    if not params.group:
        return Moments.from_data(
            rows, names, weights=weights, cluster=None if cluster is None else list(cluster)
        )
    labels = np.asarray(data.labels(params.group), dtype=object)
    place = {level: i for i, level in enumerate(data.levels(params.group))}
    order = np.argsort([place[label] for label in labels], kind="stable")
    return Moments.from_data(
        rows[order],
        names,
        group=labels[order].tolist(),
        weights=None if weights is None else weights[order],
        cluster=None if cluster is None else list(cluster[order]),
    )


def observed(syntax: ModelSyntax) -> tuple[str, ...]:
    """Names of the observed variables of a model in the order of its text."""
    return tuple(name for name in syntax.variables if name not in syntax.latent)


def measurement_part(name: str, syntax: ModelSyntax) -> ModelSyntax:
    """The factors and residual covariances of a model, without its paths and effects.

    Raises
    ------
    InputError
        Where no factor has two indicators or more.
    """
    kept = tuple(
        formula
        for formula in syntax.formulas
        if formula.op == "=~" or (formula.op == "~~" and not set(formula.lhs) & set(syntax.latent))
    )
    if not _has_factors(kept):
        raise InputError(message("run.no_measurement", name=name))
    return ModelSyntax(kept, source=syntax.source, text="".join(f"{s}\n" for s in kept))


def _has_factors(formulas: Sequence[Formula]) -> bool:
    counts: dict[str, set[str]] = {}
    for formula in formulas:
        if formula.op == "=~":
            for name in formula.lhs:
                counts.setdefault(name, set()).update(term.name for term in formula.terms)
    return any(len(items) > 1 for items in counts.values())


def parse(model: StudyModel) -> ModelSyntax:
    """The syntax of a study's model; errors name its file."""
    return parse_model(model.text, source=model.path.name)


def labels(study: Study, language: str, group: str = "") -> Labels:
    """Names and wordings of a study in the reader's language, and of a column's groups."""
    book = study.codebook
    names = {c.name: c.label[language] for c in book.constructs if c.label}
    names |= {item.name: item.label[language] for item in book.items if item.label}
    wordings = {item.name: item.wording[language] for item in book.items if item.wording}
    levels = book.group(group).levels if group else {}
    groups = {code: label[language] or code for code, label in levels.items()}
    return Labels(names=names, wordings=wordings, groups=groups)


def stamps(study: Study) -> tuple[str, ...]:
    """Warnings that stay with every piece of evidence of this study."""
    return ("SIMULATED",) if study.simulated else ()
