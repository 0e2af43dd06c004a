"""Gain, offset and lag of one probed meter against another whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks.truth import Lines, SensorModel, World
from numpy.typing import NDArray

from wattmark.energy.probe import Figure, Probe, probe
from wattmark.energy.probe_compare import Against, against, disagreement
from wattmark.energy.probe_response import Load

Floats = NDArray[np.float64]
IDLE_W, LOADED_W = 70.0, 350.0
GAIN, OFFSET_W = 1.08, 25.0


def world(seed: int, gain: float = 1.0, offset_w: float = 0.0) -> tuple[World, Load]:
    """Idle, load, then steps; `gain` and `offset_w` are what this boundary has beyond the other."""
    rng = np.random.default_rng(seed)
    fast = np.exp(rng.uniform(np.log(0.04), np.log(0.5), 56))
    lengths = np.concatenate([[3.2, 3.0], rng.uniform(0.9, 1.6, 6), fast * 9 / fast.sum(), [1.5]])
    edges = 2.0 + np.concatenate([[0.0], np.cumsum(lengths)])
    level = (np.arange(lengths.size) % 2).astype(np.float64)
    watts = gain * (IDLE_W + (LOADED_W - IDLE_W) * level) + offset_w
    stamps = np.round(edges * 1e9).astype(np.int64)
    power = Lines.steps(edges, watts)
    return World(power, (), 0.0, float(edges[-1]) + 1.0), Load(
        "a test", stamps[:-1], level, int(stamps[-1])
    )


def probed(seed: int, lag_s: float, gain: float = 1.0, offset_w: float = 0.0) -> Probe:
    """The probe of a power meter of 20 ms with a noise of its phase, polled every 0.6 ms."""
    seen, load = world(seed, gain, offset_w)
    sensor = SensorModel(
        kind="power", period_s=0.02, window_s=0.02, lag_s=lag_s, poll_s=0.0006, poll_jitter_s=5e-5
    )
    return probe(sensor.info, sensor.samples(seen, np.random.default_rng(seed + 100)), load)


@pytest.mark.parametrize("seed", range(3))
def test_a_line_between_two_meters_of_known_gain_offset_and_lag(seed: int) -> None:
    one, other = probed(seed, 0.05), probed(seed, 0.25, GAIN, OFFSET_W)
    line = against(one, other, "wall")
    assert isinstance(line, Against)
    assert line.reference == "wall"
    for figure, truth, slack in (
        (line.gain, GAIN, 0.002),
        (line.offset_w, OFFSET_W, 0.5),
        (line.lag_s, 0.2, 0.002),
    ):
        assert figure is not None
        assert figure.low - slack <= truth <= figure.high + slack
        assert figure.value == pytest.approx(truth, rel=0.05)
    back = against(other, one, "board")
    assert isinstance(back, Against)
    assert back.gain.value == pytest.approx(1 / GAIN, rel=0.01)
    assert back.lag_s is not None
    assert back.lag_s.value == pytest.approx(-0.2, rel=0.05)
    assert json.loads(json.dumps(line.as_plain()))["lag_s"]["value"] == line.lag_s.value  # type: ignore[union-attr] # looked at above


def figure(value: float, half: float = 1.0) -> Figure:
    return Figure(value, value - half, value + half)


def levels(idle_w: float, loaded_w: float, half: float = 1.0) -> Probe:
    return Probe(channel="power", idle_w=figure(idle_w, half), loaded_w=figure(loaded_w, half))


def test_without_a_lag_of_both_the_line_has_none() -> None:
    line = against(levels(70, 350), levels(100, 410), "wall")
    assert isinstance(line, Against)
    assert line.lag_s is None
    assert line.gain.value == pytest.approx(310 / 280)
    assert line.gain.low < 310 / 280 < line.gain.high


def test_why_there_is_no_line_is_said() -> None:
    still = Probe(channel="power")
    assert "the sensor was not seen steady" in str(against(still, levels(70, 350), "wall"))
    assert "the reference was not seen steady" in str(against(levels(70, 350), still, "wall"))
    assert "moved the sensor by 1 W" in str(against(levels(70, 71), levels(70, 350), "wall"))
    assert "moved the reference by 1 W" in str(against(levels(70, 350), levels(70, 71), "wall"))


def test_two_meters_of_one_device_that_differ_by_a_tenth() -> None:
    apart = disagreement("gpu0", ("a", levels(70, 350)), ("b", levels(77, 385)))
    for told in (apart.idle, apart.loaded):
        assert told is not None
        assert told.low < 0.1 < told.high
    assert disagreement("gpu0", ("a", levels(0, 350)), ("b", levels(7, 385))).idle is None
