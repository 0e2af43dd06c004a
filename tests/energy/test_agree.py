"""A counter and the power beside it, agreeing and not, of sensors whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from energy_truth import Model, Profile, constant, info, steps

from wattmark.energy.agree import DISAGREE, disagreement, disagreements, same_device
from wattmark.energy.curve import Curve, curve_of
from wattmark.energy.series import Series
from wattmark.schema import Sample, Span
from wattmark.units import engineering, s_to_ns

COUNTER = Model(period_s=0.1, poll_s=0.1, quantum_j=1e-3)
AVERAGE = Model(period_s=0.1, poll_s=0.1, window_s=1.0)
REGION = Span("measured", s_to_ns(20), s_to_ns(60))


def read(
    model: Model, profile: Profile, name: str, seed: int = 1, gain: float = 1.0, **more: Any
) -> Curve:
    """The curve of a sensor that multiplies everything by `gain` and owns up to ± 5 %."""
    series = model.read(profile, np.random.default_rng(seed))
    told = replace(series.info, name=name, **({"gain_uncertainty": 0.05} | more))
    return curve_of(Series(told, series.time_ns, series.energy_j * gain, series.power_w * gain))


@pytest.mark.parametrize("seed", range(8))
def test_two_true_sensors_agree_whatever_ran(seed: int) -> None:
    profile = steps(np.random.default_rng(seed))
    curves = [read(COUNTER, profile, "gpu0", seed), read(AVERAGE, profile, "gpu0-power", seed + 99)]
    assert disagreements(curves, [REGION]) == []


@pytest.mark.parametrize(
    ("gain", "apart"), [(1.04, False), (1.08, False), (1.3, True), (0.5, True)]
)
def test_gains_explain_a_little_and_no_more(gain: float, apart: bool) -> None:
    profile = constant(300.0)
    curves = [read(COUNTER, profile, "gpu0"), read(AVERAGE, profile, "gpu0-power", gain=gain)]
    doubts = disagreements(curves, [REGION])
    assert bool(doubts) is apart
    for doubt in doubts:
        assert doubt.code == DISAGREE
        assert "gpu0 tells 12.0 kJ" in doubt.message
        assert f"gpu0-power tells {engineering(12_000 * gain, 'J')} (" in doubt.message
        assert "± 5%" in doubt.message
        assert f"{max(gain, 1 / gain):.2f} times" in doubt.message
        assert "The total is by gpu0:" in doubt.hint


def test_the_order_of_the_two_does_not_matter() -> None:
    profile = constant(300.0)
    one, other = read(COUNTER, profile, "a"), read(AVERAGE, profile, "b", gain=2.0)
    first = disagreement(one, other, REGION.start_ns, REGION.end_ns)
    second = disagreement(other, one, REGION.start_ns, REGION.end_ns)
    assert first is not None
    assert second is not None
    assert first.hint == second.hint
    assert "2.00 times" in first.message
    assert "2.00 times" in second.message


def test_a_counter_that_stood_still_is_found_out() -> None:
    profile = constant(300.0)
    still = Series.from_samples(
        info(name="gpu0", update_period_s=0.1),
        [Sample("gpu0", s_to_ns(k * 0.1), energy_j=77.0) for k in range(1000)],
    )
    doubts = disagreements([curve_of(still), read(AVERAGE, profile, "gpu0-power")], [REGION])
    assert [doubt.code for doubt in doubts] == [DISAGREE]


def test_a_short_window_has_no_quarrel() -> None:
    """Half a second of a 1 s mean says next to nothing, and that is no disagreement."""
    profile = Profile(np.array([0.0, 30.0, 30.5, 100.0]), np.array([70.0, 400.0, 70.0]))
    curves = [read(COUNTER, profile, "gpu0"), read(AVERAGE, profile, "gpu0-power")]
    assert disagreements(curves, [Span("measured", s_to_ns(30), s_to_ns(30.5))]) == []


def test_what_was_not_measured_is_not_compared() -> None:
    curves = [read(COUNTER, constant(), "gpu0"), read(AVERAGE, constant(), "gpu0-power", gain=3.0)]
    outside = Span("measured", s_to_ns(200), s_to_ns(220))
    assert disagreements(curves, [outside]) == []
    assert disagreements(curves, []) == []
    silent = curve_of(Series.from_samples(info(name="gpu0"), []))
    assert disagreements([silent, curves[1]], [REGION]) == []


def test_one_doubt_a_pair_over_many_regions() -> None:
    curves = [read(COUNTER, constant(), "gpu0"), read(AVERAGE, constant(), "gpu0-power", gain=3.0)]
    many = [Span("measured", s_to_ns(k), s_to_ns(k + 10)) for k in (10, 30, 50)]
    assert len(disagreements(curves, many)) == 1


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"kind": "power"}, True),
        ({"device": "gpu1"}, False),
        ({"component": "board"}, False),
        ({"kind": "estimate"}, False),
    ],
)
def test_only_measurements_of_one_device_are_a_pair(other: dict[str, str], same: bool) -> None:
    assert same_device(info(), info(name="other", **other)) is same
