"""Evidence on invariance says in both languages what the ladder found, and survives bad groups."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from analysis.i18n import LANGUAGES
from analysis.methods.consistency import Consistency, consistency
from analysis.methods.invariance import (
    FitChange,
    Ladder,
    PairOfGroups,
    compare_paths,
    group_effects,
    invariance_ladder,
    latent_means,
    noninvariance,
    pairs_of_groups,
    permuted_ladder,
)
from analysis.methods.waves import (
    constructs_of,
    cross_lagged,
    latent_change,
    panel,
    wave_ladder,
)
from analysis.report import Evidence, Labels, from_payload
from analysis.report.consistency import consistency_figure, consistency_table
from analysis.report.invariance import (
    causes_table,
    invariance_figure,
    invariance_table,
    noninvariance_table,
    releases_table,
)
from analysis.report.invariance_effects import group_effects_figure, group_effects_table
from analysis.report.invariance_groups import (
    group_pairs_figure,
    group_paths_figure,
    group_paths_table,
    latent_means_table,
    path_differences_table,
)
from analysis.report.invariance_permutation import permutation_table
from analysis.report.invariance_words import fit_limits, parameter_name
from analysis.report.waves import change_table, lagged_figure, wave_ladder_table, wave_text
from analysis.sem import Moments

MODEL = "f =~ a1 + a2 + a3 + a4\ng =~ b1 + b2 + b3\ng ~ f"
NAMES = ("a1", "a2", "a3", "a4", "b1", "b2", "b3")


ALL = ("one", "two", "three")


def answers(n: int = 250, groups: tuple[str, ...] = ALL) -> Moments:
    """The third group has another intercept of a4 and no path."""
    rng = np.random.default_rng(5)
    rows, labels = [], []
    for k, label in enumerate(groups):
        f = rng.standard_normal(n)
        g = (0.0 if k == 2 else 0.7) * f + rng.standard_normal(n) * 0.7
        x = np.column_stack([*(0.8 * f for _ in range(4)), *(0.8 * g for _ in range(3))])
        x = x + 0.6 * rng.standard_normal(x.shape)
        x[:, 3] += 0.9 * (k == 2)
        rows.append(x)
        labels += [label] * n
    return Moments.from_data(np.concatenate(rows), NAMES, group=labels)


@cache
def all_evidence(groups: tuple[str, ...], language: str, partial: str) -> list[Evidence]:
    data = answers(groups=groups)
    labels = Labels(names={"f": "Faith"})
    ladder = invariance_ladder(MODEL, data, estimator="ML", partial=partial)  # type: ignore[arg-type]
    paths = compare_paths(MODEL, data, estimator="ML")
    words = {"language": language, "labels": labels, "stamps": ("SIMULATED",)}
    return [
        invariance_table(ladder, **words),
        invariance_figure(ladder, **words),
        causes_table(ladder, **words),
        releases_table(ladder, **words),
        noninvariance_table(noninvariance(ladder, MODEL, data), **words),
        latent_means_table(latent_means(ladder), **words),
        group_paths_table(paths, **words),
        group_paths_figure(paths, **words),
        path_differences_table(paths, **words),
        group_pairs_figure(pairs_of_groups(MODEL, data, estimator="ML"), **words),
        permutation_table(permuted_ladder(ladder, MODEL, data, permutations=20), **words),
        group_effects_figure(group_effects(paths, draws=200), **words),
        group_effects_table(group_effects(paths, draws=200), draws=200, **words),
        consistency_table(index(ladder), **words),
        consistency_figure(index(ladder), **words),
    ]  # fmt: skip


@cache
def followed(language: str, partial: str) -> list[Evidence]:
    """Two waves of 200 persons; the last item of the second one has another intercept."""
    data = answers(n=200, groups=("one", "two"))
    rows = np.concatenate([g.rows for g in data.groups if g.rows is not None])
    rows[200:] += 0.5 * rows[:200]
    rows[200:, 3] += 1.0
    found = panel(
        rows, NAMES, ids=[*range(200)] * 2, waves=["1"] * 200 + ["2"] * 200, order=("1", "2")
    )
    ladder = wave_ladder(found, constructs_of(MODEL), estimator="ML", release=partial == "apply")
    words = {"language": language, "labels": Labels(names={"f": "Faith"}, groups={"1": "Spring"})}
    return [
        wave_ladder_table(ladder, **words),
        change_table(latent_change(ladder), **words),
        lagged_figure(cross_lagged(ladder), **words),
        wave_text(latent_change(ladder), language=language),
    ]


def index(ladder: Ladder) -> Consistency | None:
    return consistency(ladder.scalar.solution, draws=20) if ladder.scalar else None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("partial", ["propose", "apply"])
def test_every_piece_is_written_and_read_again(language: str, partial: str) -> None:
    found = all_evidence(ALL, language, partial)
    assert len({e.id for e in found}) == len(found)
    for e in found:
        assert e.stamps == ("SIMULATED",)
        assert from_payload(e.to_payload()).to_payload() == e.to_payload()
        bundle = e._repr_mimebundle_()
        assert "Traceback" not in bundle["text/html"]
        assert e.table or e.figure or e.paragraphs or e.verdict


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("partial", ["propose", "apply"])
def test_waves_are_written_and_read_again(language: str, partial: str) -> None:
    found = followed(language, partial)
    for e in found:
        assert from_payload(e.to_payload()).to_payload() == e.to_payload()
        assert e.table or e.figure or e.paragraphs
    ladder, change, _, text = found
    assert ladder.verdict is not None
    assert ladder.verdict.level == "mixed"
    assert "a4" in " ".join(ladder.verdict.sentences)
    assert (change.table is None) == (text.table is None) == (partial == "propose")
    if partial == "apply":
        assert any("Spring" in words for words in change.paragraphs)


def test_index_is_refused_with_the_means_and_falls_with_the_item() -> None:
    found = {e.id: e for e in all_evidence(ALL, "en", "propose")}
    verdict = found["consistency-table"].verdict
    assert verdict is not None
    assert verdict.level == "none"
    found = {e.id: e for e in all_evidence(ALL, "en", "apply")}
    table = found["consistency-table"].table
    assert table is not None
    measured = {str(row[0]): float(str(row[4])) for row in table.rows}
    assert measured["one \u2013 three"] < measured["one \u2013 two"]
    figure = found["consistency-figure"].figure
    assert figure is not None
    assert figure.data is not None
    assert len(figure.data.rows) == 3 * 2


def test_permutations_and_effects_name_what_differs() -> None:
    found = {e.id: e for e in all_evidence(ALL, "en", "apply")}
    table = found["permutation-table"].table
    assert table is not None
    assert [h for _, h in table.groups][1:] == ["Scalar: largest score tests of single equalities"]
    assert table.rows[table.groups[1][0]][0] == "a4, intercept"
    assert found["group-effects-table"].paragraphs  # the model has no indirect effect


def test_groups_that_deviate_from_most_others_are_named_together() -> None:
    change = {True: FitChange(-0.03, 0.02, 0.02), False: FitChange(0.0, 0.0, 0.0)}
    pairs = [
        PairOfGroups(a, b, 9.0, 2, 0.01, 0.02, change[(a in "ef") != (b in "ef")])
        for a, b in combinations("abcdef", 2)
    ]
    words = group_pairs_figure(pairs).paragraphs
    assert words == ("These groups lose too much fit with most of the others: e, f.",)


def test_verdict_refuses_means_while_the_ladder_stands_at_metric() -> None:
    found = {e.id: e for e in all_evidence(ALL, "en", "propose")}
    verdict = found["invariance-table"].verdict
    assert verdict is not None
    assert verdict.level == "mixed"
    assert "latent means may not" in verdict.sentences[0]
    refused = found["latent-means-table"]
    assert refused.table is None
    assert refused.verdict is not None
    assert refused.verdict.level == "none"


def test_partial_scalar_licenses_means_and_names_the_release() -> None:
    found = {e.id: e for e in all_evidence(ALL, "en", "apply")}
    verdict = found["invariance-table"].verdict
    assert verdict is not None
    assert "a4, intercept" in verdict.sentences[0]
    assert found["latent-means-table"].table is not None
    table = found["invariance-releases"].table
    assert table is not None
    assert table.rows[0][:4] == ("a4, intercept", "Scalar", "score test (exploratory)", "three")


def test_paths_that_differ_are_named() -> None:
    found = {e.id: e for e in all_evidence(ALL, "en", "apply")}
    verdict = found["group-paths-table"].verdict
    assert verdict is not None
    assert "Faith \u2192 g" in " ".join(verdict.sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_group_gives_words_and_no_tables(language: str) -> None:
    found = all_evidence(("one",), language, "apply")
    assert all(e.table is None and e.figure is None for e in found)
    assert found[0].notices
    assert "30" in found[0].notices[0].symptom


def test_group_names_are_escaped() -> None:
    found = all_evidence(("<b>x</b>", "y&z", "t"), "en", "apply")
    for e in found:
        assert "<b>x</b>" not in e._repr_mimebundle_()["text/html"]


def test_limits_follow_size_and_balance() -> None:
    assert fit_limits([200, 210]).cfi == 0.010
    assert fit_limits([100, 110]).cfi == 0.005
    assert fit_limits([900, 110]).srmr_loadings == 0.025


def test_parameters_in_words() -> None:
    labels = Labels(names={"f": "Faith"})
    assert parameter_name("f=~a1", labels, "en") == "Faith \u2192 a1"
    assert parameter_name("a1~1", labels, "zh") == "a1 的截距"
    assert parameter_name("a1~~a1", labels, "en") == "a1, residual variance"
    assert parameter_name("a1|t2", labels, "en") == "a1, threshold 2"
