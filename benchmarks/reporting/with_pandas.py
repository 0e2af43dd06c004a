"""The same tables by a pandas script: each file read whole, as the first example has it.

`with_pandas_columns` is by somebody who reads the columns that are needed alone. Of what wattmark
does both leave out the resampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.reporting.told import tell

QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
POINTS = 300


COLUMNS = {
    "queries": (
        *("trial_key", "replicate", "query_id", "correct", "score", "confidence"),
        *("latency_s", "energy_j", "output_tokens"),
    ),
    "energy": ("trial_key", "replicate", "span", "batch", "component", "energy_j"),
    "spans": ("trial_key", "replicate", "name", "start_ns", "end_ns"),
    "trace": ("sensor", "time_ns", "energy_j", "power_w"),
}


def with_pandas(path: Path, columns: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The figures of the tables; of each file the columns in `columns`, or all."""

    def read(table: str) -> Any:
        wanted = None if columns is None else list(columns[table])
        return pd.read_parquet(path / f"{table}.parquet", columns=wanted)

    trials = pd.read_parquet(path / "trials.parquet")
    queries = read("queries")
    # The summary: replicates first, since they are what scatters; then mean and spread of them.
    runs = queries.groupby(["trial_key", "replicate"]).agg(
        energy_j=("energy_j", "mean"),
        tokens=("output_tokens", "sum"),
        latency_s=("latency_s", "median"),
        correct=("correct", "mean"),
        score=("score", "mean"),
    )
    shown = runs.groupby("trial_key").agg(["mean", "std", "count"])
    distinct = queries.groupby("trial_key")["query_id"].nunique()
    fp32 = trials.loc[trials["precision"] == "fp32", "trial_key"]
    # Verdicts: ratios of replicates, and answers that were lost or gained.
    right = (queries.groupby(["trial_key", "query_id"])["correct"].mean() > 0.5).unstack(0)
    verdicts, differ = {}, 0
    for _, group in trials.sort_values(["precision", "batch_size"]).groupby("task"):
        keys = group["trial_key"].unique()
        reference = next(key for key in keys if key in set(fp32))
        for key in keys:
            ratio = np.log(runs.loc[key]["energy_j"] / runs.loc[reference]["energy_j"])
            pair = right[[reference, key]].dropna().astype(bool)
            first, second = pair.iloc[:, 0], pair.iloc[:, 1]
            lost, gained = int((first & ~second).sum()), int((second & ~first).sum())
            verdicts[key] = (ratio.mean(), ratio.std(), lost, gained)
            differ += lost + gained
    # Confidence against how often it was right, of the first replicate.
    told = queries[queries["replicate"] == 0].dropna(subset=["confidence"])
    told = told.assign(bin=np.ceil(told["confidence"] * 10).clip(1, 10))
    bins = told.groupby(["trial_key", "bin"]).agg(
        n=("correct", "size"), confidence=("confidence", "mean"), correct=("correct", "mean")
    )
    spread = queries.groupby("trial_key")["latency_s"].quantile(QUANTILES).unstack()
    phases, power = _joules(read, trials)
    return {
        "differ": differ,
        "median_s": float(spread[0.5].sum()),
        "rows": [
            len(spread),
            len(bins),
            len(phases),
            len(power),
            len(verdicts),
            len(distinct),
            len(shown),
        ],
    }


def _joules(read: Callable[[str], Any], trials: Any) -> tuple[Any, list[Any]]:
    """Joules by phase, and power over time of each trial's replicate with the median energy."""
    energy = read("energy")
    energy = energy[energy["batch"].isna()]
    phases = energy.groupby(["trial_key", "span", "component"])["energy_j"].mean()
    spans = read("spans")
    edges = spans.groupby(["trial_key", "replicate"]).agg({"start_ns": "min", "end_ns": "max"})
    trace = read("trace")
    power = []
    for key, group in trials.groupby("trial_key"):
        median = group.sort_values("energy_j").iloc[(len(group) - 1) // 2]["replicate"]
        start_ns, end_ns = edges.loc[(key, median)]
        inside = trace[(trace["time_ns"] >= start_ns) & (trace["time_ns"] <= end_ns)]
        for sensor, readings in inside.groupby("sensor"):
            if readings["energy_j"].notna().any():
                at = np.linspace(start_ns, end_ns, POINTS + 1)
                watts = np.diff(np.interp(at, readings["time_ns"], readings["energy_j"]))
                power.append((key, sensor, watts / np.diff(at) * 1e9))
            else:
                bins = pd.cut(readings["time_ns"], POINTS, labels=False)
                power.append((key, sensor, readings.groupby(bins)["power_w"].mean()))
    return phases, power


if __name__ == "__main__":
    tell(with_pandas)
