"""Evidence on power and sample size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.errors import Message
from analysis.methods.power import Curve, PathTest, Replications, Row, Target
from analysis.report import numbers
from analysis.report.criteria import criterion
from analysis.report.evidence import Evidence
from analysis.report.labels import Labels
from analysis.report.power_figure import Panel, panels_alt, panels_data, power_panels
from analysis.report.power_words import called, needed_phrase, notices, say
from analysis.report.prose import join, unit
from analysis.report.records import Cell, Column, Figure, Level, Table, Verdict
from analysis.report.references import cite
from analysis.sem import Solution

MOST_PANELS = 9
SIMULATION = ("muthen2002",)
INTERVALS = ("mackinnon2004", "preacher2012")
SHAPES = ("vale1983", "fleishman1978")


@dataclass(frozen=True)
class Setting:
    """What all pieces on power speak of.

    ``source`` names the model file whose values are the population, empty for the study's own
    fitted model; ``n`` is the sample at hand; ``distribution`` normal, skewed or ordinal;
    ``missing`` the share of answers left out at random.
    """

    base: Solution
    source: str
    n: int
    power: float
    alpha: float
    replications: int
    distribution: str
    missing: float
    estimator: str
    language: str
    labels: Labels
    stamps: tuple[str, ...]

    def name(self, target: Target) -> str:
        """What to call a target."""
        return called(self.base, target, self.labels)

    @property
    def share(self) -> str:
        """The wanted power in per cent."""
        return numbers.percent(self.power, digits=0, language=self.language)

    @property
    def level(self) -> str:
        """Alpha as a number."""
        return unit(self.alpha, self.language, 2)


def unavailable(
    key: str, messages: Sequence[Message], *, language: str, stamps: Sequence[str] = ()
) -> Evidence:
    """A piece that could not be made; the reason stands with the population, which comes first."""
    first = key == "population"
    return Evidence(
        id=f"power-{key}",
        title=say(f"{key}.title", language),
        verdict=Verdict("none", (say("no_population_here" if first else "unavailable", language),)),
        notices=notices(messages, language) if first else (),
        language=language,
        stamps=tuple(stamps),
    )


def _grouped(targets: Sequence[Target], language: str) -> tuple[tuple[int, str], ...]:
    """Where paths and where defined effects begin."""
    defined = [t.defined for t in targets]
    found = []
    for kind, flag in (("paths", False), ("effects", True)):
        if flag in defined and len(set(defined)) > 1:
            found.append((defined.index(flag), say(f"kind.{kind}", language)))
    return tuple(found)


def population_table(setting: Setting, targets: Sequence[Target]) -> Evidence:
    """The true values that the simulation assumes, and what they lead one to expect."""
    language = setting.language
    columns = (
        Column("effect", say("column.effect", language)),
        Column("raw", say("column.raw", language), "number"),
        Column("std", say("column.std", language), "unit"),
        Column("se", say("column.se", language), "number"),
        Column("z", say("column.z", language), "number", 2),
    )
    rows = tuple((setting.name(t), t.value, t.std, t.se, t.value / t.se) for t in targets)
    notes = [
        say("population.note_file" if setting.source else "population.note_own", language,
            model=setting.source, n=numbers.integer(setting.n, language=language)),
        say(f"population.{setting.distribution}", language),
    ]  # fmt: skip
    if setting.missing:
        share = numbers.percent(setting.missing, digits=0, language=language)
        notes.append(say("population.missing", language, share=share))
    cited = SHAPES if setting.distribution == "skewed" else ()
    title = say("population.title", language)
    table = Table("power-population", title, columns, rows, notes=tuple(notes),
                  groups=_grouped(targets, language))  # fmt: skip
    return _piece(setting, "population", table=table, citations=cited)


def needed_table(
    setting: Setting,
    curves: Sequence[Curve],
    tests: Sequence[PathTest],
    at_hand: Sequence[Row],
) -> Evidence:
    """The sample that each effect needs: simulated, by noncentrality and by the rule of thumb."""
    language = setting.language
    group, by_name = say("column.n", language), {t.target.name: t for t in tests}
    columns = (
        Column("effect", say("column.effect", language)),
        Column("std", say("column.std", language), "unit"),
        Column("power", say("column.power_at", language,
                            n=numbers.integer(setting.n, language=language)), "unit"),
        Column("needed", say("column.simulated_n", language), group=group),
        Column("exact", say("column.noncentrality", language), "int", group=group),
        Column("rule", say("column.rule", language), "int", group=group),
    )  # fmt: skip
    rows = []
    for curve, row in zip(curves, at_hand, strict=True):
        t, test = curve.target, by_name.get(curve.target.name)
        rows.append((
            setting.name(t), t.std, row.power, needed_phrase(curve, language),
            test.needed if test else None,
            test.rule if test else None,
        ))  # fmt: skip
    notes = (
        say("needed.note", language, power=setting.share, alpha=setting.level,
            sources=cite(("satorra1985", "kock2018"), language)),
        say("needed.note_simulated", language,
            replications=numbers.integer(setting.replications, language=language)),
    )  # fmt: skip
    targets = [c.target for c in curves]
    table = Table("power-needed", say("needed.title", language), columns, tuple(rows),
                  notes=notes, groups=_grouped(targets, language))  # fmt: skip
    return _piece(
        setting, "needed", table=table, verdict=_verdict(setting, curves, at_hand),
        citations=("satorra1985", "kock2018", *SIMULATION),
    )  # fmt: skip


def _verdict(setting: Setting, curves: Sequence[Curve], rows: Sequence[Row]) -> Verdict:
    """Good where the sample at hand has the wanted power for everything asked."""
    language = setting.language
    asked = [(c, r) for c, r in zip(curves, rows, strict=True) if not c.target.null]
    if not asked or not all(isfinite(r.power) for _, r in asked):
        return Verdict("none", (say("needed.none", language),))
    weak = [(c, r) for c, r in asked if r.high < setting.power]
    open_ = [(c, r) for c, r in asked if r.low < setting.power <= r.high]
    n = numbers.integer(setting.n, language=language)
    sentences = []
    if not weak and not open_:
        sentences.append(say("needed.enough", language, n=n, power=setting.share))
    if weak:
        names = join((setting.name(c.target) for c, _ in weak), language)
        sentences.append(say("needed.weak", language, n=n, power=setting.share, names=names))
    if open_:
        names = join((setting.name(c.target) for c, _ in open_), language)
        sentences.append(say("needed.open", language, n=n, power=setting.share, names=names))
    largest = max(asked, key=lambda pair: (pair[0].bound == "above", _order(pair[0])))[0]
    if not setting.source:
        sentences.append(say("needed.observed", language))
    if largest.bound != "below":
        sentences.append(
            say("needed.plan", language, name=setting.name(largest.target),
                n=needed_phrase(largest, language))
        )  # fmt: skip
    level: Level = (
        "good" if not weak and not open_ else "mixed" if len(weak) < len(asked) else "poor"
    )
    return Verdict(level, tuple(sentences), criterion("planning.power").cite)


def _order(curve: Curve) -> float:
    return curve.needed if isfinite(curve.needed) else -1.0


def power_figure(setting: Setting, curves: Sequence[Curve]) -> Evidence:
    """Power by sample size for the effects that need the largest samples."""
    language = setting.language
    open_ = [c for c in curves if not c.bound and isfinite(c.needed)]
    shown = sorted(open_, key=lambda c: -c.needed)[:MOST_PANELS]
    title = say("figure.title", language)
    if not shown:
        return _piece(setting, "figure", paragraphs=(say("figure.none", language),))
    panels = [Panel(setting.name(c.target), c) for c in shown]
    alt = panels_alt(panels, setting.power, language)
    notes = [say("figure.note", language, power=setting.share)]
    left_out = [setting.name(c.target) for c in curves if c not in shown]
    if left_out:
        notes.append(say("figure.left_out", language, names=join(left_out, language)))
    svg = power_panels(panels, power=setting.power, title=title, alt=alt, language=language)
    figure = Figure(
        "power-curves", title, svg, alt, panels_data(panels, title, language), tuple(notes)
    )
    return _piece(setting, "figure", figure=figure, citations=("wilson1927",))


def monte_carlo_table(
    setting: Setting, replications: Replications, rows: Sequence[Row]
) -> Evidence:
    """The sample at hand, replicated: bias, standard errors, coverage and power."""
    language = setting.language
    estimates, errors = say("column.estimates", language), say("column.quality", language)
    columns = (
        Column("effect", say("column.effect", language)),
        Column("value", say("column.population", language), "number"),
        Column("mean", say("column.mean", language), "number", group=estimates),
        Column("sd", say("column.sd", language), "number", group=estimates),
        Column("se", say("column.mean_se", language), "number"),
        Column("bias", say("column.bias", language), "percent", 1, group=errors),
        Column("se_bias", say("column.se_bias", language), "percent", 1, group=errors),
        Column("mse", say("column.mse", language), "number", 4, group=errors),
        Column("coverage", say("column.coverage", language), "unit", group=errors),
        Column("power", say("column.significant", language), "unit"),
    )
    cells: list[tuple[Cell, ...]] = []
    marks = []
    for i, row in enumerate(rows):
        bias = None if row.target.null else row.bias
        cells.append((
            setting.name(row.target), row.target.value, row.mean, row.sd, row.se, bias,
            row.se_bias, row.mse, row.coverage, row.power,
        ))  # fmt: skip
        judged = ((5, "bias", bias), (6, "se_bias", row.se_bias), (8, "coverage", row.coverage))
        marks += [
            (i, at, "a")
            for at, name, value in judged
            if criterion(f"planning.{name}").missed(value)
        ]
    sources = cite(criterion("planning.bias").cite, language)
    notes = [
        say("replicated.note", language, n=numbers.integer(setting.n, language=language),
            replications=numbers.integer(len(replications.status), language=language),
            converged=numbers.percent(replications.converged, language=language),
            improper=numbers.percent(replications.improper, language=language)),
        say("replicated.note_intervals", language, alpha=setting.level),
    ]  # fmt: skip
    if marks:
        notes.append("a|" + say("replicated.beyond", language, sources=sources))
    table = Table(
        "power-replicated", say("replicated.title", language), columns, tuple(cells),
        notes=tuple(notes), marks=tuple(marks),
        groups=_grouped([r.target for r in rows], language),
    )  # fmt: skip
    return _piece(setting, "replicated", table=table, citations=(*SIMULATION, *INTERVALS))


def _piece(
    setting: Setting,
    key: str,
    *,
    table: Table | None = None,
    figure: Figure | None = None,
    verdict: Verdict | None = None,
    paragraphs: tuple[str, ...] = (),
    citations: tuple[str, ...] = (),
) -> Evidence:
    return Evidence(
        id=f"power-{key}",
        title=say(f"{key}.title", setting.language),
        table=table,
        figure=figure,
        verdict=verdict,
        paragraphs=paragraphs,
        citations=citations,
        language=setting.language,
        stamps=setting.stamps,
    )


def power_methods(setting: Setting, versions: str) -> Evidence:
    """A paragraph for the methods section."""
    language = setting.language
    fields = {
        "replications": numbers.integer(setting.replications, language=language),
        "alpha": setting.level,
        "power": setting.share,
        "estimator": setting.estimator,
        "versions": versions,
        "sources": cite(SIMULATION, language),
        "intervals": cite(INTERVALS, language),
        "shapes": cite(SHAPES, language),
        "tests": cite(("satorra1985", "maccallum1996"), language),
        "model": setting.source,
        "missing": numbers.percent(setting.missing, digits=0, language=language),
    }
    parts = ["methods.population_file" if setting.source else "methods.population_own"]
    parts += [f"methods.{setting.distribution}", "methods.simulated"]
    parts += ["methods.missing"] * bool(setting.missing) + ["methods.size", "methods.analytic"]
    joint = "" if language == "zh" else " "
    words = joint.join(say(part, language, **fields) for part in parts)
    shapes = SHAPES if setting.distribution == "skewed" else ()
    cited = (*SIMULATION, *INTERVALS, *shapes, "satorra1985", "maccallum1996")
    return _piece(setting, "methods", paragraphs=(words,), citations=cited)
