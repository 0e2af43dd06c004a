"""A result that is then stated: '… 246 / 1.23 = 200. The value without tax is 200 €.'"""

from __future__ import annotations

from collections.abc import Sequence

from wattmark.scoring.asked import Asked, is_asked
from wattmark.scoring.extent import GOES_ON
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.saying import Stated, said_at
from wattmark.scoring.segments import ENDS


def computed_and_said(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked
) -> Stated | None:
    """The last result of an equation, where the next number is the same in a sentence of prose."""
    last = len(found) - 1
    if last in marks.results and last not in marks.aside and last not in marks.operands:
        return None
    results = marks.results - marks.operands - marks.out - marks.aside if marks.results else set()
    computed = max(results, default=len(found))
    later = [
        n
        for n in range(computed + 1, len(found))
        if n not in marks.out
        and n not in marks.aside
        and (not asked.given or found[n].value not in asked.given or is_asked(found[n], asked))
    ]
    if not later or not _same(found[computed], found[later[0]]):
        return None
    apart = ENDS.search(text, found[computed].end, found[later[0]].start) is not None
    if not apart or _goes_on(text, found, later, asked):
        return None
    return said_at(text, found, marks, later[0], "computed and then stated", asked=asked)


def _goes_on(text: str, found: Sequence[Number], later: Sequence[int], asked: Asked) -> bool:
    """Does its sentence state another number, or the text go on to one?"""
    stop = ENDS.search(text, found[later[0]].end)
    if stop is not None and GOES_ON.search(text, stop.end()):
        return True
    inside = [n for n in later if stop is None or found[n].start < stop.start()]
    more = GOES_ON.search(text, found[later[0]].end, stop.start() if stop else len(text))
    alike = [n for n in inside if is_asked(found[n], asked)]
    return len(inside) > 1 and (more is not None or alike != [later[0]])


def _same(one: Number, other: Number) -> bool:
    return one.value is not None and one.value == other.value and one.percent == other.percent
