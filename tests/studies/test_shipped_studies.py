"""Every shipped study loads, and its models speak of nothing else than its items."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from analysis.data import PublishedMatrix, Study, load_study
from analysis.sem import Moments, Outcome, sem
from analysis.syntax import PartableOptions, parse_model, partable

RAW = Path(__file__).resolve().parents[2] / "data" / "raw"
STUDIES = sorted(folder.name for folder in RAW.iterdir() if (folder / "codebook.toml").is_file())
PUBLISHED = [name for name in STUDIES if (RAW / name / "moments.toml").is_file()]
MODELS = [(path.parent.parent.name, path.stem) for path in sorted(RAW.glob("*/models/*.lav"))]
LARGEST_FILE = 3 * 2**20
# First digits of the SHA-256 of spanish_bank/moments.toml.
SPANISH_BANK = "48ed6a95455edbf4"

# lavaan 0.6-14 on the same moments prints three decimals.
PRINTED = 6e-4


def study(name: str) -> Study:
    return load_study(RAW / name)


def published(name: str) -> PublishedMatrix:
    data = study(name).data
    assert isinstance(data, PublishedMatrix)
    return data


def moments(data: PublishedMatrix) -> Moments:
    return Moments.from_published(
        names=data.names, n=data.n, correlations=data.correlations, sds=data.sds
    )


def test_there_are_fourteen_studies() -> None:
    assert len(STUDIES) == 14
    assert {"spanish_bank", "ecsi_mobile", "omnichannel"} <= set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_study_loads_in_both_languages(name: str) -> None:
    loaded = study(name)
    assert loaded.data is not None
    book = loaded.codebook
    for entry in (*book.constructs, *book.items, *book.groups, *book.variables):
        for language in ("en", "zh"):
            assert entry.label[language], entry.name
    assert book.title["en"] != book.title["zh"]
    assert loaded.default_model in loaded.models
    assert (loaded.folder / "SOURCE.md").is_file()
    assert loaded.simulated == (name == "omnichannel")
    assert book.source
    assert book.citation


@pytest.mark.parametrize("name", STUDIES)
def test_constructs_are_latents_of_some_model_or_measured(name: str) -> None:
    book = study(name).codebook
    for construct in book.constructs:
        known = construct.items or book.children(construct.name) or book.options.moments
        assert known, construct.name


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_model_names_only_existing_items(name: str, model: str) -> None:
    loaded = study(name)
    table = partable(
        parse_model(loaded.models[model].text, source=model), options=PartableOptions()
    )
    data = loaded.data
    there = data.names if isinstance(data, PublishedMatrix) else loaded.codebook.item_names
    assert set(table.observed) <= set(there)
    assert not set(table.latent) & set(there)
    assert table.n_free <= len(table.observed) * (len(table.observed) + 1) // 2


@pytest.mark.parametrize(("name", "model"), MODELS)
def test_hypotheses_are_paths_of_the_model(name: str, model: str) -> None:
    loaded = study(name)
    table = partable(
        parse_model(loaded.models[model].text, source=model), options=PartableOptions()
    )
    paths = {f"{row.lhs} ~ {row.rhs}" for row in table.rows if row.op == "~"}
    effects = {row.lhs for row in table.rows if row.op == ":="}
    for hypothesis in loaded.models[model].hypotheses:
        assert hypothesis.path in paths | effects, hypothesis.id
        assert hypothesis.sign in ("+", "-")


def test_no_file_is_large() -> None:
    assert max(p.stat().st_size for p in RAW.rglob("*") if p.is_file()) < LARGEST_FILE


def test_spanish_bank_moments_are_the_published_ones() -> None:
    text = (RAW / "spanish_bank" / "moments.toml").read_bytes()
    assert hashlib.sha256(text).hexdigest().startswith(SPANISH_BANK)
    data = published("spanish_bank")
    assert (data.n, len(data.names)) == (250, 27)
    assert data.correlations[0, 1] == 0.6437
    assert data.means is not None and data.sds is not None


def test_spanish_bank_core_equals_lavaan() -> None:
    loaded = study("spanish_bank")
    fit = sem(loaded.models["core"].text, moments(published("spanish_bank")))
    assert fit.outcome is Outcome.CONVERGED
    expected = {"chisq": 295.382, "df": 129, "cfi": 0.940, "tli": 0.928, "rmsea": 0.072}
    for key, value in {**expected, "srmr": 0.063}.items():
        assert fit.measures[key].value == pytest.approx(value, abs=PRINTED)
    std = {f"{e.lhs} {e.op} {e.rhs}": e.std_all for e in fit.estimates if e.op == "~"}
    assert std == pytest.approx(
        {
            "image ~ quality": 0.671,
            "satisfaction ~ quality": 0.558,
            "satisfaction ~ image": 0.356,
            "loyalty ~ satisfaction": 0.443,
            "loyalty ~ image": 0.199,
            "loyalty ~ quality": 0.237,
        },
        abs=PRINTED,
    )


def test_ecsi_mobile_core_is_improper_as_in_lavaan() -> None:
    fit = sem(study("ecsi_mobile").models["core"].text, moments(published("ecsi_mobile")))
    assert not fit.outcome.admissible
    assert fit.measures["chisq"].value == pytest.approx(354.484, abs=1e-3)


def test_ecsi_mobile_mediation_is_a_proper_alternative() -> None:
    fit = sem(study("ecsi_mobile").models["mediation"].text, moments(published("ecsi_mobile")))
    assert fit.outcome is Outcome.CONVERGED
    assert fit.measures["chisq"].value == pytest.approx(372.531, abs=1e-3)


def test_fitness_china_disattenuated_gives_the_published_paths() -> None:
    fit = sem(
        study("fitness_china").models["disattenuated"].text, moments(published("fitness_china"))
    )
    std = {f"{e.lhs} {e.rhs}": e.std_all for e in fit.estimates if e.op == "~"}
    printed = {
        "expectations_true communication_true": 0.580,
        "quality_true expectations_true": 0.126,
        "quality_true communication_true": 0.375,
        "satisfaction_true expectations_true": -0.325,
        "satisfaction_true quality_true": 0.513,
        "satisfaction_true communication_true": 0.017,
        "loyalty_true communication_true": 0.092,
        "loyalty_true expectations_true": -0.204,
        "loyalty_true quality_true": 0.319,
        "loyalty_true satisfaction_true": 0.400,
    }
    assert std == pytest.approx(printed, abs=4e-3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_matrix_is_positive_definite(name: str) -> None:
    assert np.linalg.eigvalsh(published(name).correlations).min() > 0.0
