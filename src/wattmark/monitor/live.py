"""Power now and joules since the start, of every sensor, for as long as anybody watches.

Memory stays bounded over days: each sensor keeps the readings of the last minutes; older ones are
folded into a sum. Joules are read off the same curve as everywhere (`energy.curve`), stretch by
stretch. The stretches' intervals add up linearly, as do all intervals that share an edge, so that
the sum's is a little wider than one curve over all readings would give, never narrower.

Joules that a counter lost are missing from the sum: from then on it is not measured, and says so.
What was counted nevertheless goes on for a monitoring system, which takes differences.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.energy.total import Total, total
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
STALE_INTERVALS = 3.0
SPAN = "watched"


@dataclass(frozen=True)
class SensorNow:
    """One sensor at one moment; None is not measured or not told by this sensor."""

    info: SensorInfo
    power_w: float | None
    history_w: tuple[float, ...]
    """Power of each reading of the last minutes, oldest first."""
    joules: EnergyReading
    """Since the start, with its interval; `gross_j` is None where any of it was lost."""
    counted_j: float
    """Joules that were counted since the start; never falls, losses left out."""
    why: str
    """Why `joules` has no figure, or ''."""
    latest: Sample | None
    """The newest reading that did not fail, for temperature, memory, clock, load, throttling."""
    faults: int
    last_fault: str | None
    up: bool
    """Whether the newest reading is recent and did not fail."""


@dataclass(frozen=True)
class Snapshot:
    """All sensors at one moment."""

    seconds: float
    sensors: tuple[SensorNow, ...]
    power_w: float | None
    """Over the components that may be summed; None where one of them does not tell."""
    total: Total

    @property
    def faults(self) -> int:
        """Readings that failed, of all sensors."""
        return sum(sensor.faults for sensor in self.sensors)


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


class Live:
    """The tallies of several sensors; any thread may add samples or take a snapshot.

    `absent` says of a sensor that could not be asked so far why that is.
    """

    def __init__(
        self,
        infos: Sequence[SensorInfo],
        interval_s: float,
        clock: Callable[[], int] = time.monotonic_ns,
        absent: Mapping[str, str] | None = None,
    ) -> None:
        self.interval_s = interval_s
        self._absent = absent or {}
        self._clock = clock
        self._started_ns = clock()
        self._lock = threading.Lock()
        self._tallies = {info.name: Tally(info, interval_s) for info in infos}

    def add(self, samples: Iterable[Sample]) -> None:
        """Take readings; those of unknown sensors are left out."""
        with self._lock:
            for sample in samples:
                if (tally := self._tallies.get(sample.sensor)) is not None:
                    tally.add(sample)

    def snapshot(self) -> Snapshot:
        """All sensors now."""
        now_ns = self._clock()
        with self._lock:
            sensors = tuple(self._now(tally, now_ns) for tally in self._tallies.values())
        return Snapshot(
            seconds=ns_to_s(now_ns - self._started_ns),
            sensors=sensors,
            power_w=total(map(_one_second, sensors)).gross_j,
            total=total(sensor.joules for sensor in sensors),
        )

    def _now(self, tally: Tally, now_ns: int) -> SensorNow:
        newest = tally.newest
        oldest_ns = now_ns - s_to_ns(max(1.0, STALE_INTERVALS * self.interval_s))
        good = newest is not None and newest.fault is None
        up = newest is not None and good and max(newest.time_ns, tally.quiet_ns) >= oldest_ns
        reading, why = tally.joules()
        if why and tally.latest is None:
            why = self._absent.get(tally.info.name, why)
        return SensorNow(
            info=tally.info,
            power_w=tally.power_w if up else None,
            history_w=tuple(tally.history_w),
            joules=reading,
            counted_j=tally.counted_j,
            why=why,
            latest=tally.latest,
            faults=tally.faults,
            last_fault=tally.last_fault,
            up=up,
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


def _one_second(sensor: SensorNow) -> EnergyReading:
    """A sensor's power as joules of one second, so that one rule says what may be summed."""
    watts = sensor.power_w
    return replace(sensor.joules, gross_j=watts, low_j=watts, high_j=watts)


def _added(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
