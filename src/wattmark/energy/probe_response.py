"""How a sensor follows a load that is known: its lag, and the window that it averages over.

A reading at the update τ tells of the mean power over [τ − lag − w, τ − lag]. Where the load
runs by turns at share L(t) (0 to 1) of full, and power follows it at once,

    power reading      y = idle + rise × mean of L over that window
    counter, per step  ΔE/Δτ = idle + rise × the same mean, averaged over the step

which is linear in idle and rise for any (lag, w): these two are found by least squares, the
rest (and a slow drift) by regression inside it. Steps that come at random phases of the update
make a window visible that is far shorter than the update period, as a stroboscope does.

What a sensor does by chance, or by a rhythm of its own, fits a shifted load as well as the true
one. Only what fits the true one clearly better counts as a response.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from wattmark.energy.spacing import Floats, Ints
from wattmark.units import NS_PER_S

FEWEST = 12
# Data that the search looks at, and that the last steps do.
FEW, MOST = 2500, 15_000
LAGS_S = np.concatenate([[-0.01, 0.0], np.geomspace(0.002, 2.0, 48)])
WINDOWS_S = np.geomspace(0.001, 3.0, 18)
SHORTEST_S = 1e-6
STARTS = 3
# Errors within a block may hang together; the blocks' do not.
BLOCKS = 24
SHIFTS = 48
# The true load must explain this many times as much as any shifted one, and the rise be this
# many standard errors.
CLEARER, SIGNIFICANT = 1.3, 5.0

NOT_MOVED = "the load step moved it by less than its noise"
NOT_FOLLOWED = "its changes do not follow the load's steps"


@dataclass(frozen=True)
class Load:
    """What was asked of the device: share `level[k]` (0 to 1) from `time_ns[k]` on, (n,) each.

    Before the first stamp the level was the first one, after `end_ns` nothing is known. `name`
    says what the load was, for people.
    """

    name: str
    time_ns: Ints
    level: Floats
    end_ns: int

    def seconds(self, time_ns: Ints) -> Floats:
        """Stamps in seconds since the first one."""
        return np.asarray((time_ns - self.time_ns[0]) / NS_PER_S, dtype=np.float64)

    @property
    def length_s(self) -> float:
        """From the first stamp to the end."""
        return float((self.end_ns - int(self.time_ns[0])) / NS_PER_S)

    def steady(self, least_s: float) -> list[tuple[float, float, float]]:
        """(level, start, end) in seconds of the stretches of one level that are long enough."""
        at = np.append(self.seconds(self.time_ns), self.length_s)
        rows = zip(self.level.tolist(), at[:-1].tolist(), at[1:].tolist(), strict=True)
        return [row for row in rows if row[2] - row[1] >= least_s]


@dataclass(frozen=True)
class Told:
    """Powers `y` in watts told at `at_s`: of that moment, or means since `from_s`; (n,) each.

    Seconds since the load's first stamp.
    """

    at_s: Floats
    y: Floats
    from_s: Floats | None = None

    def only(self, chosen: NDArray[np.bool_] | slice) -> Told:
        """Some of them."""
        since = None if self.from_s is None else self.from_s[chosen]
        return Told(self.at_s[chosen], self.y[chosen], since)

    def thinned(self, most: int) -> Told:
        """Every k-th, `most` at most."""
        return self.only(slice(None, None, max(1, -(-self.y.size // most))))


@dataclass(frozen=True)
class Response:
    """Lag and window in seconds with their standard errors, and the rise at full load."""

    lag_s: float
    lag_error_s: float
    window_s: float
    window_error_s: float
    rise_w: float
    explained: float
    """Share of the variance, beside a slow drift, that the load explains."""


def respond(load: Load, told: Told, *, averages: bool = True) -> Response | str:
    """The response to the load, or why there is none. Without `averages` the window is 0."""
    told = told.only((told.at_s > 0) & (told.at_s <= load.length_s)).thinned(MOST)
    if told.y.size < FEWEST:
        return f"only {told.y.size} updates fell into the load"
    if np.ptp(told.y) == 0:
        return "the load did not move it at all"
    level = _Level(load.seconds(load.time_ns), load.level)
    lag_s, window_s = _searched(level, told, WINDOWS_S if averages else np.array([SHORTEST_S]))
    found = _with_errors(level, told, lag_s, window_s, averages=averages)
    if found is None:
        return NOT_MOVED
    chance = _by_chance(level, told.thinned(FEW), found, load.length_s)
    return found if found.explained > CLEARER * chance else NOT_FOLLOWED


class _Level:
    """L(t) with its first and second integrals from the first stamp, exact."""

    def __init__(self, seconds: Floats, level: Floats) -> None:
        width = np.diff(seconds)
        self._at, self._level = seconds, level
        self._once = np.append(0.0, np.cumsum(level[:-1] * width))
        pieces = self._once[:-1] * width + level[:-1] * width**2 / 2
        self._twice = np.append(0.0, np.cumsum(pieces))

    def mean(self, told: Told, lag_s: float, window_s: float) -> Floats:
        """The mean level that each datum tells of."""
        end = told.at_s - lag_s
        if told.from_s is None:
            return np.asarray((self._first(end) - self._first(end - window_s)) / window_s)
        start = told.from_s - lag_s
        upto = self._second(end) - self._second(end - window_s)
        since = self._second(start) - self._second(start - window_s)
        return np.asarray((upto - since) / (window_s * (end - start)))

    def _first(self, t: Floats) -> Floats:
        k, u = self._place(t)
        return np.asarray(self._once[k] + self._level[k] * u)

    def _second(self, t: Floats) -> Floats:
        k, u = self._place(t)
        return np.asarray(self._twice[k] + self._once[k] * u + self._level[k] * u**2 / 2)

    def _place(self, t: Floats) -> tuple[NDArray[np.int64], Floats]:
        k = np.clip(np.searchsorted(self._at, t, side="right") - 1, 0, self._at.size - 1)
        return np.asarray(k), np.asarray(t - self._at[k])


class _Explained:
    """The share of the variance of y, beside a straight drift, that a regressor explains."""

    def __init__(self, told: Told) -> None:
        drift = np.column_stack([np.ones(told.y.size), told.at_s])
        self._basis = np.linalg.qr(drift)[0]
        self._y = self._without_drift(told.y)
        self._all = float(self._y @ self._y)

    def __call__(self, x: Floats) -> float:
        free = self._without_drift(x)
        size = float(free @ free)
        along = float(free @ self._y)
        # A load that lowers the power explains nothing.
        return along**2 / (size * self._all) if along > 0 and size * self._all > 0 else 0.0

    def _without_drift(self, values: Floats) -> Floats:
        return np.asarray(values - self._basis @ (self._basis.T @ values))


def _searched(level: _Level, told: Told, windows_s: Floats) -> tuple[float, float]:
    """Lag and window of the best fit: on a grid first, then downhill from its best points."""
    few = told.thinned(FEW)
    explained = _Explained(few)
    grid = [
        (explained(level.mean(few, lag_s, window_s)), lag_s, window_s)
        for window_s in windows_s.tolist()
        for lag_s in LAGS_S.tolist()
    ]
    grid.sort(reverse=True)
    whole = _Explained(told)

    def unexplained(at: Floats) -> float:
        window_s = max(abs(float(at[1])), SHORTEST_S) if windows_s.size > 1 else SHORTEST_S
        return 1.0 - whole(level.mean(told, float(at[0]), window_s))

    best = (np.inf, 0.0, SHORTEST_S)
    for _, lag_s, window_s in grid[:STARTS]:
        reach = max(0.2 * (lag_s + window_s), 0.002)
        corners = [
            [lag_s, window_s],
            [lag_s + reach, window_s],
            [lag_s, window_s + reach],
        ]
        ended = minimize(
            unexplained,
            corners[0],
            method="Nelder-Mead",
            options={"initial_simplex": corners, "xatol": 2e-5, "fatol": 1e-9, "maxfev": 160},
        )
        lag_found, window_found = float(ended.x[0]), max(abs(float(ended.x[1])), SHORTEST_S)
        best = min(best, (float(ended.fun), lag_found, window_found))
    return best[1], best[2] if windows_s.size > 1 else SHORTEST_S


def _with_errors(
    level: _Level, told: Told, lag_s: float, window_s: float, *, averages: bool
) -> Response | None:
    """The fit's figures with robust standard errors; None where the rise is not significant."""

    def mean(lag: float, window: float) -> Floats:
        return level.mean(told, lag, max(window, SHORTEST_S))

    x = mean(lag_s, window_s)
    straight = np.column_stack([np.ones(x.size), told.at_s, x])
    factor, *_ = np.linalg.lstsq(straight, told.y, rcond=None)
    rise = float(factor[2])
    residual = told.y - straight @ factor
    # A finite step: readings in the flank are few, and the fit is smooth on their scale only.
    step = max(5e-4, 0.1 * window_s)
    by_lag = rise * (mean(lag_s + step, window_s) - mean(lag_s - step, window_s)) / (2 * step)
    columns = [*straight.T, by_lag]
    if averages:
        low = max(window_s - step, SHORTEST_S)
        wider = mean(lag_s, window_s + step) - mean(lag_s, low)
        columns.append(rise * wider / (window_s + step - low))
    error = _robust_errors(np.column_stack(columns), residual)
    if error is None or not rise > SIGNIFICANT * error[2]:
        return None
    return Response(
        lag_s,
        float(error[3]),
        window_s if averages else 0.0,
        float(error[4]) if averages else 0.0,
        rise,
        _Explained(told)(x),
    )


def _robust_errors(columns: Floats, residual: Floats) -> Floats | None:
    """Standard errors that hold where neighbouring errors hang together (clustered by block)."""
    bread = np.linalg.pinv(columns.T @ columns, hermitian=True)
    scores = columns * residual[:, None]
    blocks = [part.sum(axis=0) for part in np.array_split(scores, min(BLOCKS, residual.size))]
    summed = np.array(blocks)
    meat = summed.T @ summed * len(blocks) / (len(blocks) - 1)
    variance = np.diag(bread @ meat @ bread)
    return np.sqrt(variance) if (variance >= 0).all() else None


def _by_chance(level: _Level, told: Told, found: Response, length_s: float) -> float:
    """The most that the load explains when it is shifted by a tenth to nine tenths of itself."""
    explained = _Explained(told)
    window_s = max(found.window_s, SHORTEST_S)
    most = 0.0
    for shift_s in np.linspace(0.1, 0.9, SHIFTS) * length_s:
        end = np.mod(told.at_s - found.lag_s + shift_s, length_s)
        since = None if told.from_s is None else end - (told.at_s - told.from_s)
        most = max(most, explained(level.mean(Told(end, told.y, since), 0.0, window_s)))
    return most
