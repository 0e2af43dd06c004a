"""When a sensor updates, seen by polling it faster: period, jitter, and the step of its values.

Polling sees an update only to within the spacing δ of the polls: a change between two polls is
put in the middle, ± δ/2. Spacings of changes are then whole multiples of the period (an update
whose value equals the one before cannot be seen), each blurred by δ/√6 and by the sensor's own
jitter. The period is the greatest that explains them so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattmark.energy.spacing import Floats, Ints

# Fewer changes than this tell no period.
FEWEST = 6
# Changing at more polls than this, a sensor updates about as often as it is polled, or oftener.
EVERY_POLL = 0.6
# The root mean square residual of random spacings is 1/√12 of the period: well below it is not.
FIT = 0.2
# A change that is bracketed by polls further apart than this many usual ones is no stamp.
COARSE = 3.0
# A step is told from so many differences, each within this part of a step of a multiple.
FEWEST_DIFFERENCES, NEAR = 20, 0.02


@dataclass(frozen=True)
class Updates:
    """The updates seen: `at_s` (n,) their times, `blur_s` (n,) ± half of what brackets each.

    `value` (n,) is what the sensor told from then on, `poll_s` the usual spacing of the polls,
    `changed` the share of the polls that found another value.
    """

    at_s: Floats
    blur_s: Floats
    value: Floats
    poll_s: float
    changed: float


@dataclass(frozen=True)
class Rhythm:
    """The period with its interval at 95 %, and the standard deviation of a spacing.

    `jitter_s` is None where the blur of polling hides it; `longest_s` is the 95th percentile
    of the time from one update to the next.
    """

    period_s: float
    low_s: float
    high_s: float
    jitter_s: float | None
    longest_s: float


def updates_of(seconds: Floats, value: Floats) -> Updates:
    """The changes in polls at `seconds` (sorted) that told `value`, both of shape (n,)."""
    spacing = np.diff(seconds)
    moved = np.diff(value) != 0
    return Updates(
        at_s=np.asarray((seconds[1:] + seconds[:-1])[moved] / 2),
        blur_s=np.asarray(spacing[moved] / 2),
        value=np.asarray(value[1:][moved]),
        poll_s=float(np.median(spacing)) if spacing.size else 0.0,
        changed=float(moved.mean()) if moved.size else 0.0,
    )


def rhythm(updates: Updates) -> Rhythm | str:
    """The period of the updates, or why it cannot be told."""
    if updates.at_s.size == 0:
        return "its value never changed"
    if updates.changed > EVERY_POLL:
        return (
            f"it changed at {updates.changed:.0%} of the readings, {updates.poll_s * 1e3:.3g} ms "
            "apart: it updates about as often as it was read, or oftener"
        )
    sharp = updates.blur_s <= COARSE * updates.poll_s / 2
    spacing = np.diff(updates.at_s)[sharp[1:] & sharp[:-1]]
    if spacing.size < FEWEST:
        return f"only {updates.at_s.size} changes of its value were seen"
    # Each end of a spacing is uniform within its bracket.
    blur_s = float(np.sqrt(2 * np.mean(updates.blur_s[sharp] ** 2) / 3))
    first = float(np.percentile(spacing, 20))
    for parts in range(1, 7):
        found = _fitted(spacing, first / parts, blur_s)
        if found is not None:
            return _with_interval(spacing, _sharpened(updates.at_s, found), blur_s)
        if first / (parts + 1) < 2 * updates.poll_s:
            break
    return "its updates follow no period"


def _fitted(spacing: Floats, guess_s: float, blur_s: float) -> float | None:
    """The period near the guess of which all spacings are multiples, or None.

    Long spacings count too many periods for a rough guess: they join in as it gets better.
    """
    period, reach = guess_s, 1.5
    while True:
        near = spacing < reach * period
        if near.sum() >= FEWEST // 2:
            count = np.maximum(1, np.round(spacing[near] / period))
            period = float(spacing[near].sum() / count.sum())
            residual = spacing[near] - count * period
            rms = float(np.sqrt(np.mean(residual**2)))
            if rms > max(FIT * period, 1.5 * blur_s) or period > 1.5 * guess_s:
                return None
        if near.all() or reach > 1e4:
            return period
        reach *= 2


def _sharpened(at_s: Floats, period_s: float) -> float:
    """The period at which the updates keep step best, over longer and longer chunks of time.

    Spacings alone are biased where polling blurs them by as much as a period; phases are not.
    It ends where the sensor's own clock no longer keeps step.
    """
    kept, chunk = 0.0, 16
    while True:
        wide = 0.2 if chunk == 16 else 2.0 / chunk
        around = period_s * (1 + np.linspace(-wide, wide, 81))
        which = np.floor((at_s - at_s[0]) / (chunk * period_s)).astype(np.int64)
        in_step = [_in_step(at_s, float(period), which) for period in around]
        best = int(np.argmax(in_step))
        if in_step[best] < 0.85 * kept:
            return period_s
        period_s, kept = float(around[best]), max(kept, in_step[best])
        if which[-1] == 0:
            return period_s
        chunk *= 4


def _in_step(at_s: Floats, period_s: float, chunk: Ints) -> float:
    """How well updates keep to multiples of a period within each chunk: 1 is exactly."""
    angle = 2 * np.pi * at_s / period_s
    along = np.bincount(chunk, np.cos(angle))
    across = np.bincount(chunk, np.sin(angle))
    return float(np.hypot(along, across).sum() / at_s.size)


def _with_interval(spacing: Floats, period_s: float, blur_s: float) -> Rhythm:
    count = np.maximum(1, np.round(spacing / period_s))
    residual = spacing - count * period_s
    spread = float(residual.std())
    # Spacings of jittered updates undo each other's errors, so this is on the safe side.
    half = float(1.96 * max(spread, blur_s) * np.sqrt(spacing.size) / count.sum())
    own = spread**2 - blur_s**2
    hidden = own < blur_s**2
    single = spacing[count == 1]
    late = float(np.percentile(single, 95)) if single.size and not hidden else period_s
    return Rhythm(
        period_s,
        period_s - half,
        period_s + half,
        None if hidden else float(np.sqrt(own)),
        max(period_s, late),
    )


def quantum_of(value: Floats) -> float | None:
    """The step of which all differences of `value` are multiples; None where there is none.

    Euclid's algorithm on the smallest distinct differences, with a tolerance for what floats
    lose. Of figures without a step nothing is left but that tolerance.
    """
    difference = np.abs(np.diff(value))
    noise = 16 * np.finfo(np.float64).eps * float(np.abs(value).max(initial=0.0))
    moved = difference[difference > 100 * noise]
    if moved.size < FEWEST_DIFFERENCES:
        return None
    distinct = np.unique(moved)
    # Floats make several of one difference.
    distinct = distinct[np.append(True, np.diff(distinct) > 20 * noise)]
    smallest = distinct[:200]
    step, error = float(smallest[0]), noise
    for other in smallest[1:].tolist():
        multiple = round(other / step)
        if abs(other - multiple * step) > min(NEAR * step, multiple * error + 20 * noise):
            common = _common(other, step, noise / 4)
            if common is None:
                return None
            step = common
            multiple = round(other / step)
        # The larger of the two tells it more precisely.
        step, error = other / multiple, 2 * noise / multiple
    off = np.abs(smallest - np.round(smallest / step) * step)
    return step if off.max() < NEAR * step else None


def _common(a: float, b: float, noise: float) -> float | None:
    """The greatest common divisor of two floats that are off by `noise`; None where it drowns.

    Each remainder is off by more than what it came from, which is kept account of.
    """
    error_a = error_b = noise
    while b > 3 * error_b:
        times = math.floor(a / b)
        rest, error = a - times * b, error_a + times * error_b
        if b - rest <= 3 * error:
            rest = 0.0
        a, b, error_a, error_b = b, rest, error_b, error
    return a if a > 30 * error_a else None


def spaced(at_s: Floats, least_s: float) -> Ints:
    """Indices of times that are at least so far apart."""
    if least_s == 0.0:
        return np.arange(at_s.size, dtype=np.int64)
    cell = np.floor(at_s / least_s)
    first = np.append(True, np.diff(cell) > 0)[: at_s.size]
    return np.flatnonzero(first).astype(np.int64)


def filled(updates: Updates, period_s: float, end_s: float) -> tuple[Floats, Floats]:
    """Updates with those between that told the same value again."""
    upto = np.append(updates.at_s[1:], end_s)
    count = np.maximum(1, np.round((upto - updates.at_s) / period_s)).astype(np.int64)
    first = np.repeat(updates.at_s, count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.asarray(first + place * period_s), np.repeat(updates.value, count)
