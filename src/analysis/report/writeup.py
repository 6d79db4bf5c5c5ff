"""Paragraphs for a paper: how the model was estimated and what came out (JARS-Quant, Table 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.data import Study
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.fit import best, misfit
from analysis.report.labels import Labels, resolve
from analysis.report.loadings import loadings
from analysis.report.prose import finite, join, say, sentences, unit
from analysis.report.records import Notice
from analysis.report.references import cite, short
from analysis.report.reliability import ReliabilityLike
from analysis.report.structure import defined, defined_name, paths
from analysis.sem import Estimate, Solution
from analysis.sem.measures import CORRECTIONS

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
    paragraphs = [_method(solution, study, versions or {}, language)]
    notices: tuple[Notice, ...] = ()
    if solution.outcome.admissible:
        paragraphs.append(_fit(solution, language))
        paragraphs.append(_measurement(solution, reliability, names, language))
        paragraphs.append(_structure(solution, names, language))
    else:
        words = say(f"gate.{solution.outcome.value}", language)
        notices = (Notice("error", words, "", say("outcome.consequence", language)),)
    return Evidence(
        id="methods-text",
        title=say("methods.title", language),
        paragraphs=tuple(p for p in paragraphs if p),
        notices=notices,
        citations=(*FIT_SOURCES, "igolkina2020") if solution.second_engine else FIT_SOURCES,
        language=language,
        stamps=tuple(stamps),
    )


def _method(
    solution: Solution, study: Study | None, versions: Mapping[str, str], language: str
) -> str:
    options = solution.partable.options
    scaling = "std_lv" if options.std_lv else "effect" if options.effect_coding else "marker"
    own = versions.get("loyalty-sem", "")
    parts = []
    if study is not None and study.citation:
        parts.append(say("methods.data", language, citation=study.citation))
    if study is not None and study.simulated:
        parts.append(say("methods.simulated", language))
    parts.append(
        say(
            "methods.estimation",
            language,
            n=numbers.integer(solution.n, language=language),
            items=len(solution.names),
            latents=len(solution.latent),
            software=f"loyalty-sem {own}".strip(),
            estimator=_estimator(solution, language),
            input=say(f"methods.input_{_input(solution)}", language),
        )
    )
    parts.extend(note.parts(language)[0] for note in solution.notes)
    parts.append(say(f"methods.scaling_{scaling}", language))
    parts.append(say("methods.respecification", language))
    engine = solution.second_engine if solution.outcome.estimated else None
    if engine is not None:
        worst = max(engine.max_difference_std, engine.max_difference_se)
        fields = {
            "engine": f"{engine.engine} {engine.version}",
            "source": short("igolkina2020", language),
            "worst": unit(worst, language, 4),
        }
        parts.append(say("methods.engine", language, **fields))
    return sentences(parts, language)


def _estimator(solution: Solution, language: str) -> str:
    """Loss, likelihood, standard errors and correction of the test, in words."""
    preset = solution.preset
    parts = [say(f"methods.loss_{preset.loss.lower()}", language)]
    if preset.loss == "ML" and _input(solution) == "covariances":
        wishart = solution.inference.n_scale != solution.n
        parts.append(say("methods.wishart" if wishart else "methods.normal", language))
    if preset.se == "standard":
        information = say(f"methods.{preset.information.replace('.', '_')}", language)
        parts.append(say("methods.se_standard", language, information=information))
    else:
        parts.append(say(f"methods.{preset.se.replace('.', '_')}", language))
    correction = solution.inference.correction
    if correction is not None and correction.name != "standard":
        source = CORRECTIONS[correction.name]
        parts.append(say("methods.correction", language, source=source))
    return say(
        "methods.estimator", language, name=solution.estimator, details=join(parts, language)
    )


def _input(solution: Solution) -> str:
    groups = solution.fit.moments.groups
    if any(g.ordinal is not None for g in groups):
        return "ordinal"
    return "incomplete" if any(g.patterns is not None for g in groups) else "covariances"


def _fit(solution: Solution, language: str) -> str:
    chisq, df, p = (best(solution, k) for k in ("chisq", "df", "pvalue"))
    large, pairs, worst = misfit(solution)
    figures = {k: unit(best(solution, k), language) for k in ("cfi", "tli", "rmsea", "srmr")}
    return say(
        "methods.fit", language,
        chisq=numbers.number(chisq, digits=2, language=language),
        df=numbers.number(df, digits=0 if df is None or df.is_integer() else 2, language=language),
        n=solution.n, p=numbers.p_phrase(p, language=language).replace("p ", "\u27e6p\u27e7 ", 1),
        ci=numbers.interval(best(solution, "rmsea.ci.lower"), best(solution, "rmsea.ci.upper"),
                            digits=3, bounded=True, language=language),
        large=large, pairs=pairs, worst=unit(worst, language),
        limit=unit(criterion("residual.correlation").good, language, 2),
        sources=cite(("hu1999",), language), **figures,
    )  # fmt: skip


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
                    low_name=labels.of(low.construct),
                    high_name=labels.of(high.construct),
                )
            )
    return sentences(parts, language)


def _structure(solution: Solution, labels: Labels, language: str) -> str:
    parts = []
    for outcome in dict.fromkeys(e.lhs for e in paths(solution)):
        members = [e for e in paths(solution) if e.lhs == outcome]
        effects = join([f"{labels.of(e.rhs)} ({_effect(e, language)})" for e in members], language)
        parts.append(
            say(
                "methods.outcome",
                language,
                name=labels.of(outcome),
                effects=effects,
                r2=unit(solution.r2.get(outcome), language, 2),
            )
        )
    extra = defined(solution)
    if extra:
        listed = join(
            [f"{defined_name(solution, e, labels)} ({_effect(e, language)})" for e in extra],
            language,
        )
        parts.append(say("methods.defined", language, effects=listed))
    return sentences(parts, language)


def _effect(e: Estimate, language: str) -> str:
    p = numbers.p_phrase(e.p, language=language).replace("p ", "\u27e6p\u27e7 ", 1)
    span = numbers.interval(e.std_all_ci_lower, e.std_all_ci_upper, bounded=True, language=language)
    tail = f", {p}" if finite(e.p) else ""
    return f"\u27e6\u03b2\u27e7 = {unit(e.std_all, language, 2)}, 95% CI {span}{tail}"
