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

    def occupancy(self, at: Floats) -> Floats:
        """Seconds in each state from the beginning up to `at`: shape (len(at), len(states))."""
        return np.column_stack([np.interp(at, self.edges, upto) for upto in self._upto])

    @cached_property
    def _upto(self) -> list[Floats]:
        """Seconds in each state up to each edge."""
        lengths = self.lengths
        inside = (np.where(self.state == k, lengths, 0.0) for k in range(len(self.states)))
        return [np.append(0.0, np.cumsum(each)) for each in inside]

    def shapes(self, at: Floats, index: int, count: int) -> Floats:
        """Integrals up to `at` of the first `count` shapes over one state: (len(at), count).

        Along each stretch u runs from 0 to 1, and the shapes are Legendre's polynomials of
        2u − 1 but for the constant: columns of a power that rises, sags or starts late inside
        a phase. All are 0 at both ends of a stretch, so they move no joules between phases.
        """
        k = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, self.state.size - 1)
        length = np.maximum(self.lengths[k], 1e-12)
        x = 2 * np.clip((at - self.edges[k]) / length, 0.0, 1.0) - 1
        scale = np.where(self.state[k] == index, length / 2, 0.0)
        before, here = np.ones(x.shape), x
        columns = []
        for n in range(1, count + 1):
            after = ((2 * n + 1) * x * here - n * before) / (n + 1)
            columns.append(scale * (after - before) / (2 * n + 1))
            before, here = here, after
        return np.column_stack(columns)

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
    names = sorted({span.name for span in spans})
    stamps = [np.array([begin_ns, end_ns], dtype=np.int64)]
    edges_of: dict[str, tuple[Ints, Ints]] = {}
    for name in names:
        start = np.array([s.start_ns for s in spans if s.name == name], dtype=np.int64)
        end = np.array([s.end_ns for s in spans if s.name == name], dtype=np.int64)
        edges_of[name] = np.sort(start), np.sort(end)
        stamps += [start, end]
    cuts = np.unique(np.clip(np.concatenate(stamps), begin_ns, end_ns))
    # Bit j of a stretch is set while a span of the j-th name is open.
    bits = np.zeros((cuts.size - 1, len(names)), dtype=np.bool_)
    for j, name in enumerate(names):
        start, end = edges_of[name]
        begun = np.searchsorted(start, cuts[:-1], side="right")
        bits[:, j] = begun > np.searchsorted(end, cuts[:-1], side="right")
    kinds, which = np.unique(bits, axis=0, return_inverse=True)
    states = [frozenset(n for n, on in zip(names, row, strict=True) if on) for row in kinds]
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
