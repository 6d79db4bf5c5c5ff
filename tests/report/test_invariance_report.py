"""Evidence on invariance says in both languages what the ladder found, and survives bad groups."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from analysis.i18n import LANGUAGES
from analysis.methods.invariance import (
    compare_paths,
    invariance_ladder,
    latent_means,
    noninvariance,
    pairs_of_groups,
)
from analysis.report import Evidence, Labels, from_payload
from analysis.report.invariance import (
    causes_table,
    invariance_figure,
    invariance_table,
    noninvariance_table,
    releases_table,
)
from analysis.report.invariance_groups import (
    group_pairs_figure,
    group_paths_figure,
    group_paths_table,
    latent_means_table,
    path_differences_table,
)
from analysis.report.invariance_words import fit_limits, parameter_name
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
    ]  # fmt: skip


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
