"""A figure with its target, and how it is said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`value` with the range of its repeats; `most` or `least` is the target."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    n: int
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """Is the target met?"""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def plain(self) -> dict[str, Any]:
        """As plain values, for the file of results."""
        return asdict(self) | {"met": self.met}


def line(figure: Figure) -> str:
    """One line for people: name, value, quartiles, repeats, target."""
    target = (
        f"≤ {figure.most:g}"
        if figure.most is not None
        else f"≥ {figure.least:g}"
        if figure.least is not None
        else "–"
    )
    spread = f"[{figure.low:.4g} … {figure.high:.4g}]"
    mark = "met " if figure.met else "MISS"
    note = f"  {figure.note}" if figure.note else ""
    return (
        f"{mark} {figure.name:<38} {figure.value:>9.4g} {figure.unit:<6} {spread:<22} "
        f"n={figure.n:<4} target {target}{note}"
    )


def summary(
    name: str,
    values: list[float],
    unit: str,
    *,
    most: float | None = None,
    least: float | None = None,
    note: str = "",
) -> Figure:
    """Median and quartiles of repeats."""
    ordered = sorted(values)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])

    return Figure(name, at(0.5), unit, at(0.25), at(0.75), len(ordered), most, least, note)
