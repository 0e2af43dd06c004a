"""What is said about a run's carbon: intensity and whose, boundary, method, totals, SCI per R.

Terminal and page say the same, from the same lines. Carbon is no ground to rank configurations
on: on one grid joules decide that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wattmark.analysis.carbon import (
    EMBODIED_FACTOR,
    LIFETIME_YEARS,
    CarbonInputs,
    mean_intensity,
    operational,
    water,
    whole,
)
from wattmark.analysis.metrics import NO_INTENSITY
from wattmark.analysis.summary import TrialSummary
from wattmark.report.format import DASH, figure, percent, plain, significant
from wattmark.store.reader import Run

UNITS = {
    "sci_g_per_token": "per token",
    "sci_g_per_query": "per query",
    "sci_g_per_correct": "per correct answer",
    "sci_g_per_run": "per run",
}
"""SCI's functional units R: a run is one replicate's measured region."""
HINT = "Name one: wattmark show RUN --country DEU (or --zone, or --intensity)."


def carbon_lines(run: Run, carbon: CarbonInputs) -> list[tuple[str, str]]:
    """(what, said) in order; one line with the reason where no intensity was given."""
    good = [row for row in run.trials.to_pylist() if row["status"] == "ok"]
    lines = _electricity(run, carbon, good)
    if carbon.water_l_per_kwh is not None or carbon.grid_water_l_per_kwh is not None:
        litres = water("water_l", whole(good), carbon)
        lines.append(("Water", f"{figure(litres)} in all; {_water_inputs(carbon)}."))
    return lines


def sci_table(
    summaries: Sequence[TrialSummary], labels: Mapping[str, str]
) -> list[tuple[str, list[str]]]:
    """(trial, its SCI for each of `UNITS`) of every trial that has any."""
    return [
        (labels[trial.key], [figure(trial.estimates[name]) for name in UNITS])
        for trial in summaries
        if any(trial.estimates[name].value is not None for name in UNITS)
    ]


def _electricity(
    run: Run, carbon: CarbonInputs, good: Sequence[Mapping[str, object]]
) -> list[tuple[str, str]]:
    if not carbon.has_intensity:
        return [("Carbon", f"{DASH} ({NO_INTENSITY}). {HINT}")]
    mean = mean_intensity(carbon, good)
    total = operational("co2e_g", whole(good), mean, carbon)
    said = figure(total) if total.value is not None else f"{DASH} ({total.note})"
    share = f" ± {percent(carbon.intensity_uncertainty)}" if carbon.intensity_uncertainty else ""
    grams = DASH if mean.value is None else f"{significant(mean.value)} g CO2e/kWh{share}"
    year = f", data of {carbon.year}" if carbon.year else ""
    return [
        ("Carbon", f"{said} of CO2e in all, for the electricity of {_replicates(len(good))}."),
        ("Intensity", f"{grams}: {plain(carbon.source, 300)}{year}; location-based."),
        ("Boundary", f"{_boundary(run, carbon)}."),
        ("Method", f"{_method(carbon)}."),
    ]


def _boundary(run: Run, carbon: CarbonInputs) -> str:
    metered = dict.fromkeys(
        str(sensor.get("component"))
        for sensor in run.info.get("sensors") or ()
        if isinstance(sensor, Mapping) and sensor.get("component")
    )
    parts = plain(", ".join(metered), 80) or "nothing"
    pue = "PUE 1.0: IT equipment only"
    if carbon.pue != 1:
        pue = f"PUE {carbon.pue:g}: the building's overhead with it"
    work = "the measured region of each replicate, load and warm-up outside"
    return f"{work}; metered: {parts}; {pue}; no network, no storage, no training"


def _method(carbon: CarbonInputs) -> str:
    interval = (
        "derived from stored joules; 95 % by Monte Carlo over the meter's interval, its gain, "
        "intensity, PUE"
    )
    if carbon.embodied_kg is None:
        return f"{interval}. Without --embodied-kg there is no SCI, which needs M"
    low, _, high = (carbon.lifetime_years * years / LIFETIME_YEARS[1] for years in LIFETIME_YEARS)
    share = "" if carbon.embodied_share == 1 else f", {percent(carbon.embodied_share)} of it"
    return (
        f"{interval}, embodied carbon and lifetime. SCI (ISO/IEC 21031) = (E·PUE·I + M) per R, "
        f"M = TE·(TiR/EL)·(RR/ToR), TE {carbon.embodied_kg:g} kg (×÷ {EMBODIED_FACTOR:.2g})"
        f"{share}, EL {carbon.lifetime_years:g} years ({low:.2g}–{high:.2g})"
    )


def _water_inputs(carbon: CarbonInputs) -> str:
    said = []
    if carbon.water_l_per_kwh is not None:
        said.append(f"on site {carbon.water_l_per_kwh:g} L/kWh")
    if carbon.grid_water_l_per_kwh is not None:
        said.append(f"generation {carbon.grid_water_l_per_kwh:g} L/kWh")
    return ", ".join(said) + ", taken as exact"


def _replicates(count: int) -> str:
    return f"{count} replicate{'' if count == 1 else 's'}"
