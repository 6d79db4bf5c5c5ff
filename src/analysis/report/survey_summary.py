"""All checks of the survey in one table, with the verdict they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.methods.careless import Careless
from analysis.methods.missingness import Little, Missingness
from analysis.methods.normality import ItemNormality
from analysis.methods.screening import Direction, Distribution, EarlyLate, Outliers, Weights
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.prose import finite, join, unit
from analysis.report.records import Cell, Column, Level, Table, Verdict
from analysis.report.survey_words import LabelsLike, tell

MANY_OUTLIERS = 10.0
MANY_DUPLICATES = 0.05
DIFFERENT = 0.05


@dataclass(frozen=True)
class Screened:
    """Results of all checks of one sample.

    ``constructs`` of the model have several items; ``factors`` is what parallel analysis suggests
    for these items and ``kmo`` their sampling adequacy, None where there are too few answers.
    """

    careless: Careless
    missing: Missingness
    little: Little | None
    items: tuple[Distribution, ...]
    shapes: tuple[ItemNormality, ...]
    directions: tuple[Direction, ...]
    outliers: Outliers | None
    early_late: tuple[EarlyLate, ...]
    duplicates: int
    weights: Weights | None
    constructs: int = 0
    factors: int | None = None
    kmo: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One row: what was found, and how it reads."""

    key: str
    value: str
    level: Level


def survey_summary(
    found: Screened,
    *,
    language: str = "en",
    labels: LabelsLike = None,
    stamps: Sequence[str] = (),
) -> Evidence:
    """Is the questionnaire's data fit for a model: every check, and the verdict."""
    del labels
    checks = summary_checks(found, language)
    rows: list[tuple[Cell, ...]] = [
        (tell(f"summary.{c.key}", language), c.value, tell(f"summary.level_{c.level}", language))
        for c in checks
    ]
    table = Table(
        key="survey-summary",
        title=tell("summary.title", language),
        columns=(
            Column("check", tell("column.check", language)),
            Column("found", tell("column.found", language)),
            Column("reading", tell("column.reading", language)),
        ),
        rows=tuple(rows),
    )
    return Evidence(id="survey-summary", title=table.title, table=table,
                    verdict=summary_verdict(checks, language),
                    citations=criterion("survey.careless").cite, language=language,
                    stamps=tuple(stamps))  # fmt: skip


def summary_verdict(checks: Sequence[Check], language: str) -> Verdict:
    """Poor where one check is poor, good only where none asks for attention."""
    levels = {check.level for check in checks}
    level: Level = "poor" if "poor" in levels else "mixed" if "mixed" in levels else "good"
    named = [tell(f"summary.{c.key}", language) for c in checks if c.level in ("poor", "mixed")]
    said = [tell(f"summary.{level}", language)]
    if named:
        said.append(tell("summary.named", language, checks=join(named, language)))
    return Verdict(level, tuple(said), criterion("survey.careless").cite)


def summary_checks(found: Screened, language: str) -> list[Check]:
    """Every check with its finding."""

    def percent(share: float) -> str:
        return numbers.percent(share, language=language)

    def whole(count: float) -> str:
        return numbers.integer(count, language=language)

    flagged = float(found.careless.careless.mean())
    wrong = [d.item for d in found.directions if d.suspicious]
    gone = found.missing.share
    worst = criterion("survey.missing")
    checks = [
        Check("n", whole(found.missing.n), _level("survey.n", found.missing.n)),
        Check("careless", f"{whole(found.careless.careless.sum())} ({percent(flagged)})",
              _level("survey.careless", flagged)),
        Check("duplicates", whole(found.duplicates), _duplicates(found)),
        Check("directions", join(wrong, language) or whole(0), "poor" if wrong else "good"),
        Check("missing", percent(gone), _level("survey.missing", gone)),
    ]  # fmt: skip
    if found.little is not None:
        p = numbers.p_phrase(found.little.p, language=language)
        random = found.little.p >= DIFFERENT or gone <= worst.good / 5
        checks.append(Check("little", p, "good" if random else "mixed"))
    checks += _shape_checks(found, language)
    checks += _factor_checks(found, language)
    if found.early_late:
        differing = sum(r.p_holm < DIFFERENT for r in found.early_late)
        largest = max((abs(r.d) for r in found.early_late if finite(r.d)), default=0.0)
        d = numbers.number(largest, digits=2, language=language)
        shown = tell("summary.early_value", language, differing=differing,
                     all=len(found.early_late), d=d)  # fmt: skip
        checks.append(Check("early", shown, "mixed" if differing else "good"))
    if found.weights is not None:
        deff = numbers.number(found.weights.deff, digits=2, language=language)
        shown = tell("summary.weights_value", language, deff=deff,
                     n=whole(found.weights.effective))  # fmt: skip
        checks.append(Check("weights", shown, "good"))
    return checks


def _shape_checks(found: Screened, language: str) -> list[Check]:
    end, skew, peak = (criterion(f"survey.{k}") for k in ("end_effect", "skew", "kurtosis"))
    ends = sum(end.missed(d.floor) or end.missed(d.ceiling) for d in found.items)
    skewed = sum(skew.missed(s.skew) or peak.missed(s.kurtosis) for s in found.shapes)
    p = len(found.items)
    checks = [
        Check("ends", f"{ends} / {p}", "mixed" if ends > p / 2 else "good"),
        Check("shape", f"{skewed} / {p}", "mixed" if skewed else "good"),
    ]
    out = found.outliers
    if out is not None:
        shown = " / ".join(numbers.integer(v, language=language) for v in (out.beyond, out.n))
        many = out.beyond > MANY_OUTLIERS * max(out.expected, 1.0)
        checks.append(Check("outliers", shown, "mixed" if many else "good"))
    return checks


def _duplicates(found: Screened) -> Level:
    if not found.duplicates:
        return "good"
    return "poor" if found.duplicates > MANY_DUPLICATES * found.missing.n else "mixed"


def _factor_checks(found: Screened, language: str) -> list[Check]:
    checks = []
    if found.kmo is not None:
        shown = unit(found.kmo, language, 2)
        checks.append(Check("kmo", shown, _level("survey.kmo", found.kmo)))
    if found.factors is not None:
        shown = tell("summary.factors_value", language, factors=found.factors,
                     constructs=found.constructs)  # fmt: skip
        fewer: Level = "mixed" if found.factors < found.constructs else "good"
        checks.append(Check("factors", shown, fewer if found.factors else "poor"))
    return checks


def _level(key: str, value: float) -> Level:
    levels: dict[str, Level] = {"good": "good", "acceptable": "mixed", "poor": "poor"}
    return levels.get(criterion(key).grade(value), "none")
