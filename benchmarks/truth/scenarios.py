"""Random loads and random spans: what an instrument may be pointed at.

A scenario is one load and two spans of 5 ms to 60 s (log-uniform). In half of the scenarios
the first span is work, as a program does it: the load rises at its start and falls at its end,
to the nanosecond; in the others the load knows nothing of it. The second span overlaps the
first, is nested in it or holds it, and falls on steps of the load every other time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.truth.loads import Curved, Floats, Lines, Load, Worked, constant
from benchmarks.truth.world import World, to_ns
from wattmark.schema import Span

SHORTEST_S, LONGEST_S = 0.005, 60.0
# Polled for so long before the first span and after the last, as a run idles around its work.
BEFORE_S, AFTER_S = 4.0, 4.0

Rng = np.random.Generator
Family = Callable[[Rng, float, float], Load]


def log_uniform(rng: Rng, low: float, high: float, size: int | None = None) -> Floats:
    """Each decade as likely as the next."""
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), size)))


def _spans_of_time(rng: Rng, start: float, end: float, low: float, high: float) -> Floats:
    """Edges from start to end whose distances are log-uniform in [low, high]."""
    mean = (high - low) / np.log(high / low)
    edges = [np.array([start])]
    while edges[-1][-1] < end:
        count = max(8, int(1.5 * (end - edges[-1][-1]) / mean))
        edges.append(edges[-1][-1] + np.cumsum(log_uniform(rng, low, high, count)))
    joined = np.concatenate(edges)
    return np.append(joined[joined < end], end)


def steps(rng: Rng, start: float, end: float) -> Load:
    """Levels of 60 to 600 W held for some time between 50 ms and 10 s."""
    edges = _spans_of_time(rng, start, end, 0.05, 10)
    return Lines.steps(edges, rng.uniform(60, 600, edges.size - 1))


def bursts(rng: Rng, start: float, end: float) -> Load:
    """Pulses of 5 to 200 ms out of a quiet of 20 ms to 2 s."""
    quiet = _spans_of_time(rng, start, end, 0.02, 2)
    pulse = log_uniform(rng, 0.005, 0.2, quiet.size - 1)
    pulse = np.minimum(pulse, 0.8 * np.diff(quiet))
    edges = np.append(np.column_stack([quiet[:-1], quiet[1:] - pulse]).ravel(), end)
    watts = np.full(edges.size - 1, rng.uniform(30, 150))
    watts[1::2] = rng.uniform(200, 700) * rng.uniform(0.8, 1.2, quiet.size - 1)
    return Lines.steps(edges, watts)


def ramps(rng: Rng, start: float, end: float) -> Load:
    """Straight lines between powers of 60 to 600 W, 0.1 to 10 s apart."""
    edges = _spans_of_time(rng, start, end, 0.1, 10)
    return Lines.through(edges, rng.uniform(60, 600, edges.size))


def square(rng: Rng, start: float, end: float, period_s: float | None = None) -> Load:
    """Two powers by turns with one period of 5 ms to 5 s."""
    period = float(log_uniform(rng, 0.005, 5)) if period_s is None else period_s
    begun = start - rng.uniform(0, period) + period * np.arange(np.ceil((end - start) / period) + 2)
    duty = rng.uniform(0.2, 0.8)
    edges = np.column_stack([begun, begun + duty * period]).ravel()
    low, high = rng.uniform(50, 200), rng.uniform(220, 600)
    return Lines.steps(edges, np.tile([high, low], begun.size)[:-1])


def train(rng: Rng, start: float, end: float) -> Load:
    """Queries: a spike of prefill, decode that ripples step by step and rises, a short gap."""
    prefill, decode = log_uniform(rng, 0.01, 0.15), log_uniform(rng, 0.1, 3)
    step, gap = log_uniform(rng, 0.008, 0.05), log_uniform(rng, 0.005, 0.3)
    high, middle, low = rng.uniform(350, 700), rng.uniform(180, 340), rng.uniform(50, 120)
    ripple, rise, duty = rng.uniform(0, 0.3), rng.uniform(0, 0.15), rng.uniform(0.3, 0.7)
    edges, watts, at = [start], [], start
    while at < end:
        at += float(prefill * rng.uniform(0.7, 1.3))
        edges.append(at)
        watts.append(high * rng.uniform(0.9, 1.1))
        count = max(1, int(decode * rng.uniform(0.5, 1.5) / step))
        begun = at + step * np.arange(count)
        edges += np.column_stack([begun + duty * step, begun + step]).ravel().tolist()
        grown = middle * (1 - rise + 2 * rise * np.arange(count) / count)
        watts += np.column_stack([grown * (1 + ripple), grown * (1 - ripple)]).ravel().tolist()
        at = edges[-1] + float(gap * rng.exponential())
        edges.append(at)
        watts.append(low)
    rising = np.maximum.accumulate(np.array(edges) + 1e-12 * np.arange(len(edges)))
    return Lines.steps(rising, watts)


def noise(rng: Rng, start: float, end: float) -> Load:
    """A first-order autoregression about 100 to 500 W, never below a tenth of it."""
    step = float(log_uniform(rng, 0.002, 0.02))
    memory = float(log_uniform(rng, 0.005, 2))
    count = int((end - start) / step) + 1
    rho, spread = np.exp(-step / memory), rng.uniform(0.05, 0.4)
    shocks = rng.standard_normal(count) * np.sqrt(1 - rho**2)
    shocks[0] /= np.sqrt(1 - rho**2)
    # The regression is a geometric filter: applied in blocks so that rho**-k stays finite.
    values, last, block = np.empty(count), 0.0, max(1, min(count, int(200 * memory / step)))
    for first in range(0, count, block):
        part = shocks[first : first + block]
        powers = rho ** np.arange(part.size)
        held = powers * (rho * last + np.cumsum(part / powers)) if rho > 0 else part
        values[first : first + part.size], last = held, float(held[-1])
    watts = rng.uniform(100, 500) * np.maximum(0.1, 1 + spread * values)
    return Lines.steps(start + step * np.arange(count + 1), watts)


def waves(rng: Rng, start: float, end: float) -> Load:
    """Two sinusoids of 50 ms to 20 s about a drifting mean."""
    mean, drift = rng.uniform(150, 400), rng.uniform(-0.002, 0.002)
    periods, turns = log_uniform(rng, 0.05, 20, 2), rng.uniform(0, 2 * np.pi, 2)
    heights = rng.uniform(0.05, 0.4, 2)

    def watts(t: Floats) -> Floats:
        swing = sum(
            h * np.sin(2 * np.pi * t / p + turn)
            for h, p, turn in zip(heights, periods, turns, strict=True)
        )
        return np.asarray(mean * (1 + drift * (t - start) + swing))

    return Curved.between(watts, start, end, float(periods.min()) / 4)


def flat(rng: Rng, start: float, end: float) -> Load:
    """One power of 20 to 600 W."""
    return constant(float(rng.uniform(20, 600)), end)


FAMILIES: Mapping[str, Family] = {
    "constant": flat,
    "steps": steps,
    "bursts": bursts,
    "ramps": ramps,
    "square": square,
    "train": train,
    "noise": noise,
    "waves": waves,
}


def scenario(rng: Rng, family: str) -> World:
    """A load of this family and two spans, named 'work' and 'other'."""
    lengths = log_uniform(rng, SHORTEST_S, LONGEST_S, 2)
    first = BEFORE_S + lengths[1] + rng.uniform(0, 1)
    start_ns, end_ns = to_ns(first).item(), to_ns(first + lengths[0]).item()
    last = first + lengths.sum() + AFTER_S
    load = FAMILIES[family](rng, 0.0, last)
    work = Span("work", start_ns, end_ns)
    sharp = bool(rng.random() < 0.5)
    if sharp:
        load = worked(rng, load, work, last)
    begun = first + rng.uniform(-lengths[1], lengths[0])
    on_steps = bool(rng.random() < 0.5)
    edges = load.edges if on_steps and isinstance(load, Lines | Worked) else np.array([])
    other = _snapped(edges, begun, begun + float(lengths[1]))
    return World(load, (work, other), 0.2, last, np.array([sharp, on_steps]))


def _snapped(edges: Floats, start: float, end: float) -> Span:
    """A span, its ends on the nearest of these edges where that leaves it 5 ms long."""
    if edges.size:
        near = edges[np.abs(edges[:, None] - [start, end]).argmin(axis=0)]
        if near[1] - near[0] >= SHORTEST_S and near[0] > 1 and near[1] < end + AFTER_S / 2:
            start, end = float(near[0]), float(near[1])
    return Span("other", to_ns(start).item(), to_ns(end).item())


def worked(rng: Rng, busy: Load, work: Span, last: float) -> Load:
    """Idle of 20 to 120 W, hardly noisy, around the work."""
    watts = rng.uniform(20, 120)
    edges = np.arange(0.0, last + 0.1, 0.1)
    idle = Lines.steps(edges, watts * rng.uniform(0.97, 1.03, edges.size - 1))
    return Worked(idle, busy, work.start_ns / 1e9, work.end_ns / 1e9)
