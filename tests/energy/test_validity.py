"""Each rule of validity trips on its case, and is silent on the one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.energy.validity import (
    Short,
    below_idle,
    clock_stepped,
    idle_changed,
    low_coverage,
    precision_not_reached,
    relative_half_width,
    sensors_hung,
    temperature_drift,
    throttled,
    validity_doubts,
)
from wattmark.schema import Doubt, Sample, SensorInfo, Span

S = 1_000_000_000
IDLES = (Span("idle", 0, 2 * S), Span("idle", 12 * S, 14 * S))
REGION = Span("measured", 2 * S, 12 * S)
STEP_S = 0.1
INFO = SensorInfo(
    name="a:board",
    component="gpu",
    device="gpu0",
    kind="counter",
    source="test",
    update_period_s=0.001,
)


def stamps(step_s: float = STEP_S) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(-S // 2, 14 * S + S // 2, round(step_s * S))


def gauges(name: str = "a:board", **of: Callable[[float], object]) -> list[Sample]:
    """Readings every tenth of a second with gauges by the time in seconds."""
    return [
        Sample(name, int(t), **{field: give(t / S) for field, give in of.items()})  # type: ignore[arg-type] # fields by name
        for t in stamps()
    ]


def series(power_w: Callable[[float], float], keep: Iterable[int] | None = None) -> Series:
    """A 1 ms counter of this power, read every tenth of a second; `keep` picks readings."""
    energy_j, samples = 0.0, []
    for at, t in enumerate(stamps()):
        if keep is None or at in keep:
            samples.append(Sample(INFO.name, int(t), energy_j=energy_j))
        energy_j += power_w((int(t) + S // 20) / S) * STEP_S
    return Series.from_samples(INFO, samples)


def stepped(before_w: float, work_w: float, after_w: float) -> Callable[[float], float]:
    return lambda t: before_w if t < 2 else work_w if t < 12 else after_w


def only(doubts: Iterable[Doubt]) -> Doubt:
    (doubt,) = doubts
    assert doubt.hint
    return doubt


@pytest.mark.parametrize(("seconds", "share"), [(3.0, "30%"), (0.2, "2%")])
def test_throttling_is_told_with_its_share_of_the_time(seconds: float, share: str) -> None:
    samples = gauges(throttle=lambda t: "hw_thermal" if 5 <= t < 5 + seconds - 1e-9 else None)
    doubt = only(throttled(samples, REGION))
    assert doubt.code == "throttled"
    assert "a:board" in doubt.message
    assert f"{share} of the measured region (hw_thermal)" in doubt.message


def test_throttling_outside_of_the_region_is_no_matter() -> None:
    samples = gauges(throttle=lambda t: "sw_power_cap" if t < 1.95 or t > 12 else None)
    assert list(throttled(samples, REGION)) == []
    assert list(throttled(gauges(), REGION)) == []
    assert list(throttled([], REGION)) == []


def test_reasons_are_told_the_longest_first() -> None:
    samples = gauges(
        throttle=lambda t: "hw_thermal" if 4 <= t < 5 else "sw_power_cap" if t > 6 else None
    )
    assert "(sw_power_cap, hw_thermal)" in only(throttled(samples, REGION)).message


def test_a_region_that_warms_up_is_not_steady() -> None:
    warming = gauges(temperature_c=lambda t: 40 + 2.0 * min(max(t - 2, 0), 10))
    doubts = list(temperature_drift(warming, REGION, IDLES))
    assert {doubt.code for doubt in doubts} == {"temperature-drift"}
    assert "warmed by 15 °C during the measured region" in doubts[0].message
    assert "from the idle before to the idle after (40 to 60 °C)" in doubts[1].message
    slowly = gauges(temperature_c=lambda t: 40 + 0.7 * min(max(t - 2, 0), 10))
    assert list(temperature_drift(slowly, REGION, IDLES)) == []


def test_a_board_that_wanders_and_comes_back_is_steady() -> None:
    wandering = gauges(temperature_c=lambda t: 60 + 8 * np.sin(t * 7))
    assert list(temperature_drift(wandering, REGION, IDLES)) == []
    assert list(temperature_drift(gauges(), REGION, IDLES)) == []
    cooling = gauges(temperature_c=lambda t: 80.0 if t < 6 else 60.0)
    assert "cooled by 20 °C" in next(temperature_drift(cooling, REGION, IDLES)).message


def test_work_that_takes_less_than_idle_is_doubted() -> None:
    spans = (*IDLES, REGION)
    low = resolve(spans, [series(stepped(100, 60, 100))]).readings
    doubt = only(below_idle(low))
    assert doubt.code == "power-below-idle"
    assert "a:board" in doubt.message
    high = resolve(spans, [series(stepped(100, 101, 100))]).readings
    assert list(below_idle(high)) == []
    # A little less than idle, within what idle itself is known to.
    near = resolve(spans, [series(stepped(100, 99.99, 100))]).readings
    assert list(below_idle(near)) == []


def test_idle_that_moved_by_more_than_its_intervals_is_doubted() -> None:
    doubt = only(idle_changed([series(stepped(100, 300, 120))], REGION, IDLES))
    assert doubt.code == "idle-changed"
    assert "100 W before the work and 120 W after it" in doubt.message


def test_idle_that_moved_by_little_is_not() -> None:
    assert list(idle_changed([series(stepped(100, 300, 100))], REGION, IDLES)) == []
    # 4 W of 300 W: net moves by little more than a hundredth.
    assert list(idle_changed([series(stepped(100, 300, 104))], REGION, IDLES)) == []
    assert list(idle_changed([series(stepped(100, 300, 200))], REGION, IDLES[:1])) == []


def test_a_sensor_that_was_read_too_seldom_is_doubted() -> None:
    count = stamps().size
    half = [k for k in range(count) if k % 2 == 0]
    doubt = only(low_coverage([series(lambda _: 100, half)], REGION, STEP_S))
    assert doubt.code == "low-coverage"
    assert "51%" in doubt.message  # the pieces at the region's edges count as whole
    # A third of the region in one gap, the rest as asked for.
    gap = [k for k in range(count) if not 50 <= k < 84]
    assert "66%" in only(low_coverage([series(lambda _: 100, gap)], REGION, STEP_S)).message


def test_a_sensor_that_was_read_as_asked_for_is_not() -> None:
    count = stamps().size
    most = [k for k in range(count) if k % 5]
    assert list(low_coverage([series(lambda _: 100, most)], REGION, STEP_S)) == []
    assert list(low_coverage([series(lambda _: 100)], REGION, STEP_S)) == []
    # Read far more often than asked for, as a replayed log may be.
    assert list(low_coverage([series(lambda _: 100)], REGION, 1.0)) == []
    short = Span("measured", 2 * S, 2 * S + S // 5)
    assert list(low_coverage([series(lambda _: 100, [0, count - 1])], short, STEP_S)) == []


def test_a_sensor_that_tells_at_its_own_pace_is_judged_by_that() -> None:
    count = stamps().size
    tenth = [k for k in range(count) if k % 10 == 0]
    slow = series(lambda _: 100, tenth)
    assert "low-coverage" in [d.code for d in low_coverage([slow], REGION, STEP_S)]
    empty = [Sample(INFO.name, 3 * S)]
    assert list(low_coverage([slow], REGION, STEP_S, empty)) == []
    told = replace(slow, info=replace(INFO, update_period_s=1.0))
    assert list(low_coverage([told], REGION, STEP_S)) == []
    # Some of its own readings are missing.
    gap = replace(told, info=replace(INFO, update_period_s=0.2))
    few = series(lambda _: 100, [k for k in tenth if not 40 <= k < 80])
    assert "60%" in only(low_coverage([few], REGION, STEP_S, empty)).message
    assert "24%" in only(low_coverage([gap], REGION, STEP_S)).message


@pytest.mark.parametrize(("step_s", "word"), [(3600.0, "forward"), (-5.0, "back")])
def test_a_wall_clock_that_was_set_is_named(step_s: float, word: str) -> None:
    doubt = only(clock_stepped(step_s))
    assert doubt.code == "clock-stepped"
    assert f"set {word}" in doubt.message
    assert list(clock_stepped(step_s / 1e6)) == []


def test_a_sensor_that_hung_is_named() -> None:
    doubt = only(sensors_hung({"a:board": 2}, 1.5))
    assert doubt.code == "sensor-hung"
    assert doubt.message.startswith("a:board: its reading did not end within 1.5 s at 2 of")
    assert list(sensors_hung({}, 1.5)) == []


def test_a_width_is_relative_to_its_figure() -> None:
    assert relative_half_width(100.0, 90.0, 115.0) == pytest.approx(0.125)
    assert relative_half_width(0.0, 0.0, 5.0) == float("inf")
    assert relative_half_width(None, 0.0, 5.0) is None


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        (Short.BUDGET, "Raise --time-budget (about 8.0 s of work are needed)"),
        (Short.TIMEOUT, "Raise --timeout (about 8.0 s"),
        (Short.ANSWERS, "longer queries"),
        (Short.NO_HELP, "does not help"),
        (None, "narrower"),
    ],
)
def test_a_target_that_was_not_reached_says_what_it_would_take(
    why: Short | None, hint: str
) -> None:
    doubt = only(precision_not_reached(0.2, 2.0, 3, target=0.05, why=why))
    assert doubt.code == "precision-not-reached"
    assert "± 20.00% after 3 repetitions (2.0 s)" in doubt.message
    assert "± 5.00%" in doubt.message
    assert hint in doubt.hint


def test_a_target_that_was_reached_is_silent_and_no_joules_are_not() -> None:
    assert list(precision_not_reached(0.05, 2.0, 3, target=0.05, why=None)) == []
    nothing = precision_not_reached(None, 2.0, 1, target=0.05, why=Short.NOT_MEASURED)
    assert "not measured" in only(nothing).message
    unknown = only(precision_not_reached(float("inf"), 2.0, 1, target=0.05, why=Short.BUDGET))
    assert "needed" not in unknown.hint


def test_a_sound_replicate_has_no_doubts_and_one_without_a_region_is_not_judged() -> None:
    spans = (*IDLES, REGION)
    sound = series(stepped(100, 300, 101))
    readings = resolve(spans, [sound]).readings
    samples = gauges(temperature_c=lambda t: 50 + 0.3 * t, throttle=lambda _: None)
    assert validity_doubts(spans, [sound], samples, readings, sample_interval_s=STEP_S) == []
    hot = gauges(temperature_c=lambda t: 50 + 3.0 * t, throttle=lambda _: "hw_thermal")
    found = validity_doubts(spans, [sound], hot, readings, sample_interval_s=STEP_S)
    assert [doubt.code for doubt in found] == [
        "throttled",
        "temperature-drift",
        "temperature-drift",
    ]
    assert validity_doubts(IDLES, [sound], hot, readings, sample_interval_s=STEP_S) == []
