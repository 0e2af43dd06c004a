"""The meter: samples a set of sensors on a thread of its own, and on demand.

The work under measurement never waits for it and never sees it: it stamps the same monotonic
clock, and joining the two is somebody else's task. The thread sleeps until absolute deadlines
(start + k × interval), so that the mean rate does not drift with the cost of reading; ticks that
a slow reading overran are skipped, not made up for.

Sensors are read one after another: one that blocks for seconds delays the others by as long,
and shows as a gap in their samples; they go on once it returns. Whoever asks for a reading
meanwhile waits for `LOCK_PATIENCE_S` and then gets faults, so that a sensor that hangs on the
meter's thread does not hang the run.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from wattmark.errors import InputError
from wattmark.meter import Sensor
from wattmark.schema import Sample, SensorInfo
from wattmark.units import ns_to_s, s_to_ns

# Components that lie side by side. The others each contain them: never added to them.
_PARTS = ("cpu", "dram", "gpu")
_WHOLES = ("soc", "board", "wall")

PATIENCE_S = 10.0
LOCK_PATIENCE_S = 2.0


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
        self._reading = threading.Lock()
        self._keeping = threading.Lock()
        self._kept: list[Sample] = []
        self._latest: dict[str, Sample] = {}
        self._pairs: dict[str, tuple[Sample, Sample]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._cost_s = 0.0

    @property
    def infos(self) -> tuple[SensorInfo, ...]:
        """What the sensors are, in the order in which they are read."""
        return tuple(sensor.info for sensor in self.sensors)

    @property
    def cost_cpu_s(self) -> float:
        """CPU seconds used so far by the sampling thread, over all starts, and by `read_now`."""
        return self._cost_s

    def start(self) -> None:
        """Read every sensor once, then go on doing so on a thread. Does nothing when running."""
        if self._thread is not None:
            return
        # A thread that a hung sensor kept from stopping ends by its own event.
        self._stopping = threading.Event()
        self.read_now()
        self._thread = threading.Thread(
            target=self._run, args=(self._stopping,), name="wattmark-meter", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread, then read every sensor once more: the samples bracket all the work.

        A sensor that hangs is waited for by `PATIENCE_S`, then left to its daemon thread.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        thread.join(PATIENCE_S)
        if not thread.is_alive():
            self.read_now()

    def close(self) -> None:
        """Stop, and close the sensors."""
        self.stop()
        for sensor in self.sensors:
            sensor.close()

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

        The samples are kept for `take` as well. Where a reading on another thread does not end
        within `LOCK_PATIENCE_S`, all of them are faults.
        """
        started_s = time.thread_time()
        samples = self._read_all()
        self._charge(time.thread_time() - started_s)
        return samples

    def take(self) -> list[Sample]:
        """Hand over all samples since the last `take` and forget them, in order of reading."""
        with self._keeping:
            taken, self._kept = self._kept, []
        return taken

    def latest(self) -> dict[str, Sample]:
        """The newest sample of each sensor, by name; faulty ones too."""
        with self._keeping:
            return dict(self._latest)

    def power_now_w(self) -> float | None:
        """Watts over about the last interval, for a display; None before there are any.

        The sum over cpu, dram and gpu, or, where none of them is read, of the narrowest of
        soc, board and wall. Estimates count only for a component that nothing measures.
        """
        with self._keeping:
            pairs = dict(self._pairs)
        powers: dict[str, list[tuple[bool, float]]] = {}
        for info in self.infos:
            watts = _watts(*pairs[info.name]) if info.name in pairs else None
            if watts is not None:
                measured = info.kind != "estimate"
                powers.setdefault(info.component, []).append((measured, watts))
        parts = [component for component in _PARTS if component in powers]
        chosen = parts or [component for component in _WHOLES if component in powers][:1]
        return sum(_component_w(powers[component]) for component in chosen) if chosen else None

    def _run(self, stopping: threading.Event) -> None:
        interval_ns = s_to_ns(self.interval_s)
        charged_s = 0.0
        deadline_ns = self._clock() + interval_ns
        while not stopping.wait(max(0.0, ns_to_s(deadline_ns - self._clock()))):
            self._read_all()
            # A thread's CPU clock can only be read by the thread itself.
            used_s = time.thread_time()
            self._charge(used_s - charged_s)
            charged_s = used_s
            deadline_ns = next_deadline(deadline_ns, self._clock(), interval_ns)

    def _charge(self, cpu_s: float) -> None:
        with self._keeping:
            self._cost_s += cpu_s

    def _read_all(self) -> list[Sample]:
        if not self._reading.acquire(timeout=LOCK_PATIENCE_S):
            fault = f"not read: another reading did not end within {LOCK_PATIENCE_S:g} s"
            now_ns = self._clock()
            samples = [Sample(info.name, now_ns, fault=fault) for info in self.infos]
            self._keep(samples)
            return samples
        try:
            samples = [self._read(sensor) for sensor in self.sensors]
            self._keep(samples)
        finally:
            self._reading.release()
        return samples

    def _keep(self, samples: Iterable[Sample]) -> None:
        with self._keeping:
            for sample in samples:
                self._kept.append(sample)
                self._remember(sample)

    def _read(self, sensor: Sensor) -> Sample:
        try:
            return sensor.read()
        # A stranger's sensor that breaks its contract must not end the others' sampling.
        except Exception as reason:
            fault = f"read() raised {type(reason).__name__}: {reason}"
            return Sample(sensor.info.name, self._clock(), fault=fault)

    def _remember(self, sample: Sample) -> None:
        self._latest[sample.sensor] = sample
        if sample.fault is not None:
            return
        older, newer = self._pairs.get(sample.sensor, (sample, sample))
        # A reading at a window's edge can follow a tick by microseconds: too short to divide by.
        far = sample.time_ns - newer.time_ns >= s_to_ns(self.interval_s / 2)
        self._pairs[sample.sensor] = (newer if far else older, sample)


def next_deadline(deadline_ns: int, now_ns: int, interval_ns: int) -> int:
    """The first deadline of the grid that lies after `now_ns` (at least one interval on)."""
    missed = max(0, now_ns - deadline_ns) // interval_ns
    return deadline_ns + (missed + 1) * interval_ns


def _component_w(powers: Sequence[tuple[bool, float]]) -> float:
    """Watts of one component: its measured sensors, or the estimated ones where none is."""
    measured = [watts for is_measured, watts in powers if is_measured]
    return sum(measured or [watts for _, watts in powers])


def _watts(older: Sample, newer: Sample) -> float | None:
    """Mean power between two samples of a counter, or the newer one's own power."""
    if older.energy_j is None or newer.energy_j is None:
        return newer.power_w
    elapsed_s = ns_to_s(newer.time_ns - older.time_ns)
    return (newer.energy_j - older.energy_j) / elapsed_s if elapsed_s > 0 else newer.power_w
