"""One sensor's readings since the start, in bounded memory.

It keeps the readings of the last minutes; older ones are folded into a sum. Joules are read off
the same curve as everywhere (`energy.curve`), stretch by stretch. The stretches' intervals add up
linearly, as do all intervals that share an edge, so that the sum's is a little wider than one
curve over all readings would give, never narrower.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.schema import EnergyReading, Sample, SensorInfo
from wattmark.units import ns_to_s, s_to_ns

HISTORY_S = 300.0
"""How far back the power of the last minutes reaches."""
MOST_HISTORY = 3000
FOLD_READINGS = 1024
"""A stretch of so many readings, or of HISTORY_S, is folded into the sum."""
CONTEXT_READINGS = 64
"""Readings that are kept before a stretch's start: a curve needs its surroundings."""
UPDATES = 10
"""A counter's power is its rise over so many updates: over one it would jump by all of it."""
SPAN = "watched"


class Tally:
    """One sensor's readings since the start, in bounded memory.

    `add` takes them in the order in which they were read. A counter that falls without a wrap
    has lost joules, like a reading that says so.
    """

    def __init__(self, info: SensorInfo, interval_s: float) -> None:
        self.info = info
        self.faults = 0
        self.counted_j = 0.0
        self.last_fault: str | None = None
        self.latest: Sample | None = None
        self.newest: Sample | None = None
        self.quiet_ns = 0
        """When it was last read and had nothing new."""
        self.power_w: float | None = None
        kept = math.ceil(HISTORY_S / interval_s)
        self.history_w: deque[float] = deque(maxlen=max(10, min(MOST_HISTORY, kept)))
        self._shortest_ns = s_to_ns(interval_s / 2)
        updates_s = UPDATES * (info.update_period_s or 0.0)
        self._stretch_ns = s_to_ns(max(interval_s / 2, updates_s))
        self._recent: list[Sample] = []
        self._past: deque[Sample] = deque()
        self._from_ns: int | None = None
        self._folded = _Sum()
        self._lost = False

    def add(self, sample: Sample) -> None:
        """Take one reading of this sensor."""
        if sample.fault is None and not _tells(sample):
            # A meter that is polled elsewhere has nothing new: what it told last still holds.
            self.quiet_ns = sample.time_ns
            return
        self.newest = sample
        if sample.fault is not None:
            self.faults += 1
            self.last_fault = sample.fault
            if sample.lost:
                self._lose()
            return
        self.latest = sample
        if sample.energy_j is None and sample.power_w is None:
            return  # gauges alone
        self._recent.append(sample)
        self._count(sample)
        first = self._recent[0]
        long = sample.time_ns - (self._from_ns or first.time_ns) >= s_to_ns(HISTORY_S)
        if long or len(self._recent) >= FOLD_READINGS + CONTEXT_READINGS:
            self._fold()

    @property
    def readings_kept(self) -> int:
        """How many readings are in memory."""
        return len(self._recent)

    def joules(self) -> tuple[EnergyReading, str]:
        """Joules since the start with their interval, and why there are none."""
        _, stretch = self._stretch()
        whole = self._folded.plus(stretch)
        if self._lost:
            whole = replace(whole, value=None, low=None, high=None)
        reading = EnergyReading(
            span=SPAN,
            sensor=self.info.name,
            component=self.info.component,
            device=self.info.device,
            provenance=self.info.provenance,
            method=whole.method,
            seconds=whole.seconds,
            gross_j=whole.value,
            low_j=whole.low,
            high_j=whole.high,
            gain_uncertainty=self.info.gain_uncertainty,
        )
        if whole.value is not None:
            return reading, ""
        return reading, "joules were lost" if whole.seconds else "too few readings yet"

    def _count(self, sample: Sample) -> None:
        """Joules since the reading before (of a counter its rise, else the area), and power."""
        before = self._past[-1] if self._past else None
        if before is not None:
            rise = _rise(before, sample)
            if sample.time_ns <= before.time_ns or rise is None:
                return
            if rise < -self.info.quantum_j:
                self._lose()
            else:
                self.counted_j += max(0.0, rise)
        self._past.append(sample)
        while len(self._past) > 2 and sample.time_ns - self._past[1].time_ns >= self._stretch_ns:
            self._past.popleft()
        self.power_w = self._power(sample)
        if self.power_w is not None:
            self.history_w.append(self.power_w)

    def _lose(self) -> None:
        """What the counter counted since the reading before is gone for good."""
        self._lost = True
        self._past.clear()

    def _power(self, sample: Sample) -> float | None:
        """Watts that the reading tells, or of a counter over its stretch; None if it is too short.

        A reading on demand can follow a tick by microseconds.
        """
        if sample.energy_j is None:
            return sample.power_w
        elapsed_ns = sample.time_ns - self._past[0].time_ns
        if elapsed_ns < max(1, self._shortest_ns):
            return self.power_w
        rise = sample.energy_j - (self._past[0].energy_j or 0.0)
        return max(0.0, rise) / ns_to_s(elapsed_ns)

    def _fold(self) -> None:
        """Add the stretch to the sum, and forget its readings but the last few."""
        end_ns, stretch = self._stretch()
        if end_ns is not None:
            self._folded = self._folded.plus(stretch)
            self._from_ns = end_ns
        del self._recent[:-CONTEXT_READINGS]

    def _stretch(self) -> tuple[int | None, _Sum]:
        """Where the readings in memory end, and their joules since the last fold."""
        curve = curve_of(Series.from_samples(self.info, self._recent))
        if not curve.usable:
            return None, _Sum()
        first, last = curve.span_ns
        start = first if self._from_ns is None else self._from_ns
        if last <= start:
            return None, _Sum()
        bounds = curve.between(start, last)
        value, low, high = (float(each[0]) for each in (bounds.value, bounds.low, bounds.high))
        seconds = ns_to_s(last - start)
        if not math.isfinite(value):
            return last, _Sum(seconds, None, None, None, curve.method)
        if not math.isfinite(high):
            return last, _Sum(seconds, value, None, None, curve.method)
        return last, _Sum(seconds, value, low, high, curve.method)


@dataclass(frozen=True)
class _Sum:
    """Joules of some seconds and their bounds; None where any of them is not measured."""

    seconds: float = 0.0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""

    def plus(self, other: _Sum) -> _Sum:
        if not self.seconds or not other.seconds:
            return self if self.seconds else other
        return _Sum(
            self.seconds + other.seconds,
            _added(self.value, other.value),
            _added(self.low, other.low),
            _added(self.high, other.high),
            other.method,
        )


def _tells(sample: Sample) -> bool:
    """Whether a reading has any figure or word."""
    return replace(sample, sensor="", time_ns=0) != Sample("", 0)


def _rise(before: Sample, sample: Sample) -> float | None:
    """Joules between two readings; None where they do not tell."""
    if before.energy_j is not None and sample.energy_j is not None:
        return sample.energy_j - before.energy_j
    if before.power_w is None or sample.power_w is None:
        return None
    return (before.power_w + sample.power_w) / 2 * ns_to_s(sample.time_ns - before.time_ns)


def _added(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
