"""Net joules of windows, and totals that a lost sensor leaves unknown: against known powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from wattmark.meter.meter import Meter
from wattmark.meter.shapes import Numeric
from wattmark.meter.simulated import SimulatedSensor
from wattmark.monitor.figures import NO_IDLE, Stretch, result_of
from wattmark.monitor.incomplete import INCOMPLETE
from wattmark.monitor.result import EnergyResult
from wattmark.schema import SensorInfo, Span
from wattmark.units import s_to_ns

IDLE_W, WORK_W = 20.0, 120.0
START_S, END_S = 2.0, 6.0
IDLE = ((0.5, 1.5), (6.5, 7.5))
WINDOWS = (("a", 3.0, 4.0), ("b", 3.5, 5.0), ("a", 4.5, 5.0))


def power_w(t_s: float) -> float:
    return WORK_W if START_S <= t_s < END_S else IDLE_W


def spans(stretches: Sequence[tuple[str, float, float]]) -> tuple[Span, ...]:
    return tuple(Span(name, s_to_ns(start), s_to_ns(end)) for name, start, end in stretches)


def measured(*sensors: dict[str, Any], idle: bool = True) -> EnergyResult:
    """Work from 2 to 6 s with its windows, sensors read every 50 ms; `sensors` are their faults."""
    now_ns = [0]
    read = [
        SimulatedSensor(
            SensorInfo(
                name=f"test:{component}",
                component=component,
                device=component,
                kind="counter",
                source="test",
                update_period_s=0.05,
            ),
            Numeric(power_w),
            lambda: now_ns[0],
            origin_ns=0,
            **faults,
        )
        for component, faults in zip(("cpu", "gpu"), sensors, strict=False)
    ]
    meter = Meter(read, 0.05, lambda: now_ns[0])
    for k in range(161):
        now_ns[0] = s_to_ns(k * 0.05)
        meter.read_now()
    return result_of(
        meter,
        Stretch(
            start_ns=s_to_ns(START_S),
            end_ns=s_to_ns(END_S),
            idle=spans([("idle", *each) for each in IDLE]) if idle else (),
            windows=spans(WINDOWS),
        ),
    )


def test_windows_have_net_joules_where_idle_was_measured() -> None:
    result = measured({}, {})
    truths = [2 * (WORK_W - IDLE_W) * (end - start) for _, start, end in WINDOWS]
    named = {"a": truths[0] + truths[2], "b": truths[1]}
    for window, truth_j in (
        *zip(result.windows, truths, strict=True),
        *((result.windows[name], truth_j) for name, truth_j in named.items()),
    ):
        assert window.net_joules == pytest.approx(truth_j, rel=0.05)
        assert window.net_low_joules is not None
        assert window.net_high_joules is not None
        assert window.net_low_joules <= truth_j <= window.net_high_joules
        assert window.net_reason is None
        parts = [window.components[name].net_joules for name in ("cpu", "gpu")]
        assert sum(part or 0.0 for part in parts) == pytest.approx(window.net_joules)
    assert result.as_dict()["windows"]["by_name"]["b"]["net_joules"] is not None


def test_a_window_over_all_of_it_has_the_net_joules_of_all_of_it() -> None:
    result = measured({})
    assert result.net_joules == pytest.approx((WORK_W - IDLE_W) * (END_S - START_S), rel=0.03)
    idle_w = result.idle_power_watts
    assert idle_w is not None
    for window in result.windows:
        assert window.energy_joules is not None
        assert window.net_joules == pytest.approx(
            window.energy_joules - idle_w * window.duration_seconds
        )


def test_without_idle_windows_have_no_net_but_the_reason() -> None:
    for window in measured({}, idle=False).windows:
        assert window.energy_joules is not None
        assert (window.net_joules, window.net_low_joules, window.net_high_joules) == (None,) * 3
        assert window.net_reason == NO_IDLE


def test_a_sensor_that_was_silent_at_idle_is_named() -> None:
    window = measured({}, {"dropouts": [(0.0, 2.0), (6.2, 9.0)]}).windows["b"]
    assert window.energy_joules is not None
    assert window.net_joules is None
    assert window.net_reason == "test:gpu told nothing while idle was measured."
    assert window.components["cpu"].net_joules is not None


def test_a_lost_sensor_leaves_the_total_unknown_and_says_what_the_others_come_to() -> None:
    result = measured({}, {"dropouts": [(1.0, 9.0)]})
    assert result.energy_joules is None
    assert result.components["gpu"].energy_joules is None
    alone = result.components["cpu"].energy_joules
    assert alone == pytest.approx(WORK_W * (END_S - START_S), rel=0.03)
    (doubt,) = [doubt for doubt in result.doubts if doubt.code == INCOMPLETE]
    assert "test:gpu (gpu gpu) has no figure" in doubt.message
    assert f"{alone:.0f} J (" in doubt.message
    assert "of cpu alone" in doubt.message


def test_no_such_doubt_where_all_or_none_was_measured() -> None:
    gone = {"dropouts": [(0.0, 9.0)]}
    for result in (measured({}, {}), measured(gone, gone), measured(gone), measured()):
        assert INCOMPLETE not in {doubt.code for doubt in result.doubts}
