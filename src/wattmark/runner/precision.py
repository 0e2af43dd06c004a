"""When a measured region is long enough: repetitions of its queries until its joules are sharp.

What a sensor leaves unknown of a region lies at its two edges: some joules a, more or fewer by
where the sensor's tick happens to fall. So the half-width relative to the joules falls as a/T over
the length T, and the widest a seen so far foretells T. A sensor that looks at part of the time
adds a floor c that no length cures: its regions are held against a/T + c. A region that was too
short is begun anew rather than gone on with, so that no decision falls inside of one; each is at
most ten times the last, because a region of a few ticks says little about its power.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattmark.energy.curve import curve_of
from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.energy.total import parts_of, total
from wattmark.energy.validity import Short, relative_half_width
from wattmark.meter.meter import Meter
from wattmark.runner.devices import other_gpus
from wattmark.schema import Span

MARGIN = 1.1
"""A region is made longer than predicted by this, so that scatter does not ask for a third."""
GROWTH = 10
AGREEMENT = 0.9
"""Of the target, when it is decided: later readings still move the interval by about a tenth."""
SETTLE_TICKS = 3
MOST_SETTLE_S = 5.0
"""Readings after a region's end show how far its power fell there; they are waited for."""
MOST_ANSWERS = 100_000
"""Answers of a region: they are kept until its end, and stored."""


@dataclass(frozen=True)
class Passed:
    """A region that is over; `relative` is its half-width by its joules, inf where it has none."""

    repetitions: int
    seconds: float
    relative: float
    part_time: bool = False
    """Whether a sensor does not look at all of the time."""


def wanted_s(passed: Sequence[Passed], target: float) -> float:
    """Seconds that a region must have to reach the target; inf where no length does.

    `passed` are the regions so far, the last one too wide.
    """
    last = passed[-1]
    if not math.isfinite(last.relative):
        return GROWTH * last.seconds
    known = [region for region in passed if math.isfinite(region.relative)]
    edges_s = max(region.relative * region.seconds for region in known)
    floor = 0.0
    if last.part_time and len(known) > 1:
        before = known[-2]
        edges_s = (before.relative - last.relative) / (1 / before.seconds - 1 / last.seconds)
        floor = max(0.0, last.relative - edges_s / last.seconds)
        if edges_s <= 0 or floor >= target:
            return math.inf
    return MARGIN * edges_s / (target - floor)


class Lengthening:
    """Decides for one replicate, region by region, from what the meter has read so far.

    `passed` are the regions, and `why` says what ended it short of the target, if it is short.
    """

    def __init__(
        self,
        meter: Meter,
        device: str,
        *,
        target: float,
        budget_s: float,
        queries: int,
        boards: Sequence[str] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._meter, self._device, self._sleep = meter, device, sleep
        self._boards = boards
        self._target, self._budget_s, self._queries = target, budget_s, queries
        self.passed: list[Passed] = []
        self.why: Short | None = None

    def more(self, region: Span, repetitions: int, left_s: float) -> int:
        """Repetitions to begin anew with, 0 where this region is kept.

        `left_s` is how long the worker may still go on.
        """
        self._sleep(min(SETTLE_TICKS * self._tick_s(), MOST_SETTLE_S))
        others = other_gpus(self._meter.infos, self._device, self._boards)
        series = [one for one in self._meter.series() if one.info.name not in others]
        passed = look_at(region, repetitions, series)
        if passed is None:
            self.why = Short.NOT_MEASURED
            return 0
        self.passed.append(passed)
        if passed.relative <= AGREEMENT * self._target or not region.seconds > 0:
            # What such a sensor does not see can be told better once the work is over.
            self.why = Short.NO_HELP if passed.part_time else None
            return 0
        return self._next(left_s)

    def _next(self, left_s: float) -> int:
        last = self.passed[-1]
        pass_s = last.seconds / last.repetitions
        seconds = wanted_s(self.passed, self._target)
        if not math.isfinite(seconds):
            self.why = Short.NO_HELP
            return 0
        wanted = min(math.ceil(seconds / pass_s), GROWTH * last.repetitions)
        budget_s = self._budget_s - sum(passed.seconds for passed in self.passed)
        most = {
            Short.BUDGET: int(budget_s / pass_s),
            Short.TIMEOUT: int(left_s / pass_s),
            Short.ANSWERS: MOST_ANSWERS // max(1, self._queries),
        }
        narrowest = min(most, key=lambda limit: most[limit])
        repetitions = min(max(wanted, last.repetitions + 1), most[narrowest])
        self.why = narrowest
        return repetitions if repetitions > last.repetitions else 0

    def _tick_s(self) -> float:
        """How late the slowest sensor tells of a change."""
        late_s = [
            (info.update_period_s or 0.0) + (info.averaging_window_s or 0.0) + (info.lag_s or 0.0)
            for info in self._meter.infos
        ]
        return max(late_s, default=0.0) + self._meter.interval_s


def look_at(region: Span, repetitions: int, series: Sequence[Series]) -> Passed | None:
    """How well a region's joules are known over the sensors of `series`, those that may be summed.

    None where they were not measured.
    """
    readings = [r for r in resolve([region], series).readings if r.span == region.name]
    whole, summed = total(readings), {part.sensor for part in parts_of(readings)}
    width = relative_half_width(whole.gross_j, whole.low_j, whole.high_j)
    if width is None:
        return None
    unseen = max(curve_of(one).unseen for one in series if one.info.name in summed)
    return Passed(repetitions, region.seconds, width, part_time=unseen > 0)
