"""The paragraph on how a model was estimated: data, estimator, missing answers, groups, design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.data import Study
from analysis.errors import Message
from analysis.report import numbers
from analysis.report.fit import TESTS
from analysis.report.groups import group_labels
from analysis.report.labels import Labels
from analysis.report.prose import join, say, sentences, unit
from analysis.report.references import cite, short
from analysis.sem import Solution

Words = tuple[str, tuple[str, ...]]
"""A sentence (empty: nothing to say) and the references in it."""

NOTHING: Words = ("", ())
FIML = ("enders2001",)
ORDINAL = ("muthen1984",)
WEIGHTS = ("asparouhov2005",)
HUBER = ("yuan2000",)


def method_paragraph(
    solution: Solution,
    study: Study | None,
    versions: Mapping[str, str],
    labels: Labels,
    language: str,
) -> Words:
    """How the model was estimated, ready to paste, with its references."""
    options = solution.partable.options
    scaling = "std_lv" if options.std_lv else "effect" if options.effect_coding else "marker"
    found: list[Words] = [
        *((words, ()) for words in _data(study, language)),
        _estimation(solution, versions, language),
        _ordinal(solution, language),
        _missing(solution.notes, language),
        _groups(solution, labels, language),
        _design(solution, language),
        (say(f"methods.scaling_{scaling}", language), ()),
        _bounds(solution, language),
        (say("methods.respecification", language), ()),
        _engine(solution, language),
    ]
    words = sentences([sentence for sentence, _ in found], language)
    return words, tuple(dict.fromkeys(key for _, keys in found for key in keys))


def _data(study: Study | None, language: str) -> list[str]:
    found = []
    if study is not None and study.citation:
        citation = study.citation.rstrip(".")
        if language == "zh":
            citation += "\u3002"
        elif "://" not in citation.split()[-1]:
            citation += "."
        found.append(say("methods.data", language, citation=citation))
    if study is not None and study.simulated:
        found.append(say("methods.simulated", language))
    return found


def _estimation(solution: Solution, versions: Mapping[str, str], language: str) -> Words:
    estimator, keys = _estimator(solution, language)
    own = versions.get("loyalty-sem", "")
    words = say(
        "methods.estimation",
        language,
        n=numbers.integer(solution.n, language=language),
        items=len(solution.names),
        latents=len(solution.latent),
        software=f"loyalty-sem {own}".strip(),
        estimator=estimator,
        input=say(f"methods.input_{_input(solution)}", language),
    )
    return words, keys


def _estimator(solution: Solution, language: str) -> Words:
    """Loss, likelihood, standard errors and correction of the test, in words."""
    preset = solution.preset
    keys: tuple[str, ...] = ()
    parts = [say(f"methods.loss_{preset.loss.lower()}", language)]
    if preset.loss == "ML" and _input(solution) in ("covariances", "means"):
        wishart = solution.inference.n_scale != solution.n
        parts.append(say("methods.wishart" if wishart else "methods.normal", language))
    if preset.se == "standard":
        information = say(f"methods.{preset.information.replace('.', '_')}", language)
        parts.append(say("methods.se_standard", language, information=information))
    else:
        parts.append(say(f"methods.{preset.se.replace('.', '_')}", language))
    correction = solution.inference.correction
    if correction is not None and correction.name != "standard":
        keys = TESTS[correction.name]
        parts.append(say("methods.correction", language, source=cite(keys, language)))
    words = say(
        "methods.estimator", language, name=solution.estimator, details=join(parts, language)
    )
    return words, keys


def _input(solution: Solution) -> str:
    """What the model was fitted to; key of the sentence about it."""
    groups = solution.fit.moments.groups
    if any(g.ordinal is not None for g in groups):
        return "ordinal"
    if any(g.patterns is not None for g in groups):
        return "incomplete"
    return "means" if solution.fit.model.meanstructure else "covariances"


def _ordinal(solution: Solution, language: str) -> Words:
    data = [g.ordinal for g in solution.fit.moments.groups if g.ordinal is not None]
    if not data:
        return NOTHING
    words = say(
        "methods.ordinal",
        language,
        items=len(data[0].ordered),
        parameterization=solution.partable.options.parameterization,
        sources=cite(ORDINAL, language),
    )
    return words, ORDINAL


def _missing(notes: Sequence[Message], language: str) -> Words:
    """What was done about missing answers, as the estimation noted it."""
    for note in notes:
        if note.code == "sem.fiml":
            words = say("methods.fiml", language, sources=cite(FIML, language), **note.fields)
            return words, FIML
        if note.code == "sem.listwise":
            return say("methods.listwise", language, **note.fields), ()
    return NOTHING


def _groups(solution: Solution, labels: Labels, language: str) -> Words:
    parts = group_labels(solution, labels)
    if not parts:
        return NOTHING
    sizes = [numbers.integer(g.n, language=language) for g in solution.fit.moments.groups]
    listed = [say("methods.group", language, group=part, n=n)
              for part, n in zip(parts, sizes, strict=True)]  # fmt: skip
    words = [say("methods.groups", language, count=len(parts), groups=join(listed, language))]
    options = solution.partable.options
    equal = sorted(options.group_equal)
    if equal:
        kinds = join([say(f"groups.kind.{k.replace('.', '_')}", language) for k in equal], language)
        words.append(say("methods.equal", language, kinds=kinds))
        if options.group_partial:
            released = join(options.group_partial, language)
            words.append(say("methods.partial", language, list=released))
    return sentences(words, language), ()


def _design(solution: Solution, language: str) -> Words:
    answers = [g.answers for g in solution.fit.moments.groups if g.answers is not None]
    words = []
    if any(a.weights is not None for a in answers):
        words.append(say("methods.weights", language, sources=cite(WEIGHTS, language)))
    clusters = {int(c) for a in answers if a.cluster is not None for c in a.cluster}
    if clusters:
        words.append(say("methods.clusters", language, clusters=len(clusters)))
    return sentences(words, language), WEIGHTS if words else ()


def _bounds(solution: Solution, language: str) -> Words:
    return (say("methods.bounds", language) if solution.fit.constraints.lower else "", ())


def _engine(solution: Solution, language: str) -> Words:
    engine = solution.second_engine if solution.outcome.estimated else None
    if engine is None:
        return NOTHING
    worst = max(engine.max_difference_std, engine.max_difference_se)
    fields = {
        "engine": f"{engine.engine} {engine.version}",
        "source": short("igolkina2020", language),
        "worst": unit(worst, language, 4),
    }
    return say("methods.engine", language, **fields), ("igolkina2020",)
