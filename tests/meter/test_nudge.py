"""Readings at the ends of windows: soon, not waited for, and cheap."""

import time

import pytest
from test_deferred import Counting
from test_meter import Blocking, Broken, until

from wattmark import EnergyMonitor
from wattmark.meter import line
from wattmark.meter.meter import Meter
from wattmark.monitor import windows
from wattmark.schema import Sample

HOUR_S = 3600.0


class Slow(Broken):
    """Counts its readings, and waits in each."""

    reads = 0

    def read(self) -> Sample:
        time.sleep(0.005)
        self.reads += 1
        return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)


def test_a_window_is_read_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "EDGES_APART_NS", 0)
    monkeypatch.setattr(line, "NUDGED_PART", 1e9)
    sensor = Counting()
    with EnergyMonitor(sensors=[sensor], sampling_interval=HOUR_S) as monitor:
        before = sensor.grabs
        with monitor.window("w"):
            until(lambda: sensor.grabs == before + 1)
        until(lambda: sensor.grabs == before + 2)


def test_windows_that_follow_closely_share_their_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "EDGES_APART_NS", int(HOUR_S * 1e9))
    nudges: list[int] = []
    session = windows.Session(lambda: nudges.append(1))
    owner = EnergyMonitor(sensors="none")
    owner.session = session
    for _ in range(100):
        with owner.window("w"):
            pass
    owner.session = None
    assert (len(session.ended), len(nudges)) == (100, 1)


def test_a_sensor_that_is_dear_to_read_is_not_read_more_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sensor = Slow()
    meter = Meter([sensor], HOUR_S)
    meter.start()
    for _ in range(4):
        meter.read_now()
    meter.nudge()
    until(lambda: sensor.reads == 6)
    monkeypatch.setattr(line, "NUDGED_PART", 1e-9)
    for _ in range(50):
        meter.nudge()
    meter.stop()
    assert sensor.reads == 7


def test_nobody_waits_for_a_sensor_that_hangs_and_nothing_piles_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "NUDGED_PART", 1e9)
    sensor = Blocking()
    meter = Meter([sensor], HOUR_S)
    sensor.let_go.set()
    meter.start()
    sensor.let_go.clear()
    sensor.entered.clear()
    meter.nudge()
    assert sensor.entered.wait(60)
    for _ in range(1000):
        meter.nudge()
    sensor.let_go.set()
    meter.stop()
    # At the start, the one that hung, one for all that came meanwhile, and at the end.
    assert 3 <= len(meter.take()) <= 4


def test_a_meter_at_rest_is_not_nudged() -> None:
    sensor = Slow()
    meter = Meter([sensor], HOUR_S)
    meter.nudge()
    meter.start()
    meter.stop()
    meter.nudge()
    assert sensor.reads == 2
