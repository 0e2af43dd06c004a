"""`EnergyMonitor`: the instrument in your own process.

    monitor = EnergyMonitor()
    monitor.start()
    with monitor.window("prefill"):
        …
    result = monitor.stop()
    result.energy_joules, result.windows["prefill"].energy_joules

A thread samples the sensors, at intervals and when a window begins or ends; the code under
measurement only stamps the clock and waits for none of it. Sensors see the whole machine (a whole
GPU, a whole CPU package), whichever process works on it: what others did meanwhile is looked for
and told as a doubt.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import ParamSpec, TypeVar

from wattmark.errors import InputError, WattmarkError
from wattmark.meter import Sensor
from wattmark.meter.load import CpuClock, cpu_clock
from wattmark.meter.meter import Meter
from wattmark.monitor.calls import Calls, check_seconds, checked_stamp
from wattmark.monitor.disturbed import children_cpu_s, disturbances
from wattmark.monitor.figures import Stretch, result_of
from wattmark.monitor.gauges import memory_info, temperature_c
from wattmark.monitor.result import EnergyResult
from wattmark.monitor.select import select_sensors
from wattmark.monitor.settle import settle_s
from wattmark.monitor.windows import Session, Window, inside
from wattmark.schema import Doubt, Sample, SensorInfo, Span
from wattmark.units import s_to_ns

P = ParamSpec("P")
R = TypeVar("R")

RESTING = "the monitor is not running. Call start(), or use it in a with block."
FORKED = "the monitor belongs to the process that was forked. Make another in this one."


class EnergyMonitor:
    """Joules between `start` and `stop`, and of windows in between.

    `gpu_id` is the GPU that counts, as CUDA numbers the visible ones; others are not read, and
    None reads all. Without a GPU there is what else is found; `sensors` and repr say what. By
    name, `sensors` takes exactly those ('rapl', 'simulated:watts=100'); objects that are sensors
    serve as well. `sampling_interval` is in seconds. With `idle_seconds` above 0 start and stop
    each take that long to measure idle, so that the result knows net joules.

    Raises InputError for what does not exist: a sensor, or a GPU where there are others.
    """

    def __init__(
        self,
        gpu_id: int | None = 0,
        sampling_interval: float = 0.1,
        *,
        sensors: str | Iterable[str | Sensor] | None = None,
        idle_seconds: float = 0.0,
    ) -> None:
        check_seconds("idle_seconds", idle_seconds)
        check_seconds("sampling_interval", sampling_interval)
        self.idle_seconds = idle_seconds
        self.result: EnergyResult | None = None
        """The last result; None before the first `stop`."""
        self.session: Session | None = None
        self.resting = RESTING
        chosen = select_sensors(gpu_id, sensors)
        try:
            self._reader = Meter(chosen.all, sampling_interval)
        except InputError:
            chosen.close()
            raise
        self._lock = threading.Lock()
        self._calls = Calls(self)
        self._idle: list[Span] = []
        self._doubts: list[Doubt] = []
        self._start_ns = 0
        self._clock: CpuClock | None = None
        self._cost_s = 0.0
        self._absent = chosen.doubts
        # Also at the interpreter's exit: no thread then reads a sensor that is going away.
        self._finalizer = weakref.finalize(self, _shut, self._reader, chosen.close)
        _alive.add(self)

    @property
    def sensors(self) -> tuple[SensorInfo, ...]:
        """What is read, and of each where its figures come from."""
        return self._reader.infos

    @property
    def running(self) -> bool:
        """Whether it is between start and stop."""
        return self.session is not None

    def __repr__(self) -> str:
        read = "; ".join(f"{s.component}: {s.provenance}, {s.source}" for s in self.sensors)
        state = "running" if self.running else "not running"
        return f"<EnergyMonitor, {state}: {read or 'no sensor, energy is not measured'}>"

    def start(self) -> None:
        """Measure from now on. Raises WattmarkError when it runs already."""
        with self._lock:
            if self.session is not None:
                raise WattmarkError(
                    "The monitor is running already.",
                    "Call stop() first, or make another EnergyMonitor.",
                )
            if not self._finalizer.alive:
                raise WattmarkError(f"It cannot start: {self.resting}")
            self._meter.take()  # what was read before is of no use any more
            self._idle, self._doubts = [], []
            self._cost_s = self._meter.cost_cpu_s
            self._meter.start()
            try:
                self._meter.settle()  # what is polled elsewhere has told of a time before the work
                self._measure_idle()
                self._clock = cpu_clock(children_cpu_s())
                self._meter.read_tick()
            except BaseException:
                self._meter.stop()
                raise
            self._start_ns = time.monotonic_ns()
            self.session = Session(self._meter.nudge)

    def stop(self) -> EnergyResult:
        """End, and say what was used. Raises WattmarkError when it does not run."""
        end_ns = time.monotonic_ns()
        with self._lock:
            session, self.session = self.session, None
            if session is None:
                raise WattmarkError(f"There is nothing to stop: {self.resting}")
            windows, left_open = session.close()
            try:
                self._meter.read_tick()
                self._look("measured", self._clock)
                time.sleep(settle_s(self.sensors))
                self._measure_idle()
                self._meter.settle()
            finally:
                self._meter.stop()
            stretch = Stretch(
                start_ns=self._start_ns,
                end_ns=end_ns,
                idle=self._idle,
                windows=windows,
                doubts=(*self._absent, *left_open, *self._doubts),
                meter_cpu_s=self._meter.cost_cpu_s - self._cost_s,
            )
            self.result = result_of(self._meter, stretch)
            return self.result

    def window(self, name: str) -> Window:
        """A piece of the work, as `with monitor.window("prefill"):` or as a decorator.

        Windows nest and overlap; those of one name are also summed.
        """
        return Window(self, name)

    def add_window(self, name: str, start_ns: int, end_ns: int) -> None:
        """A window by your own stamps of time.monotonic_ns(). WattmarkError when not running."""
        session = self.session
        if session is None:
            raise WattmarkError(f"Window '{name}': {self.resting}")
        Window(self, name)  # a name that is none is refused
        start_ns, end_ns = checked_stamp(name, start_ns), checked_stamp(name, end_ns)
        if end_ns < start_ns:
            raise InputError(f"Window '{name}' ends {start_ns - end_ns} ns before it starts.")
        session.begun.append(name)
        session.ended.append((name, start_ns, end_ns))

    def measured(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorator: each call is a window of the function's name.

        Where the monitor does not run, it runs for the call, and `result` has the figures.
        """
        name = getattr(function, "__qualname__", repr(function)).rpartition("<locals>.")[2]
        return inside(function, lambda: self._calls.call(name))

    def get_current_power(self) -> float | None:
        """Watts over about the last sampling interval, all sensors that may be summed.

        Takes a sampling interval where nothing was read before. None where nothing can be.
        """
        power_w = self._meter.power_now_w() if self.running else None
        if power_w is None and self.sensors:
            self._meter.read_now()
            time.sleep(self._meter.interval_s)
            self._meter.read_now()
            power_w = self._meter.power_now_w()
            self._forget()
        return power_w

    def get_temperature(self) -> float | None:
        """Degrees Celsius of the GPU, else the hottest CPU sensor; None where nothing tells."""
        return temperature_c(self._gpu_now())

    def get_memory_info(self) -> dict[str, str | int | None]:
        """Bytes as {used, total, free}, of the GPU where it tells, else of the machine's RAM.

        `memory` says which ('gpu' or 'ram'), `device` of what ('gpu0', 'host'). None is not known.
        """
        return memory_info(self._gpu_now(), self.sensors)

    def close(self) -> None:
        """End without a result where it runs, and close the sensors; it cannot start again."""
        if self.session is not None:
            self.session.close()
            self.session = None
        self.resting = "the monitor is closed. Make another."
        self._finalizer()

    def __enter__(self) -> EnergyMonitor:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.running:
            self.stop()

    async def __aenter__(self) -> EnergyMonitor:
        # Not on another thread: while idle is measured the loop must not do anything else.
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    @property
    def _meter(self) -> Meter:
        # In a forked child a lock of it may be held for ever, by a thread that is not there.
        if not self._finalizer.alive:
            raise WattmarkError(f"Nothing can be read: {self.resting}")
        return self._reader

    def _gpu_now(self) -> list[Sample]:
        """The newest readings of the GPU."""
        names = {info.name for info in self.sensors if info.component == "gpu"}
        if names and not self.running:
            self._meter.read_now()
            self._forget()
        return [sample for name, sample in self._meter.latest().items() if name in names]

    def _forget(self) -> None:
        """Drop what was read while it rests: whoever only looks, for days, must not fill memory."""
        if self._lock.acquire(blocking=False):  # start() has it while it measures idle
            try:
                if self.session is None:
                    self._meter.take()
            finally:
                self._lock.release()

    def _measure_idle(self) -> None:
        if self.idle_seconds <= 0:
            return
        before = cpu_clock(children_cpu_s())
        self._meter.read_now()
        start_ns = time.monotonic_ns()
        end_ns = start_ns + s_to_ns(self.idle_seconds)
        while (left_ns := end_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns / 1e9)
        self._idle.append(Span("idle", start_ns, time.monotonic_ns()))
        self._meter.read_now()
        self._look("idle", before)

    def _look(self, stretch: str, before: CpuClock | None) -> None:
        if before is not None:
            self._doubts += disturbances(stretch, before, cpu_clock(children_cpu_s()))

    def _abandon(self) -> None:
        """In a forked child: the threads are gone, and locks may be held by them for ever."""
        self.session = None
        self.resting = FORKED
        self._lock, self._calls = threading.Lock(), Calls(self)
        self._finalizer.detach()


def _shut(meter: Meter, close: Callable[[], None]) -> None:
    meter.stop()
    close()


_alive: weakref.WeakSet[EnergyMonitor] = weakref.WeakSet()


def _forked() -> None:
    for monitor in list(_alive):
        monitor._abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
