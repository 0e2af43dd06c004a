"""Powers as functions of time whose joules are known: exactly, or to twelve digits.

A `Lines` is piecewise linear and may jump: its integral is a polynomial, exact up to rounding.
A `Curved` is any function of time between breakpoints, integrated by 8-point Gauss–Legendre
on each piece, which is exact for polynomials of degree 15. Outside its edges a load goes on
at its outer powers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class Load(Protocol):
    """A power of time, seconds to watts, that knows its joules."""

    @property
    def edges(self) -> Floats:
        """Times at which the power may jump, sorted, at least two."""

    def power(self, t_s: ArrayLike) -> Floats:
        """Watts at these times; at a jump, those after it."""

    def energy(self, t_s: ArrayLike) -> Floats:
        """Joules from the first edge to these times (negative before it)."""


@dataclass(frozen=True)
class Lines:
    """Power from `left_w[k]` at `edges[k]` straight to `right_w[k]` at `edges[k + 1]`."""

    edges: Floats
    left_w: Floats
    right_w: Floats

    @classmethod
    def steps(cls, edges: ArrayLike, watts: ArrayLike) -> Lines:
        """Power `watts[k]` from `edges[k]` to `edges[k + 1]`."""
        held = np.asarray(watts, dtype=np.float64)
        return cls(np.asarray(edges, dtype=np.float64), held, held)

    @classmethod
    def through(cls, times: ArrayLike, watts: ArrayLike) -> Lines:
        """Straight lines from point to point."""
        at = np.asarray(watts, dtype=np.float64)
        return cls(np.asarray(times, dtype=np.float64), at[:-1], at[1:])

    def power(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        inside, k = self._piece(t)
        held = np.where(t > self.edges[-1], self.right_w[-1], self.left_w[k])
        return np.asarray(held + self._slope[k] * (inside - self.edges[k]) * (t <= self.edges[-1]))

    def energy(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        inside, k = self._piece(t)
        u = inside - self.edges[k]
        within = self._upto[k] + self.left_w[k] * u + self._slope[k] * u**2 / 2
        outer = np.where(t > inside, self.right_w[-1], self.left_w[0])
        return np.asarray(within + outer * (t - inside))

    def _piece(self, t: Floats) -> tuple[Floats, NDArray[np.int64]]:
        inside = np.clip(t, self.edges[0], self.edges[-1])
        k = np.searchsorted(self.edges, inside, side="right") - 1
        return inside, np.clip(k, 0, self.left_w.size - 1)

    @cached_property
    def _slope(self) -> Floats:
        return np.asarray((self.right_w - self.left_w) / np.diff(self.edges))

    @cached_property
    def _upto(self) -> Floats:
        pieces = (self.left_w + self.right_w) / 2 * np.diff(self.edges)
        return np.append(0.0, np.cumsum(pieces))


@dataclass(frozen=True)
class Curved:
    """Any vectorised function of time, smooth between neighbouring `edges`."""

    function: Callable[[Floats], Floats]
    edges: Floats

    @classmethod
    def between(
        cls, function: Callable[[Floats], Floats], start_s: float, end_s: float, piece_s: float
    ) -> Curved:
        """The function cut into pieces no longer than `piece_s`, short against its features."""
        pieces = max(1, int(np.ceil((end_s - start_s) / piece_s)))
        return cls(function, np.linspace(start_s, end_s, pieces + 1))

    def power(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        return np.asarray(self.function(np.clip(t, self.edges[0], self.edges[-1])))

    def energy(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        inside = np.clip(t, self.edges[0], self.edges[-1])
        k = np.clip(np.searchsorted(self.edges, inside, side="right") - 1, 0, self.edges.size - 2)
        outer = self.power(t) * (t - inside)
        return np.asarray(self._upto[k] + self._integral(self.edges[k], inside) + outer)

    @cached_property
    def _upto(self) -> Floats:
        return np.append(0.0, np.cumsum(self._integral(self.edges[:-1], self.edges[1:])))

    def _integral(self, low: Floats, high: Floats) -> Floats:
        half = (np.asarray(high) - np.asarray(low)) / 2
        at = (np.asarray(low) + half)[..., None] + half[..., None] * _NODES
        return np.asarray(half * (self.function(at) * _WEIGHTS).sum(axis=-1))


@dataclass(frozen=True)
class Together:
    """The sum of several loads."""

    parts: Sequence[Load]

    @cached_property
    def edges(self) -> Floats:
        return np.unique(np.concatenate([part.edges for part in self.parts]))

    def power(self, t_s: ArrayLike) -> Floats:
        return np.asarray(sum(part.power(t_s) for part in self.parts))

    def energy(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        first = self.edges[:1]
        return np.asarray(sum(part.energy(t) - part.energy(first)[0] for part in self.parts))


class Worked:
    """A load while it works, and an idle power before and after."""

    def __init__(self, idle: Load, busy: Load, start_s: float, end_s: float) -> None:
        self._idle, self._busy = idle, busy
        self._start_s, self._end_s = start_s, end_s
        inside = busy.edges[(busy.edges > start_s) & (busy.edges < end_s)]
        outside = idle.edges[(idle.edges < start_s) | (idle.edges > end_s)]
        self.edges = np.sort(np.concatenate([outside, [start_s], inside, [end_s]]))

    def power(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        busy = (t >= self._start_s) & (t < self._end_s)
        return np.asarray(np.where(busy, self._busy.power(t), self._idle.power(t)))

    def energy(self, t_s: ArrayLike) -> Floats:
        t = np.asarray(t_s, dtype=np.float64)
        inside = np.clip(t, self._start_s, self._end_s)
        ended = self._idle.energy(np.array(self._end_s))
        before = self._idle.energy(np.minimum(t, self._start_s))
        after = self._idle.energy(np.maximum(t, self._end_s)) - ended
        first = self._busy.energy(np.array(self._start_s))
        return np.asarray(before + self._busy.energy(inside) - first + after)


def constant(watts: float, length_s: float = 100.0) -> Lines:
    """One power for ever."""
    return Lines.steps([0.0, length_s], [watts])
