"""How a monitor is called: functions that are measured, and arguments that cannot be."""

from __future__ import annotations

import threading
import weakref
from numbers import Integral, Real
from types import TracebackType
from typing import Protocol

from wattmark.errors import InputError
from wattmark.monitor.windows import Window


class Startable(Protocol):
    """What measures: a monitor."""

    @property
    def running(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> object: ...

    def window(self, name: str) -> Window: ...


class Calls:
    """The calls of a monitor's measured functions that are under way.

    Calls at once share the measurement that the first of them started; the last one ends it.
    """

    def __init__(self, monitor: Startable) -> None:
        # The monitor holds this: a forgotten one shall go at once, and its thread with it.
        self._monitor: Startable = weakref.proxy(monitor)
        self._lock = threading.Lock()
        self._sharing = 0

    def call(self, name: str) -> Call:
        """The context of one call."""
        return Call(self, self._monitor.window(name))

    def begin(self) -> bool:
        """Start the monitor where it does not run; whether this call shares that measurement."""
        with self._lock:
            starts = self._sharing == 0 and not self._monitor.running
            if starts:
                self._monitor.start()
            shares = starts or self._sharing > 0
            self._sharing += shares
        return shares

    def end(self) -> None:
        """A call that shares is over; the last one stops the monitor."""
        with self._lock:
            self._sharing -= 1
            if self._sharing == 0 and self._monitor.running:
                self._monitor.stop()


class Call:
    """A call of a measured function: a window, and the whole measurement where none runs."""

    def __init__(self, calls: Calls, window: Window) -> None:
        self._calls, self._window = calls, window
        self._shares = False

    def __enter__(self) -> None:
        self._shares = self._calls.begin()
        try:
            self._window.__enter__()
        except BaseException:
            if self._shares:
                self._calls.end()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._window.__exit__(kind, error, trace)
        finally:
            if self._shares:
                self._calls.end()


def check_seconds(name: str, seconds: object) -> None:
    """Raises InputError for what is no number of seconds."""
    number = isinstance(seconds, Real) and not isinstance(seconds, bool)
    if not number or not 0 <= float(seconds) < float("inf"):  # type: ignore[arg-type] # a Real
        raise InputError(f"{name} is {seconds!r}; it must be a number of seconds, 0 or more.")


def checked_stamp(name: str, stamp: object) -> int:
    """The stamp of a window of that name; raises InputError for what is none."""
    if isinstance(stamp, bool) or not isinstance(stamp, Integral):
        raise InputError(
            f"Window '{name}': {stamp!r} is no stamp.",
            "Give whole nanoseconds, of time.monotonic_ns().",
        )
    return int(stamp)
