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
    if not marks.results:
        return None
    results = [n for n in marks.results - marks.operands - marks.out if n not in marks.aside]
    if not results:
        return None
    computed = max(results)
    later = [
        n
        for n in range(computed + 1, len(found))
        if n not in marks.out
        and n not in marks.aside
        and (not asked.given or found[n].value not in asked.given or is_asked(found[n], asked))
    ]
    if not later or not _same(found[computed], found[later[0]]):
        return None
    said = later[0]
    if asked.unit is not None and found[said].unit != asked.unit:
        if any(found[n].unit == asked.unit for n in later):
            return None
    stop = ENDS.search(text, found[said].end)
    if ENDS.search(text, found[computed].end, found[said].start) is None:
        return None
    if stop is not None and GOES_ON.search(text, stop.end()):
        return None
    inside = [n for n in later if stop is None or found[n].start < stop.start()]
    more = GOES_ON.search(text, found[said].end, stop.start() if stop else len(text))
    alike = [n for n in inside if is_asked(found[n], asked)]
    if len(inside) > 1 and (more or alike != [said]):
        return None
    return said_at(text, found, marks, said, "computed and then stated", asked=asked)


def _same(one: Number, other: Number) -> bool:
    return one.value is not None and one.value == other.value and one.percent == other.percent
