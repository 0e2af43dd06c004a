"""Word problems: plots that hold for every language, and the words that each tells them with.

Levels 1 and 2 take one step, 3 and 4 two, 5 and 6 three, the even ones with larger numbers. A
plot chooses numbers and computes what is told and the gold from them, so that nothing is ever
divided with a rest or falls below zero. Every number told beside a noun is 2 or more: plurals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any

from wattmark.tasks import problems_en, problems_pt
from wattmark.tasks.problems_form import Form, form

_WORDS: dict[str, ModuleType] = {"en": problems_en, "pt": problems_pt}

FEW, SOME, MANY = range(2, 10), range(11, 60), range(20, 100)
_PARTS = {part: Fraction(1, part) for part in range(2, 6)}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of the language's currency, told with its sign."""

    amount: Fraction


@dataclass(frozen=True, slots=True)
class Part:
    """One of `of` equal parts, told in words: a third."""

    of: int


Shown = dict[str, int | Money | Part]
Told = tuple[Shown, Fraction | int]


@dataclass(frozen=True, slots=True)
class Plot:
    """What happens. `easy` and `hard` are what its numbers are chosen from: never the same ones.

    `tell` gives the numbers told and the gold; `people` (0 to 2) take part, and `thing` is the
    sort of thing that the words choose one of.
    """

    name: str
    easy: tuple[Sequence[int], ...]
    hard: tuple[Sequence[int], ...]
    tell: Callable[..., Told]
    people: int = 1
    thing: str | None = None


def money(amount: Fraction | int) -> Money:
    """An amount to be told as money."""
    return Money(Fraction(amount))


def _change(count: int, half_price: int) -> Told:
    price = Fraction(half_price, 2)
    cost = price * count
    note = 10 if cost < 50 else 50
    paid = (cost // note + 1) * note
    return {"n": count, "price": money(price), "paid": money(paid)}, paid - cost


def _rows(rows: int, seats: int, others: int, more: int) -> Told:
    told: Shown = {"n": rows, "seats": seats, "others": others, "wider": seats + more}
    return told, rows * seats + others * (seats + more)


def _pool(people: int, each: int, first: int) -> Told:
    return {"a": first, "b": people * each - first, "n": people}, each


def _payments(number: int, each: int, down: int) -> Told:
    price = down + number * each
    return {"price": money(price), "down": money(down), "n": number}, each


def _recipe(people: int, grams: int, more: int) -> Told:
    return {"p": people, "g": people * grams, "q": people + more}, (people + more) * grams


def _discount(count: int, price: int, percent: int) -> Told:
    cost = Fraction(count * price * (100 - percent), 100)
    return {"n": count, "price": money(price), "percent": percent}, cost


def _school(twenties: int, percent: int, walk: int) -> Told:
    pupils = 20 * twenties
    told: Shown = {"pupils": pupils, "percent": percent, "walk": walk}
    return told, Fraction(pupils * (100 - percent), 100) - walk


def _book(part: int, pages: int, days: int, daily: int) -> Told:
    told: Shown = {"pages": part * pages, "part": Part(part), "days": days, "daily": daily}
    return told, (part - 1) * pages - days * daily


def _factory(machines: int, hourly: int, hours: int, faulty: int) -> Told:
    told: Shown = {"n": machines, "hourly": hourly, "hours": hours, "faulty": faulty}
    return told, machines * hourly * hours - faulty


def _tickets(adults: int, children: int, child: int, more: int, fee: int) -> Told:
    told: Shown = {
        "a": adults,
        "c": children,
        "adult": money(child + more),
        "child": money(child),
        "fee": money(fee),
    }
    return told, adults * (child + more) + children * child + fee


def _average(mean: int, less: int, more: int) -> Told:
    return {"x": mean - less, "y": mean + more, "z": mean + less - more}, mean


def _tank(leak: int, net: int, minutes: int) -> Told:
    return {"v": net * minutes, "a": leak + net, "b": leak}, minutes


def _wage(wage: int, hours: int, days: int, rent: int) -> Told:
    told: Shown = {"wage": money(wage), "hours": hours, "days": days, "rent": money(rent)}
    return told, wage * hours * days - rent


ONE_STEP = (
    Plot("give", (FEW, FEW), (SOME, SOME), lambda g, k: ({"had": g + k, "n": g}, k), 2, "kept"),
    Plot("get", (FEW, FEW), (SOME, SOME), lambda h, g: ({"has": h, "n": g}, h + g), 2, "kept"),
    Plot("pack", (FEW, FEW), (SOME, FEW), lambda b, e: ({"boxes": b, "n": e}, b * e), 1, "packed"),
    Plot(
        "share", (FEW, FEW), (range(3, 13), SOME), lambda f, e: ({"n": f * e, "f": f}, e), 1, "kept"
    ),
    Plot("compare", (FEW, FEW), (SOME, SOME), lambda b, d: ({"a": b + d, "b": b}, d), 2, "kept"),
    Plot("before", (FEW, FEW), (SOME, SOME), lambda g, k: ({"n": g, "k": k}, g + k), 2, "kept"),
    Plot(
        "older",
        (range(3, 13), FEW),
        (range(13, 50), range(2, 31)),
        lambda a, d: ({"age": a, "n": d}, a + d),
        2,
    ),
    Plot(
        "price",
        (FEW, FEW),
        (range(3, 16), range(11, 46)),
        lambda n, p: ({"n": n, "price": money(p)}, n * p),
        1,
        "bought",
    ),
)
TWO_STEPS = (
    Plot("change", (FEW, range(4, 20, 2)), (range(10, 25), range(5, 40)), _change, 1, "bought"),
    Plot(
        "damaged",
        (range(3, 10), range(6, 13), FEW),
        (range(12, 31), range(20, 49), SOME),
        lambda b, e, x: ({"boxes": b, "n": e, "bad": x}, b * e - x),
        1,
        "packed",
    ),
    Plot(
        "rows",
        (range(3, 10), range(4, 13), range(2, 7), range(2, 5)),
        (range(11, 26), range(12, 31), range(5, 16), range(2, 10)),
        _rows,
        0,
        "hall",
    ),
    Plot(
        "train",
        (range(3, 13), range(8, 31), range(3, 13)),
        (SOME, range(60, 201), SOME),
        lambda o, s, n: ({"start": o + s, "off": o, "on": n}, s + n),
        0,
        "vehicle",
    ),
    Plot(
        "saving",
        (range(5, 50, 5), FEW, FEW),
        (range(60, 300, 10), SOME, range(6, 25)),
        lambda h, w, k: ({"has": money(h), "weekly": money(w), "weeks": k}, h + w * k),
    ),
    Plot(
        "trip",
        (range(40, 101, 10), range(2, 5), range(5, 31)),
        (range(45, 111, 5), range(3, 10), range(31, 100)),
        lambda v, h, d: ({"speed": v, "hours": h, "more": d}, v * h + d),
    ),
    Plot("pool", (range(3, 7), range(4, 10), FEW), (FEW, MANY, range(12, 36)), _pool, 2, "fruit"),
    Plot(
        "times",
        (FEW, range(2, 6)),
        (SOME, range(3, 10)),
        lambda a, k: ({"n": a, "k": k}, a * (k + 1)),
        2,
        "kept",
    ),
    Plot(
        "payments",
        (range(3, 7), range(20, 61, 5), range(20, 101, 10)),
        (range(7, 13), range(35, 151), range(50, 301, 10)),
        _payments,
        1,
        "large",
    ),
    Plot(
        "recipe",
        (range(2, 5), range(20, 61, 10), FEW),
        (range(5, 13), range(25, 121, 5), range(3, 25)),
        _recipe,
        0,
        "ingredient",
    ),
)
THREE_STEPS = (
    Plot(
        "discount",
        (FEW, range(4, 31), (10, 20, 25, 50)),
        (range(10, 25), range(15, 100), range(5, 65, 5)),
        _discount,
        1,
        "bought",
    ),
    Plot(
        "school",
        (range(5, 16), range(10, 60, 10), range(12, 31)),
        (range(20, 60), range(15, 65, 5), range(35, 100)),
        _school,
        0,
        "school",
    ),
    Plot(
        "book",
        (tuple(_PARTS), range(45, 70), range(2, 5), range(5, 11)),
        (tuple(_PARTS), range(71, 120), range(2, 5), range(11, 18)),
        _book,
    ),
    Plot(
        "factory",
        (range(3, 8), range(20, 61, 10), range(2, 6), range(3, 20)),
        (range(8, 20), range(35, 150), range(3, 13), range(11, 100)),
        _factory,
        0,
        "made",
    ),
    Plot(
        "tickets",
        (range(2, 6), range(2, 6), range(4, 11), range(2, 6), range(5, 16)),
        (range(6, 31), range(11, 60), range(8, 25), range(3, 20), range(15, 61)),
        _tickets,
        0,
        "outing",
    ),
    Plot(
        "average",
        (range(15, 50), range(2, 10), range(2, 10)),
        (range(60, 150), range(11, 25), range(11, 25)),
        _average,
    ),
    Plot(
        "tank",
        (FEW, range(10, 40), range(10, 61)),
        (range(3, 20), SOME, range(61, 121)),
        _tank,
        0,
        "tank",
    ),
    Plot(
        "wage",
        (range(12, 26), range(4, 9), range(3, 7), range(50, 141, 10)),
        (range(15, 60), range(5, 9), range(10, 24), range(200, 701, 10)),
        _wage,
    ),
)


def word(level: int, language: str) -> tuple[Form, ...]:
    """The word problems of a level, a form a plot."""
    plots = (ONE_STEP, TWO_STEPS, THREE_STEPS)[(level - 1) // 2]
    return tuple(_form(plot, _WORDS[language], hard=level % 2 == 0) for plot in plots)


WORD_STOPS = ("\nProblem:", "\nProblema:")
"""What a model that only continues text begins its next problem with, in either language."""


def word_prompt(text: str, language: str | None) -> str:
    """A problem with the instruction that a model gets, in its language (English by default)."""
    prompt: str = _WORDS.get(language or "", problems_en).PROMPT
    return prompt.format(query=text)


def _form(plot: Plot, words: Any, *, hard: bool) -> Form:
    """A plot with every choice of people, things and numbers, in one language."""
    text = words.TEXTS[plot.name]
    people: list[Sequence[Any]] = [words.PEOPLE, range(1, len(words.PEOPLE))][: plot.people]
    things: list[Sequence[Any]] = [words.THINGS[plot.thing]] if plot.thing else []

    def tell(*chosen: Any) -> tuple[str, Fraction]:
        rest = list(chosen)
        slots: dict[str, str] = {}
        if plot.people:
            first = rest.pop(0)
            slots |= words.person(first)
        if plot.people == 2:
            # A number of steps around the table, so that nobody meets themselves.
            at = words.PEOPLE.index(first) + rest.pop(0)
            slots["B"] = words.PEOPLE[at % len(words.PEOPLE)][0]
        if plot.thing:
            slots |= words.thing(rest.pop(0))
        told, value = plot.tell(*rest)
        slots |= _shown(told, words)
        return text.format(**slots), Fraction(value)

    return form([*people, *things, *(plot.hard if hard else plot.easy)], tell)


def _shown(told: Shown, words: Any) -> dict[str, str]:
    shown = {}
    for name, value in told.items():
        if isinstance(value, Money):
            shown[name] = words.money(value.amount)
        elif isinstance(value, Part):
            shown[name] = words.PARTS[value.of]
        else:
            shown[name] = str(value)
    return shown
