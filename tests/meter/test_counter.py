from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.meter.counter import CEILINGS_W, RisingCounter
from wattmark.schema import LOST, SensorInfo

S = 1_000_000_000


def test_a_wrap_is_the_way_up_and_on_from_zero() -> None:
    counter = RisingCounter(wrap_j=100.0, ceiling_w=50.0)
    assert counter.advance(90.0, 0) == (90.0, None)
    energy_j, fault = counter.advance(5.0, 1 * S)
    assert fault is None
    assert energy_j == pytest.approx(105.0)


def test_a_fall_that_no_wrap_explains_is_a_fault_and_the_counter_goes_on() -> None:
    counter = RisingCounter(wrap_j=262_144.0, ceiling_w=400.0)
    counter.advance(5000.0, 0)
    energy_j, fault = counter.advance(4900.0, S // 10)
    assert energy_j is None
    assert fault == f"{LOST}the counter went back by 100 J without wrapping"
    assert counter.advance(4910.0, 2 * S // 10) == (5010.0, None)


def test_a_fall_is_a_fault_where_nothing_wraps() -> None:
    counter = RisingCounter()
    counter.advance(10.0, 0)
    assert counter.advance(9.0, S)[1] is not None


def test_a_fall_below_the_range_is_no_wrap() -> None:
    counter = RisingCounter(wrap_j=100.0)
    counter.advance(250.0, 0)
    assert counter.advance(10.0, S)[1] is not None


def described(component: str, **fields: Any) -> SensorInfo:
    return SensorInfo(
        name="x", component=component, device="x", kind="counter", source="test", **fields
    )


@pytest.mark.parametrize("component", CEILINGS_W)
def test_a_reset_between_slow_readings_is_no_wrap_where_no_limit_is_known(component: str) -> None:
    counter = RisingCounter.of(described(component, wrap_j=262_143.0))
    counter.advance(100.0, 0)
    energy_j, fault = counter.advance(3.0, 20 * S)
    assert energy_j is None
    assert str(fault).startswith(LOST)
    assert counter.advance(10.0, 40 * S) == (107.0, None)


@pytest.mark.parametrize(("component", "watts"), [("cpu", 500.0), ("dram", 100.0), ("gpu", 1200.0)])
def test_the_largest_parts_wrap_below_the_assumed_ceilings(component: str, watts: float) -> None:
    counter = RisingCounter.of(described(component, wrap_j=262_143.0))
    counter.advance(262_000.0, 0)
    energy_j, fault = counter.advance((262_000.0 + watts * 10) % 262_143.0, 10 * S)
    assert fault is None
    assert energy_j == pytest.approx(262_000.0 + watts * 10)


def test_a_known_limit_is_the_ceiling() -> None:
    counter = RisingCounter.of(described("cpu", wrap_j=1000.0, limit_w=20.0))
    counter.advance(900.0, 0)
    assert counter.advance(50.0, S)[1] is not None
    assert counter.advance(10.0, 50 * S)[0] is None


def test_after_so_long_that_anything_could_be_a_wrap_joules_are_lost() -> None:
    for seconds, told in ((100, True), (140, False), (10_000, False)):
        counter = RisingCounter.of(described("cpu", wrap_j=262_143.0))
        counter.advance(262_000.0, 0)
        energy_j, fault = counter.advance(5_000.0, seconds * S)
        assert (fault is None) == told
        if told:
            assert energy_j == pytest.approx(262_000 + 5_143)
        else:
            assert "nobody can tell" in str(fault)


def test_a_fall_within_the_quantum_is_rounding_and_does_not_add_up() -> None:
    counter = RisingCounter(quantum_j=1.0)
    for k, raw_j in enumerate([10.0, 9.0, 10.0, 9.0, 10.0, 12.0]):
        energy_j, fault = counter.advance(raw_j, k * S)
        assert fault is None
        assert energy_j == max(10.0, raw_j)
    assert counter.advance(10.5, 9 * S)[1] is not None


@given(
    start_uj=st.integers(0, 65_535),
    steps_uj=st.lists(st.integers(0, 65_000), max_size=30),
)
def test_any_wrapped_series_comes_back_as_its_sum(start_uj: int, steps_uj: list[int]) -> None:
    counter = RisingCounter(wrap_j=65_536e-6, ceiling_w=0.0325)
    total_uj = start_uj
    counter.advance(start_uj * 1e-6, 0)
    for k, step_uj in enumerate(steps_uj, start=1):
        total_uj += step_uj
        energy_j, fault = counter.advance((total_uj % 65_536) * 1e-6, k * S)
        assert fault is None
        assert energy_j == pytest.approx(total_uj * 1e-6, abs=1e-9)
