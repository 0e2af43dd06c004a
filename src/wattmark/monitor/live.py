"""Power now and joules since the start, of every sensor, for as long as anybody watches.

Memory stays bounded over days: see `tally`.

Joules that a counter lost are missing from the sum: from then on it is not measured, and says so.
What was counted nevertheless goes on for a monitoring system, which takes differences.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattmark.energy.total import Total, total
from wattmark.monitor.tally import Tally
from wattmark.schema import EnergyReading, Sample, SensorInfo
from wattmark.units import ns_to_s, s_to_ns

STALE_INTERVALS = 3.0


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


def _one_second(sensor: SensorNow) -> EnergyReading:
    """A sensor's power as joules of one second, so that one rule says what may be summed."""
    watts = sensor.power_w
    return replace(sensor.joules, gross_j=watts, low_j=watts, high_j=watts)
