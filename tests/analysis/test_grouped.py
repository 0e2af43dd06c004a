"""Figures by group and percentiles over queries: against sums done another way, and coverage."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.grouped import by_group, by_query, queries_needed
from wattmark.analysis.metrics import METRICS, NO_LOGARITHM
from wattmark.analysis.summary import ONE_REPLICATE, estimate, summarise
from wattmark.errors import InputError
from wattmark.store.reader import Run, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo", Knobs(queries=16)))


def changed(run: Run, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Run:
    rows = [{**row, **change(row)} for row in run.trials.to_pylist()]
    other = Run(run.path, run.info)
    vars(other)["trials"] = pa.Table.from_pylist(rows, schema=run.trials.schema)
    return other


def test_a_group_of_one_trial_is_the_trials_own_figure(run: Run) -> None:
    summaries = {summary.key: summary for summary in summarise(run)}
    found = by_group(run)
    assert len(found) == len(summaries) * len(METRICS)
    for one in found:
        own = summaries[str(dict(one.group)["trial_key"])].estimates[one.estimate.metric]
        assert one.estimate.value == (own.value and pytest.approx(own.value, rel=1e-12))
        assert one.estimate.low == (own.low and pytest.approx(own.low, rel=1e-12))
        assert one.estimate.n == own.n


def test_a_group_counts_blocks_not_trials(run: Run) -> None:
    (found,) = [
        one
        for one in by_group(run, ["task", "precision"], ["latency_s"])
        if dict(one.group) == {"task": "arithmetic", "precision": "bf16"}
    ]
    by_block: dict[int, list[float]] = {}
    for row in run.trials.to_pylist():
        if (row["task"], row["precision"], row["status"]) == ("arithmetic", "bf16", "ok"):
            by_block.setdefault(row["block"], []).append(row["latency_s"])
    # Block 1 lost one of its two trials to memory, and would tilt the mean.
    logs = [statistics.fmean(map(math.log, v)) for v in by_block.values() if len(v) == 2]
    assert (found.trials, found.estimate.n, len(logs)) == (2, 4, 4)
    assert "4 of 5 blocks" in found.estimate.note
    low, high = stats.t.interval(0.95, 3, statistics.fmean(logs), stats.sem(logs))
    assert found.estimate.value == pytest.approx(math.exp(statistics.fmean(logs)))
    assert found.estimate.low == pytest.approx(math.exp(low))
    assert found.estimate.high == pytest.approx(math.exp(high))
    values = [math.exp(value) for value in logs]
    assert found.sd == pytest.approx(statistics.stdev(values))
    assert found.median == pytest.approx(statistics.median(values))
    assert (found.least, found.most) == pytest.approx((min(values), max(values)))


def test_everything_can_be_one_group_and_nothing_is_made_up(run: Run) -> None:
    (whole,) = by_group(run, [], ["queries_per_s"])
    assert (whole.group, whole.trials, whole.estimate.n) == ((), 8, 4)
    (absent,) = by_group(run, [], ["vram_peak_bytes"])
    assert (absent.trials, absent.estimate.value, absent.estimate.n) == (0, None, 0)
    broken = changed(run, lambda row: {"measured_s": 1.0, "energy_j": -1.0})
    (below,) = by_group(broken, [], ["energy_per_query_j"])
    assert (below.estimate.value, below.estimate.note) == (None, NO_LOGARITHM)
    apart = changed(run, lambda row: {"block": row["run_order"]})
    (never,) = by_group(apart, [], ["latency_s"])
    assert never.estimate.note == "no block has all trials of the group"


def test_a_single_block_has_no_interval(tmp_path: Path) -> None:
    once = open_run(make_run(tmp_path / "once", Knobs(replicates=1, queries=4)))
    found = by_group(once, ["task"], ["latency_s"])
    assert {one.estimate.note for one in found} == {ONE_REPLICATE}
    assert {(one.sd, one.estimate.low) for one in found} == {(None, None)}


@pytest.mark.parametrize("figure", ["latency_s", "energy_j", "output_tokens"])
def test_percentiles_are_those_of_each_run_and_their_interval_of_the_runs(
    run: Run, figure: str
) -> None:
    found = {dict(one.group)["trial_key"]: one for one in by_query(run, figure)}
    queries = run.queries.to_pylist()
    for summary in summarise(run):
        one = found[summary.key]
        per_run: dict[int, list[float]] = {}
        for row in queries:
            if row["trial_key"] == summary.key:
                per_run.setdefault(row["replicate"], []).append(row[figure])
        assert (one.queries, one.mean.n) == (16, len(per_run))
        medians = [float(np.median(values)) for values in per_run.values()]
        told = dict(one.percentiles)[0.5]
        assert told.value == pytest.approx(statistics.fmean(medians))
        half = stats.t.ppf(0.975, len(medians) - 1) * stats.sem(medians)
        assert told.high == pytest.approx(statistics.fmean(medians) + half)
        assert one.mean.value == pytest.approx(
            statistics.fmean(statistics.fmean(values) for values in per_run.values())
        )
        assert one.sd.value == pytest.approx(
            statistics.fmean(statistics.stdev(values) for values in per_run.values())
        )


def test_a_percentile_that_its_queries_cannot_bound_has_no_interval(run: Run) -> None:
    (one, *_) = by_query(run, "latency_s", percentiles=[0.5, 0.99])
    middle, far = (estimate for _, estimate in one.percentiles)
    assert middle.low is not None
    assert far.value is not None
    assert (far.low, far.high) == (None, None)
    assert far.note == "16 queries: an interval of p99 needs 368"
    assert [queries_needed(p) for p in (0.99, 0.01, 0.95, 0.5)] == [368, 368, 72, 6]


def test_what_is_not_there_is_left_out_or_refused(run: Run, tmp_path: Path) -> None:
    # A classifier has no token times.
    assert {dict(one.group)["task"] for one in by_query(run, "ttft_s", ["task"])} == {"arithmetic"}
    bare = open_run(make_run(tmp_path / "bare", Knobs(replicates=2, queries=4, energy=False)))
    assert by_query(bare, "energy_j") == []
    for call, says in (
        (lambda: by_group(run, ["presicion"]), "Did you mean 'precision'"),
        (lambda: by_group(run, [], ["latency"]), "Did you mean 'latency_s'"),
        (lambda: by_query(run, "lateny_s"), "Did you mean 'latency_s'"),
        (lambda: by_query(run, "latency_s", percentiles=[95]), "between 0 and 1"),
    ):
        with pytest.raises(InputError, match=says):
            call()


def test_the_groups_figure_agrees_with_the_estimate_of_its_rows(run: Run) -> None:
    rows = [row for row in run.trials.to_pylist() if row["status"] == "ok"]
    key = rows[0]["trial_key"]
    metric = METRICS["energy_per_query_net_j"]
    own = estimate(metric, [row for row in rows if row["trial_key"] == key])
    (found,) = [
        one for one in by_group(run, metrics=[metric.name]) if dict(one.group)["trial_key"] == key
    ]
    assert (found.estimate.low, found.estimate.high) == pytest.approx((own.low, own.high))
