"""The session of ``30_drivers`` on studies with answers, with moments only, and with trouble."""

from __future__ import annotations

import re

import pytest

import analysis
from analysis.errors import InputError
from analysis.report import Evidence
from analysis.run.drivers import Drivers

PIECES = (
    "respondents", "models", "blocks", "blocks_figure", "blocks_asked_of_some", "interactions",
    "slopes", "slopes_figure", "johnson_neyman", "moderated_mediation", "importance",
    "importance_figure", "priorities", "item_importance", "item_importance_figure",
    "elasticities", "what_if",
)  # fmt: skip
NEED_ANSWERS = ("interactions", "slopes", "slopes_figure", "johnson_neyman", "moderated_mediation")


def drivers(**parameters: object) -> Drivers:
    return analysis.start(notebook="30_drivers", **{"draws": 0, **parameters}).drivers()


@pytest.fixture(scope="module")
def omnichannel() -> Drivers:
    return drivers(study="omnichannel", model="core", against="complaints, ecsi")


def shown(found: Drivers, *names: str) -> dict[str, Evidence]:
    return {name: getattr(found, name)() for name in names}


@pytest.mark.parametrize(
    ("study", "language"),
    [("spanish_bank", "zh"), ("yoo_donthu_lee", "en"), ("beer_brand_equity", "zh")],
)
def test_studies_of_moments_say_what_they_cannot(study: str, language: str) -> None:
    found = shown(drivers(study=study, language=language), *PIECES)
    for name, piece in found.items():
        assert piece.table or piece.figure or piece.paragraphs or piece.notices, name
        assert not re.search(r"\bnan\b", str(piece.to_payload()))
    for name in NEED_ANSWERS:
        assert found[name].table is None and found[name].figure is None
    assert found["models"].table and found["blocks"].table
    in_points = study == "spanish_bank"
    assert (found["importance"].table is not None) == in_points
    assert (found["what_if"].widget is not None) == in_points


def test_an_improper_solution_gives_numbers_but_no_verdict_and_no_sliders() -> None:
    found = drivers(study="ecsi_mobile", model="core", against="core")
    pieces = shown(found, *PIECES)
    assert not found.solution.outcome.admissible
    assert pieces["blocks"].table is not None and pieces["importance"].table is not None
    for name in ("blocks", "importance", "elasticities", "what_if"):
        verdict = pieces[name].verdict
        assert verdict is not None and verdict.level == "none", name
    assert pieces["what_if"].widget is None
    assert found.record()["outcome"] == "improper"


def test_same_respondents_in_nested_models_and_own_ones_elsewhere(omnichannel: Drivers) -> None:
    core, (_, ecsi, _), (_, complaints, same) = (
        omnichannel.solution, omnichannel.others["ecsi"], omnichannel.others["complaints"],
    )  # fmt: skip
    assert ecsi.n < core.n and complaints.n < 600 and not same
    table = omnichannel.respondents().table
    assert table is not None
    counts = [row[1] for row in table.rows]
    assert counts[0] == 3000 and counts[1] < 3000 and counts[2] == core.n
    part = omnichannel.blocks_asked_of_some().table
    assert part is not None and str(complaints.n) in part.title


def test_planted_interaction_with_switching_cost_is_found(omnichannel: Drivers) -> None:
    table = omnichannel.interactions().table
    assert table is not None
    beta = {str(row[0]): row[7:10] for row in table.rows}
    low, high = beta["Satisfaction \u00d7 Switching cost"][1:]
    assert low < -0.15 < high < 0  # type: ignore[operator]
    low, high = beta["Satisfaction \u00d7 Community identification"][1:]
    assert low < 0.10 < high  # type: ignore[operator]


def test_behaviour_follows_the_latent_outcomes(omnichannel: Drivers) -> None:
    piece = omnichannel.what_if()
    assert piece.widget is not None
    labels = [r.label for r in piece.widget.responses]
    assert labels == ["Satisfaction", "Loyalty", "Net Promoter Score", "Orders, 12 months after"]
    nps = piece.widget.responses[2]
    assert nps.level == pytest.approx(_nps(omnichannel), abs=0.01)
    assert all(effect > 0 for r in piece.widget.responses for effect in r.effects)


def _nps(found: Drivers) -> float:
    x = found.used.frame["nps"]  # type: ignore[union-attr]
    return float(100 * ((x >= 9).mean() - (x <= 6).mean()))


def test_named_interactions_and_targets_are_taken() -> None:
    found = drivers(study="omnichannel", model="core", moderators="image:trust", screen="none")
    (asked,) = found.moderated.asked
    assert (asked.predictor, asked.moderator, asked.outcome) == ("image", "trust", "loyalty")
    assert found.chosen is found.choice.data
    other = drivers(study="omnichannel", model="core", target="satisfaction")
    assert other.outcomes == ("satisfaction",)


def test_trouble_with_one_interaction_leaves_the_others_standing() -> None:
    pairs = "satisfaction:value, satisfaction:satisfaction"
    found = drivers(study="omnichannel", model="core", moderators=pairs)
    piece = found.interactions()
    assert piece.table is not None and len(piece.table.rows) == 1
    assert len(piece.notices) == 1 and "value" in piece.notices[0].symptom


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"study": "servqual_babakus_boller"}, "drivers.no_paths"),
        ({"study": "spanish_bank", "target": "image"}, "drivers.no_target"),
        ({"study": "omnichannel", "moderators": "satisfaction"}, "drivers.moderators"),
        ({"study": "omnichannel", "against": "nothing"}, "run.unknown_model"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_the_run(
    parameters: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        drivers(**parameters)
    assert [m.code for m in caught.value.messages] == [code]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_piece_has_words_and_pictures_have_alternatives(language: str) -> None:
    found = shown(drivers(study="omnichannel", model="core", language=language), *PIECES)
    han = re.compile(r"[\u4e00-\u9fff]")
    for name, piece in found.items():
        assert piece.table or piece.figure or piece.paragraphs, name
        assert piece.stamps == ("SIMULATED",)
        html = piece._repr_mimebundle_()["text/html"]
        assert "<script" not in html
        assert bool(han.search(piece.title)) == (language == "zh"), name
        if piece.figure is not None:
            assert len(piece.figure.alt) > 20 and piece.figure.data is not None, name
    assert {name for name, piece in found.items() if piece.figure} == {
        "blocks_figure", "slopes_figure", "johnson_neyman", "importance_figure", "priorities",
        "item_importance_figure",
    }  # fmt: skip


def test_weights_and_clusters_are_allowed_for(omnichannel: Drivers) -> None:
    found = drivers(study="omnichannel", model="core", weights="yes", cluster="yes", draws=30)
    plain = omnichannel.solution.estimate("loyalty", "~", "satisfaction")
    weighted = found.solution.estimate("loyalty", "~", "satisfaction")
    assert weighted.est != pytest.approx(plain.est, rel=1e-3)
    assert found.draws.kind == "bootstrap"
    for piece in shown(found, "blocks", "interactions", "importance", "what_if").values():
        assert piece.table is not None and not piece.notices


def test_results_do_not_depend_on_when_they_are_asked_for(omnichannel: Drivers) -> None:
    again = drivers(study="omnichannel", model="core", against="complaints, ecsi")
    assert again.what_if().to_payload() == omnichannel.what_if().to_payload()
