"""One thread that reads sensors one after another, at deadlines and whenever it is asked.

At a deadline, sensors that can be understood later (`Deferring`) are only grabbed; what was
grabbed is understood after `DEFER_NS`, or sooner where there is much of it or somebody asks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from wattmark.meter import Deferring, Sensor
from wattmark.meter.reading import Request, next_deadline, read_sensor, understood
from wattmark.schema import Sample
from wattmark.units import NS_PER_S, ns_to_s, s_to_ns

if TYPE_CHECKING:
    from wattmark.meter.lines import Lines

# How long a thread stays after a reading on demand: to start one takes longer than to wake it.
LINGER_S = 1.0
# How much the last pass weighs in the mean times that a line takes and waits for its sensors.
NEWEST = 1 / 16
# Passes that nobody waits for take at most this part of the time.
NUDGED_PART = 0.01
# For how long, and how many readings at most: to understand many at once would delay the next.
DEFER_NS, MOST_DEFERRED = NS_PER_S, 64


class _Nudge:
    """What asks for a pass and waits for nothing."""


NUDGE = _Nudge()


class Line:
    """One thread and the sensors that it reads; all of its state is under the lines' lock."""

    def __init__(self, lines: Lines, sensors: tuple[Sensor, ...]) -> None:
        self.sensors = sensors
        self.inbox: SimpleQueue[Request | _Nudge | None] = SimpleQueue()
        """Requests; None only wakes the thread, to look whether anything has changed."""
        self.thread: threading.Thread | None = None
        self.reading: Sensor | None = None
        self.since_ns = 0
        """When the reading in progress began."""
        self.used_s = 0.0
        """CPU seconds of its threads; the running one alone writes it, and no lock is taken."""
        self._lines = lines
        self._deadline_ns: int | None = None
        self._waits_ns = 0.0
        self._takes_ns = 0.0
        self._nudged_ns = 0
        self._nudged = False
        self._grabbed: deque[tuple[Deferring, Any]] = deque()
        self._understood_ns = 0

    def start(self) -> None:
        """Have a thread; one that a stuck reading kept from ending goes on. Under the lock."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, name="wattmark-meter", daemon=True)
            self.thread.start()

    def stuck_ns(self, now_ns: int) -> int:
        """For how long the reading in progress has lasted; 0 without any."""
        return now_ns - self.since_ns if self.reading is not None else 0

    def nudge(self) -> None:
        """Have a pass soon that nobody waits for, unless it costs much or one is to come anyway."""
        now_ns = time.monotonic_ns()
        if not self._nudged and (now_ns - self._nudged_ns) * NUDGED_PART >= self._takes_ns:
            self._nudged, self._nudged_ns = True, now_ns
            self.inbox.put(NUDGE)

    def _run(self) -> None:
        used_s = 0.0
        while (requests := self._next()) is not None:
            self._nudged = False
            began_ns = time.monotonic_ns()
            lately = began_ns - self._understood_ns < DEFER_NS
            few = len(self._grabbed) < MOST_DEFERRED
            samples, slowest = self._read(defer=lately and few and not requests)
            # A thread's CPU clock can only be read by the thread itself.
            now_s = time.thread_time()
            took_ns = time.monotonic_ns() - began_ns
            waited_ns = took_ns - s_to_ns(now_s - used_s)
            self.used_s += now_s - used_s
            used_s = now_s
            for request in requests:
                request.deliver(samples)
            self._takes_ns += NEWEST * (took_ns - self._takes_ns)
            self._waits_ns += NEWEST * (waited_ns - self._waits_ns)
            if self._waits_ns > self._lines.interval_ns / 2:
                self._lines.part_slow(self, slowest)
                self._waits_ns = 0.0

    def _next(self) -> list[Request] | None:
        """Wait for the next pass: the requests that it answers, or None for the end."""
        lines, idle = self._lines, False
        while lines.go_on(self, idle=idle):
            wait_s = LINGER_S
            if lines.sampling:
                now_ns = lines.clock()
                if self._deadline_ns is None:
                    self._deadline_ns = now_ns + lines.interval_ns
                elif self._deadline_ns <= now_ns:
                    self._deadline_ns = next_deadline(self._deadline_ns, now_ns, lines.interval_ns)
                wait_s = ns_to_s(self._deadline_ns - now_ns)
            else:
                self._deadline_ns = None
            try:
                asked = self.inbox.get(timeout=wait_s)
            except Empty:
                if self._deadline_ns is not None:
                    return []
                idle = True
                continue
            idle = False
            if asked is not None:
                return [each for each in (asked, *self._others()) if isinstance(each, Request)]
        return None

    def _others(self) -> list[Request | _Nudge | None]:
        """What else was asked for meanwhile: one pass answers all."""
        found = []
        with contextlib.suppress(Empty):
            while True:
                found.append(self.inbox.get_nowait())
        return found

    def understand(self) -> None:
        """Make samples of all that was grabbed. Under the lock; any thread may call it."""
        lines = self._lines
        while self._grabbed:
            sensor, grabbed = self._grabbed.popleft()
            sample = understood(sensor, grabbed, lines.clock)
            lines.keep(sensor.info.name, sample)
        self._understood_ns = time.monotonic_ns()

    def _read(self, *, defer: bool) -> tuple[list[tuple[str, Sample]], Sensor]:
        """Read the line's sensors; those that left it meanwhile are another line's.

        The samples are of those that were read: none is there of a sensor that was grabbed.
        """
        lines, samples = self._lines, []
        longest_ns = -1
        with lines.lock:
            if not defer:
                self.understand()
            sensors = self.sensors
            slowest = sensors[0]
            self.since_ns = time.monotonic_ns()
        for sensor in sensors:
            with lines.lock:
                if self.sensors is not sensors:
                    break
                self.reading = sensor
            if defer and self._grab(sensor):
                continue
            name, told = sensor.info.name, read_sensor(sensor, lines.clock)
            # Who asked gets the newest; all of them are kept.
            samples.append((name, told[-1]))
            with lines.lock:
                for sample in told:
                    lines.keep(name, sample)
                now_ns = time.monotonic_ns()
                if now_ns - self.since_ns > longest_ns:
                    slowest, longest_ns = sensor, now_ns - self.since_ns
                self.since_ns = now_ns
        with lines.lock:
            self.reading = None
        return samples, slowest

    def _grab(self, sensor: Sensor) -> bool:
        """Grab a sensor's reading; False where it has to be read, and all before is understood."""
        grab = getattr(sensor, "grab", None)
        if grab is None:
            return False
        # A stranger's may raise anything; its `read` will say what is wrong.
        try:
            # Not asked for by isinstance: that takes longer than many a reading.
            self._grabbed.append((cast("Deferring", sensor), grab()))
        except Exception:
            with self._lines.lock:
                self.understand()
            return False
        return True
