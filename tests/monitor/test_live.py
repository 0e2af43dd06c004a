"""Joules since the start against known power, in bounded memory; losses, faults, stale sensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wattmark.meter.shapes import Constant, Square
from wattmark.meter.simulated import SimulatedSensor
from wattmark.monitor.live import Live
from wattmark.monitor.tally import CONTEXT_READINGS, FOLD_READINGS, Tally
from wattmark.schema import LOST, Sample, SensorInfo
from wattmark.units import s_to_ns

COUNTER = SensorInfo(
    name="rapl:package-0", component="cpu", device="package-0", kind="counter", source="test",
    update_period_s=0.001, gain_uncertainty=0.05,
)  # fmt: skip
POWER = SensorInfo(
    name="nvml:gpu0", component="gpu", device="gpu0", kind="power", source="test",
    update_period_s=0.1, averaging_window_s=0.1,
)  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now_ns = 5_000_000_000

    def __call__(self) -> int:
        return self.now_ns


def watched(info: SensorInfo, power: object, seconds: float, every_s: float) -> Tally:
    """A tally after so many seconds of a simulated sensor."""
    clock = Clock()
    sensor = SimulatedSensor(info, power, clock)  # type: ignore[arg-type]  # a shape is given
    tally = Tally(info, every_s)
    for _ in range(round(seconds / every_s) + 1):
        tally.add(sensor.read())
        clock.now_ns += s_to_ns(every_s)
    return tally


@pytest.mark.parametrize("info", [COUNTER, POWER, replace(COUNTER, lag_s=0.2)])
def test_joules_since_the_start_are_within_their_interval(info: SensorInfo) -> None:
    tally = watched(info, Constant(40.0), seconds=3000, every_s=1.0)
    joules, why = tally.joules()
    assert why == ""
    assert joules.gross_j is not None
    assert joules.low_j is not None
    assert joules.high_j is not None
    assert joules.seconds == pytest.approx(3000)
    assert joules.low_j <= 40.0 * 3000 <= joules.high_j
    assert joules.gross_j == pytest.approx(40.0 * 3000, rel=0.002)
    assert joules.high_j - joules.low_j < 0.03 * joules.gross_j
    assert tally.counted_j == pytest.approx(40.0 * 3000, rel=0.002)
    assert tally.power_w == pytest.approx(40.0)


def test_folded_stretches_lose_nothing_of_a_load_that_comes_and_goes() -> None:
    shape = Square(low_w=10, high_w=90, every_s=7.0)
    tally = watched(COUNTER, shape, seconds=4 * FOLD_READINGS * 0.1, every_s=0.1)
    joules, _ = tally.joules()
    truth = shape.energy_j(4 * FOLD_READINGS * 0.1)
    assert joules.low_j is not None
    assert joules.high_j is not None
    assert joules.low_j <= truth <= joules.high_j
    assert joules.gross_j == pytest.approx(truth, rel=0.001)


def test_memory_stays_bounded_over_two_hundred_thousand_readings() -> None:
    live = Live([COUNTER], 0.1)
    most = 0
    for start in range(0, 200_000, 1000):
        live.add(
            Sample(COUNTER.name, k * 100_000_000, energy_j=k * 1.5)
            for k in range(start, start + 1000)
        )
        most = max(most, live._tallies[COUNTER.name].readings_kept)
    now = live.snapshot().sensors[0]
    assert most <= FOLD_READINGS + CONTEXT_READINGS
    assert len(now.history_w) == 3000
    assert now.joules.gross_j == pytest.approx(1.5 * 199_999, rel=1e-6)
    assert now.joules.seconds == pytest.approx(19_999.9)
    assert now.counted_j == pytest.approx(1.5 * 199_999)


def test_memory_stays_bounded_where_every_reading_fails() -> None:
    tally = Tally(COUNTER, 1.0)
    for k in range(5000):
        tally.add(Sample(COUNTER.name, k * 1_000_000_000, fault="gone"))
    assert tally.readings_kept <= FOLD_READINGS + CONTEXT_READINGS
    assert tally.faults == 5000
    assert tally.joules()[0].gross_j is None


def test_lost_joules_leave_no_figure_and_the_count_goes_on() -> None:
    tally = Tally(COUNTER, 1.0)
    for k in range(2000):
        lost = LOST + "the counter fell" if k == 1000 else None
        energy = None if lost else 10.0 * k
        tally.add(Sample(COUNTER.name, k * 1_000_000_000, energy_j=energy, fault=lost))
    joules, why = tally.joules()
    assert joules.gross_j is None
    assert why == "joules were lost"
    # What lies between the readings around the loss is not counted: 999 to 1001.
    assert tally.counted_j == pytest.approx(10.0 * 1997)
    assert tally.last_fault == LOST + "the counter fell"


def test_a_counter_that_falls_without_saying_so_has_lost_joules_too() -> None:
    tally = Tally(COUNTER, 1.0)
    for k in range(100):
        tally.add(Sample(COUNTER.name, k * 1_000_000_000, energy_j=10.0 * (k % 50)))
    assert tally.joules()[0].gross_j is None
    assert tally.counted_j == pytest.approx(10.0 * 98)


def test_a_reading_that_only_failed_loses_nothing() -> None:
    tally = Tally(COUNTER, 1.0)
    for k in range(20):
        bad = k in {7, 8}
        energy, fault = (None, "busy") if bad else (5.0 * k, None)
        tally.add(Sample(COUNTER.name, k * 1_000_000_000, energy_j=energy, fault=fault))
    assert tally.joules()[0].gross_j == pytest.approx(5.0 * 19, rel=0.01)
    assert tally.counted_j == pytest.approx(5.0 * 19)
    assert tally.faults == 2


def test_the_total_keeps_to_the_rule_of_components_that_may_be_summed() -> None:
    wall = replace(COUNTER, name="plug", component="wall", device="wall")
    model = replace(COUNTER, name="model", component="cpu", kind="estimate")
    clock = Clock()
    live = Live([COUNTER, POWER, wall, model], 1.0, clock)
    origin = clock.now_ns
    for k in range(11):
        clock.now_ns = origin + k * 1_000_000_000
        live.add(
            [
                Sample(COUNTER.name, clock.now_ns, energy_j=10.0 * k),
                Sample(POWER.name, clock.now_ns, power_w=100.0),
                Sample(wall.name, clock.now_ns, energy_j=500.0 * k),
                Sample(model.name, clock.now_ns, energy_j=33.0 * k),
                Sample("stranger", clock.now_ns, energy_j=1e9),
            ]
        )
    total = live.snapshot().total
    assert total.gross_j == pytest.approx(100.0 + 1000.0, rel=0.01)
    assert total.components == ("cpu", "gpu")
    assert total.provenance == "measured"


def test_a_sensor_that_stopped_answering_is_down_and_tells_no_power() -> None:
    clock = Clock()
    live = Live([COUNTER], 1.0, clock)
    for k in range(5):
        live.add([Sample(COUNTER.name, clock.now_ns, energy_j=10.0 * k)])
        clock.now_ns += 1_000_000_000
    assert live.snapshot().sensors[0].up
    assert live.snapshot().sensors[0].power_w == pytest.approx(10.0)
    clock.now_ns += 10_000_000_000
    stale = live.snapshot().sensors[0]
    assert not stale.up
    assert stale.power_w is None
    assert stale.joules.gross_j == pytest.approx(40.0, rel=0.01)


def test_a_coarse_counter_read_between_its_ticks_does_not_jump() -> None:
    coarse = replace(COUNTER, update_period_s=0.1)
    tally = watched(coarse, Constant(100.0), seconds=20, every_s=0.11)
    assert min(list(tally.history_w)[10:]) >= 89
    assert max(list(tally.history_w)[10:]) <= 111


def test_the_power_of_the_whole_is_unknown_where_a_part_of_it_is() -> None:
    clock = Clock()
    live = Live([COUNTER, POWER], 1.0, clock)
    for k in range(5):
        clock.now_ns += 1_000_000_000
        live.add([Sample(COUNTER.name, clock.now_ns, energy_j=10.0 * k)])
        live.add([Sample(POWER.name, clock.now_ns, power_w=50.0)])
    assert live.snapshot().power_w == pytest.approx(60.0)
    live.add([Sample(POWER.name, clock.now_ns + 1, fault="gone")])
    assert live.snapshot().power_w is None


def test_a_counter_that_comes_back_after_an_hour_of_faults_has_counted_on() -> None:
    tally = Tally(COUNTER, 1.0)
    for k in range(4000):
        bad = 10 <= k < 3990
        energy, fault = (None, "driver gone") if bad else (5.0 * k, None)
        tally.add(Sample(COUNTER.name, k * 1_000_000_000, energy_j=energy, fault=fault))
    joules, why = tally.joules()
    assert why == ""
    assert joules.gross_j == pytest.approx(5.0 * 3999, rel=0.001)
    assert joules.seconds == pytest.approx(3999)


def test_a_meter_that_first_has_nothing_new_is_counted_from_its_first_figure() -> None:
    clock = Clock()
    live = Live([POWER], 1.0, clock, absent={POWER.name: "it is off"})
    live.add([Sample(POWER.name, clock())])
    assert live.snapshot().sensors[0].why == "it is off"
    for second in range(31):
        told = 40.0 if second % 10 == 0 else None
        live.add([Sample(POWER.name, clock(), power_w=told)])
        clock.now_ns += s_to_ns(1.0)
    (now,) = live.snapshot().sensors
    assert now.counted_j == pytest.approx(40 * 30)
    assert now.joules.gross_j == pytest.approx(40 * 30)
    clock.now_ns += s_to_ns(2.0)
    live.add([Sample(POWER.name, clock())])
    (now,) = live.snapshot().sensors
    assert (now.up, now.power_w, now.why) == (True, 40.0, "")
    clock.now_ns += s_to_ns(5.0)
    assert not live.snapshot().sensors[0].up
