"""Readings of a log that no machine gives: single ones that cannot be, told from true changes.

A counter only rises. Readings that leave the way between those before and after them (a driver's
−1 or 0, one huge number) are wrong themselves, and not a reset: after that the counter would stay
where it fell to. And no device takes twenty times what it takes otherwise, and more than any of
its kind does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.spacing import Floats, Ints
from wattmark.meter.counter import CEILING_W, CEILINGS_W
from wattmark.schema import SensorInfo
from wattmark.units import NS_PER_S

# As many wrong readings on end are found; more are a change of the counter.
MOST_ON_END = 3
# Readings in one round of a counter.
FEWEST_A_ROUND = 20
# Of what all but one in a hundred readings tell.
BEYOND = 20.0


def off_the_way(raw_j: Floats, info: SensorInfo) -> NDArray[np.bool_]:
    """Which of n readings of a counter lie outside of those around them, of shape (n,).

    None, where the counter goes round in so few readings that these may be its wraps.
    """
    quantum_j = info.quantum_j
    bad = np.zeros(raw_j.shape, dtype=np.bool_)
    steps = np.diff(raw_j)
    usual_j = float(np.median(steps[steps > 0])) if np.any(steps > 0) else 0.0
    if info.wrap_j is not None and usual_j * FEWEST_A_ROUND > info.wrap_j:
        return bad
    for length in range(1, MOST_ON_END + 1):
        if raw_j.size < length + 2:
            break
        before, after = raw_j[: -length - 1], raw_j[length + 1 :]
        inside = np.lib.stride_tricks.sliding_window_view(raw_j[1:-1], length)
        out = (inside.max(axis=1) < before - quantum_j) | (inside.min(axis=1) > after + quantum_j)
        rises = (before <= after) & ~bad[: -length - 1] & ~bad[length + 1 :]
        for at in np.flatnonzero(out & rises):
            bad[at + 1 : at + 1 + length] = True
    return bad


def likely_limit_w(info: SensorInfo, time_ns: Ints, value: Floats) -> float:
    """The sensor's highest power: its own, or one that no device of its kind comes near."""
    if info.limit_w is not None:
        return info.limit_w
    power_w = value
    if info.kind != "power":
        seconds = np.diff(time_ns) / NS_PER_S
        power_w = np.diff(value) / np.maximum(seconds, info.update_period_s or 0.0)
        power_w = power_w[power_w >= 0]
    usual_w = float(np.quantile(power_w, 0.99)) if power_w.size else 0.0
    if not np.isfinite(usual_w):
        return np.inf
    return max(CEILINGS_W.get(info.component, CEILING_W), BEYOND * usual_w)
