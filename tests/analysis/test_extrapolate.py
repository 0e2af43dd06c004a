"""What many queries cost, worked out by hand; and classes, efficiencies and products of a row."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.efficiency import CLASSES, efficiency_class
from wattmark.analysis.extrapolate import NO_TARIFF, Extrapolation, Tariff, extrapolate, tariff_of
from wattmark.analysis.metrics import (
    METRICS,
    NO_GOLD,
    NO_INPUT,
    NO_JOULES,
    NO_TOKENS,
    Reading,
)
from wattmark.analysis.summary import TrialSummary, estimate
from wattmark.errors import InputError
from wattmark.schema import Estimate

JOULES = Estimate("energy_per_query_j", 3.6, 3.24, 4.32, 0.95, 5, "J")
GRAMS = Estimate("co2e_g_per_query", 0.0004, 0.0002, 0.0006, 0.95, 5, "g")
ESTIMATES = {"energy_per_query_j": JOULES, "co2e_g_per_query": GRAMS}


def ends(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_a_million_queries_of_3_6_joules_are_a_kilowatt_hour() -> None:
    found = extrapolate(ESTIMATES, 1e6, tariff=Tariff(0.25, "EUR"), gain_uncertainty=0.0)
    assert [part.unit for part in (found.energy, found.cost, found.co2e)] == ["kWh", "EUR", "kg"]
    assert found.energy.value == pytest.approx(1.0)
    assert ends(found.energy) == pytest.approx((0.9, 1.2))
    assert found.cost.value == pytest.approx(0.25)
    # Without gain and overhead, money has the joules' relative interval.
    assert ends(found.cost) == pytest.approx((0.225, 0.3), rel=2e-3)
    assert found.co2e.value == pytest.approx(0.4)
    assert ends(found.co2e) == pytest.approx((0.2, 0.6))


def test_the_gain_stands_apart_from_kilowatt_hours_and_is_in_the_money() -> None:
    exact = {"energy_per_query_j": replace(JOULES, low=3.6, high=3.6)}
    found = extrapolate(exact, 1e6, tariff=Tariff(2.0), gain_uncertainty=0.6)
    assert found.gain_uncertainty == 0.6
    assert ends(found.energy) == pytest.approx((1.0, 1.0))
    # ± 60 %, spread evenly: 95 % lie within 0.95 of that.
    assert ends(found.with_gain) == pytest.approx((1 - 0.57, 1 + 0.57), rel=1e-3)
    assert ends(found.cost) == pytest.approx((0.86, 3.14), rel=1e-3)


def test_overhead_is_paid_for() -> None:
    plain = extrapolate(ESTIMATES, 1000, tariff=Tariff(0.3))
    hall = extrapolate(ESTIMATES, 1000, tariff=Tariff(0.3), carbon=CarbonInputs(pue=1.5))
    assert hall.cost.value == pytest.approx(1.5 * (plain.cost.value or 0.0))
    assert hall.energy == plain.energy
    assert (plain.pue, hall.pue) == (1.0, 1.5)


@given(st.floats(1, 1e12), st.floats(1, 1e3))
def test_twice_the_queries_cost_twice_and_no_root_narrows_it(queries: float, by: float) -> None:
    def figures(found: Extrapolation) -> list[float]:
        parts = (found.energy, found.with_gain, found.cost, found.co2e)
        return [end for part in parts for end in (part.value or 0.0, *ends(part))]

    one, more = (
        figures(extrapolate(ESTIMATES, n, tariff=Tariff(0.2), gain_uncertainty=0.1))
        for n in (queries, queries * by)
    )
    assert more == pytest.approx([by * figure for figure in one], rel=1e-9)


def test_what_is_not_known_says_why() -> None:
    found = extrapolate(
        {"energy_per_query_j": Estimate("e", None, None, None, 0.95, 0, "J", "no sensor")},
        10,
        tariff=Tariff(1.0),
    )
    assert [found.energy.value, found.with_gain.value, found.cost.value] == [None] * 3
    assert found.energy.note == found.cost.note == "no sensor"
    assert (found.co2e.value, found.co2e.note) == (None, "not measured")
    untold = extrapolate(ESTIMATES, 10)
    assert (untold.cost.value, untold.cost.note) == (None, NO_TARIFF)
    bare = extrapolate({"energy_per_query_j": replace(JOULES, low=None, high=None)}, 1e6)
    assert bare.energy.value == pytest.approx(1.0)
    assert bare.energy.low is None
    assert bare.with_gain.low is None


@pytest.mark.parametrize("queries", [0, -1, 0.5, float("inf"), float("nan"), 1e19])
def test_queries_that_cannot_be_counted_are_refused(queries: float) -> None:
    with pytest.raises(InputError, match="cannot be counted"):
        extrapolate(ESTIMATES, queries)


def test_a_tariff_is_a_price_and_any_currency() -> None:
    assert tariff_of("0.25") == Tariff(0.25, "")
    assert tariff_of(" 0.25 EUR ") == tariff_of("0.25EUR/kWh") == Tariff(0.25, "EUR")
    assert tariff_of("1 R$ per kWh") == Tariff(1.0, "R$")
    assert tariff_of("0") == Tariff(0.0, "")
    for text in (
        "",
        "free",
        "-1",
        "0.25 0.30",
        "EUR 0.25",
        "nan",
        "1e-3",
        "0,25",
        "1 \x1b[31m",
        "9" * 50,
    ):
        with pytest.raises(InputError):
            tariff_of(text)
    with pytest.raises(InputError, match="currency"):
        tariff_of("1 " + "x" * 40)


def trial(low: float | None, high: float | None, n: int = 5) -> TrialSummary:
    value = None if low is None or high is None else (low + high) / 2
    found = Estimate("energy_per_token_j", value, low, high, 0.95, n, "J", "" if value else "why")
    return cast(
        TrialSummary, SimpleNamespace(estimates={"energy_per_token_j": found}, batch_size=8)
    )


def test_a_class_is_named_with_its_batch_and_never_beyond_its_interval() -> None:
    best, middle, last = CLASSES
    for low, high, reached in (
        (0.01, 0.09, (best,)),
        (0.11, 0.29, (middle,)),
        (0.31, 9.0, (last,)),
        (0.09, 0.11, (best, middle)),
        (0.2, 0.4, (middle, last)),
        (0.05, 0.5, (best, middle, last)),
        (0.1, 0.3, (middle,)),
    ):
        found = efficiency_class(trial(low, high))
        assert found.classes == reached
        assert str(found).endswith("J/token at batch 8")
    assert str(efficiency_class(trial(None, None))) == "no class: why"
    assert efficiency_class(trial(0.01, 0.02, n=1)).classes == ()


ROW: dict[str, Any] = {
    "status": "ok",
    "device": "cpu",
    "queries": 20,
    "repetitions": 2,
    "scored": 10,
    "correct": 4,
    "input_tokens": 300,
    "output_tokens": 100,
    "measured_s": 5.0,
    "latency_s": 0.25,
    "energy_j": 50.0,
    "energy_low_j": 40.0,
    "energy_high_j": 80.0,
    "ram_peak_bytes": 2_000_000_000,
    "power_peak_w": 17.0,
    "temperature_max_c": 64.0,
}


def read(name: str, **changes: Any) -> Reading:
    return METRICS[name].of({**ROW, **changes})


def values(reading: Reading) -> tuple[float | None, float | None, float | None]:
    return reading.value, reading.low, reading.high


def test_efficiencies_of_a_row_by_hand() -> None:
    assert values(read("energy_per_token_total_j")) == pytest.approx((0.125, 0.1, 0.2))
    # 50 J of 20 queries are 2.5 J each, and each takes a quarter of a second.
    assert values(read("energy_delay_js")) == pytest.approx((0.625, 0.5, 1.0))
    # 4 right in each of two passes: 8 of 50 J; more joules are fewer answers.
    assert values(read("correct_per_kj")) == pytest.approx((160.0, 100.0, 200.0))
    # 0.4 right × 20 tokens/s ÷ 2 GB
    assert read("efficiency_reference").value == pytest.approx(4.0)
    assert read("power_peak_w").value == 17.0
    assert read("temperature_max_c").value == 64.0


def test_zero_right_is_zero_and_none_asked_is_no_figure() -> None:
    assert values(read("correct_per_kj", correct=0)) == (0.0, 0.0, 0.0)
    assert read("efficiency_reference", correct=0).value == 0.0
    assert read("energy_per_correct_j", correct=0).value is None
    found = estimate(METRICS["correct_per_kj"], [{**ROW, "correct": 0}] * 3)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    for name in ("correct_per_kj", "efficiency_reference"):
        assert read(name, scored=0, correct=None).why == NO_GOLD
    assert read("correct_per_kj", energy_j=0.0).why == NO_JOULES
    assert read("correct_per_kj", energy_j=None).value is None
    assert read("correct_per_kj", energy_low_j=0.0).high == pytest.approx(1e300)
    assert read("efficiency_reference", output_tokens=0).why == NO_TOKENS
    assert read("energy_delay_js", latency_s=None).value is None
    assert read("energy_per_token_total_j", output_tokens=0).value == pytest.approx(50 / 300)
    assert read("energy_per_token_total_j", input_tokens=0).why == NO_INPUT


def test_the_memory_is_the_gpus_where_the_device_is_one() -> None:
    gpu: dict[str, Any] = {"device": "cuda:0"}
    assert read("efficiency_reference", **gpu).why == "no memory was measured"
    assert read("efficiency_reference", vram_board_peak_bytes=int(4e9), **gpu).value == 2.0
    both = {"vram_peak_bytes": int(1e9), "vram_board_peak_bytes": int(4e9)}
    assert read("efficiency_reference", **both, **gpu).value == 8.0
