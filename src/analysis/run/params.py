"""The parameters of each notebook: names of things, checked before anything runs."""

from __future__ import annotations

import difflib
import keyword
from collections.abc import Iterable, Mapping
from math import isfinite, nan
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from analysis.errors import InputError, Message, message
from analysis.i18n import LANGUAGES
from analysis.sem.estimators import Estimator

Value = str | int | float | bool

LEVELS = ("brand", "channel", "wave")


def _text(value: object) -> str:
    """Text; a whole number is taken for the text it was typed as (papermill reads 2 for ``2``)."""
    if type(value) is str:
        return value.strip()
    if type(value) is int:
        return str(value)
    raise PydanticCustomError("boolean" if type(value) is bool else "text", "text wanted")


def _number(value: object) -> float:
    """A finite number, or the text of one as a command line passes it."""
    if isinstance(value, bool):
        raise PydanticCustomError("boolean", "number wanted")
    try:
        found = float(value) if isinstance(value, int | float | str) else nan
    except ValueError:
        found = nan
    if not isfinite(found):
        raise PydanticCustomError("finite", "number wanted")
    return found


def _whole(value: object) -> int:
    """A whole number from 0 up."""
    found = _number(value)
    if found < 0 or found != int(found):
        raise PydanticCustomError("whole", "whole number wanted")
    return int(found)


Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Switch = Annotated[Literal["", "yes"], BeforeValidator(_text)]


class StudyParams(BaseModel):
    """What every notebook wants to know: which study, which respondents, which language."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    needs_answers: ClassVar[bool] = False
    robust: ClassVar[bool] = False

    study: Text
    model: Text = ""
    brand: Text = ""
    channel: Text = ""
    wave: Text = ""
    group: Text = ""
    group_equal: Text = ""
    group_partial: Text = ""
    group_labels: Annotated[Literal["shared", "separate"], BeforeValidator(_text)] = "shared"
    estimator: Annotated[Literal["", Estimator], BeforeValidator(_text)] = ""
    missing: Annotated[Literal["", "fiml", "listwise"], BeforeValidator(_text)] = ""
    ordered: Text = ""
    parameterization: Annotated[Literal["delta", "theta"], BeforeValidator(_text)] = "delta"
    weights: Switch = ""
    cluster: Switch = ""
    likelihood: Annotated[Literal["normal", "wishart"], BeforeValidator(_text)] = "normal"
    information: Annotated[Literal["", "expected", "observed"], BeforeValidator(_text)] = ""
    bounds: Annotated[Literal["", "pos.var"], BeforeValidator(_text)] = ""
    scaling: Annotated[Literal["marker", "std.lv", "effect"], BeforeValidator(_text)] = "marker"
    language: Annotated[Literal["en", "zh"], BeforeValidator(_text)] = "en"

    def levels(self) -> dict[str, str]:
        """The chosen groups by role; empty for everybody."""
        return {name: getattr(self, name) for name in LEVELS if getattr(self, name)}

    def listed(self, name: str) -> tuple[str, ...]:
        """The entries of a parameter that holds several, separated by commas."""
        entries = (entry.strip() for entry in str(getattr(self, name)).split(","))
        return tuple(dict.fromkeys(entry for entry in entries if entry))


class SurveyParams(StudyParams):
    """Parameters of ``00_survey``; ``exclude`` says whom the last comparison leaves out."""

    needs_answers: ClassVar[bool] = True
    exclude: Annotated[Literal["careless", "outliers", "none"], BeforeValidator(_text)] = "careless"


class ResamplingParams(StudyParams):
    """Parameters of notebooks that show bootstrap intervals: how many draws, from which seed."""

    draws: Whole = 2000
    seed: Whole = 1


class MeasurementParams(ResamplingParams):
    """Parameters of ``10_measurement``."""


class StructureParams(ResamplingParams):
    """Parameters of ``20_structure``: the kind of intervals, and the groups of the holdout."""

    interval: Annotated[Literal["", "percentile", "bca", "montecarlo"], BeforeValidator(_text)] = ""
    holdout: Text = ""


class OneGroupParams(ResamplingParams):
    """What notebooks leave out that do not estimate in groups of the reader's own."""

    group: ClassVar[str] = ""  # type: ignore[misc]
    group_equal: ClassVar[str] = ""  # type: ignore[misc]
    group_partial: ClassVar[str] = ""  # type: ignore[misc]
    group_labels: ClassVar[str] = "shared"  # type: ignore[misc]
    parameterization: ClassVar[str] = "delta"  # type: ignore[misc]
    likelihood: ClassVar[str] = "normal"  # type: ignore[misc]
    information: ClassVar[str] = ""  # type: ignore[misc]
    bounds: ClassVar[str] = ""  # type: ignore[misc]
    scaling: ClassVar[str] = "marker"  # type: ignore[misc]


class ChannelsParams(OneGroupParams):
    """Parameters of ``40_channels``: it forms the groups itself and sets their equalities.

    ``permutations`` are those of its tests, ``constructs`` are followed over waves.
    """

    robust: ClassVar[bool] = True
    across: Text = "channel"
    release: Text = ""
    partial: Annotated[Literal["propose", "apply", "none"], BeforeValidator(_text)] = "propose"
    rule: Annotated[Literal["test", "fit"], BeforeValidator(_text)] = "test"
    permutations: Whole = 500
    constructs: Text = ""


class DriversParams(OneGroupParams):
    """Parameters of ``30_drivers``: complete rows of one group of respondents by default."""

    ordered: ClassVar[str] = ""  # type: ignore[misc]
    robust: ClassVar[bool] = True
    missing: Annotated[Literal["listwise", "fiml"], BeforeValidator(_text)] = "listwise"
    draws: Whole = 1000
    target: Text = ""
    moderators: Text = ""
    against: Text = ""
    screen: Annotated[Literal["careless", "none"], BeforeValidator(_text)] = "careless"


class PlainParams(OneGroupParams):
    """What notebooks on respondents and their behaviour leave out: choices of estimation."""

    needs_answers: ClassVar[bool] = True
    estimator: ClassVar[str] = ""  # type: ignore[misc]
    missing: ClassVar[str] = ""  # type: ignore[misc]
    ordered: ClassVar[str] = ""  # type: ignore[misc]
    cluster: ClassVar[str] = ""  # type: ignore[misc]


class SegmentParams(PlainParams):
    """Parameters of ``50_segments``."""

    draws: Whole = 49
    indicators: Text = ""
    classes: Whole = 0
    most: Whole = 5
    exclude: Annotated[Literal["careless", "outliers", "none"], BeforeValidator(_text)] = "careless"


class IndexParams(PlainParams):
    """Parameters of ``60_loyalty_index``."""

    draws: Whole = 1000
    by: Text = "brand, channel"
    indicators: Text = ""
    method: Annotated[
        Literal["model", "equal", "entropy", "critic", "pca", "experts"], BeforeValidator(_text)
    ] = "model"


class RetentionParams(PlainParams):
    """Parameters of ``70_retention``: predictors, the point of action, and what value means."""

    weights: ClassVar[str] = ""  # type: ignore[misc]
    draws: Whole = 1000
    predictors: Text = ""
    churn_time: Text = ""
    threshold: Number = 0.15
    weeks: Whole = 52
    discount: Number = 0.1
    margin: Number = 1.0


class PowerParams(StudyParams):
    """Parameters of ``80_power``: which effects, which population, how its answers are made."""

    group: ClassVar[str] = ""  # type: ignore[misc]
    group_equal: ClassVar[str] = ""  # type: ignore[misc]
    group_partial: ClassVar[str] = ""  # type: ignore[misc]
    group_labels: ClassVar[str] = "shared"  # type: ignore[misc]
    ordered: ClassVar[str] = ""  # type: ignore[misc]
    parameterization: ClassVar[str] = "delta"  # type: ignore[misc]
    weights: ClassVar[str] = ""  # type: ignore[misc]
    cluster: ClassVar[str] = ""  # type: ignore[misc]
    likelihood: ClassVar[str] = "normal"  # type: ignore[misc]
    information: ClassVar[str] = ""  # type: ignore[misc]
    bounds: ClassVar[str] = ""  # type: ignore[misc]
    scaling: ClassVar[str] = "marker"  # type: ignore[misc]
    effect: Text = ""
    population: Text = ""
    scale: Annotated[Literal["standardized", "raw"], BeforeValidator(_text)] = "standardized"
    sample: Whole = 0
    power: Number = 0.8
    alpha: Number = 0.05
    distribution: Annotated[Literal["normal", "skewed", "ordinal"], BeforeValidator(_text)] = (
        "normal"
    )
    shares: Text = "0.05, 0.10, 0.20, 0.35, 0.30"
    missing_rate: Number = 0.0
    reps: Whole = 1000
    seed: Whole = 1

    def shared(self) -> tuple[float, ...]:
        """Shares of the answer categories; empty where they are no numbers."""
        try:
            return tuple(float(part) for part in self.shares.split(","))
        except ValueError:
            return ()


NOTEBOOKS: Mapping[str, type[StudyParams]] = {
    "00_survey": SurveyParams,
    "10_measurement": MeasurementParams,
    "20_structure": StructureParams,
    "30_drivers": DriversParams,
    "40_channels": ChannelsParams,
    "50_segments": SegmentParams,
    "60_loyalty_index": IndexParams,
    "70_retention": RetentionParams,
    "80_power": PowerParams,
}


def schema(notebook: str) -> type[StudyParams]:
    """The parameters of a notebook.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if notebook not in NOTEBOOKS:
        raise InputError(unknown("notebook", notebook, NOTEBOOKS))
    return NOTEBOOKS[notebook]


def unknown(what: str, name: str, good: Iterable[str]) -> Message:
    """The message for a name that is not there, with the nearest one that is.

    ``what`` names an entry of ``locale/<language>/run.toml`` after ``unknown_``.
    """
    names = list(good)
    near = nearest(name, names)
    fields = {"name": name, "good": ", ".join(names), "near": near}
    return message(f"run.unknown_{what}{'_near' if near else ''}", **fields)


def nearest(name: str, good: Iterable[str]) -> str:
    """The known name that looks most like ``name``, or an empty text."""
    by_folded = {known.casefold(): known for known in good}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""


def validate(notebook: str, values: Mapping[str, object]) -> StudyParams:
    """Parameters of ``notebook`` from values as papermill or a notebook cell passes them.

    Raises
    ------
    InputError
        With one message for each unknown name and each value of the wrong type or choice.
    """
    model = schema(notebook)
    problems = unknown_names(notebook, values)
    known = {name: value for name, value in values.items() if name in model.model_fields}
    try:
        params = model.model_validate(known)
    except ValidationError as error:
        problems += [_explain(model, notebook, dict(item)) for item in error.errors()]
    if problems:
        raise InputError(problems)
    return params


def unknown_names(notebook: str, names: Iterable[str]) -> list[Message]:
    """One message for each name that is no parameter of ``notebook``."""
    good = schema(notebook).model_fields
    return [unknown("parameter", str(name), good) for name in names if name not in good]


def from_texts(pairs: Iterable[str]) -> dict[str, str]:
    """Values by name from ``name=value`` texts of a command line; the values stay text.

    Raises
    ------
    InputError
        For a text without ``=``, a name that cannot be a name, and a name given twice.
    """
    found: dict[str, str] = {}
    problems: list[Message] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            problems.append(message("run.not_name_value", text=pair))
        elif name in found:
            problems.append(message("run.parameter_twice", name=name))
        found[name] = value
    if problems:
        raise InputError(problems)
    return found


def choices(model: type[StudyParams], name: str) -> tuple[str, ...]:
    """The values a parameter can take where they are few, else nothing."""
    return tuple(filter(None, map(str, get_args(model.model_fields[name].annotation))))


def _may_be_empty(model: type[StudyParams], name: str) -> bool:
    return "" in get_args(model.model_fields[name].annotation)


def _explain(model: type[StudyParams], notebook: str, error: Mapping[str, Any]) -> Message:
    """A pydantic error as a message of ours."""
    name = str(error["loc"][0])
    value = error.get("input")
    fields = {"name": name, "value": repr(value), "notebook": notebook}
    if error["type"] == "missing":
        return message("run.missing_parameter", **fields)
    if error["type"] == "boolean":
        return message("run.boolean_for_text", **fields)
    if error["type"] in ("finite", "whole"):
        return message(f"run.not_a_{error['type']}_number", **fields)
    if error["type"] == "literal_error":
        code = "run.not_a_choice_or_empty" if _may_be_empty(model, name) else "run.not_a_choice"
        return message(code, good=", ".join(choices(model, name)), **fields)
    return message("run.not_text", kind=type(value).__name__, **fields)


assert set(choices(StudyParams, "language")) == set(LANGUAGES)
