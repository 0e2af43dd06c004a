"""A total that a lost sensor leaves unknown: which sensor it was, and what the others tell.

A part of the machine that was not measured makes the sum unknown, and not smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattmark.energy.total import parts_of, total
from wattmark.schema import Doubt, EnergyReading
from wattmark.units import engineering

INCOMPLETE = "total-incomplete"


def incomplete(readings: Sequence[EnergyReading]) -> Iterator[Doubt]:
    """A doubt where some of the sensors that count have no figure for a span, and some have.

    `readings` are those of one span by all sensors.
    """
    parts = parts_of(readings)
    lost = [part for part in parts if part.gross_j is None]
    kept = [part for part in parts if part.gross_j is not None]
    if not lost or not kept:
        return
    rest = total(kept)
    figure = engineering(rest.gross_j, "J")
    if rest.low_j is not None and rest.high_j is not None:
        figure += f" ({engineering(rest.low_j, 'J')} to {engineering(rest.high_j, 'J')})"
    names = ", ".join(f"{part.sensor} ({part.component} {part.device})" for part in lost)
    yield Doubt(
        INCOMPLETE,
        f"The total is not measured, since {names} has no figure. Without it the total would be "
        f"{figure}, of {', '.join(rest.components)} alone.",
        "The doubts about that sensor say why; leave it out for a total of the others.",
    )
