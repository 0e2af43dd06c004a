"""Axes of charts over trials: they hold what they show, and their printed bounds are true."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.analysis.axes import AXES, HIGHER
from wattmark.report.scales import absolute_axis, chart_axis, unit_of
from wattmark.schema import Estimate

COSTS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)
AXIS = st.sampled_from(["energy_per_query_j", "latency_s", "tokens_per_s", "ram_peak_bytes"])


@pytest.mark.parametrize(
    ("unit", "numbers", "word"),
    [
        ("J", [0.4, 2.2], "J"),
        ("J", [0.0004, 0.2], "mJ"),
        ("J", [0.0004, 3.0], "mJ"),
        ("s", [1200.0], "s"),
        ("W", [1200.0], "kW"),
        ("g", [4e-8], "ng"),
        ("B", [2.0**20], "MiB"),
        ("B", [2.0**31], "GiB"),
        ("1", [0.3], "%"),
        ("tokens/s", [1e5], "tokens/s"),
        ("J", [], "J"),
        ("J", [0.0], "J"),
    ],
)
def test_a_unit_reads_well(unit: str, numbers: list[float], word: str) -> None:
    assert unit_of(unit, numbers).word == word


@settings(max_examples=40)
@given(AXIS, COSTS, st.booleans())
def test_absolute_bounds_hold_all_values_and_say_what_they_are(
    name: str, numbers: list[float], zero: bool
) -> None:
    axis = absolute_axis(AXES[name], numbers, zero=zero)
    assert axis.worst != axis.best
    assert (axis.best > axis.worst) == (AXES[name].better == HIGHER)
    for end in (axis.worst, axis.best):
        figure, _, unit = axis.words(end).partition(" ")
        assert float(figure) == pytest.approx(end, rel=1e-9, abs=1e-12)
        assert unit == axis.unit.word
    places = [axis.place(value) for value in sorted(numbers)]
    assert all(axis.holds(value) for value in numbers)
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places, reverse=AXES[name].better != HIGHER)
    assert axis.place(axis.best / axis.unit.factor) == pytest.approx(1)
    assert axis.place(axis.worst / axis.unit.factor) == pytest.approx(0, abs=1e-9)


@settings(max_examples=40)
@given(SHARES)
def test_a_share_has_absolute_bounds(numbers: list[float]) -> None:
    radar = absolute_axis(AXES["accuracy"], numbers, zero=True)
    assert (radar.worst, radar.best, radar.log) == (0, 100, False)
    lines = absolute_axis(AXES["accuracy"], numbers, zero=False)
    assert all(lines.holds(value) for value in numbers)
    assert lines.best == 100


def test_a_wide_span_is_logarithmic_and_a_narrow_one_is_not() -> None:
    wide = absolute_axis(AXES["latency_s"], [0.013, 4.0], zero=True)
    assert (wide.log, wide.worst, wide.best) == (True, 5, 0.01)
    assert wide.words(wide.worst) == "5 s"
    narrow = absolute_axis(AXES["latency_s"], [1.3, 2.1], zero=True)
    assert (narrow.log, narrow.worst, narrow.best) == (False, 5, 0)
    tight = absolute_axis(AXES["latency_s"], [1.3, 2.1], zero=False)
    assert (tight.worst, tight.best) == (2.2, 1.2)


@settings(max_examples=40)
@given(AXIS, COSTS, st.floats(0, 3), st.floats(0, 1e4))
def test_a_chart_s_axis_holds_every_centre(
    name: str, numbers: list[float], down: float, up: float
) -> None:
    figures = [
        Estimate(name, value, value * (1 - down), value * (1 + up), 0.95, 5, AXES[name].unit)
        for value in numbers
    ]
    axis = chart_axis(AXES[name], figures)
    places = [axis.place(axis.shown(value) or 0.0) for value in numbers]
    assert all(-1e-5 <= place <= 1 + 1e-5 for place in places)
    ends = [axis.shown(end) or 0.0 for one in figures for end in (one.low, one.high)]
    inside = all(
        axis.domain[0] <= end * (1 + 1e-5) and end * (1 - 1e-5) <= axis.domain[1] for end in ends
    )
    assert inside or axis.clipped
    assert axis.log == (max(numbers) * axis.unit.factor > 3 * (min(numbers) * axis.unit.factor))


def test_an_axis_says_which_way_is_better() -> None:
    latency = chart_axis(AXES["latency_s"], [Estimate("latency_s", 2.0, 1.9, 2.1, 0.95, 5, "s")])
    assert latency.title == "← better · latency (s)"
    speed = [Estimate("tokens_per_s", v, v, v, 0.95, 5, "tokens/s") for v in (10.0, 90.0)]
    assert chart_axis(AXES["tokens_per_s"], speed).title == "throughput (tokens/s, log) · better →"
