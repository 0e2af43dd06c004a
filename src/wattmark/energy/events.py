"""What goes wrong with a sensor, found in its readings: pauses, falls, jumps, standing still."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
# After standing still, a counter that rises by this part of its mean power or more tells it all.
CAUGHT_UP = 0.15
# A reading below this part of what all but one in twenty readings tell is no power.
COLLAPSE = 0.1
# Samples that swing by this part of their mean, no jump taking more than that part of the swing,
# with that part of their variance in one line and its overtones, beat.
BEAT_SWING, BEAT_JUMP, BEAT_SHARE = 0.1, 0.6, 0.9
# Readings in which beats are looked for: 3 cycles or more in each.
BEAT_BLOCKS = (64, 128, 256, 512)
# Blocks begin at each of this many parts of a block.
BEAT_PARTS = 8
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

    def cut_s(self, start_ns: Ints, end_ns: Ints) -> Floats:
        """For how many seconds each of these windows lies in events that it does not hold whole."""
        if self.start_ns.size == 0:
            return np.zeros(start_ns.shape)
        cut = np.zeros(start_ns.shape)
        for stamp in (start_ns, end_ns):
            at = np.searchsorted(self.start_ns, stamp, side="right") - 1
            first, last = self.start_ns[np.maximum(at, 0)], self.end_ns[np.maximum(at, 0)]
            shared = to_seconds(np.minimum(end_ns, last) - np.maximum(start_ns, first))
            whole = (start_ns <= first) & (last <= end_ns)
            cut = np.maximum(cut, np.where((at >= 0) & ~whole, shared, 0.0))
        return cut

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
    # A rise tells what flowed since the last one, however many readings ago.
    newest = np.maximum.accumulate(np.append(0, np.where(rise > 0, np.arange(1, rise.size + 1), 0)))
    seconds = to_seconds(time_ns[1:] - time_ns[newest[:-1]]) + period_s
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


def above_limit(info: SensorInfo, power_w: Floats) -> NDArray[np.bool_]:
    """Which powers no gain explains, of the shape of `power_w`."""
    limit_w = np.inf if info.limit_w is None else info.limit_w
    return np.asarray(power_w > limit_w * (1 + info.gain_uncertainty))


def impossible_powers(info: SensorInfo, time_ns: Ints, power_w: Floats) -> Events:
    """Readings of power above the limit; the first reading is left out, having no spacing."""
    limit_w = np.inf if info.limit_w is None else info.limit_w
    bad = above_limit(info, power_w[1:])
    return Events(
        "power-above-limit",
        time_ns[:-1][bad],
        time_ns[1:][bad],
        power_w[1:][bad],
        f"{{count}} readings are above its limit of {limit_w:.4g} W, up to {{worst:.4g}} W",
        "Do not trust these joules: run it again; if it recurs, leave this sensor out.",
    )


def collapses(time_ns: Ints, power_w: Floats) -> Events:
    """Readings far below the least that the part draws otherwise: a driver's zero, not a power.

    Named and kept: what a part draws when it sleeps is for it to say.
    """
    idle_w = float(np.percentile(power_w, 5))
    bad = power_w[1:] < COLLAPSE * idle_w
    return Events(
        "power-below-idle",
        time_ns[:-1][bad],
        time_ns[1:][bad],
        idle_w - power_w[1:][bad],
        f"{{count}} readings are next to nothing, where it otherwise draws {idle_w:.4g} W or more",
        "Its driver may fail now and then: compare with another sensor of the same device.",
    )


def nothing_at_all(time_ns: Ints, power_w: Floats) -> Events:
    """All of the readings, where they are nothing but zeros: whatever can be read takes power."""
    bad = np.array([not power_w.any()])
    return Events(
        "power-stuck",
        time_ns[:1][bad],
        time_ns[-1:][bad],
        to_seconds(time_ns[-1:] - time_ns[:1])[bad],
        "it read 0 W throughout ({worst:.3g} s)",
        "Its windows are not measured. Its driver may not support this device.",
    )


def slow_beats(time_ns: Ints, power_w: Floats, tick_s: float, unseen: float) -> Events:
    """Stretches in which samples of power swing slowly and regularly, as a stroboscope shows.

    A sensor that sees a part of each update period shows a load in step with it as a slow swing
    without a jump: one strong line in the spectrum of its readings, with its overtones, of 3
    cycles a block or more and 4 readings a cycle or more. A load that truly swings so is not told
    apart. Sizes are the joules of half a swing that may be mistaken, in the time not seen.
    """
    found: list[tuple[int, int, float]] = []
    if unseen > 0.05 and tick_s > 0:
        elapsed_s = to_seconds(time_ns - time_ns[0])
        ticks = np.arange(0.0, elapsed_s[-1], tick_s)
        held = power_w[np.searchsorted(elapsed_s, ticks, side="right") - 1]
        for block in BEAT_BLOCKS:
            found += [
                (time_ns[0] + s_to_ns(ticks[at]), block, size * unseen)
                for at, size in _beats(held, block, tick_s)
            ]
    found.sort()
    start = np.array([at for at, _, _ in found], dtype=np.int64)
    length = np.array([s_to_ns(block * tick_s) for _, block, _ in found], dtype=np.int64)
    return _disjoint(
        Events(
            "commensurate-period",
            start,
            start + length,
            np.array([size for _, _, size in found]),
            "its readings swing slowly and regularly ({count}×), as they do under a load in step "
            f"with its update period of {tick_s:.3g} s: it may have missed up to {{worst:.3g}} J",
            "Use an energy counter of the same device if it has one, or vary the load's period.",
        )
    )


def _beats(held_w: Floats, block: int, tick_s: float) -> list[tuple[int, float]]:
    """Where blocks begin that swing in one slow line, and half a swing's joules."""
    if held_w.size < block:
        return []
    rows = np.lib.stride_tricks.sliding_window_view(held_w, block)[:: block // BEAT_PARTS]
    swing = np.ptp(rows, axis=1)
    varied = swing > BEAT_SWING * rows.mean(axis=1)
    varied &= np.abs(np.diff(rows, axis=1)).max(axis=1) <= BEAT_JUMP * swing
    found = []
    for at in np.flatnonzero(varied):
        line = np.abs(np.fft.rfft((rows[at] - rows[at].mean()) * np.hanning(block))) ** 2
        peak = int(line.argmax())
        if not 3 <= peak <= block // 4:
            continue
        near = np.zeros(line.size, dtype=np.bool_)
        for overtone in (peak, 2 * peak, 3 * peak):
            near[max(0, overtone - 2) : overtone + 3] = True
        if line[near].sum() >= BEAT_SHARE * line.sum():
            beat_s = block * tick_s / peak
            found.append((int(at) * (block // BEAT_PARTS), float(swing[at]) * beat_s / np.pi))
    return found


def _disjoint(events: Events) -> Events:
    """The same stretches, overlapping ones made one of the greatest size."""
    if events.start_ns.size < 2:
        return events
    latest = np.maximum.accumulate(events.end_ns)
    first = np.flatnonzero(np.append(True, events.start_ns[1:] > latest[:-1]))
    return replace(
        events,
        start_ns=events.start_ns[first],
        end_ns=np.append(latest[first[1:] - 1], latest[-1]),
        sizes=np.maximum.reduceat(events.sizes, first),
    )


def frozen(info: SensorInfo, time_ns: Ints, energy_j: Floats, period_s: float) -> list[Events]:
    """Stretches without change, too long and worth too much to be a slow update or a quantum.

    Those after which the counter told all at once what had flowed are kept apart, and last until
    then: `counter-stalled`. A modelled counter may stand still by its model; whether work ran
    meanwhile is for the caller to see.
    """
    at = np.flatnonzero(np.append(True, np.diff(energy_j) > 0))
    last = np.append(at[1:] - 1, time_ns.size - 1)
    still_s = to_seconds(time_ns[last] - time_ns[at])
    mean_w = float(energy_j[-1] - energy_j[0]) / float(to_seconds(time_ns[-1:] - time_ns[0])[0])
    if mean_w == 0:
        mean_w = LEAST_POWER_W.get(info.component, LEAST_POWER_ELSE_W)
    bad = (still_s >= FROZEN_UPDATES * period_s) & (last - at >= FROZEN_READINGS)
    bad &= still_s * mean_w >= FROZEN_QUANTA * info.quantum_j
    # An integrated GPU that idles may rightly stand still.
    bad &= info.kind != "estimate" and info.component != "uncore"
    then = np.minimum(last + 1, time_ns.size - 1)
    told = energy_j[then] - energy_j[last] >= CAUGHT_UP * mean_w * still_s
    lost, stalled = bad & ~told, bad & told
    return [
        Events(
            "counter-frozen",
            time_ns[at][lost],
            time_ns[last][lost],
            still_s[lost],
            f"its counter stood still for up to {{worst:.3g}} s ({{count}}×) while work ran; "
            f"it updates every {period_s:.3g} s",
            "The counter may be unsupported here (a virtual machine, a hidden domain): "
            "leave this sensor out.",
        ),
        Events(
            "counter-stalled",
            time_ns[at][stalled],
            time_ns[then][stalled],
            still_s[stalled],
            "its counter stood still for up to {worst:.3g} s ({count}×), then told at once what "
            f"had flowed; it updates every {period_s:.3g} s",
            "Windows around all of it are right, those that begin or end in it are not measured. "
            "Look for a driver that hangs or a machine that sleeps.",
        ),
    ]
