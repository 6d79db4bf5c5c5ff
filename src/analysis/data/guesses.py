"""Guesses about a column from its name and content, for the draft of a codebook."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from analysis.data.cleaning import to_dates, to_labels, to_numbers
from analysis.data.names import folded
from analysis.data.privacy import looks_personal
from analysis.data.raw import RawTable

Job = Literal[
    "item", "group", "id", "weight", "start", "end", "duration", "personal", "text", "nps",
    "number", "binary", "category", "date", "empty",
]  # fmt: skip

_BY_NAME: tuple[tuple[Job, re.Pattern[str]], ...] = (
    ("id", re.compile(r"id|(respondent|person|case|user|customer|member)(_?(id|no|number|nr))?"
                      r"|uuid|serial|no|编号|序号|答卷编号|受访者|会员号|客户编号", re.IGNORECASE)),
    ("weight", re.compile(r"(sample_?|sampling_?)?(weight|weights|wt|wgt)|权重|抽样权重", re.I)),
    ("start", re.compile(r"start(ed)?(_?(time|date|at))?|begin|开始(答题)?时间", re.I)),
    ("end", re.compile(r"(end|finish|submit|complet)(t?ed)?(_?(time|date|at))?"
                       r"|结束(答题)?时间|提交(答卷)?时间", re.I)),
    ("duration", re.compile(r"duration(_?(s|sec|secs|seconds))?|seconds|elapsed"
                            r"|用时|所用时间", re.I)),
    ("group", re.compile(r"brand|channel|wave|store|region|city|country|segment|period|year"
                         r"|gender|sex|品牌|渠道|期次|波次|批次|门店|地区|城市|性别|年份", re.I)),
    ("nps", re.compile(r"nps(_?score)?|(likelihood_?to_?)?recommend(ation)?"
                       r"|推荐(意愿|度)?", re.I)),
)  # fmt: skip
_INDEXED = re.compile(r"(.*[^\d\s_.\-])[\s_.\-]?(\d{1,3})([a-zA-Z]?)")
_LIKERT: tuple[tuple[str, ...], ...] = (
    ("非常不满意", "不满意", "一般", "满意", "非常满意"),
    ("非常不同意", "不同意", "一般", "同意", "非常同意"),
    ("完全不同意", "不同意", "不确定", "同意", "完全同意"),
    ("非常不同意", "不同意", "中立", "同意", "非常同意"),
    ("非常不符合", "不符合", "一般", "符合", "非常符合"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree"),
    ("very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"),
)
NO_ANSWER_CODES = (*range(95, 100), *range(990, 1000), *range(-9, 0), -99, -98, -999, 77, 88, 66)
_USUAL_RANGES = ((1, 5), (1, 7), (1, 10), (0, 4), (0, 6), (0, 10))


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be; ``minimum`` and ``maximum`` without codes for no answer."""

    column: str
    job: Job
    prefix: str = ""
    minimum: float = 0.0
    maximum: float = 0.0
    codes: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    wording: str = ""
    anchors: Mapping[float, str] = field(default_factory=dict)


def guess_columns(raw: RawTable) -> tuple[Guess, ...]:
    """One guess for each column, in the file's order."""
    found = [_guess(raw, str(name)) for name in raw.frame.columns]
    siblings = Counter(g.prefix for g in found if g.job == "item")
    seen: set[Job] = set()
    result = []
    for guess in found:
        job = guess.job
        if job in ("id", "weight", "start", "end", "duration"):
            job = "category" if job in seen else job
            seen.add(guess.job)
        prefix = guess.prefix if siblings[guess.prefix] > 1 else ""
        family = [g for g in found if g.job == "item" and g.prefix == prefix] or [guess]
        low, high = min(g.minimum for g in family), max(g.maximum for g in family)
        result.append(dataclasses.replace(guess, job=job, prefix=prefix, minimum=low, maximum=high))
    return tuple(result)


def _guess(raw: RawTable, name: str) -> Guess:
    cells = raw.frame[name].tolist()
    wording = raw.column_labels.get(name, "")
    labels = raw.value_labels.get(name, {})
    filled = [cell for cell in cells if cell is not None]
    if not filled:
        return Guess(name, "empty", wording=wording)
    named = next((job for job, pattern in _BY_NAME if pattern.fullmatch(name)), None)
    if named == "id" and len(set(filled)) > 0.5 * len(filled):
        return Guess(name, "id", wording=wording)
    if looks_personal(name, cells):
        return Guess(name, "personal", wording=wording)
    if named in ("start", "end") and _are_dates(cells, raw):
        return Guess(name, named, wording=wording)
    numbers = to_numbers(cells, raw.frame.index.tolist(), textual=raw.textual)
    values = numbers.values[~np.isnan(numbers.values)]
    if not numbers.bad and len(values):
        return _numeric(name, named, values, wording, labels)
    if _are_dates(cells, raw):
        return Guess(name, "date", wording=wording)
    return _text(name, named, filled, wording)


def _are_dates(cells: Sequence[object], raw: RawTable) -> bool:
    if not any(isinstance(c, str | dt.date) for c in cells):
        return False
    if all(isinstance(c, str) and c.replace(".", "").isdigit() for c in cells if c is not None):
        return False
    dates = to_dates(cells, raw.frame.index.tolist())
    return not dates.bad and not dates.mixed and not dates.ambiguous


def _numeric(
    name: str, named: Job | None, values: np.ndarray[Any, Any], wording: str,
    labels: Mapping[float, str],
) -> Guess:  # fmt: skip
    distinct = sorted(set(values.tolist()))
    whole = all(v == round(v) for v in distinct)
    if named in ("weight", "duration") and distinct[0] > 0:
        return Guess(name, named, wording=wording)
    if named == "group" and len(distinct) <= 30:
        levels = tuple(labels.get(v, f"{v:g}") for v in distinct)
        return Guess(name, "group", levels=levels if not labels else (), wording=wording,
                     anchors=labels)  # fmt: skip
    if not labels and set(distinct) <= {0.0, 1.0}:
        return Guess(name, "binary", wording=wording)
    low, high, codes = _range(distinct, labels)
    if named == "nps" and whole and low >= 0 and high <= 10:
        return Guess(name, "nps", codes=codes, wording=wording)
    match = _INDEXED.fullmatch(name)
    narrow = whole and low >= -5 and high <= 10 and len(distinct) <= 14
    if narrow and (match or labels or high - low > 1):
        anchors = {k: v for k, v in labels.items() if low <= k <= high}
        prefix = match[1] if match else name
        return Guess(name, "item", prefix, low, high, codes, (), (), wording, anchors)
    return Guess(name, "number", wording=wording)


def _range(
    distinct: Sequence[float], labels: Mapping[float, str]
) -> tuple[float, float, tuple[float, ...]]:
    """Lowest and highest answer of the scale, and the codes beyond it."""
    inner = [v for v in distinct if v not in NO_ANSWER_CODES] or list(distinct)
    codes = tuple(v for v in distinct if v not in inner)
    inner += [k for k in labels if k not in NO_ANSWER_CODES]
    low, high = min(inner), max(inner)
    for usual_low, usual_high in () if labels else _USUAL_RANGES:
        if usual_low <= low and high <= usual_high:
            return usual_low, usual_high, codes
    return low, high, codes


def _text(name: str, named: Job | None, filled: Sequence[object], wording: str) -> Guess:
    labels = [label for label in to_labels(filled) if label]
    counts = Counter(folded(label) for label in labels)
    for words in _LIKERT:
        if counts and set(counts) <= {folded(word) for word in words}:
            match = _INDEXED.fullmatch(name)
            prefix = match[1] if match else name
            return Guess(name, "item", prefix, 1, len(words), (), words, (), wording)
    levels = tuple(sorted(set(labels)))
    if named == "group" or (len(levels) <= 12 and len(labels) >= 5 * len(levels)):
        return Guess(name, "group" if named == "group" else "category", levels=levels,
                     wording=wording)  # fmt: skip
    return Guess(name, "text", wording=wording)
