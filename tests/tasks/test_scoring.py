from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.tasks.scoring import (
    last_number,
    normalise,
    numeric_score,
    parse_number,
    phrase_score,
    shorten,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("85", "85"),
        ("(58) 85", "85"),
        (" = -31", "-31"),
        ("(-13) -31", "-31"),
        ("24 60 132", "132"),
        ("1,234", "1,234"),
        ("12,345,678.9", "12,345,678.9"),
        ("1,2345", "2345"),
        ("85.", "85"),
        ("It is 85.", "85"),
        ("...85", "85"),
        ("85.0", "85.0"),
        ("−31", "-31"),
        ("–31", "-31"),
        ("850", "850"),
        ("12-5", "5"),
        ("58+27=85", "85"),
        ("$85", "85"),
        ("85 km", "85"),
        ("85km", "85"),
        (".5", ".5"),
        ("1e3", "1e3"),
        ("<b>85</b>", "85"),
        ("1.2.3", "1.2"),
        ("x2", None),
        ("LABEL_0", None),
        ("v1.2", None),
        ("eighty-five", None),
        ("", None),
    ],
)
def test_the_last_number(text: str, number: str | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("85", "85"),
        (" 1,234 ", "1234"),
        ("−31", "-31"),
        ("+4", "4"),
        ("85.0", "85"),
        ("1e3", "1000"),
        ("٨٥", "85"),
    ],
)
def test_a_number_alone(text: str, value: str) -> None:
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "85 86", "nan", "inf", "1,23", "85.", "0x1f", "x"])
def test_not_a_number_alone(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["85", "(58) 85", "85.0", "= 85.", "084 then 85"])
def test_right_by_value(text: str) -> None:
    score = numeric_score("85", text)
    assert (score.correct, score.value) == (True, 1.0)


@pytest.mark.parametrize("text", ["850", "185", "8.5", "-85", "85 no, 86", "8 5", "", "85e1"])
def test_wrong_by_value(text: str) -> None:
    score = numeric_score("85", text)
    assert (score.correct, score.value) == (False, 0.0)
    assert score.why


@given(st.integers(-(10**12), 10**12), st.text(alphabet="abc :=()\n", max_size=20))
def test_a_stated_integer_is_read_back(number: int, before: str) -> None:
    for written in (str(number), f"{number:,}", f"{number}.0"):
        assert numeric_score(str(number), f"{before} {written}").correct


@given(st.text())
def test_what_is_read_is_a_number(text: str) -> None:
    found = last_number(text)
    assert found is None or parse_number(found) is not None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_decimals_are_exact(number: Decimal) -> None:
    text = f"{number:f}"
    assert parse_number(text) == number


def test_phrases() -> None:
    assert normalise("  Paris,\n France. ") == "paris, france"
    assert phrase_score("Paris", " paris.").correct
    assert phrase_score("ﬁne", "FINE").correct
    assert phrase_score("Straße", "STRASSE").correct
    assert not phrase_score("Paris", "Paris, Texas").correct
    assert not phrase_score("Paris", "").correct
    assert phrase_score("Paris", "").extracted is None


def test_shortened() -> None:
    assert shorten("a" * 80) == "a" * 80
    assert shorten("a" * 81) == "a" * 79 + "…"
