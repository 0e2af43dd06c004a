"""What ran when: time cut into stretches, each with the set of spans that were open.

Spans may nest and overlap. A *state* is a set of span names that are open together ({}, {prefill},
{measured, decode}); at any moment exactly one state holds, so states are what a sensor's joules
can be divided among. An *occurrence* is an unbroken stretch of one state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.spacing import Floats, Ints
from wattmark.schema import Span
from wattmark.units import NS_PER_S

State = frozenset[str]
# A state that holds for less than this share of the time of the state it is most like cannot be
# told from it, and would take any power: the microseconds between two stamps.
NEGLIGIBLE = 0.02


@dataclass(frozen=True)
class Timeline:
    """Occurrences in order, without holes, over [begin, end] seconds; n of them.

    `edges` has shape (n + 1,), `state` (n,) is the index into `states`; `piece` (n,) is 0 for a
    whole stretch and counts on where a long one was cut.
    """

    edges: Floats
    state: Ints
    states: tuple[State, ...]

    @cached_property
    def lengths(self) -> Floats:
        """Seconds of each occurrence, of shape (n,)."""
        return np.asarray(np.diff(self.edges), dtype=np.float64)

    def seconds(self) -> Floats:
        """Seconds in each state, of shape (len(states),)."""
        return np.asarray(np.bincount(self.state, self.lengths, len(self.states)), dtype=np.float64)

    def place(self, at: Floats) -> Ints:
        """The occurrence that each time lies in, of `at`'s shape; the outermost beyond them."""
        k = np.searchsorted(self.edges, at, side="right") - 1
        return np.asarray(np.clip(k, 0, self.state.size - 1), dtype=np.int64)

    def occupancy(self, at: Floats, place: Ints | None = None) -> Floats:
        """Seconds in each state from the beginning up to `at`: shape (len(at), len(states))."""
        k = self.place(at) if place is None else place
        upto = self._upto[k]
        inside = np.clip(at - self.edges[k], 0.0, self.lengths[k])
        upto[np.arange(k.size), self.state[k]] += inside
        return np.asarray(upto)

    @cached_property
    def _upto(self) -> Floats:
        """Seconds in each state up to the beginning of each occurrence: (n, len(states))."""
        inside = np.zeros((self.state.size + 1, len(self.states)))
        inside[np.arange(1, self.state.size + 1), self.state] = self.lengths
        return np.asarray(np.cumsum(inside, axis=0)[:-1])

    def starts(self, at: Floats, of: Ints) -> Floats:
        """How often each of the states `of` began up to `at`: shape (len(at), len(of))."""
        return np.asarray(self._begun[self.place(at)][:, of])

    @cached_property
    def _begun(self) -> Floats:
        begun = self.state[:, None] == np.arange(len(self.states))
        return np.cumsum(begun, axis=0, dtype=np.float64)

    def shapes(self, at: Floats, of: Ints, count: int, place: Ints | None = None) -> Floats:
        """Integrals up to `at` of shapes over the states `of`: (len(at), count × len(of)).

        Along each stretch u runs from 0 to 1, and the shapes are Legendre's polynomials of
        2u − 1 but for the constant: columns of a power that rises, sags or starts late inside
        a phase. All are 0 at both ends of a stretch, so they move no joules between phases. The
        first shape of all states comes first, then the second of all.
        """
        k = self.place(at) if place is None else place
        scale = np.where(self.state[k][:, None] == of, self.lengths[k][:, None] / 2, 0.0)
        x = self._along(at, k)
        before, here = np.ones(x.shape), x
        columns = np.empty((at.size, count * of.size))
        for n in range(1, count + 1):
            after = ((2 * n + 1) * x * here - n * before) / (n + 1)
            columns[:, (n - 1) * of.size : n * of.size] = (
                scale * ((after - before) / (2 * n + 1))[:, None]
            )
            before, here = here, after
        return columns

    def power(self, at: Floats, beta: Floats, of: Ints, count: int) -> Floats:
        """Power at the times `at`, where `beta` weighs the states and then their shapes."""
        k = self.place(at)
        inside = (at >= self.edges[0]) & (at <= self.edges[-1])
        power = beta[: len(self.states)][self.state[k]]
        if count and of.size:
            of_state = np.zeros((count, len(self.states)))
            of_state[:, of] = beta[len(self.states) :].reshape(count, of.size)
            x = self._along(at, k)
            before, here = np.ones(x.shape), x
            for n in range(1, count + 1):
                power = power + of_state[n - 1][self.state[k]] * here
                before, here = here, ((2 * n + 1) * x * here - n * before) / (n + 1)
        return np.asarray(np.where(inside, power, 0.0))

    def _along(self, at: Floats, place: Ints) -> Floats:
        length = np.maximum(self.lengths[place], 1e-12)
        return np.asarray(2 * np.clip((at - self.edges[place]) / length, 0.0, 1.0) - 1)

    def cut(self, longest_s: float) -> Timeline:
        """The same with stretches cut into equal pieces of at most `longest_s`."""
        pieces = np.maximum(1, np.ceil(self.lengths / longest_s)).astype(np.int64)
        first = np.repeat(np.cumsum(pieces) - pieces, pieces)
        inside = np.arange(int(pieces.sum())) - first
        starts = np.repeat(self.edges[:-1], pieces)
        starts = starts + inside * np.repeat(self.lengths / pieces, pieces)
        return Timeline(
            np.append(starts, self.edges[-1]), np.repeat(self.state, pieces), self.states
        )


def timeline(spans: Sequence[Span], begin_ns: int, end_ns: int, origin_ns: int) -> Timeline:
    """Cut [begin, end] at the edges of `spans`; seconds count from `origin_ns`."""
    stamped: dict[str, list[tuple[int, int]]] = {}
    for span in spans:
        stamped.setdefault(span.name, []).append((span.start_ns, span.end_ns))
    names = sorted(stamped)
    stamps = [np.array([begin_ns, end_ns], dtype=np.int64)]
    edges_of: dict[str, tuple[Ints, Ints]] = {}
    for name in names:
        start, end = np.array(stamped[name], dtype=np.int64).T
        edges_of[name] = np.sort(start), np.sort(end)
        stamps += [start, end]
    cuts = np.unique(np.clip(np.concatenate(stamps), begin_ns, end_ns))
    # Bit j of a stretch is set while a span of the j-th name is open.
    bits = np.zeros((cuts.size - 1, len(names)), dtype=np.bool_)
    number = np.zeros(cuts.size - 1, dtype=np.int64)
    for j, name in enumerate(names):
        start, end = edges_of[name]
        begun = np.searchsorted(start, cuts[:-1], side="right")
        bits[:, j] = begun > np.searchsorted(end, cuts[:-1], side="right")
        number = 2 * number + bits[:, j]
        if j % 32 == 31:  # before a number has no room for more bits
            number = np.unique(number, return_inverse=True)[1]
    _, first, which = np.unique(number, return_index=True, return_inverse=True)
    states = [frozenset(n for n, on in zip(names, bits[k], strict=True) if on) for k in first]
    lengths = np.asarray(np.diff(cuts), dtype=np.float64)
    state = _without_negligible(states, which.reshape(-1), lengths)
    kept = np.unique(state)
    state = np.searchsorted(kept, state)
    new = np.append(True, np.diff(state) != 0)
    edges = np.append(cuts[:-1][new], cuts[-1]) - origin_ns
    return Timeline(
        np.asarray(edges / NS_PER_S, dtype=np.float64),
        state[new].astype(np.int64),
        tuple(states[k] for k in kept),
    )


def _without_negligible(
    states: Sequence[State], which: NDArray[np.int64], lengths: Floats
) -> NDArray[np.int64]:
    """`which` with states of next to no time taken as the longest one that is most like them."""
    seconds = np.bincount(which, lengths, len(states))
    target = np.arange(len(states))
    for k in np.argsort(seconds):
        others = [j for j in range(len(states)) if j != k and target[j] == j]
        alike = [j for j in others if seconds[k] < NEGLIGIBLE * seconds[j]]
        if alike:
            nearest = min(alike, key=lambda j: (len(states[j] ^ states[k]), -seconds[j]))
            if len(states[nearest] ^ states[k]) == 1:
                target[k] = nearest
                seconds[nearest] += seconds[k]
    for k in range(len(states)):
        while target[k] != target[target[k]]:
            target[k] = target[target[k]]
    return target[which]
