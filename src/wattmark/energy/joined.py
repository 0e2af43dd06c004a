"""A power log × spans → joules of each span and of each phase: the face of `wattmark integrate`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.energy.agree import disagreements
from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import Curve, curve_of
from wattmark.energy.doubts import Seen, sensor_doubts, span_doubts
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats
from wattmark.energy.table import Joules, by_name, phase_table
from wattmark.energy.tell import REGRESSED, Told, tell_phases, widest_of
from wattmark.schema import Doubt, Span


@dataclass(frozen=True, slots=True)
class SpanJoules:
    """Joules of one span from one sensor, at 95 %; None where not measured."""

    name: str
    sensor: str
    component: str
    start_ns: int
    end_ns: int
    gross_j: float | None
    low_j: float | None
    high_j: float | None
    method: str


@dataclass(frozen=True, slots=True)
class PhaseJoules:
    """Joules of all spans of one name from one sensor, at 95 %; None where not measured."""

    name: str
    sensor: str
    component: str
    seconds: float
    total_j: float | None
    low_j: float | None
    high_j: float | None
    mean_power_w: float | None
    method: str
    """counter, integrated, modelled, or regressed (least squares over all ticks)."""
    separable: bool
    """Whether the phase can be told from the others that share its ticks."""


@dataclass(frozen=True)
class Joined:
    """What the joining gave: `spans` in the order given, sensor by sensor."""

    spans: tuple[SpanJoules, ...]
    phases: tuple[PhaseJoules, ...]
    doubts: tuple[Doubt, ...]


def join(
    spans: Sequence[Span], series: Sequence[Series], *, interval_target: float = 0.10
) -> Joined:
    """Joules of every span and of every name of spans, from every sensor."""
    groups = by_name(spans)
    rows: list[SpanJoules] = []
    phases: list[PhaseJoules] = []
    doubts: list[Doubt] = []
    curves: list[Curve] = []
    for one in series:
        curve = curve_of(one, spans)
        curves.append(curve)
        doubts += sensor_doubts(one, curve)
        told = tell_phases(curve, one, spans)
        rows += _rows(curve, spans, told)
        for name, group in groups.items():
            joules = told.joules[name]
            phases.append(_phase(curve, name, joules, separable=told.separable[name]))
            if curve.usable:
                each = phase_table(curve, group).bounds.value
                seen = Seen(joules.seconds, joules.value, joules.low, joules.high)
                target = math.inf if name in told.mixed else interval_target
                doubts += span_doubts(curve, name, group, each, seen, target=target)
        doubts += told.doubts
    if spans:
        whole = min(s.start_ns for s in spans), max(s.end_ns for s in spans)
        doubts += disagreements(curves, [Span("all", *whole)])
    return Joined(tuple(rows), tuple(phases), tuple(doubts))


def _rows(curve: Curve, spans: Sequence[Span], told: Told) -> list[SpanJoules]:
    table = phase_table(curve, spans)
    bounds = table.bounds
    methods = [told.joules[span.name].method for span in spans]
    if told.fit is not None:
        fitted = np.array([method == REGRESSED for method in methods])
        better = told.fit.spans(spans)
        bounds = Bounds(
            np.where(fitted, better.value, bounds.value),
            np.where(fitted, better.low, bounds.low),
            np.where(fitted, better.high, bounds.high),
        )
    smeared = np.array([span.name in told.mixed for span in spans], dtype=np.bool_)
    if smeared.any():
        widest = widest_of(curve, spans)
        bounds = Bounds(
            bounds.value,
            np.where(smeared, np.minimum(bounds.low, 0.0), bounds.low),
            np.where(smeared, np.fmax(bounds.high, widest), bounds.high),
        )
    name, component = curve.info.name, curve.info.component
    value, low, high = (_known(each) for each in (bounds.value, bounds.low, bounds.high))
    return [
        SpanJoules(span.name, name, component, span.start_ns, span.end_ns, v, lo, hi, method)
        for span, v, lo, hi, method in zip(spans, value, low, high, methods, strict=True)
    ]


def _phase(curve: Curve, name: str, joules: Joules, *, separable: bool) -> PhaseJoules:
    value = joules.value
    return PhaseJoules(
        name,
        curve.info.name,
        curve.info.component,
        joules.seconds,
        value,
        None if value is None else joules.low,
        None if value is None else joules.high,
        value / joules.seconds if value is not None and joules.seconds > 0 else None,
        joules.method,
        separable,
    )


def _known(figures: Floats) -> list[float | None]:
    """Plain numbers, None where not measured."""
    plain: list[float | None] = figures.tolist()
    for k in np.flatnonzero(np.isnan(figures)).tolist():
        plain[k] = None
    return plain
