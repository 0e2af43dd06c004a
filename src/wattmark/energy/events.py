"""What goes wrong with a sensor, found in its readings: pauses, falls, jumps, standing still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.spacing import Floats, Ints, to_seconds
from wattmark.schema import SensorInfo
from wattmark.units import s_to_ns

# A counter must miss this many updates before it counts as frozen.
FROZEN_UPDATES = 20
FROZEN_READINGS = 5
# What stood still must be worth this many quanta, at the counter's mean power.
FROZEN_QUANTA = 10
# The least that a live part takes, where the counter never moved and so tells nothing itself.
LEAST_POWER_W = {"dram": 0.05}
LEAST_POWER_ELSE_W = 0.5


@dataclass(frozen=True)
class Events:
    """Stretches of a sensor's readings in which one thing is wrong; disjoint, in order.

    `sizes` says how bad each one is, in the unit that `text` has a place for: text is
    formatted with `count` and `worst`.
    """

    code: str
    start_ns: Ints
    end_ns: Ints
    sizes: Floats
    text: str
    hint: str

    def touched(self, start_ns: Ints, end_ns: Ints) -> NDArray[np.bool_]:
        """Which of these windows overlap an event."""
        begun = np.searchsorted(self.start_ns, end_ns, side="left")
        over = np.searchsorted(self.end_ns, start_ns, side="right")
        return np.asarray(begun > over)

    def holds(self, start_ns: Ints, end_ns: Ints) -> NDArray[np.bool_]:
        """Which of these windows lie in one event altogether."""
        if self.start_ns.size == 0:
            return np.zeros(start_ns.shape, dtype=np.bool_)
        at = np.searchsorted(self.start_ns, start_ns, side="right") - 1
        return np.asarray((at >= 0) & (self.end_ns[np.maximum(at, 0)] >= end_ns))

    def overlap_s(self, start_ns: Ints, end_ns: Ints) -> Floats:
        """For how many seconds each of these windows lies in events."""
        if self.start_ns.size == 0:
            return np.zeros(start_ns.shape)
        origin = self.start_ns[0]
        edges = to_seconds(np.column_stack([self.start_ns, self.end_ns]).ravel() - origin)
        lengths = to_seconds(self.end_ns - self.start_ns)
        upto = np.cumsum(np.column_stack([np.zeros(lengths.shape), lengths]).ravel())
        first, last = (np.interp(to_seconds(s - origin), edges, upto) for s in (start_ns, end_ns))
        return np.asarray(last - first)

    def within(self, start_ns: Ints, end_ns: Ints) -> Floats:
        """The sizes of the events that any of these windows overlap."""
        order = np.argsort(start_ns, kind="stable")
        start, latest_end = start_ns[order], np.maximum.accumulate(end_ns[order])
        before = np.searchsorted(start, self.end_ns, side="left") - 1
        hit = (before >= 0) & (latest_end[np.maximum(before, 0)] > self.start_ns)
        return self.sizes[hit]


def sampling_gaps(time_ns: Ints, gap: NDArray[np.bool_]) -> Events:
    """The spacings marked in `gap`, of shape (n − 1,) for n stamps."""
    start, end = time_ns[:-1][gap], time_ns[1:][gap]
    return Events(
        "sampling-gap",
        start,
        end,
        to_seconds(end - start),
        "sampling paused for up to {worst:.3g} s ({count}×)",
        "The interval allows for it; look for a suspended or overloaded machine.",
    )


def lost_between(time_ns: Ints, lost_ns: Ints) -> NDArray[np.bool_]:
    """Which of the n − 1 spacings of `time_ns` hold one of the stamps `lost_ns`.

    A stamp that is also a reading's marks the spacings on both sides.
    """
    marked = np.zeros(max(0, time_ns.size - 1), dtype=np.bool_)
    for side in ("left", "right"):
        at = np.searchsorted(time_ns, lost_ns, side=side) - 1
        marked[at[(at >= 0) & (at < marked.size)]] = True
    return marked


def backwards(time_ns: Ints, fallen: NDArray[np.bool_], period_s: float) -> Events:
    """The spacings in which a counter fell, marked in `fallen`, of shape (n − 1,) for n stamps.

    They begin an update period early: what the last reading had not seen yet is lost too.
    """
    start, end = time_ns[:-1][fallen], time_ns[1:][fallen]
    return Events(
        "counter-backwards",
        start - s_to_ns(period_s),
        end,
        to_seconds(end - start),
        "its counter went backwards without a wrap ({count}×): what it counted in up to "
        "{worst:.3g} s is lost",
        "Windows across it are not measured; run it again, and look for a driver reset or suspend.",
    )


def jumps(info: SensorInfo, time_ns: Ints, energy_j: Floats, period_s: float) -> Events:
    """Rises of a counter that no power up to its limit explains, however old the readings are."""
    rise = np.diff(energy_j)
    seconds = to_seconds(np.diff(time_ns)) + period_s
    limit_w = np.inf if info.limit_w is None else info.limit_w
    bad = rise > limit_w * (1 + info.gain_uncertainty) * seconds + info.quantum_j
    return Events(
        "power-above-limit",
        time_ns[:-1][bad],
        time_ns[1:][bad],
        rise[bad] / seconds[bad],
        f"its counter jumped as if by {{worst:.4g}} W ({{count}}×); it cannot take more than "
        f"{limit_w:.4g} W",
        "Do not trust these joules: run it again; if it recurs, leave this sensor out.",
    )


def impossible_powers(info: SensorInfo, time_ns: Ints, power_w: Floats) -> Events:
    """Readings of power above the limit; the first reading is left out, having no spacing."""
    limit_w = np.inf if info.limit_w is None else info.limit_w
    bad = power_w[1:] > limit_w * (1 + info.gain_uncertainty)
    return Events(
        "power-above-limit",
        time_ns[:-1][bad],
        time_ns[1:][bad],
        power_w[1:][bad],
        f"{{count}} readings are above its limit of {limit_w:.4g} W, up to {{worst:.4g}} W",
        "Do not trust these joules: run it again; if it recurs, leave this sensor out.",
    )


def frozen(info: SensorInfo, time_ns: Ints, energy_j: Floats, period_s: float) -> Events:
    """Stretches without change, too long and worth too much to be a slow update or a quantum.

    A modelled counter may stand still by its model; whether work ran meanwhile is for the
    caller to see.
    """
    at = np.flatnonzero(np.append(True, np.diff(energy_j) > 0))
    last = np.append(at[1:] - 1, time_ns.size - 1)
    still_s = to_seconds(time_ns[last] - time_ns[at])
    mean_w = float(energy_j[-1] - energy_j[0]) / float(to_seconds(time_ns[-1:] - time_ns[0])[0])
    if mean_w == 0:
        mean_w = LEAST_POWER_W.get(info.component, LEAST_POWER_ELSE_W)
    bad = (still_s >= FROZEN_UPDATES * period_s) & (last - at >= FROZEN_READINGS)
    bad &= still_s * mean_w >= FROZEN_QUANTA * info.quantum_j
    bad &= info.kind != "estimate"
    return Events(
        "counter-frozen",
        time_ns[at][bad],
        time_ns[last][bad],
        still_s[bad],
        f"its counter stood still for up to {{worst:.3g}} s ({{count}}×) while work ran; "
        f"it updates every {period_s:.3g} s",
        "The counter may be unsupported here (a virtual machine, a hidden domain): "
        "leave this sensor out.",
    )
