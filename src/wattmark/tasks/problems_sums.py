"""Problems written as expressions: the four operations, percentages, fractions, two steps.

The level is the number of digits of every operand (1 to 6), except where a function says
otherwise. Signs are ASCII (+ - * /): the notation of the shipped problems, which every tokenizer
knows. Values are fractions, so that the gold is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd

from wattmark.tasks.problems_form import Form, form, written

_DIVISORS = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 8}
"""By level: quotients of a division may end in halves, quarters or eighths."""
_PERCENTS: dict[int, tuple[Fraction, ...]] = {
    1: tuple(map(Fraction, (10, 20, 25, 50, 75))),
    2: tuple(map(Fraction, range(5, 100, 5))),
    3: tuple(map(Fraction, range(1, 100))),
    4: tuple(map(Fraction, range(1, 100))),
    5: tuple(Fraction(half, 2) for half in range(1, 200)),
    6: tuple(Fraction(half, 2) for half in range(1, 200)),
}
_DENOMINATORS = {1: 5, 2: 9, 3: 12, 4: 20, 5: 50, 6: 99}
_CHANGES = {
    "en": ("{p}% of {n}", "{n} increased by {p}%", "{n} decreased by {p}%"),
    "pt": ("{p}% de {n}", "{n} com aumento de {p}%", "{n} com desconto de {p}%"),
}


def numbers(level: int) -> range:
    """All numbers of `level` digits, without 0."""
    return range(10 ** (level - 1), 10**level)


def addition(level: int, language: str) -> tuple[Form, ...]:
    """27 + 58."""
    pairs = (numbers(level), numbers(level))
    return (form(pairs, lambda a, b: (f"{a} + {b}", Fraction(a + b))),)


def subtraction(level: int, language: str) -> tuple[Form, ...]:
    """27 - 58: the result may be negative."""
    pairs = (numbers(level), numbers(level))
    return (form(pairs, lambda a, b: (f"{a} - {b}", Fraction(a - b))),)


def multiplication(level: int, language: str) -> tuple[Form, ...]:
    """27 * 58."""
    pairs = (numbers(level), numbers(level))
    return (form(pairs, lambda a, b: (f"{a} * {b}", Fraction(a * b))),)


def division(level: int, language: str) -> tuple[Form, ...]:
    """754 / 26: divisor and quotient have `level` digits; from level 2 on it may be a decimal."""
    divisors = range(max(2, numbers(level)[0]), numbers(level).stop)
    forms = [form((divisors, numbers(level)), lambda b, q: _quotient(q * b, b))]
    parts = _DIVISORS[level]
    for part in range(1, parts):
        # b is a multiple of the parts, so that b × (q + part/parts) is whole.
        multiples = range(-(-divisors.start // parts) * parts, divisors.stop, parts)
        forms.append(
            form(
                (multiples, numbers(level)),
                lambda b, q, part=part: _quotient(q * b + b * part // parts, b),
            )
        )
    whole, *broken = forms
    return (whole, _joined(broken)) if broken else (whole,)


def _quotient(dividend: int, divisor: int) -> tuple[str, Fraction]:
    return f"{dividend} / {divisor}", Fraction(dividend, divisor)


def percentage(level: int, language: str) -> tuple[Form, ...]:
    """15% of 240, and 240 after a change by it; the base has one digit more than the level."""

    def of(p: Fraction, n: int) -> Fraction:
        return p * n / 100

    of_it, more, less = _CHANGES[language]
    choices = (_PERCENTS[level], numbers(level + 1))

    def told(pattern: str, p: Fraction, n: int) -> str:
        return pattern.format(p=written(p, language), n=n)

    return (
        form(choices, lambda p, n: (told(of_it, p, n), of(p, n))),
        form(choices, lambda p, n: (told(more, p, n), n + of(p, n))),
        form(choices, lambda p, n: (told(less, p, n), n - of(p, n))),
    )


def fraction(level: int, language: str) -> tuple[Form, ...]:
    """3/4 + 1/6, two proper fractions in lowest terms; the level bounds the larger denominator."""
    easier = _proper(2, _DENOMINATORS.get(level - 1, 1))
    new = _proper(_DENOMINATORS.get(level - 1, 1) + 1, _DENOMINATORS[level])

    def with_new(tell: Callable[[Fraction, Fraction], tuple[str, Fraction]]) -> Form:
        # Of two fractions of a lower level the problem would be one of that level.
        return _joined([form((new, easier + new), tell), form((easier, new), tell)])

    return (
        with_new(lambda a, b: (f"{a} + {b}", a + b)),
        with_new(lambda a, b: (f"{a} - {b}", a - b)),
        with_new(lambda a, b: (f"({a}) * ({b})", a * b)),
        with_new(lambda a, b: (f"({a}) / ({b})", a / b)),
    )


def _proper(low: int, high: int) -> list[Fraction]:
    """All fractions between 0 and 1 whose denominator in lowest terms is in low … high."""
    bottoms = range(max(2, low), high + 1)
    return [Fraction(top, b) for b in bottoms for top in range(1, b) if gcd(top, b) == 1]


def two_step(level: int, language: str) -> tuple[Form, ...]:
    """(12 + 7) * 31: two operations and a bracket; a divisor has one digit and divides evenly."""
    triples = (numbers(level),) * 3
    return (
        form(triples, lambda a, b, c: (f"({a} + {b}) * {c}", Fraction((a + b) * c))),
        form(triples, lambda a, b, c: (f"({a} - {b}) * {c}", Fraction((a - b) * c))),
        form(triples, lambda a, b, c: (f"{a} * ({b} + {c})", Fraction(a * (b + c)))),
        form(triples, lambda a, b, c: (f"{a} - ({b} + {c})", Fraction(a - (b + c)))),
        form(triples, lambda a, b, c: (f"{a} - ({b} - {c})", Fraction(a - (b - c)))),
        _joined([_evenly(level, c, 1) for c in range(2, 10)]),
        _joined([_evenly(level, c, -1) for c in range(2, 10)]),
    )


def _evenly(level: int, divisor: int, sign: int) -> Form:
    """(a ± b) / divisor, without a rest: b is a number of its level that leaves none."""
    every = numbers(level)

    def tell(a: int, times: int) -> tuple[str, Fraction]:
        rest = (-sign * a - every.start) % divisor
        b = every.start + rest + divisor * times
        shown = f"({a} {'+' if sign > 0 else '-'} {b}) / {divisor}"
        return shown, Fraction(a + sign * b, divisor)

    return form((every, range(len(every) // divisor)), tell)


def _joined(forms: list[Form]) -> Form:
    """One form that counts through several, one after the other."""

    def build(number: int) -> tuple[str, Fraction]:
        for part in forms:
            if number < part.size:
                return part.build(number)
            number -= part.size
        raise IndexError(number)

    return Form(sum(part.size for part in forms), build)
