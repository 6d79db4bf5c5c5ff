"""From a checked choice to a solution."""

from __future__ import annotations

from dataclasses import replace

from analysis.data import Survey
from analysis.errors import Message, message
from analysis.methods.coverage import Coverage, coverage
from analysis.run.design import ordered_items
from analysis.run.large import is_large, large_moments
from analysis.run.resolve import Choice, moments, observed
from analysis.sem import Solution, sem
from analysis.syntax import labels_per_group, shared_labels

REPEATED = "syntax.single_label"


def estimate(choice: Choice, *, fixed_x: bool | None = None) -> Solution:
    """Fit the choice's model to its data; the notes say what may surprise in that.

    ``fixed_x`` as in ``sem``: whether the moments of covariates are taken as given.
    """
    params, syntax, large = choice.params, choice.syntax, is_large(choice.study)
    names = observed(syntax)
    used = (
        large_moments(choice.study, params, syntax)
        if large
        else moments(choice.data, names, params)
    )
    fiml = large and any(g.patterns is not None for g in used.groups)
    notes: tuple[Message, ...] = ()
    if params.group and params.group_labels == "separate":
        syntax = labels_per_group(syntax, len(used.groups))
    elif params.group and shared_labels(syntax):
        notes = (message("run.shared_labels", labels=", ".join(shared_labels(syntax))),)
    solution = sem(
        syntax,
        used,
        estimator=params.estimator or None,
        missing="fiml" if fiml else params.missing or None,
        ordered=ordered_items(params, choice.study.codebook, names) if params.ordered else (),
        parameterization=params.parameterization,
        likelihood=params.likelihood,
        information=params.information or None,
        std_lv=params.scaling == "std.lv",
        effect_coding=params.scaling == "effect",
        group_equal=params.listed("group_equal"),
        group_partial=params.listed("group_partial"),
        bounds=params.bounds or "none",
        fixed_x=fixed_x,
    )
    known = [m for m in (*solution.notes, *solution.partable.warnings) if m.code != REPEATED]
    own = tuple(m for i, m in enumerate(known) if m not in known[:i])
    return replace(solution, notes=(*own, *notes))


def item_coverage(choice: Choice) -> Coverage | None:
    """How completely the model's items were answered; None for published moments."""
    data, params = choice.data, choice.params
    if not isinstance(data, Survey):
        return None
    names, roles = observed(choice.syntax), data.codebook.roles
    return coverage(
        data.items(names, check=False),
        names,
        groups=tuple(data.levels(params.group).items()) if params.group else (),
        weights=data.frame[roles.weight].to_numpy(float) if params.weights else None,
        cluster=data.frame[roles.cluster].tolist() if params.cluster else None,
    )
