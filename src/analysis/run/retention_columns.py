"""Columns of the survey by the codebook's roles: what may predict leaving, and tiers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.data import Codebook, Study, Survey
from analysis.data.codebook import Variable
from analysis.errors import Message, message
from analysis.methods.retention import Candidate
from analysis.report.labels import Labels
from analysis.run.params import RetentionParams, StudyParams, unknown
from analysis.run.scores import items_of, score

Array = NDArray[np.float64]

BEHAVIOUR = ("recency", "orders", "frequency", "spend", "tenure", "repurchase")
PERSON = ("age", "gender", "income", "education", "complaint", "awareness")
SPREAD = {"count": 1.0, "amount": 1.0, "days": 30.0}
MOST_LEVELS = 6
GROUPS = ("brand", "channel")
TIMES = {"_month": "months", "_months": "months", "_week": "weeks", "_weeks": "weeks",
         "_day": "days", "_days": "days", "_time": "periods"}  # fmt: skip


def names(book: Codebook, found: Labels, language: str) -> Labels:
    """Labels of constructs and variables, of groups, and of a category's columns."""
    named = {v.name: v.label[language] or v.name for v in book.variables}
    named |= {g.name: g.label[language] or g.name for g in book.groups}
    colon = "\uff1a" if language == "zh" else ": "
    levels = [(g.name, g.levels) for g in book.groups]
    levels += [(v.name, v.levels) for v in book.variables]
    named |= {
        f"{name}={code}": f"{named[name]}{colon}{label[language] or code}"
        for name, known in levels
        for code, label in known.items()
    }
    return Labels(names={**found.names, **named}, wordings=found.wordings)


def candidates(survey: Survey, params: RetentionParams, churn: str) -> list[Candidate]:
    """Everything that may predict, or what the parameter ``predictors`` names.

    Without names: constructs, variables whose role belongs to behaviour or person, brand,
    channel and yes-no groups; and, to be refused in the open, all variables known afterwards.
    """
    book = survey.codebook
    asked = params.listed("predictors")
    found = []
    for name in asked or _usual(book, churn):
        if name in book.construct_names:
            found.append(Candidate(name, "survey", "survey", (name,), score(survey, name)[:, None]))
        elif name in {g.name for g in book.groups}:
            found.append(_category(survey, name, "survey"))
        else:
            found.append(_variable(survey, book.variable(name)))
    return found


def _usual(book: Codebook, churn: str) -> list[str]:
    found = []
    seen: set[str] = set()
    for v in book.variables:
        timed = v.timing in ("before", "survey")
        if v.role in BEHAVIOUR and timed:
            job = "orders" if v.role == "frequency" else v.role
            if job not in seen:
                found.append(v.name)
            seen.add(job)
    found += [v.name for v in book.variables if v.role in PERSON and v.timing != "after"]
    found += [
        g.name for g in book.groups
        if not g.ordered and (g.name in GROUPS or set(g.levels) == {"0", "1"})
    ]  # fmt: skip
    found += [c.name for c in book.constructs if not c.parent and items_of(book, c.name)]
    found += [
        v.name for v in book.variables
        if v.timing == "after" and v.name != churn and v.type not in ("date",)
    ]  # fmt: skip
    return found


def _variable(survey: Survey, v: Variable) -> Candidate:
    if v.type == "category":
        return _category(survey, v.name, v.timing)
    x = survey.frame[v.name].to_numpy(float)
    spread = SPREAD.get(v.type, 0.0)
    x = np.log1p(np.maximum(x, 0.0) / spread) if spread else x
    attitude = v.kind in ("attitudinal", "cognitive")
    block = "survey" if attitude else "person" if v.role not in BEHAVIOUR else "behaviour"
    return Candidate(v.name, block, v.timing, (v.name,), x[:, None], v.type == "binary", spread)  # type: ignore[arg-type]


def _category(survey: Survey, name: str, timing: str) -> Candidate:
    """Columns of 0 and 1 for all levels but the first; rare ones count as the first."""
    values = list(survey.frame[name])
    book = survey.codebook
    declared = next((g.levels for g in book.groups if g.name == name), None)
    if declared is None:
        declared = book.variable(name).levels
    order = [*declared, *sorted({v for v in values if v is not None} - set(declared))]
    least = book.options.min_group
    kept = [v for v in order if values.count(v) >= least][1 : MOST_LEVELS + 1]
    known = np.array([v is not None for v in values])
    X = np.array([[float(v == level) for level in kept] for v in values])
    X = X.reshape(len(values), len(kept))
    X[~known] = np.nan
    codes = tuple(f"{name}={level}" for level in kept)
    return Candidate(name, "person", timing, codes, X, True)


def rfm(book: Codebook) -> tuple[str, str, str] | None:
    """Recency, frequency and spend from before the interview; None where one is missing."""
    roles = {v.role: v.name for v in reversed(book.variables) if v.timing != "after"}
    found = (roles.get("recency"), roles.get("orders") or roles.get("frequency"),
             roles.get("spend"))  # fmt: skip
    return None if None in found else found  # type: ignore[return-value]


def churn_time(book: Codebook, params: RetentionParams, churn: str) -> str:
    """The variable that says when people left: the parameter, or ``<churn>_month`` and such."""
    known = {v.name for v in book.variables}
    if params.churn_time:
        return params.churn_time
    return next((churn + end for end in TIMES if churn and churn + end in known), "")


def unit(name: str) -> str:
    """Unit of a time by the end of its name."""
    return next((word for end, word in TIMES.items() if name.endswith(end)), "periods")


def retention_problems(params: StudyParams, study: Study) -> list[Message]:
    """Why the notebook is not for this study, names that are not there, values out of range."""
    if not isinstance(params, RetentionParams):
        return []
    book = study.codebook
    leavers = any(v.role == "churn" and v.type == "binary" for v in book.variables)
    if not leavers and all(t.name != "purchases" for t in book.tables):
        return [message("retention.not_for_this", study=study.name)]
    known = (*book.construct_names, *(v.name for v in book.variables),
             *(g.name for g in book.groups))  # fmt: skip
    churn = {v.name for v in book.variables if v.role == "churn"}
    found = [unknown("predictor", n, known) for n in params.listed("predictors") if n not in known]
    found += [message("retention.predicts_itself", name=n)
              for n in params.listed("predictors") if n in churn]  # fmt: skip
    times = [v.name for v in book.variables if v.type in ("number", "days", "count")]
    if params.churn_time and params.churn_time not in times:
        found.append(unknown("variable", params.churn_time, times))
    if not 0.0 < params.threshold < 1.0:
        found.append(message("retention.bad_share", name="threshold", value=params.threshold))
    if not 0.0 < params.margin <= 1.0:
        found.append(message("retention.bad_share", name="margin", value=params.margin))
    if not 0.0 <= params.discount < 1.0:
        found.append(message("retention.bad_share", name="discount", value=params.discount))
    if not 4 <= params.weeks <= 520:
        found.append(message("retention.bad_weeks", value=params.weeks))
    return found
