"""Whether a replicate's joules are of the work it was meant to measure, as doubts on good figures.

Each rule is a function of stamps and readings and changes no figure. What is wrong with a sensor's
readings themselves (a fall, a jump beyond the limit, a pause) is found by the curves; these rules
look at the machine:

- Throttled: its clocks were held down, so that its speed and power are not its own.
- Temperature: leakage makes power rise with temperature [Price et al., GTC 2014 S4484], so that a
  machine that still warms up is not at the power that it settles at.
- Idle: work below the idle power, or an idle power that moved, makes net joules doubtful.
- Telemetry: less than three quarters of the readings came.
- Clocks: a wall clock that was set makes the labels wrong, and no figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats, Ints, to_seconds
from wattmark.energy.table import phase_table
from wattmark.schema import Doubt, EnergyReading, Sample, Span
from wattmark.units import clock_time, engineering

THROTTLED_SHARE = 0.01
"""Below this share of the time it moves joules by less than any interval here is wide."""
DRIFT_C = 10.0
"""Ours: well above what a steady board's temperature wanders by under a steady load."""
FEWEST_TEMPERATURES = 8
IDLE_CHANGE = 0.02
"""Of the measured region's mean power: net joules move by no more than this."""
COVERAGE = 0.75
FEWEST_INTERVALS = 4
STEPPED_S = 0.1


class Short(StrEnum):
    """Why a region was not made longer although its joules are not known to the target."""

    BUDGET = "budget"
    TIMEOUT = "timeout"
    ANSWERS = "answers"
    NO_HELP = "no help"
    NOT_MEASURED = "not measured"


# A difference of joules below this part of them is the rounding of their sums.
ROUNDING = 1e-9


def validity_doubts(
    spans: Sequence[Span],
    series: Sequence[Series],
    samples: Sequence[Sample],
    readings: Sequence[EnergyReading],
    *,
    sample_interval_s: float,
) -> list[Doubt]:
    """All rules that need a measured region; none without one.

    `series` and `readings` are of the sensors that count, `samples` are theirs in any order.
    """
    region = next((span for span in spans if span.name == "measured"), None)
    if region is None:
        return []
    idles = sorted((s for s in spans if s.name == "idle"), key=lambda span: span.start_ns)
    return [
        *throttled(samples, region),
        *temperature_drift(samples, region, idles),
        *below_idle(readings),
        *idle_changed(series, region, idles),
        *low_coverage(series, region, sample_interval_s, samples),
    ]


def throttled(samples: Iterable[Sample], region: Span) -> Iterator[Doubt]:
    """Clocks held down in the measured region; a reading's words hold until the next one."""
    for name, mine in _by_sensor(samples).items():
        held_s = _held_s([sample.time_ns for sample in mine], region)
        known_s = float(held_s.sum())
        by_reason: dict[str, float] = {}
        for sample, seconds in zip(mine, held_s, strict=True):
            if sample.throttle and seconds > 0:
                by_reason[sample.throttle] = by_reason.get(sample.throttle, 0.0) + float(seconds)
        share = sum(by_reason.values()) / known_s if known_s > 0 else 0.0
        if share >= THROTTLED_SHARE:
            words = ", ".join(sorted(by_reason, key=lambda word: -by_reason[word]))
            yield Doubt(
                "throttled",
                f"{name}: its clocks were held down for {share:.0%} of the measured region "
                f"({words}).",
                "Its speed and joules are those of a held-down device: see to its cooling, its "
                "power limit and its fixed clocks, or say so with the figures.",
            )


def temperature_drift(
    samples: Iterable[Sample], region: Span, idles: Sequence[Span]
) -> Iterator[Doubt]:
    """More than DRIFT_C from the region's first quarter to its last, or from idle to idle."""
    for name, mine in _by_sensor(samples).items():
        told = [(s.time_ns, s.temperature_c) for s in mine if s.temperature_c is not None]
        time_ns = np.array([stamp for stamp, _ in told], dtype=np.int64)
        degrees = np.array([figure for _, figure in told], dtype=np.float64)
        inside = _of(region, time_ns)
        if np.count_nonzero(inside) >= FEWEST_TEMPERATURES:
            quarters = np.array_split(degrees[inside], 4)
            yield from _drifted(
                name, "during the measured region", quarters[0].mean(), quarters[3].mean()
            )
        rests = [degrees[_of(idle, time_ns)] for idle in idles]
        if len(rests) > 1 and rests[0].size and rests[-1].size:
            yield from _drifted(
                name, "from the idle before to the idle after", rests[0].mean(), rests[-1].mean()
            )


def _drifted(name: str, when: str, first_c: float, last_c: float) -> Iterator[Doubt]:
    if abs(last_c - first_c) <= DRIFT_C:
        return
    word = "warmed" if last_c > first_c else "cooled"
    yield Doubt(
        "temperature-drift",
        f"{name}: it {word} by {abs(last_c - first_c):.0f} °C {when} "
        f"({first_c:.0f} to {last_c:.0f} °C).",
        "Power rises with temperature: give it more --warmups, until it is steady.",
    )


def below_idle(readings: Iterable[EnergyReading]) -> Iterator[Doubt]:
    """Work that took less than idle, beyond both intervals."""
    for reading in readings:
        if reading.span != "measured" or reading.net_high_j is None or reading.gross_j is None:
            continue
        if reading.net_high_j >= -ROUNDING * reading.gross_j:
            continue
        yield Doubt(
            "power-below-idle",
            f"{reading.sensor}: the measured region took at least "
            f"{engineering(-reading.net_high_j, 'J')} less than idle would have.",
            "Idle was not idle, or the work ran elsewhere: look for other load at idle, and for "
            "the device that the work ran on.",
        )


def idle_changed(series: Sequence[Series], region: Span, idles: Sequence[Span]) -> Iterator[Doubt]:
    """Idle power before and after, further apart than their intervals and than matters."""
    if len(idles) < 2:
        return
    spans = [idles[0], idles[-1], region]
    seconds = np.array([span.seconds for span in spans])
    if not (seconds > 0).all():
        return
    for one in series:
        bounds = phase_table(curve_of(one), spans).bounds
        before, after, work = bounds.value / seconds
        low, high = bounds.low / seconds, bounds.high / seconds
        # Also False where one of them was not measured (nan).
        apart = low[1] > high[0] or low[0] > high[1]
        if apart and abs(after - before) > IDLE_CHANGE * work:
            yield Doubt(
                "idle-changed",
                f"{one.info.name}: idle took {engineering(before, 'W')} before the work and "
                f"{engineering(after, 'W')} after it, further apart than their intervals.",
                "Net joules lie anywhere between: their interval has both. Stop other work, let "
                "the machine settle, or measure idle for longer (--idle).",
            )


def low_coverage(
    series: Sequence[Series],
    region: Span,
    sample_interval_s: float,
    samples: Iterable[Sample] = (),
) -> Iterator[Doubt]:
    """Sensors of which less than COVERAGE of the readings came in the measured region.

    A sensor that tells at its own pace is judged by that: by its update period, and where there
    are empty ones among its `samples` (it had nothing new) by its usual spacing too.
    """
    paced = {sample.sensor for sample in samples if _empty(sample)}
    for one in series:
        every_s = max(sample_interval_s, one.info.update_period_s or 0.0)
        if one.info.name in paced and one.time_ns.size > 1:
            every_s = max(every_s, float(np.median(to_seconds(np.diff(one.time_ns)))))
        expected = region.seconds / every_s
        if expected < FEWEST_INTERVALS:
            continue
        inside = one.time_ns[_of(region, one.time_ns)]
        if one.time_ns.size < 2:
            continue  # said by itself: no samples
        stamps = np.concatenate([[region.start_ns], inside, [region.end_ns]])
        spacings = to_seconds(np.diff(stamps)) / every_s
        share = 1 - float(np.maximum(0.0, np.round(spacings) - 1).sum()) / expected
        if share < COVERAGE:
            yield Doubt(
                "low-coverage",
                f"{one.info.name}: {max(0.0, share):.0%} of the readings of the measured region "
                f"came, one every {engineering(every_s, 's')} was expected.",
                "Look for failing or slow readings, or sample less often (--interval).",
            )


def clock_stepped(step_s: float) -> Iterator[Doubt]:
    """The wall clock was set while the replicate ran."""
    if abs(step_s) > STEPPED_S:
        yield Doubt(
            "clock-stepped",
            f"The wall clock was set {'forward' if step_s > 0 else 'back'} by "
            f"{clock_time(abs(step_s))} while this replicate ran.",
            "No figure uses it, but labels such as started_at do: check them before joining this "
            "run with logs from elsewhere.",
        )


def sensors_hung(missed: Mapping[str, int], patience_s: float) -> Iterator[Doubt]:
    """Sensors that could not be read at the edges of a region: name → edges."""
    for name, count in missed.items():
        yield Doubt(
            "sensor-hung",
            f"{name}: its reading did not end within {patience_s:g} s at {count} of the edges of "
            "idle and of the measured region, and the work went on without it.",
            "These windows lack a sharp edge, so their intervals are wider: leave it out if it "
            "goes on to hang.",
        )


def relative_half_width(value: float | None, low: float | None, high: float | None) -> float | None:
    """Half an interval's width by its figure: inf for a figure of 0, None where not measured."""
    if value is None or low is None or high is None:
        return None
    return (high - low) / 2 / value if value > 0 else math.inf


def precision_not_reached(
    width: float | None,
    seconds: float,
    repetitions: int,
    *,
    target: float,
    why: Short | None,
) -> Iterator[Doubt]:
    """A measured region of this many `seconds` whose joules fell short of the target.

    `width` is its relative half-width, None where its joules were not measured.
    """
    if width is not None and width <= target:
        return
    passes = "one repetition" if repetitions == 1 else f"{repetitions} repetitions"
    after = f"after {passes} ({clock_time(seconds)})"
    if width is None:
        said = f"The joules of the measured region are not measured; ± {target:.2g} was asked for."
        yield Doubt("precision-not-reached", said, "'wattmark doctor' says what can be measured.")
        return
    known = f"to ± {width:.2%}" if width < 1 else "not even to a factor of two"
    yield Doubt(
        "precision-not-reached",
        f"The joules of the measured region are known {known} {after}; the target is "
        f"± {target:.2%}.",
        _needed(seconds * width / target, why),
    )


def _needed(seconds: float, why: Short | None) -> str:
    if why in (Short.NO_HELP, Short.NOT_MEASURED):
        return "A longer region does not help with these sensors: take another, or a wider target."
    if why is None:
        return (
            "It was within the target when the work ended, and the readings after it say "
            "otherwise: ask for a narrower one."
        )
    about = f" (about {clock_time(seconds)} of work are needed)" if math.isfinite(seconds) else ""
    if why == Short.TIMEOUT:
        return f"Raise --timeout{about}."
    if why == Short.ANSWERS:
        return f"Give more or longer queries{about}: that many short answers are not kept."
    return f"Raise --time-budget{about}."


def _by_sensor(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Each sensor's good readings, in order of time."""
    found: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: each.time_ns):
        if sample.fault is None:
            found.setdefault(sample.sensor, []).append(sample)
    return found


def _empty(sample: Sample) -> bool:
    """Whether a reading says that there is nothing new."""
    return sample.fault is None and sample.energy_j is None and sample.power_w is None


def _held_s(time_ns: Sequence[int], region: Span) -> Floats:
    """For how many seconds of a region each reading is the newest, of shape (n,)."""
    edges = np.array([*time_ns, max(region.end_ns, time_ns[-1])], dtype=np.int64)
    inside: Ints = np.clip(edges, region.start_ns, region.end_ns)
    return to_seconds(inside[1:] - inside[:-1])


def _of(span: Span, time_ns: Ints) -> NDArray[np.bool_]:
    """Which stamps lie in a span."""
    return np.asarray((time_ns >= span.start_ns) & (time_ns <= span.end_ns))
