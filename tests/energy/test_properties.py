"""What must hold for any readings whatsoever."""

from __future__ import annotations

import dataclasses
import math
from random import Random

import numpy as np
import pytest
from energy_truth import counted, info
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.energy.curve import curve_of
from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.energy.spacing import extremes
from wattmark.schema import Sample, SensorInfo, Span

S = 10**9
spacings = st.lists(st.integers(1, 3 * S), min_size=2, max_size=30)
periods = st.sampled_from([None, 0.0, 0.001, 0.1, 1.0])


def energies(draw_spacings: list[int], watts: list[float], name: str = "gpu0") -> list[Sample]:
    samples, at, joules = [], 0, 5.0
    for spacing, power in zip(draw_spacings, watts, strict=False):
        samples.append(Sample(name, at, energy_j=joules))
        at += spacing
        joules += power * spacing / S
    return samples


powers_w = st.floats(0, 1000, allow_subnormal=False)
"""Half of the smallest subnormal is zero, and a change of reading would be none."""
readings = st.tuples(spacings, st.lists(powers_w, min_size=30, max_size=30), st.booleans())


def series_of(data: tuple[list[int], list[float], bool], period: float | None) -> Series:
    gaps, watts, as_power = data
    samples = energies(gaps, watts)
    sensor: SensorInfo = info(update_period_s=period, kind="power" if as_power else "counter")
    if as_power:
        samples = [
            dataclasses.replace(s, energy_j=None, power_w=w)
            for s, w in zip(samples, watts, strict=False)
        ]
    return Series.from_samples(sensor, samples)


@settings(max_examples=200, deadline=None)
@given(readings, periods, st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_adjacent_windows_add_up_and_bounds_are_in_order(
    data: tuple[list[int], list[float], bool], period: float | None, at: list[float]
) -> None:
    series = series_of(data, period)
    last = int(series.time_ns[-1])
    a, b, c = sorted(round(x * last) for x in at)
    bounds = curve_of(series).between([a, b, a], [b, c, c])
    assert np.isfinite(bounds.value).all()
    assert bounds.value[2] == pytest.approx(bounds.value[0] + bounds.value[1], rel=1e-6, abs=1e-6)
    assert (bounds.low >= 0).all()
    assert (bounds.low <= bounds.value).all()
    assert (bounds.value <= bounds.high).all()
    # A longer window holds no less.
    assert bounds.value[2] >= bounds.value[0] - 1e-9


@settings(max_examples=100, deadline=None)
@given(readings, periods, st.randoms(use_true_random=False))
def test_the_order_of_samples_is_irrelevant(
    data: tuple[list[int], list[float], bool], period: float | None, shuffler: Random
) -> None:
    gaps, watts, _ = data
    samples = energies(gaps, watts)
    mixed = list(samples)
    shuffler.shuffle(mixed)
    spans = [Span("measured", 0, samples[-1].time_ns)]
    sensor = info(update_period_s=period)
    first = resolve(spans, [Series.from_samples(sensor, samples)])
    assert first == resolve(spans, [Series.from_samples(sensor, mixed)])


@settings(max_examples=100, deadline=None)
@given(readings, periods, st.sampled_from([0.5, 2.0, 1024.0]))
def test_joules_scale_with_the_readings(
    data: tuple[list[int], list[float], bool], period: float | None, factor: float
) -> None:
    series = series_of(data, period)
    scaled = dataclasses.replace(
        series, energy_j=series.energy_j * factor, power_w=series.power_w * factor
    )
    last = int(series.time_ns[-1])
    start, end = [0, last // 3], [last // 2, last]
    one, other = curve_of(series).between(start, end), curve_of(scaled).between(start, end)
    for name in ("value", "low", "high"):
        expected = getattr(one, name) * factor
        assert getattr(other, name) == pytest.approx(expected, rel=1e-6, abs=1e-6 * factor)


@settings(max_examples=100, deadline=None)
@given(readings, periods)
def test_net_and_idle_make_gross(
    data: tuple[list[int], list[float], bool], period: float | None
) -> None:
    series = series_of(data, period)
    last = int(series.time_ns[-1])
    spans = [
        Span("idle", 0, last // 4 + 1),
        Span("measured", last // 4 + 1, max(last, last // 4 + 1)),
    ]
    if spans[0].end_ns > last:
        return
    resolved = resolve(spans, [series])
    by = {reading.span: reading for reading in resolved.readings}
    idle, work = by["idle"], by["measured"]
    assert idle.gross_j is not None
    if work.gross_j is None:
        # Drawn powers may stand at 0 W for long: then the work is not measured, and is named.
        stands = {"counter-frozen", "counter-stalled", "power-stuck"}
        assert stands & {doubt.code for doubt in resolved.doubts}
        assert work.net_j is None
        return
    assert work.net_j is not None
    power = idle.gross_j / idle.seconds
    assert work.net_j + power * work.seconds == pytest.approx(work.gross_j, rel=1e-6, abs=1e-6)
    assert idle.net_j == pytest.approx(0, abs=1e-6 + 1e-9 * idle.gross_j)
    assert work.net_low_j is not None
    assert work.net_high_j is not None
    assert work.net_low_j <= work.net_j <= work.net_high_j


@pytest.mark.parametrize("watts", [0.0, 0.3, 250.0])
@pytest.mark.parametrize("start_s", [0.0, 1.234567891, 3.3])
def test_constant_power_is_exact(watts: float, start_s: float) -> None:
    start, end = round(start_s * S), round((start_s + 2.7182818) * S)
    counter = Series.from_samples(info(), counted(watts, 10))
    assert curve_of(counter).between(start, end).value[0] == pytest.approx(watts * 2.7182818)
    powers = [Sample("gpu0", k * S // 10, power_w=watts) for k in range(101)]
    sensor = info(kind="power", update_period_s=0.1, averaging_window_s=0.1)
    power = Series.from_samples(sensor, powers)
    assert curve_of(power).between(start, end).value[0] == pytest.approx(watts * 2.7182818)


def test_an_origin_that_is_far_away_costs_no_precision() -> None:
    far = 90 * 86_400 * S
    samples = [
        dataclasses.replace(s, time_ns=s.time_ns + far, energy_j=(s.energy_j or 0) + 1e9)
        for s in counted(100, 10)
    ]
    curve = curve_of(Series.from_samples(info(), samples))
    assert curve.between(far + S, far + 3 * S).value[0] == pytest.approx(200, rel=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=70), st.data())
def test_extremes_of_ranges(values: list[float], data: st.DataObject) -> None:
    index = st.integers(0, len(values) - 1)
    pairs = [sorted(p) for p in data.draw(st.lists(st.tuples(index, index), min_size=1))]
    first, last = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    low, high = extremes(np.array(values), first, last)
    assert [min(values[a : b + 1]) for a, b in pairs] == list(low)
    assert [max(values[a : b + 1]) for a, b in pairs] == list(high)


def test_readings_are_plain_floats_or_none() -> None:
    spans = [Span("measured", 0, S), Span("prefill", 0, S // 2, 0), Span("load", -9 * S, -8 * S)]
    resolved = resolve(spans, [Series.from_samples(info(), counted(100, 2))])
    for reading in resolved.readings + resolved.batches:
        for figure in (reading.gross_j, reading.low_j, reading.high_j, reading.seconds):
            assert figure is None or (type(figure) is float and math.isfinite(figure))
