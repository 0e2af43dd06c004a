"""A batch's joules split among its queries.

Prefill joules go by input tokens; each decode step's joules go in equal parts to the sequences
still alive at that step; what is left (host work) goes in equal parts to all; a classifier's
joules go by input tokens. Padding and finished rows thus weigh on those that caused them to be
computed, and the shares of a batch add up to the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.total import Total, total
from wattmark.schema import EnergyReading, Generation, QueryEnergy

Weights = NDArray[np.float64]


def share(
    generations: Sequence[Generation], batches: Sequence[EnergyReading]
) -> tuple[QueryEnergy, ...]:
    """A QueryEnergy a generation, in their order, from `Resolved.batches`.

    Joules are summed over components as in `total`; None where the batch was not measured, or one
    of its phases was not: without it there is no saying who caused what.
    A query's interval is the batch's, scaled to its share: it says how well the batch is known.
    """
    by_span: dict[tuple[int | None, str], list[EnergyReading]] = {}
    for reading in batches:
        by_span.setdefault((reading.batch, reading.span), []).append(reading)
    rows: dict[int, list[int]] = {}
    for row, generation in enumerate(generations):
        rows.setdefault(generation.batch, []).append(row)
    shares: dict[int, QueryEnergy] = {}
    for batch, members in rows.items():
        parts = {
            span: total(by_span.get((batch, span), ()))
            for span in ("batch", "prefill", "decode", "classify")
        }
        split = _split([generations[row] for row in members], parts)
        shares.update(zip(members, split, strict=True))
    return tuple(shares[row] for row in range(len(generations)))


def _split(rows: Sequence[Generation], parts: dict[str, Total]) -> list[QueryEnergy]:
    whole = parts["batch"]
    unknown = any(part.components and part.gross_j is None for part in parts.values())
    if unknown or whole.gross_j is None or whole.low_j is None or whole.high_j is None:
        return [QueryEnergy(row.query_id, None, None, None) for row in rows]
    fractions = _fractions(rows, parts, whole.gross_j)
    gross = _exact(fractions, whole.gross_j)
    low, high = _exact(fractions, whole.low_j), _exact(fractions, whole.high_j)
    net = None if whole.net_j is None else _exact(fractions, whole.net_j)
    return [
        QueryEnergy(row.query_id, gross[i], low[i], high[i], None if net is None else net[i])
        for i, row in enumerate(rows)
    ]


def _fractions(rows: Sequence[Generation], parts: dict[str, Total], whole_j: float) -> Weights:
    """Each row's part of the batch, of shape (len(rows),); they sum to 1."""
    equal = np.full(len(rows), 1 / len(rows))
    if whole_j <= 0:
        return equal
    by_input = _normal(np.array([row.input_tokens for row in rows], dtype=np.float64))
    weights = {"prefill": by_input, "classify": by_input, "decode": decode_weights(rows)}
    joules = {name: parts[name].gross_j or 0.0 for name in weights}
    phases = sum(joules.values())
    # Phases lie in the batch; overlapping marks must not make the rest negative.
    scale = min(1.0, whole_j / phases) if phases > 0 else 0.0
    fractions = equal * max(0.0, 1 - scale * phases / whole_j)
    for name, weight in weights.items():
        fractions = fractions + weight * (scale * joules[name] / whole_j)
    return fractions


def decode_weights(rows: Sequence[Generation]) -> Weights:
    """Each row's part of a batch's decode joules, of shape (len(rows),); they sum to 1.

    The prefill gives every row its token 0, decode step s its token s: row i is alive at step
    s ≥ 1 while output_tokens_i > s. Steps weigh by their duration, from the longest row's token
    times; without those all weigh the same.
    """
    tokens = np.array([row.output_tokens for row in rows], dtype=np.int64)
    steps = int(tokens.max()) - 1
    if steps < 1:
        return np.full(len(rows), 1 / len(rows))
    durations = np.ones(steps)
    longest = rows[int(tokens.argmax())].token_times_ns
    if len(longest) == steps + 1:
        taken = np.diff(np.array(longest, dtype=np.int64)).astype(np.float64)
        if (taken >= 0).all() and taken.sum() > 0:
            durations = taken
    alive = (tokens[:, None] > np.arange(1, steps + 1)[None, :]).sum(axis=0)
    upto = np.append(0.0, np.cumsum(durations / alive))
    return _normal(upto[np.maximum(tokens - 1, 0)])


def _normal(weights: Weights) -> Weights:
    """Weights that sum to 1; equal ones where there is nothing to weigh by."""
    whole = weights.sum()
    return weights / whole if whole > 0 else np.full(weights.shape, 1 / weights.size)


def _exact(fractions: Weights, whole: float) -> list[float]:
    """`whole` split so that the parts add up to it: the largest part takes the rounding."""
    parts = [float(part) for part in fractions * whole]
    largest = max(range(len(parts)), key=lambda i: abs(parts[i]))
    parts[largest] += math.fsum([whole, *(-part for part in parts)])
    return parts
