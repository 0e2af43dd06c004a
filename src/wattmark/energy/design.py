"""What each reading covers: the columns of the least squares, and the ticks' common phase.

See `regress` for the model. A design holds the present shift and drift of every stretch of updates;
its columns follow from them.
"""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.fitted import squared_inverse
from wattmark.energy.spacing import Floats, Ints
from wattmark.energy.states import Timeline
from wattmark.energy.updates import Updates

# Updates over which a counter's level is believed: errors that drift are left to the next ones.
BLOCK = 160
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
# Times of readings that are tried at once: more would only fill the memory.
MOST_TRIED = 200_000


class Design:
    """One sensor's updates against a timeline of states, with each stretch's shift and drift.

    `lagged` is whether the updates were moved by a lag that was found: their brackets then tell
    nothing of the shift that is left.

    `window_s` is None for a counter. `floor` is the least SD of a reading: a quantum's.

    A counter is fitted by what it rose between neighbours, `rise` and `fall` being the updates
    at the end and at the beginning of each of n readings, counted among those that are used. The
    error of an update's time is in both, which `chained` tells: whether a reading begins where
    the one before it ends, and is believed to.
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
        self.shaped: Ints = np.flatnonzero(often).astype(np.int64)
        self.shift = [0.0 for _ in ticks]
        self.jitter = [0.0 for _ in ticks]
        self.drift = [0.0 for _ in ticks]
        self.unsure_w: Floats = np.zeros(len(timeline.states))
        """SD of each state's power over all shifts that fit about as well, of shape (m,)."""
        self._use([(k, 0, each.value.size) for k, each in enumerate(ticks)])

    def _use(self, parts: list[tuple[int, int, int]]) -> None:
        """Fit the updates `first` to `last` of some stretches."""
        self.parts = parts
        self.used = [self.ticks[k].part(slice(first, last)) for k, first, last in parts]
        sizes = np.array([each.value.size for each in self.used])
        begins = np.cumsum(sizes) - sizes
        counts = self.window_s is None
        inside = [np.arange(int(counts), size) for size in sizes]
        self.rise: Ints = np.concatenate([b + i for b, i in zip(begins, inside, strict=True)])
        self.fall: Ints = self.rise - 1 if counts else self.rise
        self.chained: NDArray[np.bool_] = np.concatenate([(i - 1) % BLOCK > 0 for i in inside])
        value = np.concatenate([each.value for each in self.used])
        self.y: Floats = (
            value[self.rise] - value[self.fall] if self.window_s is None else value * self.window_s
        )

    def least_noise(self) -> float:
        """The least SD of a reading: a quantum's, and no less than any stamp allows."""
        steps = np.abs(self.y if self.window_s is None else np.diff(self.y))
        return max(self.floor, LEAST_NOISE * float(steps.mean()), 1e-9)

    def some(self, most: int) -> Design:
        """The same on at most so many updates, in blocks spread over all of them."""
        shared = int(self.window_s is None)  # a reading of a counter lies between two updates
        blocks = [
            (k, first, min(first + BLOCK + shared, last))
            for k, begin, last in self.parts
            for first in range(begin, last - 1, BLOCK)
        ]
        if len(blocks) <= max(1, most // BLOCK):
            return self
        chosen = np.linspace(0, len(blocks) - 1, max(1, most // BLOCK)).astype(int)
        fewer = copy.copy(self)
        fewer.shift, fewer.drift = list(self.shift), list(self.drift)
        fewer._use([blocks[k] for k in np.unique(chosen)])
        return fewer

    def times(self) -> Floats:
        """Where the updates that are used lie by the present phase."""
        return np.concatenate(
            [
                ticks.at(self.shift[k], self.drift[k])
                for ticks, (k, _, _) in zip(self.used, self.parts, strict=True)
            ]
        )

    def spread(self, levels: Floats) -> Floats:
        """From a figure at each update to its rise over each reading, along the first axis."""
        return levels[self.rise] - levels[self.fall] if self.window_s is None else levels

    def columns(self, at: Floats, shapes: int) -> Floats:
        """Seconds of each state that readings at these ticks cover, and its first `shapes`.

        The states' columns come first, then the first shape of all states that have any, then
        the second of all, and so on.
        """
        if self.window_s is None:
            return self.spread(self._upto(at, shapes))
        return self._upto(at, shapes) - self._upto(at - self.window_s, shapes)

    def _upto(self, at: Floats, shapes: int) -> Floats:
        place = self.timeline.place(at)
        occupancy = self.timeline.occupancy(at, place)
        if shapes == 0:
            return occupancy
        return np.hstack([occupancy, self.timeline.shapes(at, self.shaped, shapes, place)])

    def begun(self, at: Floats) -> Floats:
        """How often each state that has shapes begins in readings at these ticks."""
        if self.window_s is None:
            return self.spread(self.timeline.starts(at, self.shaped))
        late, early = at, at - self.window_s
        return self.timeline.starts(late, self.shaped) - self.timeline.starts(early, self.shaped)

    def slopes(self, at: Floats, beta: Floats, shapes: int) -> Floats:
        """How fast a figure read at these times changes with them, W."""
        power = self.timeline.power(at, beta, self.shaped, shapes)
        if self.window_s is None:
            return power
        return power - self.timeline.power(at - self.window_s, beta, self.shaped, shapes)

    def readings(self, at: Floats) -> tuple[Floats, Floats]:
        """Begin and end of what each reading covers."""
        if self.window_s is None:
            return at[self.fall], at[self.rise]
        return at - self.window_s, at

    def moved(self, lag_s: float) -> Design:
        """The same for readings that speak of a time `lag_s` earlier."""
        return Design(
            [each.earlier(lag_s) for each in self.ticks],
            self.timeline,
            self.pieces,
            window_s=self.window_s,
            floor=self.floor,
            lagged=True,
        )

    def plain(self, at: Floats, shapes: int = 1) -> tuple[Floats, Floats]:
        """Ordinary least squares for readings at each of t sets of times, of shape (t, updates).

        Coefficients, (t, c), and mean squares, (t,): for a start.
        """
        betas, squares = [], []
        each = max(1, MOST_TRIED // at.shape[1])
        for first in range(0, at.shape[0], each):
            some = at[first : first + each]
            wide = self._upto(some.ravel(), shapes).reshape(*some.shape, -1)
            if self.window_s is None:
                x = wide[:, self.rise] - wide[:, self.fall]
            else:
                x = wide - self._upto((some - self.window_s).ravel(), shapes).reshape(wide.shape)
            turned = np.swapaxes(x, 1, 2)
            beta = squared_inverse(turned @ x) @ (turned @ self.y)[..., None]
            left = self.y - (x @ beta)[..., 0]
            betas.append(beta[..., 0])
            squares.append(np.mean(left**2, axis=1))
        return np.concatenate(betas), np.concatenate(squares)

    def parted(self, power_w: Floats) -> NDArray[np.bool_]:
        """Which states of powers (m,) the readings between the outermost of them part: shape (m,).

        Before the first and after the last phase a few readings see one alone; what only these
        tell apart rests on them, and is not taken for separable. Nor is what a shift of all ticks
        would change alike, where that shift is to be found too.
        """
        named = np.array([bool(state) for state in self.timeline.states])[self.timeline.state]
        outer = np.flatnonzero(named)
        at = self.times()
        begin, end = self.readings(at)
        inside = begin >= self.timeline.edges[outer[0]]
        inside &= end <= self.timeline.edges[outer[-1] + 1]
        x = self.columns(at, 0)
        if any(each.phased for each in self.used):
            shifted = self.slopes(at, power_w, 0)
            x = np.column_stack([x, self.spread(shifted)])
        x = x[inside]
        normal = x.T @ x
        length = np.sqrt(np.diag(normal))
        states = len(self.timeline.states)
        seen = length > LEAST_SEEN * length[:states].max(initial=0.0)
        seen[states:] = length[states:] > 0
        parted = ~seen
        if seen.any() and x.shape[0] > seen.sum():
            scaled = normal[np.ix_(seen, seen)] / np.outer(length[seen], length[seen])
            values, vectors = np.linalg.eigh(scaled)
            weak = values < LEAST_PARTED**2 * values[-1]
            parted[seen] = (vectors[:, weak] ** 2).sum(axis=1) < LEAST_PARTED
        return np.asarray(parted[:states])

    def move(self, moves: dict[int, tuple[float, float]]) -> None:
        for number, (shift, drift) in moves.items():
            ticks = self.ticks[number]
            most = float(np.median(ticks.high_s - ticks.low_s))
            self.shift[number] = float(np.clip(self.shift[number] + shift, -most, most))
            fastest = most / ticks.reach
            self.drift[number] = float(np.clip(self.drift[number] + drift, -fastest, fastest))

    def brackets(self, number: int) -> tuple[float, float]:
        """Slope and curvature (negative, 1/s²) of the brackets' log-likelihood by the shift."""
        jitter = self.jitter[number]
        step = jitter / 4
        around = self.shift[number] + step * np.array([-1.0, 0.0, 1.0])
        parts = zip(self.used, self.parts, strict=True)
        told = sum(each.likelihood(around, jitter) for each, (k, _, _) in parts if k == number)
        before, here, after = (float(each) for each in np.broadcast_to(told, (3,)))
        return (after - before) / (2 * step), min(0.0, (after - 2 * here + before) / step**2)
