"""From what a query costs to what a million cost: kWh, money, and kilograms of CO2e.

    E_N = N · E_query        money = E_N · PUE · tariff        CO2e = E_N · PUE · intensity

What is not known of one query is not known of each of them: the relative interval stays as wide,
and no √N narrows it. As everywhere, the sensors' gain stands apart from the interval of the
kilowatt-hours; `with_gain`, money and carbon are absolute figures, and have it in them. Queries
are taken to be like those that were measured, at the same batch, on a machine that does no other
work in between: loading the model and waiting for queries are not in it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wattmark.analysis.axes import AXES, estimate_of
from wattmark.analysis.carbon import CarbonInputs, Work, operational
from wattmark.analysis.metrics import Reading
from wattmark.errors import InputError
from wattmark.schema import Estimate
from wattmark.units import joules_to_kwh

ENERGY = "energy_per_query_j"
CARBON = "co2e_g_per_query"
NO_TARIFF = "no tariff was given"
MOST_QUERIES = 1e18
MOST_TARIFF = 1e9
_LONGEST_CURRENCY = 20
_TARIFF = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*(\D{0,60})\s*")


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a kilowatt-hour costs; `currency` is free text and may be empty."""

    per_kwh: float
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """`queries` queries. `energy` in kWh has the gain apart, `with_gain` (kWh) has it inside.

    `cost` is in the tariff's currency, `co2e` in kg; each is without a value, and its note says
    why, where it cannot be said. `pue` is what money and carbon were multiplied by.
    """

    queries: float
    energy: Estimate
    with_gain: Estimate
    cost: Estimate
    co2e: Estimate
    gain_uncertainty: float | None
    pue: float


def extrapolate(
    estimates: Mapping[str, Estimate],
    queries: float,
    *,
    tariff: Tariff | None = None,
    gain_uncertainty: float | None = None,
    carbon: CarbonInputs | None = None,
) -> Extrapolation:
    """What `queries` queries cost, by the estimates of a trial (`TrialSummary.estimates`).

    `carbon` is where PUE comes from; kilograms are those of the estimate itself. Raises
    InputError unless `queries` is a finite number of at least 1.
    """
    if not math.isfinite(queries) or not 1 <= queries <= MOST_QUERIES:
        raise InputError(f"{queries:g} queries cannot be counted.", "Give 1 or more.")
    pue = carbon.pue if carbon is not None else 1.0
    query = estimate_of(estimates, AXES[ENERGY])
    all_of_them = _scaled(query, "energy_j", "J", queries)
    work = Work(all_of_them, None, gain_uncertainty or 0.0)
    grams = estimate_of(estimates, AXES[CARBON])
    return Extrapolation(
        queries=queries,
        energy=_scaled(query, "energy_kwh", "kWh", joules_to_kwh(queries)),
        with_gain=_charged("energy_with_gain_kwh", work, Tariff(1.0, "kWh"), 1.0),
        cost=_charged("cost", work, tariff, pue),
        co2e=_scaled(grams, "co2e_kg", "kg", queries / 1000),
        gain_uncertainty=gain_uncertainty,
        pue=pue,
    )


def tariff_of(text: str) -> Tariff:
    """'0.25', '0.25 EUR' or '0.25 EUR/kWh' as a tariff. Raises InputError for anything else."""
    found = _TARIFF.fullmatch(text)
    if found is None or float(found[1]) > MOST_TARIFF:
        raise InputError(
            f"'{text[:60]}' is no tariff.", "Give the price of a kWh: 0.25, or '0.25 EUR'."
        )
    currency = re.sub(r"\s*(?:/|per )\s*kwh$", "", found[2].strip(), flags=re.IGNORECASE)
    if len(currency) > _LONGEST_CURRENCY or not currency.isprintable():
        raise InputError(
            f"'{currency[:60]}' is no currency.",
            f"At most {_LONGEST_CURRENCY} characters, such as EUR or R$.",
        )
    return Tariff(float(found[1]), currency)


def _charged(name: str, work: Work, tariff: Tariff | None, pue: float) -> Estimate:
    """E · PUE · price, with the meter's interval, the gain and the PUE's doubt in it.

    Money goes with kilowatt-hours as grams do, at a rate that is known exactly.
    """
    if tariff is None:
        return Estimate(name, None, None, None, work.energy.confidence, 0, "", NO_TARIFF)
    exact = CarbonInputs(intensity_uncertainty=0.0, pue=pue)
    return operational(name, work, Reading(tariff.per_kwh), exact, tariff.currency)


def _scaled(estimate: Estimate, name: str, unit: str, factor: float) -> Estimate:
    """A figure and its bounds times `factor`, under another name."""
    value, low, high = (
        None if end is None else end * factor
        for end in (estimate.value, estimate.low, estimate.high)
    )
    return dataclasses.replace(estimate, metric=name, unit=unit, value=value, low=low, high=high)
