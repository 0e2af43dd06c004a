"""Energy between knots: where inside a spacing it went, and how far that may be off.

Knots tell the energy at times known to ± slack. A spacing of mean power M lies between
neighbours of mean powers L and R:
- M between L and R: one step from L to R inside the spacing explains all three, and M tells its
  place. The energy follows the line of slope L from the left knot, then that of slope R into
  the right one. Work that begins or ends there is such a step; a steady ramp differs from it
  by half of what the straight line differs from it.
- M beyond both: a pulse (or a dip) of unknown place. The straight line is taken, and the
  pulse's joules, M less the nearer neighbour's power × the spacing, may lie on either side.
- Powers around that scatter: the energy wanders as a bridge between the knots, by
  scatter × spacing × f(1 − f) at the place f. A load in step with the knots does so without any
  scatter, so that a small part of the spacing's own joules is kept as well.
Each knot's own error is the power there × its slack, uniform; two edges make a trapezoid. What
knots share of it costs as much as powers differ. All these are added in quadrature.

The weights below were fitted by simulation, over eight families of loads and eleven counters,
so that intervals hold the truth 95 times in 100; `benchmarks/coverage.py` checks them with
other seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.bounds import trapezoid_half_width
from wattmark.energy.spacing import Floats, Ints
from wattmark.energy.ticks import TickTimes

Flags = NDArray[np.bool_]

# No two knots are closer than the clock can tell.
SHORTEST_S = 1e-9
# Of the difference between one step and a straight line.
STEP_WEIGHT = 0.6
# Of the wandering of scattered powers, at one edge and within one spacing.
SCATTER_WEIGHT, SCATTER_WITHIN = 5.0, 5.0
# Standard deviations by which the knots' times may make a pulse of nothing.
EXCESS_NOISE = 1.2
# Of a spacing's joules that may run ahead or fall behind unseen, alike in every spacing; at most,
# in its middle.
UNSEEN_SHARE = 0.02
# Of a pulse's joules on either side; its bracket cuts them off.
PULSE_WEIGHT, PULSE_WITHIN = 4.5, 1.5
# Of a change of power that the slack of a knot leaves on either side of it.
CHANGE_WEIGHT = 0.8
# What power may change in a stretch that no knot bounds, where it has not changed before.
STEADY = 0.1
# What a period may differ from the stated one.
PERIOD_ERROR = 1e-3
# Two quanta's uniform errors make a triangle: 95 % of it lies within this many quanta.
QUANTUM_WEIGHT = 0.78


@dataclass(frozen=True)
class Stamped:
    """What a path tells at stamps; all of the stamps' shape, energies in joules."""

    best: Floats
    straight: Floats
    """On the straight line between the knots."""
    spacing: Ints
    part: Floats
    """Where in the spacing, 0 to 1; beyond the outer knots 0 or 1."""
    aged: Floats
    """Power × slack: the utmost error by the knots' times."""
    above: Floats
    """How far the truth may lie above `best` for what is unknown inside the spacing."""
    below: Floats


class Path:
    """Energy over knots at `times` with `value` joules, all of shape (n,), n ≥ 2.

    Times rise and values never fall. `quantum_j` is what the values are cut to.
    """

    def __init__(self, times: TickTimes, value: Floats, quantum_j: float = 0.0) -> None:
        time, slack = times.time, times.slack
        self.time, self.slack, self.value = time, slack, value
        self._shared: Floats = times.shared
        self.quantum_j = quantum_j
        self.length: Floats = np.maximum(np.diff(time), SHORTEST_S)
        self.watts: Floats = np.diff(value) / self.length
        watts = self.watts
        self._left, self._right = _neighbours(watts)
        # What of all scatter is due to the knots' own errors, and no news of the load.
        blurred = watts * np.hypot(slack[:-1], slack[1:]) / np.sqrt(3.0)
        noise = np.hypot(blurred, quantum_j / np.sqrt(6.0)) / self.length
        lower, upper = np.minimum(self._left, self._right), np.maximum(self._left, self._right)
        excess = watts - np.clip(watts, lower, upper)
        # A quantum may fall wholly on one side: only what is beyond all of it is a pulse.
        most = np.hypot(EXCESS_NOISE * blurred, quantum_j) / self.length
        self._excess: Floats = np.sign(excess) * _beyond(excess, most)
        self._scatter = _scatter(watts, noise)
        before, after = _neighbours(noise)
        self._rise: Floats = _beyond(watts - self._left, np.hypot(noise, before))
        self._fall: Floats = _beyond(watts - self._right, np.hypot(noise, after))

    def at(self, s: Floats) -> Stamped:
        """Energy at the times `s`; beyond the outer knots their powers go on."""
        time, value = self.time, self.value
        i = np.clip(np.searchsorted(time, s, side="right") - 1, 0, self.length.size - 1)
        power, left, right = self.watts[i], self._left[i], self._right[i]
        inside = np.clip(s, time[0], time[-1])
        after, before = inside - time[i], time[i + 1] - inside
        straight = np.minimum(value[i] + power * after, value[i + 1])
        from_left, from_right = value[i] + left * after, value[i + 1] - right * before
        rising = (left <= power) & (power <= right)
        stepped = rising | ((left >= power) & (power >= right))
        one_step = np.where(
            rising, np.maximum(from_left, from_right), np.minimum(from_left, from_right)
        )
        best = np.where(stepped, np.clip(one_step, value[i], value[i + 1]), straight)
        part = np.clip(after / self.length[i], 0.0, 1.0)
        aged = self._aged(i, after, before, np.where(stepped, best == from_left, False), stepped)
        beyond = power * (s - inside)
        # Outside of the knots power may go on as it went, or change as it did before.
        vary = np.abs(power - left) + np.abs(power - right) + self._scatter[i] + STEADY * power
        astray = vary * np.abs(s - inside)
        unseen = np.hypot(
            np.hypot(STEP_WEIGHT * (best - straight), astray),
            (SCATTER_WEIGHT * self._scatter[i] + 4 * UNSEEN_SHARE * power)
            * self.length[i]
            * part
            * (1 - part),
        )
        above, below = self._pulse(i, part)
        return Stamped(
            best=best + beyond,
            straight=straight + beyond,
            spacing=i,
            part=part,
            aged=aged,
            above=np.hypot(unseen, PULSE_WEIGHT * above),
            below=np.hypot(unseen, PULSE_WEIGHT * below),
        )

    def _aged(
        self, i: Ints, after: Floats, before: Floats, on_left: Flags, stepped: Flags
    ) -> Floats:
        """What the slack of the knots around can do: power × slack, and where powers change."""
        power, left, right = self.watts[i], self._left[i], self._right[i]
        slack_a, slack_b = self.slack[i], self.slack[i + 1]
        part = np.clip(after / self.length[i], 0.0, 1.0)
        mixed = power * np.hypot((1 - part) * slack_a, part * slack_b)
        line = np.where(on_left, left * slack_a, right * slack_b)
        # A change of power near a knot may lie on either side of it, and of the stamp.
        change = self._rise[i] * np.minimum(slack_a, after)
        change += self._fall[i] * np.minimum(slack_b, before)
        return np.hypot(np.where(stepped, line, mixed), CHANGE_WEIGHT * change)

    def half_widths(self, first: Stamped, second: Stamped) -> tuple[Floats, Floats]:
        """How far below and above `second.best − first.best` the truth may lie, at 95 %."""
        below, above = self._within(first, second)
        same = first.spacing == second.spacing
        below = np.where(same, below, np.hypot(second.below, first.above))
        above = np.where(same, above, np.hypot(second.above, first.below))
        known = np.hypot(
            np.hypot(
                trapezoid_half_width(2 * first.aged, 2 * second.aged),
                QUANTUM_WEIGHT * self.quantum_j,
            ),
            self._shifted(first, second),
        )
        return np.hypot(below, known), np.hypot(above, known)

    def _shifted(self, first: Stamped, second: Stamped) -> Floats:
        """What a shift of all knots by the same time does: it counts as powers differ.

        Less so the farther apart they are, as no clock's period is known exactly.
        """
        i, j = first.spacing, second.spacing
        shift = np.maximum(self._shared[i], self._shared[j])
        differ, highest = np.zeros(i.shape), np.zeros(i.shape)
        for powers in (self._left, self.watts, self._right):
            differ = np.maximum(differ, np.abs(powers[i] - powers[j]))
            highest = np.maximum(highest, np.maximum(powers[i], powers[j]))
        drift = np.minimum(1.6 * shift, PERIOD_ERROR * np.abs(self.time[j] - self.time[i]))
        # All of it: where polls keep step with the ticks the shared shift is the same every time.
        return np.asarray(np.hypot(shift * differ, drift * highest))

    def _within(self, first: Stamped, second: Stamped) -> tuple[Floats, Floats]:
        """What is unknown of a window inside one spacing: a part of it as any other."""
        i = first.spacing
        part = np.clip(second.part - first.part, 0.0, 1.0)
        lean = (second.best - first.best) - (second.straight - first.straight)
        unseen = np.hypot(
            STEP_WEIGHT * lean,
            (SCATTER_WITHIN * self._scatter[i] + 4 * UNSEEN_SHARE * self.watts[i])
            * self.length[i]
            * part
            * (1 - part),
        )
        above, below = self._pulse(i, 1.0 * part)
        return np.hypot(unseen, PULSE_WITHIN * below), np.hypot(unseen, PULSE_WITHIN * above)

    def _pulse(self, i: Ints, part: Floats) -> tuple[Floats, Floats]:
        """Joules that may be missing from, or too many in, the first `part` of spacings `i`."""
        size = np.abs(self._excess[i])
        # Amid scatter an excess is no pulse, but more of the same.
        joules = self.length[i] * size * size / np.maximum(size + self._scatter[i], 1e-300)
        outside, inside = joules * (1 - part), joules * part
        pulse = self._excess[i] > 0
        return np.where(pulse, outside, inside), np.where(pulse, inside, outside)


def _neighbours(each: Floats) -> tuple[Floats, Floats]:
    """For each spacing what the one before it and the one after it have."""
    return np.concatenate([each[:1], each[:-1]]), np.concatenate([each[1:], each[-1:]])


def _beyond(difference: Floats, noise: Floats) -> Floats:
    """The size of differences beyond what is due to the knots' own errors."""
    return np.asarray(np.maximum(0.0, np.abs(difference) - noise))


def _scatter(watts: Floats, noise: Floats) -> Floats:
    """For each spacing, how much power differs from one to the next just beyond its neighbours."""
    steps = np.diff(watts, prepend=watts[:1], append=watts[-1:])
    before = np.concatenate([steps[:1], steps[:-2]])
    after = np.concatenate([steps[2:], steps[-1:]])
    left, right = _neighbours(noise)
    own = (before**2 + after**2) / 2 - 1.5 * (left**2 + right**2)
    return np.asarray(np.sqrt(np.maximum(0.0, own)))
