"""Ctrl-C and a polite kill: exit 130, what is finished is kept, and the way on is said."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import QUICK, SIMULATED, family, left_over, resume, start

from wattmark.store.live import LiveStore
from wattmark.store.reader import open_run

ENDLESS = ["run", "--model", "fake:step_s=0.001", "--limit", "2", "--replicates", "500"]


def wait_for(run: subprocess.Popen[str], out: Path, replicates: int) -> int:
    while run.poll() is None:
        if (out / "live.db").exists() and (out / "trace.arrows").exists():
            live = LiveStore(out / "live.db", read_only=True)
            count = len(live.done())
            live.close()
            if count >= replicates:
                return count
        time.sleep(0.02)
    raise AssertionError(run.communicate())


@pytest.mark.parametrize(
    ("number", "group"),
    [
        (signal.SIGINT, False),
        (signal.SIGINT, True),
        (signal.SIGTERM, False),
        (signal.SIGHUP, False),
    ],
)
def test_an_interrupt_keeps_what_is_finished(
    tmp_path: Path, number: signal.Signals, group: bool
) -> None:
    out = tmp_path / "a run"
    run = start(*ENDLESS, *QUICK, *SIMULATED, "--out", out, group=True)
    done = wait_for(run, out, 3)
    while not (relatives := family(run.pid)) and run.poll() is None:
        time.sleep(0.005)  # between two blocks there is no server
    assert relatives
    os.killpg(run.pid, number) if group else run.send_signal(number)
    printed, said = run.communicate(timeout=120)
    assert run.returncode == 130
    assert printed == ""
    assert "Traceback" not in said
    assert f"wattmark run --resume {shlex.quote(str(out))}" in said
    kept = open_run(out)
    assert kept.info["status"] == "interrupted"
    assert len(kept.trials) >= done
    assert f"{len(kept.trials)} replicates kept" in said
    assert len(kept.trace) > 0
    assert not left_over(relatives)


def test_pressing_twice_loses_no_more(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = start(*ENDLESS, *QUICK, *SIMULATED, "--out", out)
    done = wait_for(run, out, 2)
    for _ in range(5):
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
            time.sleep(0.01)
    _, said = run.communicate(timeout=120)
    assert "Traceback" not in said
    assert run.returncode in (130, -signal.SIGINT)
    assert open_run(out).info["status"] == "interrupted"
    assert len(open_run(out).trials) >= done


def test_an_interrupt_before_anything_was_run_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = start(*ENDLESS, *QUICK, *SIMULATED, "--out", out)
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    assert run.returncode in (130, -signal.SIGINT)
    assert not out.exists()


def test_an_interrupted_run_is_completed(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["run", "--model", "fake:step_s=0.001", "--limit", "2", "--replicates", "6"]
    run = start(*words, *QUICK, *SIMULATED, "--out", out)
    wait_for(run, out, 2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    before = open_run(out).trials.to_pylist()
    assert resume(out).code == 0
    after = open_run(out)
    rows = after.trials.to_pylist()
    assert rows[: len(before)] == before
    assert sorted(row["replicate"] for row in rows) == list(range(6))
    assert len(after.info["resumed_at"]) == 1
    traced = after.trace["time_ns"].to_pylist()
    first = min(span["start_ns"] for span in after.spans.to_pylist())
    assert traced[0] <= first
    assert {row["energy_j"] is None for row in rows} == {False}
