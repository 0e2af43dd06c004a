"""The cumulative-energy curve of a sensor: joules, with an interval, between any two stamps.

Windows cost nothing while the work runs: afterwards the curve is read at their edges, so they
nest and overlap freely, and adjacent windows add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from wattmark.energy.bounds import Bounds
from wattmark.energy.counter import CounterCurve
from wattmark.energy.events import Events
from wattmark.energy.power import PowerCurve
from wattmark.energy.series import Series
from wattmark.schema import SensorInfo, Span


class Curve(Protocol):
    """What `resolve` asks of a sensor's curve."""

    info: SensorInfo
    method: str
    """counter, integrated or modelled."""
    usable: bool
    """Whether there are readings enough for any window (two)."""
    tick_s: float
    """How far apart its readings tell something new."""
    unseen: float
    """Fraction of the time that the sensor does not look at (0 for a counter)."""
    span_ns: tuple[int, int]
    """First and last stamp of its readings (0, 0 without any)."""
    events: tuple[Events, ...]

    def between(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Bounds:
        """Joules between the stamps (nanoseconds of the samples' clock; both of shape (m,)).

        The interval holds the truth 95 times in 100, over loads of many kinds.
        """


def curve_of(series: Series, spans: Sequence[Span] = ()) -> Curve:
    """The curve of a series: by its energies where it has any, else by its powers.

    Where it has neither, what the sensor is decides. `spans` tell what kept step with the sensor.
    """
    silent = series.time_ns.size == 0
    if np.isfinite(series.energy_j).any() or (silent and series.info.kind != "power"):
        return CounterCurve(series, spans)
    return PowerCurve(series, spans)
