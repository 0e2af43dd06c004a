"""One sensor's samples as columns: a day of ten readings a second in some twenty megabytes.

A Sample is an object of some 200 bytes; its figures are 17 in columns: a stamp, a byte that
says which figures were given, and those figures one after another, each in a column of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.series import Series, fault_of
from wattmark.schema import Sample, SensorInfo

# Which figures a sample has, as bits of its byte.
_ENERGY, _POWER, _TEMPERATURE, _MEMORY, _CLOCK, _UTILIZATION, _THROTTLE, _FAULT = (
    1 << k for k in range(8)
)


class KeptSamples:
    """The samples of one sensor in the order of reading. Not locked: its owner sees to that."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._times_ns = array("q")
        self._given = array("B")
        self._energy_j, self._power_w = array("d"), array("d")
        self._temperature_c, self._clock_hz, self._utilization = array("d"), array("d"), array("d")
        self._memory_bytes = array("q")
        self._throttle: list[str] = []
        self._fault: list[str] = []
        # The same few texts come again and again.
        self._texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._times_ns)

    def add(self, sample: Sample) -> None:
        """Keep a sample. One whose figures are no numbers is kept as a fault."""
        given = 0
        try:
            if sample.energy_j is not None:
                self._energy_j.append(sample.energy_j)
                given = _ENERGY
            if sample.power_w is not None:
                self._power_w.append(sample.power_w)
                given |= _POWER
            if sample.temperature_c is not None:
                self._temperature_c.append(sample.temperature_c)
                given |= _TEMPERATURE
            if sample.memory_bytes is not None:
                self._memory_bytes.append(sample.memory_bytes)
                given |= _MEMORY
            if sample.clock_hz is not None:
                self._clock_hz.append(sample.clock_hz)
                given |= _CLOCK
            if sample.utilization is not None:
                self._utilization.append(sample.utilization)
                given |= _UTILIZATION
            if sample.throttle is not None:
                self._throttle.append(self._texts.setdefault(sample.throttle, sample.throttle))
                given |= _THROTTLE
            fault = sample.fault
        except (TypeError, OverflowError) as reason:
            fault = f"the sensor broke its promise: {reason}"
        if fault is not None:
            self._fault.append(self._texts.setdefault(fault, fault))
            given |= _FAULT
        self._times_ns.append(sample.time_ns)
        self._given.append(given)

    def samples(self) -> Iterator[Sample]:
        """The samples, one after another, as they were given."""
        energy_j, power_w = iter(self._energy_j), iter(self._power_w)
        temperature_c, memory_bytes = iter(self._temperature_c), iter(self._memory_bytes)
        clock_hz, utilization = iter(self._clock_hz), iter(self._utilization)
        throttle, fault = iter(self._throttle), iter(self._fault)
        for time_ns, given in zip(self._times_ns, self._given, strict=True):
            yield Sample(
                self.name,
                time_ns,
                next(energy_j) if given & _ENERGY else None,
                next(power_w) if given & _POWER else None,
                next(temperature_c) if given & _TEMPERATURE else None,
                next(memory_bytes) if given & _MEMORY else None,
                next(clock_hz) if given & _CLOCK else None,
                next(utilization) if given & _UTILIZATION else None,
                next(throttle) if given & _THROTTLE else None,
                next(fault) if given & _FAULT else None,
            )

    def series(self, info: SensorInfo) -> Series:
        """The same as arrays for the joining, without an object a sample."""
        time_ns = np.array(self._times_ns, dtype=np.int64)
        given = np.array(self._given, dtype=np.uint8)
        has_energy, has_power = given & _ENERGY > 0, given & _POWER > 0
        energy_j, power_w = _spread(has_energy, self._energy_j), _spread(has_power, self._power_w)
        bad = (given & _FAULT > 0) | has_energy & np.isnan(energy_j)
        bad |= has_power & np.isnan(power_w)
        faults = [
            replace(sample, energy_j=None, power_w=None, fault=fault_of(sample))
            for sample, is_bad in zip(self.samples(), bad if bad.any() else (), strict=False)
            if is_bad
        ]
        told = (has_energy | has_power) & ~bad
        return Series.from_columns(info, time_ns[told], energy_j[told], power_w[told], faults)


def _spread(given: NDArray[np.bool_], column: array[float]) -> NDArray[np.float64]:
    values = np.full(given.shape, np.nan)
    values[given] = column
    return values
