"""Readings at the ends of windows: soon, not waited for, and cheap."""

import time
from dataclasses import replace

import pytest
from test_deferred import Counting
from test_meter import Blocking, Broken, until

from wattmark import EnergyMonitor
from wattmark.meter import line
from wattmark.meter import meter as meter_module
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


class Ticking(Broken):
    """A counter that ticks at each third reading, or never."""

    def __init__(self, period_s: float, *, ticks: bool) -> None:
        super().__init__()
        self.info = replace(self.info, kind="counter", update_period_s=period_s)
        self.ticks, self.reads = ticks, 0

    def read(self) -> Sample:
        self.reads += 1
        joules = float(self.reads // 3) if self.ticks else 7.0
        return Sample(self.info.name, time.monotonic_ns(), energy_j=joules)


def joules_of(sensor: Ticking) -> list[float | None]:
    """What is read to see a tick, after the meter's first reading."""
    with Meter([sensor], HOUR_S) as meter:
        meter.take()
        meter.read_tick()
        return [sample.energy_j for sample in meter.take()]


def test_a_quick_counter_is_read_until_it_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "QUICK_S", HOUR_S)
    assert joules_of(Ticking(HOUR_S, ticks=True)) == [0.0, 1.0]


def test_nobody_waits_for_one_that_stands_still_or_is_slow() -> None:
    assert set(joules_of(Ticking(0.002, ticks=False))) == {7.0}
    assert joules_of(Ticking(HOUR_S, ticks=True)) == [0.0]
