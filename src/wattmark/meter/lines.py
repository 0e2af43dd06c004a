"""Threads that read sensors: one for all that are quick, one more for each that is slow.

A line reads its sensors one after another, at the deadlines of a grid (start + k × interval, so
that the mean rate does not drift with the cost of reading; what a slow reading overran is
skipped, not made up for) and whenever it is asked. Two rules part the sensors:

- A reading that has not come back after `STUCK_S` keeps its line; the line's other sensors go on
  on a new one, so that they miss `STUCK_S` + `WATCH_S` at most and never again.
- Where reading waits (does not compute) for more than half an interval, the sensor that took
  longest gets a line of its own.

Nobody reads a sensor twice at a time, and nobody but a line ever reads: who asks waits, with
patience, and cannot be held up by a driver that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from wattmark.meter import Sensor
from wattmark.meter.line import Line
from wattmark.meter.reading import Request, close_sensors
from wattmark.schema import Sample
from wattmark.units import s_to_ns

STUCK_S = 0.25
# How often a thread looks for stuck readings while sampling goes on: a wake-up costs 0.1 ms.
WATCH_S = 1.0
PATIENCE_S = 2.0
# More lines are not opened for slowness alone: each costs a wake-up an interval.
MOST_LINES = 8


class Lines:
    """All lines of a meter. `keep(name, sample)` is called for every reading, under `lock`.

    The lines' threads live while anybody uses them (from `use` until `release` or `end`); while
    `sampling` they read by themselves, every `interval_ns` of `clock`.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        interval_ns: int,
        clock: Callable[[], int],
        keep: Callable[[str, Sample], None],
    ) -> None:
        self.interval_ns = interval_ns
        self.clock = clock
        self.keep = keep
        self.lock = threading.Lock()
        self.sampling = False
        self._watch_s = 0.0
        self._lines = [Line(self, tuple(sensors))] if sensors else []
        self._uses = 0
        self._ending = False
        self._closing = False
        self._open: list[Request] = []
        self._watching = threading.Event()

    def use(self) -> None:
        """Have the threads run; each call wants a `release`."""
        with self.lock:
            self._uses += 1
            self._closing = self._ending = False
            for line in self._lines:
                line.start()

    def release(self) -> None:
        """Let go. The threads stay for a while, as one reading on demand seldom comes alone."""
        with self.lock:
            self._uses -= 1

    def end(self) -> None:
        """Let go, and have the threads end now; those that a reading holds up end after it."""
        with self.lock:
            self._uses -= 1
            self._ending = self._uses == 0
            free = [line.thread for line in self._lines if line.reading is None]
            self._wake()
            over = self._ending
        for thread in free if over else ():
            if thread is not None:
                thread.join(PATIENCE_S)

    def sample(self, wanted: bool) -> None:
        """Begin or end the reading by deadlines."""
        self._watching.set()
        with self.lock:
            self.sampling = wanted
            several = sum(len(line.sensors) for line in self._lines) > len(self._lines)
            self._wake()
        if wanted and several:
            # A watcher that has not seen its end yet ends by its own event.
            self._watching = threading.Event()
            watch = threading.Thread(
                target=self._watch, args=(self._watching,), name="wattmark-watch", daemon=True
            )
            watch.start()

    def ask(self) -> dict[str, Sample]:
        """Read every sensor once, now: the samples by name, without those that do not come.

        It takes `PATIENCE_S` at most, and no time for a reading that has lasted as long already.
        """
        patience_ns = s_to_ns(PATIENCE_S)
        with self.lock:
            now_ns = time.monotonic_ns()
            awaited = [line for line in self._lines if line.stuck_ns(now_ns) < patience_ns]
            request = Request(s.info.name for line in awaited for s in line.sensors)
            self._open.append(request)
            for line in awaited:
                line.inbox.put(request)
        until_ns = now_ns + patience_ns
        try:
            while not request.done.wait(STUCK_S) and time.monotonic_ns() < until_ns:
                self.part_stuck()
        finally:
            with self.lock:
                self._open.remove(request)
        return dict(request.samples)

    def nudge(self) -> None:
        """Have every line read once more, soon, where that costs it little; nobody waits."""
        if self.sampling:
            for line in self._lines:
                line.nudge()

    @property
    def cost_cpu_s(self) -> float:
        """CPU seconds that the lines' threads have used, to the end of their last pass."""
        with self.lock:
            return self._watch_s + sum(line.used_s for line in self._lines)

    def go_on(self, line: Line, *, idle: bool) -> bool:
        """Whether a line's thread is still wanted; one that is not closes what waits for it.

        `idle`: nothing was asked of it for `LINGER_S`.
        """
        with self.lock:
            if self._uses or not (idle or self._ending):
                return True
            line.thread = None
            closing = line.sensors if self._closing else ()
        close_sensors(closing)
        return False

    def understand(self) -> None:
        """Make samples of all that was grabbed and not yet understood. Under the lock."""
        for line in self._lines:
            line.understand()

    def part_slow(self, line: Line, slowest: Sensor) -> None:
        """Give the sensor that a line waits for a line of its own."""
        with self.lock:
            if len(line.sensors) > 1 and len(self._lines) < MOST_LINES:
                line.understand()
                line.sensors = tuple(s for s in line.sensors if s is not slowest)
                self._open_line((slowest,))

    def part_stuck(self) -> None:
        """Give the sensors that share a line with a stuck one another line."""
        with self.lock:
            now_ns = time.monotonic_ns()
            for line in tuple(self._lines):
                if len(line.sensors) > 1 and line.stuck_ns(now_ns) > s_to_ns(STUCK_S):
                    # What leaves the line must not be understood after its new line's readings.
                    line.understand()
                    stuck = line.reading
                    rest = tuple(s for s in line.sensors if s is not stuck)
                    line.sensors = tuple(s for s in line.sensors if s is stuck)
                    self._open_line(rest)

    def close(self) -> None:
        """Close the sensors; one that is being read is closed by its line, when that returns."""
        with self.lock:
            self._closing = self._ending = True
            self._wake()
            free = [(line, line.thread) for line in self._lines if line.reading is None]
        for line, thread in free:
            if thread is not None:
                thread.join(PATIENCE_S)  # it closes its sensors when it ends
                continue
            close_sensors(line.sensors)

    def _open_line(self, sensors: tuple[Sensor, ...]) -> None:
        line = Line(self, sensors)
        self._lines.append(line)
        # Whoever waits has been promised these sensors too; a second reading does no harm.
        for request in self._open:
            line.inbox.put(request)
        line.start()

    def _wake(self) -> None:
        for line in self._lines:
            line.inbox.put(None)

    def _watch(self, ended: threading.Event) -> None:
        used_s = 0.0
        while not ended.wait(WATCH_S):
            self.part_stuck()
            now_s = time.thread_time()
            self._watch_s += now_s - used_s
            used_s = now_s
