"""Carbon and water of joules that were measured, with intervals. Derived here, never stored.

    CO2e = E·PUE·I                          operational, location-based
    M    = TE·(TiR/EL)·(RR/ToR)             the device's making, shared out by time
    SCI  = (E·PUE·I + M) per R              Software Carbon Intensity, ISO/IEC 21031
    water = E·(WUE + PUE·grid)              litres on site, and those that generation used

The interval is the central 95 % of a Monte Carlo over everything that is not exact, gains
included: an absolute figure cannot leave the gain apart. Where nothing but bounds is known, a
figure is spread evenly between them (GUM, type B). The draws are a Latin hypercube of a fixed
seed: the same inputs give the same interval, and scaled joules give it scaled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import NO_INTENSITY, Reading, Row
from wattmark.schema import Estimate
from wattmark.units import grams_co2e, joules_to_kwh

Floats = NDArray[np.float64]

INTENSITY_UNCERTAINTY = 0.15
"""Two sources disagree by 7 to 24 % for the same country: ± their middle, unless told better."""
PUE_UNCERTAINTY = 0.10
"""Relative, of what PUE is above 1: a yearly mean stands for an hour. An assumption."""
EMBODIED_FACTOR = math.sqrt(3.5)
"""Published figures of one accelerator (an H100: 164 to 572 kg) spread by 3.5, low to high."""
LIFETIME_YEARS = (3.0, 4.0, 6.0)
"""Low, middle and high; a lifetime that was given is spread in the same proportion."""
SECONDS_A_YEAR = 365.25 * 86_400
DRAWS = 4096
SEED = 21_031
NO_EMBODIED = "no embodied carbon of the device was given, and SCI needs it"
NO_WATER = "no water per kWh was given"
CARBON_UNIT, SCI_UNIT, WATER_UNIT = "g", "g CO2e", "L"


@dataclass(frozen=True, kw_only=True)
class CarbonInputs:
    """What carbon and water are computed from: the section `carbon` of run.json."""

    intensity_g_per_kwh: float | None = None
    series: tuple[tuple[float, float], ...] = ()
    """(Unix seconds, g/kWh) in order: an intensity holds until the next one."""
    source: str = ""
    year: int | None = None
    """Of the intensity's data; None where it was given or goes with the time."""
    intensity_uncertainty: float = INTENSITY_UNCERTAINTY
    pue: float = 1.0
    embodied_kg: float | None = None
    """kg CO2e of making what the run reserves."""
    embodied_share: float = 1.0
    """RR/ToR: the share of it that the run had to itself."""
    lifetime_years: float = LIFETIME_YEARS[1]
    water_l_per_kwh: float | None = None
    grid_water_l_per_kwh: float | None = None

    @classmethod
    def of(cls, section: Mapping[str, Any] | None) -> CarbonInputs:
        """From run.json; what is absent or null takes its default."""
        names = {field.name for field in fields(cls)}
        given = {k: v for k, v in (section or {}).items() if k in names and v is not None}
        given["series"] = tuple((float(t), float(g)) for t, g in given.get("series") or ())
        return cls(**given)

    @property
    def has_intensity(self) -> bool:
        """Whether there is anything to turn joules into grams with."""
        return self.intensity_g_per_kwh is not None or bool(self.series)


@dataclass(frozen=True)
class Work:
    """One unit of work: its joules, the seconds that it held the device, and the sensors' gain."""

    energy: Estimate
    seconds: float | None
    gain_uncertainty: float


def mean_intensity(inputs: CarbonInputs, rows: Sequence[Row]) -> Reading:
    """g/kWh of a trial's replicates, by their wall-clock labels, weighted by energy.

    None where no intensity was given, or one replicate lies outside of the series.
    """
    if inputs.intensity_g_per_kwh is not None:
        return Reading(inputs.intensity_g_per_kwh)
    if not inputs.series:
        return Reading(None, why=NO_INTENSITY)
    found = [(_intensity_during(inputs.series, row), _energy_of(row)) for row in rows]
    for reading, _ in found:
        if reading.value is None:
            return reading
    weights = sum(energy for _, energy in found)
    if not weights:
        return Reading(None, why="no replicate has joules to weigh the intensities with")
    return Reading(sum((reading.value or 0.0) * energy for reading, energy in found) / weights)


def series_mean(
    series: Sequence[tuple[float, float]], start_s: float, end_s: float
) -> float | None:
    """Mean intensity between two Unix times; None where the series does not cover all of it.

    A value holds until the next, but no longer than twice the usual spacing; the last one holds
    for that spacing.
    """
    if len(series) < 2:
        return None
    time_s, value = np.array(series, dtype=np.float64).T
    spacing = np.diff(time_s)
    usual = float(np.median(spacing))
    until = time_s + np.append(np.minimum(spacing, 2 * usual), usual)
    end_s = max(end_s, start_s + 1e-3)
    held = np.clip(np.minimum(until, end_s) - np.maximum(time_s, start_s), 0.0, None)
    if held.sum() < (end_s - start_s) * (1 - 1e-6):
        return None
    return float(held @ value / held.sum())


def operational(
    name: str, work: Work, intensity: Reading, inputs: CarbonInputs, unit: str = CARBON_UNIT
) -> Estimate:
    """Grams of CO2e of the electricity: E·PUE·I."""
    if intensity.value is None:
        return _absent(name, unit, intensity.why)
    if work.energy.value is None:
        return _absent(name, unit, work.energy.note)
    draws = _energy_draws(work) * _intensity_draws(intensity.value, inputs) * _pue_draws(inputs)
    middle = grams_co2e(work.energy.value, intensity.value) * inputs.pue
    return _estimate(name, unit, work.energy, middle, joules_to_kwh(1.0) * draws)


def sci(name: str, work: Work, intensity: Reading, inputs: CarbonInputs) -> Estimate:
    """Software Carbon Intensity: (E·PUE·I + M) of one unit of work, grams."""
    electricity = operational(name, work, intensity, inputs, SCI_UNIT)
    if electricity.value is None or work.energy.value is None or intensity.value is None:
        return electricity
    if inputs.embodied_kg is None:
        return _absent(name, SCI_UNIT, NO_EMBODIED)
    if work.seconds is None:
        return _absent(name, SCI_UNIT, "the work has no length")
    draws = _energy_draws(work) * _intensity_draws(intensity.value, inputs) * _pue_draws(inputs)
    making = embodied_g(work.seconds, inputs)
    spread = joules_to_kwh(1.0) * draws + making * _embodied_draws()
    return _estimate(name, SCI_UNIT, work.energy, electricity.value + making, spread)


def embodied_g(seconds: float, inputs: CarbonInputs) -> float:
    """Grams of the device's making that `seconds` of its life carry: TE·(TiR/EL)·(RR/ToR)."""
    life_s = inputs.lifetime_years * SECONDS_A_YEAR
    return 1000 * (inputs.embodied_kg or 0.0) * seconds / life_s * inputs.embodied_share


def water(name: str, work: Work, inputs: CarbonInputs) -> Estimate:
    """Litres of water: on site by the IT's kWh, at the power plants by those with the overhead."""
    on_site, grid = inputs.water_l_per_kwh, inputs.grid_water_l_per_kwh
    if on_site is None and grid is None:
        return _absent(name, WATER_UNIT, NO_WATER)
    if work.energy.value is None:
        return _absent(name, WATER_UNIT, work.energy.note)
    litres = (on_site or 0.0) + (grid or 0.0) * inputs.pue
    each = (on_site or 0.0) + (grid or 0.0) * _pue_draws(inputs)
    draws = joules_to_kwh(1.0) * _energy_draws(work) * each
    middle = joules_to_kwh(work.energy.value) * litres
    return _estimate(name, WATER_UNIT, work.energy, middle, draws)


def whole(rows: Sequence[Row]) -> Work:
    """The measured regions of all these replicates as one unit of work; bounds add linearly."""
    known = [row for row in rows if row.get("energy_j") is not None]
    if not known or len(known) < len(rows):
        why = f"{len(rows) - len(known)} of {len(rows)} replicates have no joules"
        return Work(_absent("energy_j", "J", why if rows else "no replicate ended ok"), None, 0.0)
    value, low, high = (
        None if any(row.get(name) is None for row in known) else sum(row[name] for row in known)
        for name in ("energy_j", "energy_low_j", "energy_high_j")
    )
    gains = [float(row.get("gain_uncertainty") or 0.0) * row["energy_j"] for row in known]
    energy = Estimate("energy_j", value, low, high, CONFIDENCE, len(known), "J")
    seconds = sum(float(row.get("measured_s") or 0.0) for row in known)
    return Work(energy, seconds, sum(gains) / value if value else 0.0)


def _intensity_during(series: Sequence[tuple[float, float]], row: Row) -> Reading:
    label = str(row.get("started_at") or "")
    try:
        began = datetime.fromisoformat(label)
    except ValueError:
        return Reading(None, why="a replicate has no wall-clock label to find its intensity by")
    began = began.replace(tzinfo=UTC) if began.tzinfo is None else began
    start_s = began.timestamp()
    length_s = float(row.get("load_s") or 0.0) + float(row.get("measured_s") or 0.0)
    mean = series_mean(series, start_s, start_s + length_s)
    if mean is None:
        return Reading(None, why=f"the series of intensities does not cover {label}")
    return Reading(mean)


def _energy_of(row: Row) -> float:
    return float(row.get("energy_j") or 0.0)


@cache
def _even() -> Floats:
    """Shape (6, DRAWS): evenly spread in (0, 1), each row in an order of its own."""
    random = np.random.default_rng(SEED)
    strata = np.tile((np.arange(DRAWS) + 0.5) / DRAWS, (6, 1))
    return np.asarray(random.permuted(strata, axis=1), dtype=np.float64)


def _energy_draws(work: Work) -> Floats:
    """Joules: the meter's interval (95 %, each side with its own width) times the gain."""
    energy = work.energy
    value = energy.value or 0.0
    gain = np.maximum(0.0, 1 + work.gain_uncertainty * (2 * _even()[1] - 1))
    if energy.low is None or energy.high is None or value == 0:
        return np.asarray(value * gain)
    normal = _normal()
    if energy.low > 0:
        below, above = math.log(value / energy.low), math.log(energy.high / value)
        factor = np.exp(normal * np.where(normal < 0, below, above))
        return np.asarray(value * factor * gain)
    below, above = value - energy.low, energy.high - value
    linear = np.maximum(0.0, value + normal * np.where(normal < 0, below, above))
    return np.asarray(linear * gain)


@cache
def _normal() -> Floats:
    """Normal draws of which 95 % lie in (−1, 1)."""
    scaled: Floats = ndtri(_even()[0]) / ndtri(0.5 + CONFIDENCE / 2)
    return scaled


def _intensity_draws(value: float, inputs: CarbonInputs) -> Floats:
    spread = 1 + inputs.intensity_uncertainty * (2 * _even()[2] - 1)
    return np.asarray(value * np.maximum(0.0, spread))


def _pue_draws(inputs: CarbonInputs) -> Floats:
    return np.asarray(1 + (inputs.pue - 1) * (1 + PUE_UNCERTAINTY * (2 * _even()[3] - 1)))


@cache
def _embodied_draws() -> Floats:
    """Factors on the middle figure: kilograms even in their logarithm, years in a triangle."""
    even = _even()
    kilograms = EMBODIED_FACTOR ** (2 * even[4] - 1)
    low, middle, high = (years / LIFETIME_YEARS[1] for years in LIFETIME_YEARS)
    rising = low + np.sqrt(even[5] * (high - low) * (middle - low))
    falling = high - np.sqrt((1 - even[5]) * (high - low) * (high - middle))
    years = np.where(even[5] < (middle - low) / (high - low), rising, falling)
    return np.asarray(kilograms / years)


def _estimate(name: str, unit: str, energy: Estimate, middle: float, draws: Floats) -> Estimate:
    """The middle and the central 95 %; without an interval of the energy there is none."""
    if energy.low is None or energy.high is None:
        return Estimate(name, middle, None, None, CONFIDENCE, energy.n, unit, energy.note)
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(
        name,
        middle,
        min(float(low), middle),
        max(float(high), middle),
        CONFIDENCE,
        energy.n,
        unit,
        energy.note,
    )


def _absent(name: str, unit: str, why: str) -> Estimate:
    return Estimate(name, None, None, None, CONFIDENCE, 0, unit, why)
