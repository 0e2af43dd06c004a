"""A stretch of time in which the power is known, and the spans of work in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.truth.loads import Floats, Load
from wattmark.schema import Span


@dataclass(frozen=True)
class World:
    """`power` in watts over seconds; sensors are polled from `start_s` until `end_s`."""

    power: Load
    spans: tuple[Span, ...]
    start_s: float
    end_s: float
    sharp: NDArray[np.bool_] | None = None
    """Which spans begin and end at steps of the load, where the scenario says so."""

    def joules(self, start_s: ArrayLike, end_s: ArrayLike) -> Floats:
        """True joules between times."""
        return np.asarray(self.power.energy(end_s) - self.power.energy(start_s))

    @cached_property
    def edges_ns(self) -> NDArray[np.int64]:
        """Starts and ends of the spans, of shape (len(spans), 2)."""
        pairs = [(span.start_ns, span.end_ns) for span in self.spans]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    @cached_property
    def truth(self) -> Floats:
        """True joules of each span, in order."""
        return self.joules(self.edges_ns[:, 0] / 1e9, self.edges_ns[:, 1] / 1e9)

    def truth_of(self, name: str) -> float:
        """True joules of all spans of a name together."""
        return float(sum(self.truth[k] for k, s in enumerate(self.spans) if s.name == name))


def to_ns(t_s: ArrayLike) -> NDArray[np.int64]:
    """Seconds to whole nanoseconds."""
    return np.asarray(np.round(np.asarray(t_s) * 1e9), dtype=np.int64)
