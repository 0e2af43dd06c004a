"""What is read: one file a sensor family, and the meter that samples them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wattmark.schema import Sample, SensorInfo


class Sensor(Protocol):
    """One thing that can be read. `read` is quick, synchronous and corrects wraps itself.

    A reading that fails comes back as a Sample with `fault` set, never as an exception; the
    next call tries again.
    """

    info: SensorInfo

    def read(self) -> Sample: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Found:
    """What looking for one family of sensors gave: the sensors, or why not and the fix."""

    family: str
    sensors: Sequence[Sensor] = ()
    missing: str | None = None
    fix: str | None = None
