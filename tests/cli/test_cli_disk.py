"""A full disk, at the start and in the middle: what was finished survives, the way on is said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import fake, resume, wattmark

from wattmark.store.reader import open_run


def mount(folder: Path, size: str, *, again: bool = False) -> None:
    options = f"{'remount,' if again else ''}size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root only")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "400k")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_at_the_start(small: Path) -> None:
    (small / "filler").write_bytes(b"x" * 390_000)
    done = fake("fake", "--replicates", "1", out=small / "deep" / "run")
    assert done.code == 2
    assert "Free some space" in done.err
    assert [item.name for item in small.iterdir()] == ["filler"]
    (small / "run").mkdir()
    assert fake("fake", "--replicates", "1", out=small / "run").code == 2
    assert list((small / "run").iterdir()) == []


def test_a_disk_that_fills_up_in_the_middle(small: Path) -> None:
    out = small / "run"
    words = ["--replicates", "12", "--limit", "40"]
    done = fake("fake:tokens=60", *words, out=out)
    assert done.code == 1, done.err
    assert "The run has stopped" in done.err
    assert "Free some space" in done.err
    assert f"wattmark run --resume {out}" in done.err
    kept = open_run(out).trials.to_pylist()
    assert 0 < len(kept) < 12
    assert f"{len(kept)} replicates are kept" in done.err
    assert {row["status"] for row in kept} == {"ok"}
    assert wattmark("show", out, "--json").code == 0
    still_full = resume(out)
    assert still_full.code in (1, 2)
    assert "Free some space" in still_full.err
    assert open_run(out).trials.to_pylist()[: len(kept)] == kept
    mount(small, "50m", again=True)
    assert resume(out).code == 0
    rows = open_run(out).trials.to_pylist()
    assert rows[: len(kept)] == kept
    assert sorted(row["replicate"] for row in rows) == list(range(12))
    assert len(open_run(out).queries) == 12 * 40


def test_no_room_for_temporary_files_is_no_reason_to_stop(small: Path, tmp_path: Path) -> None:
    (small / "filler").write_bytes(b"x" * 409_600)
    done = fake(
        *("fake", "--replicates", "1", "--limit", "2"), out=tmp_path / "run", TMPDIR=str(small)
    )
    assert done.code == 0, done.err
