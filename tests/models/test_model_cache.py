from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wattmark.models.cache import Cache, CacheError, cache_folder

KEY = {"model": "abc", "engine": "e", "precision": "fp32"}


def _write(folder: Path) -> None:
    (folder / "deeper").mkdir()
    (folder / "deeper" / "graph").write_text("whole", encoding="utf-8")


def test_it_is_built_once(tmp_path: Path) -> None:
    cache = Cache("exports", tmp_path / "exports")
    folder, seconds = cache.folder("m", KEY, _write)
    assert seconds is not None
    assert seconds >= 0
    assert (folder / "deeper" / "graph").read_text(encoding="utf-8") == "whole"
    again, none = cache.folder("m", dict(reversed(KEY.items())), _must_not)
    assert (again, none) == (folder, None)
    other, seconds = cache.folder("m", KEY | {"precision": "int4-wo"}, _write)
    assert other != folder
    assert seconds is not None


def _must_not(folder: Path) -> None:
    raise AssertionError("built again")


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        _write(folder)
        raise OSError(5, "the model cannot be read")

    with pytest.raises(OSError, match="the model cannot be read") as seen:
        Cache("exports", tmp_path).folder("m", KEY, fail)
    assert not isinstance(seen.value, CacheError)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert Cache("exports", tmp_path).folder("m", KEY, _write)[1] is not None


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        _write(folder)
        Path("/dev/full").write_text("x", encoding="utf-8")

    with pytest.raises(CacheError, match=r"is full: what is made there of 'm'.*XDG_CACHE_HOME"):
        Cache("exports", tmp_path).folder("m", KEY, fill)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_full_disk_is_known_by_a_library_s_words(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        raise RuntimeError("save failed: No space left on device")

    with pytest.raises(CacheError, match="is full"):
        Cache("exports", tmp_path).folder("m", KEY, fill)


def test_what_lost_a_file_is_built_again(tmp_path: Path) -> None:
    cache = Cache("exports", tmp_path)
    folder, _ = cache.folder("m", KEY, _write)
    (folder / "deeper" / "graph").write_text("cut", encoding="utf-8")
    again, seconds = cache.folder("m", KEY, _write)
    assert (again / "deeper" / "graph").read_text(encoding="utf-8") == "whole"
    assert seconds is not None
    (folder.parent / "made.json").write_text("{", encoding="utf-8")
    assert cache.folder("m", KEY, _write)[1] is not None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CacheError, match=r"'m' cannot be kept in .*XDG_CACHE_HOME"):
        Cache("exports", tmp_path / "file" / "exports").folder("m", KEY, _write)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("exports") == tmp_path / "wattmark" / "exports"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder("exports") == Path.home() / ".cache" / "wattmark" / "exports"
    assert Cache("exports").root == cache_folder("exports")


_BUILDER = """
import sys, time
from pathlib import Path
from wattmark.models.cache import Cache

def build(folder):
    with (Path(sys.argv[1]) / 'log').open('a') as log:
        log.write('built\\n')
    (folder / 'half').write_text('half')
    time.sleep(float(sys.argv[2]))

print(Cache("exports", Path(sys.argv[1]) / 'exports').folder("m", {'model': 'm'}, build)[1] is None)
"""


def _start(root: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _BUILDER, str(root), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    processes = [_start(tmp_path, 0.5) for _ in range(3)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert said == ["False", "True", "True"]
    assert (tmp_path / "log").read_text(encoding="utf-8") == "built\n"


def test_what_a_killed_build_left_is_removed_and_never_used(tmp_path: Path) -> None:
    with _start(tmp_path, 60) as process:
        while not list((tmp_path / "exports").glob("*.part-*/model/half")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    cache = Cache("exports", tmp_path / "exports")
    cache.folder("m", {"model": "another"}, _write)
    assert not list(cache.root.glob("*.part-*"))
    folder, seconds = cache.folder("m", {"model": "m"}, _write)
    assert seconds is not None
    assert [path.name for path in folder.iterdir()] == ["deeper"]


def test_what_it_was_made_of_is_listed(tmp_path: Path) -> None:
    folder, _ = Cache("exports", tmp_path).folder("m", KEY, _write)
    listed = json.loads((folder.parent / "made.json").read_text(encoding="utf-8"))
    assert listed["key"] == KEY
    assert listed["files"] == {"deeper/graph": 5}
