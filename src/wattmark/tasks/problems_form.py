"""A form of problems, counting through its choices, and how a number is written.

The choices of a form are counted like the digits of a number with mixed bases, so that every
number below the size gives different choices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Form:
    """`size` different problems; `build(number)` is text and value of one, number < size."""

    size: int
    build: Callable[[int], tuple[str, Fraction]]


def form(choices: Sequence[Sequence[T]], tell: Callable[..., tuple[str, Fraction]]) -> Form:
    """The form whose problems are `tell(a, b, …)` for every a, b, … out of `choices`.

    `tell` must give another text for every other choice.
    """
    return Form(prod(map(len, choices)), lambda number: tell(*pick(choices, number)))


def pick(choices: Sequence[Sequence[T]], number: int) -> list[T]:
    """One of each of `choices`, by number: 0 is the first of all of them."""
    picked = []
    for options in choices:
        number, at = divmod(number, len(options))
        picked.append(options[at])
    return picked


def written(value: Fraction, language: str, *, as_fraction: bool = False) -> str:
    """Exactly: '12', '12.5' ('12,5' in pt), or '3/4' where asked for or no decimal ends."""
    if value.denominator == 1:
        return str(value.numerator)
    places = None if as_fraction else decimal_places(value)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    comma = "," if language == "pt" else "."
    return f"{'-' * (value < 0)}{digits[:-places]}{comma}{digits[-places:]}"


def decimal_places(value: Fraction) -> int | None:
    """How many places `value` needs as a decimal; None where it never ends."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
