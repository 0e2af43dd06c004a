"""A raw counter that is set back, up to the joules of the work: lost, never a smaller figure."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from wattmark.energy.resolve import Resolved, resolve
from wattmark.energy.series import Series
from wattmark.meter import rapl
from wattmark.meter.counter import RisingCounter
from wattmark.meter.shapes import Constant
from wattmark.meter.simulated import SimulatedSensor
from wattmark.schema import EnergyReading, Sample, SensorInfo, Span
from wattmark.units import s_to_ns


def info(**fields: Any) -> SensorInfo:
    return SensorInfo(
        name="x", component="gpu", device="gpu0", kind="counter", source="test", **fields
    )


def span(name: str, start_s: float, end_s: float, batch: int | None = None) -> Span:
    return Span(name, s_to_ns(start_s), s_to_ns(end_s), batch)


SPANS = (
    span("idle", 0.5, 2.5),
    span("measured", 3, 13),
    span("prefill", 3, 6, 0),
    span("prefill", 6.1, 10, 1),
    span("decode", 10, 13, 1),
    span("idle", 13.5, 15.5),
)


def simulated(
    resets: tuple[float, ...], stall: tuple[float, float] | None = None, **fields: float
) -> Resolved:
    """300 W read ten times a second for 16 s, but not during the stall."""
    now_s = [0.0]
    sensor = SimulatedSensor(
        info(update_period_s=0.02, **fields),
        Constant(300.0),
        lambda: s_to_ns(now_s[0]),
        resets=resets,
    )
    samples = []
    for k in range(161):
        now_s[0] = k * 0.1
        if stall is None or not stall[0] < now_s[0] < stall[1]:
            samples.append(sensor.read())
    return resolve(SPANS, [Series.from_samples(sensor.info, samples)])


def by_name(resolved: Resolved) -> dict[str, EnergyReading]:
    return {reading.span: reading for reading in resolved.readings}


@pytest.mark.parametrize("wrap", [{}, {"wrap_j": 262_143.0}])
@pytest.mark.parametrize("stall", [None, (7.0, 8.5)])
def test_work_across_a_reset_is_not_measured(
    wrap: dict[str, float], stall: tuple[float, float] | None
) -> None:
    assert by_name(simulated(()))["measured"].gross_j == pytest.approx(3000, rel=0.01)
    resolved = simulated((8.05,), stall, **wrap)
    readings = by_name(resolved)
    across = [readings["measured"], readings["prefill"]]
    across += [r for r in resolved.batches if r.batch == 1 and r.span in ("batch", "prefill")]
    for one in across:
        assert (one.gross_j, one.low_j, one.high_j, one.net_j) == (None,) * 4
    # What lies on either side of it was measured.
    assert readings["idle"].gross_j == pytest.approx(1200, rel=0.02)
    assert readings["decode"].gross_j == pytest.approx(900, rel=0.02)
    (first,) = [r for r in resolved.batches if r.batch == 0 and r.span == "batch"]
    assert first.gross_j == pytest.approx(900, rel=0.02)
    found = [d for d in resolved.doubts if d.code == "counter-backwards"]
    assert ["'measured'" in d.message for d in found].count(True) == 1
    assert not any(d.code == "sensor-fault" for d in resolved.doubts)


@pytest.mark.parametrize("wrap_j", [700.0, 1000.0, 1111.0])
def test_a_stall_that_hides_wraps_is_not_called_a_fall(wrap_j: float) -> None:
    """300 W for 4.5 s is more than one range: a rise of it looks like any other."""
    resolved = simulated((), (6.0, 10.5), wrap_j=wrap_j, limit_w=600.0)
    assert by_name(resolved)["measured"].gross_j is None
    codes = {d.code for d in resolved.doubts if "'measured'" in d.message}
    assert "wrap-ambiguous" in codes
    assert "counter-backwards" not in codes


def test_a_reset_outside_of_the_work_costs_nothing() -> None:
    resolved = simulated((0.25,))
    assert by_name(resolved)["measured"].gross_j == pytest.approx(3000, rel=0.01)
    assert resolved.doubts == simulated(()).doubts


def test_a_set_back_counter_read_raw_is_not_measured() -> None:
    counter, samples = RisingCounter(), []
    for k in range(161):
        raw_j = k * 30.0 - (0 if k < 70 else 200.0)
        energy_j, fault = counter.advance(raw_j, s_to_ns(k * 0.1))
        samples.append(Sample("x", s_to_ns(k * 0.1), energy_j=energy_j, fault=fault))
    resolved = resolve(SPANS, [Series.from_samples(info(update_period_s=0.0), samples)])
    readings = by_name(resolved)
    assert readings["measured"].gross_j is None
    assert readings["decode"].gross_j == pytest.approx(900)
    assert any(d.code == "counter-backwards" for d in resolved.doubts)


def test_a_rapl_counter_that_starts_again_is_not_measured(tmp_path: Path) -> None:
    zone = tmp_path / rapl.POWERCAP / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "max_energy_range_uj").write_text("262143328850\n")
    samples = []
    raws_j = [500.0, 510.0, 520.0, 530.0, 0.5, 10.5, 20.5, 30.5]
    (zone / "energy_uj").write_text(str(int(raws_j[0] * 1e6)))
    (sensor,) = rapl.find(tmp_path).sensors
    for raw_j in raws_j:
        (zone / "energy_uj").write_text(str(int(raw_j * 1e6)))
        samples.append(sensor.read())
        # Updates of the real counter are a millisecond apart.
        time.sleep(0.005)
    sensor.close()
    stamps = [sample.time_ns for sample in samples]
    spans = [
        Span("measured", stamps[0], stamps[7]),
        Span("prefill", stamps[0], stamps[2], 0),
        Span("decode", stamps[5], stamps[7], 0),
    ]
    resolved = resolve(spans, [Series.from_samples(sensor.info, samples)])
    across, before, after = resolved.readings
    assert across.gross_j is None
    assert before.gross_j == pytest.approx(20, rel=0.3)
    assert after.gross_j == pytest.approx(20, rel=0.3)
    backwards = [d for d in resolved.doubts if d.code == "counter-backwards"]
    assert len(backwards) == 1


@pytest.mark.parametrize("before_end_s", [0.05, 0.5, 2.0])
def test_a_wrap_near_a_windows_end_is_no_loss_and_no_gain(before_end_s: float) -> None:
    """10 s at 100 W, the counter going round shortly before the end: 1000 J, not minus 261 kJ."""
    wrap_j, end_s = 262_143.0, 12.0
    counter, samples = RisingCounter(wrap_j, 400.0), []
    start_j = wrap_j - 100.0 * (end_s - before_end_s)
    for k in range(141):
        raw_j = (start_j + 10.0 * k) % wrap_j
        energy_j, fault = counter.advance(raw_j, s_to_ns(k * 0.1))
        samples.append(Sample("x", s_to_ns(k * 0.1), energy_j=energy_j, fault=fault))
    series = Series.from_samples(info(update_period_s=0.001, wrap_j=wrap_j), samples)
    (reading,) = resolve([span("measured", 2, end_s)], [series]).readings
    assert reading.gross_j == pytest.approx(1000, rel=0.001)


def test_a_pause_in_which_the_counter_may_have_gone_round_is_not_measured() -> None:
    """200 W, and nobody read for half an hour: 360 kJ, of which 98 kJ would show."""
    counter, samples = RisingCounter(262_143.0), []
    for stamp_s in [*(k * 0.1 for k in range(50)), *(1800 + k * 0.1 for k in range(50))]:
        raw_j = 200.0 * stamp_s % 262_143.0
        energy_j, fault = counter.advance(raw_j, s_to_ns(stamp_s))
        samples.append(Sample("x", s_to_ns(stamp_s), energy_j=energy_j, fault=fault))
    series = Series.from_samples(info(update_period_s=0.001), samples)
    spans = [span("measured", 1, 1804), span("decode", 1, 4), span("prefill", 1801, 1804)]
    across, before, after = resolve(spans, [series]).readings
    assert across.gross_j is None
    assert before.gross_j == pytest.approx(600, rel=0.01)
    assert after.gross_j == pytest.approx(600, rel=0.01)
