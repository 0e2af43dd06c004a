"""A first guess of each stretch's shift and drift: those at which plain least squares leaves least.

Of a long stretch its middle is enough, where the drift hardly matters.
"""

from __future__ import annotations

import numpy as np

from wattmark.energy.design import Design
from wattmark.energy.updates import Updates

# Shifts of all ticks that are tried, as shares of a bracket.
SHIFTS = np.linspace(-0.6, 0.6, 41)
# Updates of a stretch on which they are tried, and whose brackets are asked.
MOST_SCANNED, MOST_ASKED = 1000, 4000
# Drifts that are tried, in SDs of what a line through the brackets' middles tells of it.
DRIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def first_phases(design: Design) -> None:
    """Set the shift and drift of each stretch whose ticks are seen."""
    for number, ticks in enumerate(design.ticks):
        if ticks.phased:
            _scan(design, number, ticks)


def asked_of(ticks: Updates) -> Updates:
    """Those of a stretch whose brackets are asked: all of a short one, some of a long one."""
    return ticks.part(slice(None, None, max(1, -(-ticks.value.size // MOST_ASKED))))


def _scan(design: Design, number: int, ticks: Updates) -> None:
    """Try shifts and drifts of one stretch; keep the likeliest, and how far powers vary."""
    first = max(0, (ticks.value.size - MOST_SCANNED) // 2)
    alone = Design(
        [ticks.part(slice(first, first + MOST_SCANNED))],
        design.timeline,
        design.pieces,
        window_s=design.window_s,
        floor=design.floor,
    )
    asked = asked_of(ticks)
    width = float(np.median(ticks.high_s - ticks.low_s))
    shifts = SHIFTS * width
    drifts = DRIFTS * width / np.sqrt(12 * float(ticks.index @ ticks.index))
    jitter = design.jitter[number] = asked.jitter_s(shifts)
    least = alone.least_noise() ** 2
    likely, powers = [], []
    for drift in drifts.tolist():
        tried = np.array([alone.ticks[0].at(shift, drift) for shift in shifts.tolist()])
        beta, squares = alone.plain(tried)
        brackets = asked.likelihood(shifts, jitter, drift)
        count = alone.ticks[0].value.size
        likely.append(brackets - 0.5 * count * np.log(np.maximum(squares, least)))
        powers.append(beta[:, : len(design.timeline.states)])
    best = int(np.argmax(likely))
    design.shift[number] = float(shifts[best % shifts.size])
    design.drift[number] = float(drifts[best // shifts.size])
    weights = np.exp(np.ravel(likely) - np.max(likely))
    found = np.concatenate(powers)
    mean = weights @ found / weights.sum()
    spread = np.sqrt(weights @ (found - mean) ** 2 / weights.sum())
    design.unsure_w = np.maximum(design.unsure_w, spread)
