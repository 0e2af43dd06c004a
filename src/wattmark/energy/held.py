"""The updates of a sensor of power: those that changed its reading, and those that did not.

A reading changes at an update; where it stays, updates went by that told the same. Polls that
still show a value after an update's period say so, and the curve gets a knot for each: without
them a steady stretch would look like time in which nothing was read. Where polls are missing,
nobody knows what the updates between told, and no knot is made up.
"""

from __future__ import annotations

import numpy as np

from wattmark.energy.spacing import Floats, usual_spacing
from wattmark.energy.ticks import TickTimes, tick_times

# Polls this much closer than updates show which of them changed the reading.
POLLED_FASTER = 1.5
# Updates off whole periods by more than this (median, of those so near) have no rhythm, and
# may be as late as this.
FEW_PERIODS, IRREGULAR, LATEST = 5.0, 0.1, 2.0
# A poll that follows another by more than this part of a period has an update of its own.
OWN_UPDATE = 0.7


def power_updates(
    seconds: Floats, power: Floats, period_s: float, *, trusted: bool
) -> tuple[TickTimes, Floats]:
    """Times of the updates that polls at `seconds` tell of, and the power read from each.

    The last one stands for the end of the readings. `trusted` is whether the period is known.
    """
    faster = POLLED_FASTER * usual_spacing(seconds) < period_s
    news = np.append(True, np.diff(power) != 0)
    if not faster:
        # Polled as seldom as it updates, each poll shows an update of its own, changed or not.
        news[1:] |= np.diff(seconds) > OWN_UPDATE * period_s
    at = np.flatnonzero(news)
    high, watts = seconds[at], power[at]
    before = np.append(high[0] - period_s, seconds[at[1:] - 1])
    low = np.maximum(high - period_s, before) if period_s > 0 else high
    if trusted:
        times = tick_times(low, high, period_s)
    else:
        times = TickTimes((low + high) / 2, (high - low) / 2, np.zeros(high.shape))
    last_seen = np.append(seconds[at[1:] - 1], seconds[-1])
    if faster:
        times, watts = _with_held(times, watts, last_seen, period_s)
    if seconds[-1] > times.time[-1]:
        times = TickTimes(
            np.append(times.time, seconds[-1]),
            np.append(times.slack, 0.0),
            np.append(times.shared, 0.0),
        )
        watts = np.append(watts, watts[-1])
    return times, watts


def _with_held(
    times: TickTimes, watts: Floats, last_seen: Floats, period_s: float
) -> tuple[TickTimes, Floats]:
    """The same, and the updates after each that polls until `last_seen` show to have told no other.

    They are put evenly up to the next change, so that rounding of the period does not add up.
    """
    until = np.append(times.time[1:], max(last_seen[-1], times.time[-1]))
    gaps = np.diff(times.time) / period_s
    near = gaps[gaps < FEW_PERIODS]
    # Updates that come at all times may be late by half a period: one that stays away is no news.
    regular = near.size == 0 or float(np.median(np.abs(near - np.round(near)))) < IRREGULAR
    longest_s = period_s if regular else LATEST * period_s
    periods = np.maximum(1.0, np.round((until - times.time) / longest_s))
    periods[-1] = max(1.0, np.floor((until[-1] - times.time[-1]) / period_s))
    step_s = (until - times.time) / periods
    step_s[-1] = period_s
    # The reading may be as old as a period when it was last seen.
    known = np.floor((last_seen - times.time) / step_s + 1e-9)
    more = np.clip(known, 0, periods - 1).astype(np.int64)
    row = np.repeat(np.arange(watts.size), more + 1)
    first = np.repeat(np.cumsum(more + 1) - (more + 1), more + 1)
    number = np.arange(row.size) - first
    time = times.time[row] + number * step_s[row]
    return TickTimes(time, times.slack[row], times.shared[row]), watts[row]
