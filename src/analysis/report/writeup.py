"""Paragraphs for a paper: how the model was estimated and what came out (JARS-Quant, Table 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.data import Study
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.fit import corrections, misfit
from analysis.report.groups import definitions, group_labels, heading
from analysis.report.indices import is_robust, judged, judged_version
from analysis.report.labels import Labels, resolve
from analysis.report.loadings import loadings
from analysis.report.method import method_paragraph
from analysis.report.prose import conclusive, finite, gate, join, say, sentences, unit
from analysis.report.records import Notice
from analysis.report.references import cite
from analysis.report.reliability import ReliabilityLike
from analysis.report.structure import defined_name, paths
from analysis.sem import Estimate, Solution

FIT_SOURCES = ("hu1999", "appelbaum2018")


def methods_text(
    solution: Solution,
    reliability: Sequence[ReliabilityLike] = (),
    *,
    study: Study | None = None,
    versions: Mapping[str, str] | None = None,
    language: str = "en",
    labels: Labels | Mapping[str, str] | None = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Method, fit, measurement and structure in sentences ready to paste and adapt.

    Without an admissible solution only the method and what went wrong are written.
    """
    names = resolve(labels)
    method, sources = method_paragraph(solution, study, versions or {}, names, language)
    paragraphs = [method]
    notices: tuple[Notice, ...] = ()
    if conclusive(solution):
        paragraphs.append(_fit(solution, language))
        paragraphs.append(_measurement(solution, reliability, names, language))
        paragraphs.extend(_structure(solution, names, language))
    else:
        words = gate(solution, language)
        notices = (Notice("error", words, "", say("outcome.consequence", language)),)
    return Evidence(
        id="methods-text",
        title=say("methods.title", language),
        paragraphs=tuple(p for p in paragraphs if p),
        notices=notices,
        citations=tuple(dict.fromkeys((*FIT_SOURCES, *sources, *_version_sources(solution)))),
        language=language,
        stamps=tuple(stamps),
    )


def _fit(solution: Solution, language: str) -> str:
    chisq, df, p = (judged(solution, k) for k in ("chisq", "df", "pvalue"))
    large, pairs, worst = misfit(solution)
    figures = {k: unit(judged(solution, k), language) for k in ("cfi", "tli", "rmsea", "srmr")}
    words = say(
        "methods.fit", language,
        chisq=numbers.number(chisq, digits=2, language=language),
        df=numbers.number(df, digits=0 if df is None or df.is_integer() else 2, language=language),
        n=numbers.integer(solution.n, language=language),
        p=numbers.p_phrase(p, language=language).replace("p ", "\u27e6p\u27e7 ", 1),
        ci=numbers.interval(judged(solution, "rmsea.ci.lower"), judged(solution, "rmsea.ci.upper"),
                            digits=3, bounded=True, language=language),
        large=large, pairs=pairs, worst=unit(worst, language),
        limit=unit(criterion("residual.correlation").good, language, 2),
        sources=cite(("hu1999",), language), **figures,
    )  # fmt: skip
    return sentences([words, _versions(solution, language)], language)


def _versions(solution: Solution, language: str) -> str:
    """Which corrected versions stand in the sentence before."""
    keys = _version_sources(solution)
    if not keys:
        return ""
    kind = judged_version(solution, "cfi")[1:] or "scaled"
    return say(f"methods.versions_{kind}", language, sources=cite(keys, language))


def _version_sources(solution: Solution) -> list[str]:
    if not is_robust(solution):
        return []
    used = {judged_version(solution, name) for name in ("chisq", "cfi")}
    return [k for version, keys in corrections(solution).items() if version in used for k in keys]


def _measurement(
    solution: Solution, reliability: Sequence[ReliabilityLike], labels: Labels, language: str
) -> str:
    std = [e.std_all for e in loadings(solution) if finite(e.std_all)]
    if not std:
        return ""
    parts = [say("methods.loadings", language, low=unit(min(std), language, 2),
                 high=unit(max(std), language, 2))]  # fmt: skip
    for key in ("cr", "ave"):
        known = [r for r in reliability if finite(getattr(r, key))]
        if known:
            ordered = sorted(known, key=lambda r, k=key: getattr(r, k))  # type: ignore[misc]
            low, high = ordered[0], ordered[-1]
            parts.append(
                say(
                    f"methods.{key}",
                    language,
                    low=unit(getattr(low, key), language, 2),
                    high=unit(getattr(high, key), language, 2),
                    low_name=heading(solution, low.construct, low.group, labels),
                    high_name=heading(solution, high.construct, high.group, labels),
                )
            )
    return sentences(parts, language)


def _structure(solution: Solution, labels: Labels, language: str) -> list[str]:
    """One paragraph on paths and defined effects, with several groups one for each."""
    parts = group_labels(solution, labels)
    found = [
        _paths(solution, group, labels, language) for group in range(1, max(len(parts), 1) + 1)
    ]
    if parts:
        found = [
            say("methods.in_group", language, group=part, words=words)
            for part, words in zip(parts, found, strict=True)
            if words
        ]
    shared = [(name, members[0]) for name, members in definitions(solution) if len(members) == 1]
    if shared:
        words = say(
            "methods.defined", language, effects=_listed(solution, shared, labels, language)
        )
        found = [sentences([*found, words], language)] if not parts else [*found, words]
    return found


def _paths(solution: Solution, group: int, labels: Labels, language: str) -> str:
    """Outcome by outcome what predicts it in a group, and the effects that it has of its own."""
    rows = [e for e in paths(solution) if e.group == group]
    explained = solution.r2_of(group - 1)
    parts = []
    for outcome in dict.fromkeys(e.lhs for e in rows):
        members = [e for e in rows if e.lhs == outcome]
        effects = join([f"{labels.of(e.rhs)} ({_effect(e, language)})" for e in members], language)
        parts.append(
            say(
                "methods.outcome",
                language,
                name=labels.of(outcome),
                effects=effects,
                r2=unit(explained.get(outcome), language, 2),
            )
        )
    own = [
        (name, members[group - 1]) for name, members in definitions(solution) if len(members) > 1
    ]
    if own:
        words = _listed(solution, own, labels, language)
        parts.append(say("methods.defined", language, effects=words))
    return sentences(parts, language)


def _listed(
    solution: Solution, effects: Sequence[tuple[str, Estimate]], labels: Labels, language: str
) -> str:
    named = [(defined_name(solution, replace(e, lhs=name), labels), e) for name, e in effects]
    return join([f"{words} ({_effect(e, language)})" for words, e in named], language)


def _effect(e: Estimate, language: str) -> str:
    p = numbers.p_phrase(e.p, language=language).replace("p ", "\u27e6p\u27e7 ", 1)
    span = numbers.interval(e.std_all_ci_lower, e.std_all_ci_upper, bounded=True, language=language)
    tail = f", {p}" if finite(e.p) else ""
    return f"\u27e6\u03b2\u27e7 = {unit(e.std_all, language, 2)}, 95% CI {span}{tail}"
