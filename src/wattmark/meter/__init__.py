"""What is read: one file a sensor family, and the meter that samples them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wattmark.schema import Sample, SensorInfo


class Sensor(Protocol):
    """One thing that can be read. `read` is quick, synchronous and corrects wraps itself.

    A reading that fails comes back as a Sample with `fault` set, never as an exception; the
    next call tries again. One that is stamped in the past (`time_ns` is when it was valid) is a
    meter's that is polled elsewhere; where such a one has nothing new it gives neither figures
    nor a fault.
    """

    info: SensorInfo

    def read(self) -> Sample: ...

    def close(self) -> None: ...


@runtime_checkable
class Settling(Protocol):
    """A sensor that is polled elsewhere and knows of the present only later."""

    def settle(self, timeout_s: float) -> bool:
        """Wait until it has told of a moment from now on; False where it did not in time."""


@runtime_checkable
class Queueing(Protocol):
    """A sensor that is polled elsewhere and may have told several things between two readings."""

    def read_waiting(self) -> Sequence[Sample]:
        """All that came since the last `read` and was not read, oldest first."""


@dataclass(frozen=True)
class Found:
    """What looking for one family of sensors gave: the sensors, or why not and the fix."""

    family: str
    sensors: Sequence[Sensor] = ()
    missing: str | None = None
    fix: str | None = None
