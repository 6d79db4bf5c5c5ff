"""What a notebook talks to: ``analysis.start(...)`` gives a session, the session gives evidence."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from analysis import report
from analysis.data import PublishedMatrix, Survey
from analysis.errors import AnalysisError, InputError
from analysis.i18n import text
from analysis.report import Column, Evidence, Table
from analysis.report.labels import Labels
from analysis.run.channels import Channels
from analysis.run.claims import Claims
from analysis.run.design import estimator_of
from analysis.run.drivers import Drivers
from analysis.run.estimation import estimate, item_coverage
from analysis.run.fitted import Fitted
from analysis.run.loyalty_index import LoyaltyIndex
from analysis.run.notebook import RECORD_MIME
from analysis.run.params import SurveyParams, unknown_names
from analysis.run.power import Power
from analysis.run.record import study_digests, versions
from analysis.run.resolve import (
    Choice,
    default_model,
    labels,
    measurement_part,
    moments,
    observed,
    parse,
    resolve,
    stamps,
)
from analysis.run.retention import Retention
from analysis.run.reviewed import Reviewed, structural_checklist
from analysis.run.screened import Screening, screen
from analysis.run.segments import Segments
from analysis.sem import Solution
from analysis.syntax import ModelSyntax

INJECTED_COMMENT = "# Parameters\n"
HEADLINES = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper",
             "srmr")  # fmt: skip


@dataclass(frozen=True)
class ParameterUsed:
    """One parameter of the run; ``given`` says whether it differs from its default."""

    name: str
    value: str
    given: bool
    description: str = ""


@dataclass(frozen=True)
class Closing:
    """The last cell's output: the session's evidence and, for machines, how the run ended."""

    evidence: Evidence
    record: Mapping[str, Any]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {**self.evidence._repr_mimebundle_(), RECORD_MIME: dict(self.record)}


class Part(Protocol):
    """The subject of a notebook beyond single models: evidence, and how the run ended."""

    def record(self) -> dict[str, Any]:
        """Outcome, n, estimator, measures and verdict as plain JSON values."""
        ...


P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Session:
    """A notebook's study, parameters and language; its methods return evidence to show."""

    choice: Choice
    fits: dict[str, Fitted] = field(default_factory=dict)
    parts: dict[type, Part] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """Language of everything shown."""
        return self.choice.params.language

    @cached_property
    def data(self) -> Survey | PublishedMatrix:
        """The chosen respondents, or the published moments."""
        return self.choice.data

    @cached_property
    def labels(self) -> Labels:
        """Names of constructs and items in the reader's language."""
        return labels(self.choice.study, self.language, self.choice.params.group)

    def parameters(self) -> Evidence:
        """The parameters of this run."""
        params, model = self.choice.params, self.choice.model.name
        rows = self.choice.study.has_rows
        in_force = {"model": model, "estimator": estimator_of(params, rows=rows)}
        usual = default_model(self.choice.notebook, self.choice.study)
        used = [
            ParameterUsed(
                name=name,
                value=in_force.get(name) or str(getattr(params, name)),
                given=model != usual if name == "model" else getattr(params, name) != info.default,
                description=text(f"notebooks.parameters.{name}", self.language),
            )
            for name, info in type(params).model_fields.items()
        ]
        return report.run_parameters(used, language=self.language)

    def sample(self) -> Evidence:
        """Who answered, how many were used, and what was noticed in the data."""
        return report.sample_summary(
            self.choice.study,
            chosen=self.data,
            coverage=item_coverage(self.choice),
            language=self.language,
            labels=self.labels,
        )

    def correlations(self) -> Evidence:
        """Correlations of the model's items, with means and standard deviations."""
        names, params = observed(self.choice.syntax), self.choice.params
        used = moments(self.data, names, params.model_copy(update={"group": "", "cluster": ""}))
        listwise = params.missing == "listwise" or not used.incomplete
        used = used.complete() if listwise else used.full_information()
        whole = not isinstance(self.data, PublishedMatrix) or self.data.sds is not None
        means = used.groups[0].mean
        sds = np.sqrt(np.diag(used.rescaled("wishart").groups[0].cov))
        return report.correlation_table(
            names,
            used.standardized().groups[0].cov.tolist(),
            means=None if means is None else means.tolist(),
            sds=sds.tolist() if whole else None,
            n=used.n,
            pooled=bool(params.group),
            language=self.language,
            labels=self.labels,
            stamps=self.stamps,
        )

    @property
    def stamps(self) -> tuple[str, ...]:
        """Warnings that every piece carries."""
        return stamps(self.choice.study)

    @cached_property
    def syntax(self) -> ModelSyntax:
        """The model's text, parsed."""
        return parse(self.choice.model)

    def measurement(self) -> Fitted:
        """The model's measurement part, fitted: factors that correlate freely.

        Raises
        ------
        InputError
            For a model without a construct that several items measure.
        """
        return self._fit("measurement", measurement_part(self.choice.model.name, self.syntax))

    @cached_property
    def _screening(self) -> Screening:
        exclude = self.choice.params.exclude if isinstance(self.choice.params, SurveyParams) else ""
        return screen(self.choice, self.labels, self.stamps, exclude or "none")

    def screening(self) -> Screening:
        """The answers themselves, before any model.

        Raises
        ------
        InputError
            For a study without respondents.
        """
        return self._screening

    def structure(self) -> Fitted:
        """The whole model, fitted."""
        return self._fit("structure", self.syntax)

    def review(self) -> Reviewed:
        """What a reviewer asks of the measurement model beyond its estimates."""
        return Reviewed(self.choice, self.syntax, self.measurement())

    def checklist(self, **pieces: Evidence) -> Evidence:
        """What a reviewer checks of the structural model, ``pieces`` by the point they meet."""
        return structural_checklist(self.choice, self.syntax, self.structure(), pieces)

    def claims(self) -> Claims:
        """What the model claims about causes: hypotheses, mediation, rivals, prediction."""
        return Claims(self.choice, self.syntax, self.structure())

    def channels(self) -> Channels:
        """The model over the groups of one column: channels, brands or waves."""
        return self._part(Channels)

    def drivers(self) -> Drivers:
        """What drives the target: blocks, interactions, importance, what if."""
        return self._part(Drivers)

    def segments(self) -> Segments:
        """Kinds of customers."""
        return self._part(Segments)

    def loyalty_index(self) -> LoyaltyIndex:
        """Attitude and behaviour as one figure."""
        return self._part(LoyaltyIndex)

    def retention(self) -> Retention:
        """Who leaves, when, and what customers are worth."""
        return self._part(Retention)

    def power(self) -> Power:
        """Power and sample size for the model's effects."""
        return self._part(Power)

    def _part(self, kind: Callable[[Choice], P]) -> P:
        """The notebook's own subject, made when first asked for; it also says how the run ended."""
        return cast(P, self.parts.setdefault(cast(type, kind), kind(self.choice)))

    def _fit(self, name: str, syntax: ModelSyntax) -> Fitted:
        if name not in self.fits:
            known = syntax == self.choice.syntax
            solution = estimate(self.choice if known else replace(self.choice, syntax=syntax))
            self.fits[name] = Fitted(
                solution,
                study=self.choice.study,
                data=self.data,
                language=self.language,
                labels=self.labels,
                stamps=self.stamps,
                draws=getattr(self.choice.params, "draws", 0),
                seed=getattr(self.choice.params, "seed", 1),
            )
        return self.fits[name]

    def close(self) -> Closing:
        """What the run was made with; the last cell of a notebook."""
        digests = study_digests(self.choice.study.folder, Path(self.choice.model.path))
        rows: list[tuple[str, str]] = [*versions().items()]
        rows += [
            (text(f"notebooks.session.{k}", self.language), v[:12]) for k, v in digests.items()
        ]
        columns = (
            Column("name", text("notebooks.session.name", self.language)),
            Column("value", text("notebooks.session.value", self.language), kind="code"),
        )
        title = text("notebooks.session.title", self.language)
        table = Table("session", title, columns, tuple(rows))
        evidence = Evidence("session", title, table=table, language=self.language)
        return Closing(evidence, self.record())

    def record(self) -> dict[str, Any]:
        """How the run ended, as plain JSON values."""
        if self.parts:
            return next(iter(self.parts.values())).record()
        if not self.fits:
            n, level = None, "none"
            if isinstance(self.choice.params, SurveyParams):
                judged = self.screening().summary().verdict
                n, level = self.screening().survey.n_used, judged.level if judged else level
            return {"outcome": "", "n": n, "estimator": "", "measures": {}, "verdict": level}
        last = list(self.fits.values())[-1]
        verdict = last.fit().verdict
        return {
            "outcome": report.ending(last.solution),
            "n": last.solution.n,
            "estimator": last.solution.estimator,
            "measures": headline(last.solution),
            "verdict": verdict.level if verdict else "none",
        }


def headline(solution: Solution) -> dict[str, float | None]:
    """The fit measures that lists of runs show, robust ones where they are; None if undefined."""
    found: dict[str, float | None] = {}
    for name in HEADLINES:
        value = report.judged(solution, name)
        found[name] = None if value is None else float(f"{value:.8g}")
    return found


def start(notebook: str, **parameters: object) -> Session:
    """Begin a notebook: check its parameters, open the study.

    Parameters
    ----------
    notebook
        Name of the notebook, for example ``20_structure``; it decides which parameters there are.
    parameters
        Names of things: study, model, brand, channel, wave, estimator, language and so on.

    Raises
    ------
    InputError
        With one message for each unknown or ill-typed parameter, also for those that papermill
        injected but the notebook does not know.
    """
    language = str(parameters.get("language", "en"))
    _short_errors(language if language in ("en", "zh") else "en")
    extra = unknown_names(notebook, injected_names())
    if extra:
        raise InputError(extra)
    return Session(resolve(notebook, parameters))


def injected_names() -> tuple[str, ...]:
    """Names that papermill's injected cell assigned in this kernel; empty outside of one."""
    shell = _shell()
    cells = shell.user_ns.get("In", []) if shell is not None else []
    names: dict[str, None] = {}
    for cell in cells:
        if not str(cell).startswith(INJECTED_COMMENT):
            continue
        try:
            tree = ast.parse(str(cell))
        except SyntaxError:
            continue
        for node in tree.body:
            if isinstance(node, ast.Assign):
                names.update({t.id: None for t in node.targets if isinstance(t, ast.Name)})
    return tuple(names)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return None if ipython is None else cast(Any, ipython).get_ipython()


def _short_errors(language: str) -> None:
    """Let errors meant for the user appear as words, without a traceback."""
    shell = _shell()
    if shell is None:
        return

    def show(shell: Any, kind: type, error: Any, trace: Any, tb_offset: Any = None) -> list[str]:
        words = error.text(language)
        error.args = (words,)
        lines = [f"{kind.__name__}: {words}"]
        shell._showtraceback(kind, words, lines)
        return lines

    shell.set_custom_exc((AnalysisError,), show)
