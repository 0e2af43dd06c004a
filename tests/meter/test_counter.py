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


def test_many_wraps_at_proper_polling_come_back_as_their_sum() -> None:
    """262 kJ at 100 W and 0.1 s, with and without a known limit, for fifty rounds."""
    for limit_w in (None, 250.0):
        counter = RisingCounter.of(described("cpu", wrap_j=2_000.0, limit_w=limit_w))
        faults = 0
        for k in range(10_001):
            energy_j, fault = counter.advance((100.0 * k * 0.1) % 2_000.0, k * S // 10)
            faults += fault is not None
        assert faults == 0
        assert energy_j == pytest.approx(100_000.0)


def test_a_wrap_exactly_at_a_reading() -> None:
    counter = RisingCounter(wrap_j=100.0, ceiling_w=50.0)
    counter.advance(90.0, 0)
    # The range itself and 0 are one place of the circle.
    assert counter.advance(100.0, 1 * S) == (100.0, None)
    assert counter.advance(0.0, 2 * S) == (100.0, None)
    assert counter.advance(10.0, 3 * S) == (110.0, None)
    again = RisingCounter(wrap_j=100.0, ceiling_w=50.0)
    again.advance(90.0, 0)
    assert again.advance(0.0, 1 * S) == (100.0, None)


def test_a_reset_to_0_and_a_fall_are_lost_and_counting_goes_on() -> None:
    counter = RisingCounter(wrap_j=262_143.0, ceiling_w=400.0)
    counter.advance(5_000.0, 0)
    assert str(counter.advance(0.0, S // 10)[1]).startswith(LOST)
    assert counter.advance(40.0, 2 * S // 10) == (5_040.0, None)
    assert str(counter.advance(30.0, 3 * S // 10)[1]).startswith(LOST)
    assert counter.advance(31.0, 4 * S // 10) == (5_041.0, None)


@pytest.mark.parametrize("limit_w", [None, 400.0])
def test_a_rise_long_enough_for_a_whole_round_is_lost(limit_w: float | None) -> None:
    """Nobody saw any power yet: the limit, or the component's ceiling, says what is possible."""
    for seconds, told in ((100, True), (10_000, False)):
        counter = RisingCounter.of(described("cpu", wrap_j=262_143.0, limit_w=limit_w))
        counter.advance(1_000.0, 0)
        energy_j, fault = counter.advance(5_000.0, seconds * S)
        assert (fault is None) == told
        if told:
            assert energy_j == 5_000.0
        else:
            assert str(fault).startswith(LOST)
            assert "gone round" in str(fault)
            assert "1e+04 s" in str(fault)
            assert counter.advance(5_010.0, (seconds + 1) * S) == (1_010.0, None)


def polled(watts: float, seconds: int = 5, **fields: Any) -> RisingCounter:
    """A counter that has seen this power at 0.1 s polling."""
    counter = RisingCounter.of(described("cpu", **fields))
    for k in range(seconds * 10 + 1):
        assert counter.advance(watts * k * 0.1, k * S // 10)[1] is None
    return counter


def test_power_seen_so_far_says_what_a_pause_can_hold() -> None:
    """After 20 W a pause of ten minutes holds no round of 262 kJ; after 200 W it may."""
    assert polled(20.0, wrap_j=262_143.0).advance(12_100.0, 605 * S) == (12_100.0, None)
    assert polled(200.0, wrap_j=262_143.0).advance(121_000.0, 605 * S)[0] is None
    # 200 W seen, and a limit that leaves no room for a round.
    limited = polled(200.0, wrap_j=262_143.0, limit_w=400.0)
    assert limited.advance(121_000.0, 605 * S) == (121_000.0, None)


def test_the_rise_itself_tells_of_a_load_that_was_never_seen() -> None:
    """Idle at 20 W, then 400 W in a pause of 1300 s: one round and 258 kJ."""
    counter = polled(20.0, wrap_j=262_143.0)
    energy_j, fault = counter.advance((100.0 + 400.0 * 1_300) % 262_143.0, 1_305 * S)
    assert energy_j is None
    assert "gone round" in str(fault)


def test_a_range_smaller_than_a_step_is_never_a_figure() -> None:
    """300 W read every second on a range of 100 J: only the remainder would be seen."""
    counter = RisingCounter.of(described("cpu", wrap_j=100.0, limit_w=600.0))
    counter.advance(0.0, 0)
    told = [counter.advance(300.0 * k % 100.0, k * S)[1] for k in range(1, 20)]
    told += [counter.advance((300.0 * k + 7.0 * k) % 100.0, k * S)[1] for k in range(20, 40)]
    assert all(str(fault).startswith(LOST) for fault in told)


@given(watts=st.floats(1.0, 500.0), wrap_j=st.sampled_from([65_713.0, 262_143.0]))
def test_ordinary_polling_never_trips(watts: float, wrap_j: float) -> None:
    counter = RisingCounter.of(described("board", wrap_j=wrap_j))
    start_j = wrap_j - 3 * watts
    for k in range(100):
        energy_j, fault = counter.advance((start_j + watts * k * 0.1) % wrap_j, k * S // 10)
        assert fault is None
        assert energy_j == pytest.approx(start_j + watts * k * 0.1)


def test_a_driver_started_anew_may_have_set_the_counter_back_unseen() -> None:
    """500 J, a reload, 3000 J: a rise, and no 2500 J. 5 MJ and 1 kJ more went on."""
    for last_j, next_j, told in ((500.0, 3_000.0, False), (5e6, 5.001e6, True)):
        counter = RisingCounter.of(described("gpu", limit_w=1_000.0))
        counter.advance(last_j, 0)
        counter.reopened()
        energy_j, fault = counter.advance(next_j, 10 * S)
        assert (energy_j == next_j) is told
        assert told or str(fault).startswith(f"{LOST}the driver was started anew")
        # It is said once.
        assert counter.advance(next_j + 1, 11 * S)[1] is None
