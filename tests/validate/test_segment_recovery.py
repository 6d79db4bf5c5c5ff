"""Segments of the simulated study against the classes that its respondents were drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from analysis.data import load_study
from analysis.run.resolve import resolve
from analysis.run.segments import Segments

SHARES = {"devoted": 0.35, "pragmatic": 0.40, "at_risk": 0.25}


@pytest.mark.slow
def test_planted_segments_are_found_within_the_stated_error() -> None:
    """Three classes; shares within .05; agreement .40 or more (the classes overlap)."""
    study = load_study("omnichannel")
    found = Segments(resolve("50_segments", {"study": "omnichannel", "draws": 0}))
    truth = pd.read_csv(study.folder / "truth.csv")["segment"].to_numpy()
    rows = found.survey.frame.index.to_numpy() - study.data.frame.index.to_numpy()[0]  # type: ignore[union-attr]
    own = truth[rows][found.known]
    best = found.found.best
    assert best.k == 3
    at = {name: j for j, name in enumerate(found.names)}
    community, quality = best.means[:, at["community"]], best.means[:, at["quality"]]
    of = {"devoted": int(community.argmax()), "at_risk": int(quality.argmin())}
    of["pragmatic"] = 3 - sum(of.values())
    for name, share in SHARES.items():
        assert (own == name).mean() == pytest.approx(share, abs=0.03)
        # The most certain members of a segment come from its class.
        sure = best.posterior[:, of[name]] > 0.95
        assert (own[sure] == name).mean() > 0.6
    assert adjusted_rand_score(own, best.labels) >= 0.40
    sizes = sorted(best.weights)
    np.testing.assert_allclose(sizes, sorted(SHARES.values()), atol=0.06)
