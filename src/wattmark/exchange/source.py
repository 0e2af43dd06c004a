"""A run as exports read it: its good replicates, their answers, their grams.

Replicates that failed carry no figures and are left out, with a note of how many. Answers stay in
Arrow columns: a run may have ten million of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.carbon import CarbonInputs, mean_intensity
from wattmark.analysis.summary import TrialSummary, carbon_of, summarise
from wattmark.store.reader import Run
from wattmark.units import grams_co2e

Row = Mapping[str, Any]
IDENTITY = ("model", "backend", "precision", "device", "batch_size", "task", "mode")


class Source:
    """A run that is exported. `notes` gathers what the reader should know, each line once."""

    def __init__(self, run: Run, carbon: CarbonInputs | None = None) -> None:
        self.run = run
        self.carbon = carbon_of(run.info) if carbon is None else carbon
        """What grams are computed from."""
        self.notes: dict[str, None] = {}
        self._grams: dict[tuple[str, int], float | None] = {}

    def note(self, text: str) -> None:
        """Something that the reader should know."""
        self.notes[text] = None

    @cached_property
    def summaries(self) -> list[TrialSummary]:
        """The trials over their replicates."""
        return summarise(self.run, carbon=self.carbon)

    @cached_property
    def good(self) -> list[Row]:
        """The replicates that ended ok, trial by trial in the plan's order."""
        rows = self.run.trials.to_pylist()
        good = [row for row in rows if row["status"] == "ok"]
        if len(good) < len(rows):
            self.note(
                f"{len(rows) - len(good)} of {len(rows)} replicates did not end well: they have no "
                "figures and are in the tidy tables alone."
            )
        plan = {entry.get("key"): at for at, entry in enumerate(self.run.info.get("plan") or ())}
        return sorted(
            good, key=lambda row: (plan.get(row["trial_key"], len(plan)), row["replicate"])
        )

    def grams_per_joule(self, row: Row) -> float | None:
        """CO2e of a joule of a replicate, overhead of the building included; None: not known."""
        key = (row["trial_key"], row["replicate"])
        if key not in self._grams:
            intensity = mean_intensity(self.carbon, [row])
            if intensity.value is None:
                self.note(
                    f"Emissions are empty: {intensity.why}. Name one by --country, --zone or "
                    "--intensity."
                )
            known = intensity.value is not None
            grams = grams_co2e(1.0, intensity.value or 0.0) * self.carbon.pue
            self._grams[key] = grams if known else None
        return self._grams[key]

    def answers(self, row: Row, columns: Sequence[str], *, every: bool = False) -> pa.Table:
        """Answers of a replicate in the task's order; `every`: also of repeated passes."""
        names = list(dict.fromkeys((*columns, "repetition", "batch")))
        places = self._places.get(f"{row['trial_key']}:{row['replicate']}")
        table = self.run.queries.select(names)
        if places is None:
            return table.slice(0, 0)
        first, last = int(places[0]), int(places[-1])
        whole = last - first + 1 == len(places)
        mine = table.slice(first, len(places)) if whole else table.take(pa.array(places))
        return mine if every else mine.filter(pc.equal(mine["repetition"], 0))

    @cached_property
    def _places(self) -> dict[str, NDArray[np.int64]]:
        """Trial key and replicate → rows of its answers."""
        table = self.run.queries
        if not table.num_rows:
            return {}
        keys = pc.binary_join_element_wise(
            table["trial_key"], pc.cast(table["replicate"], pa.string()), ":"
        )
        coded = keys.combine_chunks().dictionary_encode()
        codes = np.asarray(coded.indices, dtype=np.int64)
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(coded.dictionary)))
        parts = np.split(order, ends[:-1])
        return dict(zip(coded.dictionary.to_pylist(), parts, strict=True))


def figures(table: pa.Table, column: str) -> NDArray[np.float64]:
    """A column of numbers, shape (rows,); NaN where it is null."""
    return np.asarray(
        pc.fill_null(pc.cast(table[column], pa.float64()), float("nan")), dtype=np.float64
    )


def column(values: NDArray[np.float64]) -> pa.Array:
    """Numbers as a column, null where they are NaN."""
    return pa.array(values, from_pandas=True)


def batch_sums(table: pa.Table, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each answer's sum of `values` over its batch, shape (rows,); NaN where one of them is."""
    _, places = np.unique(np.asarray(table["batch"]), return_inverse=True)
    return np.asarray(np.bincount(places, weights=values)[places], dtype=np.float64)


def ratio(above: float | None, below: float | None) -> float | None:
    """A quotient; None where either is not known or there is nothing to divide by."""
    return None if above is None or not below else above / below


def scaled(value: float | None, factor: float | None) -> float | None:
    """A product; None where either is not known."""
    return None if value is None or factor is None else value * factor
