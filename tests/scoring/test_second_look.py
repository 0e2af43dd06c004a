"""An answer whose last number is said by the way, and what is no such answer."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from wattmark.scoring.numeric import numeric_score
from wattmark.scoring.second_look import WEIGHTS

TOOL = Path(__file__).parents[2] / "tools" / "fit_second_look.py"
AGES = "A couple's children are 12, 9 and 6 years old. What is their mean age?"


@pytest.mark.parametrize(
    "answer",
    [
        "(12 + 9 + 6)/3 = 27/3 = 9. Curiously, the eldest is 12.",
        "(12 + 9 + 6)/3 = 9 years. With another child of 3 it would be 7.5.",
        "The mean age is 9 years, and about 40 years for the parents.",
    ],
)
def test_what_is_said_by_the_way_is_no_answer(answer: str) -> None:
    assert numeric_score("9", answer, "en", AGES).correct


@pytest.mark.parametrize(
    "answer",
    [
        "(12 + 9 + 6)/3 = 9, so with the parents it comes to 21.",
        "(12 + 9 + 6)/3 = 9, but the mean is 10.",
        "9? No: 12 + 9 + 6 = 30, and 30/3 = 10.",
        "The sum is 27 and the mean is 27/3 = 8.",
    ],
)
def test_what_is_concluded_later_counts(answer: str) -> None:
    assert not numeric_score("9", answer, "en", AGES).correct


def test_a_value_that_is_written_otherwise_then_is_wrong() -> None:
    share = "6 of 50 students were absent. What percentage is that?"
    assert not numeric_score("12%", "6/50 = 0.12, so 0.12% were absent.", "en", share).correct
    root = "What is the square root of 2, to two decimals?"
    assert not numeric_score("1.41", "1.41421356..., which rounds to 1.42", "en", root).correct
    assert not numeric_score("4", "5x = 20\nx = 20/5\nx = 5", "en", "Solve 5x - 3 = 17.").correct


def test_of_two_that_are_left_standing_neither_counts() -> None:
    assert not numeric_score("85", "It is either 84 or 85.").correct


def test_it_says_so() -> None:
    said = numeric_score("9", "27/3 = 9. Curiously, the eldest is 12.", "en", AGES)
    assert (said.extracted, said.why) == ("9", "read 9, stated before a remark")


def test_the_weights_are_those_of_the_readings() -> None:
    assert runpy.run_path(str(TOOL))["weights"]() == WEIGHTS, f"run: python {TOOL.name} --write"
