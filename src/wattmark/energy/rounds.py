"""Losses of a counter told apart: it was set back, or it may have wrapped nobody knows how often.

Where readings lie so far apart that the counter can pass its whole range between two of them
(262 kJ at 200 W is 22 minutes), the difference of the two is right up to any number of ranges.
The joules are lost either way; what to do about it is not the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from wattmark.energy.events import Events
from wattmark.schema import Sample


def told_apart(lost: Events, faults: Iterable[Sample]) -> tuple[Events, Events]:
    """The losses of which no fault says that they may be wraps, and the others."""
    stamps = np.array([sample.time_ns for sample in faults if sample.wrapped], dtype=np.int64)
    stamps.sort()
    first = np.searchsorted(stamps, lost.start_ns, side="left")
    wraps = np.searchsorted(stamps, lost.end_ns, side="right") > first
    rounds = Events(
        "wrap-ambiguous",
        lost.start_ns[wraps],
        lost.end_ns[wraps],
        lost.sizes[wraps],
        "it was not read for up to {worst:.3g} s ({count}×), in which its counter may have wrapped "
        "any number of times: what it counted then is lost",
        "Windows across it are not measured. Read it more often, or state its highest power as "
        "limit_w.",
    )
    return (
        replace(
            lost,
            start_ns=lost.start_ns[~wraps],
            end_ns=lost.end_ns[~wraps],
            sizes=lost.sizes[~wraps],
        ),
        rounds,
    )
