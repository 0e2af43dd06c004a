"""`wattmark calibrate` as a user runs it: findings, what is kept, doctor, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import left_over, start, wattmark

SIMULATED = "simulated:shape=square,low=50,high=150,every=0.73,period=0.1,window=0.1,kind=power"
QUICK = ("--seconds", "8")


def stored(state: Path) -> list[dict[str, Any]]:
    path = state / "wattmark" / "calibrations.json"
    entries: list[dict[str, Any]] = json.loads(path.read_text())["calibrations"]
    return entries


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    done = wattmark("calibrate", "--dry-run", "--sensor", SIMULATED, XDG_STATE_HOME=str(tmp_path))
    assert done.code == 0
    assert f"CPU load on cpu:{min(os.sched_getaffinity(0))}" in done.out
    assert "no GPU" in done.out
    assert str(tmp_path) in done.out
    assert not list(tmp_path.iterdir())


def test_findings_are_printed_kept_and_shown_by_doctor(tmp_path: Path) -> None:
    state = str(tmp_path)
    before = wattmark("doctor", XDG_STATE_HOME=state)
    assert "not probed; see: wattmark calibrate" in before.out
    done = wattmark(
        "calibrate", "--sensor", "estimate", "--sensor", SIMULATED, *QUICK, XDG_STATE_HOME=state
    )
    assert done.code == 0, done.err
    assert "update period " in done.out
    assert "the model follows the load by definition" in done.out
    assert "not kept: nothing of this machine was read" in done.out
    assert "no GPU" in done.out
    assert "Kept for later runs" in done.err
    names = {entry["identity"]["sensor"] for entry in stored(tmp_path)}
    assert "estimate:dram" in names
    assert not any(name.startswith("simulated") for name in names)
    after = wattmark("doctor", XDG_STATE_HOME=state)
    assert "probed on " in after.out
    assert "full load" in after.out
    found = wattmark("doctor", "--json", XDG_STATE_HOME=state).json
    probed = {sensor["name"]: sensor["calibration"] for sensor in found["sensors"]}
    assert probed["estimate:dram"]["probes"][0]["idle_w"]["value"] > 0

    # Another machine's model, or a later table: what was found there does not count here.
    path = tmp_path / "wattmark" / "calibrations.json"
    path.write_text(path.read_text().replace('"source": "memory model', '"source": "other model'))
    other = wattmark("doctor", XDG_STATE_HOME=state)
    assert "from another source (other model" in other.out
    assert "not used" in other.out

    path.write_text("{")
    bad = wattmark("doctor", XDG_STATE_HOME=state)
    assert "! calibrations" in bad.out
    assert "is not used" in bad.out


def test_json_is_all_that_is_printed_also_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = wattmark(
        *("calibrate", "--json", "--sensor", "estimate", "--sensor", SIMULATED, *QUICK),
        XDG_STATE_HOME=str(tmp_path / "file"),
    )
    assert done.code == 1
    assert "XDG_STATE_HOME" in done.err
    sensors = {sensor["info"]["name"]: sensor for sensor in done.json["sensors"]}
    assert not any(sensor["kept"] for sensor in sensors.values())
    assert sensors["estimate:dram"]["probes"][0]["loaded_w"]["value"] > 0
    (probe,) = sensors["simulated:cpu"]["probes"]
    assert probe["update_period_s"]["value"] == pytest.approx(0.1, rel=0.05)
    assert probe["lag_s"] is None
    assert probe["reasons"]["lag_s"]
    assert done.json["no_gpu"] == "no GPU"
    assert done.json["path"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seconds", "1"), "too short"),
        (("--device", "tpu"), "Unknown device 'tpu'"),
        (("--reference", "plug:nowhere"), "is no sensor here"),
        (("--sensor", "none"), "No sensor can be read here"),
        (("--sensor", "simulatd:watts=1"), "Did you mean"),
    ],
)
def test_what_is_off_is_said_before_any_load(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = wattmark("calibrate", *words, XDG_STATE_HOME=str(tmp_path))
    assert done.code == 2
    assert said in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_it_no_busy_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    state = str(tmp_path)
    kept = tmp_path / "wattmark" / "calibrations.json"
    kept.parent.mkdir()
    kept.write_text('{"schema_version": 1, "calibrations": []}')
    run = start("calibrate", "--sensor", "estimate", *QUICK, XDG_STATE_HOME=state)
    busy: list[psutil.Process] = []
    while run.poll() is None and not any(p.cpu_times().user > 0.5 for p in busy):
        busy = [p for p in psutil.Process(run.pid).children() if p.is_running()]
        time.sleep(0.05)
    assert busy
    run.send_signal(number)
    _, said = run.communicate(timeout=120)
    assert not left_over(busy)
    assert kept.read_text() == '{"schema_version": 1, "calibrations": []}'
    if number != signal.SIGKILL:
        assert run.returncode == 130
        assert "Traceback" not in said
        assert "Interrupted. Nothing new was kept." in said
