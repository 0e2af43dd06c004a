"""The lag at which a known pattern fits a meter's readings best, with its interval.

For each of a grid of lags the readings are fitted by base, drift and the pattern's size, by
weighted least squares. The interval holds every lag whose residual is not worse than chance
explains (profile likelihood: a rise of the residual below χ²₁ at 95 %, times a factor for
readings that are not independent). Without noise that is the set of lags that contradict no
reading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.series import Series
from wattmark.energy.spacing import (
    Floats,
    counter_period,
    power_period,
    to_seconds,
    usual_spacing,
)

CHI2_95 = 3.841
# A pattern that explains less than this, and than what trying many lags finds by chance, is noise.
SEEN = 16.0
# Polling this much faster than the updates shows the ticks themselves.
RESOLVED = 1.5
LEAST_READINGS = 8
GRID = 801
REFINED = 2
_CELLS = 2_000_000
_PARAMETERS = 4
# Rounding of sums of squares, relative.
_ROUNDING = 1e-12

Bools = NDArray[np.bool_]
# Mean of the pattern over windows that end at `end` and are `width` long (s; shapes that match).
Pattern = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Readings:
    """Watts at `end_s`, each the mean over the `width_s` before; all of shape (n,)."""

    end_s: Floats
    width_s: Floats
    watts: Floats
    weight: Floats
    unresolved_s: float = 0.0
    """The update period, where polling is too slow to see the ticks."""
    poll_s: float = 0.0
    """How late a tick can have been seen, where the ticks are what stands here."""


@dataclass(frozen=True)
class Fit:
    """The lag, the interval of lags that fit as well, the pattern's size, the readings' scatter."""

    lag_s: float
    low_s: float
    high_s: float
    size_w: float
    noise_w: float
    seen: bool
    """Whether the pattern stands out of the noise at all."""
    open_ended: bool
    """Whether the interval reaches the end of the lags that were tried."""


def switched(times_s: Floats, signs: Floats) -> Pattern:
    """A load that goes up (sign 1) or down (−1) by one at each of the times, which are sorted."""
    level = np.concatenate([np.zeros(1), np.cumsum(signs)])
    knots = np.concatenate([times_s[:1], times_s])
    area = np.concatenate([np.zeros(1), np.cumsum(level[:-1] * np.diff(knots))])

    def integral(t: Floats) -> tuple[Floats, Floats]:
        at = np.searchsorted(times_s, t, side="right")
        return area[at] + level[at] * (t - knots[at]), level[at]

    def mean(end: Floats, width: Floats) -> Floats:
        upto, now = integral(end)
        wide = width > 0
        before, _ = integral(end - width)
        return np.where(wide, (upto - before) / np.where(wide, width, 1.0), now)

    return mean


def readings_of(meter: Series, origin_ns: int) -> Readings:
    """The readings of a meter, in seconds since `origin_ns`; its ticks where they can be seen."""
    counts = bool(np.isfinite(meter.energy_j).any())
    values = meter.energy_j if counts else meter.power_w
    given = np.isfinite(values)
    stamps, first = np.unique(meter.time_ns[given], return_index=True)
    seconds, values = to_seconds(stamps - origin_ns), values[given][first]
    return _of_counter(meter, seconds, values) if counts else _of_power(meter, seconds, values)


def _of_counter(meter: Series, seconds: Floats, energy_j: Floats) -> Readings:
    spacing = usual_spacing(seconds)
    period = counter_period(meter.info, seconds, energy_j).seconds
    resolved = spacing > 0 and period > RESOLVED * spacing
    if resolved:
        ticks = np.flatnonzero(np.diff(energy_j) != 0) + 1
        seconds, energy_j = seconds[ticks] - spacing / 2, energy_j[ticks]
    width, rise = np.diff(seconds), np.diff(energy_j)
    kept = rise >= 0
    width, rise, end = width[kept], rise[kept], seconds[1:][kept]
    mean = float(width.mean()) if width.size else 1.0
    stated = meter.info.update_period_s or 0.0
    return Readings(
        end,
        width,
        rise / width,
        width / mean,
        0.0 if resolved else min(stated, period),
        spacing if resolved else 0.0,
    )


def _of_power(meter: Series, seconds: Floats, power_w: Floats) -> Readings:
    spacing = usual_spacing(seconds)
    period = power_period(meter.info, seconds, power_w).seconds
    resolved = spacing > 0 and period > RESOLVED * spacing
    if resolved:
        seconds, power_w = _ticks(seconds, power_w, period)
        seconds = seconds - spacing / 2
    window = np.full(seconds.shape, meter.info.averaging_window_s or 0.0)
    stated = meter.info.update_period_s or 0.0
    return Readings(
        seconds,
        window,
        power_w,
        np.ones(seconds.shape),
        0.0 if resolved else min(stated, period),
        spacing if resolved else 0.0,
    )


def _ticks(seconds: Floats, power_w: Floats, period_s: float) -> tuple[Floats, Floats]:
    """The updates of a power: where it changed, and a period apart before, where it did not."""
    at = np.flatnonzero(np.diff(power_w) != 0) + 1
    if at.size < 2:
        return seconds, power_w
    before = np.diff(seconds[at], prepend=seconds[0])
    silent = np.maximum(0, np.round(before / period_s).astype(np.int64) - 1)
    # Behind each change stand the silent updates that lead to it, one period apart.
    which = np.repeat(np.arange(at.size), silent + 1)
    back = np.arange(which.size) - np.repeat(np.cumsum(silent + 1) - (silent + 1), silent + 1)
    times = seconds[at][which] - back * period_s
    values = np.where(back == 0, power_w[at][which], power_w[at - 1][which])
    order = np.argsort(times, kind="stable")
    return times[order], values[order]


def fit(readings: Readings, pattern: Pattern, lags_s: tuple[float, float]) -> Fit | None:
    """The lag between `lags_s` that fits best; None for too few readings."""
    if readings.end_s.size < LEAST_READINGS or not lags_s[1] > lags_s[0]:
        return None
    problem = _Problem(readings, pattern)
    grid = np.linspace(*lags_s, GRID)
    for _ in range(1 + REFINED):
        residual, size = problem.solve(grid)
        best = int(np.argmin(residual))
        allowed = residual[best] + problem.chance(grid[best], float(residual[best]))
        accepted = np.flatnonzero(residual <= allowed)
        low, high = grid[accepted[0]], grid[accepted[-1]]
        equal = np.flatnonzero(residual <= residual[best] + _ROUNDING * problem.total)
        step = float(grid[1] - grid[0])
        found = Fit(
            lag_s=float(grid[equal].mean()) if equal.size else float(grid[best]),
            low_s=float(low - step),
            high_s=float(high + step),
            size_w=float(size[best]),
            noise_w=problem.noise_w(float(residual[best])),
            seen=bool(size[best] > 0) and problem.seen(grid[best], float(residual[best])),
            open_ended=bool(low - step <= lags_s[0] or high + step >= lags_s[1]),
        )
        if not found.seen:
            break
        grid = np.linspace(max(lags_s[0], low - 2 * step), min(lags_s[1], high + 2 * step), GRID)
    return found


class _Problem:
    """The least squares of one meter and one pattern, for many lags at once."""

    def __init__(self, readings: Readings, pattern: Pattern) -> None:
        self._readings, self._pattern = readings, pattern
        self._root = np.sqrt(readings.weight)
        flat = np.column_stack([np.ones(readings.end_s.size), readings.end_s])
        self._basis = np.linalg.qr(flat * self._root[:, None])[0]
        self._watts = self._without_drift(readings.watts * self._root)
        self.total = float(self._watts @ self._watts)
        scale = float((readings.watts * self._root) @ (readings.watts * self._root))
        self._flat = self.total <= _ROUNDING * scale

    def solve(self, lags_s: Floats) -> tuple[Floats, Floats]:
        """Residual sum of squares and size of the pattern for each lag; both of its shape."""
        residual, size = np.empty(lags_s.shape), np.empty(lags_s.shape)
        rows = max(1, _CELLS // self._watts.size)
        for start in range(0, lags_s.size, rows):
            part = slice(start, start + rows)
            shape = self._shapes(lags_s[part])
            along = shape @ self._watts
            square = np.einsum("ij,ij->i", shape, shape)
            known = square > _ROUNDING * self._watts.size
            size[part] = np.where(known, along / np.where(known, square, 1.0), 0.0)
            # A load that is switched on takes more, not less.
            gained = np.where(size[part] > 0, size[part] * along, 0.0)
            residual[part] = np.maximum(0.0, self.total - gained)
        return residual, size

    def noise_w(self, residual: float) -> float:
        """Standard deviation of a reading around the fit."""
        return float(np.sqrt(residual / (self._watts.size - _PARAMETERS)))

    def chance(self, lag_s: float, residual: float) -> float:
        """The rise of the residual that chance explains at 95 %, around the best lag."""
        left = CHI2_95 * self.noise_w(residual) ** 2 * self._dependence(lag_s)
        return left + _ROUNDING * self.total

    def seen(self, lag_s: float, residual: float) -> bool:
        """Whether the pattern explains more than trying many lags does by chance."""
        if self._flat:
            return False
        by_chance = SEEN + 2 * float(np.log(self._watts.size))
        noise = self.noise_w(residual) ** 2 * self._dependence(lag_s)
        return self.total - residual > by_chance * noise

    def _dependence(self, lag_s: float) -> float:
        """How many readings tell as much as one independent one, by what the fit leaves (AR(1))."""
        shape = self._shapes(np.array([lag_s]))[0]
        square = float(shape @ shape)
        along = float(shape @ self._watts) / square if square > 0 else 0.0
        left = self._watts - along * shape
        power = float(left @ left)
        rho = float(left[1:] @ left[:-1]) / power if power > 0 else 0.0
        rho = min(max(rho, 0.0), 0.95)
        return (1 + rho) / (1 - rho)

    def _shapes(self, lags_s: Floats) -> Floats:
        """The pattern at each lag, without base and drift; shape (lags, readings)."""
        end = self._readings.end_s[None, :] - lags_s[:, None]
        width = np.broadcast_to(self._readings.width_s, end.shape)
        return self._without_drift(self._pattern(end, width) * self._root)

    def _without_drift(self, values: Floats) -> Floats:
        return np.asarray(values - (values @ self._basis) @ self._basis.T)
