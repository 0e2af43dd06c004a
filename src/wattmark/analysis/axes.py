"""What trials can be set beside each other by: each public figure with its unit and direction.

That is every metric, accuracy, F1, carbon and water. A name may be given without its unit:
`energy_per_query` is `energy_per_query_j`, `ttft` is `ttft_s`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattmark.analysis.carbon import CARBON_UNIT, SCI_UNIT, WATER_UNIT
from wattmark.analysis.itl import ITL
from wattmark.analysis.metrics import METRICS, TIME_PER
from wattmark.analysis.scores import F1
from wattmark.errors import InputError, unknown
from wattmark.schema import Estimate

LOWER, HIGHER = "lower", "higher"
ONE_RUN = "one replicate has no interval"
_OF_QUERIES = ("accuracy", F1)
_SUFFIXES = ("_j", "_s", "_bytes", "_w", "_c", "_js")


@dataclass(frozen=True, slots=True)
class Axis:
    """A figure that trials have: its public name, unit, title, and which way is better."""

    name: str
    unit: str
    title: str
    better: str

    @property
    def sign(self) -> float:
        """What makes a figure of it a cost: 1 where lower is better, −1 where higher is."""
        return -1.0 if self.better == HIGHER else 1.0


AXES: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        *(Axis(m.name, m.unit, m.title, m.better) for m in (*METRICS.values(), *ITL)),
        Axis("accuracy", "1", "Accuracy", HIGHER),
        Axis(F1, "1", "F1", HIGHER),
        *(
            Axis(f"co2e_g_per_{per}", CARBON_UNIT, f"CO2e per {per}", LOWER)
            for per in TIME_PER
            if per != "correct"
        ),
        *(Axis(f"sci_g_per_{per}", SCI_UNIT, f"SCI per {per}", LOWER) for per in TIME_PER),
        Axis("water_l_per_query", WATER_UNIT, "Water per query", LOWER),
    )
}


def axis_named(name: str) -> Axis:
    """An axis by its public name, with or without its unit; InputError lists what there is."""
    word = name.strip()
    if word in AXES:
        return AXES[word]
    for axis in AXES.values():
        if short(axis.name) == word:
            return axis
    raise InputError(unknown("metric", word, AXES))


def axes_named(names: Sequence[str]) -> tuple[Axis, ...]:
    """Several axes; InputError where one is unknown or given twice."""
    found = tuple(axis_named(name) for name in names)
    twice = next((axis.name for axis in found if found.count(axis) > 1), None)
    if twice is not None:
        raise InputError(f"'{twice}' is given twice.", "Give each metric once.")
    return found


def short(name: str) -> str:
    """A name without its unit: 'ttft', 'co2e_per_query'; one that ends in a rate as it is."""
    bare = name.replace("_g_per_", "_per_").replace("_l_per_", "_per_")
    for suffix in _SUFFIXES:
        stem = bare.removesuffix(suffix)
        if stem != bare and not stem.endswith("_per"):
            return stem
    return bare


def estimate_of(estimates: Mapping[str, Estimate], axis: Axis) -> Estimate:
    """A trial's figure; one without a value, and with the reason, where it has none."""
    found = estimates.get(axis.name)
    if found is None:
        return Estimate(axis.name, None, None, None, 0.95, 0, axis.unit, "not measured")
    return found


def bounds(estimate: Estimate) -> tuple[float, float] | None:
    """Both ends of a figure that can be compared; None where there are too few replicates.

    A single replicate's joules have their measurement's bounds, but how far the next replicate
    would be from it is unknown. Accuracy and F1 count queries, and one has Wilson's interval.
    """
    low, high = estimate.low, estimate.high
    if estimate.value is None or low is None or high is None:
        return None
    if estimate.n < 2 and estimate.metric not in _OF_QUERIES:
        return None
    return None if math.isnan(low) or math.isnan(high) else (low, high)
