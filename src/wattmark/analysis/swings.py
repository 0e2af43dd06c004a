"""Which input moves a carbon figure most: each from its low bound to its high one, by itself.

The figure is SCI's E·PUE·I + M per unit of work, without M where no embodied carbon was given.
The bounds are those that its Monte Carlo interval draws from (`analysis.carbon`); an input that
has none is listed without a swing, never with a made-up one. Swings are no interval: inputs
seldom err to their bounds all at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wattmark.analysis.carbon import (
    EMBODIED_FACTOR,
    LIFETIME_YEARS,
    PUE_UNCERTAINTY,
    CarbonInputs,
    Work,
    embodied_g,
)
from wattmark.analysis.metrics import Reading
from wattmark.units import grams_co2e

NO_RANGE = "no range given"
IT_ONLY = "1.0 means IT equipment only, so there is no range"


@dataclass(frozen=True, kw_only=True)
class Swing:
    """Grams of CO2e of one unit of work with one input at its `low`, and at its `high` bound.

    `middle`, `low` and `high` are the input's, in `unit` ("1" is a factor or a share); where it has
    no bounds, these and the grams are None, and `why` says so.
    """

    name: str
    unit: str
    middle: float
    low: float | None = None
    high: float | None = None
    low_g: float | None = None
    high_g: float | None = None
    why: str = ""

    @property
    def width_g(self) -> float:
        """Grams from one end to the other; 0 without a range."""
        return abs((self.high_g or 0.0) - (self.low_g or 0.0))


@dataclass(frozen=True, kw_only=True)
class _Middle:
    """All that the figure is computed from."""

    joules: float
    gain: float
    grid_g_per_kwh: float
    seconds: float
    inputs: CarbonInputs

    @property
    def grams(self) -> float:
        electricity = grams_co2e(self.joules * self.gain, self.grid_g_per_kwh) * self.inputs.pue
        return electricity + embodied_g(self.seconds, self.inputs)


_At = Callable[[float], _Middle]


def middle_g(work: Work, intensity: Reading, inputs: CarbonInputs) -> float | None:
    """Grams with every input at its middle; None without joules or an intensity."""
    middle = _middle(work, intensity, inputs)
    return None if middle is None else middle.grams


def swings(work: Work, intensity: Reading, inputs: CarbonInputs) -> list[Swing]:
    """The swing of each input, the widest first, those without a range last.

    Empty where there are no joules or no intensity. The device's making is left out where the work
    has no length.
    """
    middle = _middle(work, intensity, inputs)
    if middle is None:
        return []
    found = _electricity(middle, work)
    if middle.inputs.embodied_kg is not None:
        found += _making(middle, middle.inputs.embodied_kg)
    return sorted(found, key=lambda swing: (swing.low_g is None, -swing.width_g))


def _middle(work: Work, intensity: Reading, inputs: CarbonInputs) -> _Middle | None:
    if work.energy.value is None or intensity.value is None:
        return None
    return _Middle(
        joules=work.energy.value,
        gain=1.0,
        grid_g_per_kwh=intensity.value,
        seconds=work.seconds or 0.0,
        inputs=inputs if work.seconds is not None else replace(inputs, embodied_kg=None),
    )


def _electricity(middle: _Middle, work: Work) -> list[Swing]:
    inputs, energy, gain = middle.inputs, work.energy, work.gain_uncertainty
    grid, spread = middle.grid_g_per_kwh, inputs.intensity_uncertainty
    above = inputs.pue - 1
    pue = [1 + above * (1 + side * PUE_UNCERTAINTY) for side in (-1, 1)]
    return [
        _swing(
            "energy",
            "J",
            (energy.low, middle.joules, energy.high),
            lambda value: replace(middle, joules=value),
            energy.note or NO_RANGE,
        ),
        _swing(
            "sensor gain",
            "1",
            (max(0.0, 1 - gain), 1.0, 1 + gain),
            lambda value: replace(middle, gain=value),
        ),
        _swing(
            "grid intensity",
            "g/kWh",
            (grid * max(0.0, 1 - spread), grid, grid * (1 + spread)),
            lambda value: replace(middle, grid_g_per_kwh=value),
        ),
        _swing(
            "PUE",
            "1",
            (pue[0], inputs.pue, pue[1]),
            lambda value: replace(middle, inputs=replace(inputs, pue=value)),
            NO_RANGE if above else IT_ONLY,
        ),
    ]


def _making(middle: _Middle, kilograms: float) -> list[Swing]:
    inputs = middle.inputs
    years = [inputs.lifetime_years * one / LIFETIME_YEARS[1] for one in LIFETIME_YEARS]
    return [
        _swing(
            "embodied carbon",
            "kg",
            (kilograms / EMBODIED_FACTOR, kilograms, kilograms * EMBODIED_FACTOR),
            lambda value: replace(middle, inputs=replace(inputs, embodied_kg=value)),
        ),
        _swing(
            "lifetime",
            "years",
            (years[0], years[1], years[2]),
            lambda value: replace(middle, inputs=replace(inputs, lifetime_years=value)),
        ),
        Swing(name="share of the device", unit="1", middle=inputs.embodied_share, why=NO_RANGE),
    ]


def _swing(
    name: str,
    unit: str,
    bounds: tuple[float | None, float, float | None],
    at: _At,
    why: str = NO_RANGE,
) -> Swing:
    low, middle, high = bounds
    if low is None or high is None or low == high:
        return Swing(name=name, unit=unit, middle=middle, why=why)
    return Swing(
        name=name,
        unit=unit,
        middle=middle,
        low=low,
        high=high,
        low_g=at(low).grams,
        high_g=at(high).grams,
    )
