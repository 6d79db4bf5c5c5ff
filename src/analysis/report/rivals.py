"""Evidence on rival models: fit side by side, tests, and equivalent models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from analysis.errors import Message
from analysis.i18n import text
from analysis.methods.rivals import ComparedModel, Equivalent, EquivalentModels
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.indices import judged
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, refusal, sentences
from analysis.report.records import Cell, Column, Notice, Table
from analysis.report.references import cite

LabelsLike = Labels | Mapping[str, str] | None
SHARES, VUONG, RULE = ("burnham2002",), ("vuong1989", "merkle2016"), ("lee1990",)
ALPHA = 0.05
RIVAL = "rival."
CHI = "\u27e6\u03c7\u27e7\u00b2"


def say(key: str, language: str, /, **fields: object) -> str:
    """A sentence of ``locale/<language>/rival_models.toml``."""
    return text(f"rival_models.{key}", language, **fields)


def model_name(name: str, titles: Mapping[str, str], language: str) -> str:
    """A study's model by its title; a rival (``rival.<kind>``) in words."""
    if name.startswith(RIVAL):
        return say(name, language)
    return titles.get(name) or name


def silence(
    key: str,
    title: str,
    reasons: Sequence[Message],
    *,
    again: bool = False,
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """A piece that only says why it is empty; in short where that was said before."""
    if again:
        words = tuple(m.parts(language)[0] for m in reasons)
        return Evidence(key, title, paragraphs=words, language=language, stamps=tuple(stamps))
    shown = tuple(Notice("note", *m.parts(language)) for m in reasons)
    return Evidence(key, title, notices=shown, language=language, stamps=tuple(stamps))


def rivals_table(
    found: Sequence[ComparedModel],
    *,
    titles: Mapping[str, str],
    fixed_x: bool = False,
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """All models of the same items with their fit, information criteria and weights.

    ``fixed_x`` says that covariates are counted as variables here, unlike elsewhere.
    """
    title = say("models.title", language)
    if len(found) < 2:
        return Evidence("rivals-table", title, paragraphs=(say("models.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    rows = tuple(_fit_row(m, titles, language) for m in found)
    likelihood = any(isfinite(m.aic_weight) for m in found)
    notes = [say("models.note", language, sources=cite(SHARES, language))]
    notes += [] if likelihood else [say("models.note_ordered", language)]
    notes += [say("models.note_fixed", language)] if fixed_x else []
    weights = say("column.weights", language)
    columns = (
        Column("model", say("column.model", language)),
        Column("chisq", CHI, "number", 1),
        Column("df", "\u27e6df\u27e7", "number", 0),
        Column("cfi", "CFI", "unit"),
        Column("rmsea", "RMSEA", "unit"),
        Column("srmr", "SRMR", "unit"),
        Column("aic", "AIC", "number", 1),
        Column("bic", "BIC", "number", 1),
        Column("ecvi", "ECVI", "number", 3),
        Column("aic_weight", "AIC", "unit", 2, group=weights),
        Column("bic_weight", "BIC", "unit", 2, group=weights),
    )
    own = found[0].solution
    refused = refusal(own, language)
    return Evidence(
        id="rivals-table", title=title,
        table=Table("rivals", title, columns, rows, notes=tuple(notes)),
        verdict=refused, paragraphs=() if refused else _reading(found, titles, language),
        citations=SHARES, notices=_failures(found, titles, language), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _fit_row(m: ComparedModel, titles: Mapping[str, str], language: str) -> tuple[Cell, ...]:
    name = model_name(m.name, titles, language)
    if m.solution is None or not m.solution.outcome.estimated:
        return (name, *(None,) * 10)
    fit = [judged(m.solution, key) for key in ("chisq", "df", "cfi", "rmsea", "srmr")]
    criteria = [judged(m.solution, key) for key in ("aic", "bic", "ecvi")]
    return (name, *fit, *criteria, m.aic_weight, m.bic_weight)


def _failures(
    found: Sequence[ComparedModel], titles: Mapping[str, str], language: str
) -> tuple[Notice, ...]:
    shown = []
    for m in found:
        if m.relation != "failed" or not m.findings:
            continue
        symptom, cause, remedy = m.findings[0].parts(language)
        colon = "\uff1a" if language == "zh" else ": "
        shown.append(
            Notice("warning", model_name(m.name, titles, language) + colon + symptom, cause, remedy)
        )
    return tuple(shown)


def _reading(
    found: Sequence[ComparedModel], titles: Mapping[str, str], language: str
) -> tuple[str, ...]:
    """What BIC prefers among admissible models, and which models are the same to the data."""
    words = []
    known = {
        m.name: judged(m.solution, "bic")
        for m in found
        if m.solution is not None and m.solution.outcome.admissible
    }
    bics = {name: value for name, value in known.items() if value is not None and finite(value)}
    own = found[0].name
    if own in bics and len(bics) > 1:
        best = min(bics, key=lambda name: bics[name])
        gain = bics[own] - bics[best]
        if gain < 0.01:
            words.append(say("models.best_own", language))
        else:
            words.append(
                say(
                    "models.best_other",
                    language,
                    name=say("models.quoted", language, name=model_name(best, titles, language)),
                    difference=numbers.number(gain, digits=1, language=language),
                )
            )
    same = [
        say("models.quoted", language, name=model_name(m.name, titles, language))
        for m in found
        if m.relation == "equivalent"
    ]
    if same:
        words.append(say("models.equal", language, names=join(same, language)))
    return (sentences(words, language),) if words else ()


def rival_tests_table(
    found: Sequence[ComparedModel],
    *,
    titles: Mapping[str, str],
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """Difference tests of nested and Vuong tests of other models against the study's own."""
    title = say("tests.title", language)
    if len(found) < 2:
        return Evidence("rival-tests", title, paragraphs=(say("models.none", language),),
                        language=language, stamps=tuple(stamps))  # fmt: skip
    test, tested = say("column.difference", language), any(m.vuong for m in found)
    columns = (
        Column("model", say("column.model", language)),
        Column("relation", say("column.relation", language)),
        Column("stat", "\u0394" + CHI, "number", 2, group=test),
        Column("df", "\u0394\u27e6df\u27e7", "number", 0, group=test),
        Column("p", "\u27e6p\u27e7", "p", group=test),
        *(_vuong_columns(language) if tested else ()),
        Column("result", say("column.result", language)),
    )
    refused = refusal(found[0].solution, language)
    rows = tuple(
        _test_row(m, titles, language, vuong=tested, conclusive=refused is None) for m in found[1:]
    )
    missing = {
        f.code: f
        for m in found[1:]
        if m.relation == "not_nested" and m.vuong is None
        for f in m.findings
    }
    notes = [say("tests.note", language)]
    if tested:
        notes.append(say("tests.note_vuong", language, sources=cite(VUONG, language)))
    return Evidence(
        id="rival-tests",
        title=title,
        table=Table("rival-tests", title, columns, rows, notes=tuple(notes)),
        verdict=refused,
        citations=VUONG if tested else (),
        notices=tuple(Notice("note", *f.parts(language)) for f in missing.values()),
        language=language,
        stamps=tuple(stamps),
    )


def _vuong_columns(language: str) -> tuple[Column, ...]:
    heading = say("column.vuong", language)
    return (
        Column("p_distinct", say("column.distinct", language), "p", group=heading),
        Column("z", "\u27e6z\u27e7", "number", 2, group=heading),
        Column("p_vuong", "\u27e6p\u27e7", "p", group=heading),
    )


def _test_row(
    m: ComparedModel, titles: Mapping[str, str], language: str, *, vuong: bool, conclusive: bool
) -> tuple[Cell, ...]:
    d, v = m.difference, m.vuong
    test = (d.stat, d.df, d.p) if d else (None,) * 3
    other = ((v.p_distinct, v.z, v.p) if v else (None,) * 3) if vuong else ()
    relation = say(f"tests.{m.relation}", language)
    result = _result(m, language) if conclusive else ""
    return (model_name(m.name, titles, language), relation, *test, *other, result)


def _result(m: ComparedModel, language: str) -> str:
    """What follows from the test, in words."""
    if m.solution is None or m.relation in ("failed", "equivalent"):
        return ""
    key = ""
    d, v = m.difference, m.vuong
    if not m.solution.outcome.admissible:
        key = "improper"
    elif d is not None and isfinite(d.p):
        clear = d.p < ALPHA
        key = {
            ("nested", True): "worse", ("nested", False): "enough",
            ("general", True): "better", ("general", False): "needless",
        }[(m.relation, clear)]  # fmt: skip
    elif v is not None:
        if v.p_distinct >= ALPHA:
            key = "indistinct"
        elif v.p >= ALPHA:
            key = "undecided"
        else:
            key = "closer_own" if v.z > 0 else "closer_other"
    return say(f"tests.{key}", language) if key else ""


def equivalent_table(
    found: EquivalentModels,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Single arrows that could as well be turned round or be a covariance."""
    names = resolve(labels)
    title = say("equivalent.title", language)
    if not found.found:
        key = "none" if found.tried else "untried"
        none = say(f"equivalent.{key}", language, tried=found.tried)
        return Evidence("equivalent-models", title, paragraphs=(none,), citations=RULE,
                        language=language, stamps=tuple(stamps))  # fmt: skip
    rows = tuple(_equivalent_row(e, names, language) for e in found.found)
    left = say("equivalent.left", language, count=found.left) if found.left else ""
    chisq = numbers.number(found.chisq, digits=2, language=language)
    note = say("equivalent.note", language, chisq=chisq, df=found.df, tried=found.tried, left=left,
               sources=cite(RULE, language))  # fmt: skip
    columns = (
        Column("arrow", say("column.arrow", language)),
        Column("change", say("column.change", language)),
        Column("rule", say("column.rule", language)),
    )
    return Evidence(
        id="equivalent-models", title=title,
        table=Table("equivalent-models", title, columns, rows, notes=(note,)),
        paragraphs=(say("equivalent.sentence", language, count=len(rows)),),
        citations=RULE, language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _equivalent_row(e: Equivalent, labels: Labels, language: str) -> tuple[Cell, ...]:
    source, target = labels.of(e.source), labels.of(e.target)
    change = say(f"equivalent.{e.change}", language, source=source, target=target)
    rule = say("equivalent.yes" if e.by_rule else "equivalent.no", language)
    return (labels.path(e.source, e.target), change, rule)
