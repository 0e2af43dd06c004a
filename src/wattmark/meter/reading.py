"""One reading: when it falls due, who asked for it, and what a sensor gives or fails to give."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from operator import index

from wattmark.meter import Deferring, Sensor
from wattmark.schema import Sample

# What a column of stamps holds, with room for a lag to be taken off.
MOST_NS = 2**62


class Request:
    """One reading of each of the sensors named, asked for by somebody who waits."""

    def __init__(self, names: Iterable[str]) -> None:
        self.samples: dict[str, Sample] = {}
        self.done = threading.Event()
        self._missing = set(names)
        self._delivering = threading.Lock()
        if not self._missing:
            self.done.set()

    def deliver(self, samples: Sequence[tuple[str, Sample]]) -> None:
        """Hand over what a line has read; the first reading of a sensor counts."""
        with self._delivering:
            for name, sample in samples:
                if name in self._missing:
                    self._missing.discard(name)
                    self.samples[name] = sample
            if not self._missing:
                self.done.set()


def next_deadline(deadline_ns: int, now_ns: int, interval_ns: int) -> int:
    """The first deadline of the grid that lies after `now_ns` (at least one interval on)."""
    missed = max(0, now_ns - deadline_ns) // interval_ns
    return deadline_ns + (missed + 1) * interval_ns


def read_sensor(sensor: Sensor, clock: Callable[[], int]) -> list[Sample]:
    """Its sample, and those that wait behind it (`Queueing`), oldest first; one at least.

    A fault where it breaks its promise: others are read after it.
    """
    try:
        samples = [_checked(sensor.read())]
        # Not asked for by isinstance: that takes longer than many a reading.
        waiting: Callable[[], Sequence[object]] | None = getattr(sensor, "read_waiting", None)
        return samples if waiting is None else samples + [_checked(each) for each in waiting()]
    # A stranger's sensor may raise anything, and must not end the others' sampling.
    except _BrokenError as reason:
        fault = str(reason)
    except Exception as reason:
        fault = f"read() raised {type(reason).__name__}: {reason}"
    return [Sample(sensor.info.name, clock(), fault=fault)]


def understood(sensor: Deferring, grabbed: object, clock: Callable[[], int]) -> Sample:
    """The sample of what the sensor gave to be understood later; a fault where it cannot."""
    try:
        return _checked(sensor.told(grabbed))
    except _BrokenError as reason:
        fault = str(reason)
    # A stranger's sensor may raise anything, and must not end the others' sampling.
    except Exception as reason:
        fault = f"told() raised {type(reason).__name__}: {reason}"
    return Sample(sensor.info.name, clock(), fault=fault)


def close_sensors(sensors: Iterable[Sensor]) -> None:
    """Close all of them, whatever one of them raises: the others hold descriptors too."""
    for sensor in sensors:
        with contextlib.suppress(Exception):
            sensor.close()


class _BrokenError(Exception):
    """What a sensor gave that is no reading."""


def _checked(sample: object) -> Sample:
    """A sample that can be kept; its figures are checked where they are."""
    if not isinstance(sample, Sample):
        raise _BrokenError(f"read() gave {type(sample).__name__}, no Sample")
    if not -MOST_NS <= index(sample.time_ns) <= MOST_NS:
        raise _BrokenError(f"read() gave a stamp of {sample.time_ns} ns, which is no time")
    for words in (sample.fault, sample.throttle):
        if words is not None and not isinstance(words, str):
            raise _BrokenError(f"read() gave {type(words).__name__} in the place of words")
    return sample
