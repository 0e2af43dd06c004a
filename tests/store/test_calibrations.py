"""The file of calibrations: whole or as before, ignored where it is of no use, naming nobody."""

from __future__ import annotations

import getpass
import json
import platform
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from wattmark.errors import WattmarkError
from wattmark.store.calibrations import (
    Calibration,
    Identity,
    default_path,
    keep,
    machine_id,
    read_calibrations,
)

IDENTITY = Identity(machine="0123456789ab", sensor="nvml:gpu0", source="NVML", driver="580.1")
ENTRY = Calibration(
    identity=IDENTITY, probed_at="2026-11-21T03:00:00+00:00", probes=({"channel": "energy"},)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "wattmark" / "calibrations.json"


def test_no_file_is_nothing_known(path: Path) -> None:
    known = read_calibrations(path)
    assert known.entries == ()
    assert known.doubts == ()


def test_what_is_kept_is_read_again(path: Path) -> None:
    entry = replace(ENTRY, against={"gain": {"value": 1.1}}, foreign_cpus=0.5)
    assert keep(entry, path) == path
    assert read_calibrations(path).entries == (entry,)
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".tmp"] == []


def test_the_latest_of_a_sensor_replaces_it_and_others_stay(path: Path) -> None:
    other = replace(ENTRY, identity=replace(IDENTITY, sensor="nvml:gpu1"))
    elsewhere = replace(ENTRY, identity=replace(IDENTITY, machine="ba9876543210"))
    for entry in (ENTRY, other, elsewhere):
        keep(entry, path)
    later = replace(ENTRY, identity=replace(IDENTITY, driver="590.2"), probed_at="2027")
    keep(later, path)
    assert read_calibrations(path).entries == (other, elsewhere, later)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"schema_version": 99, "calibrations": []}',
        '{"schema_version": 1}',
        '{"schema_version": 1, "calibrations": [{}]}',
        '{"schema_version": 1, "calibrations": [{"identity": {"machine": "x"}}]}',
        '{"schema_version": 1, "calibrations": 5}',
    ],
)
def test_a_bad_file_is_told_and_ignored_and_put_aside(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    known = read_calibrations(path)
    assert known.entries == ()
    (doubt,) = known.doubts
    assert str(path) in doubt.message
    assert "calibrate" in doubt.hint
    keep(ENTRY, path)
    assert read_calibrations(path).entries == (ENTRY,)
    assert path.with_suffix(".bad").read_text() == text


def test_bytes_that_are_no_text_are_a_bad_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\x00")
    assert len(read_calibrations(path).doubts) == 1


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WattmarkError, match="XDG_STATE_HOME"):
        keep(ENTRY, tmp_path / "file" / "wattmark" / "calibrations.json")


def test_writers_at_once_lose_nothing(path: Path) -> None:
    entries = [replace(ENTRY, identity=replace(IDENTITY, sensor=f"nvml:gpu{k}")) for k in range(12)]
    threads = [threading.Thread(target=keep, args=(entry, path)) for entry in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sensors = {entry.identity.sensor for entry in read_calibrations(path).entries}
    assert sensors == {f"nvml:gpu{k}" for k in range(12)}


def test_the_place_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "wattmark" / "calibrations.json"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unusable in ("", "relative/path"):
        monkeypatch.setenv("XDG_STATE_HOME", unusable)
        expected = tmp_path / "home" / ".local" / "state" / "wattmark" / "calibrations.json"
        assert default_path() == expected


def test_the_machine_is_a_hash_that_lasts_and_names_nobody(tmp_path: Path, path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    second.write_text("00000000000000000000000000000000\n")
    assert machine_id([first]) == machine_id([tmp_path / "missing", first])
    assert machine_id([first]) != machine_id([second])
    assert len(machine_id([first])) == 12
    assert "3d1219" not in machine_id([first])
    # Where there is none: still the same each time.
    assert machine_id([]) == machine_id([tmp_path / "missing"])
    keep(replace(ENTRY, identity=replace(IDENTITY, machine=machine_id())), path)
    text = path.read_text()
    assert json.dumps(platform.node()) not in text
    assert json.dumps(getpass.getuser()) not in text
