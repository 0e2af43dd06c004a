"""Which figure is told of each name of spans: the curve's, or that of least squares.

Least squares is told of spans that are short for the sensor, where it parts them from the others
and agrees with the curve in the sum. Where no fit can part them, that is said, with the joules of
them together, and the interval holds anything that may have flowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wattmark.energy.beside import BESIDE
from wattmark.energy.curve import Curve
from wattmark.energy.doubts import AT_REST, UNQUOTED
from wattmark.energy.phasefit import LEAST_KNOWN, PhaseFit
from wattmark.energy.phases import fit_phases, smeared_by
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats
from wattmark.energy.table import Joules, by_name, edges, phase_table, summed
from wattmark.schema import Doubt, Span
from wattmark.units import NS_PER_S, engineering, s_to_ns

REGRESSED = "regressed"
# The fit's joules of all that was fitted agree with the curve's to this part of them, or better.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Told:
    """Joules of each name of spans, and whether each is told from the others."""

    joules: Mapping[str, Joules]
    separable: Mapping[str, bool]
    fit: PhaseFit | None
    """The fit, where any name is told by it."""
    doubts: tuple[Doubt, ...] = ()
    mixed: tuple[str, ...] = ()
    """Names that are not told apart, which a doubt says: no window would be long enough."""


def tell_phases(curve: Curve, series: Series, spans: Sequence[Span]) -> Told:
    """Joules of every name of spans from one sensor."""
    groups = by_name(spans)
    read = {name: summed(group, phase_table(curve, group)) for name, group in groups.items()}
    fit = fit_phases(curve, series, spans)
    doubts: list[Doubt] = []
    if fit is not None and (doubt := _disagreeing(curve, fit)) is not None:
        doubts.append(doubt)
        fit = None
    joules: dict[str, Joules] = {}
    separable: dict[str, bool] = {}
    mixed: list[str] = []
    for name, figure in read.items():
        fitted = _fitted(fit, name, figure)
        joules[name] = fitted or figure
        separable[name] = fitted is not None or _clear(figure)
        if fitted is None and len(groups[name]) > 1 and smeared_by(curve, groups[name]):
            joules[name] = _smeared(curve, figure, groups[name])
            separable[name] = False
            if figure.value is not None and name not in (*UNQUOTED, *AT_REST):
                mixed.append(name)
    if mixed:
        doubts.append(_inseparable(curve, mixed, [span for name in mixed for span in groups[name]]))
    if fit is not None and fit.lag_s:
        doubts.append(_late(curve, fit.lag_s))
    if fit is not None and fit.beside is not None:
        doubts.append(_unnamed(curve, fit))
    used = fit if any(figure.method == REGRESSED for figure in joules.values()) else None
    return Told(joules, separable, used, tuple(doubts), tuple(mixed))


def _fitted(fit: PhaseFit | None, name: str, read: Joules) -> Joules | None:
    """The fit's figure, where it is separable; None where the curve does better."""
    if fit is None or name not in fit.names or read.value is None or not fit.separable():
        return None
    value, half = fit.total((name,))
    return Joules(read.seconds, REGRESSED, value, max(0.0, value - half), value + half)


def widest_of(curve: Curve, spans: Sequence[Span]) -> Floats:
    """The most that each span can have taken: all of the ticks and windows that hold some of it."""
    reach_ns = s_to_ns(curve.tick_s + (curve.info.averaging_window_s or 0.0))
    first, last = curve.span_ns
    start, end = edges(spans)
    return curve.between(np.maximum(first, start - reach_ns), np.minimum(last, end + reach_ns)).high


def _smeared(curve: Curve, read: Joules, group: Sequence[Span]) -> Joules:
    """Spans that share ticks with others and that no fit parts: anything up to all that flowed.

    The curve's own intervals add up as if the smear of each were by chance, and it is not.
    """
    if read.value is None:
        return read
    whole = Span("all", min(s.start_ns for s in group), max(s.end_ns for s in group))
    most = min(float(np.sum(widest_of(curve, group))), float(widest_of(curve, [whole])[0]))
    return replace(read, low=0.0, high=max(read.value, most))


def _clear(read: Joules) -> bool:
    """Whether the curve alone tells the name from what ran beside it."""
    if read.value is None or read.value <= 0:
        return False
    return (read.high - read.low) / 2 <= LEAST_KNOWN * read.value


def _disagreeing(curve: Curve, fit: PhaseFit) -> Doubt | None:
    """Whether the fit's joules of the whole stretch contradict the readings."""
    start, end, value, half = fit.whole()
    bounds = curve.between([start], [end])
    low, high = float(bounds.low[0]), float(bounds.high[0])
    slack = TOLERANCE * float(bounds.value[0])
    if not value + half < low - slack and not value - half > high + slack:
        return None
    return Doubt(
        "phases-disagree",
        f"{curve.info.name}: least squares over the phases gives {engineering(value, 'J')} in all, "
        f"the readings {engineering(low, 'J')} to {engineering(high, 'J')}.",
        "The phases are not told by it; check the sensor's period, window and lag "
        "(wattmark calibrate).",
    )


def _late(curve: Curve, lag_s: float) -> Doubt:
    return Doubt(
        "sensor-lag",
        f"{curve.info.name}: its readings come {engineering(lag_s, 's')} later than it tells, as "
        "the phases show; joules by least squares allow for it, those of single windows do not.",
        "Tell it as lag_s, or find it by 'wattmark calibrate'.",
    )


def _unnamed(curve: Curve, fit: PhaseFit) -> Doubt:
    where = "" if fit.beside is None else fit.beside.where()
    told = (
        "it is kept apart from them"
        if BESIDE in frozenset().union(*fit.states.states)
        else "it cannot be kept apart from them, so their joules may hold it"
    )
    return Doubt(
        "unnamed-load",
        f"{curve.info.name}: the readings show load beside {_listed(fit.names)} that no span "
        f"names, {where}: {told}.",
        "Give it a span of its own, or stamp the phases where their work begins and ends.",
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)


def _inseparable(curve: Curve, names: Sequence[str], spans: Sequence[Span]) -> Doubt:
    listed = _listed(names)
    what = "cannot be told from each other" if len(names) > 1 else "cannot be told from the rest"
    start, end = min(s.start_ns for s in spans), max(s.end_ns for s in spans)
    whole = curve.between([start], [end])
    said = (
        f"{engineering(float(whole.value[0]), 'J')} in {engineering((end - start) / NS_PER_S, 's')}"
    )
    return Doubt(
        "not-separable",
        f"{curve.info.name}: {listed} {what}: they share the sensor's ticks (every "
        f"{engineering(curve.tick_s, 's')}) always in the same way, too few were seen, or it was "
        f"read too seldom. From the first to the last, pauses included, {said} flowed.",
        "Sample at least twice as often as the sensor updates, let the pauses between batches "
        "and their lengths vary, and measure more batches.",
    )
