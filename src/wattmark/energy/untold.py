"""The averaging window of a sensor of power that does not tell it, as far as readings show it.

Averages over w = m periods change from one update to the next by (q_k − q_{k−m})/m, q being the
powers of single periods. Where power steps now and then, their second differences are a step and
its opposite m periods later: an autocorrelation of −1/2 at lag m. Averages over one period or less
have it at lag 1, whatever the load does otherwise (a load that repeats has it at half its own
period too, so lag 1 comes first). Noise of single readings has it at lag 1 as well: it says as
much, as a reading that is noise is no average over others.
"""

from __future__ import annotations

import numpy as np

from wattmark.energy.spacing import Floats

# The longest averaging window of a sensor in use (NVML on boards of the last years).
LONGEST_WINDOW_S = 1.0
# Fewer readings on end tell nothing of it.
FEWEST = 24
# Second differences that follow each other like this, or below, are an average's.
OPPOSITE = -0.35
# The same at lag 1.
AT_ONCE = -0.5
# Averages over fewer periods are not told from loads that change as slowly.
SHORTEST_PERIODS = 5
# How much farther a load may swing than an average of it that was read.
SWING_UNSEEN = 3.0
# What a load may swing by although an average of it is even, in parts of its power.
LEAST_SWING = 1.0


def found_window(readings_w: Floats, tick_s: float) -> tuple[float | None, float]:
    """The window in seconds, where it is longer than a period and seen, and the longest possible.

    `readings_w`, of shape (n,), are `tick_s` apart.
    """
    if readings_w.size < FEWEST:
        return None, LONGEST_WINDOW_S
    longest_s = _longest(readings_w, tick_s)
    second = np.diff(readings_w, 2)
    square = float(second @ second)
    most = min(round(1.1 * longest_s / tick_s), second.size // 2)
    if square <= 0 or most < 1:
        return None, longest_s
    alike = np.array([second[lag:] @ second[:-lag] for lag in range(1, most + 2)]) / square
    if alike[0] <= AT_ONCE:
        return None, min(longest_s, tick_s)
    at = int(np.argmin(alike[:most]))
    if at + 1 < SHORTEST_PERIODS:
        return None, longest_s
    # A window between two whole numbers of periods has its share at both lags.
    near = slice(at - 1, at + 2)
    share = np.maximum(0.0, -alike[near])
    if share.sum() < -OPPOSITE:
        return None, longest_s
    lag = float(share @ np.arange(at, at + 3) / share.sum())
    return lag * tick_s, lag * tick_s


def _longest(readings_w: Floats, tick_s: float) -> float:
    """By the steepest change: from one update to the next a mean changes by p/w of the swing."""
    swing = max(float(np.ptp(readings_w)), LEAST_SWING * float(readings_w.mean()))
    steepest = float(np.abs(np.diff(readings_w)).max(initial=0.0))
    if steepest == 0:
        return LONGEST_WINDOW_S
    return min(LONGEST_WINDOW_S, tick_s * SWING_UNSEEN * swing / steepest)
