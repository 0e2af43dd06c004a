"""Long tables read in parts and trial by trial: the same rows as read whole, however they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import new, record

from wattmark.errors import RunDirectoryError
from wattmark.store import files, reader
from wattmark.store.columns import arrow_schema
from wattmark.store.reader import Run, open_run

KEYS = st.lists(st.sampled_from(["aa", "bb", "cc"]), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "closed"
    directory = new(path)
    directory.write(record())
    directory.finish()
    return path


@contextmanager
def long_tables() -> Iterator[None]:
    """As if these files were long: none is small, and three row groups are read together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "SMALL_BYTES", -1)
        patch.setattr(files, "PART_ROWS", 9)
        yield


def rewritten(folder: Path, keys: list[str], *, without: tuple[str, ...] = ()) -> Run:
    """Queries of these trials, in row groups of four; every fifth has no score."""
    (row,) = pq.read_table(folder / "queries.parquet").slice(0, 1).to_pylist()
    rows = [
        {**row, "trial_key": key, "position": at, "score": None if at % 5 == 4 else at / 30}
        for at, key in enumerate(keys)
    ]
    table = pa.Table.from_pylist(rows, schema=arrow_schema("queries"))
    pq.write_table(table.drop_columns(list(without)), folder / "queries.parquet", row_group_size=4)
    return open_run(folder)


@settings(deadline=None, max_examples=40)
@given(keys=KEYS, scored=st.booleans())
def test_rows_by_trial_are_those_of_the_whole_table(
    folder: Path, keys: list[str], scored: bool
) -> None:
    expected: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        if not scored or at % 5 != 4:
            expected.setdefault(key, []).append(at)
    where = pc.field("score").is_valid() if scored else None
    short = rewritten(folder, keys).by_trial("queries", ["position", "score"], where)
    with long_tables():
        run = open_run(folder)
        found = run.by_trial("queries", ["position", "score"], where)
        assert "queries" not in vars(run)
        some = run.by_trial("queries", ["position", "score"], where, {"bb"})
    for tables in (short, found):
        assert {key: table["position"].to_pylist() for key, table in tables.items()} == expected
        assert list(tables) == list(expected)
    assert list(some) == [key for key in expected if key == "bb"]


def test_parts_are_in_order_and_small(folder: Path) -> None:
    rewritten(folder, ["aa"] * 23)
    with long_tables():
        parts = list(open_run(folder).parts("queries", ["position"]))
    assert [part.num_rows for part in parts] == [12, 11]
    assert pa.concat_tables(parts)["position"].to_pylist() == list(range(23))


def test_a_column_that_came_later_is_there(folder: Path) -> None:
    rewritten(folder, ["aa", "bb"], without=("repetition",))
    with long_tables():
        where = pc.field("repetition") == 0
        found = open_run(folder).by_trial("queries", ["repetition", "query_id"], where)
    assert found["bb"].to_pylist() == [{"repetition": 0, "query_id": "q-1"}]


def test_damage_is_said_plainly(folder: Path) -> None:
    run = rewritten(folder, ["aa"] * 20)
    whole = (folder / "queries.parquet").read_bytes()
    with long_tables():
        (folder / "queries.parquet").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(RunDirectoryError, match="cannot be read"):
            run.by_trial("queries", ["position"])
        (folder / "queries.parquet").unlink()
        with pytest.raises(RunDirectoryError, match="damaged or missing"):
            list(run.parts("queries", ["position"]))
    (folder / "queries.parquet").write_bytes(whole)


def test_an_unfinished_run_has_parts_too(tmp_path: Path) -> None:
    directory = new(tmp_path / "live")
    directory.write(record())
    directory.write(record(1))
    directory.leave()
    (table,) = open_run(tmp_path / "live").by_trial("queries", ["replicate"]).values()
    assert table["replicate"].to_pylist() == [0, 1]


def test_what_was_computed_is_kept(folder: Path) -> None:
    run, calls = open_run(folder), []

    def compute() -> int:
        calls.append(1)
        return len(calls)

    assert [run.once("a", compute) for _ in range(3)] == [1, 1, 1]
    assert open_run(folder).once("a", compute) == 2
