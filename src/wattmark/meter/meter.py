"""The meter: samples a set of sensors on threads of its own, and on demand.

The work under measurement never waits for it and never sees it: it stamps the same monotonic
clock, and joining the two is somebody else's task.

Sensors that are quick share one thread; one that blocks gets a thread of its own (`lines`), and
shows as a gap in its own samples alone. Whoever asks for a reading, starts or stops waits for
`PATIENCE_S` and then gets a fault in its place, so that a sensor that hangs does not hang the
run.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from types import TracebackType

from wattmark.energy.series import Series
from wattmark.energy.total import parts_of
from wattmark.errors import InputError
from wattmark.meter import Sensor, Settling
from wattmark.meter.kept import KeptSamples
from wattmark.meter.lines import PATIENCE_S, Lines
from wattmark.meter.reading import next_deadline
from wattmark.schema import EnergyReading, Sample, SensorInfo
from wattmark.units import ns_to_s, s_to_ns

__all__ = ["Meter", "next_deadline"]


# Longest wait for meters that are polled elsewhere to tell of the last of the work.
SETTLE_S = 3.0
# Whose updates follow each other no slower than this are worth waiting for, at most twice.
QUICK_S = 0.002


class Meter:
    """Samples `sensors` every `interval_s` seconds between `start` and `stop`.

    The sensors stay the caller's: `stop` leaves them open, `close` closes them too. Raises
    InputError for an interval that is not positive and for two sensors of one name.
    """

    def __init__(
        self,
        sensors: Iterable[Sensor],
        interval_s: float = 0.1,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.sensors = tuple(sensors)
        self.interval_s = interval_s
        if not interval_s > 0:
            raise InputError(f"A sampling interval of {interval_s} s is not possible.", "Take 0.1.")
        names = Counter(sensor.info.name for sensor in self.sensors)
        if twice := [name for name, count in names.items() if count > 1]:
            raise InputError(f"Two sensors are called '{twice[0]}'.", "Give one another name=….")
        self._clock = clock
        self._lines = Lines(self.sensors, s_to_ns(interval_s), clock, self._keep)
        self._keeping = self._lines.lock
        self._kept = {name: KeptSamples(name) for name in names}
        self._latest: dict[str, Sample] = {}
        self._pairs: dict[str, tuple[Sample, Sample]] = {}
        # A reading at a window's edge can follow a tick by microseconds: too short to divide by.
        self._apart_ns = s_to_ns(interval_s / 2)

    @property
    def infos(self) -> tuple[SensorInfo, ...]:
        """What the sensors are, in the order in which they were given."""
        return tuple(sensor.info for sensor in self.sensors)

    @property
    def cost_cpu_s(self) -> float:
        """CPU seconds used so far by all readings and by the threads that take them."""
        return self._lines.cost_cpu_s

    def start(self) -> None:
        """Read every sensor once, then go on doing so on a thread. Does nothing when running."""
        if self._lines.sampling:
            return
        self._lines.use()
        self.read_now()
        self._lines.sample(True)

    def stop(self) -> None:
        """End the sampling, then read every sensor once more: the samples bracket all the work.

        A sensor that hangs is waited for by `PATIENCE_S`, then left to its daemon thread.
        """
        if not self._lines.sampling:
            return
        self._lines.sample(False)
        self.read_now()
        self._lines.end()

    def close(self) -> None:
        """Stop, and close the sensors; one that hangs is closed when its reading returns."""
        self.stop()
        self._lines.close()

    def __enter__(self) -> Meter:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def read_now(self) -> list[Sample]:
        """Read every sensor once, now: how a window gets sharp edges. Any thread may call it.

        The samples are kept for `take` as well. A sensor whose reading does not end within
        `PATIENCE_S` has a fault for a sample.
        """
        self._lines.use()
        try:
            found = self._lines.ask()
        finally:
            self._lines.release()
        fault = f"not read: its reading did not end within {PATIENCE_S:g} s"
        with self._keeping:
            for name in self._kept:
                if name not in found:
                    found[name] = Sample(name, self._clock(), fault=fault)
                    self._keep(name, found[name])
        return [found[name] for name in self._kept]

    def read_tick(self) -> None:
        """Read now, and again until counters that update often have: when they did is known then.

        It is for the ends of short work, where an update's age would weigh: see `QUICK_S`. Takes
        two of their periods at most, and as long as `read_now` where there are none.
        """
        before = self.read_now()
        quick = {
            info.name: info.update_period_s
            for info in self.infos
            if info.kind == "counter" and info.update_period_s and info.update_period_s <= QUICK_S
        }
        waiting = {s.sensor: s.energy_j for s in before if s.sensor in quick and s.fault is None}
        until_ns = time.monotonic_ns() + s_to_ns(2 * max(quick.values(), default=0.0))
        while waiting and time.monotonic_ns() < until_ns:
            now = {sample.sensor: sample.energy_j for sample in self.read_now()}
            waiting = {name: old for name, old in waiting.items() if now[name] == old}

    def nudge(self) -> None:
        """Have sensors that are quick to read be read soon; returns at once, and promises none.

        For ends of windows: a reading near each makes short ones sharp. Any thread may call it.
        """
        self._lines.nudge()

    def settle(self, timeout_s: float = SETTLE_S) -> None:
        """Let sensors that are polled elsewhere tell of all that was until now, and read them.

        Returns at once where there is none of them. Waits for `timeout_s` at most in all.
        """
        deadline_s = time.monotonic() + timeout_s
        waited = [sensor for sensor in self.sensors if isinstance(sensor, Settling)]
        for sensor in waited:
            # A stranger's may raise anything: what it lacks its own samples show.
            with contextlib.suppress(Exception):
                sensor.settle(max(0.0, deadline_s - time.monotonic()))
        if waited:
            self.read_now()

    def take(self) -> list[Sample]:
        """Hand over all samples since the last `take` and forget them, in order of their stamps."""
        with self._keeping:
            self._lines.understand()
            taken, self._kept = self._kept, {name: KeptSamples(name) for name in self._kept}
        samples = [sample for kept in taken.values() for sample in kept.samples()]
        samples.sort(key=attrgetter("time_ns"))
        return samples

    def series(self) -> list[Series]:
        """All samples since the last `take` as one series a sensor; nothing is forgotten.

        Millions of readings come as arrays, where `take` makes an object of each.
        """
        with self._keeping:
            self._lines.understand()
            return [self._kept[info.name].series(info) for info in self.infos]

    def latest(self) -> dict[str, Sample]:
        """The newest sample of each sensor, by name; faulty ones too."""
        with self._keeping:
            self._lines.understand()
            return dict(self._latest)

    def power_now_w(self) -> float | None:
        """Watts over about the last interval, for a display; None before there are any.

        Summed as joules are (`energy.total`): one sensor a device, nothing counted twice.
        """
        with self._keeping:
            self._lines.understand()
            pairs = dict(self._pairs)
        readings = [
            _one_second(info, watts)
            for info in self.infos
            if info.name in pairs and (watts := _watts(*pairs[info.name])) is not None
        ]
        parts = [part.gross_j for part in parts_of(readings) if part.gross_j is not None]
        return sum(parts) if parts else None

    def _keep(self, name: str, sample: Sample) -> None:
        """Under the lines' lock."""
        self._kept[name].add(sample)
        self._latest[name] = sample
        if sample.fault is not None or (sample.energy_j is None and sample.power_w is None):
            return
        older, newer = self._pairs.get(name, (sample, sample))
        far = sample.time_ns - newer.time_ns >= self._apart_ns
        self._pairs[name] = (newer if far else older, sample)


def _one_second(info: SensorInfo, watts: float) -> EnergyReading:
    """A power as the joules of one second."""
    method = {"counter": "counter", "power": "integrated"}.get(info.kind, "modelled")
    return EnergyReading(
        span="now",
        sensor=info.name,
        component=info.component,
        device=info.device,
        provenance=info.provenance,
        method=method,
        seconds=1.0,
        gross_j=watts,
        low_j=None,
        high_j=None,
    )


def _watts(older: Sample, newer: Sample) -> float | None:
    """Mean power between two samples of a counter, or the newer one's own power."""
    if older.energy_j is None or newer.energy_j is None:
        return newer.power_w
    elapsed_s = ns_to_s(newer.time_ns - older.time_ns)
    return (newer.energy_j - older.energy_j) / elapsed_s if elapsed_s > 0 else newer.power_w
