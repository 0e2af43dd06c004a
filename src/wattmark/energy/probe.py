"""What a sensor is, found from its own readings under a load that is known.

Polled faster than it updates, a sensor shows its update period and the step of its values; a
load that goes on and off at known stamps shows its lag, its averaging window, its noise, and
what idle and full load draw. What cannot be told is None, with the reason in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from wattmark.energy.probe_response import FEWEST, Load, Response, Told, respond
from wattmark.energy.probe_updates import (
    EVERY_POLL,
    Rhythm,
    Updates,
    filled,
    quantum_of,
    rhythm,
    spaced,
    updates_of,
)
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats
from wattmark.schema import Sample, SensorInfo

# Steady means a level held for so long; where nothing is known of the lag, so long settles it.
STEADY_S = 0.8
SETTLED_S = 0.5
# What a load's own edges blur.
BLUR_S = 0.1
# A counter's power is taken over no less than this: its noise is told for it.
POWER_OVER_S = 0.1
# Steps of a counter over which its response is looked for: its ticks are blurred by polling.
STEP_S, STEP_POLLS = 0.005, 5
FEWEST_BLOCKS = 3
ROUNDING = 1e-12
# Where more of a periodic counter's updates are equal, it counts a constant power.
SAME = 0.8

BY_DEFINITION = "the model follows the load by definition: it has none of its own"


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What one channel of one sensor turned out to be. `None` has its reason in `reasons`."""

    channel: str
    """energy (joules were read) or power (watts were)."""
    update_period_s: Figure | None = None
    update_jitter_s: float | None = None
    """Standard deviation of the time from one update to the next."""
    update_longest_s: float | None = None
    """95 % of the updates come no later than this after the one before."""
    averaging_window_s: Figure | None = None
    lag_s: Figure | None = None
    """As `SensorInfo.lag_s`: beyond the update, and beside the window."""
    noise_w: float | None = None
    """Standard deviation at steady load: of a reading, or of a counter's power over 0.1 s
    (or its update period, where that is longer)."""
    idle_w: Figure | None = None
    loaded_w: Figure | None = None
    quantum_j: float | None = None
    quantum_w: float | None = None
    load: str = ""
    readings: int = 0
    polled_every_s: float = 0.0
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Name of a field that is None → why, in words."""

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def unloaded(self, why: str) -> Probe:
        """Without what only a load tells, where the load was none for this sensor."""
        gone = ("averaging_window_s", "lag_s", "loaded_w")
        reasons = {**self.reasons, **dict.fromkeys(gone, why)}
        return replace(self, averaging_window_s=None, lag_s=None, loaded_w=None, reasons=reasons)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Probe:
        """The inverse of `as_plain`; raises TypeError or ValueError for anything else."""
        known = {one.name for one in fields(cls)}
        values: dict[str, Any] = {
            name: Figure(**value) if isinstance(value, dict) and name != "reasons" else value
            for name, value in plain.items()
            if name in known
        }
        return cls(**values)


def probe(
    info: SensorInfo, samples: Iterable[Sample], load: Load, channel: str | None = None
) -> Probe:
    """What the readings of one sensor under `load` tell of it.

    `channel` picks joules or watts where a reading has both; by default the sensor's kind does.
    """
    channel = channel or ("power" if info.kind == "power" else "energy")
    # What the tables say of its lag must not shift the stamps from which it is found.
    series = Series.from_samples(replace(info, lag_s=None), samples)
    value = series.power_w if channel == "power" else series.energy_j
    told = np.isfinite(value)
    seconds, value = load.seconds(series.time_ns[told]), value[told]
    single = np.append(np.diff(seconds) > 0, True)[: seconds.size]
    seconds, value = seconds[single], value[single]
    if seconds.size < FEWEST:
        faults = (
            f", {len(series.faults)} failed: {series.faults[-1].fault}" if series.faults else ""
        )
        why = f"it gave only {seconds.size} readings{faults}"
        names = ("update_period_s", "averaging_window_s", "lag_s", "noise_w", "idle_w", "loaded_w")
        reasons = dict.fromkeys(names, why)
        return Probe(channel=channel, load=load.name, readings=int(seconds.size), reasons=reasons)
    return _Look(info, channel, seconds, value, load).probe()


class _Look:
    """One look at one channel: what is found, and the reasons for what is not."""

    def __init__(
        self, info: SensorInfo, channel: str, seconds: Floats, value: Floats, load: Load
    ) -> None:
        self.modelled = info.kind == "estimate"
        self.channel, self.load = channel, load
        self.seconds, self.value = seconds, value
        self.updates: Updates = updates_of(seconds, value)
        self.rhythm: Rhythm | str = BY_DEFINITION if self.modelled else rhythm(self.updates)
        self.reasons: dict[str, str] = {}
        self.at_s, self.told = self._updates()

    def probe(self) -> Probe:
        """All of it together."""
        response = self._response()
        settled_s = BLUR_S if self.modelled else SETTLED_S
        if isinstance(response, Response):
            settled_s = max(0.0, response.lag_s) + response.window_s + 2 * self._period_s() + BLUR_S
        quantum = self._quantum()
        return Probe(
            channel=self.channel,
            **self._timing(),
            averaging_window_s=self._window(response),
            lag_s=self._lag(response),
            noise_w=self._noise(settled_s),
            idle_w=self._steady("idle_w", 0.0, settled_s),
            loaded_w=self._steady("loaded_w", 1.0, settled_s),
            quantum_j=quantum if self.channel == "energy" else None,
            quantum_w=quantum if self.channel == "power" else None,
            load=self.load.name,
            readings=int(self.seconds.size),
            polled_every_s=self.updates.poll_s,
            reasons=self.reasons,
        )

    def _quantum(self) -> float | None:
        unit = "w" if self.channel == "power" else "j"
        quantum = quantum_of(self.value)
        if quantum is None:
            self.reasons[f"quantum_{unit}"] = "its values have no step in common that is seen"
            return None
        step = np.abs(np.diff(self.updates.value))
        same = float(np.mean(np.abs(step - np.median(step)) < 0.01 * quantum))
        if same > SAME and not isinstance(self.rhythm, str):
            said = "its updates all add the same: of a power so steady no step can be told"
            self.reasons[f"quantum_{unit}"] = said
            return None
        return quantum

    def _period_s(self) -> float:
        return self.updates.poll_s if isinstance(self.rhythm, str) else self.rhythm.period_s

    def _updates(self) -> tuple[Floats, Floats]:
        """When the sensor updated, as far as that is seen, and what it told then."""
        if isinstance(self.rhythm, str):
            if self.channel == "energy" and 0 < self.updates.changed <= EVERY_POLL:
                return self.updates.at_s, self.updates.value
            return self.seconds, self.value
        if self.channel == "energy":
            return self.updates.at_s, self.updates.value
        return filled(self.updates, self.rhythm.period_s, float(self.seconds[-1]))

    def _timing(self) -> dict[str, Any]:
        if isinstance(self.rhythm, str):
            self.reasons["update_period_s"] = self.rhythm
            return {}
        found = self.rhythm
        if found.jitter_s is None:
            polled = f"polling every {self.updates.poll_s * 1e3:.3g} ms"
            self.reasons["update_jitter_s"] = f"it is less than {polled} can tell"
        return {
            "update_period_s": Figure(found.period_s, found.low_s, found.high_s),
            "update_jitter_s": found.jitter_s,
            "update_longest_s": found.longest_s,
        }

    def _response(self) -> Response | str:
        if self.modelled:
            return BY_DEFINITION
        told = self._told()
        found = respond(self.load, told)
        if isinstance(found, Response) and not self._resolved(found):
            again = respond(self.load, told, averages=False)
            return found if isinstance(again, str) else again
        return found

    def _told(self) -> Told:
        if self.channel == "power":
            return Told(self.at_s, self.told)
        step_s = max(STEP_S, STEP_POLLS * self.updates.poll_s)
        chosen = spaced(self.at_s, step_s if self._period_s() < step_s else 0.0)
        at, energy = self.at_s[chosen], self.told[chosen]
        return Told(at[1:], np.diff(energy) / np.diff(at), at[:-1])

    def _resolved(self, found: Response) -> bool:
        least_s = 2 * self.updates.poll_s
        if self.channel == "energy":
            # Updates out of step look like a little smoothing to a counter.
            least_s = max(least_s, 0.2 * self._period_s())
        return found.window_s - 3 * found.window_error_s > least_s

    def _window(self, response: Response | str) -> Figure | None:
        if isinstance(response, str):
            self.reasons["averaging_window_s"] = response
            return None
        if not self._resolved(response):
            self.reasons["averaging_window_s"] = (
                "no averaging is seen: its window is shorter than this polling and these steps tell"
            )
            return None
        half = _quantile(BLOCK_FREEDOM) * response.window_error_s
        half += self.updates.poll_s / 2
        low = max(0.0, response.window_s - half)
        return Figure(response.window_s, low, response.window_s + half)

    def _lag(self, response: Response | str) -> Figure | None:
        if isinstance(response, str):
            self.reasons["lag_s"] = response
            return None
        half = _quantile(BLOCK_FREEDOM) * response.lag_error_s + self.updates.poll_s / 2
        if isinstance(self.rhythm, str):
            half += self.updates.poll_s  # when it updated is known no better
        return Figure(response.lag_s, response.lag_s - half, response.lag_s + half)

    def _noise(self, settled_s: float) -> float | None:
        over_s = max(POWER_OVER_S, self._period_s())
        squares, freedom = 0.0, 0
        for _, start, end in self.load.steady(STEADY_S):
            begin = start + settled_s
            if self.channel == "power":
                watts = self.told[(self.at_s >= begin) & (self.at_s <= end)]
            else:
                watts = self._means(begin, end, over_s)
            if watts.size >= FEWEST_BLOCKS:
                squares += float(((watts - watts.mean()) ** 2).sum())
                freedom += watts.size - 1
        if not freedom:
            self.reasons["noise_w"] = "no stretch of steady load was long enough"
            return None
        noise = math.sqrt(squares / freedom)
        # What floats leave over is no noise.
        return noise if noise > ROUNDING * float(np.abs(self.value).max()) else 0.0

    def _steady(self, name: str, level: float, settled_s: float) -> Figure | None:
        """Mean power at a level, its interval from the scatter of blocks."""
        over_s = max(0.25, 2 * self._period_s())
        blocks = [
            self._means(start + settled_s, end, over_s)
            for held, start, end in self.load.steady(STEADY_S)
            if abs(held - level) < 0.01
        ]
        watts = np.concatenate([np.zeros(0), *blocks])
        if watts.size < FEWEST_BLOCKS:
            self.reasons[name] = "no stretch of steady load was long enough"
            return None
        mean = float(watts.mean())
        half = _quantile(watts.size - 1) * float(watts.std(ddof=1)) / math.sqrt(watts.size)
        return Figure(mean, mean - half, mean + half)

    def _means(self, start_s: float, end_s: float, over_s: float) -> Floats:
        """Mean powers of equal blocks of at least `over_s` between two times."""
        if self.channel == "energy":
            end_s -= self._period_s()  # the update that ends after the stretch is not of it
        start_s, end_s = max(start_s, float(self.at_s[0])), min(end_s, float(self.at_s[-1]))
        count = int((end_s - start_s) / over_s)
        if count < 1:
            return np.zeros(0)
        edges = np.linspace(start_s, end_s, count + 1)
        if self.channel == "energy":
            return np.asarray(np.diff(np.interp(edges, self.at_s, self.told)) / np.diff(edges))
        place = np.searchsorted(self.at_s, edges)
        filled = np.diff(place) > 0
        upto = np.append(0.0, np.cumsum(self.told))
        sums = upto[place[1:]] - upto[place[:-1]]
        return np.asarray(sums[filled] / np.diff(place)[filled])


# Standard errors come from so many blocks, less the five that were fitted.
BLOCK_FREEDOM = 19


def _quantile(freedom: int) -> float:
    return float(stdtrit(freedom, 0.975))
