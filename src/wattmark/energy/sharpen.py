"""Powers finer than the window that they were averaged over.

A sensor that tells, each period p, the mean power over the last w = m·p sees everything m times.
The m powers of single periods that give its readings are not unique: to any of them, one that
repeats every w and has no mean can be added. Of all of these the one with the least total
variation is taken, since real power holds for a while, then steps:

    minimise  α Σ (mean of m powers − reading)² + Σ |power − the power before|

by iteratively reweighted least squares (each pass a banded linear system of m diagonals). It
gives back steps that the readings show as ramps w long (Rudin, Osher and Fatemi 1992 for total
variation; Daubechies et al. 2010 for the reweighting).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from wattmark.energy.spacing import Floats

# How closely the readings are followed, their standard deviation being 1.
FIDELITY = 1e4
PASSES = 8
# Differences below this count as none, in standard deviations: from coarse to fine over the passes.
COARSE, FINE = 0.05, 0.002


def sharpen(readings_w: Floats, overlap: int) -> Floats:
    """Powers of the n + `overlap` − 1 periods that n ≥ 1 readings of `overlap` periods each saw."""
    count = readings_w.size
    cells = count + overlap - 1
    at = np.arange(cells)
    start = np.interp(at, np.arange(count) + (overlap - 1) / 2, readings_w)
    scale = float(readings_w.std())
    if overlap == 1 or scale <= 1e-9 * abs(float(readings_w.mean())):
        return np.asarray(start)
    weight = FIDELITY / overlap**2
    bands = np.zeros((overlap + 1, cells))
    for apart in range(overlap):
        # In how many readings both a period and the one so far after it were seen.
        first, last = np.maximum(0, at + apart - overlap + 1), np.minimum(count - 1, at)
        bands[apart] = weight * np.where(at + apart < cells, np.maximum(0, last - first + 1), 0)
    upto = np.append(0.0, np.cumsum(readings_w / scale))
    seen = upto[np.minimum(count, at + 1)] - upto[np.maximum(0, at - overlap + 1)]
    powers = start / scale
    for k in range(PASSES):
        step = 1 / (np.abs(np.diff(powers)) + max(FINE, COARSE * 0.5**k))
        matrix = bands.copy()
        matrix[0, :-1] += step
        matrix[0, 1:] += step
        matrix[1, :-1] -= step
        powers = solveh_banded(matrix, weight * overlap * seen, lower=True)
    return np.maximum(0.0, powers * scale)
