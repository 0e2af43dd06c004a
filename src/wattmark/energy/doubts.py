"""What is doubtful about a sensor's joules, as data: one doubt a code, sensor and span name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.energy.curve import Curve
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats
from wattmark.schema import Doubt, Span
from wattmark.units import clock_time, engineering

# Nobody quotes these spans' joules on their own: a wide interval there is no news.
UNQUOTED = ("host", "warmup", "load", "export")
# While these run, a counter need not move.
AT_REST = ("idle", "load")
STILL = ("counter-frozen", "counter-stalled", "power-stuck")

# A sensor that misses less of the time sees all of it.
LEAST_UNSEEN = 0.05
# What the power of a load may swing by at least, in parts of its mean.
LEAST_SWING = 0.5


@dataclass(frozen=True)
class Seen:
    """Seconds and joules of a span name from one sensor; `value` is None where not measured."""

    seconds: float
    value: float | None
    low: float
    high: float


def sensor_doubts(series: Series, curve: Curve) -> list[Doubt]:
    """Doubts that concern the sensor as a whole: readings missing or failed, time not looked at."""
    name, doubts = series.info.name, []
    # Lost joules concern the windows across them alone, and are an event of the curve.
    failed = [sample for sample in series.faults if not sample.lost]
    good, bad = series.time_ns.size, len(failed)
    if not curve.usable:
        count = {0: "no usable reading", 1: "one usable reading"}.get(good, "one stamp only")
        doubts.append(
            Doubt(
                "no-samples",
                f"{name}: {count}, and a window needs two.",
                "Check that the sensor can be read, and sample more often than the run is long.",
            )
        )
    window_s = series.info.averaging_window_s
    if curve.usable and window_s is not None and curve.unseen > LEAST_UNSEEN:
        read_w = series.power_w[np.isfinite(series.power_w)]
        # What it shows as even may swing all the same.
        swing_w = max(float(np.ptp(read_w)), LEAST_SWING * float(read_w.mean()))
        doubts.append(
            Doubt(
                "sees-part",
                f"{name}: it looks at {engineering(window_s, 's')} of each "
                f"{engineering(curve.tick_s, 's')}. The intervals hold for loads that keep no step "
                "with that: of one that does, "
                f"{engineering(curve.unseen * swing_w, 'W')} or more may be missed.",
                "Use an energy counter of the same device if it has one, or vary the load's pace.",
            )
        )
    if bad:
        doubts.append(
            Doubt(
                "sensor-fault",
                f"{name}: {bad} of {good + len(series.faults)} readings failed; the first: "
                f"{failed[0].fault}.",
                "The readings around them were used; if there are many, leave this sensor out.",
            )
        )
    return doubts


def span_doubts(
    curve: Curve, name: str, spans: Sequence[Span], joules: Floats, seen: Seen, *, target: float
) -> list[Doubt]:
    """Doubts about one span name: `joules`, of shape (len(spans),), nan where not measured."""
    start = np.array([span.start_ns for span in spans], dtype=np.int64)
    end = np.array([span.end_ns for span in spans], dtype=np.int64)
    where = f"{curve.info.name}, '{name}'"
    doubts = []
    for event in curve.events:
        sizes = event.within(start, end)
        if sizes.size == 0 or (event.code in STILL and name in AT_REST):
            continue
        text = event.text.format(count=sizes.size, worst=float(sizes.max()))
        doubts.append(Doubt(event.code, f"{where}: {text}.", event.hint))
    first, last = curve.span_ns
    outside = np.isnan(joules) & ((start < first) | (end > last))
    if outside.any():
        early = clock_time(max(0, first - int(start[outside].min())) / 1e9)
        late = clock_time(max(0, int(end[outside].max()) - last) / 1e9)
        doubts.append(
            Doubt(
                "no-samples",
                f"{where}: {int(outside.sum())} of {len(spans)} windows lie outside the samples "
                f"(up to {early} before the first, {late} after the last).",
                "Start the meter before the work and stop it after.",
            )
        )
    if name not in UNQUOTED:
        doubts += _too_short(curve, name, len(spans), seen, target)
    return doubts


def _too_short(curve: Curve, name: str, count: int, seen: Seen, target: float) -> list[Doubt]:
    if seen.value is None:
        return []
    half = (seen.high - seen.low) / 2
    if half <= target * seen.value:
        return []
    relative = half / seen.value if seen.value > 0 else float("inf")
    said = engineering(seen.value, "J")
    if relative < 1:
        said += f" ± {relative:.0%}"
    else:
        said += f" (between {engineering(seen.low, 'J')} and {engineering(seen.high, 'J')})"
    return [
        Doubt(
            "window-too-short",
            f"{curve.info.name}, '{name}': {said} from "
            f"{_windows(count, seen.seconds)}; the target is ± {target:.0%}, "
            f"the sensor tells something new every {engineering(curve.tick_s, 's')}.",
            _longer(curve, name, count, seen.seconds * relative / target),
        )
    ]


def _windows(count: int, seconds: float) -> str:
    if count == 1:
        return f"a window of {engineering(seconds, 's')}"
    return f"{count} windows of {engineering(seconds / count, 's')} on average"


def _longer(curve: Curve, name: str, count: int, seconds: float) -> str:
    """What helps: a longer window where that narrows the interval, else another sensor."""
    if curve.unseen > 0 and curve.info.averaging_window_s is None:
        return (
            "How long this sensor averages is not told, so it may look at any part of the time: "
            "say it where the sensor is named, or find it by 'wattmark calibrate'."
        )
    if curve.unseen > 0:
        return (
            "A longer window does not help where the load keeps step with the sensor, which sees "
            f"{1 - curve.unseen:.0%} of the time. "
            "Use an energy counter of the same device if it has one."
        )
    if not np.isfinite(seconds):
        return "Use a sensor with a finer quantum, or a much longer window."
    if name == "idle":
        return f"Measure idle for about {engineering(seconds, 's')} in all."
    if count > 1:
        return (
            "These phases are shorter than the sensor can tell apart: use the joules of the "
            "measured region, or larger batches and longer answers."
        )
    return f"Lengthen it to about {engineering(seconds, 's')} by more work."
