"""Estimator, groups, missing answers, ordered items, weights: refused, estimated, printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.data import load_study
from analysis.errors import InputError
from analysis.i18n import LANGUAGES
from analysis.run import record
from analysis.run.cli import FIT_OPTIONS, main
from analysis.run.design import estimator_of, ordered_items, usable
from analysis.run.estimation import estimate, item_coverage
from analysis.run.fit_document import FitDocument
from analysis.run.params import StructureParams
from analysis.run.resolve import Choice, resolve
from analysis.sem import Moments, sem
from analysis.sem.estimators import PRESETS

ITEMS = [
    "img1", "img2", "img3", "img4", "tan1", "rel1", "res1", "ass1", "emp1", "sat1", "sat2", "sat3",
    "sat4", "cog1", "aff1", "con1", "act1",
]  # fmt: skip
SAME = 1e-7  # the same estimation, reached by two ways
STORED = 1e-6  # figures stored with eight digits


@pytest.fixture(autouse=True, scope="module")
def fixture_read_once() -> Iterator[None]:
    """The shipped studies are read once for all tests of this file."""
    known = {name: load_study(name) for name in ("omnichannel", "spanish_bank")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.run.resolve.load_study", lambda n: known.get(n) or load_study(n))
        yield


def choose(study: str = "omnichannel", **options: str) -> Choice:
    return resolve("20_structure", {"study": study, **options})


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert call("fit", *arguments, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    FitDocument.model_validate(found)
    assert isinstance(found, dict)
    return found


REFUSED: dict[str, tuple[str, dict[str, str], Sequence[str]]] = {
    "matrix": (
        "spanish_bank",
        {"estimator": "MLR", "group": "brand", "ordered": "all", "weights": "yes",
         "cluster": "yes", "missing": "fiml"},
        ["run.needs_answers"] * 5 + ["run.estimator_needs_answers"],
    ),
    "wishart": ("spanish_bank", {"estimator": "GLS", "likelihood": "wishart"},
                ["run.wishart_needs_ml"]),
    "wishart fiml": ("omnichannel", {"likelihood": "wishart"}, ["run.wishart_with_missing"]),
    "unknown group": ("omnichannel", {"group": "chanel"}, ["run.unknown_group_near"]),
    "one level": ("omnichannel", {"group": "channel", "channel": "app"}, ["run.group_filtered"]),
    "no group": (
        "omnichannel",
        {"group_equal": "loadings", "group_partial": "img2~1", "group_labels": "separate"},
        ["run.needs_group"] * 3,
    ),
    "equal": ("omnichannel", {"group": "channel", "group_equal": "loading,means"},
              ["syntax.unknown_choice_near"]),
    "partial": ("omnichannel", {"group": "channel", "group_partial": "img2~1"},
                ["run.partial_without_equal"]),
    "no such parameter": (
        "omnichannel",
        {"group": "channel", "group_equal": "loadings", "group_partial": "img2 ~ 2, zzz"},
        ["syntax.unknown_partial"] * 2,
    ),
    "thresholds": ("omnichannel", {"group": "channel", "group_equal": "thresholds"},
                   ["run.thresholds_need_ordered"]),
    "theta": ("omnichannel", {"parameterization": "theta"}, ["run.theta_needs_ordered"]),
    "WLSMV": ("omnichannel", {"estimator": "WLSMV"}, ["run.estimator_needs_ordered"]),
    "not an item": ("omnichannel", {"ordered": "img1, img9"}, ["run.unknown_item_near"]),
    "ordered ML": ("omnichannel", {"ordered": "all", "estimator": "MLR", "missing": "listwise"},
                   ["run.estimator_not_ordinal"]),
    "ordered fiml": ("omnichannel", {"ordered": "all", "missing": "fiml"},
                     ["run.fiml_with_ordered"]),
    "ordered missing": ("omnichannel", {"ordered": "all"}, ["run.ordered_missing"]),
    "ordered cluster": ("omnichannel", {"ordered": "all", "cluster": "yes", "missing": "listwise"},
                        ["sem.design_ordered"]),
    "weights ML": ("omnichannel", {"weights": "yes", "estimator": "ML"},
                   ["sem.design_needs_mlr"]),
    "fiml MLM": ("omnichannel", {"missing": "fiml", "estimator": "MLM"}, ["sem.fiml_needs_ml"]),
    "MLM": ("omnichannel", {"estimator": "MLM"}, ["sem.missing_unspecified"]),
    "item not asked": ("omnichannel", {"group": "complained", "model": "complaints"},
                       ["data.group_item_empty"] * 3),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_before_anything_runs(name: str) -> None:
    study, options, codes = REFUSED[name]
    with pytest.raises(InputError) as caught:
        choose(study, **options)
    assert [m.code for m in caught.value.messages] == list(codes)
    for language in LANGUAGES:
        words = caught.value.text(language)
        assert "{" not in words
        for found in caught.value.messages:
            assert found.parts(language)[2], found.code


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A study of five continuous items with a group that is smaller than the items."""
    folder = tmp_path / "data/raw/small"
    (folder / "models").mkdir(parents=True)
    (folder / "models/core.lav").write_text("f =~ a + b + c + d + e\n")
    items = "".join(
        f'[items.{name}]\nwording = {{ en = "{name}", zh = "{name}" }}\n' for name in "abcde"
    )
    (folder / "codebook.toml").write_text(
        'format = 1\n[study]\ntitle = { en = "Small", zh = "小" }\n'
        'source = "made up"\ncitation = "none"\n'
        '[data]\nfile = "answers.csv"\nmin_group = 3\n'
        "[scales.s]\nminimum = 1\nmaximum = 7\nordinal = false\n"
        '[constructs.f]\nlabel = { en = "F", zh = "F" }\nscale = "s"\n'
        '[groups.brand]\nlabel = { en = "Brand", zh = "品牌" }\n'
        + items.replace("]\n", ']\nconstruct = "f"\n')
    )
    rows = ["brand,a,b,c,d,e"]
    rows += [
        f"{'x' if i > 5 else 'y' if i > 0 else ''},"
        + ",".join(str(1 + (3 * i * j + i * i + 2 * j) % 7) for j in range(1, 6))
        for i in range(120)
    ]
    (folder / "answers.csv").write_text("\n".join(rows))
    monkeypatch.setenv("LOYALTY_ROOT", str(tmp_path))
    return "small"


def test_a_group_smaller_than_the_items_is_named_with_its_size(small: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(small, group="brand")
    words = caught.value.text()
    assert "brand = y has 5 usable respondents for 5 items" in words


def test_a_codebook_without_roles_or_ordinal_items_says_so(small: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(small, weights="yes", cluster="yes", ordered="all")
    codes = [m.code for m in caught.value.messages]
    assert set(codes) >= {"run.no_weights", "run.no_cluster", "run.no_ordinal"}


def test_respondents_without_a_group_are_counted(small: str) -> None:
    choice = choose(small)
    assert choice.data.n_used == 120  # type: ignore[union-attr]
    data = usable(choice.study.data, StructureParams(study=small, group="brand"))  # type: ignore[arg-type]
    assert (data.n_used, data.dropped) == (119, {"no_group": 1})
    assert "1 respondents were left out" in data.warnings[-1].text()


def test_the_estimator_follows_the_other_choices() -> None:
    def found(**options: str) -> str:
        return estimator_of(StructureParams(study="x", **options))

    assert found() == "ML"
    assert found(weights="yes") == found(cluster="yes") == "MLR"
    assert found(ordered="all") == found(ordered="all", weights="yes") == "WLSMV"
    assert found(ordered="all", estimator="ULSMV") == "ULSMV"


def test_all_ordered_items_are_those_that_the_codebook_calls_ordinal() -> None:
    choice = choose(ordered="all", missing="listwise")
    book = choice.study.codebook
    assert ordered_items(choice.params, book, ITEMS) == tuple(ITEMS)
    some = StructureParams(study="x", ordered="sat2, img1")
    assert ordered_items(some, book, ITEMS) == ("img1", "sat2")


@pytest.mark.parametrize("estimator", PRESETS)
def test_every_estimator_gives_a_solution(estimator: str) -> None:
    ordinal = estimator.startswith("WLSM")
    options = {"ordered": "sat1,sat2,sat3,sat4"} if ordinal else {}
    choice = choose(estimator=estimator, missing="listwise", model="measurement", **options)
    solution = estimate(choice)
    assert solution.outcome.estimated
    assert solution.n == 2399
    assert solution.notes[0].code == "sem.listwise"


def test_groups_weights_and_clusters_collapse_to_the_engine_on_the_same_rows() -> None:
    choice = choose(group="channel", group_equal="loadings, intercepts", weights="yes",
                    cluster="yes", group_partial="img2 ~ 1")  # fmt: skip
    found = estimate(choice)
    data = choice.data
    order = {"store": 0, "web": 1, "app": 2}
    frame = data.frame.sort_values("channel", key=lambda c: c.map(order), kind="stable")  # type: ignore[union-attr]
    moments = Moments.from_data(
        frame[ITEMS].to_numpy(float), ITEMS, group=frame["channel"].tolist(),
        weights=frame["weight"].to_numpy(float), cluster=frame["store"].tolist(),
    )  # fmt: skip
    wanted = sem(choice.syntax, moments, group_equal=("loadings", "intercepts"),
                 group_partial=("img2~1",))  # fmt: skip
    assert found.estimator == wanted.estimator == "MLR"
    assert found.partable.groups == ("store", "web", "app")
    for name in ("chisq", "chisq.scaled", "cfi.robust", "rmsea.robust"):
        assert found.measures[name].value == pytest.approx(wanted.measures[name].value, rel=SAME)


def test_labels_of_each_group_give_effects_of_each_group() -> None:
    shared = estimate(choose(group="channel"))
    assert [m.code for m in shared.notes] == ["sem.fiml", "run.shared_labels"]
    separate = estimate(choose(group="channel", group_labels="separate"))
    assert [m.code for m in separate.notes] == ["sem.fiml"]
    lost = separate.measures["npar"].value - shared.measures["npar"].value
    assert lost == 2 * 6
    for group in (1, 2, 3):
        first = separate.estimate("satisfaction", "~", "quality", group).est
        second = separate.estimate("loyalty", "~", "satisfaction", group).est
        product = separate.estimate(
            f"indirect_satisfaction.g{group}", ":=", f"sq.g{group}*ls.g{group}"
        )
        assert product.est == pytest.approx(first * second, rel=SAME)


def test_coverage_counts_what_the_frame_holds_brute_force() -> None:
    choice = choose(group="channel", weights="yes", cluster="yes")
    found = item_coverage(choice)
    assert found is not None
    frame = choice.data.frame  # type: ignore[union-attr]
    absent = frame[ITEMS].isna()
    assert found.incomplete == int(absent.any(axis=1).sum())
    assert found.patterns == len({tuple(row) for row in absent.to_numpy().tolist()})
    assert found.missing_share == pytest.approx(absent.to_numpy().mean())
    assert dict(found.groups) == frame["channel"].value_counts().to_dict()
    weights = frame["weight"]
    assert found.effective_n == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    sizes = frame["store"].value_counts()
    assert found.clusters == (len(sizes), sizes.min(), sizes.max())
    assert item_coverage(choose("spanish_bank")) is None


PRINTED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "MLR": (("--estimator", "MLR"), ("Scaled", "Robust", "robust CFI = .980", "Yuan & Bentler")),
    "group": (
        ("--group", "channel", "--group-equal", "loadings,intercepts"),
        ("Store", "Web", "App", "Held equal in all groups", "group_labels = separate"),
    ),
    "separate": (("--group", "channel", "--group-labels", "separate"), ("18 of 18 paths",)),
    "ordered": (
        ("--ordered", "all", "--missing", "listwise"),
        ("601 of 3000 respondents were dropped", "chi2 [DWLS]", "Savalei, 2021"),
    ),
    "listwise": (("--missing", "listwise"), ("Caution: 601 of 3000", "chi2 [ML]", "Swain")),
    "design": (("--weights", "yes", "--cluster", "yes"), ("352.724", "Zhang & Savalei")),
    "bounds": (("--bounds", "pos.var"), ("converged to an admissible solution",)),
}


@pytest.mark.parametrize("name", PRINTED)
def test_fit_prints_tables(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    options, wanted = PRINTED[name]
    assert call("fit", "omnichannel", "--model", "core", *options) == 0
    out = capsys.readouterr().out
    for words in wanted:
        assert words in out, words
    assert "{" not in out and "nan" not in out.lower().replace("dominan", "")


def test_fit_speaks_chinese_about_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--language", "zh", "fit", "omnichannel", "--group", "channel", "--ordered", "all",
                "--missing", "listwise") == 0  # fmt: skip
    out = capsys.readouterr().out
    for words in ("门店", "网站", "应用", "各组相等", "稳健 CFI"):
        assert words in out
    assert "Held equal" not in out


def test_json_holds_groups_thresholds_corrections_and_notes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "omnichannel", "--group", "channel", "--ordered", "all", "--missing",
                     "listwise", "--group-equal", "loadings,thresholds")  # fmt: skip
    assert found["estimator"] == "WLSMV"
    design = found["design"]
    assert (design["group"], design["missing"]) == ("channel", "listwise")
    assert design["group_equal"] == ["loadings", "thresholds"]
    assert set(design["ordered"]) == set(ITEMS)
    groups = found["estimation_groups"]
    assert [(g["number"], g["name"], g["label"]) for g in groups] == [
        (1, "store", "Store"), (2, "web", "Web"), (3, "app", "App"),
    ]  # fmt: skip
    assert sum(g["n"] for g in groups) == found["n"] == 2399
    assert all(0 < g["r2"]["loyalty"] < 1 for g in groups)
    thresholds = [e for e in found["estimates"] if e["op"] == "|"]
    assert {e["group"] for e in thresholds} == {1, 2, 3}
    assert len(thresholds) == 3 * 17 * 6
    assert {"cfi", "cfi.scaled", "cfi.robust", "chisq.scaling.factor"} <= set(found["measures"])
    codes = [note["code"] for note in found["notes"]]
    assert codes[0] == "sem.listwise" and "run.shared_labels" in codes


def test_json_names_the_columns_of_the_design(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "omnichannel", "--weights", "yes", "--cluster", "yes")
    design = found["design"]
    assert (design["weights"], design["cluster"]) == ("weight", "store")
    assert (design["missing"], design["patterns"]) == ("fiml", 74)
    assert found["measures"]["chisq.scaled"]["value"] == pytest.approx(352.724, abs=5e-4)


def test_json_of_the_default_study_keeps_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    stored = json.loads((Path(__file__).parent / "golden/spanish_bank_core.json").read_text())
    found = document(capsys, "spanish_bank", "--model", "core")
    for name, value in stored["measures"].items():
        assert found["measures"][name]["value"] == pytest.approx(value, rel=STORED), name
    estimates = {f"{e['lhs']} {e['op']} {e['rhs']}": e for e in found["estimates"]}
    assert estimates.keys() == stored["estimates"].keys()
    for name, (est, se, std) in stored["estimates"].items():
        got = estimates[name]
        assert got["est"] == pytest.approx(est, rel=STORED), name
        assert (got["se"] or 0.0) == pytest.approx(se or 0.0, rel=STORED), name
        assert got["std_all"] == pytest.approx(std, rel=STORED), name
    assert found["r2"] == pytest.approx(stored["r2"], rel=STORED)
    assert found["estimation_groups"][0]["r2"] == found["r2"]


def test_a_solution_held_by_a_bound_supports_no_conclusion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("fit", "ecsi_mobile", "--bounds", "pos.var") == 0
    out = capsys.readouterr().out
    assert "held at its bound" in out
    assert "loyalty~~loyalty" in out
    assert "Good:" not in out and "Mixed:" not in out and "Poor:" not in out
    assert document(capsys, "ecsi_mobile", "--bounds", "pos.var")["admissible"] is False


def test_every_flag_is_a_described_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(FIT_OPTIONS) == set(StructureParams.model_fields) - {
        "study", "language", "draws", "seed", "interval", "holdout",
    }  # fmt: skip
    assert call("fit", "--help") == 0
    out = " ".join(capsys.readouterr().out.split())
    for name in FIT_OPTIONS:
        assert f"--{name.replace('_', '-')} " in out
    for name in PRESETS:
        assert f" {name}" in out


def test_runs_are_named_by_what_sets_them_apart() -> None:
    parameters = {"group": "channel", "estimator": "MLR", "ordered": "", "weights": "yes"}
    name = record.run_name("20_structure", "core", parameters, "0123456789abcdef")
    assert name == "20_structure-core-channel-mlr-weights-0123456789ab"
