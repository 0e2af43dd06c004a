"""What is traded against what: accuracy, time, emissions and throughput, with both intervals.

Trials of one task share a chart, so that models are compared on the same questions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from wattmark.analysis.axes import AXES
from wattmark.report.contenders import Contender
from wattmark.report.figure import Figure
from wattmark.report.fronts_chart import front_figure
from wattmark.report.fronts_data import Pair

ENERGY, LATENCY, CARBON = "energy_per_query_j", "latency_s", "co2e_g_per_query"
ONE_GRID = 1e-6
"""Grams a joule that differ by no more than this are of one grid, which its joules decide."""

ACCURACY_ENERGY = Pair(
    id="tradeoff", title="Accuracy against energy", x=AXES[ENERGY], y=AXES["accuracy"]
)
LATENCY_ENERGY = Pair(
    id="latency-energy", title="Energy against latency", x=AXES[LATENCY], y=AXES[ENERGY]
)
LATENCY_CARBON = Pair(
    id="latency-emissions", title="Emissions against latency", x=AXES[LATENCY], y=AXES[CARBON]
)


def accuracy_energy_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """What an answer is worth beside what it costs."""
    return front_figure(_numbered(ACCURACY_ENERGY, index), trials)


def latency_energy_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """What waiting less costs."""
    return front_figure(_numbered(LATENCY_ENERGY, index), trials)


def latency_emissions_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """Emissions beside latency; on one grid its joules decide who is on the front."""
    pair = LATENCY_CARBON
    if _one_grid(trials):
        why = (
            "Of one grid's electricity: its intensity moves all alike, so the joules decide the "
            "front. The crosses hold the intensity's own doubt."
        )
        pair = replace(pair, judges=(LATENCY, ENERGY), why=why)
    return front_figure(_numbered(pair, index), trials)


def latency_throughput_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """Throughput beside latency, a line through the batch sizes of each configuration.

    In tokens a second, or in queries where the task writes none.
    """
    tokens = any(one.trial.estimates["tokens_per_s"].value is not None for one in trials)
    pair = Pair(
        id="latency-throughput",
        title="Throughput against latency",
        x=AXES[LATENCY],
        y=AXES["tokens_per_s" if tokens else "queries_per_s"],
        joined=True,
    )
    return front_figure(_numbered(pair, index), trials)


def _numbered(pair: Pair, index: int) -> Pair:
    return replace(pair, id=f"{pair.id}-{index}")


def _one_grid(trials: Sequence[Contender]) -> bool:
    """Whether all emissions are the same multiple of their joules."""
    both = [(one.value(AXES[CARBON]), one.value(AXES[ENERGY])) for one in trials]
    shares = [grams / joules for grams, joules in both if grams > 0 and joules > 0]
    return all(math.isclose(share, shares[0], rel_tol=ONE_GRID) for share in shares)
