from __future__ import annotations

import json
import statistics
from pathlib import Path

import pyarrow as pa
import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.metrics import METRICS
from wattmark.analysis.summary import TrialSummary, estimate, summarise
from wattmark.analysis.verdict import verdicts
from wattmark.errors import InputError
from wattmark.schema import Status
from wattmark.store.reader import Run, open_run
from wattmark.units import grams_co2e

NAMES = {
    "energy_per_token_j", "energy_per_token_net_j", "energy_per_query_j", "energy_per_query_net_j",
    "energy_per_correct_j", "tokens_per_s", "queries_per_s", "ttft_s", "tpot_s", "latency_s",
    "ram_peak_bytes", "ram_unique_bytes", "vram_peak_bytes", "vram_board_peak_bytes", "accuracy",
    "power_mean_w", "idle_power_w", "power_peak_w", "temperature_max_c",
    "energy_per_token_total_j", "energy_delay_js", "correct_per_kj", "efficiency_reference",
    "co2e_g_per_query", "co2e_g_per_token", "co2e_g_per_run",
    "sci_g_per_token", "sci_g_per_query", "sci_g_per_correct", "sci_g_per_run",
    "water_l_per_query", "f1", "itl_s", "itl_p95_s",
    "energy_per_correct_net_j", "energy_per_token_total_net_j",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo"))


def first(path: Path, knobs: Knobs) -> TrialSummary:
    return summarise(open_run(make_run(path / "run", knobs)))[0]


def test_every_public_metric_is_there_for_every_trial(run: Run) -> None:
    summaries = summarise(run)
    assert len(summaries) == 8
    for summary in summaries:
        assert set(summary.estimates) == NAMES
        for name, found in summary.estimates.items():
            assert found.metric == name
            assert found.value is not None or found.note


def test_figures_are_the_rows_own(run: Run) -> None:
    summary = summarise(run)[0]
    rows = [r for r in run.trials.to_pylist() if r["trial_key"] == summary.key]
    product = 1.0
    for row in rows:
        product *= row["energy_j"] / row["output_tokens"]
    estimate = summary.estimates["energy_per_token_j"]
    assert estimate.value == pytest.approx(product ** (1 / len(rows)))
    assert estimate.n == 5
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.value < estimate.high  # type: ignore[operator] # just compared
    assert summary.provenance == "estimated"
    assert summary.gain_uncertainty == 0.6


def test_net_is_a_plain_mean_and_gross_a_geometric_one(run: Run) -> None:
    summary = summarise(run)[0]
    rows = [r for r in run.trials.to_pylist() if r["trial_key"] == summary.key]
    nets = [row["energy_net_j"] / row["queries"] for row in rows]
    assert min(nets) > 0
    assert summary.estimates["energy_per_query_net_j"].value == pytest.approx(
        statistics.fmean(nets)
    )
    gross = [row["energy_j"] / row["queries"] for row in rows]
    assert summary.estimates["energy_per_query_j"].value == pytest.approx(
        statistics.geometric_mean(gross)
    )


def test_a_gross_zero_leaves_no_figure_and_says_why(run: Run) -> None:
    rows = [{**row, "energy_j": 0.0} for row in run.trials.to_pylist()[:1]]
    found = estimate(METRICS["energy_per_query_j"], [*rows, *run.trials.to_pylist()[1:3]])
    assert found.value is None
    assert "cannot be" in found.note


def test_replicates_beside_other_load_are_counted_once(run: Run) -> None:
    table = run.trials.to_pylist()
    loud = json.dumps([{"code": c, "message": "m"} for c in ("foreign-load", "not-quiet")])
    for row in table[:3]:
        row["doubts"] = loud
    made = Run(run.path, run.info)
    made.__dict__["trials"] = pa.Table.from_pylist(table, schema=run.trials.schema)
    assert sum(summary.n_disturbed for summary in summarise(made)) == 3
    assert sum(summary.n_disturbed for summary in summarise(run)) == 0


def test_a_batch_larger_than_its_queries_says_so(tmp_path: Path) -> None:
    knobs = Knobs(batch_sizes=(1, 8), queries=3, replicates=1, one_oom=False)
    notes = [s.notes for s in summarise(open_run(make_run(tmp_path / "run", knobs)))]
    assert notes[:2] == [(), ("batch 8: only 3 queries, so batches of 3",)]


def test_batches_that_the_queries_do_not_fill_are_said(tmp_path: Path) -> None:
    knobs = Knobs(batch_sizes=(1, 8), queries=9, replicates=1, one_oom=False)
    notes = [s.notes for s in summarise(open_run(make_run(tmp_path / "run", knobs)))]
    assert notes[:2] == [(), ("batch 8: 9 queries make batches of 4.5 on average",)]


def test_two_replicates_are_called_too_few(tmp_path: Path) -> None:
    made = first(tmp_path, Knobs(replicates=2, queries=8, one_oom=False))
    assert "two replicates" in made.estimates["energy_per_query_j"].note


def test_failed_replicates_are_counted_and_named(run: Run) -> None:
    failed = [summary for summary in summarise(run) if summary.n_failed]
    assert [(s.n_ok, s.n_failed, dict(s.statuses)) for s in failed] == [(4, 1, {"ok": 4, "oom": 1})]
    assert "Out of memory" in failed[0].failures[0].error
    assert failed[0].estimates["energy_per_query_j"].n == 4


def test_accuracy_counts_distinct_queries_not_replicates(run: Run) -> None:
    estimate = summarise(run)[0].estimates["accuracy"]
    assert estimate.n == 24
    assert estimate.value == pytest.approx(21 / 24)
    assert estimate.low == pytest.approx(0.690, abs=0.001)


def test_a_classifier_has_no_joules_per_token(run: Run) -> None:
    classifier = next(s for s in summarise(run) if s.model == "sentiment")
    estimate = classifier.estimates["energy_per_token_j"]
    assert estimate.value is None
    assert "classifier" in estimate.note
    assert classifier.estimates["energy_per_query_j"].value is not None
    assert classifier.estimates["ttft_s"].note == "a classifier writes no tokens"


def test_doubts_are_counted_by_code(run: Run) -> None:
    doubts = [doubt for summary in summarise(run) for doubt in summary.doubts]
    assert {doubt.code for doubt in doubts} == {"window-short"}
    assert all(1 <= doubt.replicates <= 5 for doubt in doubts)


def test_carbon_follows_the_joules_and_only_with_an_intensity(run: Run, tmp_path: Path) -> None:
    ours = summarise(run)[0].estimates
    energy = ours["energy_per_query_j"].value
    assert energy is not None
    assert ours["co2e_g_per_query"].value == pytest.approx(grams_co2e(energy, 380.0))
    other = summarise(run, intensity_g_per_kwh=38.0)[0].estimates["co2e_g_per_query"].value
    assert other == pytest.approx(grams_co2e(energy, 38.0))
    assert summarise(run, intensity_g_per_kwh=0.0)[0].estimates["co2e_g_per_query"].value == 0
    without = first(tmp_path, Knobs(intensity_g_per_kwh=None, queries=8)).estimates
    assert without["co2e_g_per_query"].value is None
    assert "intensity" in without["co2e_g_per_query"].note


def test_one_replicate_says_so(tmp_path: Path) -> None:
    estimates = first(tmp_path, Knobs(replicates=1, queries=8, one_oom=False)).estimates
    energy = estimates["energy_per_query_j"]
    assert energy.note == "one replicate: no run-to-run interval"
    assert energy.value is not None
    assert energy.low == pytest.approx(energy.value * 0.97)
    assert estimates["ttft_s"].low is None


def test_without_a_sensor_energy_is_none_not_zero(tmp_path: Path) -> None:
    summary = first(tmp_path, Knobs(energy=False, queries=8))
    for name in ("energy_per_query_j", "energy_per_token_net_j", "co2e_g_per_query"):
        assert summary.estimates[name].value is None
        assert "no energy sensor" in summary.estimates[name].note
    assert summary.provenance is None
    assert summary.estimates["tokens_per_s"].value is not None


def test_nothing_correct_is_no_infinity(tmp_path: Path) -> None:
    estimates = first(tmp_path, Knobs(accuracy=0.0, queries=8)).estimates
    assert estimates["energy_per_correct_j"].value is None
    assert estimates["energy_per_correct_j"].note == "no answer was correct"
    assert estimates["accuracy"].value == 0.0
    assert estimates["accuracy"].high is not None
    assert estimates["accuracy"].high > 0.2


def test_a_run_in_which_nothing_worked_still_has_its_trials(tmp_path: Path) -> None:
    summary = first(tmp_path, Knobs(status=Status.CRASHED, queries=8))
    assert (summary.n_ok, summary.n_failed) == (0, 5)
    assert all(estimate.value is None for estimate in summary.estimates.values())


def test_trials_that_have_not_run_are_shown_from_the_plan(tmp_path: Path) -> None:
    path = make_run(
        tmp_path / "run", Knobs(queries=8, replicates=1, skip_last_block=True, finish=False)
    )
    summaries = summarise(open_run(path))
    assert len(summaries) == 8
    assert all((s.n_ok, s.n_failed, s.n_planned) == (0, 0, 1) for s in summaries)
    assert summaries[0].label.startswith("arithmetic · transformers fp32 cpu")


def test_an_info_without_its_keys_is_no_obstacle(run: Run) -> None:
    bare = Run(run.path, {"schema_version": 1, "status": "complete"})
    summaries = summarise(bare)
    assert len(summaries) == 8
    assert {s.label for s in summaries} == {s.label for s in summarise(run)}


def test_metrics_that_do_not_exist_are_refused_with_what_does(run: Run) -> None:
    with pytest.raises(InputError, match="Did you mean 'latency_s'"):
        verdicts(run, "latencys")
    assert "energy_per_query_j" in METRICS
