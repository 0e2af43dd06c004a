"""The covariance of readings that each cover a few occurrences: a band beside its diagonal.

A reading shares occurrences with its next neighbours alone, so that a hundred thousand of them
cost no more than a hundred times what a thousand do [Golub & Van Loan, 'Matrix Computations',
banded Cholesky].
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.sparse import csr_array

from wattmark.energy.design import BLOCK
from wattmark.energy.spacing import Floats

# A sum over later readings is broken off where all that they add is below this part of it.
LEAST_ADDED = 1e-4
# Most readings after an occurrence's last that still tell of it.
MOST_AFTER = 64


def covered(begin: Floats, end: Floats, edges: Floats) -> csr_array:
    """Seconds of each occurrence that each reading covers: sparse, of shape (n, pieces).

    Readings in order, from `begin` to `end`, both (n,); `edges` (pieces + 1,).
    """
    last = edges.size - 2
    first = np.clip(np.searchsorted(edges, begin, side="right") - 1, 0, last)
    final = np.clip(np.searchsorted(edges, end, side="left") - 1, first, last)
    counts = final - first + 1
    upto = np.append(0, np.cumsum(counts))
    row = np.repeat(np.arange(begin.size), counts)
    column = first[row] + np.arange(upto[-1]) - upto[row]
    overlap = np.minimum(end[row], edges[column + 1]) - np.maximum(begin[row], edges[column])
    shape = (begin.size, edges.size - 1)
    return csr_array((np.maximum(overlap, 0.0), column, upto), shape=shape)


class Banded:
    """A covariance Z·D·Zᵀ + N: `z` sparse (n, pieces), `departures` the diagonal of D.

    N has `noise` (n,) on its diagonal and `beside` (n,) between each reading and the one before.
    """

    def __init__(self, z: csr_array, departures: Floats, noise: Floats, beside: Floats) -> None:
        self._z = z
        half = z * np.sqrt(departures)
        both = (half @ half.T).tocoo()
        row, column, value = both.row, both.col, both.data
        kept = row >= column
        if (row - column).max(initial=0) >= BLOCK:
            # Windows so long that nearly all readings overlap: only neighbours are told of it.
            kept &= row // BLOCK == column // BLOCK
        row, column, value = row[kept], column[kept], value[kept]
        width = max(1, int((row - column).max(initial=0)))
        bands = np.zeros((width + 1, noise.size))
        bands[row - column, column] = value
        bands[0] += noise
        bands[1, :-1] += beside[1:]
        self._factor = cholesky_banded(bands, lower=True, overwrite_ab=True, check_finite=False)

    def solve(self, right: Floats) -> Floats:
        """V⁻¹ × `right`, of shape (n,) or (n, c)."""
        return np.asarray(cho_solve_banded((self._factor, True), right, check_finite=False))

    def log_determinant(self) -> float:
        """Log of the determinant of V."""
        return 2 * float(np.log(self._factor[0]).sum())

    def told(self) -> Floats:
        """zᵀ·V⁻¹·z of each occurrence's column z: what readings tell of it, (pieces,).

        All occurrences at once go down the factor from their own first reading on. Readings long
        after add next to nothing, and are left out: what is told is never too much.
        """
        columns = self._z.tocsc()
        count = np.diff(columns.indptr)
        alive = np.flatnonzero(count)
        found = np.zeros(count.size)
        at = columns.indptr[alive]
        row = columns.indices[at].astype(np.int64)
        count = count[alive]
        total = np.zeros(alive.size)
        width, size = self._factor.shape[0] - 1, self._factor.shape[1]
        before: list[Floats] = []
        for step in range(int(count.max(initial=0)) + MOST_AFTER):
            here = np.minimum(row + step, size - 1)
            within = step < count
            x = np.where(within, columns.data[np.where(within, at + step, 0)], 0.0)
            for back, earlier in enumerate(reversed(before), start=1):
                x -= self._factor[back, np.maximum(here - back, 0)] * earlier
            x = np.where(row + step < size, x / self._factor[0, here], 0.0)
            total += x * x
            before = [*before, x][-width:]
            if step >= count.max() and (x * x <= LEAST_ADDED * total).all():
                break
        found[alive] = total
        return found
