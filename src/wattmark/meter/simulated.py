"""A sensor that sees a power of your choice with the defects of a real one. It ships.

What a reading at time t gives, t in seconds since the sensor's origin:

    tick    = the last multiple of the update period at or before t
    seen    = tick − lag
    counter = gain × joules from −lag to `seen`, cut to whole quanta, modulo the wrap range
    power   = gain × mean power over [seen − averaging window, seen]

The wrapped counter is then corrected as a real sensor corrects it. Dropouts give faults,
freezes hold the last tick, resets throw the counter back to zero (and give a fault that says
that joules were lost).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence

from wattmark import optiontext
from wattmark.errors import unknown
from wattmark.meter import Found
from wattmark.meter.counter import RisingCounter
from wattmark.meter.options import COMPONENTS
from wattmark.meter.shapes import Constant, Ramp, Shape, Square, Step, shape
from wattmark.optiontext import Known
from wattmark.schema import Sample, SensorInfo
from wattmark.units import ns_to_s

EXAMPLE = "simulated:watts=100,period=0.1,kind=counter,component=cpu"
KINDS = ("counter", "power", "estimate")

Interval = tuple[float, float]


class SimulatedSensor:
    """Reads `power` (watts of seconds since the origin) as the sensor that `info` describes.

    Of `info` it models kind, update_period_s, averaging_window_s (power only), quantum_j and
    wrap_j. `dropouts` and `freezes` are intervals, `resets` times, all in seconds since the
    origin, which is `origin_ns` or the moment of construction.
    """

    def __init__(
        self,
        info: SensorInfo,
        power: Callable[[float], float],
        clock: Callable[[], int] = time.monotonic_ns,
        *,
        origin_ns: int | None = None,
        lag_s: float = 0.0,
        gain: float = 1.0,
        dropouts: Sequence[Interval] = (),
        freezes: Sequence[Interval] = (),
        resets: Sequence[float] = (),
    ) -> None:
        self.info = info
        self.power: Shape = shape(power)
        self._clock = clock
        self._origin_ns = clock() if origin_ns is None else origin_ns
        self._lag_s = lag_s
        self._gain = gain
        self._dropouts = tuple(dropouts)
        self._freezes = tuple(freezes)
        self._resets = tuple(sorted(resets))
        self._counter = RisingCounter.of(info)
        self._closed = False

    def read(self) -> Sample:
        time_ns = self._clock()
        now_s = ns_to_s(time_ns - self._origin_ns)
        if self._closed or _inside(now_s, self._dropouts) is not None:
            fault = "the sensor is closed" if self._closed else "simulated dropout"
            return Sample(self.info.name, time_ns, fault=fault)
        tick_s = self._tick_s(now_s)
        if self.info.kind == "power":
            return Sample(self.info.name, time_ns, power_w=self._mean_w(tick_s - self._lag_s))
        energy_j, fault_or_none = self._counter.advance(self._raw_j(tick_s), time_ns)
        return Sample(self.info.name, time_ns, energy_j=energy_j, fault=fault_or_none)

    def close(self) -> None:
        self._closed = True

    def _tick_s(self, now_s: float) -> float:
        frozen_from_s = _inside(now_s, self._freezes)
        t_s = now_s if frozen_from_s is None else frozen_from_s
        period_s = self.info.update_period_s
        return math.floor(t_s / period_s) * period_s if period_s else t_s

    def _mean_w(self, seen_s: float) -> float:
        window_s = self.info.averaging_window_s
        if not window_s:
            return self._gain * self.power(seen_s)
        joules = self.power.energy_j(seen_s) - self.power.energy_j(seen_s - window_s)
        return self._gain * joules / window_s

    def _raw_j(self, tick_s: float) -> float:
        start_s = max((reset_s for reset_s in self._resets if reset_s <= tick_s), default=0.0)
        seen_j = self.power.energy_j(tick_s - self._lag_s)
        raw_j = self._gain * (seen_j - self.power.energy_j(start_s - self._lag_s))
        if self.info.quantum_j:
            raw_j = math.floor(raw_j / self.info.quantum_j) * self.info.quantum_j
        return raw_j % self.info.wrap_j if self.info.wrap_j else raw_j


def _inside(t_s: float, intervals: Iterable[Interval]) -> float | None:
    """The start of the interval that holds `t_s`, or None."""
    return next((start for start, end in intervals if start <= t_s < end), None)


def find(options: str = "") -> Found:
    """Without options nothing but the way to name one; with them, one simulated sensor."""
    if not options:
        return Found("simulated", missing="Simulated sensors come by name only.", fix=EXAMPLE)
    return Found("simulated", (parse(options),))


# Option → what it takes. The shapes' own options are in _SHAPES.
_WORDS = ("shape", "kind", "component", "device", "name")
_MODEL = ("period", "window", "lag", "gain", "quantum", "wrap", "gain_uncertainty", "limit")
_NUMBERS = ("watts", "low", "high", "at", "every", "duty", "over", *_MODEL)
_SHAPES = {
    "constant": ("watts",),
    "step": ("low", "high", "at"),
    "square": ("low", "high", "every", "duty"),
    "ramp": ("low", "high", "over"),
}
_OPTIONAL = {"watts": 100.0, "duty": 0.5}
_OPTIONS = Known(
    words=_WORDS,
    numbers=_NUMBERS,
    positive=("every", "over", "gain", "wrap", "limit", "window"),
    share=("duty",),
)


def parse(text: str, clock: Callable[[], int] = time.monotonic_ns) -> SimulatedSensor:
    """'watts=100,period=0.1,kind=counter,component=cpu' to a sensor.

    shape is constant (watts), step (low, high, at), square (low, high, every, duty) or ramp
    (low, high, over): watts and seconds. Raises MistakesError (an InputError) with all mistakes.
    """
    given = optiontext.read(text.removeprefix("simulated:"), _OPTIONS)
    words, numbers = given.words, given.numbers
    power = _power(words.get("shape", "constant"), numbers, given.mistakes)
    kind = given.choice("kind", KINDS, "counter")
    component = given.choice("component", COMPONENTS, "cpu")
    if given.mistakes or power is None:
        raise given.refusal(f"'{text}' is no simulated sensor (try {EXAMPLE}):")
    info = SensorInfo(
        name=f"simulated:{words.get('name', component)}",
        component=component,
        device=words.get("device", "simulated"),
        kind=kind,
        source=f"simulated: {power}",
        update_period_s=numbers.get("period", 0.1),
        averaging_window_s=numbers.get("window"),
        quantum_j=numbers.get("quantum", 0.0),
        wrap_j=numbers.get("wrap"),
        gain_uncertainty=numbers.get("gain_uncertainty", 0.0),
        limit_w=numbers.get("limit"),
        instead="simulated",
    )
    gain, lag_s = numbers.get("gain", 1.0), numbers.get("lag", 0.0)
    return SimulatedSensor(info, power, clock, gain=gain, lag_s=lag_s)


def _power(name: str, numbers: dict[str, float], mistakes: list[str]) -> Shape | None:
    """The shape that the options ask for; None, and lines in `mistakes`, where they do not fit."""
    if name not in _SHAPES:
        mistakes.append(unknown("shape", name, _SHAPES))
        return None
    wanted = _SHAPES[name]
    strange = {key for keys in _SHAPES.values() for key in keys if key in numbers} - set(wanted)
    mistakes.extend(
        f"'{key}' is not an option of shape={name}, which takes {', '.join(wanted)}."
        for key in sorted(strange)
    )
    values = {key: numbers.get(key, _OPTIONAL.get(key)) for key in wanted}
    absent = [key for key, value in values.items() if value is None]
    mistakes.extend(f"shape={name} needs {key}=…." for key in absent)
    given = {key: value for key, value in values.items() if value is not None}
    return None if strange or absent else _build(name, given)


def _build(name: str, values: dict[str, float]) -> Shape:
    if name == "constant":
        return Constant(values["watts"])
    low_w, high_w = values["low"], values["high"]
    if name == "step":
        return Step(low_w, high_w, values["at"])
    if name == "square":
        return Square(low_w, high_w, values["every"], values["duty"])
    return Ramp(low_w, high_w, values["over"])
