"""What a fit tells, and how normal equations of any scale are inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from wattmark.energy.spacing import Floats

# Variances are estimates, and the phases' own among several.
INFLATED = 1.045
# Singular values of the scaled columns below this share of the largest: not separable.
LEAST_SINGULAR = 1e-3
# The part of a coefficient in directions that were left out, from which on it is not determined.
LEAST_SHARE = 1e-3
# Where only the residual counts, all directions that rounding leaves are fitted.
LEAST_EIGEN = 1e-12


@dataclass(frozen=True)
class Fitted:
    """Joules of the timeline's states: `energy_j` (m,), and their error covariance (m, m)."""

    energy_j: Floats
    covariance: Floats
    power_w: Floats
    """Mean power of each state, of shape (m,)."""
    scatter_w: Floats
    """SD of power between occurrences of each state, of shape (m,)."""
    jitter_s: float
    """SD of the ticks about their common phase."""
    noise: float
    """SD of a reading's white noise, J (for power: W × window)."""
    separable: NDArray[np.bool_]
    """Whether the updates tell the state from the others, of shape (m,)."""
    piece_j: Floats
    """Joules of each occurrence, and their SD: both of shape (n,)."""
    piece_sd_j: Floats
    evidence: float
    """Log-likelihood of the readings, but for a constant."""


def student(readings: int) -> float:
    """The two-sided 95 % of an error whose variance so many readings tell, in standard deviations.

    Two of them are spent on the mean and its slope; a little is kept for the other variances.
    """
    return INFLATED * float(stdtrit(max(1, readings - 2), 0.975))


def principal(normal: Floats) -> tuple[Floats, Floats, Floats]:
    """Scale of each column, and the eigenvalues and vectors of the scaled normal equations.

    Directions whose singular value is below `LEAST_SINGULAR` of the largest, once every column has
    length 1, are left out: shapes (m,), (k,) and (m, k).
    """
    scale = np.sqrt(np.maximum(np.diag(normal), 0.0))
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(normal / np.outer(safe, safe))
    kept = values > LEAST_SINGULAR**2 * values[-1]
    return safe, values[kept], vectors[:, kept]


def pseudo_inverse(normal: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The inverse of normal equations of any scale, and which coefficients they determine.

    A coefficient with a part in one of the directions that `principal` leaves out is not
    determined.
    """
    scale, values, vectors = principal(normal)
    inverse = (vectors / values) @ vectors.T / np.outer(scale, scale)
    return inverse, 1 - (vectors**2).sum(axis=1) < LEAST_SHARE


def squared_inverse(normals: Floats) -> Floats:
    """The inverse of each of t normal equations, (t, c, c), without what they do not determine."""
    scale = np.sqrt(np.maximum(np.diagonal(normals, axis1=1, axis2=2), 0.0))
    safe = np.where(scale > 0, scale, 1.0)
    outer = safe[:, :, None] * safe[:, None, :]
    values, vectors = np.linalg.eigh(normals / outer)
    kept = values > LEAST_EIGEN * values[:, -1:]
    inverse = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    return np.asarray((vectors * inverse[:, None, :]) @ np.swapaxes(vectors, 1, 2) / outer)
