"""Mean power of each state by generalized least squares over all updates of a sensor.

A reading is a linear functional of the power: a counter's value at tick τ is ∫₀^τ P, sampled
power × its window is ∫_{τ−w}^τ P. With the seconds x_kj of state j that the k-th one covers,

    y_k = Σ_j β_j·x_kj + Σ_i u_i·z_ki + ε_k

β_j is the state's mean power, u_i the power by which occurrence i of a state departs from it
(queries differ: a random effect of a variance for each state), z_ki the seconds of that occurrence,
and ε_k noise: of the ticks' jitter, which costs (dy/dτ)² × its variance, and white noise of at
least a quantum's. Counters are fitted as levels, with an unknown start for each block of updates:
differences of neighbours would share their ticks' errors. Columns for the shape of power inside
a phase (a straight line, or four of Legendre's polynomials where a line leaves more than chance
would) move no joules between phases. The variances are found by maximum
likelihood (Fisher scoring), the ticks' common phase and drift by Gauss–Newton steps on columns of
their own, so that the intervals know of both. What is told is the joules that flowed,
Σ_i (β + u_i)·T_i, by the best linear unbiased prediction and its error [Henderson 1975;
Robinson 1991, 'That BLUP is a good thing'].
"""

from __future__ import annotations

from wattmark.energy.design import Design
from wattmark.energy.fitted import Fitted
from wattmark.energy.weighted import Weighted

PHASE_STEPS = 3
# Shapes of power inside of a phase: a straight line, or more where a line leaves too much.
LINE, BENT = 1, 4
# By how much (log-likelihood) more shapes must explain the readings better.
SURELY = 3.0


def regress(design: Design) -> Fitted:
    """Joules of the design's states, with the covariance of their errors."""
    beta = design.start()
    mean_square = design.plain(design.shift)[1]
    fit = _steps(design, Weighted(design, beta, mean_square, None), mean_square)
    bent = Weighted(design, fit.beta, mean_square, fit.variances, shapes=BENT)
    if bent.evidence() > fit.evidence() + SURELY:
        fit = _steps(design, bent, mean_square)
    return fit.told()


def _steps(design: Design, fit: Weighted, mean_square: float) -> Weighted:
    for _ in range(PHASE_STEPS - 1):
        design.move(fit.moves())
        fit = Weighted(design, fit.beta, mean_square, fit.variances, shapes=fit.shapes)
    return fit
