"""Study folders: found, listed, loaded lazily."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.samples import CODEBOOK, good_table, pick

from analysis.data import (
    PublishedMatrix,
    Survey,
    draft_codebook,
    find_root,
    list_studies,
    load_codebook,
    load_study,
    read_survey,
)
from analysis.data.study import model_heading
from analysis.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one study; it is the current folder."""
    study = tmp_path / "data" / "raw" / "demo"
    (study / "models").mkdir(parents=True)
    (study / "codebook.toml").write_text(CODEBOOK, "utf-8")
    (study / "answers.csv").write_text(good_table().text(), "utf-8")
    heading = "# en: Core\n# zh: 核心\n# en: Two factors.\n"
    (study / "models" / "core.lav").write_text(f"{heading}sat =~ q1 + q2\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOYALTY_ROOT", raising=False)
    return study


def test_study_by_name_and_by_folder(folder: Path) -> None:
    study = load_study("demo")
    assert (study.name, study.folder, study.simulated) == ("demo", folder, True)
    assert study.default_model == "core" and study.model().title["zh"] == "核心"
    assert study.model().description["en"] == "Two factors."
    assert "data" not in vars(study)
    assert isinstance(study.data, Survey) and study.data is study.data
    assert load_study(folder).codebook == study.codebook


def test_unknown_names(folder: Path) -> None:
    for name, code in (("demmo", "study_unknown"), ("../x", "study_folder"), ("", "study_unknown")):
        with pytest.raises(InputError) as caught:
            load_study(name)
        pick(caught.value.messages, code)
    with pytest.raises(InputError) as caught:
        load_study("demo").model("coer")
    pick(caught.value.messages, "model_unknown", ("coer", "core"))
    with pytest.raises(InputError) as caught:
        load_study("demo").table("orders")
    pick(caught.value.messages, "unknown_name", ("orders",))


def test_codebook_that_names_a_missing_model(folder: Path) -> None:
    extra = CODEBOOK.replace("[study]", '[study]\ndefault_model = "main"')
    (folder / "codebook.toml").write_text(extra, "utf-8")
    with pytest.raises(InputError) as caught:
        load_study("demo")
    pick(caught.value.messages, "model_unknown", ("main", "core"))


def test_data_files(folder: Path) -> None:
    (folder / "answers.sav").write_bytes(b"x")
    with pytest.raises(InputError) as caught:
        _ = load_study("demo").data
    pick(caught.value.messages, "file_ambiguous", ("answers.csv", "answers.sav"))
    for file in ("answers.sav", "answers.csv"):
        (folder / file).unlink()
    with pytest.raises(InputError) as caught:
        _ = load_study("demo").data
    pick(caught.value.messages, "file_none", ("moments.toml",))
    text = CODEBOOK.replace("[study]", '[data]\nfile = "answer.csv"\n[study]')
    (folder / "codebook.toml").write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        _ = load_study("demo").data
    pick(caught.value.messages, "file_missing", ("answer.csv",))


def test_root_is_found_from_below_and_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder / "models")
    assert find_root() == tmp_path
    monkeypatch.chdir("/")
    assert (find_root() / "data" / "raw").is_dir()
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path))
    assert find_root() == tmp_path
    monkeypatch.setenv("LOYALTY_ROOT", str(folder))
    with pytest.raises(InputError) as caught:
        find_root()
    pick(caught.value.messages, "root_wrong")


def test_list_holds_broken_studies_too(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data" / "raw" / "broken"
    broken.mkdir()
    (broken / "codebook.toml").write_text("[study", "utf-8")
    first, second = list_studies()
    assert first.name == "broken" and first.problem and first.kind == "none"
    assert (second.name, second.kind, second.models, second.problem) == (
        "demo", "answers", ("core",), "",
    )  # fmt: skip


def test_shipped_studies_load(root: Path) -> None:
    summaries = list_studies(root)
    assert any(s.name == "spanish_bank" and s.n == 250 for s in summaries)
    for summary in summaries:
        study = load_study(summary.folder)
        assert study.models and (study.citation or study.simulated), summary.name
        if not study.has_rows:
            assert isinstance(study.data, PublishedMatrix)
            assert study.data.n == summary.n


@pytest.mark.parametrize(
    ("text", "title", "description"),
    [
        ("# Core\nf =~ x", ("Core", "Core"), ("", "")),
        ("\n! en: A\n# zh：甲\n# more\nf =~ x # no", ("A", "甲"), ("more", "more")),
        ("f =~ x\n# late", ("", ""), ("", "")),
    ],
)
def test_heading(text: str, title: tuple[str, str], description: tuple[str, str]) -> None:
    first, rest = model_heading(text)
    assert (first.en, first.zh) == title and (rest.en, rest.zh) == description


def test_draft_loads_and_reads_its_own_file(tmp_path: Path) -> None:
    table = good_table(names=("imag1", "imag2", "imag3", "sat_1", "sat_2", "忠诚1", "忠诚2"))
    table.set("imag2", "99", 5)
    table.fill("编号", [str(i) for i in range(60)]).fill("手机号", ["13812345678"] * 60)
    table.fill("email", ["a@b.cn"] * 60).fill("channel", ["app", "web"] * 30)
    table.fill("weight", ["1.2"] * 60).fill("nps", [str(i % 11) for i in range(60)])
    table.fill("member", ["0", "1"] * 30).fill("spend", [str(i * 1.5) for i in range(60)])
    table.fill("q_word1", ["满意", "非常满意", "一般"] * 20)
    table.fill("comment", [f"text {i}" for i in range(60)])
    table.fill("wave", ["1"] * 30 + ["2"] * 30).fill("nothing", [""] * 60)
    (tmp_path / "answers.csv").write_text(table.text(), "utf-8")
    text = draft_codebook(tmp_path / "answers.csv", "demo")
    (tmp_path / "codebook.toml").write_text(text, "utf-8")
    codebook = load_codebook(tmp_path)
    assert codebook.construct("imag").items == ("imag1", "imag2", "imag3")
    assert codebook.construct("忠诚").items == ("忠诚1", "忠诚2")
    assert codebook.item("imag2").missing == (99,) and codebook.item("imag2").maximum == 7
    assert codebook.item("q_word1").words["非常满意"] == 5
    assert codebook.roles.id == "编号" and codebook.roles.weight == "weight"
    assert codebook.roles.personal == ("手机号", "email") and codebook.roles.text == ("comment",)
    assert list(codebook.group("channel").levels) == ["app", "web"]
    assert codebook.group("wave").ordered
    assert {v.name: v.type for v in codebook.variables} == {
        "nps": "nps", "member": "binary", "spend": "number",
    }  # fmt: skip
    survey = read_survey(tmp_path / "answers.csv", codebook)
    assert survey.n_used == 60 and survey.undeclared == ("nothing",)
