"""Where the names of points go, so that they cover neither each other nor a point.

A chart is as wide as its page, which nobody knows beforehand: a place counts as free only if it
is so on a phone, on a tablet and on a wide screen. A name without a free place is left out; its
point still has its tooltip and its row in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

WIDTHS = (230.0, 460.0, 1050.0)
"""Pixels of the plot itself, without its axes."""
Align = Literal["left", "right", "center"]
LETTER, LINE, DOT = 6.2, 14.0, 7.0
_SIDES: tuple[tuple[Align, float, float], ...] = (
    ("left", 9.0, 0.0),
    ("left", 9.0, -11.0),
    ("left", 9.0, 11.0),
    ("right", -9.0, 0.0),
    ("right", -9.0, -11.0),
    ("right", -9.0, 11.0),
    ("center", 0.0, -15.0),
    ("center", 0.0, 15.0),
)


class Point(NamedTuple):
    """A point at shares of the plot's width (from the left) and height (from the bottom)."""

    x: float
    y: float
    name: str = ""


class Callout(NamedTuple):
    """Where the name of point `at` stands: text alignment and pixels from the point."""

    at: int
    align: Align
    dx: float
    dy: float


Box = tuple[float, float, float, float]


def callouts(points: Sequence[Point], height: float, most: int) -> list[Callout]:
    """A place for each point that has a name, of at most `most`, in the order given."""
    placed: list[Callout] = []
    for at, point in enumerate(points):
        if not point.name or len(placed) == most:
            continue
        for align, dx, dy in _SIDES:
            wanted = Callout(at, align, dx, dy)
            if all(_free(wanted, placed, points, width, height) for width in WIDTHS):
                placed.append(wanted)
                break
    return placed


def _free(
    wanted: Callout, placed: Sequence[Callout], points: Sequence[Point], width: float, height: float
) -> bool:
    """Whether a name lies inside the plot, and on no other name or point, at this width."""
    box = _box(wanted, points, width, height)
    if box[0] < 0 or box[1] > width or box[2] < -4 or box[3] > height + 4:
        return False
    if any(_touch(box, _box(other, points, width, height)) for other in placed):
        return False
    dots = (
        (x - DOT, x + DOT, y - DOT, y + DOT)
        for at, point in enumerate(points)
        if at != wanted.at
        for x, y in [(point.x * width, (1 - point.y) * height)]
    )
    return not any(_touch(box, dot) for dot in dots)


def _box(callout: Callout, points: Sequence[Point], width: float, height: float) -> Box:
    """Left, right, top and bottom of a name, in pixels."""
    point = points[callout.at]
    length = LETTER * len(point.name)
    x, y = point.x * width + callout.dx, (1 - point.y) * height + callout.dy
    left = {"left": x, "right": x - length, "center": x - length / 2}[callout.align]
    return left, left + length, y - LINE / 2, y + LINE / 2


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
