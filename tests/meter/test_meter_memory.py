"""A day of samples: kept whole, kept small, handed over as they came."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.energy.series import Series
from wattmark.meter.kept import KeptSamples
from wattmark.meter.meter import Meter
from wattmark.meter.simulated import parse
from wattmark.schema import LOST, Sample, SensorInfo

INFO = SensorInfo(
    name="x", component="gpu", device="gpu0", kind="counter", source="test", lag_s=0.25
)
FIGURES = st.none() | st.floats(allow_nan=False)
SAMPLES = st.builds(
    Sample,
    sensor=st.just("x"),
    time_ns=st.integers(0, 2**62),
    energy_j=FIGURES,
    power_w=FIGURES,
    temperature_c=FIGURES,
    memory_bytes=st.none() | st.integers(0, 2**53),
    clock_hz=FIGURES,
    utilization=FIGURES,
    throttle=st.sampled_from([None, "power", "heat", ""]),
    fault=st.sampled_from([None, None, None, "no answer", f"{LOST}it fell"]),
)


def kept(samples: list[Sample]) -> KeptSamples:
    columns = KeptSamples("x")
    for sample in samples:
        columns.add(sample)
    return columns


@given(st.lists(SAMPLES, max_size=30))
def test_samples_come_back_as_they_were_given(samples: list[Sample]) -> None:
    columns = kept(samples)
    assert list(columns.samples()) == samples
    assert len(columns) == len(samples)


@given(st.lists(SAMPLES, max_size=30))
def test_the_series_is_the_one_that_the_samples_make(samples: list[Sample]) -> None:
    columns, whole = kept(samples).series(INFO), Series.from_samples(INFO, samples)
    for name in ("time_ns", "energy_j", "power_w", "lost_ns"):
        assert np.array_equal(getattr(columns, name), getattr(whole, name), equal_nan=True)
    told = [sorted((f.time_ns, str(f.fault)) for f in one.faults) for one in (columns, whole)]
    assert told[0] == told[1]


def test_a_figure_that_is_not_a_number_is_a_fault_and_not_a_missing_one() -> None:
    columns = kept([Sample("x", 1, energy_j=math.nan), Sample("x", 2, energy_j=1.0)])
    given_j = [sample.energy_j for sample in columns.samples()]
    assert given_j[0] is not None
    assert math.isnan(given_j[0])
    assert [fault.time_ns for fault in columns.series(INFO).faults] == [1 - 250_000_000]


@pytest.mark.parametrize(
    ("gauges", "most_bytes"),
    [(False, 20), (True, 70)],
    ids=["a counter alone", "with every gauge of a board"],
)
def test_a_day_of_eight_sensors_fits_into_memory(gauges: bool, most_bytes: int) -> None:
    count = 100_000
    columns = KeptSamples("x")
    tracemalloc.start()
    try:
        for k in range(count):
            if gauges:
                sample = Sample("x", k, k * 1.5, k * 2.5, k / 7, k * 1000, k * 3.0, k / 9, "power")
            else:
                sample = Sample("x", k, k * 1.5)
            columns.add(sample)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / count < most_bytes
    day_bytes = 24 * 3600 * 10 * 8 * used / count
    assert day_bytes < 500e6


def test_the_series_of_a_meter_forget_nothing() -> None:
    meter = Meter([parse("watts=100"), parse("watts=5,kind=power,component=dram")])
    meter.read_now()
    meter.read_now()
    for _ in range(2):
        cpu, dram = meter.series()
        assert np.isfinite(cpu.energy_j).sum() == np.isfinite(dram.power_w).sum() == 2
    assert len(meter.take()) == 4
    assert meter.series()[0].time_ns.size == 0
    meter.close()
