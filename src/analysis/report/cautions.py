"""Facts that keep a good figure from being called good, in words and in verdicts."""

from __future__ import annotations

from dataclasses import replace

from analysis.errors import Message, message
from analysis.methods.measurement import Checks
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.prose import finite, join, unit
from analysis.report.records import Notice, Verdict
from analysis.report.references import cite

FEW = "measuring.few"


def cautions(checks: Checks, *, labels: Labels, language: str) -> tuple[Message, ...]:
    """What limits the conclusions, the gravest first."""
    found = []
    if checks.n < checks.npar:
        found.append(message(FEW, n=checks.n, npar=checks.npar))
    weak = criterion("measurement.null_rmsea")
    if weak.missed(checks.null_rmsea):
        fields = {
            "rmsea": unit(checks.null_rmsea, language),
            "limit": unit(weak.good, language),
            "sources": cite(weak.cite, language),
        }
        found.append(message("measuring.weak", **fields))
    if checks.opposed:
        items = join(dict.fromkeys(item for item, _ in checks.opposed), language)
        found.append(message("measuring.opposed", items=items))
    if checks.alike:
        pairs = dict.fromkeys(
            f"{labels.of(p.first)} \u2013 {labels.of(p.second)}" for p in checks.alike
        )
        found.append(message("measuring.alike", pairs=join(pairs, language)))
    careless = criterion("measurement.uniform")
    if finite(checks.uniform) and careless.missed(checks.uniform):
        share = numbers.percent(checks.uniform, digits=0, language=language)
        found.append(message("measuring.uniform", share=share, items=checks.items))
    return tuple(found)


def with_notices(evidence: Evidence, found: tuple[Message, ...]) -> Evidence:
    """The piece with the cautions as notices."""
    added = tuple(Notice("warning", *m.parts(evidence.language)) for m in found)
    return replace(evidence, notices=(*evidence.notices, *added))


def capped(evidence: Evidence, found: tuple[Message, ...]) -> Evidence:
    """The piece with no verdict better than the cautions allow.

    Fewer respondents than parameters allow none; any other caution allows no ``good``, and says
    why.
    """
    verdict = evidence.verdict
    if verdict is None or not found or verdict.level == "none":
        return evidence
    words = tuple(m.parts(evidence.language)[0] for m in found)
    if any(m.code == FEW for m in found):
        return replace(evidence, verdict=Verdict("none", words[:1]))
    if verdict.level != "good":
        return evidence
    return replace(evidence, verdict=Verdict("mixed", (*verdict.sentences, *words),
                                             verdict.citations))  # fmt: skip
