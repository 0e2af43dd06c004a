"""Carbon, SCI and water against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Knobs, make_run

from wattmark.analysis.carbon import (
    NO_EMBODIED,
    CarbonInputs,
    Work,
    embodied_g,
    mean_intensity,
    operational,
    sci,
    series_mean,
    water,
    whole,
)
from wattmark.analysis.metrics import NO_INTENSITY, Reading
from wattmark.analysis.summary import summarise
from wattmark.schema import Estimate
from wattmark.store.reader import open_run

KWH = 3.6e6
EXACT = CarbonInputs(intensity_g_per_kwh=400.0, intensity_uncertainty=0.0)
HOUR = 3600.0


def work(
    joules: float | None, half: float = 0.0, gain: float = 0.0, seconds: float | None = HOUR
) -> Work:
    low, high = (None if joules is None else joules * (1 + side * half) for side in (-1, 1))
    return Work(Estimate("e", joules, low, high, 0.95, 5, "J", "why"), seconds, gain)


def grams(what: Work, inputs: CarbonInputs = EXACT) -> Estimate:
    return operational("co2e", what, mean_intensity(inputs, []), inputs)


def bounds(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def test_a_kilowatt_hour_on_a_grid_is_its_intensity() -> None:
    found = grams(work(KWH))
    assert found.value == pytest.approx(400.0)
    assert bounds(found) == pytest.approx((400.0, 400.0))
    assert grams(work(KWH), replace(EXACT, pue=1.5)).value == pytest.approx(600.0)
    assert grams(work(KWH), replace(EXACT, intensity_g_per_kwh=0.0)).value == 0


def test_sci_is_electricity_and_the_share_of_the_making() -> None:
    # 876.6 kg over 4 years of 8766 h is 25 g an hour; half of the device makes 12.5 g.
    inputs = replace(EXACT, embodied_kg=876.6, pue=1.1)
    assert embodied_g(HOUR, inputs) == pytest.approx(25.0)
    assert embodied_g(HOUR, replace(inputs, embodied_share=0.5)) == pytest.approx(12.5)
    assert embodied_g(HOUR, replace(inputs, lifetime_years=8.0)) == pytest.approx(12.5)
    found = sci("sci", work(KWH), Reading(400.0), inputs)
    assert found.value == pytest.approx(1.1 * 400 + 25.0)
    low, high = bounds(found)
    # PUE ± 10 % of 0.1 moves 4 g; making is at most × 1.87 / 0.75, at least ÷ 1.87 / 1.5.
    assert 400 * 1.09 + 25 / math.sqrt(3.5) / 1.5 < low < 440 + 25
    assert 440 + 25 < high < 400 * 1.11 + 25 * math.sqrt(3.5) / 0.75


def test_each_source_of_doubt_alone_gives_its_own_interval() -> None:
    # Bounds alone are known: the central 95 % of an even spread is 0.95 of its half-width.
    for inputs, what in (
        (replace(EXACT, intensity_uncertainty=0.2), work(KWH)),
        (EXACT, work(KWH, gain=0.2)),
    ):
        assert bounds(grams(what, inputs)) == pytest.approx((400 * 0.81, 400 * 1.19), rel=1e-3)
    # The meter's interval is at 95 % already, and comes out as it went in.
    assert bounds(grams(work(KWH, half=0.1))) == pytest.approx((360.0, 440.0), rel=2e-3)
    pue = grams(work(KWH), replace(EXACT, pue=2.0))
    assert bounds(pue) == pytest.approx((800 - 38, 800 + 38), rel=1e-3)
    # Lopsided in, lopsided out.
    energy = Estimate("e", KWH, 0.9 * KWH, 2.0 * KWH, 0.95, 5, "J")
    assert bounds(grams(Work(energy, 1.0, 0.0))) == pytest.approx((360.0, 800.0), rel=5e-3)


def test_independent_doubts_widen_it_like_a_monte_carlo_of_another_hand() -> None:
    inputs = replace(EXACT, intensity_uncertainty=0.15, pue=1.3, embodied_kg=300.0)
    what = work(KWH, half=0.05, gain=0.1, seconds=40 * HOUR)
    low, high = bounds(sci("sci", what, Reading(400.0), inputs))
    random, n = np.random.default_rng(1), 400_000
    energy = np.exp(random.standard_normal(n) / 1.95996 * math.log(1.05))
    energy *= random.uniform(0.9, 1.1, n) * random.uniform(0.85, 1.15, n) * 400
    energy *= 1 + 0.3 * random.uniform(0.9, 1.1, n)
    making = 300e3 * 40 / 8766 / random.triangular(3, 4, 6, n)
    making *= np.exp(random.uniform(-1, 1, n) * math.log(3.5) / 2)
    expected = np.quantile(energy + making, [0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(expected), rel=0.01)


def test_nothing_is_guessed() -> None:
    nothing = CarbonInputs.of(None)
    assert not nothing.has_intensity
    found = grams(work(KWH), nothing)
    assert (found.value, found.low, found.high, found.note) == (None, None, None, NO_INTENSITY)
    assert sci("sci", work(KWH), Reading(400.0), EXACT).note == NO_EMBODIED
    assert grams(work(None)).note == "why"
    assert water("w", work(KWH), EXACT).value is None
    # Without an interval of the energy there is none of the grams: it is not exact for that.
    bare = Work(Estimate("e", KWH, None, None, 0.95, 1, "J", "one"), 1.0, 0.05)
    assert grams(bare).value == pytest.approx(400.0)
    assert grams(bare).low is None


def test_water_on_site_is_by_it_energy_and_at_the_plant_by_all_of_it() -> None:
    inputs = CarbonInputs(water_l_per_kwh=1.8, grid_water_l_per_kwh=3.0, pue=1.5)
    assert water("w", work(KWH), inputs).value == pytest.approx(1.8 + 1.5 * 3.0)
    assert water("w", work(KWH), CarbonInputs(water_l_per_kwh=1.8)).value == pytest.approx(1.8)


SERIES = ((0.0, 100.0), (3600.0, 300.0), (7200.0, 500.0))


@pytest.mark.parametrize(
    ("start", "end", "mean"),
    [
        (0, 3600, 100.0),
        (1800, 5400, 200.0),
        (2700, 4500, 200.0),
        (0, 10_800, 300.0),
        (7200, 10_800, 500.0),
        (5000, 5000, 300.0),
        (-1, 100, None),
        (7200, 10_900, None),
        (99_999, 99_999, None),
    ],
)
def test_a_series_is_weighted_by_time(start: float, end: float, mean: float | None) -> None:
    assert series_mean(SERIES, start, end) == (None if mean is None else pytest.approx(mean))


def test_a_hole_in_a_series_is_not_filled() -> None:
    holed = (*SERIES, (40_000.0, 50.0), (43_600.0, 60.0))
    assert series_mean(holed, 14_000, 14_300) == pytest.approx(500.0)
    assert series_mean(holed, 15_000, 15_300) is None
    assert series_mean(SERIES[:1], 0, 1) is None


def row(started_at: str, energy_j: float, seconds: float = 60.0) -> dict[str, Any]:
    return {"started_at": started_at, "energy_j": energy_j, "measured_s": seconds, "load_s": 1.0}


def test_the_label_of_a_replicate_finds_its_intensity() -> None:
    inputs = CarbonInputs(series=SERIES)
    rows = [row("1970-01-01T00:10:00Z", 3.0), row("1970-01-01T02:10:00+01:00", 1.0)]
    assert mean_intensity(inputs, rows).value == pytest.approx((3 * 100 + 300) / 4)
    late = mean_intensity(inputs, [*rows, row("1970-01-02T00:00:00Z", 1.0)])
    assert late.value is None
    assert "does not cover 1970-01-02" in late.why
    assert mean_intensity(inputs, [row("", 1.0)]).value is None


def test_a_whole_run_adds_up_and_a_gap_in_it_leaves_no_figure() -> None:
    rows = [
        {"energy_j": j, "energy_low_j": 0.9 * j, "energy_high_j": 1.2 * j, "measured_s": 2.0,
         "gain_uncertainty": g}
        for j, g in ((100.0, 0.1), (300.0, 0.5))
    ]  # fmt: skip
    found = whole(rows)
    assert (found.energy.value, found.seconds) == (400.0, 4.0)
    assert bounds(found.energy) == pytest.approx((360, 480))
    assert found.gain_uncertainty == pytest.approx(0.4)
    rows[0]["energy_j"] = None  # type: ignore[assignment]  # as in a table
    assert whole(rows).energy.value is None
    assert whole([]).energy.value is None


SCALES = st.floats(1e-6, 1e6)


@given(joules=st.floats(1e-3, 1e9), scale=SCALES, half=st.floats(0, 0.9), gain=st.floats(0, 0.9))
def test_it_is_linear_in_joules(joules: float, scale: float, half: float, gain: float) -> None:
    inputs = replace(EXACT, intensity_uncertainty=0.15, pue=1.2)
    one, other = (grams(work(j, half, gain), inputs) for j in (joules, joules * scale))
    for a, b in ((one.value, other.value), *zip(bounds(one), bounds(other), strict=True)):
        assert a is not None
        assert b == pytest.approx(a * scale, rel=1e-9)


@given(joules=st.floats(0, 1e9), half=st.floats(0, 1.5), gain=st.floats(0, 1), kg=st.floats(0, 1e5))
def test_a_figure_lies_in_its_interval(joules: float, half: float, gain: float, kg: float) -> None:
    inputs = replace(EXACT, intensity_uncertainty=0.15, pue=1.4, embodied_kg=kg)
    found = sci("sci", work(joules, half, gain), Reading(400.0), inputs)
    low, high = bounds(found)
    assert found.value is not None
    assert 0 <= low <= found.value <= high < math.inf
    assert found.unit == "g CO2e"


def test_summaries_carry_it_for_each_functional_unit(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(intensity_g_per_kwh=None, queries=8)))
    inputs = replace(EXACT, embodied_kg=300.0)
    trial = summarise(run, carbon=inputs)[0]
    found = trial.estimates
    for per in ("token", "query", "correct", "run"):
        assert found[f"sci_g_per_{per}"].value is not None, per
    energy = found["energy_per_query_j"].value
    assert energy is not None
    assert found["co2e_g_per_query"].value == pytest.approx(energy / KWH * 400)
    per_run, per_query = found["sci_g_per_run"].value, found["sci_g_per_query"].value
    assert per_run == pytest.approx(8 * (per_query or 0.0))
    # Without anything it is absent, with the reason; the joules stay.
    bare = summarise(run)[0].estimates
    assert bare["sci_g_per_run"].note == bare["co2e_g_per_run"].note == NO_INTENSITY
    assert bare["energy_per_query_j"].value == energy
