"""Figures by any grouping, and percentiles over queries: centre and spread, at the level of runs.

A group may hold one trial or many (all batches of a precision, all precisions of a model). Its
unit of replication is the block: the (geometric) mean of its trials in one block is one value, and
the interval is that of these values over the blocks, so that every trial counts alike and neither
trials nor queries pose as replicates. A block that lacks one of the trials would tilt the mean: it
is left out and counted.

A percentile is taken over the queries of each replicate, then treated in the same way. Of few
queries a high percentile is hardly more than their largest: below ln(0.025) / ln(p) queries (368
for p99) nothing bounds it from above, and it has no interval.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wattmark.analysis.intervals import CONFIDENCE, mean_with_measurement
from wattmark.analysis.metrics import METRICS, NO_LOGARITHM, Metric, Reading, Row, metric_named
from wattmark.analysis.summary import IDENTITY, ONE_REPLICATE, run_values
from wattmark.errors import InputError, unknown
from wattmark.schema import Estimate
from wattmark.store.reader import Run

BY = (*IDENTITY, "trial_key", "weights", "revision", "options")
FIGURES = {
    "latency_s": "s",
    "ttft_s": "s",
    "tpot_s": "s",
    "energy_j": "J",
    "output_tokens": "tokens",
}
"""Columns of `queries` that are spread over queries, with their units."""
PERCENTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

Floats = NDArray[np.float64]
Group = tuple[tuple[str, str | int], ...]
"""(column, value) of each column that was grouped by."""
Reads = Callable[[Sequence[Row]], Mapping[int, Reading]]


@dataclass(frozen=True, kw_only=True)
class GroupEstimate:
    """One metric of one group: `estimate` over blocks; of the same values, SD, median and ends.

    `trials` are those that have the metric. `sd` is None for a single block.
    """

    group: Group
    trials: int
    estimate: Estimate
    sd: float | None = None
    median: float | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class QuerySpread:
    """One figure over the queries of a group: mean, SD and percentiles, each with an interval.

    `queries` is the least number of them that a replicate has.
    """

    group: Group
    figure: str
    trials: int
    queries: int
    mean: Estimate
    sd: Estimate
    percentiles: tuple[tuple[float, Estimate], ...]


def by_group(
    run: Run, by: Sequence[str] = ("trial_key",), metrics: Sequence[str] | None = None
) -> list[GroupEstimate]:
    """Each metric (all of METRICS where none is named) of each group, in order of appearance.

    Raises InputError on a column or a metric that does not exist.
    """
    chosen = [metric_named(name) for name in metrics or METRICS]
    found = []
    for group, trials in _groups(run, by).items():
        for metric in chosen:
            values = {key: run_values(metric, rows) for key, rows in trials.items()}
            found.append(_of_blocks(group, metric, values))
    return found


def by_query(
    run: Run,
    figure: str,
    by: Sequence[str] = ("trial_key",),
    percentiles: Sequence[float] = PERCENTILES,
) -> list[QuerySpread]:
    """A figure of `queries` over the queries of each group; groups without it are left out.

    Raises InputError on a column or a figure that does not exist, or a percentile that is not
    between 0 and 1.
    """
    if figure not in FIGURES:
        raise InputError(unknown("figure", figure, FIGURES))
    if not all(0 < one < 1 for one in percentiles):
        raise InputError("A percentile lies between 0 and 1, such as 0.95.")
    values = _values(run, figure)
    found = []
    for group, trials in _groups(run, by).items():
        mine = {
            key: {
                row["block"]: values[key, row["replicate"]]
                for row in rows
                if row["status"] == "ok" and (key, row["replicate"]) in values
            }
            for key, rows in trials.items()
        }
        mine = {key: blocks for key, blocks in mine.items() if blocks}
        if mine:
            found.append(_spread(group, figure, mine, percentiles))
    return found


def _groups(run: Run, by: Sequence[str]) -> dict[Group, dict[str, list[Row]]]:
    """Group → trial key → rows."""
    for name in by:
        if name not in BY:
            raise InputError(unknown("column to group by", name, BY))
    groups: dict[Group, dict[str, list[Row]]] = {}
    for row in run.trials.to_pylist():
        group = tuple((name, "" if row[name] is None else row[name]) for name in by)
        groups.setdefault(group, {}).setdefault(row["trial_key"], []).append(row)
    return groups


def _of_blocks(
    group: Group, metric: Metric, trials: Mapping[str, Mapping[int, Reading]]
) -> GroupEstimate:
    """The mean over the trials of each block that has all of them, and the spread of these."""
    able = {key: values for key, values in trials.items() if values}
    name, unit = metric.name, metric.unit
    if not able:
        return GroupEstimate(group=group, trials=0, estimate=_absent(name, unit, "no value"))
    whole = sorted(set.intersection(*(set(values) for values in able.values())))
    some = set.union(*(set(values) for values in able.values()))
    if not whole:
        why = "no block has all trials of the group"
        return GroupEstimate(group=group, trials=len(able), estimate=_absent(name, unit, why))
    members = [[values[block] for values in able.values()] for block in whole]
    if metric.logs and min(float(one.value or 0.0) for block in members for one in block) <= 0:
        why = NO_LOGARITHM
        return GroupEstimate(group=group, trials=len(able), estimate=_absent(name, unit, why))
    readings = [_together(block, metric.logs) for block in members]
    values = [float(one.value or 0.0) for one in readings]
    interval = mean_with_measurement(
        values, [r.low for r in readings], [r.high for r in readings], logs=metric.logs
    )
    notes = [ONE_REPLICATE] if len(whole) == 1 else []
    if len(whole) < len(some):
        notes.append(f"{len(whole)} of {len(some)} blocks have all trials")
    estimate = Estimate(
        name, interval.mean, interval.low, interval.high, CONFIDENCE, len(whole), unit,
        "; ".join(notes),
    )  # fmt: skip
    return GroupEstimate(
        group=group,
        trials=len(able),
        estimate=estimate,
        sd=statistics.stdev(values) if len(values) > 1 else None,
        median=statistics.median(values),
        least=min(values),
        most=max(values),
    )


def _together(block: Sequence[Reading], logs: bool) -> Reading:
    """The mean of a block's trials; bounds likewise, as if all of them erred to the same side."""
    values = [float(one.value or 0.0) for one in block]
    lows = [one.low for one in block if one.low is not None]
    highs = [one.high for one in block if one.high is not None]
    bounded = len(lows) == len(highs) == len(block)
    return Reading(
        _centre(values, logs),
        _centre(lows, logs) if bounded else None,
        _centre(highs, logs) if bounded else None,
    )


def _centre(values: Sequence[float], logs: bool) -> float:
    if not logs:
        return statistics.fmean(values)
    if min(values) <= 0:
        return 0.0
    return math.exp(statistics.fmean(map(math.log, values)))


def _values(run: Run, figure: str) -> dict[tuple[str, int], Floats]:
    """(trial key, replicate) → the figure of its queries, those without one left out."""
    table = run.select("queries", ["trial_key", "replicate", figure]).drop_null()
    if not table.num_rows:
        return {}
    keys = table.column("trial_key").cast(pa.string()).combine_chunks().dictionary_encode()
    replicate = table.column("replicate").to_numpy()
    place = np.asarray(keys.indices).astype(np.int64) * (int(replicate.max()) + 1) + replicate
    order = np.argsort(place, kind="stable")
    values = table.column(figure).to_numpy().astype(np.float64)[order]
    starts = np.unique(place[order], return_index=True)[1]
    names = keys.dictionary.to_pylist()
    first = order[starts]
    return {
        (names[int(keys.indices[int(at)].as_py())], int(replicate[at])): part
        for at, part in zip(first, np.split(values, starts[1:]), strict=True)
    }


def _spread(
    group: Group,
    figure: str,
    trials: Mapping[str, Mapping[int, Floats]],
    percentiles: Sequence[float],
) -> QuerySpread:
    queries = min(len(values) for blocks in trials.values() for values in blocks.values())

    def told(name: str, of: Callable[[Floats], float]) -> Estimate:
        # Plain, not of logarithms: a percentile of tokens or a spread may be zero.
        metric = Metric(name, FIGURES[figure], name, "", lambda row: Reading(None), logs=False)
        readings = {
            key: {block: Reading(of(values)) for block, values in blocks.items()}
            for key, blocks in trials.items()
        }
        return _of_blocks(group, metric, readings).estimate

    found = []
    for share in percentiles:
        estimate = told(f"{figure}_p{100 * share:g}", partial(_quantile, share))
        found.append((share, _bounded(estimate, share, queries)))
    return QuerySpread(
        group=group,
        figure=figure,
        trials=len(trials),
        queries=queries,
        mean=told(figure, lambda v: float(v.mean())),
        sd=told(f"{figure}_sd", lambda v: float(v.std(ddof=1)) if len(v) > 1 else 0.0),
        percentiles=tuple(found),
    )


def _quantile(share: float, values: Floats) -> float:
    return float(np.quantile(values, share))


def queries_needed(share: float) -> int:
    """Queries from which on a percentile (0 to 1) has a bound at 95 % on its outer side.

    The largest of n lies beyond it with 97.5 % probability: 1 − max(p, 1 − p)ⁿ ≥ 0.975.
    """
    tail = (1 - CONFIDENCE) / 2
    return math.ceil(math.log(tail) / math.log(max(share, 1 - share)))


def _bounded(estimate: Estimate, share: float, queries: int) -> Estimate:
    needed = queries_needed(share)
    if queries >= needed or estimate.value is None:
        return estimate
    why = f"{queries} queries: an interval of p{100 * share:g} needs {needed}"
    note = "; ".join(filter(None, (estimate.note, why)))
    return Estimate(
        estimate.metric, estimate.value, None, None, CONFIDENCE, estimate.n, estimate.unit, note
    )


def _absent(name: str, unit: str, why: str) -> Estimate:
    return Estimate(name, None, None, None, CONFIDENCE, 0, unit, why)
