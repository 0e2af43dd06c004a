"""Load right beside phases that no span names: where it would lie, as spans of its own.

What runs just before or after a phase without a stamp (sampling, detokenizing, a queue) shares the
phase's ticks. Taken for a part of the even rest, it ends up in the phase. Here the pauses between
phases are cut: their beginnings or their ends, by several lengths, or pauses as a whole against
the time before the first and after the last phase. Least squares then say which cut, if any, the
readings ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.energy.spacing import Floats, Ints
from wattmark.energy.table import edges
from wattmark.schema import Span
from wattmark.units import engineering, ns_to_s, s_to_ns

# No span of a user is named so.
BESIDE = "\0beside"
# How long the load may be that is looked for.
LENGTHS_S = (0.01, 0.014, 0.02, 0.028, 0.04, 0.056, 0.08, 0.112, 0.16)
# Fewer or shorter pauses have no room for a load of their own.
FEWEST_PAUSES, SHORTEST_PAUSE_S = 8, 0.005
# A cut that most pauses are no longer than is the whole of them.
WHOLE = 0.9


@dataclass(frozen=True)
class Cut:
    """A part of every pause between phases; `spans` are the parts."""

    side: str
    """after a phase, before one, around it, or all of the pause between."""
    length_s: float
    spans: tuple[Span, ...]

    def where(self) -> str:
        """In words: 'in the 40 ms before them'."""
        if self.side == "between":
            return "in the pauses between them"
        within = engineering(self.length_s, "s")
        if self.side == "around":
            return f"in the {within} before them and as long after"
        return f"in the {within} {self.side} them"


def cuts(spans: Sequence[Span]) -> Iterator[Cut]:
    """Every cut of the pauses between `spans`; none where these leave no room."""
    start, end = pauses(spans)
    if start.size < FEWEST_PAUSES:
        return
    usual_s = float(np.median(ns_to_s(1) * (end - start)))
    yield Cut("between", usual_s, _spans(start, end))
    first, last = min(span.start_ns for span in spans), max(span.end_ns for span in spans)
    for length_s in LENGTHS_S:
        if usual_s * WHOLE < length_s:
            return
        length_ns = s_to_ns(length_s)
        after = _spans(
            np.append(start, last), np.append(np.minimum(end, start + length_ns), last + length_ns)
        )
        before = _spans(
            np.append(first - length_ns, np.maximum(start, end - length_ns)), np.append(first, end)
        )
        yield Cut("after", length_s, after)
        yield Cut("before", length_s, before)
        if 2 * length_s < usual_s * WHOLE:
            yield Cut("around", length_s, (*before, *after))


def pauses(spans: Sequence[Span]) -> tuple[Ints, Ints]:
    """Start and end of each stretch between the first and the last span in which none is open."""
    start, end = edges(spans)
    order = np.argsort(start, kind="stable")
    begins, open_until = start[order], np.maximum.accumulate(end[order])
    long = begins[1:] - open_until[:-1] >= s_to_ns(SHORTEST_PAUSE_S)
    return open_until[:-1][long], begins[1:][long]


def likeliest(misfits: Sequence[float], plain: float, surely: float, most: int) -> list[int]:
    """Which cuts explain the readings better than none by `surely`, the best `most` first."""
    found: Floats = np.asarray(misfits, dtype=np.float64)
    order = np.argsort(found, kind="stable")[:most]
    return [int(k) for k in order if plain - found[k] > surely]


def _spans(start: Ints, end: Ints) -> tuple[Span, ...]:
    return tuple(
        Span(BESIDE, int(first), int(last)) for first, last in zip(start, end, strict=True)
    )
