"""Figures for people, and conversions that must not drift."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark import units


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "J", "–"),
        (0, "J", "0 J"),
        (0.00213, "J", "2.13 mJ"),
        (1e-7, "g", "100 ng"),
        (0.9999, "J", "1.00 J"),
        (0.99999, "J", "1.00 J"),
        (99.96, "W", "100 W"),
        (999.96, "W", "1.00 kW"),
        (-0.0421, "J", "-42.1 mJ"),
        (52_000.0, "J", "52.0 kJ"),
    ],
)
def test_engineering(value: float | None, unit: str, shown: str) -> None:
    assert units.engineering(value, unit) == shown


@given(st.floats(1e-8, 1e11))
def test_engineering_keeps_the_value_to_three_digits(value: float) -> None:
    number, _, prefix = units.engineering(value, "").partition(" ")
    factor = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1, "m": 1e-3, "µ": 1e-6, "n": 1e-9}[prefix]
    assert float(number) * factor == pytest.approx(value, rel=6e-3)


def test_one_kilowatt_hour_on_a_grid_of_380_g_is_380_g() -> None:
    assert units.grams_co2e(3.6e6, 380.0) == pytest.approx(380.0)


@pytest.mark.parametrize(
    ("text", "size"), [("20GiB", 20 * 1024**3), ("512 MB", 512_000_000), ("7", 7), ("1.5k", 1500)]
)
def test_parse_bytes(text: str, size: int) -> None:
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-3MB", "1e9", "12 apples"])
def test_parse_bytes_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        units.parse_bytes(text)


@given(st.integers(0, 2**62))
def test_seconds_and_nanoseconds_are_the_same_time(nanoseconds: int) -> None:
    assert units.s_to_ns(units.ns_to_s(nanoseconds)) == pytest.approx(nanoseconds, rel=1e-9)
