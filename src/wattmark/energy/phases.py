"""Joules of phases shorter than a sensor can tell apart, and whether they can be told at all.

Prefill and decode of short answers share the sensor's ticks, and a curve read at their edges
smears one into the other. All ticks of a trial together still tell their powers (`regress`).
Here it is decided for which names of spans that is asked, whether the answer is better than the
curve's, and whether it can be believed: it has to agree with what the curve allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from threadpoolctl import threadpool_limits

from wattmark.energy.beside import cuts, likeliest
from wattmark.energy.curve import Curve
from wattmark.energy.design import Design
from wattmark.energy.doubts import UNQUOTED
from wattmark.energy.fitted import student
from wattmark.energy.phasefit import PhaseFit
from wattmark.energy.regress import BENT, regress
from wattmark.energy.series import Series
from wattmark.energy.shifts import SHIFTS, asked_of
from wattmark.energy.spacing import Floats
from wattmark.energy.states import NEGLIGIBLE, Timeline, timeline
from wattmark.energy.table import edges as stamps_of
from wattmark.energy.updates import Updates, find_updates
from wattmark.schema import Span
from wattmark.units import ns_to_s, s_to_ns

# Spans that last this many ticks on average are read off the curve well enough.
LONG_TICKS = 10.0
# Spans below this many ticks (and a window) err by more than chance.
SMEARED_TICKS = 2.5
# Fewer spans of a name tell nothing of their scatter.
FEWEST_SPANS = 5
# Where the averaging window had to be found too, intervals are this much wider (by simulation).
UNTOLD = 2.0
# How much of the time before and after the phases is fitted with them, in ticks.
MARGIN_TICKS = 20
# Long stretches are cut into pieces of this many ticks, so that their power may drift.
PIECE_TICKS = 3.0
# Averaging windows that are tried where the sensor does not tell its own, seconds; the best of
# them is then refined between its neighbours.
WINDOWS_S = np.concatenate([np.geomspace(0.005, 0.2, 16), np.arange(0.25, 2.05, 0.05)])
# Lags that are tried, and by how much (log-likelihood) one must explain the readings better.
LONGEST_LAG_S, SURELY = 0.5, 15.0
# Cuts of the pauses beside phases that are fitted, of those that promise to explain as much better.
MOST_CUTS = 3
# A lag that differs from a shift which the brackets allow by less than this share of them is none.
NO_LAG = 0.1
# Updates on which lags and windows are tried.
MOST_TRIED = 2000
# Readings of unknown age must be younger than this part of the shortest phase.
LEAST_SHARP = 0.1


# Events in which readings are not true: nothing is fitted to them.
UNTRUE = ("counter-frozen", "counter-stalled", "power-above-limit")


def fit_phases(curve: Curve, series: Series, spans: Sequence[Span]) -> PhaseFit | None:
    """Fit the names whose spans are short for the sensor; None where none is, or none can be.

    Names whose spans lie in part outside of the readings, or across joules that were lost, are
    not asked for. It runs on one thread: for matrices of this size several threads of a linear
    algebra library spend their time waiting for each other, the more so on a busy machine.
    """
    with threadpool_limits(1, user_api="blas"):
        return _fit(curve, series, spans)


def _fit(curve: Curve, series: Series, spans: Sequence[Span]) -> PhaseFit | None:
    names = _short(curve, spans)
    if len(names) == 0:
        return None
    concerned = [span for span in spans if span.name in names]
    margin_ns = s_to_ns(MARGIN_TICKS * curve.tick_s)
    first, last = curve.span_ns
    begin_ns = max(first, min(span.start_ns for span in concerned) - margin_ns)
    end_ns = min(last, max(span.end_ns for span in concerned) + margin_ns)
    if end_ns <= begin_ns:
        return None
    shortest_s = min(_mean_s([s for s in concerned if s.name == name]) for name in names)
    updates = [
        kept
        for found in find_updates(series, begin_ns)
        if (kept := _within(found, ns_to_s(end_ns - begin_ns))) is not None
        and (kept.phased or _age_s(kept) <= LEAST_SHARP * shortest_s)
    ]
    if not updates:
        return None
    counts = curve.method != "integrated"
    # Sampled power speaks of the time before its first reading too.
    longest_s = 0.0 if counts else (curve.info.averaging_window_s or float(WINDOWS_S[-1]))
    states = timeline(spans, begin_ns - s_to_ns(longest_s + curve.tick_s), end_ns, begin_ns)
    pieces = states.cut(max(PIECE_TICKS * curve.tick_s, 1e-3))
    window_s = None if counts else _window(curve, updates, states, pieces)
    floor = curve.info.quantum_j / math.sqrt(12)
    design = Design(updates, states, pieces, window_s=window_s, floor=floor)
    # A model follows its load by definition.
    lag_s = 0.0 if curve.info.kind == "estimate" else _lag(design, shortest_s)
    try:
        fitted = regress(design)
        if lag_s > 0:
            late = regress(design.moved(lag_s))
            lag_s, fitted = max((0.0, fitted), (lag_s, late), key=lambda each: each[1].evidence)
    except np.linalg.LinAlgError:  # columns that are the same throughout: nothing parts them
        return None
    quantile = student(_fewest_seen(updates, states, names, window_s))
    if not counts and curve.info.averaging_window_s is None:
        quantile *= UNTOLD
    fit = PhaseFit(names, states, pieces, fitted, begin_ns, quantile, lag_s)
    return _with_beside(fit, design, spans, concerned)


def _with_beside(
    plain: PhaseFit, design: Design, spans: Sequence[Span], concerned: Sequence[Span]
) -> PhaseFit:
    """The fit, or one that knows of load beside the phases, where the readings surely show it.

    A load that cannot be told from the phases leaves them as they are, and is kept to be said.
    """
    quoted = [span for span in concerned if span.name not in UNQUOTED]
    tried = [(cut, _cut(plain, design, [*spans, *cut.spans])) for cut in cuts(quoted)]
    misfits = [_misfit(of, design) for _, of in tried]
    misfit = _misfit(design, design)
    found: list[PhaseFit] = []
    for k in likeliest(misfits, misfit, SURELY, MOST_CUTS):
        cut, of = tried[k]
        try:
            fitted = regress(of)
        except np.linalg.LinAlgError:  # the cut is a phase's twin
            continue
        # Ticks may run away where little else is left to explain.
        if fitted.evidence > plain.fitted.evidence + SURELY and _misfit(of, of) < misfit - SURELY:
            fit = replace(plain, states=of.timeline, pieces=of.pieces, fitted=fitted, beside=cut)
            found.append(replace(fit, lag_s=0.0))
    if not found:
        return plain
    told = [fit for fit in found if fit.separable()]
    return max(told or [replace(plain, beside=found[0].beside)], key=lambda f: f.fitted.evidence)


def _cut(plain: PhaseFit, design: Design, spans: Sequence[Span]) -> Design:
    """The design with more spans, before its shifts are sought."""
    begin, end = (plain.origin_ns + s_to_ns(float(plain.states.edges[k])) for k in (0, -1))
    states = timeline(spans, begin, end, plain.origin_ns)
    return Design(
        design.ticks,
        states,
        states.cut(float(plain.pieces.lengths.max())),
        window_s=design.window_s,
        floor=design.floor,
    )


def _misfit(design: Design, shifted: Design) -> float:
    """Less its constant, −log likelihood of the readings by plain least squares, at its shifts."""
    some, at = design.some(MOST_TRIED), shifted.some(MOST_TRIED).times()
    square = float(some.plain(at[None], BENT)[1][0])
    return at.size / 2 * math.log(max(square, some.least_noise() ** 2))


def _fewest_seen(
    updates: list[Updates], states: Timeline, names: Sequence[str], window_s: float | None
) -> int:
    """How many readings saw the name that fewest of them saw; of those that are quoted."""
    seen = np.zeros(len(states.states))
    for each in updates:
        end = states.occupancy(each.at(0.0))
        begun = end[:-1] if window_s is None else states.occupancy(each.at(0.0) - window_s)
        seen += (end[end.shape[0] - begun.shape[0] :] - begun > 0).sum(axis=0)
    counts = [
        seen[[name in state for state in states.states]].sum()
        for name in names
        if name not in UNQUOTED
    ]
    return int(min(counts, default=seen.sum()))


def _mean_s(group: Sequence[Span]) -> float:
    start, end = stamps_of(group)
    return ns_to_s(int((end - start).sum())) / len(group)


def _age_s(updates: Updates) -> float:
    """How old a reading can be, where the ticks behind it are not seen."""
    return float(np.max(updates.high_s - updates.low_s))


def _short(curve: Curve, spans: Sequence[Span]) -> tuple[str, ...]:
    """Names of which there are enough spans, short for the sensor and measured throughout."""
    if not curve.usable:
        return ()
    by_name: dict[str, list[Span]] = {}
    for span in spans:
        by_name.setdefault(span.name, []).append(span)
    seconds = {name: sum(span.seconds for span in group) for name, group in by_name.items()}
    least_s = NEGLIGIBLE * max(seconds.values(), default=0.0)
    names = []
    for name, group in by_name.items():
        enough = len(group) >= FEWEST_SPANS and seconds[name] > least_s and not _overlap(group)
        if enough and short_for(curve, group) and _measured(curve, group):
            names.append(name)
    return tuple(names)


def _overlap(group: Sequence[Span]) -> bool:
    """Whether spans of one name run at once: their joules are not those of the time they fill."""
    start, end = stamps_of(group)
    order = np.argsort(start, kind="stable")
    return bool((start[order][1:] < end[order][:-1]).any())


def short_for(curve: Curve, group: Sequence[Span]) -> bool:
    """Whether spans are so short that the curve smears them with their neighbours."""
    return _mean_s(group) < LONG_TICKS * curve.tick_s


def smeared_by(curve: Curve, group: Sequence[Span]) -> bool:
    """Whether spans share most of their ticks with others, so that every one errs the same way."""
    blur_s = SMEARED_TICKS * curve.tick_s + (curve.info.averaging_window_s or 0.0)
    return _mean_s(group) < blur_s


def _measured(curve: Curve, group: Sequence[Span]) -> bool:
    start, end = stamps_of(group)
    if np.isnan(curve.between(start, end).value).any():
        return False
    return not any(
        event.touched(start, end).any() for event in curve.events if event.code in UNTRUE
    )


def _within(updates: Updates, end_s: float) -> Updates | None:
    inside = np.flatnonzero((updates.low_s >= 0) & (updates.high_s <= end_s))
    if inside.size < FEWEST_SPANS:
        return None
    return updates.part(slice(int(inside[0]), int(inside[-1]) + 1))


def _lag(design: Design, shortest_s: float) -> float:
    """How late the readings come, where that explains them surely better; else 0.

    Shapes inside the phases are fitted with it, so that a power that comes late of its own does
    not pass for a lag; nor does timing so regular that many lags fit alike.
    """
    some = design.some(MOST_TRIED)
    at = some.times()

    def misfit(lags_s: Floats, of: Design, at: Floats) -> Floats:
        least = of.least_noise() ** 2
        squares = of.plain(at - lags_s[:, None], BENT)[1]
        return np.asarray(at.size / 2 * np.log(np.maximum(squares, least)))

    step_s = max(shortest_s / 4, LONGEST_LAG_S / 200)
    tried = np.arange(0.0, LONGEST_LAG_S, step_s)
    misfits = misfit(tried, some, at)
    alike = tried[misfits < misfits.min() + SURELY]
    if alike[-1] - alike[0] > 3 * step_s:
        return 0.0
    best = float(tried[int(np.argmin(misfits))])
    around = max(0.0, best - step_s), best + step_s
    found = minimize_scalar(
        lambda lag_s: float(misfit(np.array([lag_s]), some, at)[0]),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-5},
    )
    surely = misfits[0] - float(found.fun) > SURELY
    return float(found.x) if surely and not _shifted(design, float(found.x)) else 0.0


def _shifted(design: Design, lag_s: float) -> bool:
    """Whether readings may seem late only because their ticks are not where they were taken to be.

    The brackets say so where they allow for ticks that came as much earlier.
    """
    for ticks in design.ticks:
        if ticks.phased:
            asked = asked_of(ticks)
            width = float(np.median(asked.high_s - asked.low_s))
            shifts = SHIFTS * width
            likely = asked.likelihood(shifts, asked.jitter_s(shifts))
            allowed = shifts[likely > likely.max() - SURELY]
            if np.abs(allowed + lag_s).min() < NO_LAG * width:
                return True
    return False


def _window(curve: Curve, updates: list[Updates], states: Timeline, pieces: Timeline) -> float:
    """The averaging window: the sensor's own, or the one that leaves the least residual."""
    told = curve.info.averaging_window_s
    if told is not None:
        return told

    def residual(window_s: float) -> float:
        model = Design(updates, states, pieces, window_s=window_s, floor=0.0).some(MOST_TRIED)
        return float(model.plain(model.times()[None])[1][0]) / window_s**2

    left = [residual(float(window_s)) for window_s in WINDOWS_S]
    best = int(np.argmin(left))
    around = float(WINDOWS_S[max(0, best - 1)]), float(WINDOWS_S[min(best + 1, len(left) - 1)])
    refined = minimize_scalar(residual, bounds=around, method="bounded", options={"xatol": 1e-4})
    return float(refined.x) if refined.fun < left[best] else float(WINDOWS_S[best])
