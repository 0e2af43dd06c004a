"""The lag of meters so slow that a probe sees too few of their updates."""

import numpy as np
import pytest
from benchmarks.truth.loads import Lines

from wattmark.energy.alignment import late
from wattmark.energy.probe import Probe, probe
from wattmark.energy.probe_response import Load
from wattmark.monitor.loads import steps
from wattmark.schema import Sample, SensorInfo

POLL_S = 0.25


def probed(period_s: float, lag_s: float, seconds: float, step_w: float = 80.0) -> Probe:
    """A plug that tells, each period, its mean power since the last one, `lag_s` late."""
    lengths = np.array(steps(seconds))
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    level = np.arange(lengths.size) % 2
    load = Load(
        "CPU", (edges[:-1] * 1e9).astype(np.int64), level.astype(np.float64), int(edges[-1] * 1e9)
    )
    watts = np.concatenate([[50.0], 50 + step_w * level, [50.0]])
    power = Lines.steps(np.concatenate([[-100.0], edges, [edges[-1] + 100]]), watts)
    at = np.arange(-5.0, seconds + 1, POLL_S)
    tick = np.floor((at - 0.3) / period_s) * period_s + 0.3
    told = (power.energy(tick - lag_s) - power.energy(tick - lag_s - period_s)) / period_s
    info = SensorInfo(
        name="plug",
        component="wall",
        device="host",
        kind="power",
        source="test",
        update_period_s=period_s,
        averaging_window_s=period_s,
    )
    samples = [
        Sample("plug", int(t * 1e9), power_w=round(float(w), 1))
        for t, w in zip(at, told, strict=True)
    ]
    return late(probe(info, samples, load), info, samples, load)


@pytest.mark.parametrize(
    ("period_s", "lag_s", "seconds"),
    [(1.0, 0.4, 22.0), (1.0, 3.5, 22.0), (5.0, 2.0, 60.0), (10.0, 4.0, 120.0)],
)
def test_the_lag_of_a_slow_meter_is_found(period_s: float, lag_s: float, seconds: float) -> None:
    found = probed(period_s, lag_s, seconds)
    assert found.lag_s is not None
    assert found.lag_s.low <= lag_s <= found.lag_s.high
    # Polling sees an update up to so much late.
    assert found.lag_s.value == pytest.approx(lag_s, abs=POLL_S)
    assert "lag_s" not in found.reasons


def test_a_load_that_does_not_show_tells_no_lag() -> None:
    found = probed(5.0, 2.0, 60.0, step_w=0.0)
    assert found.lag_s is None
    assert "lag_s" in found.reasons
