"""Work that keeps step with a sensor's updates, found in the spans: no reading can show it.

A load that repeats every c seconds is seen by updates every p at the places φ_k of its cycle.
Where c and p are commensurate these places stay the same, and a sensor that looks at a part w of
each period takes that part for the whole: a longer window does not help. The spans tell the
cycles: spans of one name that begin again and again, and the steps of a span of so many tokens.

With the swing S of the power inside a cycle, the n-th harmonic of its shape is no greater than
2S/(πn), averaging over w leaves sinc(n·w/c) of it, and over the updates of a window it adds up to
|Σ_k exp(2πi·n·φ_k)| of them. Places at random add up to √N of N, which the scatter of the readings
tells; here only updates that keep step are counted (`COHERENT` of a `BLOCK` of them).

A sensor that sees all of the time (a counter, or w = p) errs at the two edges of a window alone:
within a tick the energy may run ahead of the straight line and fall behind it, each tick alike.
That holds for any cycle, in step or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.events import Events
from wattmark.energy.spacing import Floats, Ints, to_seconds
from wattmark.schema import Span
from wattmark.units import s_to_ns

Complexes = NDArray[np.complex128]

# Cycles of which there are fewer, or that last more ticks, are no rhythm for a sensor.
FEWEST_CYCLES, LONGEST_TICKS = 8, 10.0
# A cycle longer than this many usual ones is a pause.
PAUSE = 2.0
# Neighbouring updates, and the length of the mean of their places on the circle, that keep step.
BLOCK, COHERENT = 16, 0.9
# The highest harmonic beyond the one of a tick in a cycle.
OVERTONES = 3
# Of the bound on the harmonics: cosines of unknown phase, at 95 %.
HIDDEN_SHARE = 0.9
# Joules that an edge within a cycle in step may be off by: of its power × the cycle, at 95 %.
EDGE_SHARE = 0.18


@dataclass(frozen=True)
class InStep:
    """Updates at `at_s` seconds, of shape (n,), and how the spans' cycles fall on them."""

    at_s: Floats
    cycle_s: Floats
    """Length of the cycle around each update, one update at most (or one averaging window, where
    that is longer); 0 where there is none."""
    kept_s: Floats
    """The updates that keep step, of shape (m,)."""
    upto_s: Complexes
    """Their cumulated harmonics, seconds; of shape (m + 1, harmonics)."""

    def hidden_s(self, start_s: Floats, end_s: Floats) -> Floats:
        """Seconds of a full swing of power that windows may miss or hold too much of, at 95 %."""
        first, last = (np.searchsorted(self.kept_s, each) for each in (start_s, end_s))
        harmonics = np.abs(self.upto_s[last] - self.upto_s[first])
        weight = 2 / (np.pi * np.arange(1, harmonics.shape[-1] + 1))
        return np.asarray(HIDDEN_SHARE * np.sqrt(((weight * harmonics) ** 2).sum(axis=-1)))

    def edge_s(self, stamp_s: Floats, part: Floats | float = 0.5) -> Floats:
        """Seconds of power that an edge at these stamps may be off by, at 95 %.

        `part` is where in their tick they lie: at its ends (0 and 1) all joules were seen.
        """
        if self.at_s.size == 0:
            return np.zeros(stamp_s.shape)
        near = np.clip(np.searchsorted(self.at_s, stamp_s), 0, self.at_s.size - 1)
        return np.asarray(EDGE_SHARE * self.cycle_s[near] * 2 * np.sqrt(part * (1 - part)))

    def events(self, origin_ns: int, tick_s: float, swing_w: float) -> Events:
        """The stretches in step, each with the joules that may be missing from it."""
        kept = np.isin(self.at_s, self.kept_s, assume_unique=True)
        on = np.concatenate([[False], kept, [False]])
        turns = np.flatnonzero(np.diff(on))
        first, last = turns[::2], turns[1::2] - 1
        start = self.at_s[first] - tick_s if first.size else np.empty(0)
        end = self.at_s[last] if last.size else np.empty(0)
        stretches = (start, np.nextafter(end, np.inf))
        return Events(
            "commensurate-period",
            np.array([origin_ns + s_to_ns(s) for s in start], dtype=np.int64),
            np.array([origin_ns + s_to_ns(s) for s in end], dtype=np.int64),
            swing_w * self.hidden_s(*stretches) + swing_w * self.edge_s(stretches[1]),
            "the spans keep step with its update period of "
            f"{tick_s:.3g} s ({{count}}×), so that each update sees the same part of them: it may "
            "be off by up to {worst:.3g} J",
            "Let their lengths or the pauses between them vary, or use an energy counter of the "
            "same device: it errs by a part of one update at each edge, and no more.",
        )


def in_step(
    spans: Sequence[Span], origin_ns: int, at_s: Floats, tick_s: float, window_s: float
) -> InStep:
    """Which updates at `at_s` (since `origin_ns`, `tick_s` apart) the spans keep step with.

    Each speaks of the `window_s` before it.
    """
    reach_s = max(tick_s, window_s)
    order = np.arange(1, OVERTONES + int(LONGEST_TICKS) + 1)
    middle = at_s - window_s / 2
    cycle = np.zeros(at_s.shape)
    turns = np.zeros((0, order.size), dtype=np.complex128)
    rows = np.zeros(0, dtype=np.int64)
    for begin, end, parts in _rhythms(spans, origin_ns):
        length = (end - begin) / parts
        usual = float(np.median(length))
        if usual <= min(window_s, tick_s) / 8 or usual > LONGEST_TICKS * tick_s:
            continue
        k = np.clip(np.searchsorted(begin, middle, side="right") - 1, 0, begin.size - 1)
        inside = np.flatnonzero(
            (middle >= begin[k]) & (middle < end[k]) & (length[k] < PAUSE * usual)
        )
        if inside.size < BLOCK:
            continue
        own_s = length[k[inside]]
        cycle[inside] = np.maximum(cycle[inside], np.minimum(own_s, reach_s))
        if window_s >= tick_s:
            continue  # it sees all of the time: only edges err
        circle = np.exp(2j * np.pi * np.outer((middle[inside] - begin[k[inside]]) / own_s, order))
        keeps = _coherent(circle)
        found = np.where(keeps, circle * np.sinc(np.outer(window_s / own_s, order)), 0.0)
        kept = keeps.any(axis=1)
        rows, turns = _stronger(rows, turns, inside[kept], found[kept], order)
    upto: Complexes = np.zeros((rows.size + 1, order.size), dtype=np.complex128)
    upto[1:] = np.cumsum(turns, axis=0) * tick_s
    return InStep(at_s, cycle, at_s[rows], upto)


def _stronger(
    rows: Ints, turns: Complexes, more: Ints, found: Complexes, order: Ints
) -> tuple[Ints, Complexes]:
    """Rows of both; of a row that both have, the harmonics that may hide more."""
    every = np.union1d(rows, more)
    both = np.zeros((2, every.size, order.size), dtype=np.complex128)
    both[0, np.searchsorted(every, rows)] = turns
    both[1, np.searchsorted(every, more)] = found
    weight = (np.abs(both) / order).sum(axis=2)
    return every, np.where((weight[1] > weight[0])[:, None], both[1], both[0])


def _rhythms(spans: Sequence[Span], origin_ns: int) -> Iterator[tuple[Floats, Floats, Ints]]:
    """Begin and end of stretches in seconds, in order, and how many equal cycles each holds."""
    for name in {span.name for span in spans}:
        group = [span for span in spans if span.name == name]
        start = np.array([span.start_ns - origin_ns for span in group], dtype=np.int64)
        end = np.array([span.end_ns - origin_ns for span in group], dtype=np.int64)
        order = np.argsort(start, kind="stable")
        start, end = start[order], end[order]
        tokens = np.array([span.tokens or 0 for span in group], dtype=np.int64)[order]
        stepped = (tokens > 1) & (end > start)
        if tokens.sum() >= FEWEST_CYCLES and stepped.any():
            yield to_seconds(start[stepped]), to_seconds(end[stepped]), tokens[stepped]
        begin = to_seconds(np.unique(start))
        if begin.size > FEWEST_CYCLES:
            yield begin[:-1], begin[1:], np.ones(begin.size - 1, dtype=np.int64)


def _coherent(circle: Complexes) -> NDArray[np.bool_]:
    """Which of the places, of shape (n, harmonics), belong to a block that stays in one place."""
    upto = np.concatenate([np.zeros((1, circle.shape[1])), np.cumsum(circle, axis=0)])
    first = np.arange(circle.shape[0] - BLOCK + 1)
    firm = np.abs(upto[first + BLOCK] - upto[first]) >= COHERENT * BLOCK
    # A place belongs to any of the blocks that hold it.
    edges = np.zeros((circle.shape[0] + 1, circle.shape[1]), dtype=np.int64)
    edges[first] += firm
    edges[first + BLOCK] -= firm
    return np.asarray(np.cumsum(edges, axis=0)[:-1] > 0)
