"""Unfinished runs of a Wattmark with other columns: gone on with where that is right."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from records import new, record, samples

from wattmark.errors import RunDirectoryError
from wattmark.store.reader import open_run
from wattmark.store.rundir import RunDirectory


def begun(path: Path, *changes: str) -> Path:
    """An interrupted run whose live.db was altered to be another version's."""
    directory = new(path)
    directory.write(record(0))
    directory.write_samples(samples())
    directory.leave()
    live = sqlite3.connect(path / "live.db")
    with live:
        for change in changes:
            live.execute(change)
    live.close()
    return path


def test_a_run_from_before_a_column_that_older_runs_lack_goes_on(tmp_path: Path) -> None:
    drops = (
        "ALTER TABLE trials DROP COLUMN session",
        "ALTER TABLE trials DROP COLUMN repetitions",
        "ALTER TABLE queries DROP COLUMN repetition",
    )
    path = begun(tmp_path / "run", *drops)
    (shown,) = open_run(path).trials.to_pylist()
    assert (shown["session"], shown["repetitions"]) == (0, 1)
    assert {row["repetition"] for row in open_run(path).queries.to_pylist()} == {0}
    directory = RunDirectory.reopen(path)
    directory.write(record(1))
    directory.finish()
    old, fresh = open_run(path).trials.to_pylist()
    assert (old["replicate"], old["session"], old["repetitions"]) == (0, 0, 1)
    assert old["status"] == fresh["status"] == "ok"
    assert {**old, "replicate": 1, "block": 1, "run_order": 1} == fresh


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE trials DROP COLUMN energy_net_j", "table trials lacks energy_net_j"),
        ("ALTER TABLE energy ADD COLUMN water_l REAL", "table energy has water_l besides"),
    ],
)
def test_a_run_of_other_columns_is_refused_and_stays_as_it_was(
    tmp_path: Path, change: str, said: str
) -> None:
    path = begun(tmp_path / "run", change)
    before = (path / "run.json").read_text()
    with pytest.raises(RunDirectoryError, match=said) as caught:
        RunDirectory.reopen(path)
    assert "wattmark_version" in str(caught.value.hint)
    assert (path / "run.json").read_text() == before
    assert json.loads(before)["status"] == "interrupted"


def test_a_column_that_is_lacking_is_never_read_as_its_own_name(tmp_path: Path) -> None:
    """SQLite takes a quoted name that is no column for a text."""
    path = begun(tmp_path / "run", "ALTER TABLE trials DROP COLUMN error")
    with pytest.raises(RunDirectoryError, match="lacks error"):
        _ = open_run(path).trials
