"""Evidence on the model itself: equations, identification, outcome, all parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.errors import Message
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.groups import (
    EQUAL,
    definitions,
    equal_over_groups,
    group_label,
    own_label,
    without_group,
)
from analysis.report.indices import value
from analysis.report.labels import Labels, parameter_text, resolve
from analysis.report.prose import conclusive, ending, gate, join, say
from analysis.report.records import Cell, Column, Notice, NoticeLevel, Table, Verdict
from analysis.sem import Estimate, Solution
from analysis.syntax import Parameter

LabelsLike = Labels | Mapping[str, str] | None


def model_specification(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The equations of the model, how it is scaled and identified, and its degrees of freedom."""
    names = resolve(labels)
    groups: list[tuple[int, str]] = []
    rows: list[tuple[Cell, ...]] = []
    for part, op in (("measurement", "=~"), ("structural", "~"), ("covariance", "~~"),
                     ("defined", ":="), ("constraint", "==")):  # fmt: skip
        lines = _lines(solution, op, names, language)
        if op == "==":
            lines += _shared(solution, names, language)
        if lines:
            groups.append((len(rows), say(f"model.part_{part}", language)))
            rows.extend(lines)
    table = Table(
        key="model",
        title=say("model.title", language),
        columns=(
            Column("equation", say("column.equation", language), "code"),
            Column("meaning", say("column.meaning", language)),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(say("model.note", language),),
    )
    return Evidence(
        id="model-specification", title=table.title, table=table,
        paragraphs=(_identification(solution, language),), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _lines(solution: Solution, op: str, labels: Labels, language: str) -> list[tuple[Cell, ...]]:
    rows = [r for r in solution.partable.rows if r.op == op and r.group <= 1]
    if op in ("=~", "~"):
        found: list[tuple[Cell, ...]] = []
        for lhs in dict.fromkeys(r.lhs for r in rows):
            members = [r for r in rows if r.lhs == lhs]
            terms = [(f"{label}*" if (label := _label(solution, r)) else "") + r.rhs
                     for r in members]  # fmt: skip
            who = join([labels.of(r.rhs) if op == "~" or r.rhs in solution.latent else r.rhs
                        for r in members], language)  # fmt: skip
            key = "model.says_measures" if op == "=~" else "model.says_depends"
            words = say(key, language, name=labels.of(lhs), others=who)
            found.append((f"{lhs} {op} {' + '.join(terms)}", words))
        return found
    if op == "~~":
        kept = [r for r in rows if r.lhs != r.rhs and (r.free > 0 or r.user == 1)]
        return [
            (f"{r.lhs} ~~ {r.rhs}", say("model.says_covary", language, first=labels.of(r.lhs),
                                        second=labels.of(r.rhs)))
            for r in kept
        ]  # fmt: skip
    if op == ":=":
        found = []
        for name, (first, *more) in definitions(solution):
            rhs = without_group(first.rhs) if more else first.rhs
            words = say(f"model.says_defined{'_each' if more else ''}", language)
            found.append((f"{name} := {rhs}", words))
        return found
    shown = [r for r in solution.partable.rows if r.op in ("==", "<", ">") and r.user == 1]
    return [(f"{r.lhs} {r.op} {r.rhs}", say("model.says_constraint", language)) for r in shown]


def _label(solution: Solution, row: Parameter) -> str:
    """The label of the model's text, the same for all groups that have their own."""
    label = "" if row.label.startswith(".p") else row.label
    return without_group(label) if len(solution.partable.groups) > 1 else label


SHARED = (
    ("loadings", "=~"), ("regressions", "~"), ("intercepts", "~1"), ("thresholds", "|"),
    ("covariances", "~~"), ("scales", "~*~"),
)  # fmt: skip


def _shared(solution: Solution, labels: Labels, language: str) -> list[tuple[Cell, ...]]:
    """What is held equal over groups, kind by kind, with what was released."""
    equal = equal_over_groups(solution)
    table = solution.partable
    found: list[tuple[Cell, ...]] = []
    for kind, op in SHARED:
        family = [r for r in table.rows if r.op == op and r.group == 1 and r.free > 0]
        members = [r for r in family if not equal.get((r.lhs, r.op, r.rhs), "-")]
        if not members:
            continue
        rest = [parameter_text(r.lhs, r.op, r.rhs) for r in family
                if (r.lhs, r.op, r.rhs) not in equal]  # fmt: skip
        words = say("model.says_shared", language, count=len(members), total=len(family))
        if 0 < len(rest) <= len(members):
            words += say("model.says_released", language, list=join(rest, language))
        found.append((say(f"model.shared_{kind}", language), words))
    for (lhs, op, rhs), label in equal.items():
        if label:
            words = say("model.says_label", language, label=label)
            found.append((parameter_text(lhs, op, rhs), words))
    return found


def _identification(solution: Solution, language: str) -> str:
    npar, df = value(solution, "npar"), value(solution, "df")
    known = npar is not None and df is not None
    options = solution.partable.options
    scaling = "std_lv" if options.std_lv else "effect" if options.effect_coding else "marker"
    return say(
        "model.identification",
        language,
        moments=int((npar or 0) + (df or 0)) if known else numbers.DASH,
        items=len(solution.names),
        latents=len(solution.latent),
        npar=int(npar) if npar is not None else numbers.DASH,
        df=int(df) if df is not None else numbers.DASH,
        scaling=say(f"model.scaling_{scaling}", language),
    )


def outcome_banner(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """How the estimation ended, with symptom, cause and remedy of everything that was found."""
    names = resolve(labels)
    level: NoticeLevel = "warning" if solution.outcome.admissible else "error"
    notices = (
        *(notice(m, level, language, names) for m in solution.findings),
        *(notice(m, _loudness(m), language, names) for m in solution.notes),
    )
    sentence = say(f"outcome.{ending(solution)}", language,
                   n=numbers.integer(solution.n, language=language))  # fmt: skip
    if not conclusive(solution):
        notices = (Notice("error", sentence, "", say("outcome.consequence", language)), *notices)
        verdict = Verdict("none", (gate(solution, language),))
        return Evidence(
            id="outcome", title=say("outcome.title", language), notices=notices,
            verdict=verdict, language=language, stamps=tuple(stamps),
        )  # fmt: skip
    return Evidence(
        id="outcome", title=say("outcome.title", language), notices=notices,
        paragraphs=(sentence,), language=language, stamps=tuple(stamps),
    )  # fmt: skip


LOUD = ("sem.listwise", "run.shared_labels")


def _loudness(found: Message) -> NoticeLevel:
    """A caution where something was lost or held equal unasked, else a note."""
    loud = found.code in LOUD or found.code.startswith(("ordinal.", "syntax."))
    return "warning" if loud else "note"


def notice(
    found: Message, level: NoticeLevel, language: str, labels: Labels | None = None
) -> Notice:
    """A message as a notice; names of variables in its fields are replaced by labels."""
    if labels is not None:
        found = _with_group_label(found, labels)
    symptom, cause, remedy = found.parts(language)
    name = found.fields.get("name")
    if labels is not None and isinstance(name, str) and labels.of(name) != name:
        symptom = symptom.replace(name, f"{name} ({labels.of(name)})", 1)
    return Notice(level, symptom, cause, remedy)


def _with_group_label(found: Message, labels: Labels) -> Message:
    """The message with the label of the group that it names, bare or in brackets."""
    fields = dict(found.fields)
    for field in ("group", "where"):
        words = str(fields.get(field, ""))
        code = words.strip(" ()\uff08\uff09")
        if code and labels.group(code) != code:
            fields[field] = words.replace(code, labels.group(code))
    return Message(found.code, fields)


PARTS = (
    ("loadings", "=~"),
    ("paths", "~"),
    ("covariances", "~~"),
    ("intercepts", "~1"),
    ("thresholds", "|"),
    ("scales", "~*~"),
    ("defined", ":="),
)


def parameter_table(
    solution: Solution,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Every parameter of the model, fixed or free, raw and standardized."""
    names = resolve(labels)
    groups: list[tuple[int, str]] = []
    rows: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, int, str]] = []
    equal = equal_over_groups(solution)
    count = len(solution.partable.groups)
    for group in range(count):
        own = {group + 1} | ({0} if group + 1 == count else set())
        for part, op in PARTS:
            members = [e for e in solution.estimates if e.op == op and e.group in own]
            if members:
                label = group_label(solution, group + 1, names) if op != ":=" else ""
                heading = say(f"parameters.{part}", language)
                groups.append((len(rows), heading + (f" \u00b7 {label}" if label else "")))
            for e in members:
                if (e.lhs, e.op, e.rhs) in equal:
                    marks.append((len(rows), 2, EQUAL))
                rows.append(_parameter(e))
    notes = [say("parameters.note", language)]
    if marks:
        notes.append(f"{EQUAL}|" + say("groups.note_equal", language))
    raw, std = say("column.unstandardized", language), say("column.standardized", language)
    table = Table(
        key="parameters",
        title=say("parameters.title", language),
        columns=(
            Column("parameter", say("column.parameter", language), "code"),
            Column("label", say("column.label", language), "code"),
            Column("est", say("column.estimate", language), "number", group=raw),
            Column("se", "\u27e6SE\u27e7", "number", group=raw),
            Column("z", "\u27e6z\u27e7", "number", 2, group=raw),
            Column("p", "\u27e6p\u27e7", "p", group=raw),
            Column("ci_lower", say("column.lower", language), "number", group=raw),
            Column("ci_upper", say("column.upper", language), "number", group=raw),
            Column("std_lv", "std.lv", "number", group=std),
            Column("std_all", "std.all", "unit", group=std),
            Column("std_all_se", "\u27e6SE\u27e7", "unit", group=std),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        marks=tuple(marks),
        notes=tuple(notes),
    )
    return Evidence(
        id="parameter-table", title=table.title, table=table, language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _parameter(e: Estimate) -> tuple[Cell, ...]:
    name = parameter_text(e.lhs, e.op, e.rhs)
    tested = e.free or e.op == ":="
    inference = (e.se, e.z, e.p, e.ci_lower, e.ci_upper) if tested else (None,) * 5
    label = own_label(e) if e.op != ":=" else ""
    return (name, label, e.est, *inference, e.std_lv, e.std_all, e.std_all_se)
