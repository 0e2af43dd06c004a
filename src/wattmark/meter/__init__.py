"""What is read: one file a sensor family, and the meter that samples them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

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


@runtime_checkable
class Deferring(Protocol):
    """A sensor that can be read now and understood later: that is what sampling costs least by.

    Between two readings a processor's caches go cold, and each step then takes ten times what it
    takes in a row. At a deadline only `grab` is called; `told` makes samples of what was grabbed
    about once a second, and before anybody asks.
    """

    info: SensorInfo

    def grab(self) -> object:
        """What stands there, with its stamps. It may raise: `read` is then called, and says why."""

    def told(self, grabbed: Any) -> Sample:
        """The sample of what `grab` gave. Called once for each, in their order, as `read` is."""


@dataclass(frozen=True)
class Found:
    """What looking for one family of sensors gave: the sensors, or why not and the fix."""

    family: str
    sensors: Sequence[Sensor] = ()
    missing: str | None = None
    fix: str | None = None
