"""Words and limits shared by the evidence on invariance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.invariance import FitLimits, Ladder, Rung
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.labels import Labels
from analysis.report.prose import join
from analysis.report.records import Notice

LIMITS = ("cfi", "rmsea", "srmr_loadings", "srmr")


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/invariance.toml``."""
    return text(f"invariance.{key}", language, **fields)


def fit_limits(sizes: Sequence[int]) -> FitLimits:
    """How much fit may worsen in groups of these sizes: less if they are small or uneven."""
    sample = criterion("comparability.sample")
    wide = bool(sizes) and sum(sizes) > sample.good and max(sizes) <= sample.acceptable * min(sizes)
    rules = [criterion(f"comparability.{name}") for name in LIMITS]
    return FitLimits(*(rule.acceptable if wide else rule.good for rule in rules))


def limits_of(ladder: Ladder) -> FitLimits:
    """The limits for a ladder's groups."""
    return fit_limits([n for _, n in ladder.groups])


def step_name(rung: Rung, language: str) -> str:
    """A step's name, with the number of releases where there are some."""
    return step_title(rung.step, len(rung.released) if rung.partial else 0, language)


def step_title(step: str, released: int, language: str) -> str:
    """A step's name, with the number of releases where it is not 0."""
    name = say(f"step.{step}", language)
    return say("step.partial", language, step=name, count=released) if released else name


def count_of(value: int, language: str) -> str:
    """A whole number as words print it."""
    return numbers.integer(value, language=language)


def parameter_name(element: str, labels: Labels, language: str) -> str:
    """A release such as ``f=~x2`` in words."""
    left, loading, right = element.partition("=~")
    if loading:
        return say("parameter.loading", language, factor=labels.of(left), item=right)
    item, threshold, number = element.partition("|t")
    if threshold:
        return say("parameter.threshold", language, item=item, number=number)
    for sign in ("~*~", "~~"):
        if sign in element:
            return say("parameter.residual", language, item=element.partition(sign)[0])
    return say("parameter.intercept", language, item=element.partition("~")[0])


def parameter_names(elements: Iterable[str], labels: Labels, language: str) -> str:
    """Several releases in words."""
    return join((parameter_name(e, labels, language) for e in elements), language)


NAMING_GROUPS = ("group", "groups", "names", "waves")


def notices(
    findings: Iterable[Message], language: str, labels: Labels | None = None
) -> tuple[Notice, ...]:
    """Findings as cautions, groups by their labels."""
    spoken = [_labelled(found, labels, language) if labels else found for found in findings]
    return tuple(Notice("warning", *found.parts(language)) for found in spoken)


def _labelled(found: Message, labels: Labels, language: str) -> Message:
    """The message with the labels of groups in place of their codes."""
    fields = dict(found.fields)
    for key in NAMING_GROUPS:
        codes = str(fields.get(key, "")).split(", ")
        if any(code in labels.groups for code in codes):
            fields[key] = join((labels.group(code) for code in codes), language)
    return Message(found.code, fields)


def p_words(value: float, language: str) -> str:
    """``p = .034`` with the symbol in italics."""
    phrase = numbers.p_phrase(value, language=language)
    return "\u27e6p\u27e7" + phrase[1:]
