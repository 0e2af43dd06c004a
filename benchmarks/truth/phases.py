"""Queries of prefill and decode with gaps between them: phases shorter than a sensor's tick.

200 queries of 30 ms prefill at 600 W and 200 ms decode at 300 W, each length ± 30 % by chance,
with gaps of 20 to 120 ms at 80 W. The gaps' jitter is what makes the phases separable.
"""

from __future__ import annotations

import numpy as np

from benchmarks.truth.loads import Lines
from benchmarks.truth.world import World, to_ns
from wattmark.schema import Span

IDLE_S = 2.0


def phase_scenario(
    rng: np.random.Generator,
    queries: int = 200,
    scatter: float = 0.0,
    rise: float = 0.0,
    *,
    prefill_s: float = 0.030,
    decode_s: float = 0.200,
    vary: float = 0.3,
    gap_s: tuple[float, float] = (0.02, 0.12),
    prefill_w: float = 600.0,
    decode_w: float = 300.0,
    gap_w: float = 80.0,
    first_s: float = 5.0,
) -> World:
    """A world with the spans idle, measured, and host, prefill and decode with their batch.

    `scatter` is the relative standard deviation of each phase's power from query to query;
    `rise` = 0.1 lets decode power rise from 0.9 to 1.1 of its mean within each query. Lengths
    are uniform within ± `vary`. Idle takes 2 s before and after.
    """
    low, high = 1 - vary, 1 + vary
    lengths = np.column_stack(
        [
            rng.uniform(*gap_s, queries),
            prefill_s * rng.uniform(low, high, queries),
            decode_s * rng.uniform(low, high, queries),
        ]
    ).ravel()
    edges_ns = to_ns(first_s + IDLE_S + np.append(0.0, np.cumsum(lengths)))
    factors = np.maximum(0.1, 1 + scatter * rng.standard_normal((queries, 2)))
    left = np.full((queries, 3), gap_w)
    left[:, 1:] = factors * [prefill_w, decode_w]
    right = left.copy()
    left[:, 2] *= 1 - rise
    right[:, 2] *= 1 + rise
    last_s = edges_ns[-1] / 1e9
    edges = np.concatenate([[0.0], edges_ns / 1e9, [last_s + IDLE_S + 10.0]])
    outer = np.array([gap_w])
    power = Lines(
        edges,
        np.concatenate([outer, left.ravel(), outer]),
        np.concatenate([outer, right.ravel(), outer]),
    )
    first, last = int(edges_ns[0]), int(edges_ns[-1])
    idle = int(IDLE_S * 1e9)
    spans = [Span("idle", first - idle, first)]
    names = ("host", "prefill", "decode")
    spans += [
        Span(names[k % 3], int(edges_ns[k]), int(edges_ns[k + 1]), k // 3)
        for k in range(3 * queries)
    ]
    spans += [Span("idle", last, last + idle), Span("measured", first, last)]
    return World(power, tuple(spans), first_s - 2.0, last_s + IDLE_S + 2.0)
