"""A power log × spans → joules of each span and of each phase: the face of `wattmark integrate`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wattmark.energy.curve import Curve, curve_of
from wattmark.energy.doubts import Seen, sensor_doubts, span_doubts
from wattmark.energy.resolve import phase_table
from wattmark.energy.series import Series
from wattmark.schema import Doubt, Span
from wattmark.units import NS_PER_S


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
    rows: list[SpanJoules] = []
    phases: list[PhaseJoules] = []
    doubts: list[Doubt] = []
    for one in series:
        curve = curve_of(one)
        doubts += sensor_doubts(one, curve)
        rows += _rows(curve, spans)
        for name in dict.fromkeys(span.name for span in spans):
            group = [span for span in spans if span.name == name]
            phase, found = _phase(curve, name, group, interval_target)
            phases.append(phase)
            doubts += found
    return Joined(tuple(rows), tuple(phases), tuple(doubts))


def _rows(curve: Curve, spans: Sequence[Span]) -> list[SpanJoules]:
    table = phase_table(curve, spans)
    bounds = table.bounds
    return [
        SpanJoules(
            name=span.name,
            sensor=curve.info.name,
            component=curve.info.component,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
            gross_j=_known(bounds.value[k]),
            low_j=_known(bounds.low[k]),
            high_j=_known(bounds.high[k]),
            method=table.method,
        )
        for k, span in enumerate(spans)
    ]


def _phase(
    curve: Curve, name: str, group: Sequence[Span], target: float
) -> tuple[PhaseJoules, list[Doubt]]:
    table = phase_table(curve, group)
    seconds = sum(span.end_ns - span.start_ns for span in group) / NS_PER_S
    value, low, high = (
        _known(float(each.sum()))
        for each in (table.bounds.value, table.bounds.low, table.bounds.high)
    )
    phase = PhaseJoules(
        name,
        curve.info.name,
        curve.info.component,
        seconds,
        value,
        low,
        high,
        value / seconds if value is not None and seconds > 0 else None,
        table.method,
        separable=False,
    )
    if not curve.usable:
        return phase, []
    seen = Seen(seconds, value, low or 0.0, high or 0.0)
    return phase, span_doubts(curve, name, group, table.bounds.value, seen, target=target)


def _known(figure: float) -> float | None:
    return None if math.isnan(figure) else float(figure)
