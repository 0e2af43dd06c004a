"""Arithmetic problems by seed, kind and level: distinct, with an exact gold.

A kind of problem is made of forms. A form is a numbered set of different problems: it has a size
and builds the problem of any number below it. Drawing numbers without repetition therefore draws
problems without repetition, and how many there are is known before one is built.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from wattmark.errors import InputError
from wattmark.tasks import problems_sums, problems_words
from wattmark.tasks.problems_form import Form, written

LANGUAGES = ("en", "pt")
LEVELS = range(1, 7)

_KINDS: dict[str, Callable[[int, str], tuple[Form, ...]]] = {
    "addition": problems_sums.addition,
    "subtraction": problems_sums.subtraction,
    "multiplication": problems_sums.multiplication,
    "division": problems_sums.division,
    "percentage": problems_sums.percentage,
    "fraction": problems_sums.fraction,
    "two-step": problems_sums.two_step,
    "word": problems_words.word,
}
KINDS = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `id` says kind, level and number: 'two-step-3-0042'; `answer` is exact."""

    id: str
    kind: str
    level: int
    text: str
    answer: str


def generate(
    kinds: Sequence[str], levels: Sequence[int], count: int, seed: int, language: str
) -> tuple[Problem, ...]:
    """`count` distinct problems, shared out evenly; any first part of them is nearly even too.

    `kinds` are out of KINDS, `levels` out of LEVELS, `language` out of LANGUAGES. A kind that
    has too few at a level gives all of them, and the others give more. Raises InputError with
    how many there are where they are fewer than `count`.
    """
    cells = [(kind, level) for level in levels for kind in kinds]
    sizes = [size(kind, level, language) for kind, level in cells]
    if sum(sizes) < count:
        what = f"kind {', '.join(kinds)} at level {', '.join(map(str, levels))}"
        raise InputError(
            f"There are {sum(sizes)} distinct problems of {what}, not {count}.",
            f"Ask for at most {sum(sizes)}, or for another level.",
        )
    placed: list[tuple[float, int, Problem]] = []
    for place, (cell, number) in enumerate(zip(cells, share_out(count, sizes), strict=True)):
        problems = _of_one_cell(*cell, number, seed, language)
        placed += [((i + 0.5) / number, place, problem) for i, problem in enumerate(problems)]
    return tuple(problem for _, _, problem in sorted(placed, key=lambda entry: entry[:2]))


@cache
def size(kind: str, level: int, language: str) -> int:
    """How many distinct problems there are of a kind at a level."""
    return sum(form.size for form in _forms(kind, level, language))


def share_out(count: int, sizes: Sequence[int]) -> list[int]:
    """`count` over places that hold `sizes`, as evenly as they allow; their sum is enough."""
    shares = [0] * len(sizes)
    left, open_places = count, sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    while open_places:
        place = open_places.pop(0)
        # The smallest first: what it cannot hold is spread over all that are larger. Of equal
        # places the first gets what is left over by the division.
        shares[place] = min(sizes[place], -(-left // (len(open_places) + 1)))
        left -= shares[place]
    return shares


@cache
def _forms(kind: str, level: int, language: str) -> tuple[Form, ...]:
    return _KINDS[kind](level, language)


def _of_one_cell(kind: str, level: int, count: int, seed: int, language: str) -> Iterator[Problem]:
    """`count` problems of one kind and level, its forms mixed."""
    shuffler = random.Random(f"{seed}/{kind}/{level}")  # noqa: S311 - a choice, not a secret
    forms = _forms(kind, level, language)
    drawn: list[tuple[str, Fraction]] = []
    for form, number in zip(forms, share_out(count, [f.size for f in forms]), strict=True):
        drawn += [form.build(at) for at in shuffler.sample(range(form.size), number)]
    shuffler.shuffle(drawn)
    for number, (text, value) in enumerate(drawn, start=1):
        answer = written(value, language, as_fraction=kind == "fraction")
        yield Problem(f"{kind}-{level}-{number:04d}", kind, level, text, answer)
