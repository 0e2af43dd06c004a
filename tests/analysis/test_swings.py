"""What moves a carbon figure, against figures worked out by hand and against the Monte Carlo."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.analysis.carbon import CarbonInputs, Work, embodied_g, operational, sci
from wattmark.analysis.metrics import NO_INTENSITY, Reading
from wattmark.analysis.swings import IT_ONLY, NO_RANGE, Swing, middle_g, swings
from wattmark.schema import Estimate

KWH = 3.6e6
GRID = Reading(400.0)
INPUTS = CarbonInputs(
    intensity_g_per_kwh=400.0, intensity_uncertainty=0.15, pue=1.2, embodied_kg=876.6
)


def work(joules: float | None = KWH, half: float = 0.05, gain: float = 0.1) -> Work:
    low, high = (None if joules is None else joules * (1 + side * half) for side in (-1, 1))
    return Work(Estimate("e", joules, low, high, 0.95, 5, "J", "why"), 3600.0, gain)


def named(found: list[Swing]) -> dict[str, Swing]:
    return {swing.name: swing for swing in found}


def ends(swing: Swing) -> tuple[float, float]:
    assert swing.low_g is not None
    assert swing.high_g is not None
    return swing.low_g, swing.high_g


def test_each_input_goes_from_bound_to_bound_with_the_others_at_their_middle() -> None:
    # 1 kWh × 400 g × 1.2 is 480 g; 876.6 kg over 4 years of 8766 h is 25 g an hour.
    assert middle_g(work(), GRID, INPUTS) == pytest.approx(505.0)
    found = named(swings(work(), GRID, INPUTS))
    assert ends(found["energy"]) == pytest.approx((481.0, 529.0))
    assert ends(found["sensor gain"]) == pytest.approx((457.0, 553.0))
    assert ends(found["grid intensity"]) == pytest.approx((433.0, 577.0))
    # PUE ± 10 % of what is above 1: 1.18 to 1.22.
    assert ends(found["PUE"]) == pytest.approx((497.0, 513.0))
    root = math.sqrt(3.5)
    assert ends(found["embodied carbon"]) == pytest.approx((480 + 25 / root, 480 + 25 * root))
    # A longer life carries less: the high bound has fewer grams.
    assert ends(found["lifetime"]) == pytest.approx((480 + 25 * 4 / 3, 480 + 25 * 4 / 6))


def test_the_widest_stands_first_and_those_without_a_range_last() -> None:
    found = swings(work(), GRID, INPUTS)
    widths = [swing.width_g for swing in found]
    assert widths == sorted(widths, reverse=True)
    assert found[0].name == "grid intensity"
    assert [swing.name for swing in found if swing.low_g is None] == ["share of the device"]
    assert found[-1].why == NO_RANGE


def test_no_range_is_made_up() -> None:
    exact = replace(INPUTS, intensity_uncertainty=0.0, pue=1.0, embodied_kg=None)
    found = named(swings(replace(work(gain=0.0), energy=Estimate(
        "e", KWH, None, None, 0.95, 1, "J", "one replicate")), GRID, exact))  # fmt: skip
    assert set(found) == {"energy", "sensor gain", "grid intensity", "PUE"}
    assert all(swing.low_g is None and swing.low is None for swing in found.values())
    assert found["energy"].why == "one replicate"
    assert found["PUE"].why == IT_ONLY
    assert found["grid intensity"].why == NO_RANGE


def test_nothing_without_joules_or_a_grid_and_no_making_without_a_length() -> None:
    assert swings(work(None), GRID, INPUTS) == []
    assert swings(work(), Reading(None, why=NO_INTENSITY), INPUTS) == []
    assert middle_g(work(None), GRID, INPUTS) is None
    short = replace(work(), seconds=None)
    assert middle_g(short, GRID, INPUTS) == pytest.approx(480.0)
    assert "lifetime" not in named(swings(short, GRID, INPUTS))


@settings(max_examples=25)
@given(
    joules=st.floats(1e-3, 1e9),
    pue=st.floats(1.0, 2.0),
    kilograms=st.one_of(st.none(), st.floats(1.0, 1e4)),
)
def test_the_middle_is_that_of_the_carbon_figures(
    joules: float, pue: float, kilograms: float | None
) -> None:
    inputs = replace(INPUTS, pue=pue, embodied_kg=kilograms)
    compute = operational if kilograms is None else sci
    expected = compute("co2e", work(joules), GRID, inputs).value
    assert middle_g(work(joules), GRID, inputs) == pytest.approx(expected)
    assert expected is not None
    making = embodied_g(3600.0, inputs)
    for swing in swings(work(joules), GRID, inputs):
        if swing.low_g is not None:
            low, high = sorted(ends(swing))
            assert low <= expected * (1 + 1e-12)
            assert high >= expected * (1 - 1e-12)
            assert low >= 0
            assert high <= 2 * (expected + making)
