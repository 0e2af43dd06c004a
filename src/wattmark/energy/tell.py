"""Which figure is told of each name of spans: the curve's, or that of least squares.

Least squares is told where it is narrower than the curve and agrees with it. Phases that share
their ticks in a way that no fit can part are said to be not separable, with the joules of them
together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattmark.energy.curve import Curve
from wattmark.energy.phases import LEAST_KNOWN, PhaseFit, fit_phases
from wattmark.energy.series import Series
from wattmark.energy.table import Joules, by_name, phase_table, summed
from wattmark.schema import Doubt, Span
from wattmark.units import engineering

REGRESSED = "regressed"


@dataclass(frozen=True)
class Told:
    """Joules of each name of spans, and whether each is told from the others."""

    joules: Mapping[str, Joules]
    separable: Mapping[str, bool]
    fit: PhaseFit | None
    """The fit, where any name is told by it."""
    doubts: tuple[Doubt, ...] = ()


def tell_phases(curve: Curve, series: Series, spans: Sequence[Span]) -> Told:
    """Joules of every name of spans from one sensor."""
    groups = by_name(spans)
    read = {name: summed(group, phase_table(curve, group)) for name, group in groups.items()}
    fit = fit_phases(curve, series, spans)
    joules: dict[str, Joules] = {}
    separable: dict[str, bool] = {}
    doubts: list[Doubt] = []
    mixed: list[str] = []
    for name, figure in read.items():
        fitted = _fitted(fit, name, figure)
        if fitted is not None and not _agree(fitted, figure):
            doubts.append(_disagreeing(curve, name, fitted, figure))
            fitted = None
        joules[name] = fitted or figure
        separable[name] = fitted is not None or _clear(figure)
        if fit is not None and name in fit.names and not separable[name]:
            mixed.append(name)
    if mixed and fit is not None:
        doubts.append(_inseparable(curve, mixed, groups, fit))
    used = fit if any(figure.method == REGRESSED for figure in joules.values()) else None
    return Told(joules, separable, used, tuple(doubts))


def _fitted(fit: PhaseFit | None, name: str, read: Joules) -> Joules | None:
    """The fit's figure, where it is separable and narrower than what the curve says."""
    if fit is None or name not in fit.names or not fit.separable(name) or read.value is None:
        return None
    value, half = fit.total((name,))
    if 2 * half >= read.high - read.low:
        return None
    return Joules(read.seconds, REGRESSED, value, max(0.0, value - half), value + half)


def _agree(fitted: Joules, read: Joules) -> bool:
    return fitted.low <= read.high and fitted.high >= read.low


def _clear(read: Joules) -> bool:
    """Whether the curve alone tells the name from what ran beside it."""
    if read.value is None or read.value <= 0:
        return False
    return (read.high - read.low) / 2 <= LEAST_KNOWN * read.value


def _disagreeing(curve: Curve, name: str, fitted: Joules, read: Joules) -> Doubt:
    return Doubt(
        "phases-disagree",
        f"{curve.info.name}, '{name}': least squares says {engineering(fitted.value, 'J')}, "
        f"the readings allow {engineering(read.low, 'J')} to {engineering(read.high, 'J')}.",
        "The figure read off the curve is told; check the sensor's period, window and lag "
        "(wattmark calibrate).",
    )


def _inseparable(
    curve: Curve, names: Sequence[str], groups: Mapping[str, Sequence[Span]], fit: PhaseFit
) -> Doubt:
    listed = " and ".join(f"'{name}'" for name in names)
    together, half = fit.total(names)
    seconds = sum(span.seconds for name in names for span in groups[name])
    what = "cannot be told from each other" if len(names) > 1 else "cannot be told from the rest"
    known = all(fit.determined(name) for name in names) or half < LEAST_KNOWN * together
    said = ""
    if known and together > 0:
        said = (
            f"; together they took {engineering(together, 'J')} ± {engineering(half, 'J')} "
            f"in {engineering(seconds, 's')}"
        )
    return Doubt(
        "not-separable",
        f"{curve.info.name}: {listed} {what}: they share the sensor's ticks (every "
        f"{engineering(curve.tick_s, 's')}) always in the same way, or too few were seen{said}.",
        "Let the pauses between batches vary, vary the lengths, measure more batches, or sample "
        "more often.",
    )
