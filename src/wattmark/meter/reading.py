"""One reading: when it falls due, who asked for it, and what a sensor gives or fails to give."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from operator import index

from wattmark.meter import Sensor
from wattmark.schema import Sample


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


def read_sensor(sensor: Sensor, clock: Callable[[], int]) -> Sample:
    """Its sample, or a fault where it breaks its promise: others are read after it."""
    try:
        sample: object = sensor.read()
        if isinstance(sample, Sample):
            index(sample.time_ns)
            return sample
        fault = f"read() gave {type(sample).__name__}, no Sample"
    # A stranger's sensor may raise anything, and must not end the others' sampling.
    except Exception as reason:
        fault = f"read() raised {type(reason).__name__}: {reason}"
    return Sample(sensor.info.name, clock(), fault=fault)
