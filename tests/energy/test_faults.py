"""Readings that fail, run backwards, stand still, jump or are not there: named, never guessed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from energy_truth import counted, info

from wattmark.energy.curve import curve_of
from wattmark.energy.resolve import Resolved, resolve
from wattmark.energy.series import Series
from wattmark.schema import LOST, Doubt, Sample, SensorInfo, Span

S = 10**9
WORK = Span("measured", 2 * S, 8 * S)


def joined(samples: list[Sample], sensor: SensorInfo | None = None, *spans: Span) -> Resolved:
    return resolve(spans or (WORK,), [Series.from_samples(sensor or info(), samples)])


def doubt(resolved: Resolved, code: str) -> Doubt:
    """The one doubt with this code."""
    (found,) = [d for d in resolved.doubts if d.code == code]
    assert found.hint
    return found


def codes(resolved: Resolved) -> set[str]:
    return {d.code for d in resolved.doubts}


def test_clean_readings_raise_no_doubt() -> None:
    resolved = joined(counted(100, 10))
    assert resolved.doubts == ()
    assert resolved.readings[0].gross_j == pytest.approx(600)


def test_failed_and_impossible_readings_are_set_apart() -> None:
    samples = counted(100, 10)
    samples[30] = Sample("gpu0", samples[30].time_ns, fault="driver says no")
    samples[40] = dataclasses.replace(samples[40], energy_j=math.nan)
    samples[50] = dataclasses.replace(samples[50], power_w=-3.0)
    samples[51] = dataclasses.replace(samples[51], energy_j=math.inf)
    samples.append(Sample("gpu0", 5, temperature_c=40))
    samples.append(Sample("other", 5, energy_j=1e9))
    series = Series.from_samples(info(), samples)
    assert series.time_ns.size == 97
    assert [f.energy_j for f in series.faults] == [None] * 4
    resolved = resolve([WORK], [series])
    found = doubt(resolved, "sensor-fault")
    assert "4 of 101 readings" in found.message
    assert "driver says no" in found.message
    assert resolved.readings[0].gross_j == pytest.approx(600)


@pytest.mark.parametrize("kind", ["counter", "power"])
@pytest.mark.parametrize("count", [0, 1])
def test_no_or_one_sample_measures_nothing(kind: str, count: int) -> None:
    samples = counted(100, 10)[:count]
    if kind == "power":
        samples = [dataclasses.replace(s, energy_j=None, power_w=5.0) for s in samples]
    resolved = joined(samples, info(kind=kind), WORK, Span("prefill", 3 * S, 4 * S, 0))
    assert all(r.gross_j is None and r.low_j is None for r in resolved.readings)
    assert all(r.net_j is None for r in resolved.readings)
    assert len(resolved.readings) == 2
    assert "needs two" in doubt(resolved, "no-samples").message


def test_two_samples_are_a_window() -> None:
    samples = [Sample("gpu0", 2 * S, energy_j=10.0), Sample("gpu0", 8 * S, energy_j=610.0)]
    assert joined(samples).readings[0].gross_j == pytest.approx(600)


def test_windows_outside_the_samples_are_none() -> None:
    load, late = Span("load", -5 * S, S), Span("measured", 5 * S, 12 * S)
    resolved = joined(counted(100, 10), None, load, late)
    assert [r.gross_j for r in resolved.readings] == [None, None]
    messages = [d.message for d in resolved.doubts if d.code == "no-samples"]
    assert len(messages) == 2
    assert "5.0 s before the first" in messages[0]
    assert "2.0 s after the last" in messages[1]


@pytest.mark.parametrize("period", [0.0, 0.02])
def test_an_edge_a_call_away_from_the_outer_readings_is_told_by_them(period: float) -> None:
    samples = [dataclasses.replace(s, time_ns=s.time_ns + S) for s in counted(100, 10)]
    curve = curve_of(Series.from_samples(info(update_period_s=period), samples))
    near, far = 5_000_000, 50_000_000
    bounds = curve.between([S - near, S - far, 5 * S], [5 * S, 5 * S, 11 * S + near])
    assert bounds.value[[0, 2]] == pytest.approx([400.5, 600.5], abs=1e-3)
    assert math.isnan(bounds.value[1])
    assert (bounds.low[[0, 2]] <= [400.5, 600.5]).all()
    assert (bounds.high[[0, 2]] >= [400.5, 600.5]).all()
    assert math.isnan(curve.between(5 * S, 11 * S + far).value[0])


def test_a_span_that_ends_before_it_starts_is_not_measured() -> None:
    for kind in ("counter", "power"):
        samples = [dataclasses.replace(s, power_w=100.0) for s in counted(100, 10)]
        if kind == "power":
            samples = [dataclasses.replace(s, energy_j=None) for s in samples]
        curve = curve_of(Series.from_samples(info(kind=kind), samples))
        assert math.isnan(curve.between(5 * S, 4 * S).value[0])


def test_a_gap_is_bridged_named_and_widens_the_interval() -> None:
    samples = [s for s in counted(100, 20) if not 4 * S < s.time_ns < 9 * S]
    across, into = Span("measured", 2 * S, 15 * S), Span("decode", 2 * S, 6 * S)
    resolved = joined(samples, None, across, into)
    by = {r.span: r for r in resolved.readings}
    whole, part = by["measured"], by["decode"]
    # A counter knows what went by during a gap; where in the gap it went it does not know.
    assert whole.gross_j == pytest.approx(1300)
    assert whole.high_j == pytest.approx(1300)
    assert part.low_j is not None
    assert part.high_j is not None
    assert part.high_j - part.low_j > 400
    gaps = [d for d in resolved.doubts if d.code == "sampling-gap"]
    assert len(gaps) == 2
    assert "5 s" in gaps[0].message
    assert joined(samples, None, Span("measured", 10 * S, 15 * S)).doubts == ()


def test_a_gap_in_powers_widens_even_a_window_that_holds_it() -> None:
    def power(k: int) -> Sample:
        return Sample("gpu0", k * S // 10, power_w=300.0 if k % 50 < 25 else 100.0)

    sensor = info(kind="power", update_period_s=0.1, averaging_window_s=0.1)
    full = [power(k) for k in range(201)]
    holed = [s for s in full if not 4 * S < s.time_ns < 9 * S]
    span = Span("measured", 2 * S, 15 * S)
    whole, bridged = (joined(samples, sensor, span) for samples in (full, holed))
    widths = [(r.readings[0].high_j or 0) - (r.readings[0].low_j or 0) for r in (whole, bridged)]
    assert widths[1] > widths[0] + 1000
    assert "sampling-gap" in codes(bridged)
    assert "sampling-gap" not in codes(whole)


def test_readings_taken_together_at_edges_are_no_reason_to_call_polling_a_gap() -> None:
    samples = counted(100, 10)
    pairs = [Sample("gpu0", 3 * S + k * 10_000_000, energy_j=300.0 + k) for k in range(1, 80)]
    assert "sampling-gap" not in codes(joined(samples + pairs))


def test_backwards_is_not_measured_and_the_rest_stands() -> None:
    samples = counted(100, 20)
    samples[100:] = [
        dataclasses.replace(s, energy_j=(s.energy_j or 0) - 950) for s in samples[100:]
    ]
    across = Span("measured", 8 * S, 12 * S)
    before, after = Span("idle", S, 8 * S), Span("decode", 12 * S, 15 * S)
    resolved = joined(samples, None, across, before, after)
    assert [r.gross_j for r in resolved.readings] == [
        None,
        pytest.approx(700),
        pytest.approx(300),
    ]
    assert "0.1 s is lost" in doubt(resolved, "counter-backwards").message


def test_a_reading_that_lost_joules_marks_its_spacing_and_a_failed_one_does_not() -> None:
    samples = counted(100, 20)
    # The counter starts again at 10 s and rises on: 30 J are missing afterwards.
    samples[103:] = [dataclasses.replace(s, energy_j=(s.energy_j or 0) - 30) for s in samples[103:]]
    for k in (101, 102):
        samples[k] = Sample("gpu0", samples[k].time_ns, fault=f"{LOST}it went back")
    samples[50] = Sample("gpu0", samples[50].time_ns, fault="driver says no")
    across, failed = Span("measured", 8 * S, 12 * S), Span("prefill", 4 * S, 6 * S)
    edge = Span("decode", round(10.2 * S), 15 * S)
    sides = Span("idle", S, 10 * S), Span("retrieve", round(10.3 * S), 15 * S)
    series = Series.from_samples(info(), samples)
    assert series.lost_ns.tolist() == [samples[101].time_ns, samples[102].time_ns]
    resolved = resolve([across, failed, edge, *sides], [series])
    assert [r.gross_j for r in resolved.readings] == [
        None,
        pytest.approx(200),
        None,
        pytest.approx(900),
        pytest.approx(470),
    ]
    backwards = [d.message for d in resolved.doubts if d.code == "counter-backwards"]
    assert len(backwards) == 2
    assert "'measured'" in backwards[0]
    # Lost joules are no failure that the readings around make good.
    assert "1 of 201 readings failed; the first: driver says no" in (
        doubt(resolved, "sensor-fault").message
    )
    # Neither are those lost outside of every window anything to doubt.
    assert codes(resolve([failed], [series])) == {"sensor-fault"}


def test_what_the_last_reading_before_a_loss_had_not_seen_is_lost_too() -> None:
    samples = counted(100, 20)
    samples[101] = Sample("gpu0", samples[101].time_ns, fault=f"{LOST}it went back")
    late = Span("measured", 5 * S, round(9.98 * S))
    assert joined(samples, info(update_period_s=0.1), late).readings[0].gross_j is None
    early = Span("measured", 5 * S, round(9.88 * S))
    assert joined(samples, info(update_period_s=0.1), early).readings[0].gross_j is not None


def test_a_loss_at_the_stamp_of_a_reading_marks_both_sides() -> None:
    samples = [*counted(100, 20), Sample("gpu0", 10 * S, fault=f"{LOST}it went back")]
    spans = [Span("prefill", 9 * S, 10 * S), Span("decode", 10 * S, 11 * S)]
    resolved = joined(samples, None, *spans, WORK)
    assert [r.gross_j for r in resolved.readings] == [None, None, pytest.approx(600)]


def test_a_dip_within_the_quantum_is_rounding() -> None:
    samples = counted(100, 10)
    samples[50] = dataclasses.replace(samples[50], energy_j=489.5)
    rounded = joined(samples, info(quantum_j=1.0))
    assert "counter-backwards" not in codes(rounded)
    assert rounded.readings[0].gross_j == pytest.approx(600)
    assert "counter-backwards" in codes(joined(samples, info(quantum_j=0.1)))


def frozen_from(samples: list[Sample], first: int, last: int) -> list[Sample]:
    still = samples[first].energy_j
    return [
        dataclasses.replace(s, energy_j=still) if first <= k <= last else s
        for k, s in enumerate(samples)
    ]


def stopped_from(samples: list[Sample], first: int, last: int) -> list[Sample]:
    """The same, but what flowed meanwhile is never told."""
    lost = (samples[last].energy_j or 0.0) - (samples[first].energy_j or 0.0)
    return [
        dataclasses.replace(s, energy_j=(s.energy_j or 0.0) - lost) if k > last else s
        for k, s in enumerate(frozen_from(samples, first, last))
    ]


def test_a_counter_that_stands_still_under_load_has_measured_nothing() -> None:
    sensor = info(update_period_s=0.1)
    samples = stopped_from(counted(100, 20), 15, 100)
    resolved = joined(samples, sensor, WORK, Span("decode", 3 * S, 4 * S, 0))
    assert [r.gross_j for r in resolved.readings] == [None, None]
    assert {r.gross_j for r in resolved.batches} == {None}
    found = [d for d in resolved.doubts if d.code == "counter-frozen"]
    assert len(found) == 2
    assert "8.5 s" in found[0].message


def test_a_counter_that_tells_late_what_flowed_is_right_around_it() -> None:
    # It stands still from 7 s to 12 s under 100 W, then has counted on as if nothing had been.
    samples = frozen_from(counted(100, 20), 70, 119)
    around, across, inside = (
        Span("around", 5 * S, 15 * S),
        Span("across", 5 * S, 10 * S),
        Span("inside", 8 * S, 11 * S),
    )
    resolved = joined(samples, info(update_period_s=0.1, limit_w=200.0), around, across, inside)
    figures = {reading.span: reading for reading in resolved.readings}
    assert figures["around"].gross_j == pytest.approx(1000, abs=1)
    assert figures["across"].gross_j is None
    assert figures["inside"].gross_j is None
    assert "counter-stalled" in codes(resolved)
    assert not {"counter-frozen", "power-above-limit"} & set(codes(resolved))


def test_a_counter_that_never_moves_is_frozen_not_zero() -> None:
    dead = [dataclasses.replace(s, energy_j=7.0) for s in counted(100, 10)]
    for component in ("gpu", "dram"):
        resolved = joined(dead, info(component=component, update_period_s=0.001))
        assert resolved.readings[0].gross_j is None
        doubt(resolved, "counter-frozen")


@pytest.mark.parametrize(("first", "last"), [(20, 200), (60, 90), (0, 80)])
def test_a_counter_that_freezes_partway_through_has_not_measured_the_work(
    first: int, last: int
) -> None:
    frozen = counted(240, 20)
    still = frozen[first].energy_j or 0.0
    lost = (frozen[last].energy_j or 0.0) - still
    frozen = [
        dataclasses.replace(
            s, energy_j=still if first <= k <= last else (s.energy_j or 0) - lost * (k > last)
        )
        for k, s in enumerate(frozen)
    ]
    # 3000 J in truth; the counter saw 1 s of it, or 9.5 s, or 5.5 s.
    work = Span("measured", S, round(13.5 * S))
    batch = Span("prefill", S, 12 * S, 0)
    resolved = joined(frozen, info(update_period_s=0.1), work, batch)
    assert [r.gross_j for r in resolved.readings] == [None, None]
    assert {r.gross_j for r in resolved.batches} == {None}
    assert "counter-frozen" in codes(resolved)


def test_a_counter_that_wakes_up_within_a_tick_of_the_work_has_measured_it() -> None:
    samples = [
        dataclasses.replace(s, energy_j=max(0.0, (s.energy_j or 0) - 800)) for s in counted(100, 20)
    ]
    sensor = info(component="dram", update_period_s=0.1)
    work = Span("measured", round(7.95 * S), 9 * S), Span("decode", 7 * S, round(18 * S))
    resolved = joined(samples, sensor, *work)
    assert resolved.readings[0].gross_j == pytest.approx(100, abs=10)
    assert resolved.readings[1].gross_j is None


def test_a_counter_may_rest_while_idle_and_may_be_coarse() -> None:
    # An idle dram counter rests before the work: no fault, and a measured zero.
    sensor = info(component="dram", update_period_s=0.1)
    resting = stopped_from(counted(10, 20), 0, 80)
    resolved = joined(resting, sensor, Span("idle", S, 7 * S), Span("measured", 9 * S, 15 * S))
    assert "counter-frozen" not in codes(resolved)
    assert resolved.readings[0].gross_j == 0
    # A meter that counts whole watt-hours does not move for minutes.
    coarse = [dataclasses.replace(s, energy_j=3600.0) for s in counted(100, 10)]
    assert "counter-frozen" not in codes(joined(coarse, info(component="wall", quantum_j=3600.0)))
    # Neither does a model of a part without load.
    assert "counter-frozen" not in codes(joined(coarse, info(kind="estimate")))


def test_a_jump_beyond_the_limit_is_named() -> None:
    sensor = info(update_period_s=0.1, limit_w=400.0)
    samples = counted(100, 10)
    samples[50:] = [dataclasses.replace(s, energy_j=(s.energy_j or 0) + 1000) for s in samples[50:]]
    found = doubt(joined(samples, sensor), "power-above-limit")
    assert "400 W" in found.message
    assert "5050 W" in found.message
    assert "power-above-limit" not in codes(joined(counted(390, 10), sensor))


def test_a_power_above_the_limit_is_named() -> None:
    sensor = info(kind="power", update_period_s=0.1, averaging_window_s=0.1, limit_w=400.0)
    powers = [Sample("gpu0", k * S // 10, power_w=9000.0 if k == 40 else 300.0) for k in range(101)]
    found = doubt(joined(powers, sensor), "power-above-limit")
    assert "9000 W" in found.message


def test_a_power_of_nothing_amid_work_is_named() -> None:
    sensor = info(kind="power", update_period_s=0.1, averaging_window_s=0.1)
    powers = [Sample("gpu0", k * S // 10, power_w=0.0 if k == 40 else 80.0) for k in range(101)]
    found = doubt(joined(powers, sensor), "power-below-idle")
    assert "1 readings" in found.message
    assert "80 W" in found.message
    resting = [Sample("gpu0", k * S // 10, power_w=0.0 if k < 50 else 80.0) for k in range(101)]
    assert "power-below-idle" not in codes(joined(resting, sensor))


def test_a_window_too_short_says_how_long_it_should_be() -> None:
    # Power that changes from tick to tick: 100 ms say little about where half a second ended.
    sensor = info(update_period_s=0.1)
    joules = np.cumsum(np.random.default_rng(2).uniform(5, 55, 201))
    samples = [Sample("gpu0", k * S // 10, energy_j=float(j)) for k, j in enumerate(joules)]
    short = Span("measured", 2 * S, 2 * S + S // 2)
    found = doubt(joined(samples, sensor, short), "window-too-short")
    assert "Lengthen it to about" in found.hint
    assert "window-too-short" not in codes(joined(counted(300, 20), sensor))
    loose = resolve([short], [Series.from_samples(sensor, samples)], interval_target=0.9)
    assert "window-too-short" not in codes(loose)


def test_a_sensor_that_looks_away_is_not_helped_by_length() -> None:
    sensor = info(kind="power", update_period_s=0.1, averaging_window_s=0.025)
    powers = [Sample("gpu0", k * S // 10, power_w=200.0 + 300 * (k % 2)) for k in range(601)]
    found = doubt(joined(powers, sensor, Span("measured", 2 * S, 5 * S)), "window-too-short")
    assert "does not help" in found.hint
    assert "25%" in found.hint


def test_one_doubt_a_code_sensor_and_name_however_many_spans() -> None:
    sensor = info(update_period_s=0.1)
    prefills = [
        Span("prefill", 2 * S + k * S // 10, 2 * S + k * S // 10 + 10**7, k) for k in range(50)
    ]
    resolved = joined(counted(300, 20), sensor, WORK, *prefills)
    assert len([d for d in resolved.doubts if "'prefill'" in d.message]) == 1
