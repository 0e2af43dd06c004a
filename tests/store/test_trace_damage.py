"""A trace that cannot be read is never lost: what can be read is kept, and the file beside it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from records import info, new, record, samples

from wattmark.errors import RunDirectoryError
from wattmark.schema import Span
from wattmark.store.columns import arrow_schema
from wattmark.store.reader import open_run
from wattmark.store.rundir import RunDirectory

BATCHES = 10
TRACE = "trace.arrows"


def times(path: Path) -> list[int]:
    return list(open_run(path).trace["time_ns"].to_pylist())


def left(path: Path) -> list[int]:
    """An interrupted run with a trace of ten batches; the stamps of its rows."""
    directory = new(path)
    directory.write(record(0))
    for batch in range(BATCHES):
        directory.write_samples(samples(99, batch * 1_000_000))
    directory.leave()
    return times(path)


@contextlib.contextmanager
def files_left(count: int) -> Iterator[None]:
    """All but `count` of the files that this process may open are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(held.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in held:
            os.close(number)


def test_too_many_open_files_is_said_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    whole = left(path)
    assert len(whole) == 1000
    said = 0
    for count in range(16):
        with files_left(count):
            try:
                directory = RunDirectory.reopen(path)
            except RunDirectoryError:
                said += 1
            else:
                directory.leave()
        assert times(path) == whole, f"with {count} files"
    assert 3 < said < 16
    assert sorted(path.glob("trace-damaged-*")) == []


def test_a_trace_that_the_system_does_not_give_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run"
    left(path)
    (path / TRACE).unlink()
    (path / TRACE).mkdir()
    with pytest.raises(RunDirectoryError, match=r"trace\.arrows"):
        RunDirectory.reopen(path)
    assert (path / TRACE).is_dir()


def test_damage_loses_the_batch_that_it_struck_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "run"
    whole = left(path)
    content = bytearray((path / TRACE).read_bytes())
    first = content.index(b"\xff\xff\xff\xff", 8)
    content[first + 16 : first + 48] = b"\0" * 32  # the metadata of the first batch
    (path / TRACE).write_bytes(content)
    directory = RunDirectory.reopen(path)
    assert times(path) == whole[100:]
    assert (path / "trace-damaged-1.arrows").read_bytes() == content
    (doubt,) = directory.doubts
    assert doubt.code == "trace-damaged"
    assert "trace-damaged-1.arrows" in doubt.message
    directory.write_samples(samples(1, 99_000_000))
    directory.finish()
    (noted,) = json.loads((path / "run.json").read_text())["trace_damaged"]
    assert noted["file"] == "trace-damaged-1.arrows"
    assert f"byte {first} " in noted["why"]
    assert (path / noted["file"]).read_bytes() == content
    assert len(times(path)) == 902
    again = RunDirectory.reopen(path)
    assert again.doubts == ()
    again.leave()
    RunDirectory.create(path, info(), overwrite=True).finish()
    assert not (path / noted["file"]).exists()


def test_damage_that_is_found_on_closing_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "run"
    left(path)
    directory = RunDirectory.reopen(path)
    content = bytearray((path / TRACE).read_bytes())
    content[len(content) // 2 :][:64] = b""
    middle = content.index(b"\xff\xff\xff\xff", len(content) // 2)
    content[middle : middle + 4] = b"\0\0\0\0"
    (path / TRACE).write_bytes(content)
    directory.finish()
    assert len(times(path)) == 900
    assert (path / "trace-damaged-1.arrows").exists()


def test_whatever_is_damaged_nothing_goes_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "run"
    whole = left(path)
    good = (path / TRACE).read_bytes()
    chance = random.Random(4)
    lost = 0
    for _ in range(60):
        content = bytearray(good)
        at = chance.randrange(len(good) - 8)
        length = chance.choice((1, 8, 64, 500))
        content[at : at + length] = chance.randbytes(min(length, len(good) - at))
        (path / TRACE).write_bytes(content)
        directory = RunDirectory.reopen(path)
        directory.leave()
        kept = len(times(path))
        aside = path / "trace-damaged-1.arrows"
        if kept < len(whole):
            lost += 1
            assert kept >= len(whole) - 200
            assert aside.read_bytes() == content
        aside.unlink(missing_ok=True)
    assert lost > 3


def test_a_second_damage_does_not_replace_the_first(tmp_path: Path) -> None:
    path = tmp_path / "run"
    left(path)
    for number in (1, 2):
        (path / TRACE).write_bytes(b"\xff" * (100 + number))
        RunDirectory.reopen(path).leave()
        assert (path / f"trace-damaged-{number}.arrows").stat().st_size == 100 + number
    assert len(open_run(path).info["trace_damaged"]) == 2


def test_rows_say_which_session_they_are_of(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write_samples(samples(1))
    directory.leave()
    directory = RunDirectory.reopen(path)
    directory.note(sessions=[{"session": 0}, {"session": 1}])
    assert directory.session == 1
    directory.write(replace(record(0), session=directory.session))
    directory.write_samples(samples(1))
    directory.finish()
    assert open_run(path).trace["session"].to_pylist() == [0, 0, 1, 1]
    assert open_run(path).trials["session"].to_pylist() == [1]


def test_tables_from_before_sessions_and_repetitions_are_read_as_one_each(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.write_samples(samples())
    directory.finish()
    before, queries = open_run(path).trials, open_run(path).queries
    added = {
        "trials": ["session", "repetitions"],
        "queries": ["repetition"],
        "trace": ["session"],
    }
    for table, columns in added.items():
        file = path / f"{table}.parquet"
        pq.write_table(pq.read_table(file).drop_columns(columns), file)
    assert open_run(path).trials == before
    assert open_run(path).queries == queries
    assert open_run(path).trace.schema == arrow_schema("trace")
    RunDirectory.reopen(path).finish()
    assert open_run(path).trials == before


def test_closing_a_long_run_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for replicates in (8, 32):
        path = tmp_path / str(replicates)
        directory = new(path)
        spans = tuple(Span("decode", i, i + 1, i, 7) for i in range(1_000))
        for replicate in range(replicates):
            directory.write(replace(record(replicate), spans=spans))
        tracemalloc.start()
        directory.finish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(open_run(path).spans) == replicates * 1_000
    assert peaks[1] < 1.5 * peaks[0], peaks
