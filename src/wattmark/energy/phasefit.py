"""Phases that were fitted: their joules, and whether the readings tell them apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.energy.beside import Cut
from wattmark.energy.bounds import Bounds
from wattmark.energy.doubts import UNQUOTED
from wattmark.energy.fitted import Fitted
from wattmark.energy.spacing import to_seconds
from wattmark.energy.states import Timeline
from wattmark.energy.table import edges as stamps_of
from wattmark.schema import Span
from wattmark.units import s_to_ns

# A phase known no better than this share of itself is not separated from the others.
LEAST_KNOWN = 0.5


@dataclass(frozen=True)
class PhaseFit:
    """Phases of one sensor by least squares, of the names in `names`."""

    names: tuple[str, ...]
    states: Timeline
    pieces: Timeline
    fitted: Fitted
    origin_ns: int
    quantile: float
    lag_s: float = 0.0
    """How late the readings were found to be, beyond what the sensor tells of itself."""
    beside: Cut | None = None
    """Where load was found that no span names."""

    def total(self, names: Iterable[str]) -> tuple[float, float]:
        """Joules of all time in which one of `names` was open, and their half-width at 95 %."""
        wanted = set(names)
        rows = [j for j, state in enumerate(self.states.states) if state & wanted]
        value = float(self.fitted.energy_j[rows].sum())
        variance = float(self.fitted.covariance[np.ix_(rows, rows)].sum())
        return value, self.quantile * math.sqrt(max(variance, 0.0))

    def whole(self) -> tuple[int, int, float, float]:
        """The stretch that was fitted, (start, end) in ns, its joules and their half-width."""
        rows = np.flatnonzero(self.states.edges[:-1] >= 0)
        begin, end = self.states.edges[rows[0]], self.states.edges[-1]
        inside = self.pieces.edges[:-1] >= begin
        value = float(self.fitted.piece_j[inside].sum())
        variance = float(self.fitted.covariance.sum())
        first = self.origin_ns + s_to_ns(float(begin))
        last = self.origin_ns + s_to_ns(float(end))
        return first, last, value, self.quantile * math.sqrt(max(variance, 0.0))

    def determined(self, name: str) -> bool:
        """Whether every state in which `name` is open is determined by the readings."""
        rows = [j for j, state in enumerate(self.states.states) if name in state]
        return bool(rows) and bool(self.fitted.separable[rows].all())

    def separable(self) -> bool:
        """Whether the names are told from each other, each to `LEAST_KNOWN` of itself.

        All or none: what one of them has too much, another one lacks. Names that nobody quotes,
        and that are small as a rule, need not be known themselves.
        """
        for name in self.names:
            if name in UNQUOTED:
                continue
            value, half = self.total((name,))
            if not self.determined(name) or value <= 0 or half > LEAST_KNOWN * value:
                return False
        return True

    def spans(self, spans: Sequence[Span]) -> Bounds:
        """Joules of single spans: their pieces' predicted ones, with intervals added up."""
        upto = np.append(0.0, np.cumsum(self.fitted.piece_j))
        doubt = np.append(0.0, np.cumsum(self.fitted.piece_sd_j))
        edges = self.pieces.edges
        first, last = stamps_of(spans)
        start, end = to_seconds(first - self.origin_ns), to_seconds(last - self.origin_ns)
        value = np.maximum(0.0, np.interp(end, edges, upto) - np.interp(start, edges, upto))
        half = self.quantile * (np.interp(end, edges, doubt) - np.interp(start, edges, doubt))
        return Bounds(value, np.maximum(0.0, value - half), value + half)
