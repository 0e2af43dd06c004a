"""How much power differs between occurrences, how much ticks jitter, how noisy readings are.

Maximum likelihood by Fisher scoring [Searle, Casella & McCulloch 1992, 'Variance Components'], on
stretches of readings spread over the run: their covariances are small and full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from wattmark.energy.spacing import Floats, Ints

# Readings of a stretch, and stretches, that the variances are learnt from.
LENGTH, MOST = 80, 16


@dataclass(frozen=True)
class Sample:
    """Stretches of readings: b of them, each of n.

    `parts` (b, m + 2, n, n) is the covariance that a unit of each variance brings: scatter of
    each of m states, W², jitter, s², and white noise.
    """

    y: Floats
    """Readings, (b, n)."""
    x: Floats
    """Columns, (b, n, c)."""
    parts: Floats

    def inverses(self, variances: Floats) -> Floats:
        """V⁻¹ of each stretch, (b, n, n)."""
        return np.asarray(np.linalg.inv(np.einsum("bvij,v->bij", self.parts, variances)))

    def normal(self, inverses: Floats) -> tuple[Floats, Floats]:
        """Normal equations and right-hand side, (c, c) and (c,)."""
        weighed = inverses @ self.x
        normal = np.einsum("bic,bid->cd", self.x, weighed)
        return normal, np.einsum("bic,bi->c", weighed, self.y)

    def step(self, inverses: Floats, variances: Floats, beta: Floats) -> tuple[Floats, float]:
        """By which part of itself each variance should change, (m + 2,), and what that gains."""
        free = self.y.size
        inflate = free / max(1, free - self.x.shape[2])
        left = self.y - self.x @ beta
        weighed = np.einsum("bij,bj->bi", inverses, left)
        # In units of the variances themselves, so that one step cannot leave their range.
        scaled = self.parts * variances[:, None, None]
        turned = inverses[:, None] @ scaled
        gained = inflate * np.einsum("bi,bvij,bj->v", weighed, scaled, weighed, optimize=True)
        gradient = 0.5 * (gained - np.einsum("bvii->v", turned))
        flat = np.swapaxes(turned, 0, 1).reshape(variances.size, -1)
        across = turned.transpose(1, 0, 3, 2).reshape(variances.size, -1)
        information = 0.5 * flat @ across.T
        information[np.diag_indices_from(information)] += (
            1e-3 * np.trace(information) / variances.size
        )
        change = np.clip(np.linalg.solve(information, gradient), -0.9, 3.0)
        return change, float(change @ gradient) / 2


Noise = tuple[Floats, Floats]


def sample(y: Floats, x: Floats, z: csr_array, kinds: Ints, noises: Sequence[Noise]) -> Sample:
    """Stretches of the readings `y` (n,) with columns `x` (n, c) and occurrences `z` (n, p).

    `kinds` (p,) is the state of each occurrence; `noises` what a unit of each noise brings to
    each reading, and to it with the one before.
    """
    states = int(kinds.max()) + 1
    wanted = min(MOST, -(-y.size // LENGTH))
    size = min(LENGTH, y.size // wanted)
    firsts = np.linspace(0, y.size - size, wanted).astype(int)
    rows = firsts[:, None] + np.arange(size)
    parts = np.zeros((wanted, states + len(noises), size, size))
    step = np.arange(size)
    for number, first in enumerate(firsts):
        own = z[first : first + size]
        touched = np.unique(own.indices)
        dense = own[:, touched].toarray()
        for kind in np.unique(kinds[touched]):
            of_kind = dense[:, kinds[touched] == kind]
            parts[number, kind] = of_kind @ of_kind.T
    for place, (noise, beside) in enumerate(noises, start=states):
        parts[:, place, step, step] = noise[rows]
        parts[:, place, step[1:], step[:-1]] = beside[rows[:, 1:]]
        parts[:, place, step[:-1], step[1:]] = beside[rows[:, 1:]]
    return Sample(y[rows], x[rows], parts)
