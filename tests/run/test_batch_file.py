"""The batch file: read, multiplied out, and refused as a whole before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.run.batch.file import read_batch
from analysis.run.batch.grid import Opened, wanted
from analysis.run.batch.plan import BatchPlan, make_plan
from analysis.run.execute import Place

ROOT = Path(__file__).parents[2]
HEAD = 'format = 1\nstudy = "omnichannel"\nnotebooks = ["20_structure"]\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def plan(folder: Path, text: str) -> BatchPlan:
    place = Place(root=ROOT, reports=folder / "reports")
    return make_plan(read_batch(write(folder, text)), place)


def cells(folder: Path, text: str) -> list[tuple[object, ...]]:
    found = wanted(read_batch(write(folder, text)), Opened())
    return [(w.notebook, *w.values.values()) for w in found]


def complaints(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        plan(folder, text)
    return caught.value.text("en")


@pytest.mark.parametrize("name", sorted(p.name for p in ROOT.glob("notebooks/batches/*.toml")))
def test_shipped_batches_are_possible(name: str, tmp_path: Path) -> None:
    place = Place(root=ROOT, reports=tmp_path)
    found = make_plan(read_batch(ROOT / "notebooks" / "batches" / name), place)
    assert found.of("run")
    assert not found.of("refused")


def test_grid_list_and_rules(tmp_path: Path) -> None:
    text = HEAD + (
        'seeds = [1, 2]\n[parameters]\ndraws = 100\n[grid]\nchannel = ["store", "web"]\n'
        'wave = [1, "2"]\n[[include]]\nchannel = "store"\n[[include]]\nestimator = "MLR"\n'
        '[[exclude]]\nwave = 2\nseed = [2]\n[[runs]]\nbrand = "*"\nestimator = "MLR"\nseed = 7\n'
    )
    assert cells(tmp_path, text) == [
        ("20_structure", 100, "store", 1, "en", 1),
        ("20_structure", 100, "store", 1, "en", 2),
        ("20_structure", 100, "store", "2", "en", 1),
        *(("20_structure", 100, brand, "MLR", 7, "en") for brand in ("aurora", "birch", "cedar")),
    ]


def test_a_parameter_goes_to_the_notebooks_that_know_it(tmp_path: Path) -> None:
    text = HEAD.replace('["20_structure"]', '["00_survey", "20_structure"]')
    text += '[grid]\ndraws = [10, 20]\nexclude = ["none"]\n'
    found = cells(tmp_path, text)
    assert [one[0] for one in found] == ["00_survey", "20_structure", "20_structure"]


def test_all_levels_come_from_the_data(tmp_path: Path) -> None:
    found = cells(tmp_path, HEAD + '[grid]\nchannel = ["", "*"]\n')
    assert [one[1] for one in found] == ["", "store", "web", "app"]


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[grid]\nbramd = ['x']\n", "grid.bramd", "brand"),
        ("[grid]\nbrand = ['aurora', 'bitch']\n", "grid.brand[2]", "birch"),
        ("[grid]\ndraws = [100, 'many']\n", "grid.draws[2]", "many"),
        ("[grid]\nwave = [true]\n", "grid.wave[1]", "True"),
        ("[parameters]\nmodel = 'cores'\n", "parameters.model", "core"),
        ("[parameters]\nestimator = 'MLX'\n", "parameters.estimator", "MLR"),
        ("[[runs]]\ngroup = 'shop'\n", "runs[1].group", "channel"),
        ("[[runs]]\nnotebook = '99_none'\n", "runs[1].notebook", "20_structure"),
        ("[[exclude]]\nchanel = 'web'\n", "exclude[1].chanel", "channel"),
        ("[grid]\nbrand = []\n", "grid.brand", "empty"),
        ("[grid]\nordered = ['tan9']\n", "grid", "tan9"),
    ],
)
def test_values_that_cannot_be_are_named_with_their_key(
    tmp_path: Path, text: str, key: str, words: str
) -> None:
    said = complaints(tmp_path, HEAD + text)
    assert f"some.toml: {key}: " in said
    assert words in said
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study = 'x'\nnotebooks = ['20_structure']\n", "format"),
        (HEAD.replace("omnichannel", "omnichanel"), "omnichannel"),
        (HEAD.replace("20_structure", "20_strukture"), "notebooks[1]"),
        (HEAD + "minimum = 3\n", "minimum_n"),
        (HEAD + "minimum_n = -3\n", "minimum_n"),
        (HEAD + "language = 'fr'\n", "fr"),
        (HEAD + "seeds = [1.5]\n", "seeds"),
        (HEAD + "grid = 3\n", "grid"),
        ("format = \n", "some.toml"),
    ],
)
def test_faults_of_the_file_itself(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaints(tmp_path, text)


def test_several_faults_are_said_at_once(tmp_path: Path) -> None:
    said = complaints(tmp_path, HEAD + "[grid]\nbrand = ['a', 'b']\nestimator = ['MXL']\n")
    assert said.count("some.toml: grid.") == 3


def test_what_is_merely_not_possible_is_refused_and_the_rest_stands(tmp_path: Path) -> None:
    text = HEAD + (
        'minimum_n = 300\n[grid]\nbrand = ["aurora", "cedar"]\nchannel = ["store", "app"]\n'
        '[[runs]]\nestimator = "WLSMV"\n'
    )
    found = plan(tmp_path, text)
    states = {e.words: (e.state, e.n) for e in found.entries}
    assert states["20_structure aurora store"][0] == "run"
    assert states["20_structure cedar app"] == ("refused", 240)
    assert states["20_structure WLSMV"] == ("refused", None)
    reasons = [e.reason.text() for e in found.of("refused") if e.reason]
    assert any("300" in reason for reason in reasons)
    assert any("ordered" in reason for reason in reasons)


def test_how_few_a_group_below_the_limit_has_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.run.batch.plan._respondents", lambda choice: 13)
    said = complaints(tmp_path, HEAD)
    assert "13" not in said
    assert "30" in said


def test_a_batch_without_a_possible_run_says_why(tmp_path: Path) -> None:
    assert "999999" in complaints(tmp_path, HEAD + "minimum_n = 999999\n")


def test_files_that_hide_modules_of_python_are_found(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("data", "notebooks"):
        (root / name).symlink_to(ROOT / name)
    (root / "html.py").touch()
    with pytest.raises(InputError, match=r"html\.py"):
        make_plan(read_batch(write(tmp_path, HEAD)), Place(root=root, reports=tmp_path / "r"))


def test_keys_do_not_depend_on_the_folder_of_the_reports(tmp_path: Path) -> None:
    one, two = (plan(tmp_path / name, HEAD) for name in ("a", "b") if not
                (tmp_path / name).mkdir())  # fmt: skip
    assert [e.key for e in one.entries] == [e.key for e in two.entries]
    assert all(len(e.key) == 64 for e in one.entries)
