"""One pass over a file against the same file read whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from data.samples import CODEBOOK, ITEMS, Table, good_table
from pyarrow import parquet

from analysis.data import Survey, batches, load_codebook, read_survey
from analysis.data.accumulators import ByPattern, Centred, CrossTables
from analysis.data.streamed import Streamed
from analysis.data.streaming import complete_rows, stream
from analysis.errors import InputError
from analysis.sem import Moments
from analysis.sem.missing import patterns
from analysis.sem.ordinal_stats import ordinal_moments
from analysis.sem.ordinal_tables import Tabled

Study = Callable[..., Survey]
EXTRA = """
[data]
missing = [99]
missing_text = ["keine"]
[groups.channel]
levels = { web = "Web", app = "App" }
[groups.wave]
ordered = true
"""
TURNED = CODEBOOK.replace("[items.q3]", "[items.q3]\nreversed = true")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS", 37)
    monkeypatch.setattr(batches, "BLOCK_BYTES", 700)


@pytest.fixture
def spoiled() -> Table:
    """Answers as files hold them: gaps, codes, spaces, wide digits, words for groups."""
    table = good_table(300)
    table.fill("channel", ["app", "Web ", "APP"] * 100).fill("wave", ["1"] * 150 + ["2"] * 150)
    for row, (name, cell) in enumerate(
        [("q1", ""), ("q2", "99"), ("q3", " 5 "), ("q4", "６"), ("q5", "NA"), ("q6", "keine")] * 6
    ):
        table.set(name, cell, row=3 + 7 * row)
    table.set("channel", "", row=20)
    for name in ITEMS:
        table.set(name, "", row=33)
    return table


def as_parquet(table: Table, path: Path) -> Path:
    columns = {name: [cell or None for cell in table.column(name)] for name in table.names}
    parquet.write_table(pa.table(columns), path)
    return path


def written(
    folder: Path, table: Table, codebook: str = TURNED + EXTRA, name: str = "a.csv"
) -> Path:
    (folder / "codebook.toml").write_text(codebook, encoding="utf-8")
    (folder / name).write_text(table.text(), encoding="utf-8")
    return folder / name


def both(path: Path, **options: object) -> tuple[Survey, Streamed]:
    codebook = load_codebook(path.parent)
    return read_survey(path, codebook), stream(path, codebook, ITEMS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_moments_equal_those_of_the_rows(tmp_path: Path, spoiled: Table, suffix: str) -> None:
    path = written(tmp_path, spoiled)
    if suffix == ".parquet":
        path = as_parquet(spoiled, tmp_path / "a.parquet")
    survey, found = both(path)
    (known,) = Moments.from_data(survey.items(ITEMS), ITEMS).complete().groups
    (group,) = found.groups
    assert (found.n_read, group.n) == (300, known.n) and 250 < known.n < 290
    assert known.mean is not None
    np.testing.assert_allclose(group.mean, known.mean, rtol=1e-13)
    np.testing.assert_allclose(group.cov, known.cov, rtol=1e-11, atol=1e-13)
    assert group.answered == survey.n_used


def test_groups_and_levels_equal_filtered_rows(tmp_path: Path, spoiled: Table) -> None:
    path = written(tmp_path, spoiled)
    survey, found = both(path, group="channel", levels={"wave": ("2",)})
    part = survey.filter(wave="2")
    assert [g.label for g in found.groups] == ["web", "app"] == list(part.levels("channel"))
    labels = np.array(part.labels("channel"), dtype=object)
    for group in found.groups:
        rows = part.items(ITEMS)[labels == group.label]
        (known,) = Moments.from_data(rows, ITEMS).complete().groups
        np.testing.assert_allclose(group.cov, known.cov, rtol=1e-11, atol=1e-13)
        assert (group.n, group.answered) == (known.n, len(rows))
    whole = both(path, group="channel")[1]
    assert (whole.without_group, whole.filtered, found.filtered) == (1, 0, 150)


def test_patterns_equal_those_of_the_rows(tmp_path: Path, spoiled: Table) -> None:
    survey, found = both(written(tmp_path, spoiled), patterns=True)
    rows = survey.items(ITEMS)
    known = patterns(rows[~np.isnan(rows).all(axis=1)])
    stats = found.groups[0].patterns
    assert stats is not None and len(stats.count) == len(known.share) > 4
    ours = {mask.tobytes(): i for i, mask in enumerate(stats.mask)}
    at = [ours[mask.astype(bool).tobytes()] for mask in known.mask]
    np.testing.assert_allclose(stats.count[at] / stats.count.sum(), known.share, rtol=1e-14)
    np.testing.assert_allclose(stats.mean[at], known.mean, rtol=1e-13)
    np.testing.assert_allclose(stats.cov[at], known.cov, rtol=1e-10, atol=1e-12)


def test_tables_give_the_polychorics_of_the_rows(tmp_path: Path, spoiled: Table) -> None:
    survey, found = both(written(tmp_path, spoiled), tables=True)
    rows = survey.items(ITEMS)
    known = ordinal_moments(rows, ITEMS, ITEMS)
    tables = found.groups[0].tables
    assert tables is not None
    whole = rows[~np.isnan(rows).any(axis=1)].astype(int)
    brute = np.zeros((7, 7))
    np.add.at(brute, (whole[:, 2] - 1, whole[:, 4] - 1), 1)
    np.testing.assert_array_equal(tables[2, :, 4, :], brute)
    tabled = Tabled.of(tables, ITEMS, found.lowest)
    for ours, theirs in zip(tabled.thresholds, known.thresholds, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    np.testing.assert_allclose(tabled.matrix, known.correlation, atol=1e-9)
    assert found.categories("q3") == known.categories[2]


def test_second_pass_gives_the_complete_rows(tmp_path: Path, spoiled: Table) -> None:
    path = written(tmp_path, spoiled)
    survey, _ = both(path)
    rows = survey.items(ITEMS)
    labels = np.array(survey.labels("channel"), dtype=object)
    whole = ~np.isnan(rows).any(axis=1)
    again = list(complete_rows(path, load_codebook(tmp_path), ITEMS, group="channel"))
    assert len(again) > 4
    for level in ("web", "app"):
        found = np.concatenate([part for name, part in again if name == level])
        np.testing.assert_array_equal(found, rows[whole & (labels == level)])


def test_merging_keeps_digits_far_from_zero() -> None:
    random = np.random.default_rng(3)
    rows = 1e9 + random.standard_normal((10_000, 3))
    sums = Centred.empty(3)
    for start in range(0, len(rows), 999):
        sums.add(rows[start : start + 999])
    centred = rows - rows.mean(axis=0)
    np.testing.assert_allclose(sums.cov, centred.T @ centred / len(rows), atol=1e-6)


def test_accumulators_do_not_depend_on_the_batches() -> None:
    random = np.random.default_rng(4)
    rows = random.integers(1, 6, (500, 4)).astype(float)
    rows[random.random(rows.shape) < 0.15] = np.nan
    whole, parts = ByPattern(4), ByPattern(4)
    whole.add(rows)
    for start in range(0, 500, 61):
        parts.add(rows[start : start + 61])
    masks, stats = whole.sorted()
    again, others = parts.sorted()
    np.testing.assert_array_equal(masks, again)
    for one, other in zip(stats, others, strict=True):
        assert one.n == other.n
        np.testing.assert_allclose(one.products, other.products, atol=1e-11)


def test_tables_skip_items_without_categories() -> None:
    tables = CrossTables.empty(np.array([1.0, 0.0, 1.0]), np.array([2, 0, 3]))
    tables.add(np.array([[1.0, 0.3, 3.0], [2.0, 0.7, 3.0], [2.0, 0.1, 1.0]]))
    np.testing.assert_array_equal(tables.counts[0, :2, 2], [[0, 0, 1], [1, 0, 1]])
    assert not tables.counts[1].any()


def test_separators_and_encodings_are_those_of_whole_files(tmp_path: Path, spoiled: Table) -> None:
    path = written(tmp_path, spoiled)
    known = both(path)[1].groups[0]
    text = spoiled.text(";")
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("gb18030")):
        path.write_bytes(raw)
        survey, found = both(path)
        np.testing.assert_allclose(found.groups[0].cov, known.cov, rtol=1e-12)
        assert survey.n_used == found.groups[0].answered


@pytest.mark.parametrize(
    ("cell", "code"), [("8", "out_of_range"), ("77", "undeclared_code"), ("two", "cell_text")]
)
def test_impossible_answers_are_named_with_their_rows(
    tmp_path: Path, spoiled: Table, cell: str, code: str
) -> None:
    path = written(tmp_path, spoiled.set("q2", cell, row=250).set("q2", cell, row=252))
    with pytest.raises(InputError) as caught:
        stream(path, load_codebook(tmp_path), ITEMS)
    with pytest.raises(InputError) as whole:
        read_survey(path, load_codebook(tmp_path))
    assert [m.code for m in caught.value.messages] == [f"data.{code}"]
    assert caught.value.text() == whole.value.text()


def refusal(path: Path, items: tuple[str, ...] = ITEMS, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        stream(path, load_codebook(path.parent), items, **options)  # type: ignore[arg-type]
    assert all(m.text("zh") for m in caught.value.messages)
    return caught.value.messages[0].code


def test_other_refusals(tmp_path: Path, spoiled: Table) -> None:
    path = written(tmp_path, spoiled)
    assert refusal(path, ("q1", "q9")) == "data.unknown_name"
    assert refusal(path, group="brand") == "data.unknown_name"
    assert refusal(tmp_path / "none.csv") == "data.file_unreadable"
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    assert refusal(tmp_path / "a.xlsx") == "streaming.suffix"
    short = spoiled.text() + "1,2\n"
    path.write_text(short, encoding="utf-8")
    assert refusal(path) == "streaming.broken"
    written(tmp_path, good_table(60).fill("q2", ["4"] * 60), CODEBOOK)
    assert refusal(path) == "data.constant_item"
    path.write_text("q1,q2\n", encoding="utf-8")
    assert refusal(path) == "data.column_missing"
    path.write_text(",".join(ITEMS) + "\n", encoding="utf-8")
    assert refusal(path) == "data.no_rows"
    path.write_text(",".join(ITEMS) + "\n" + ",,,,,\n" * 3, encoding="utf-8")
    assert refusal(path) == "data.nobody_answered"


def test_unknown_levels_are_refused(tmp_path: Path, spoiled: Table) -> None:
    path = written(tmp_path, spoiled.set("channel", "telephone", row=100))
    assert refusal(path, group="channel") == "data.level_unknown"


def test_ids_that_come_twice_in_a_wave_are_refused(tmp_path: Path, spoiled: Table) -> None:
    codebook = CODEBOOK + EXTRA + '[roles]\nid = "person"\n'
    spoiled.fill("person", [str(1 + i % 150) for i in range(300)])
    path = written(tmp_path, spoiled, codebook)
    assert both(path)[1].n_read == 300  # once in each wave
    spoiled.set("person", "7", row=99)
    path = written(tmp_path, spoiled, codebook)
    assert refusal(path) == "streaming.ids"
    with pytest.raises(InputError, match="come"):
        stream(path, load_codebook(tmp_path), ITEMS)


def test_too_many_patterns_are_refused(
    tmp_path: Path, spoiled: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.data.streaming.MOST_PATTERNS", 3)
    path = written(tmp_path, spoiled)
    assert refusal(path, patterns=True) == "streaming.patterns"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(root: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); from streaming import measure\n"
        "print([round(measure(n, 24)[0].peak_mib) for n in (400_000, 1_600_000)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True
    )
    few, many = eval(done.stdout)
    assert many < 1024 and many - few < 150
