"""One sensor's readings as arrays: ordered by time, failed and impossible readings set apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattmark.schema import Sample, SensorInfo
from wattmark.units import s_to_ns


@dataclass(frozen=True)
class Series:
    """One sensor's samples, sorted by time; `energy_j` and `power_w` are nan where not given.

    All arrays have shape (n,). `faults` holds the readings that failed, were not finite or
    told a negative power: they are named in a doubt and enter no figure. Of those, `lost_ns` are
    the stamps at which a counter turned out to have lost joules.
    """

    info: SensorInfo
    time_ns: NDArray[np.int64]
    energy_j: NDArray[np.float64]
    power_w: NDArray[np.float64]
    faults: tuple[Sample, ...] = ()

    @property
    def lost_ns(self) -> NDArray[np.int64]:
        """Stamps of the readings that found joules lost, sorted."""
        return np.array([s.time_ns for s in self.faults if s.lost], dtype=np.int64)

    @classmethod
    def from_samples(cls, info: SensorInfo, samples: Iterable[Sample]) -> Series:
        """The samples of the sensor `info.name`, in any order; those of others are left out.

        A sample that has neither energy nor power (gauges only) is left out too. A known lag of
        the sensor is taken off the stamps.
        """
        good: list[Sample] = []
        faults: list[Sample] = []
        for sample in samples:
            if sample.sensor != info.name:
                continue
            reason = fault_of(sample)
            if reason is not None:
                faults.append(replace(sample, energy_j=None, power_w=None, fault=reason))
            elif sample.energy_j is not None or sample.power_w is not None:
                good.append(sample)
        return cls.from_columns(
            info,
            np.array([s.time_ns for s in good], dtype=np.int64),
            np.array([_or_nan(s.energy_j) for s in good], dtype=np.float64),
            np.array([_or_nan(s.power_w) for s in good], dtype=np.float64),
            faults,
        )

    @classmethod
    def from_columns(
        cls,
        info: SensorInfo,
        time_ns: NDArray[np.int64],
        energy_j: NDArray[np.float64],
        power_w: NDArray[np.float64],
        faults: Iterable[Sample] = (),
    ) -> Series:
        """Readings of one sensor as arrays of shape (n,), in any order; nan is not given.

        `faults` are the readings that failed. Infinite figures and negative powers join them. A
        known lag of the sensor is taken off the stamps.
        """
        late_ns = s_to_ns(info.lag_s or 0.0)
        bad = np.isinf(energy_j) | np.isinf(power_w) | (power_w < 0)
        failed = list(faults)
        for row in np.flatnonzero(bad):
            energy, power = (_or_none(float(a[row])) for a in (energy_j, power_w))
            sample = Sample(info.name, int(time_ns[row]), energy, power)
            failed.append(replace(sample, energy_j=None, power_w=None, fault=fault_of(sample)))
        time_ns, energy_j, power_w = time_ns[~bad] - late_ns, energy_j[~bad], power_w[~bad]
        # Readings with the same stamp are ordered by value, so that the order in which the
        # samples came cannot matter.
        order = np.lexsort((power_w, energy_j, time_ns))
        failed = [replace(sample, time_ns=sample.time_ns - late_ns) for sample in failed]
        failed.sort(key=lambda sample: sample.time_ns)
        return cls(info, time_ns[order], energy_j[order], power_w[order], tuple(failed))


def _or_nan(figure: float | None) -> float:
    return math.nan if figure is None else figure


def _or_none(figure: float) -> float | None:
    return None if math.isnan(figure) else figure


def fault_of(sample: Sample) -> str | None:
    """Why a reading cannot be used, or None."""
    if sample.fault is not None:
        return sample.fault
    for figure in (sample.energy_j, sample.power_w):
        if figure is not None and not math.isfinite(figure):
            return f"the reading is not a finite number ({figure})"
    if sample.power_w is not None and sample.power_w < 0:
        return f"the power is negative ({sample.power_w:g} W)"
    return None
