"""Folders that appear whole: replacement, sweeping, racing writers."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from analysis.run import publish
from analysis.run.record import SCHEMA, read_records, run_key, run_name


def fill(folder: Path, content: str) -> Path:
    folder.mkdir()
    for name in ("one", "two"):
        (folder / name).write_text(content)
    return folder


def contents(folder: Path) -> set[str]:
    return {p.read_text() for p in folder.iterdir()}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced_whole(
    tmp_path: Path, exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchange:
        monkeypatch.setattr(publish, "_exchange", lambda one, other: False)
    target = tmp_path / "target"
    publish.publish(fill(tmp_path / "a", "old"), target)
    publish.publish(fill(tmp_path / "b", "new"), target)
    assert contents(target) == {"new"}
    assert [p.name for p in tmp_path.iterdir()] == ["target"]


def test_a_live_workshop_is_left_alone_and_a_dead_one_swept(tmp_path: Path) -> None:
    dead = tmp_path / f"{publish.PREFIX}dead"
    dead.mkdir()
    (dead / publish.OWNER).touch()
    with publish.workshop(tmp_path) as live:
        publish.sweep(tmp_path)
        assert live.exists()
        assert not dead.exists()
    assert not list(tmp_path.iterdir())


def race(parent: str, number: int) -> None:
    for turn in range(20):
        with publish.workshop(Path(parent)) as workshop:
            prepared = fill(workshop / "run", f"{number}-{turn}")
            with publish.locked(Path(parent) / ".lock"):
                publish.publish(prepared, Path(parent) / "target")


def test_racing_writers_never_show_a_mixture(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=race, args=(str(tmp_path), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    seen = 0
    while any(worker.is_alive() for worker in workers):
        try:
            found = contents(tmp_path / "target")
        except OSError:
            continue
        seen += len(found) == 1
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(contents(tmp_path / "target")) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "target"]


def test_a_claim_is_held_by_one_and_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / f"{publish.CLAIM}run"
    with publish.claimed(path):
        publish.sweep_claims(tmp_path)
        assert path.exists()
        with path.open() as handle:
            assert not publish._lock(handle, wait=False)
    assert not path.exists()
    path.touch()
    publish.sweep_claims(tmp_path)
    assert not path.exists()


def test_write_text_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    publish.write_json(path, {"a": "品牌"})
    with pytest.raises(ValueError):
        publish.write_json(path, {"a": float("nan")})
    assert "品牌" in path.read_text("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["index.json"]


def test_records_of_older_content_are_superseded(tmp_path: Path) -> None:
    for name, started in (("a", "2026-01-01"), ("b", "2026-01-02")):
        record = {"schema": SCHEMA, "notebook": "n", "parameters": {}, "started": started}
        publish.write_json(tmp_path / "study" / name / "run.json", record)
    publish.write_json(tmp_path / "study" / ".making-x" / "run.json", {"schema": SCHEMA})
    publish.write_text(tmp_path / "study" / "c" / "run.json", "{half")
    found = read_records(tmp_path)
    assert [(r["path"], r["superseded"]) for r in found] == [("study/a", True), ("study/b", False)]


def test_run_names_are_slugs_whatever_the_parameters_say() -> None:
    parameters = {"brand": "../../etc {x.__class__}", "channel": "店", "language": "zh"}
    name = run_name("20_structure", "core", parameters, "0123456789abcdef")
    assert name == "20_structure-core-etc_x___class-zh-0123456789ab"


def test_the_key_depends_on_parameters_and_digests() -> None:
    keys = {
        run_key({"a": 1}, {"d": "x"}),
        run_key({"a": 2}, {"d": "x"}),
        run_key({"a": 1}, {"d": "y"}),
    }
    assert len(keys) == 3
    assert run_key({"a": 1, "b": 2}, {}) == run_key({"b": 2, "a": 1}, {})
