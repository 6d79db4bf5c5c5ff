"""Evidence out of sample: cross-validated fit, predicted items, transfer between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.methods.prediction import (
    CrossValidated,
    CrossValidation,
    Holdout,
    LossTest,
    PredictedItem,
    Prediction,
)
from analysis.report import numbers
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels, resolve
from analysis.report.prose import finite, join, sentences, unit
from analysis.report.records import Cell, Column, Notice, Table
from analysis.report.references import cite
from analysis.report.rivals import ALPHA, model_name, say

LabelsLike = Labels | Mapping[str, str] | None
CROSS, PREDICT, LOSS = ("cudeck1983",), ("shmueli2019", "derooij2023"), ("liengaard2021",)
CLEAR = 1.96
ROUNDING = 1e-6


def crossvalidation_table(
    found: CrossValidation,
    *,
    titles: Mapping[str, str],
    language: str = "en",
    stamps: Sequence[str] = (),
) -> Evidence:
    """How well each model foretells respondents that it was not fitted to."""
    title = say("cross.title", language)
    columns = (
        Column("model", say("column.model", language)),
        Column("deviance", say("column.deviance", language), "number"),
        Column("above", say("column.above", language), "number"),
        Column("above_se", say("column.se", language), "number"),
        Column("discrepancy", say("column.discrepancy", language), "number"),
    )
    rows = tuple(
        (_cross_name(m, titles, language), m.deviance, _above(m.above) if i else None,
         m.above_se if i else None, m.discrepancy)
        for i, m in enumerate(found.models)
    )  # fmt: skip
    counts = {
        "folds": found.folds, "repeats": found.repeats,
        "n": numbers.integer(found.n, language=language),
        "total": numbers.integer(found.total, language=language),
    }  # fmt: skip
    notes = [say("cross.note", language, sources=cite(CROSS, language), **counts)]
    if failed := sum(m.failed for m in found.models):
        notes.append(say("cross.note_failed", language, failed=failed))
    findings = [m.finding for m in found.models if m.finding is not None]
    return Evidence(
        id="cross-validation", title=title,
        table=Table("cross-validation", title, columns, rows, notes=tuple(notes)),
        paragraphs=(_cross_reading(found, titles, language),), citations=CROSS,
        notices=tuple(Notice("warning", *f.parts(language)) for f in findings),
        language=language, stamps=tuple(stamps),
    )  # fmt: skip


def _above(value: float) -> float:
    """Without the sign of a rounding error."""
    return 0.0 if abs(value) < ROUNDING else value


def _cross_name(m: CrossValidated, titles: Mapping[str, str], language: str) -> str:
    return say("rival.saturated", language) if m.name == "saturated" else model_name(
        m.name, titles, language
    )  # fmt: skip


def _cross_reading(found: CrossValidation, titles: Mapping[str, str], language: str) -> str:
    *others, saturated = found.models[1:]
    better = [m for m in others if finite(m.above) and m.above < -CLEAR * max(m.above_se, ROUNDING)]
    listed = join((_cross_name(m, titles, language) for m in better), language)
    words = [say("cross.other", language, names=listed) if better else say("cross.best", language)]
    if finite(saturated.above) and saturated.above < -CLEAR * saturated.above_se:
        words.append(say("cross.saturated", language))
    return sentences(words, language)


def prediction_table(
    found: Prediction,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Prediction errors of single items, model against linear model."""
    names = resolve(labels)
    title = say("predict.title", language, target=names.of(found.target))
    model, linear = say("column.sem", language), say("column.lm", language)
    columns = (
        Column("item", say("column.item", language)),
        *(
            Column(f"{prefix}{key}", label, kind, group=head)  # type: ignore[arg-type]
            for prefix, head in (("", model), ("lm_", linear))
            for key, label, kind in (
                ("rmse", "RMSE", "number"), ("mae", "MAE", "number"),
                ("q2", "\u27e6Q\u27e7\u00b2", "unit"),
            )
        ),
        Column("better", say("column.better", language)),
    )  # fmt: skip
    rows = tuple(_item_row(i, names, model, linear) for i in found.items)
    note = say(
        "predict.note", language, folds=found.folds, repeats=found.repeats,
        n=numbers.integer(found.n, language=language),
        total=numbers.integer(found.total, language=language),
        sources_of=join((names.of(s) for s in found.sources), language),
        sources=cite(PREDICT, language),
    )  # fmt: skip
    notes = [note]
    if found.failed:
        notes.append(say("cross.note_failed", language, failed=found.failed))
    words = [
        _power(found, language),
        _loss("cvpat_mean", found.against_mean, language),
        _loss("cvpat_lm", found.against_lm, language),
    ]
    return Evidence(
        id="prediction-table", title=title,
        table=Table("prediction", title, columns, rows, notes=tuple(notes)),
        paragraphs=(sentences(words, language),), citations=(*PREDICT, *LOSS), language=language,
        stamps=tuple(stamps),
    )  # fmt: skip


def _item_row(i: PredictedItem, labels: Labels, model: str, linear: str) -> tuple[Cell, ...]:
    better = model if i.rmse < i.lm_rmse else linear
    return (labels.of(i.item), i.rmse, i.mae, i.q2, i.lm_rmse, i.lm_mae, i.lm_q2, better)


def _power(found: Prediction, language: str) -> str:
    """High: every item below the linear model; medium: at least half; low: some; none."""
    count, total = sum(i.rmse < i.lm_rmse for i in found.items), len(found.items)
    level = (
        "high" if count == total else "lacking" if not count
        else "medium" if 2 * count >= total else "low"
    )  # fmt: skip
    return say(
        "predict.power", language, level=say(f"predict.{level}", language), count=count,
        total=total, measure=say("predict.rmse", language),
    )  # fmt: skip


def _loss(key: str, test: LossTest, language: str) -> str:
    clear = finite(test.p) and test.p < ALPHA
    words = "same" if not clear else "smaller" if test.difference < 0 else "larger"
    difference = numbers.number(test.difference, language=language)
    phrase = numbers.p_phrase(test.p, language=language)
    return say(
        f"predict.{key}", language, words=say(f"predict.{words}", language),
        difference=difference, p="\u27e6p\u27e7" + phrase[1:],
    )  # fmt: skip


def holdout_table(
    found: Holdout,
    *,
    column: str,
    least: int,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """The model trained in one group and tested in another; ``column`` names the grouping."""
    names = resolve(labels)
    title = say("holdout.title", language, column=column)
    model, linear = say("column.sem", language), say("column.lm", language)
    columns = (
        Column("trained", say("column.trained", language)),
        Column("tested", say("column.tested", language)),
        Column("n_train", say("column.n_train", language), "int"),
        Column("n_test", say("column.n_test", language), "int"),
        Column("rmse", "RMSE", "number", group=model),
        Column("q2", "\u27e6Q\u27e7\u00b2", "unit", group=model),
        Column("lm_rmse", "RMSE", "number", group=linear),
        Column("lm_q2", "\u27e6Q\u27e7\u00b2", "unit", group=linear),
        Column("loss", say("column.loss", language), "number"),
    )
    rows = tuple(
        (names.group(t.trained_on), names.group(t.tested_on), t.n_train, t.n_test, t.rmse, t.q2,
         t.lm_rmse, t.lm_q2, t.loss)
        for t in found.transfers
    )  # fmt: skip
    notes = [say("holdout.note", language, target=names.of(found.target))]
    if found.small:
        listed = join((names.group(g) for g in found.small), language)
        notes.append(say("holdout.note_small", language, least=least, names=listed))
    q2 = [t.q2 for t in found.transfers]
    if q2 and min(q2) > 0:
        low, high = (unit(v, language, 2) for v in (min(q2), max(q2)))
        words = [say("holdout.holds", language, low=low, high=high)]
    else:
        bad = dict.fromkeys(names.group(t.tested_on) for t in found.transfers if t.q2 <= 0)
        words = [say("holdout.fails", language, names=join(bad, language))] if bad else []
    return Evidence(
        id="holdout-table", title=title,
        table=Table("holdout", title, columns, rows, row_headers=2, notes=tuple(notes)),
        paragraphs=tuple(words), citations=PREDICT, language=language, stamps=tuple(stamps),
    )  # fmt: skip
