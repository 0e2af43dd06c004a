import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.meter.counter import RisingCounter

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
    assert fault == "the counter went back by 100 J without wrapping"
    assert counter.advance(4910.0, 2 * S // 10) == (5010.0, None)


def test_a_fall_is_a_fault_where_nothing_wraps() -> None:
    counter = RisingCounter()
    counter.advance(10.0, 0)
    assert counter.advance(9.0, S)[1] is not None


def test_a_fall_below_the_range_is_no_wrap() -> None:
    counter = RisingCounter(wrap_j=100.0)
    counter.advance(250.0, 0)
    assert counter.advance(10.0, S)[1] is not None


@given(
    start_uj=st.integers(0, 65_535),
    steps_uj=st.lists(st.integers(0, 65_535), max_size=30),
)
def test_any_wrapped_series_comes_back_as_its_sum(start_uj: int, steps_uj: list[int]) -> None:
    counter = RisingCounter(wrap_j=65_536e-6)
    total_uj = start_uj
    counter.advance(start_uj * 1e-6, 0)
    for k, step_uj in enumerate(steps_uj, start=1):
        total_uj += step_uj
        energy_j, fault = counter.advance((total_uj % 65_536) * 1e-6, k * S)
        assert fault is None
        assert energy_j == pytest.approx(total_uj * 1e-6, abs=1e-9)
