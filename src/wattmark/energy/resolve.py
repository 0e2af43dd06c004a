"""Spans × series → joules: of each span name, of each batch and of its phases, with intervals.

Net is gross less idle power × seconds, the idle power coming from the spans named `idle`
before and after the work. Intervals add up linearly, not in quadrature: the spans of one name
share their edges with their neighbours, and a smear that favours one prefill over its decode
favours them all; and the idle spans share an edge with the region that they are taken off.

Interpolation is biased for phases shorter than the sensor's tick: a 30 ms prefill at 600 W
among 100 ms ticks comes out 47 % low. `phase_table` is the one place where windows become
joules; a table regressed over all ticks of a trial can take its place there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import Curve, curve_of
from wattmark.energy.doubts import Seen, sensor_doubts, span_doubts
from wattmark.energy.series import Series
from wattmark.energy.spacing import to_seconds
from wattmark.schema import Doubt, EnergyReading, Span
from wattmark.units import NS_PER_S

BATCH = "batch"
PHASES = ("prefill", "decode", "classify")
# A counter that stands still for more of a window than this has not measured it.
FROZEN_SHARE = 0.05
IN_BATCH = ("retrieve", "host", *PHASES)


@dataclass(frozen=True)
class Resolved:
    """What the joining gave.

    `readings`: one a span name and sensor, summed over all spans of that name.
    `batches`: one a batch and sensor (span 'batch', from its first span's start to its last
    one's end), and one a batch, sensor and phase (prefill, decode, classify).
    """

    readings: tuple[EnergyReading, ...]
    batches: tuple[EnergyReading, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class PhaseTable:
    """Joules of each of some spans (nan where not measured), and how they were found."""

    bounds: Bounds
    method: str
    """counter, integrated, modelled, or regressed."""

    def rows(self, start: int, end: int) -> PhaseTable:
        """The part of the table for these spans."""
        bounds = self.bounds
        cut = (each[start:end] for each in (bounds.value, bounds.low, bounds.high))
        return PhaseTable(Bounds(*cut), self.method)


@dataclass(frozen=True)
class _Joules:
    """Seconds and joules of one figure, and how they were found; None where not measured."""

    seconds: float
    method: str
    value: float | None
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class _Idle:
    """Mean idle power and its interval, watts."""

    value: float
    low: float
    high: float


def resolve(
    spans: Sequence[Span], series: Sequence[Series], *, interval_target: float = 0.10
) -> Resolved:
    """Join spans with every sensor's series; windows wider than the target are doubted.

    `interval_target` is relative: half the interval's width by the figure.
    """
    groups = _by_name(spans)
    hulls, phases = _batch_spans(spans)
    readings: list[EnergyReading] = []
    batches: list[EnergyReading] = []
    doubts: list[Doubt] = []
    for one in series:
        curve = curve_of(one)
        doubts += sensor_doubts(one, curve)
        idle = _idle_power(curve, groups.get("idle", ()))
        for name, group in groups.items():
            table = phase_table(curve, group)
            joules = _within_region(curve, _sum(group, table), group, groups.get("measured", ()))
            readings.append(_reading(curve, name, joules, idle))
            if curve.usable:
                seen = Seen(joules.seconds, joules.value, joules.low, joules.high)
                doubts += span_doubts(
                    curve, name, group, table.bounds.value, seen, target=interval_target
                )
        batches += _batch_readings(curve, idle, hulls, phases)
    return Resolved(tuple(readings), tuple(batches), tuple(doubts))


def phase_table(curve: Curve, spans: Sequence[Span]) -> PhaseTable:
    """Joules of each of these spans, interpolated on the curve at their stamps.

    Work during which the counter stood still for longer than a tick and than `FROZEN_SHARE` of
    it is not measured: the counter may rest until its first tick in the work, and no longer.
    """
    start, end = _edges(spans)
    bounds = curve.between(start, end)
    dead = np.zeros(start.shape, dtype=np.bool_)
    for event in curve.events:
        if event.code == "counter-frozen":
            longest_s = np.maximum(curve.tick_s, FROZEN_SHARE * to_seconds(end - start))
            dead |= event.holds(start, end) | (event.overlap_s(start, end) > longest_s)
    work = np.array([span.name not in ("idle", "load") for span in spans], dtype=np.bool_)
    gone = dead & work
    # A counter that stands still under load has measured nothing: that is not a zero.
    bounds = Bounds(*(np.where(gone, np.nan, b) for b in (bounds.value, bounds.low, bounds.high)))
    return PhaseTable(bounds, curve.method)


def _edges(spans: Sequence[Span]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (
        np.array([span.start_ns for span in spans], dtype=np.int64),
        np.array([span.end_ns for span in spans], dtype=np.int64),
    )


def _by_name(spans: Sequence[Span]) -> dict[str, list[Span]]:
    groups: dict[str, list[Span]] = {}
    for span in spans:
        groups.setdefault(span.name, []).append(span)
    return groups


def _batch_spans(spans: Sequence[Span]) -> tuple[list[Span], dict[tuple[int, str], list[Span]]]:
    """Each batch as one span from its first start to its last end, and its phases' spans."""
    hulls: dict[int, Span] = {}
    phases: dict[tuple[int, str], list[Span]] = {}
    for span in spans:
        if span.batch is None or span.name not in IN_BATCH:
            continue
        known = hulls.get(span.batch, span)
        start, end = min(known.start_ns, span.start_ns), max(known.end_ns, span.end_ns)
        hulls[span.batch] = Span(BATCH, start, end, span.batch)
        if span.name in PHASES:
            phases.setdefault((span.batch, span.name), []).append(span)
    return [hulls[batch] for batch in sorted(hulls)], phases


def _batch_readings(
    curve: Curve,
    idle: _Idle | None,
    hulls: Sequence[Span],
    phases: dict[tuple[int, str], list[Span]],
) -> list[EnergyReading]:
    """Readings of whole batches and of their phases; a phase never exceeds its batch."""
    readings = []
    whole: dict[int | None, _Joules] = {}
    table = phase_table(curve, hulls)
    for k, hull in enumerate(hulls):
        joules = _sum([hull], table.rows(k, k + 1))
        whole[hull.batch] = joules
        readings.append(_reading(curve, BATCH, joules, idle, hull.batch))
    table = phase_table(curve, [span for group in phases.values() for span in group])
    at = 0
    for (batch, name), group in phases.items():
        joules = _sum(group, table.rows(at, at + len(group)))
        at += len(group)
        readings.append(_reading(curve, name, _no_more_than(joules, whole[batch]), idle, batch))
    return readings


def _sum(group: Sequence[Span], table: PhaseTable) -> _Joules:
    """All spans of a group together: not measured if one of them is not."""
    seconds = sum(span.end_ns - span.start_ns for span in group) / NS_PER_S
    bounds = table.bounds
    value = float(bounds.value.sum())
    if math.isnan(value):
        return _Joules(seconds, table.method, None)
    low, high = float(bounds.low.sum()), float(bounds.high.sum())
    return _Joules(seconds, table.method, value, low, high)


def _no_more_than(part: _Joules, whole: _Joules) -> _Joules:
    if part.value is None or whole.value is None:
        return part
    return replace(part, high=max(part.value, min(part.high, whole.high)))


def _within_region(
    curve: Curve, joules: _Joules, group: Sequence[Span], regions: Sequence[Span]
) -> _Joules:
    """A name whose spans all lie in the measured region cannot take more than the region."""
    for region in regions:
        start, end = region.start_ns, region.end_ns
        if all(start <= span.start_ns and span.end_ns <= end for span in group):
            table = phase_table(curve, [region])
            return _no_more_than(joules, _sum([region], table))
    return joules


def _idle_power(curve: Curve, spans: Sequence[Span]) -> _Idle | None:
    """Mean idle power over all idle spans that were measured; None without any.

    The interval covers the joules' own and each single span's power: idle before and after
    differ when the machine warms up, and neither is the truth for the time between.
    """
    start, end = _edges(spans)
    seconds = to_seconds(end - start)
    bounds = phase_table(curve, spans).bounds
    known = np.isfinite(bounds.value) & (seconds > 0)
    if not known.any():
        return None
    seconds, value = seconds[known], bounds.value[known]
    each = value / seconds
    total = seconds.sum()
    return _Idle(
        value=float(value.sum() / total),
        low=float(min(bounds.low[known].sum() / total, each.min())),
        high=float(max(bounds.high[known].sum() / total, each.max())),
    )


def _reading(
    curve: Curve, name: str, joules: _Joules, idle: _Idle | None, batch: int | None = None
) -> EnergyReading:
    info = curve.info
    measured = joules.value is not None
    net = net_low = net_high = None
    if joules.value is not None and idle is not None:
        net = joules.value - idle.value * joules.seconds
        net_low = joules.low - idle.high * joules.seconds
        net_high = joules.high - idle.low * joules.seconds
    return EnergyReading(
        span=name,
        sensor=info.name,
        component=info.component,
        device=info.device,
        provenance=info.provenance,
        method=joules.method,
        seconds=joules.seconds,
        gross_j=joules.value,
        low_j=joules.low if measured else None,
        high_j=joules.high if measured else None,
        net_j=net,
        net_low_j=net_low,
        net_high_j=net_high,
        gain_uncertainty=info.gain_uncertainty,
        batch=batch,
    )
