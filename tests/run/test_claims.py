"""The claims of ``20_structure``: every piece on studies that can, and cannot, carry it."""

from __future__ import annotations

import pytest

import analysis
from analysis.errors import InputError
from analysis.report import Evidence
from analysis.run.claims import Claims

PIECES = ("hypotheses", "mediation", "mediation_figure", "mediation_types", "mediation_tests",
          "rivals", "rival_tests", "equivalent_models", "crossvalidation", "prediction",
          "holdout")  # fmt: skip


def claims(**parameters: str) -> Claims:
    return analysis.start(notebook="20_structure", **{"draws": "100", **parameters}).claims()


def pieces(found: Claims) -> dict[str, Evidence]:
    return {name: getattr(found, name)() for name in PIECES}


def says_something(e: Evidence) -> bool:
    return bool(e.table or e.figure or e.paragraphs or e.notices or e.verdict)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("study", "model"),
    [("spanish_bank", "core"), ("ecsi_mobile", "core"), ("islamic_bank_za", "core"),
     ("fitness_china", "published"), ("servqual_babakus_boller", "five_factors")],
)  # fmt: skip
def test_published_moments_carry_what_needs_no_rows(study: str, model: str, language: str) -> None:
    found = pieces(claims(study=study, model=model, language=language))
    assert all(says_something(e) for e in found.values())
    assert all(e.language == language for e in found.values())
    for name in ("crossvalidation", "prediction", "holdout"):
        assert found[name].table is None
        assert found[name].notices or found[name].paragraphs
    payload = str([e.to_payload() for e in found.values()])
    assert "{" not in payload.replace("{'", "").replace("{}", "")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_carry_every_piece(language: str) -> None:
    found = pieces(claims(study="omnichannel", missing="listwise", language=language))
    assert all(e.table or e.figure for e in found.values())
    assert not any(e.notices for e in found.values())
    assert [r[0] for r in found["hypotheses"].table.rows][:2] == ["H1", "H2"]  # type: ignore[union-attr]


def test_an_improper_solution_supports_no_hypothesis() -> None:
    found = pieces(claims(study="ecsi_mobile"))
    table = found["hypotheses"].table
    assert table is not None
    assert {row[-1] for row in table.rows} == {"untestable"}
    for name in ("hypotheses", "mediation", "mediation_types", "mediation_tests", "rivals"):
        verdict = found[name].verdict
        assert verdict is not None
        assert verdict.level == "none"


@pytest.mark.parametrize(
    ("parameters", "method"),
    [
        ({"study": "spanish_bank"}, "percentile"),
        ({"study": "spanish_bank", "draws": "0"}, "delta"),
        ({"study": "spanish_bank", "interval": "montecarlo"}, "montecarlo"),
        ({"study": "ecsi_mobile"}, "delta"),
        ({"study": "omnichannel"}, "montecarlo"),
        ({"study": "omnichannel", "missing": "listwise"}, "percentile"),
        ({"study": "omnichannel", "interval": "bca"}, "montecarlo"),
        ({"study": "omnichannel", "missing": "listwise", "interval": "bca"}, "bca"),
    ],
)
def test_intervals_are_made_as_the_fit_allows(parameters: dict[str, str], method: str) -> None:
    assert claims(**parameters)._method == method


def test_bca_carries_its_warning_and_its_substitute_says_so() -> None:
    given = {"study": "omnichannel", "interval": "bca", "brand": "cedar"}
    bca = claims(**given, missing="listwise").mediation()
    assert "too often" in bca.notices[-1].symptom
    assert "biesanz2010" in bca.citations
    instead = claims(**given).mediation()
    assert "Monte Carlo" in instead.notices[0].symptom


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"study": "spanish_bank", "interval": "bca"}, "run.needs_answers"),
        ({"study": "spanish_bank", "holdout": "brand"}, "run.needs_answers"),
        ({"study": "omnichannel", "holdout": "colour"}, "run.unknown_group"),
        ({"study": "omnichannel", "interval": "BC"}, "run.not_a_choice_or_empty"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(parameters: dict[str, str], code: str) -> None:
    with pytest.raises(InputError) as caught:
        claims(**parameters)
    assert [m.code for m in caught.value.messages] == [code]


def test_same_parameters_same_bytes() -> None:
    given = {"study": "omnichannel", "missing": "listwise", "brand": "cedar", "holdout": "wave"}
    one, two = (pieces(claims(**given)) for _ in range(2))
    assert {k: e.to_payload() for k, e in one.items()} == {
        k: e.to_payload() for k, e in two.items()
    }
    other = claims(**given, seed="2").mediation().to_payload()
    assert other != one["mediation"].to_payload()


def test_groups_leave_rivals_to_other_notebooks() -> None:
    found = claims(study="omnichannel", group="brand", missing="listwise")
    assert "one group only" in found.rivals().notices[0].symptom
    table = found.hypotheses().table
    assert table is not None
    assert [words for _, words in table.groups] == ["Aurora", "Birch", "Cedar"]


def test_a_rival_of_the_studys_own_is_not_made_again() -> None:
    table = claims(study="spanish_bank").rivals().table
    assert table is not None
    names = [str(row[0]) for row in table.rows]
    assert "Full mediation through satisfaction" in names
    assert not any("No direct paths" in name for name in names)


def test_effects_are_not_said_twice() -> None:
    table = claims(study="spanish_bank", model="mediation").mediation().table
    assert table is not None
    starts = [start for start, _ in table.groups] + [len(table.rows)]
    kinds = {
        heading: [str(row[0]) for row in table.rows[start:end]]
        for (start, heading), end in zip(table.groups, starts[1:], strict=True)
    }
    assert kinds["Perceived quality \u2192 Customer loyalty"] == [
        "via Customer satisfaction",
        "via Brand image \u2192 Customer satisfaction",
        "Total indirect (= total)",
    ]
    assert kinds["Brand image \u2192 Customer loyalty"] == ["via Customer satisfaction"]
    assert kinds["Perceived quality \u2192 Customer satisfaction"] == [
        "via Brand image", "Direct", "Total",
    ]  # fmt: skip


def test_rivals_that_are_not_nested_are_compared_by_vuong() -> None:
    found = claims(study="omnichannel", model="mediation", missing="listwise", brand="cedar")
    table = found.rival_tests().table
    assert table is not None
    assert "z" in [c.key for c in table.columns]
    row = next(r for r in table.rows if r[0] == "Mediators lead nowhere")
    assert row[1] == "not nested"
    assert row[-1] in ("study's model is closer", "undecided")
    assert found.rival_tests().citations == ("vuong1989", "merkle2016")
