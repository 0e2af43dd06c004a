"""A sensor that fails while a known power is read: what it says is right, or it says nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from benchmarks.truth import Lines, SensorModel, World

from wattmark.energy.resolve import Resolved, resolve
from wattmark.energy.series import Series
from wattmark.meter.counter import RisingCounter
from wattmark.schema import Sample, Span

S = 10**9
# 250 W, 400 W from 20 to 40 s.
WORLD = World(
    Lines.steps([0.0, 20.0, 40.0, 60.0], [250.0, 400.0, 250.0]),
    (Span("measured", 20 * S, 40 * S), Span("decode", 25 * S, 28 * S), Span("idle", 5 * S, 9 * S)),
    0.0,
    60.0,
)
METER = SensorModel(period_s=0.02, poll_s=0.1, quantum=1e-3, name="gpu0", limit_w=700.0)


def read(model: SensorModel = METER, seed: int = 1, **changes: object) -> tuple[Resolved, Series]:
    """The world through a sensor, its raw counter corrected where it is read."""
    model = dataclasses.replace(model, **changes)  # type: ignore[arg-type] # fields by name
    counter, samples = RisingCounter.of(model.info), []
    for sample in model.samples(WORLD, np.random.default_rng(seed)):
        if sample.energy_j is None or math.isnan(sample.energy_j):
            samples.append(sample)
            continue
        energy_j, fault = counter.advance(sample.energy_j, sample.time_ns)
        samples.append(Sample("gpu0", sample.time_ns, energy_j=energy_j, fault=fault))
    series = Series.from_samples(model.info, samples)
    return resolve(WORLD.spans, [series]), series


def codes(resolved: Resolved) -> set[str]:
    return {d.code for d in resolved.doubts}


def true_or_none(resolved: Resolved) -> list[bool | None]:
    """For each span: not measured, or whether its interval holds the truth."""
    truth = {span.name: WORLD.truth_of(span.name) for span in WORLD.spans}
    return [
        None if r.gross_j is None else r.low_j - 1e-3 <= truth[r.span] <= r.high_j + 1e-3  # type: ignore[operator] # an interval where there is a figure
        for r in resolved.readings
    ]


def test_the_world_without_a_fault_is_read_right() -> None:
    resolved, _ = read()
    assert true_or_none(resolved) == [True, True, True]
    assert resolved.doubts == ()


def test_wraps_between_readings_cost_nothing() -> None:
    # 12 345 J to begin with: the range is passed eleven times, now and then within a window.
    resolved, series = read(wrap_j=2000.0, limit_w=None)
    assert (np.diff(series.energy_j) >= 0).all()
    assert true_or_none(resolved) == [True, True, True]
    assert codes(resolved) == set()


@pytest.mark.parametrize("before_s", [-0.15, -0.02, 0.02, 0.15])
def test_a_wrap_near_a_windows_end_costs_nothing(before_s: float) -> None:
    wrap_j = float(12_345 + WORLD.joules(0.0, 40.0 - before_s))
    resolved, series = read(wrap_j=wrap_j)
    assert series.faults == ()
    assert true_or_none(resolved) == [True, True, True]


def test_more_wraps_between_two_readings_than_can_be_seen_are_named() -> None:
    # Ten seconds unread at 400 W are 4 kJ, two ranges: nobody can tell, and so it is said.
    resolved, _ = read(wrap_j=1900.0, gaps=((30.0, 40.5),))
    by = dict(zip((r.span for r in resolved.readings), true_or_none(resolved), strict=True))
    assert by["measured"] is not True
    assert by["idle"]
    assert by["decode"]
    assert {"counter-backwards", "sampling-gap"} & codes(resolved)


def test_a_reset_to_zero_loses_the_windows_across_it_alone() -> None:
    resolved, _ = read(resets=(31.0,))
    assert true_or_none(resolved) == [None, True, True]
    assert codes(resolved) == {"counter-backwards"}


def test_a_leap_is_named_and_the_windows_beside_it_stand() -> None:
    resolved, _ = read(jumps=((31.0, 5e4),))
    assert codes(resolved) == {"power-above-limit"}
    assert true_or_none(resolved)[1:] == [True, True]


def test_a_fall_that_is_no_wrap_is_a_loss() -> None:
    resolved, _ = read(jumps=((31.0, -300.0),), wrap_j=262_144.0)
    assert true_or_none(resolved) == [None, True, True]
    assert codes(resolved) == {"counter-backwards"}


def test_a_counter_that_freezes_and_catches_up_is_right_around_it() -> None:
    resolved, _ = read(freezes=((25.5, 33.0),))
    assert codes(resolved) == {"counter-stalled"}
    by = dict(zip((r.span for r in resolved.readings), true_or_none(resolved), strict=True))
    assert by["measured"]
    assert by["idle"]
    assert by["decode"] is None


def test_nan_and_driver_errors_are_set_apart_and_readings_recover() -> None:
    resolved, series = read(nan=0.05, dropout=0.05, failures=((26.0, 27.0),))
    assert len(series.faults) > 40
    assert true_or_none(resolved) == [True, True, True]
    (found,) = [d for d in resolved.doubts if d.code == "sensor-fault"]
    assert "readings failed" in found.message


def test_ten_seconds_without_readings_widen_what_ends_in_them() -> None:
    resolved, _ = read(gaps=((27.0, 37.0),))
    assert true_or_none(resolved) == [True, True, True]
    by = {r.span: r for r in resolved.readings}
    widths = {name: (r.high_j or 0) - (r.low_j or 0) for name, r in by.items()}
    assert widths["decode"] > 300
    assert widths["measured"] < 50
    assert "10" in next(d for d in resolved.doubts if d.code == "sampling-gap").message


def test_a_clock_set_back_makes_a_counter_fall_and_not_lie() -> None:
    # Stamps of a clock that was set back by 3 s at 31 s: a log from elsewhere, as it may come.
    samples = [
        dataclasses.replace(s, time_ns=s.time_ns - 3 * S) if s.time_ns > 31 * S else s
        for s in METER.samples(WORLD, np.random.default_rng(1))
    ]
    resolved = resolve(WORLD.spans, [Series.from_samples(METER.info, samples)])
    by = {r.span: r.gross_j for r in resolved.readings}
    assert by["measured"] is None
    assert by["idle"] == pytest.approx(1000, rel=0.02)
    assert "counter-backwards" in codes(resolved)


def test_power_that_is_negative_or_not_a_number_enters_no_figure() -> None:
    model = SensorModel(kind="power", period_s=0.1, window_s=0.1, poll_s=0.05, name="gpu0", nan=0.1)
    samples = model.samples(WORLD, np.random.default_rng(2))
    samples[700] = dataclasses.replace(samples[700], power_w=-40.0)
    series = Series.from_samples(model.info, samples)
    resolved = resolve(WORLD.spans, [series])
    assert len(series.faults) > 60
    assert true_or_none(resolved) == [True, True, True]
