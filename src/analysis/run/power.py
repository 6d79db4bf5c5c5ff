"""Power and sample size in a notebook: every method is one piece of evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.data import PublishedMatrix
from analysis.errors import Message, ModelError, message
from analysis.methods import power as methods
from analysis.methods.power import Curve, Replications, Row, Scenario
from analysis.report import Evidence, power, power_limits
from analysis.report.power import Setting
from analysis.run.estimation import estimate
from analysis.run.params import PowerParams
from analysis.run.record import versions
from analysis.run.resolve import Choice, labels, parse, stamps
from analysis.sem import Solution
from analysis.sem.simulation import Design, Population

SKEWNESS, KURTOSIS = -1.2, 1.5
LEAST = 50
PROGRAMS = ("loyalty-sem", "numpy", "scipy")


@dataclass(frozen=True)
class Power:
    """What a sample of some size finds, and which size it takes to find the model's effects."""

    choice: Choice

    @property
    def params(self) -> PowerParams:
        """The notebook's parameters."""
        assert isinstance(self.choice.params, PowerParams)
        return self.choice.params

    @property
    def n(self) -> int:
        """The sample at hand, or the one that was asked about."""
        data = self.choice.data
        own = data.n if isinstance(data, PublishedMatrix) else data.n_used
        return self.params.sample or own

    @cached_property
    def own(self) -> Solution:
        """The study's model fitted to its data."""
        return estimate(self.choice)

    @cached_property
    def design(self) -> Design:
        """How answers are made."""
        params = self.params
        if params.distribution == "skewed":
            return Design(SKEWNESS, KURTOSIS, missing=params.missing_rate)
        shares = params.shared() if params.distribution == "ordinal" else ()
        return Design(shares=shares, missing=params.missing_rate)

    @cached_property
    def _made(self) -> tuple[Scenario | None, tuple[Message, ...]]:
        """The scenario, or why there is none."""
        params = self.params
        try:
            return (
                Scenario.of(
                    self.choice.syntax,
                    self._population(),
                    self.n,
                    design=self.design,
                    estimator=params.estimator or None,
                    effects=params.listed("effect"),
                    alpha=params.alpha,
                    seed=params.seed,
                ),
                (),
            )
        except ModelError as error:
            return None, error.messages

    def _population(self) -> Population:
        if self.params.population:
            model = self.choice.study.models[self.params.population]
            standardized = self.params.scale == "standardized"
            return Population.of_text(parse(model), standardized=standardized)
        if not self.own.outcome.admissible:
            raise ModelError(message("power.no_solution", outcome=self.own.outcome.value))
        return Population.of_solution(self.own)

    @property
    def _words(self) -> dict[str, Any]:
        return {"language": self.params.language, "stamps": stamps(self.choice.study)}

    def _setting(self, scenario: Scenario) -> Setting:
        params = self.params
        estimator = params.estimator or ("WLSMV" if params.distribution == "ordinal" else "ML")
        return Setting(
            base=scenario.base,
            source=params.population,
            n=self.n,
            power=params.power,
            alpha=params.alpha,
            replications=params.reps,
            distribution=params.distribution,
            missing=params.missing_rate,
            estimator=estimator,
            labels=labels(self.choice.study, params.language),
            **self._words,
        )

    def _piece(self, key: str, make: Callable[[Scenario, Setting], Evidence]) -> Evidence:
        """The piece, or why it cannot be made."""
        scenario, why = self._made
        if scenario is None:
            return power.unavailable(key, why, **self._words)
        return make(scenario, self._setting(scenario))

    @cached_property
    def searched(self) -> tuple[Curve, ...]:
        """Power by sample size for every effect."""
        scenario = self._made[0]
        assert scenario is not None
        p = self.params
        sizes = methods.sizes_for(
            scenario.targets, power=p.power, alpha=p.alpha,
            least=max(LEAST, len(scenario.base.names) + 10),
        )  # fmt: skip
        return methods.curves(scenario, sizes, p.reps, power=p.power)[0]

    @cached_property
    def replicated(self) -> tuple[Replications, tuple[Row, ...]]:
        """The sample at hand, drawn again and again."""
        scenario = self._made[0]
        assert scenario is not None
        found = methods.replicate(scenario, self.n, self.params.reps)
        return found, methods.rows_of(found, scenario.targets)

    def population(self) -> Evidence:
        """The true values that are assumed."""
        return self._piece("population", lambda s, w: power.population_table(w, s.targets))

    def needed(self) -> Evidence:
        """The sample that each effect needs."""

        def make(scenario: Scenario, setting: Setting) -> Evidence:
            tests = methods.path_tests(
                scenario.syntax,
                scenario.population.moments(scenario.base.n),
                scenario.targets,
                power=setting.power,
                alpha=setting.alpha,
            )
            return power.needed_table(setting, self.searched, tests, self.replicated[1])

        return self._piece("needed", make)

    def figure(self) -> Evidence:
        """Power by sample size."""
        return self._piece("figure", lambda s, w: power.power_figure(w, self.searched))

    def replications(self) -> Evidence:
        """Bias, standard errors, coverage and power at the sample at hand."""
        return self._piece("replicated", lambda s, w: power.monte_carlo_table(w, *self.replicated))

    def rmsea(self) -> Evidence:
        """Power of tests of the whole model."""
        solution = self._made[0].base if self._made[0] else self.own
        df, p = round(solution.inference.test.df), self.params
        found = methods.fit_power(df, self.n, power=p.power, alpha=p.alpha)
        return power_limits.rmsea_table(
            found, df=df, n=self.n, power=p.power, alpha=p.alpha, **self._words
        )

    def sensitivity(self) -> Evidence:
        """The smallest effects that the sample at hand finds."""

        def make(scenario: Scenario, setting: Setting) -> Evidence:
            p = self.params
            if p.distribution == "normal" and not p.missing_rate:
                found = methods.detectable_paths(
                    scenario, self.n, power=p.power, replications=p.reps
                )
            else:
                found = methods.detectable_by_spread(
                    self.replicated[1], power=p.power, alpha=p.alpha
                )
            rule = methods.detectable(self.n, power=p.power, alpha=p.alpha)
            return power_limits.sensitivity_table(setting, found, rule=rule)

        return self._piece("sensitivity", make)

    def methods(self) -> Evidence:
        """A paragraph for the methods section of a paper."""
        known = versions()
        named = ", ".join(f"{name} {known[name]}" for name in PROGRAMS if name in known)
        return self._piece("methods", lambda s, w: power.power_methods(w, named))

    def record(self) -> dict[str, Any]:
        """How it ended, as plain JSON values."""
        scenario = self._made[0]
        verdict = self.needed().verdict
        return {
            "outcome": scenario.base.outcome.value if scenario else self.own.outcome.value,
            "n": self.n,
            "estimator": self._setting(scenario).estimator if scenario else "",
            "measures": {},
            "verdict": verdict.level if verdict else "none",
        }
