"""Mean power of each state by generalized least squares over all updates of a sensor.

A reading is a linear functional of the power: a counter's value at tick τ is ∫₀^τ P, sampled
power × its window is ∫_{τ−w}^τ P. With the seconds x_kj of state j that the k-th one covers,

    y_k = Σ_j β_j·x_kj + Σ_i u_i·z_ki + ε_k

β_j is the state's mean power, u_i the power by which occurrence i of a state departs from it
(queries differ: a random effect of a variance for each state), z_ki the seconds of that occurrence,
and ε_k noise: of the ticks' jitter, which costs (dy/dτ)² × its variance, and white noise of at
least a quantum's. Counters are fitted by their differences, with the error of each tick in both
of its neighbours; a reading shares occurrences with few others, so its covariance is a band.
Columns for the shape of power inside a phase (a straight line, or four of Legendre's polynomials
where a line leaves more than chance would) move no joules between phases; a column for power that
comes later than its stamps does, and is used only where the readings ask for it. The variances
are found by maximum likelihood (Fisher scoring), the ticks' common phase and drift by
Gauss–Newton steps on columns of their own, so that the intervals know of both. What is told is
the joules that flowed,
Σ_i (β + u_i)·T_i, by the best linear unbiased prediction and its error [Henderson 1975;
Robinson 1991, 'That BLUP is a good thing'].
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from wattmark.energy.design import Design
from wattmark.energy.fitted import Fitted
from wattmark.energy.shifts import MOST_SCANNED, SHIFTS, asked_of, first_phases
from wattmark.energy.weighted import Weighted

PHASE_STEPS = 3
# Updates of which variances and shapes are learnt; and steps of the phase on all of them then.
MOST_LEARNT, FULL_STEPS = 4000, 1
# Shapes of power inside of a phase: a straight line, or more where a line leaves too much.
LINE, BENT = 1, 4
# By how much (log-likelihood) more shapes must explain the readings better.
SURELY = 3.0
# The same for power that comes later than the stamps of its phase, which costs precision.
LATE_SURELY = 8.0


def regress(design: Design) -> Fitted:
    """Joules of the design's states, with the covariance of their errors."""
    first_phases(design)
    some = design.some(MOST_LEARNT)
    beta, square = some.plain(some.times()[None])
    mean_square = float(square[0])
    fit = _steps(some, Weighted(some, beta[0], mean_square), mean_square)
    if _elsewhere(some, fit):
        fit = _steps(some, Weighted(some, fit.beta, mean_square, fit), mean_square)
    bent = Weighted(some, fit.beta, mean_square, fit, shapes=BENT)
    if bent.evidence() > fit.evidence() + SURELY:
        fit = _steps(some, bent, mean_square)
    late = Weighted(some, fit.beta, mean_square, fit, shapes=fit.shapes, late=True)
    moved_j = np.zeros(late.states)
    if late.evidence() > fit.evidence() + LATE_SURELY:
        moved_j = late.told().energy_j - fit.told().energy_j
        fit = _steps(some, late, mean_square)
    if some is not design:
        # Variances and shapes are learnt from a part; powers and phases from all.
        design.shift, design.drift = some.shift, some.drift
        for _ in range(FULL_STEPS):
            fit = Weighted(design, fit.beta, mean_square, fit, learn=False, **fit.form)
            design.move(fit.moves())
        fit = Weighted(design, fit.beta, mean_square, fit, learn=False, **fit.form)
    told = fit.told()
    # A step at the stamps and a late one are two guesses at a power that nobody knows: the interval
    # reaches from one to the other.
    return replace(told, covariance=told.covariance + np.outer(moved_j, moved_j) / 4)


def _steps(design: Design, fit: Weighted, mean_square: float) -> Weighted:
    for _ in range(PHASE_STEPS - 1):
        design.move(fit.moves())
        fit = Weighted(design, fit.beta, mean_square, fit, **fit.form)
    return fit


def _elsewhere(design: Design, fit: Weighted) -> bool:
    """Whether another shift of a stretch's ticks explains the readings better; it is taken then.

    Steps end at the nearest shift that no small step improves, and plain least squares, where they
    began, is far from sharp where phases scatter.
    """
    moved = False
    for number, ticks in enumerate(design.ticks):
        if not ticks.phased:
            continue
        design.jitter[number] = max(design.jitter[number], math.sqrt(fit.variances[-2]))
        few = design.some(MOST_SCANNED)
        width = float(np.median(ticks.high_s - ticks.low_s))
        tried = np.append(few.shift[number], SHIFTS[::2] * width)
        brackets = asked_of(ticks).likelihood(tried, design.jitter[number])
        likely, present = [], design.shift[number]
        for shift, told in zip(tried.tolist(), brackets.tolist(), strict=True):
            few.shift[number] = shift
            still = Weighted(few, fit.beta, 0.0, fit, learn=False, moving=False, **fit.form)
            likely.append(still.evidence() + told)
        few.shift[number] = present
        best = int(np.argmax(likely))
        if likely[best] > likely[0] + SURELY:
            design.shift[number] = float(tried[best])
            moved = True
    return moved
