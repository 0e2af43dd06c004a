"""The sum of one span's joules over the parts of a machine that do not overlap.

cpu, dram and gpu are parts of a machine and add up; soc, board and wall contain them and are
never summed with them: each stands in only where no finer part was measured. A wall meter's
figure thus stays apart from RAPL's, to compare with, and takes the place of a model's. Of
several sensors on one device the best measured one counts, and a modelled figure gives way to
a measured one of the same component.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattmark.schema import EnergyReading

# Each tuple's components may be summed; the first tuple with any reading is used.
BOUNDARIES = (("cpu", "dram", "gpu"), ("soc",), ("board",), ("wall",))
PREFERENCE = ("regressed", "counter", "integrated", "modelled")


@dataclass(frozen=True)
class Total:
    """Joules of one span over components; None where any of the parts was not measured.

    `provenance` is 'measured', 'estimated', 'mixed' (both kinds were summed) or None for no
    reading. `gain_uncertainty` is relative and systematic, outside the interval.
    """

    gross_j: float | None = None
    low_j: float | None = None
    high_j: float | None = None
    net_j: float | None = None
    net_low_j: float | None = None
    net_high_j: float | None = None
    provenance: str | None = None
    gain_uncertainty: float = 0.0
    components: tuple[str, ...] = ()
    """What was summed: cpu, dram, gpu; or soc, board or wall alone."""
    missing: tuple[str, ...] = ()
    """Sensors that should have been summed and have no figure."""


def total(readings: Iterable[EnergyReading]) -> Total:
    """Sum the readings of one span (of one name, or of one batch) over its parts.

    Intervals of independent sensors add in quadrature; gains are systematic and add linearly,
    weighted by energy. Raises ValueError for readings of different spans.
    """
    given = list(readings)
    if len({(r.span, r.batch) for r in given}) > 1:
        raise ValueError("total() sums the sensors of one span: give it readings of one span")
    parts = parts_of(given)
    if not parts:
        return Total()
    kinds = {part.provenance for part in parts}
    provenance = kinds.pop() if len(kinds) == 1 else "mixed"
    components = tuple(dict.fromkeys(part.component for part in parts))
    missing = tuple(part.sensor for part in parts if part.gross_j is None)
    if missing:
        return Total(provenance=provenance, components=components, missing=missing)
    gross, low, high = _sum([(p.gross_j, p.low_j, p.high_j) for p in parts])
    net, net_low, net_high = _sum([(p.net_j, p.net_low_j, p.net_high_j) for p in parts])
    weighted = sum(p.gain_uncertainty * (p.gross_j or 0.0) for p in parts)
    return Total(
        gross_j=gross,
        low_j=None if low is None else max(0.0, low),
        high_j=high,
        net_j=net,
        net_low_j=net_low,
        net_high_j=net_high,
        provenance=provenance,
        gain_uncertainty=weighted / gross if gross else 0.0,
        components=components,
    )


def parts_of(readings: Sequence[EnergyReading]) -> list[EnergyReading]:
    """The readings that may be summed: one a device, of the finest boundary that was read.

    A boundary that is all modelled gives way to a coarser one that was measured.
    """
    found = [[r for r in readings if r.component in boundary] for boundary in BOUNDARIES]
    found = [_one_a_device(inside) for inside in found if inside]
    measured = (each for each in found if any(r.provenance != "estimated" for r in each))
    return next(measured, found[0] if found else [])


def _one_a_device(readings: Sequence[EnergyReading]) -> list[EnergyReading]:
    measured = {
        r.component for r in readings if r.provenance != "estimated" and r.gross_j is not None
    }
    best: dict[tuple[str, str], EnergyReading] = {}
    for reading in readings:
        if reading.provenance == "estimated" and reading.component in measured:
            continue
        place = (reading.component, reading.device)
        if place not in best or _rank(reading) < _rank(best[place]):
            best[place] = reading
    return list(best.values())


def _rank(reading: EnergyReading) -> tuple[bool, int]:
    known = reading.method in PREFERENCE
    return (
        reading.gross_j is None,
        PREFERENCE.index(reading.method) if known else len(PREFERENCE),
    )


def _sum(
    figures: Sequence[tuple[float | None, float | None, float | None]],
) -> tuple[float | None, float | None, float | None]:
    """Sum of values, with the half-widths on either side in quadrature; None if one is None."""
    values, below, above = [], [], []
    for value, low, high in figures:
        if value is None or low is None or high is None:
            return None, None, None
        values.append(value)
        below.append(value - low)
        above.append(high - value)
    middle = math.fsum(values)
    return middle, middle - math.hypot(*below), middle + math.hypot(*above)
