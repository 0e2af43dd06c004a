"""The run directory: what goes in comes out, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import failure, info, new, record, samples

from wattmark.errors import RunDirectoryError
from wattmark.schema import SCHEMA_VERSION
from wattmark.store.columns import NEVER_NULL, TABLES, arrow_schema
from wattmark.store.reader import open_run
from wattmark.store.rows import rows
from wattmark.store.rundir import RunDirectory

CLOSED = [
    *("energy.parquet", "queries.parquet", "run.json", "spans.parquet"),
    *("trace.parquet", "trials.parquet"),
]
Tables = dict[str, list[dict[str, Any]]]


def tables(path: Path) -> Tables:
    run = open_run(path)
    content = {name: getattr(run, name) for name in TABLES}
    for name, table in content.items():
        assert table.schema.names == arrow_schema(name).names
        assert table.schema.types == arrow_schema(name).types
    return {name: table.to_pylist() for name, table in content.items()}


def test_what_goes_in_comes_out_live_closed_reopened_and_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.write(record(1, zero=True))
    directory.write_samples(samples())
    live = tables(path)
    assert [len(live[name]) for name in TABLES] == [2, 2, 6, 2, 4]
    directory.finish()
    assert sorted(item.name for item in path.iterdir()) == CLOSED
    assert tables(path) == live
    again = RunDirectory.reopen(path)
    assert tables(path) == live
    assert again.done() == {(record().trial.key, 0): ("ok", 1), (record().trial.key, 1): ("ok", 1)}
    again.finish()
    assert tables(path) == live
    assert open_run(path).info["status"] == "complete"
    assert sorted(item.name for item in path.iterdir()) == CLOSED


def test_none_stays_none_and_zero_stays_zero(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.write(record(1, zero=True))
    directory.write_samples(samples(1))
    directory.finish()
    content = tables(path)
    none, zero = content["trials"]
    for name in ("energy_j", "foreign_cpu", "ram_peak_bytes", "parameters"):
        assert none[name] is None
        assert zero[name] == 0
        assert zero[name] is not None
    none, zero = content["queries"]
    assert (none["energy_j"], none["confidence"]) == (None, None)
    assert (zero["energy_j"], zero["confidence"]) == (0.0, 0.0)
    assert (content["energy"][0]["energy_j"], content["energy"][1]["energy_j"]) == (None, 0.0)
    good, fault = content["trace"]
    assert (good["energy_j"], good["fault"]) == (0.0, None)
    assert (fault["energy_j"], fault["fault"]) == (None, "gone")
    assert content["queries"][0]["correct"] is True


NASTY = (
    "\x00 a\x00b",
    "\x1b[31m\r\n\t\x7f\x85\u2028\ufeff",
    "<script>alert('x')</script>&amp;",
    "\ufffe\uffff 😀 é e\u0301",
    "x" * 1_000_000,
    "",
)


@pytest.mark.parametrize("text", NASTY)
def test_any_text_survives(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0, text))
    assert tables(path)["queries"][0]["response"] == text
    directory.finish()
    RunDirectory.reopen(path).finish()
    assert tables(path)["queries"][0]["response"] == text


@given(st.text(st.characters(categories=("Cs", "Ll", "Cc")), max_size=12))
def test_half_a_character_becomes_a_replacement_and_nothing_else_changes(text: str) -> None:
    stored = rows(record(0, text))["queries"][0]["response"]
    stored.encode()
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in whole)
    assert stored == expected


def test_a_lone_surrogate_does_not_end_the_run(tmp_path: Path) -> None:
    directory = new(tmp_path / "run")
    directory.write(record(0, "a\ud800b"))
    directory.note(label="\udcff")
    directory.finish()
    assert tables(tmp_path / "run")["queries"][0]["response"] == "a\ufffdb"
    assert open_run(tmp_path / "run").info["label"] == "\udcff"


def test_a_second_attempt_replaces_the_first(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(failure(0))
    directory.write(record(1))
    directory.finish()
    directory = RunDirectory.reopen(path)
    directory.write(record(0, attempt=2))
    directory.finish()
    content = tables(path)
    found = {(r["replicate"], r["status"], r["attempt"]) for r in content["trials"]}
    assert found == {(0, "ok", 2), (1, "ok", 1)}
    assert len(content["queries"]) == 2


def test_the_columns_that_are_never_null_never_are(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(failure(0))
    directory.write(record(1))
    directory.write_samples(samples())
    for table, content in tables(path).items():
        for row in content:
            null = {name for name, value in row.items() if value is None}
            assert not null & NEVER_NULL[table]
    directory.leave()


@pytest.mark.parametrize("lost", [1, 7, 64, 300])
def test_a_trace_that_was_cut_off_keeps_what_came_before(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "run"
    directory = new(path)
    for start in range(5):
        directory.write_samples(samples(2, start * 100_000))
    directory.leave()
    whole = tables(path)["trace"]
    trace = path / "trace.arrows"
    trace.write_bytes(trace.read_bytes()[: -8 - lost])  # the stream's end mark is 8 bytes
    kept = tables(path)["trace"]
    assert kept == whole[:12]
    directory = RunDirectory.reopen(path)
    directory.write_samples(samples(1, 900_000))
    directory.finish()
    assert tables(path)["trace"][:12] == kept
    assert len(tables(path)["trace"]) == 14


def test_a_trace_of_rubbish_or_none_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "run"
    new(path).leave()
    for rubbish in (b"", b"\xff" * 100, b"ARROW1"):
        (path / "trace.arrows").write_bytes(rubbish)
        assert tables(path)["trace"] == []
    (path / "trace.arrows").unlink()
    assert tables(path)["trace"] == []
    RunDirectory.reopen(path).finish()


STEPS = """
import os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from records import new, record, samples
from wattmark.store import files, rundir
path, at = Path({path!r}), {at}
left = [at]
def counted(function):
    def call(*words, **more):
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
        return function(*words, **more)
    return call
directory = rundir.RunDirectory.reopen(path) if path.exists() else new(path)
if not directory.done():
    directory.write(record(0)); directory.write(record(1)); directory.write_samples(samples())
for name in ("fsync", "open"):
    setattr(os, name, counted(getattr(os, name)))
Path.replace, Path.unlink = counted(Path.replace), counted(Path.unlink)
directory.finish()
"""


def test_closing_may_be_cut_off_at_every_step(tmp_path: Path) -> None:
    """The process ends without a word before each step that touches a file, one after another."""
    reference = new(tmp_path / "reference")
    reference.write(record(0))
    reference.write(record(1))
    reference.write_samples(samples())
    reference.finish()
    expected = tables(tmp_path / "reference")
    path = tmp_path / "run"
    for at in range(1, 60):
        shutil.rmtree(path, ignore_errors=True)
        code = STEPS.format(here=str(Path(__file__).parent), path=str(path), at=at)
        pid = os.fork()
        if pid == 0:
            try:
                exec(compile(code, "steps", "exec"), {})  # a fork: quicker than an interpreter
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert tables(path) == expected, f"after step {at}"
        if os.waitstatus_to_exitcode(status) == 0:
            assert at > 15
            break
        again = RunDirectory.reopen(path)
        assert tables(path) == expected
        again.finish()
        assert tables(path) == expected
        assert sorted(item.name for item in path.iterdir()) == CLOSED
    else:
        raise AssertionError("closing never ended")


def test_a_live_file_that_was_only_begun_is_an_empty_run(tmp_path: Path) -> None:
    path = tmp_path / "run"
    new(path).leave()
    for name in ("live.db", "live.db-wal", "live.db-shm"):
        (path / name).unlink(missing_ok=True)
    (path / "live.db").touch()
    assert tables(path) == {name: [] for name in TABLES}
    begun = sqlite3.connect(path / "live.db")
    begun.execute("PRAGMA journal_mode=WAL")
    assert tables(path)["spans"] == []
    begun.close()
    directory = RunDirectory.reopen(path)
    directory.write(record(0))
    directory.finish()
    assert len(tables(path)["trials"]) == 1


def test_leftovers_of_a_crash_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    (path / "run.json.tmp").write_text("{half")
    (path / "run.lock").write_text("")
    directory = new(path)
    directory.write(record(0))
    for name in ("trials.parquet.tmp", "trials.parquet", "trace.tmp"):
        (path / name).write_bytes(b"half")
    directory.leave()
    assert len(tables(path)["trials"]) == 1
    RunDirectory.reopen(path).finish()
    assert sorted(item.name for item in path.iterdir()) == CLOSED
    assert len(tables(path)["trials"]) == 1


def test_a_run_that_is_closed_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.write_samples(samples())
    reader = open_run(path)
    assert reader.info["status"] == "running"
    directory.finish()
    assert len(reader.trials) == 1
    assert len(reader.trace) == 4


def test_a_newer_schema_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "run"
    new(path).finish()
    stored = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(stored | {"schema_version": SCHEMA_VERSION + 1}))
    for act in (open_run, RunDirectory.reopen):
        with pytest.raises(RunDirectoryError, match=f"version {SCHEMA_VERSION + 1}.*newer"):
            act(path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"status": "complete"}', '{"schema_version": "new"}', "\xff"]
)
def test_a_damaged_run_json_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RunDirectoryError, match=r"run\.json"):
        open_run(tmp_path)


def test_damaged_tables_are_said(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.finish()
    parquet = path / "trials.parquet"
    content = parquet.read_bytes()
    for damage in (b"", content[:100], content[: len(content) // 2], b"\0" * len(content)):
        parquet.write_bytes(damage)
        with pytest.raises(RunDirectoryError, match=r"trials\.parquet") as caught:
            _ = open_run(path).trials
        assert "copy" in str(caught.value)
    parquet.unlink()
    with pytest.raises(RunDirectoryError, match=r"trials\.parquet"):
        _ = open_run(path).trials
    table = pq.read_table(path / "spans.parquet")
    pq.write_table(table.drop_columns(["tokens"]), path / "spans.parquet")
    with pytest.raises(RunDirectoryError, match="tokens"):
        _ = open_run(path).spans


def test_a_damaged_live_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    directory.write(record(0))
    directory.leave()
    (path / "live.db").write_bytes(b"no database at all, but long enough to be one" * 100)
    with pytest.raises(RunDirectoryError, match=r"live\.db.*copy"):
        _ = open_run(path).trials


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run"
    directory = new(path)
    with pytest.raises(RunDirectoryError, match="Another run is writing"):
        RunDirectory.reopen(path)
    with pytest.raises(RunDirectoryError, match="Another run is writing"):
        RunDirectory.create(path, info(), overwrite=True)
    directory.leave()
    RunDirectory.reopen(path).finish()


def test_an_overwrite_takes_what_a_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run"
    new(path).finish()
    (path / "charts").mkdir()
    (path / "charts" / "cost.png").write_bytes(b"")
    (path / "report.html").write_text("old")
    (path / "notes.md").write_text("mine")
    RunDirectory.create(path, info(), overwrite=True).finish()
    assert sorted(item.name for item in path.iterdir()) == sorted([*CLOSED, "notes.md"])


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A run on a file system of its own, which is full but for some bytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_is_full_when_the_run_closes(full: Path) -> None:
    path = full / "run"
    directory = new(path)
    directory.write(record(0))
    directory.write_samples(samples())
    before = tables(path)
    with (full / "filler").open("wb", 0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 512):
            pass
    with pytest.raises(RunDirectoryError, match="Free some space"):
        directory.finish()
    directory.leave()
    assert tables(path) == before
    (full / "filler").unlink()
    RunDirectory.reopen(path).finish()
    assert tables(path) == before


def test_the_store_reaches_no_engine() -> None:
    code = (
        "import sys, wattmark.store.reader; "
        "print([m for m in ('torch', 'transformers', 'pynvml', 'wattmark.runner.run') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sqlite_and_parquet_have_the_same_columns(tmp_path: Path) -> None:
    path = tmp_path / "run"
    new(path).leave()
    database = sqlite3.connect(path / "live.db")
    for table in ("trials", "queries", "spans", "energy"):
        names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        assert names == arrow_schema(table).names
    database.close()
