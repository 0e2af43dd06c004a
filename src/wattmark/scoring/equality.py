"""Whether two numbers are one: by value, unit, per cent, and as roundings of what is endless."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from wattmark.scoring.numerals import Number, Reading
from wattmark.scoring.units import Unit, in_units_of

LEAST_PLACES = 2
"""Decimals that a rounding must show: 0.3 is not a third."""
FLOAT_PLACES = 6
"""Decimals from which on a gold may be the float of a fraction."""
ENDLESS_PLACES = 7
"""Decimals from which on a gold is taken for the float of a number without end, as √2 is."""
FLOAT_DIGITS = 10
"""Digits from which on a decimal may be a float with its error in the last ones."""


def equal(gold: Number, said: Number) -> bool:
    """Is what was said the gold, in any reading of both?"""
    if gold.unit is said.unit and gold.percent == said.percent and gold.value is not None:
        plain = gold.value == said.value
    else:
        plain = False
    return (
        plain
        or any(_same(one, other) for one, other in _pairs(gold, said))
        or (said.endless and _cut(gold, said))
    )


def _cut(gold: Number, said: Number) -> bool:
    """0.666… for 2/3: decimals that go on, cut off where the dots stand."""
    for shown, places in said.readings:
        for exact, digits in gold.readings:
            rest = abs(_exact(exact, digits)) - abs(shown)
            if places and not ends(_exact(exact, digits)) and 0 <= rest * 10**places < 1:
                return True
    return False


def _pairs(gold: Number, said: Number) -> Iterable[tuple[Reading, Reading]]:
    """Readings to compare, after units and per cent are made alike."""
    for one, one_places in gold.readings:
        for other, other_places in said.readings:
            if gold.also is not None and _elsewhere(said, gold.also):
                continue
            bare = said.also is not None and gold.unit is None and gold.percent == said.percent
            if bare:
                yield (one, one_places), (_in(other, said.unit, said.also), None)
            converted = in_units_of(other, said.unit, gold.unit)
            if converted is None:
                continue
            pair = (one, one_places), (converted, other_places)
            if gold.percent == said.percent:
                yield pair
            elif gold.percent:
                yield pair
                yield (one / 100, _shifted(one_places, 2)), pair[1]
            else:
                yield (one, one_places), (converted / 100, _shifted(other_places, 2))
                if abs(one) >= 1:
                    yield pair


def _elsewhere(said: Number, asked: Unit) -> bool:
    """Is it in hours where minutes are asked for, in cm where feet are? Metres may be for km."""
    if said.unit is None or asked in (said.unit, said.also):
        return False
    size = said.unit.size / asked.size
    tens = size if size >= 1 else 1 / size
    power = tens.denominator == 1 and str(tens.numerator).rstrip("0") == "1"
    return asked.kind == "time" or said.unit.kind != asked.kind or not power


def _in(value: Fraction, unit: Unit | None, other: Unit | None) -> Fraction:
    converted = in_units_of(value, unit, other)
    return value if converted is None else converted


def _shifted(places: int | None, by: int) -> int | None:
    return None if places is None else places + by


def _same(one: Reading, other: Reading) -> bool:
    (gold, gold_places), (said, said_places) = one, other
    if gold == said:
        return True
    return (
        _is_cut_short(gold, gold_places, said, said_places)
        or _rounds_to(_exact(gold, gold_places), said, said_places)
        or _rounds_to(_exact(said, said_places), gold, gold_places)
        or _float_noise(gold, said)
    )


def _is_cut_short(
    gold: Fraction, gold_places: int | None, said: Fraction, places: int | None
) -> bool:
    """1.414 for 1.4142135: is it the rounding, to three digits or more, of a long decimal?

    Or has it more of its digits, 3.141592654 for 3.14159265?
    """
    if (gold_places or 0) < ENDLESS_PLACES or places is None or places < LEAST_PLACES:
        return False
    if places > (gold_places or 0):
        return abs(gold - said) < Fraction(1, 10 ** (gold_places or 0))
    digits = abs(said) * 10**places >= 100
    return digits and abs(gold - said) <= Fraction(1, 2 * 10**places)


def _exact(value: Fraction, places: int | None) -> Fraction:
    """The fraction that a long decimal stands for; itself otherwise."""
    if places is None or places < FLOAT_PLACES:
        return value
    near = value.limit_denominator(99)
    return near if abs(near - value) * 10**places <= 1 else value


def _rounds_to(exact: Fraction, shown: Fraction, places: int | None) -> bool:
    """Is `shown` an endless decimal, rounded to the places that are shown?"""
    if places is None or places < LEAST_PLACES or ends(exact):
        return False
    return abs(exact - shown) <= Fraction(1, 2 * 10**places)


def ends(value: Fraction) -> bool:
    """Have its decimals an end?"""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _float_noise(gold: Fraction, said: Fraction) -> bool:
    """0.30000000000000004 and 0.3: one of them is a float, and they agree to ten digits."""
    if gold.denominator == 1 and said.denominator == 1:
        return False
    long = max(len(str(gold.denominator)), len(str(said.denominator))) >= FLOAT_DIGITS
    return long and abs(gold - said) * 10**10 <= abs(gold)
