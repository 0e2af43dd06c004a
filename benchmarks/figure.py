"""A figure with its target, and how it is said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`value` with the range of its repeats; `most` or `least` is the target.

    Without a value it was not measured: what it needs is not here, and that is no failure.
    """

    name: str
    value: float | None
    unit: str
    low: float | None
    high: float | None
    n: int
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Is the target met? None where nothing was measured."""
        if self.value is None:
            return None
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
    value, low, high = map(_number, (figure.value, figure.low, figure.high))
    spread = f"[{low} … {high}]"
    mark = {True: "met ", False: "MISS", None: "–   "}[figure.met]
    note = f"  {figure.note}" if figure.note else ""
    return (
        f"{mark} {figure.name:<38} {value:>9} {figure.unit:<6} {spread:<22} "
        f"n={figure.n:<4} target {target}{note}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def absent(
    name: str,
    unit: str = "",
    *,
    most: float | None = None,
    least: float | None = None,
    note: str = "not measured here",
) -> Figure:
    """A figure whose measurement cannot be had here."""
    return Figure(name, None, unit, None, None, 0, most, least, note)


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
