"""A meter that answers slowly, or not at all, polled on a thread of its own.

What is asked over a network may take seconds; the meter's thread must not wait for it. So a
thread asks every `every_s` seconds and keeps what it was told. `read` hands the next of it over
at once, stamped with the time at which it was valid, and a Sample without figures where there is
nothing new; `read_waiting` hands over the rest, in the order in which it came. An answer that
carries no time of its own is stamped with the middle of the asking; a counter's rises are
corrected here as everywhere.

A poll that fails is tried again, later and later. From the third failure in a row on, every
further one is a fault that begins with 'absent: '; the run goes on, and so does the asking, but
nobody waits for such a meter any more.

A value's own time is wall time, and monotonic time is made of it (`wallclock`). A wall clock
that was stepped since the last poll is told as a fault.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wattmark.errors import InputError
from wattmark.meter import Found
from wattmark.meter.counter import RisingCounter
from wattmark.meter.meter import next_deadline
from wattmark.meter.waiting import KEEP, Waiting
from wattmark.meter.wallclock import WallClock
from wattmark.schema import Sample, SensorInfo
from wattmark.units import ns_to_s, s_to_ns

ABSENT = "absent: "
"""How the fault of a meter begins that does not answer."""
TRIES = 3
"""Failures in a row from which on a meter is absent."""
LOOKS = 2
"""How often one that was just named is asked whether it is there."""
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
# A meter's clock may be this far ahead of ours by plain inaccuracy.
AHEAD_S = 1.0
# The year 2255, which stamps can still hold; milliseconds in the place of seconds are beyond it.
LATEST_S = 9e9
# A value that has not been renewed for so long is told to be old (a minute is a long scrape).
STALE_S = 180.0
# A poll that takes this many time-outs hangs where no time-out reaches (a name's look-up).
HANGS_TIMEOUTS = 4
CLOSING_S = 1.0


class AbsentError(Exception):
    """The meter did not answer, or with nothing of use: asking again may help."""


@dataclass(frozen=True, slots=True)
class Told:
    """A value that a meter told: watts or joules, and when it was valid.

    `wall_s` is the meter's own Unix time; None: it has none, and `seen_ns` (monotonic) counts.
    """

    value: float
    seen_ns: int
    wall_s: float | None = None


class Source(Protocol):
    """How a meter is asked. Called from one thread at a time."""

    timeout_s: float

    def ask(self) -> Sequence[Told | str]:
        """What is new, oldest first; a text is a reading that failed.

        Raises AbsentError where there is no answer, InputError where there can be none.
        """

    def close(self) -> None: ...


class RemoteSensor:
    """A sensor over a `source`, asked every `every_s` seconds from the first `read` on.

    `keep` is how many values and faults wait to be read at most; older ones are dropped.
    """

    def __init__(
        self,
        info: SensorInfo,
        source: Source,
        every_s: float = 1.0,
        keep: int = KEEP,
        wall: WallClock | None = None,
    ) -> None:
        self.info = info
        self._source, self.every_s = source, every_s
        self._wall = WallClock() if wall is None else wall
        self._counter = RisingCounter.of(info) if info.kind == "counter" else None
        self._changed = threading.Condition()
        self._waiting = Waiting(keep)
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._newest_ns: int | None = None
        self._asked_ns: int | None = None
        self._stale_told_s = STALE_S
        self._ahead_told = False
        self._failures = 0
        self._hangs = False
        self._stepped_s = 0.0

    def read(self) -> Sample:
        now_ns = time.monotonic_ns()
        with self._changed:
            if self._closed:
                return Sample(self.info.name, now_ns, fault="the sensor is closed")
            self._start()
            self._look_for_hanging(now_ns)
            return self._waiting.take_one() or Sample(self.info.name, now_ns)

    def read_waiting(self) -> list[Sample]:
        """All that came since the last `read` and was not read, oldest first."""
        with self._changed:
            return self._waiting.take_all()

    def settle(self, timeout_s: float) -> bool:
        """Ask at once, and wait until it has told of a moment from now on.

        False where it did not within `timeout_s`, and at once where it is absent: it is asked
        all the same, and waited for again when it has answered. What was told waits to be read.
        """
        want_ns = time.monotonic_ns() + s_to_ns(self.info.lag_s or 0.0)
        with self._changed:
            if self._closed:
                return False
            self._start()
            self._wake.set()
            self._changed.wait_for(
                lambda: self._closed or self._absent or self._told(want_ns), timeout_s
            )
            return self._told(want_ns)

    def failed(self, times: int) -> None:
        """Say that so many polls in a row have failed before it was read: they count."""
        self._failures = times

    @property
    def _absent(self) -> bool:
        """Whether it gave no answer, or none that was new, for so long that none is expected."""
        stale = self._stale_told_s > STALE_S
        return self._failures >= TRIES or self._hangs or stale

    def _told(self, want_ns: int) -> bool:
        return not self._closed and self._newest_ns is not None and self._newest_ns >= want_ns

    def close(self) -> None:
        """End the asking. A poll that hangs is left to its daemon thread."""
        with self._changed:
            already, self._closed = self._closed, True
            self._changed.notify_all()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(CLOSING_S)
        elif not already:
            self._source.close()

    def _start(self) -> None:
        if self._thread is None:
            name = f"wattmark-{self.info.name}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        every_ns = s_to_ns(self.every_s)
        deadline_ns = time.monotonic_ns()
        try:
            while not self._closed:
                self._asked_ns = time.monotonic_ns()
                told, reason = self._ask()
                self._asked_ns = None
                self._take(told, reason)
                if reason is None:
                    deadline_ns = next_deadline(deadline_ns, time.monotonic_ns(), every_ns)
                else:
                    deadline_ns = time.monotonic_ns() + s_to_ns(self._pause_s())
                self._wake.wait(max(0.0, ns_to_s(deadline_ns - time.monotonic_ns())))
                self._wake.clear()
        finally:
            self._source.close()

    def _ask(self) -> tuple[Sequence[Told | str], str | None]:
        """What the source says, or why nothing."""
        try:
            return self._source.ask(), None
        except AbsentError as reason:
            return (), str(reason)
        except InputError as reason:
            return (), reason.message
        # The thread must live: a meter that answers nonsense today may answer well tomorrow.
        except Exception as reason:
            return (), f"{type(reason).__name__} while asking"

    def _pause_s(self) -> float:
        longest = max(LONGEST_RETRY_S, self.every_s)
        first = min(FIRST_RETRY_S, self.every_s)
        return float(min(longest, first * 2.0 ** min(self._failures - 1, 20)))

    def _take(self, told: Sequence[Told | str], reason: str | None) -> None:
        """Keep what is new, and the faults."""
        now_ns = time.monotonic_ns()
        self._stepped_s += self._wall.stepped_s() or 0.0
        with self._changed:
            if reason is not None:
                self._failures += 1
                if self._failures >= TRIES:
                    self._fault(now_ns, f"{ABSENT}{reason} (asked {self._failures}×)")
                    self._changed.notify_all()
                return
            self._failures, self._hangs = 0, False
            # Only what is stamped by a wall clock is moved by one.
            if self._stepped_s and any(_has_wall_time(each) for each in told):
                self._fault(
                    now_ns,
                    f"the wall clock went {self._stepped_s:+.3f} s against the monotonic one (it "
                    "was set, or the machine slept): what came across that is left out",
                )
                self._stepped_s = 0.0
                told = [each for each in told if not _has_wall_time(each)]
            for each in told:
                if isinstance(each, str):
                    self._fault(now_ns, each)
                else:
                    self._accept(each, now_ns)
            self._look_for_age(now_ns)
            self._changed.notify_all()

    def _accept(self, told: Told, now_ns: int) -> None:
        own = told.wall_s is not None
        if told.wall_s is not None and not abs(told.wall_s) < LATEST_S:
            self._fault(now_ns, f"its clock tells {told.wall_s:g} s since 1970, which cannot be")
            return
        time_ns = told.seen_ns if told.wall_s is None else self._wall.monotonic(told.wall_s)
        if self._newest_ns is not None and time_ns <= self._newest_ns:
            return  # the same reading again
        self._newest_ns, self._stale_told_s = time_ns, STALE_S
        ahead_s = ns_to_s(time_ns - now_ns)
        if own and ahead_s > AHEAD_S and not self._ahead_told:
            self._ahead_told = True
            self._fault(
                now_ns,
                f"its clock is {ahead_s:.1f} s ahead of this machine's: set both clocks, or give "
                f"lag={-ahead_s:.1f}",
            )
        name = self.info.name
        if self._counter is None:
            self._waiting.put(Sample(name, time_ns, power_w=told.value))
            return
        energy_j, fault = self._counter.advance(told.value, time_ns)
        self._waiting.put(Sample(name, time_ns, energy_j=energy_j, fault=fault))

    def _look_for_age(self, now_ns: int) -> None:
        """Tell of a value that is not renewed, ever more seldom."""
        if self._newest_ns is None:
            return
        age_s = ns_to_s(now_ns - self._newest_ns)
        if age_s > self._stale_told_s:
            self._stale_told_s = 2 * age_s
            self._fault(now_ns, f"{ABSENT}its newest value is {age_s:.0f} s old")

    def _look_for_hanging(self, now_ns: int) -> None:
        asked_ns = self._asked_ns
        if asked_ns is None:
            return
        waited_s = ns_to_s(now_ns - asked_ns)
        if waited_s > HANGS_TIMEOUTS * max(self._source.timeout_s, FIRST_RETRY_S):
            self._asked_ns, self._hangs = None, True
            self._fault(now_ns, f"{ABSENT}no answer for {waited_s:.0f} s, and no time-out")

    def _fault(self, time_ns: int, text: str) -> None:
        self._waiting.put(Sample(self.info.name, time_ns, fault=text))


def _has_wall_time(told: Told | str) -> bool:
    return isinstance(told, Told) and told.wall_s is not None


def found(family: str, sensor: RemoteSensor, source: Source, shown: str) -> Found:
    """The sensor; and, where it does not answer now, why: it is asked on while a run goes on.

    Raises InputError where the meter answers and what was asked for is not there.
    """
    why = ""
    for attempt in range(LOOKS):
        if attempt:
            time.sleep(min(FIRST_RETRY_S, sensor.every_s))
        try:
            source.ask()
        except AbsentError as reason:
            why = str(reason)
        except InputError:
            sensor.close()
            raise
        else:
            return Found(family, (sensor,))
    sensor.failed(LOOKS)
    return Found(
        family,
        (sensor,),
        missing=f"{sensor.info.name} is absent: {shown}: {why}.",
        fix="It is asked again while the run goes on; check its address, and that it is on.",
    )
