"""What each reading covers: the columns of the least squares, and the ticks' common phase.

See `regress` for the model. A design holds the present shift and drift of every stretch of updates;
its columns follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.spacing import Floats
from wattmark.energy.states import Timeline
from wattmark.energy.updates import Updates

# Updates fitted with one unknown start: enough to leave it cheap, few enough to factorize.
BLOCK = 160
# Shifts of all ticks that are tried, as shares of a bracket.
SHIFTS = np.linspace(-0.6, 0.6, 41)
# Updates of a stretch on which they are tried.
MOST_SCANNED = 1000
# Drifts that are tried, in SDs of what a line through the brackets' middles tells of it.
DRIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
# A state that held this many times has a slope of power inside of it fitted.
OFTEN = 8
# The line through the brackets' middles tells the period at least this well (1/s²: ± 10 ms at
# a stretch's end).
LEAST_STIFF = 1e4
# Columns of the states that are longer than this share of the longest are parted only where their
# singular values are above that share of the greatest.
LEAST_SEEN, LEAST_PARTED = 0.01, 0.03
# No reading is better than this part of the usual step between two.
LEAST_NOISE = 1e-4


@dataclass(frozen=True)
class Block:
    """Readings of one stretch that share an unknown start."""

    y: Floats
    ticks: Updates
    stretch: int
    pieces: slice
    """The occurrences that its readings touch."""
    owned: slice
    """Those of them whose joules are counted in this block."""


class Design:
    """One sensor's updates against a timeline of states, with each stretch's shift and drift.

    `lagged` is whether the updates were moved by a lag that was found: their brackets then tell
    nothing of the shift that is left.

    `window_s` is None for a counter. `floor` is the least SD of a reading: a quantum's.
    """

    def __init__(
        self,
        ticks: list[Updates],
        timeline: Timeline,
        pieces: Timeline,
        *,
        window_s: float | None,
        floor: float,
        lagged: bool = False,
    ) -> None:
        self.lagged = lagged
        self.timeline = timeline
        self.pieces = pieces
        self.window_s = window_s
        self.floor = floor
        self.ticks = ticks
        often = np.bincount(timeline.state, minlength=len(timeline.states)) >= OFTEN
        self.shaped = np.flatnonzero(often).tolist()
        self.shift = [0.0 for _ in ticks]
        self.jitter = [0.0 for _ in ticks]
        self.drift = [0.0 for _ in ticks]
        self.unsure_w: Floats = np.zeros(len(timeline.states))
        """SD of each state's power over all shifts that fit about as well, of shape (m,)."""
        self.blocks = self._cut()

    def least_noise(self) -> float:
        """The least SD of a reading: a quantum's, and no less than any stamp allows."""
        steps = np.concatenate([np.abs(np.diff(block.y)) for block in self.blocks])
        return max(self.floor, LEAST_NOISE * float(steps.mean()), 1e-9)

    def _cut(self) -> list[Block]:
        blocks: list[Block] = []
        edges = self.pieces.edges
        owned_from = 0
        for number, ticks in enumerate(self.ticks):
            scale = 1.0 if self.window_s is None else self.window_s
            for first in range(0, ticks.value.size, BLOCK):
                part = slice(first, min(first + BLOCK, ticks.value.size))
                if part.stop - part.start < 3:
                    continue
                cut = ticks.part(part)
                y = cut.value * scale
                begin = cut.low_s[0] - (self.window_s or 0.0)
                begin_piece = int(np.searchsorted(edges, begin, side="right")) - 1
                end_piece = int(np.searchsorted(edges, cut.high_s[-1], side="left"))
                pieces = slice(max(0, begin_piece), max(1, min(end_piece, edges.size - 1)))
                owned = slice(max(owned_from, pieces.start), max(owned_from, pieces.stop))
                owned_from = max(owned_from, pieces.stop)
                blocks.append(
                    Block(y - (y[0] if self.window_s is None else 0.0), cut, number, pieces, owned)
                )
        return blocks

    def times(self, block: Block) -> Floats:
        """Where the block's updates lie by the present phase."""
        return block.ticks.at(self.shift[block.stretch], self.drift[block.stretch])

    def columns(self, at: Floats, shapes: int) -> Floats:
        """Seconds of each state that readings at these ticks cover, and its first `shapes`.

        The states' columns come first, then the first shape of all states that have any, then
        the second of all, and so on.
        """

        def upto(stamps: Floats) -> Floats:
            if shapes == 0:
                return self.timeline.occupancy(stamps)
            of_states = [self.timeline.shapes(stamps, j, shapes) for j in self.shaped]
            ordered = [each[:, [n]] for n in range(shapes) for each in of_states]
            return np.hstack([self.timeline.occupancy(stamps), *ordered])

        return upto(at) if self.window_s is None else upto(at) - upto(at - self.window_s)

    def occurrences(self, at: Floats, pieces: slice) -> Floats:
        """Seconds of each occurrence that readings at these ticks cover."""
        starts = self.pieces.edges[pieces]
        lengths = self.pieces.lengths[pieces]

        def upto(stamps: Floats) -> Floats:
            return np.clip(stamps[:, None] - starts, 0.0, lengths)

        return upto(at) if self.window_s is None else upto(at) - upto(at - self.window_s)

    def moved(self, lag_s: float) -> Design:
        """The same for readings that speak of a time `lag_s` earlier."""
        return Design(
            [each.earlier(lag_s) for each in self.ticks],
            self.timeline,
            self.pieces,
            window_s=self.window_s,
            floor=self.floor,
        )

    def plain(self, shift: list[float], shapes: int = 1) -> tuple[Floats, float]:
        """Ordinary least squares on differences: coefficients and mean square, for a start."""
        kept, self.shift = self.shift, shift
        xs, ys = [], []
        for block in self.blocks:
            x, y = self.columns(self.times(block), shapes), block.y
            xs.append(np.diff(x, axis=0) if self.window_s is None else x)
            ys.append(np.diff(y) if self.window_s is None else y)
        self.shift = kept
        x, y = np.vstack(xs), np.concatenate(ys)
        beta = np.asarray(np.linalg.lstsq(x, y, rcond=1e-9)[0], dtype=np.float64)
        return beta, float(np.mean((y - x @ beta) ** 2))

    def parted(self) -> NDArray[np.bool_]:
        """Which states the readings between the outermost of them part: shape (m,).

        Before the first and after the last phase a few readings see one alone; what only these
        tell apart rests on them, and is not taken for separable.
        """
        named = np.array([bool(state) for state in self.timeline.states])[self.timeline.state]
        at = np.flatnonzero(named)
        begin, end = self.timeline.edges[at[0]], self.timeline.edges[at[-1] + 1]
        xs = []
        for block in self.blocks:
            times = self.times(block)
            inside = (times - (self.window_s or 0.0) >= begin) & (times <= end)
            x = self.columns(times[inside], 0)
            xs.append(np.diff(x, axis=0) if self.window_s is None else x)
        x = np.vstack(xs)
        length = np.sqrt((x**2).sum(axis=0))
        seen = length > LEAST_SEEN * length.max(initial=0.0)
        parted = ~seen
        if seen.any() and x.shape[0] > seen.sum():
            _, values, vectors = np.linalg.svd(x[:, seen] / length[seen], full_matrices=False)
            weak = values < LEAST_PARTED * values[0]
            parted[seen] = (vectors[weak] ** 2).sum(axis=0) < LEAST_PARTED
        return np.asarray(parted)

    def start(self) -> Floats:
        """Find each stretch's phase by the least residual; returns first coefficients."""
        for number, ticks in enumerate(self.ticks):
            if ticks.phased:
                self._scan(number, ticks)
        return self.plain(self.shift)[0]

    def _scan(self, number: int, ticks: Updates) -> None:
        """Try shifts and drifts of one stretch; keep the likeliest, and how far powers vary."""
        # Near the middle, where the drift hardly matters, enough of them tell the shift.
        first = max(0, (ticks.value.size - MOST_SCANNED) // 2)
        alone = Design(
            [ticks.part(slice(first, first + MOST_SCANNED))],
            self.timeline,
            self.pieces,
            window_s=self.window_s,
            floor=self.floor,
        )
        width = float(np.median(ticks.high_s - ticks.low_s))
        shifts = SHIFTS * width
        drifts = DRIFTS * width / np.sqrt(12 * float(ticks.index @ ticks.index))
        self.jitter[number] = ticks.jitter_s(shifts)
        least = alone.least_noise() ** 2
        likely, powers = [], []
        for drift in drifts.tolist():
            alone.drift = [drift]
            tried = [alone.plain([shift]) for shift in shifts.tolist()]
            squares = np.array([max(square, least) for _, square in tried])
            brackets = ticks.likelihood(shifts, self.jitter[number], drift)
            likely.append(brackets - 0.5 * alone.ticks[0].value.size * np.log(squares))
            powers += [beta[: len(self.timeline.states)] for beta, _ in tried]
        best = int(np.argmax(likely))
        self.shift[number] = float(shifts[best % shifts.size])
        self.drift[number] = float(drifts[best // shifts.size])
        weights = np.exp(np.ravel(likely) - np.max(likely))
        found = np.array(powers)
        mean = weights @ found / weights.sum()
        spread = np.sqrt(weights @ (found - mean) ** 2 / weights.sum())
        self.unsure_w = np.maximum(self.unsure_w, spread)

    def move(self, moves: dict[int, tuple[float, float]]) -> None:
        for number, (shift, drift) in moves.items():
            ticks = self.ticks[number]
            most = float(np.median(ticks.high_s - ticks.low_s))
            self.shift[number] = float(np.clip(self.shift[number] + shift, -most, most))
            fastest = most / ticks.reach
            self.drift[number] = float(np.clip(self.drift[number] + drift, -fastest, fastest))

    def brackets(self, number: int) -> tuple[float, float]:
        """Slope and curvature (negative, 1/s²) of the brackets' log-likelihood by the shift."""
        ticks, jitter = self.ticks[number], self.jitter[number]
        step = jitter / 4
        around = self.shift[number] + step * np.array([-1.0, 0.0, 1.0])
        before, here, after = (float(each) for each in ticks.likelihood(around, jitter))
        return (after - before) / (2 * step), min(0.0, (after - 2 * here + before) / step**2)
