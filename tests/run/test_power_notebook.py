"""The session of ``80_power``: populations that serve, and those that do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import analysis
from analysis.data import find_root
from analysis.errors import InputError
from analysis.run.commands import plan
from analysis.run.session import Session

PIECES = ("population", "needed", "figure", "replications", "rmsea", "sensitivity", "methods")


def session(**parameters: object) -> Session:
    given = {"study": "spanish_bank", "reps": 100, **parameters}
    return analysis.start(notebook="80_power", **given)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_published_moments_serve_as_a_population(language: str) -> None:
    opened = session(language=language, effect="lq, indirect_image")
    power = opened.power()
    found = [getattr(power, name)() for name in PIECES]
    assert all(e.table or e.figure or e.paragraphs for e in found)
    assert found[0].table is not None and len(found[0].table.rows) == 2
    record = opened.close().record
    assert (record["n"], record["outcome"], record["estimator"]) == (250, "converged", "ML")


def test_improper_model_leaves_the_rest_standing() -> None:
    power = session(study="ecsi_mobile").power()
    assert not power.own.outcome.admissible
    found = {name: getattr(power, name)() for name in PIECES}
    assert found["rmsea"].table is not None
    assert found["population"].notices
    assert all(found[n].verdict.level == "none" for n in PIECES if n != "rmsea")
    assert power.record()["verdict"] == "none"


def test_model_file_with_values_is_the_population(tmp_path: Path) -> None:
    folder = tmp_path / "planned"
    shutil.copytree(find_root() / "data" / "raw" / "spanish_bank", folder)
    text = (folder / "models" / "core.lav").read_text("utf-8").split("# effects")[0]
    values = {"iq": ".5", "sq": ".4", "si": ".3", "ls": ".3", "li": ".2", "lq": ".1"}
    for label, value in values.items():
        text = text.replace(f"{label} *", f"{value}*")
    (folder / "models" / "theory.lav").write_text(text, encoding="utf-8")
    power = session(study=str(folder), population="theory", sample=400, effect="lq").power()
    table = power.population().table
    assert table is not None and "theory" in table.notes[0]
    assert table.rows[0][2] == pytest.approx(0.1, abs=1e-6)
    assert power.n == 400
    assert power.replications().table is not None


def test_ordinal_and_incomplete_answers() -> None:
    power = session(distribution="skewed", effect="lq", sample=300).power()
    assert power.sensitivity().table is not None
    verdict = power.needed().verdict
    assert verdict is not None and verdict.level in ("mixed", "poor")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"effect": "lz"}, "power.unknown_effect"),
        ({"population": "nowhere"}, "run.unknown_model"),
        ({"power": 1.0}, "power.outside"),
        ({"alpha": 0.0}, "power.outside"),
        ({"reps": 5}, "power.outside"),
        ({"missing_rate": 0.9}, "power.outside"),
        ({"sample": 10}, "power.outside"),
        ({"distribution": "ordinal", "shares": "1, 2"}, "power.shares"),
        ({"distribution": "ordinal", "shares": "a"}, "power.shares"),
        ({"distribution": "ordinal", "missing_rate": 0.1}, "power.ordinal_missing"),
        ({"distribution": "ordinal", "estimator": "ML"}, "power.estimator"),
    ],
)
def test_wrong_choices_are_named(parameters: dict[str, object], code: str) -> None:
    with pytest.raises(InputError) as caught:
        session(**parameters)
    assert code in {m.code for m in caught.value.messages}
    assert caught.value.text("zh")


def test_models_without_paths_are_passed_over() -> None:
    planned = plan("omnichannel", notebooks=[], parameters=["model=measurement"], language="en")
    assert "80_power" not in {c.notebook for c in planned.choices}
    assert any("80_power" in note for note in planned.notes)
