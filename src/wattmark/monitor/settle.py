"""How long a sensor needs until it has told of all that was before a moment.

A counter that has not ticked since the work began has seen nothing of it, and a power is a mean
over a window that has ended, and told late: one update more tells what the edge hid.
"""

from __future__ import annotations

from collections.abc import Iterable

from wattmark.schema import SensorInfo

LONGEST_S = 1.0
"""Longest wait for a sensor's next update: that of a wall meter may be a minute away."""


def settle_s(infos: Iterable[SensorInfo]) -> float:
    """Seconds to go on sampling after the work, for the slowest of the sensors."""
    return max(map(_one_s, infos), default=0.0)


def _one_s(info: SensorInfo) -> float:
    update_s = max(info.update_period_s or 0.0, info.averaging_window_s or 0.0)
    return (info.lag_s or 0.0) + min(update_s, LONGEST_S)
