"""Names beside points: never on each other, never on a point, at any width of the page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.report.callouts import LETTER, LINE, WIDTHS, Callout, Point, callouts

HEIGHT = 280.0
POINTS = st.lists(
    st.builds(
        Point,
        x=st.floats(0, 1),
        y=st.floats(0, 1),
        name=st.sampled_from(["", "bf16 · batch 8", "fp32", "a-model · int8 · batch 64"]),
    ),
    max_size=20,
)
Box = tuple[float, float, float, float]


def box(callout: Callout, point: Point, width: float) -> Box:
    length = LETTER * len(point.name)
    anchor = point.x * width + callout.dx
    left = anchor - {"left": 0.0, "center": 0.5, "right": 1.0}[callout.align] * length
    middle = (1 - point.y) * HEIGHT + callout.dy
    return left, left + length, middle - LINE / 2, middle + LINE / 2


@settings(max_examples=40)
@given(POINTS, st.integers(0, 9))
def test_names_are_apart_and_inside(points: list[Point], most: int) -> None:
    placed = callouts(points, HEIGHT, most)
    assert len(placed) <= most
    assert all(points[one.at].name for one in placed)
    for width in WIDTHS:
        boxes = [box(one, points[one.at], width) for one in placed]
        for at, (left, right, top, bottom) in enumerate(boxes):
            assert left >= -1e-9
            assert right <= width + 1e-9
            for other in boxes[:at]:
                overlap = min(right, other[1]) - max(left, other[0])
                assert overlap <= 1e-9 or min(bottom, other[3]) - max(top, other[2]) <= 1e-9
        for one, (left, right, top, bottom) in zip(placed, boxes, strict=True):
            for at, point in enumerate(points):
                x, y = point.x * width, (1 - point.y) * HEIGHT
                assert at == one.at or not (left < x < right and top < y < bottom)


def test_a_point_with_room_is_named() -> None:
    (placed,) = callouts([Point(0.5, 0.5, "fp32"), Point(0.1, 0.1)], HEIGHT, 8)
    assert placed == Callout(0, "left", 9.0, 0.0)


@pytest.mark.parametrize("name", ["x" * 60])
def test_a_name_that_fits_nowhere_is_left_out(name: str) -> None:
    assert callouts([Point(0.5, 0.5, name)], HEIGHT, 8) == []
