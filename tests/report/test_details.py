"""The charts behind a section's fold: what they draw equals what numpy and scipy say."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.itl import gaps_of
from wattmark.analysis.run_order import measured_starts
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.analysis.times import Times
from wattmark.report.charts import by_key, sections
from wattmark.report.correlation_chart import correlation_figure
from wattmark.report.details import Details
from wattmark.report.difficulty_chart import correct_difficulty_figure, energy_difficulty_figure
from wattmark.report.drift_chart import drift_figure
from wattmark.report.ecdf import ITL, TTFT, curve, delay_figure, percentiles
from wattmark.report.figure import Figure
from wattmark.report.labels import short_labels
from wattmark.report.panels import Panel
from wattmark.report.perquery import PerQuery, per_query
from wattmark.report.reliability import reliability_figure
from wattmark.report.thermal import thermal_figure
from wattmark.report.tokens_chart import tokens_figure
from wattmark.report.tornado import tornado_figure
from wattmark.store.reader import Run, open_run

Floats = NDArray[np.float64]
KNOBS = Knobs(precisions=("fp32",), replicates=3, queries=24, one_oom=False)


class Case:
    """A run with its summaries: arithmetic writes tokens, sentiment classifies."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.summaries = summarise(run)
        self.labels = short_labels(self.summaries)
        self.rows = [row for row in run.trials.to_pylist() if row["status"] == "ok"]
        self.trials = by_key(self.rows)

    def group(self, model: str = "arithmetic") -> list[TrialSummary]:
        return [trial for trial in self.summaries if trial.model == model]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(open_run(make_run(tmp_path_factory.mktemp("details") / "run", KNOBS)))


def data(figure: Figure | None, *names: str) -> list[dict[str, Any]]:
    """The chart's rows that have all of these fields."""
    assert figure is not None
    return [
        row
        for rows in figure.spec["datasets"].values()
        for row in rows
        if all(name in row for name in names)
    ]


def queries(case: Case, columns: Mapping[str, Floats | Sequence[float]]) -> PerQuery:
    """The same figures of queries in both trials of arithmetic; what is not given is NaN."""
    n = len(next(iter(columns.values())))
    names = ("energy_j", "latency_s", "ttft_s", "input_tokens", "output_tokens")
    means = {
        name: np.asarray(columns.get(name, np.full(n, np.nan)), dtype=np.float64)
        for name in (*names, "context_tokens", "correct", "confidence")
    }
    return PerQuery(means={trial.key: means for trial in case.group()})


def test_each_section_has_what_its_queries_can_tell(case: Case) -> None:
    details = Details(case.run, case.labels, case.trials)
    drawn = [details.figures(case.group()), details.figures(case.group("sentiment"))]
    written, classified = ({figure.id for figure in figures} for figures in drawn)
    assert written == {
        *("ttft", "itl", "difficulty-energy", "difficulty-correct", "tokens"),
        *("drift", "correlations", "tornado"),
    }
    assert classified == {"reliability", "drift", "tornado"}
    for figures in drawn:
        heights = [figure.spec["height"] for figure in figures]
        assert all(low == high for low, high in zip(heights[::2], heights[1::2], strict=False))
        for figure in figures:
            assert len(json.dumps(figure.spec)) < 100_000
            assert "config" not in figure.spec
            assert figure.spec["width"] == "container"
            assert figure.description
            assert figure.rows
            assert {len(row) for row in figure.rows} == {len(figure.columns)}


def test_a_section_has_them(case: Case) -> None:
    (section,) = sections(case.run, case.group("sentiment"))
    assert [figure.id for figure in section.more] == ["reliability", "drift", "tornado"]


def test_gaps_and_first_tokens_are_those_of_each_answer(case: Case) -> None:
    read, gaps = per_query(case.run, case.rows), gaps_of(case.run).times
    key = case.group()[0].key
    answers = [row for row in case.run.queries.to_pylist() if row["trial_key"] == key]
    for replicate in range(KNOBS.replicates):
        mine = [row for row in answers if row["replicate"] == replicate]
        known = sorted(b - a for row in mine for a, b in pairwise(row["token_times_s"]))
        found = gaps[key, replicate]
        assert found.seconds.tolist() == pytest.approx(known)
        assert found.answers == len(mine)
        first = read.ttft[key, replicate]
        assert first.seconds.tolist() == pytest.approx(sorted(row["ttft_s"] for row in mine))
    classifier = case.group("sentiment")
    assert classifier[0].key not in {key for key, _ in gaps}
    assert delay_figure(TTFT, classifier, case.labels, read.ttft, "") is None
    assert delay_figure(ITL, classifier, case.labels, gaps, "") is None


def test_a_large_run_is_read_in_part_and_the_page_says_so(tmp_path: Path) -> None:
    knobs = replace(KNOBS, models=("arithmetic",), batch_sizes=(8, 16), queries=260, replicates=2)
    case = Case(open_run(make_run(tmp_path / "run", knobs)))
    whole = per_query(case.run, case.rows)
    part = per_query(case.run, case.rows, most=4 * 240)
    first, second = (trial.key for trial in case.group())
    assert len(whole.means[first]["energy_j"]) == 260
    assert whole.said == {}
    assert len(part.means[first]["energy_j"]) == 240
    # The same queries in each trial, and each with its own figures.
    for name in ("input_tokens", "output_tokens", "correct"):
        ours, theirs = (np.sort(part.means[key][name]) for key in (first, second))
        assert np.array_equal(ours, theirs)
    assert set(part.means[first]["energy_j"]) <= set(whole.means[first]["energy_j"])
    figure = delay_figure(TTFT, case.group(), case.labels, part.ttft, part.said["arithmetic"])
    assert figure is not None
    assert "the first 240 of 260 queries" in figure.subtitle


@settings(max_examples=40)
@given(st.lists(st.floats(1e-4, 10), min_size=1, max_size=300))
def test_a_curve_is_the_share_of_all_that_came_within_a_time(seconds: list[float]) -> None:
    sample = np.asarray(seconds)
    points = curve(sample)
    assert len(points) <= 162
    assert points[0] == (min(seconds), 0.0)
    assert points[-1] == (max(seconds), 1.0)
    assert [share for _, share in points] == sorted({share for _, share in points})
    for at, share in points[1:]:
        assert share == pytest.approx(float(np.mean(sample <= at)))


def test_percentiles_are_means_of_the_replicates_own_with_bounds_where_answers_allow() -> None:
    source = np.random.default_rng(3)
    parts = [source.lognormal(-3, 0.4, 400) for _ in range(5)]
    found = percentiles([Times(seconds=np.sort(part), answers=100) for part in parts])
    own = [float(np.quantile(part, 0.95)) for part in parts]
    half = stats.t.ppf(0.975, 4) * np.std(own, ddof=1) / math.sqrt(5)
    assert [one.metric for one in found] == ["p50", "p95", "p99"]
    assert found[1].value == pytest.approx(np.mean(own))
    assert found[1].low == pytest.approx(np.mean(own) - half)
    assert found[1].high == pytest.approx(np.mean(own) + half)
    # 368 answers bound a p99 from above; a hundred do not, however many gaps they hold.
    assert found[2].low is None
    assert "needs 368" in found[2].note


def test_prompts_that_all_trials_share_are_drawn_once(case: Case) -> None:
    read = per_query(case.run, case.rows)
    figure = tokens_figure(case.group(), case.labels, read)
    rows = data(figure, "kind")
    assert {row["row"] for row in rows} == {"prompt, all trials", "answer, all trials"}
    varied = dict(read.means)
    key = case.group()[1].key
    varied[key] = {**read.means[key], "output_tokens": read.means[key]["output_tokens"] * 2}
    drawn = data(tokens_figure(case.group(), case.labels, PerQuery(means=varied)), "kind")
    medians = {row["row"]: row["p50"] for row in drawn if row["kind"] == "answer"}
    assert sorted(medians) == [f"answer, {case.labels[trial.key]}" for trial in case.group()]
    assert medians[f"answer, {case.labels[key]}"] == 2 * min(medians.values())


def test_difficulty_shows_the_bins_and_a_seeded_sample(case: Case) -> None:
    source = np.random.default_rng(0)
    tokens = source.integers(5, 60, 400).astype(float)
    read = queries(
        case,
        {
            "input_tokens": tokens,
            "output_tokens": np.full(400, 7.0),
            "confidence": 1 - tokens / 80,
            "energy_j": 0.1 * tokens * source.lognormal(0, 0.05, 400),
            "correct": (source.random(400) < 1.1 - tokens / 60).astype(float),
        },
    )
    figure = energy_difficulty_figure(case.group(), case.labels, read)
    assert figure is not None
    assert "a seeded sample of queries" in figure.subtitle
    assert "estimated" in figure.subtitle
    assert any("not drawn: answer tokens" in note for note in figure.notes)
    assert any("share of its batch" in note for note in figure.notes)
    assert figure.columns[5].startswith("Spearman")
    rho = stats.spearmanr(tokens, read.means[case.group()[0].key]["energy_j"]).statistic
    assert figure.rows[0][5].startswith(f"{rho:+.2f} (")
    bins = data(figure, "panel", "y")
    assert len(bins) == 2 * 2 * 5
    rising = [row["y"] for row in bins if row["panel"] == 0 and row["trial"] == bins[0]["trial"]]
    assert rising == sorted(rising)
    again = energy_difficulty_figure(case.group(), case.labels, read)
    assert again is not None
    assert again.spec == figure.spec
    right = correct_difficulty_figure(case.group(), case.labels, read)
    falling = [row["y"] for row in data(right, "panel", "y")][:5]
    assert falling == sorted(falling, reverse=True)
    nothing = queries(case, {"energy_j": tokens})
    assert energy_difficulty_figure(case.group(), case.labels, nothing) is None
    assert correct_difficulty_figure(case.group(), case.labels, nothing) is None


@settings(max_examples=50)
@given(
    low=st.floats(0.1, 1e4),
    more=st.floats(1e-2, 1e5),
    share=st.floats(0, 1),
    place=st.integers(0, 3),
)
def test_values_stay_in_their_panel(low: float, more: float, share: float, place: int) -> None:
    panel = Panel("prompt tokens", place, low, low + more)
    ends = panel.at(low), panel.at(low + share * more), panel.at(low + more)
    assert ends[0] == pytest.approx(place + 0.1)
    assert ends[2] == pytest.approx(place + 0.9)
    assert list(ends) == sorted(ends)


def test_a_reliability_diagram_has_wilsons_bounds_and_the_error(case: Case) -> None:
    source = np.random.default_rng(1)
    told = source.uniform(0.5, 1, 600)
    right = (source.random(600) < told).astype(float)
    read = queries(case, {"confidence": told, "correct": right})
    figure = reliability_figure(case.group(), case.labels, read)
    rows = data(figure, "bin")
    assert figure is not None
    assert sum(row["n"] for row in rows) == 600
    # Planted as calibrated: nearly all of five bins hold the diagonal.
    assert sum(row["low"] <= row["x"] <= row["high"] for row in rows) >= len(rows) - 1
    assert figure.notes[0].startswith("Expected calibration error: off by")
    assert reliability_figure(case.group(), case.labels, queries(case, {"correct": right})) is None


def drifting(case: Case, factor: float, far: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Rows whose joules rise by `factor` a run, with 1 % of noise; one of them threefold."""
    source = np.random.default_rng(5)
    rows = []
    for row in case.rows:
        joules = row["queries"] * factor ** row["run_order"] * source.lognormal(0, 0.01)
        rows.append({**row, "energy_j": joules * (3 if row["run_order"] == far else 1)})
    return {key: [dict(row) for row in mine] for key, mine in by_key(rows).items()}


def test_a_planted_drift_is_the_line_and_an_outlier_is_ringed_and_kept(case: Case) -> None:
    starts = measured_starts(case.run)
    figure = drift_figure(case.group(), case.labels, drifting(case, 1.02), starts)
    line = data(figure, "low", "high")
    assert len(line) == 3
    per_run = (line[-1]["y"] / line[0]["y"]) ** (1 / (line[-1]["order"] - line[0]["order"]))
    assert per_run == pytest.approx(1.02, abs=0.002)
    assert figure is not None
    assert figure.rows[0][0] == "drift, last to first"
    assert len(data(figure, "far")) == 2 * KNOBS.replicates
    order = case.trials[case.group()[0].key][1]["run_order"]
    far = drift_figure(case.group(), case.labels, drifting(case, 1.0, far=order), starts)
    ringed = [row for row in data(far, "far") if row["far"]]
    # Once among all points, and once as a ring.
    assert [row["order"] for row in ringed] == [order, order]
    assert far is not None
    assert far.rows[-1][0].startswith("outlier: ")
    assert far.rows[-1][3].startswith("3.0")


def test_without_joules_speed_is_drawn_and_without_replicates_nothing(case: Case) -> None:
    starts = measured_starts(case.run)
    silent = {key: [{**row, "energy_j": None} for row in rows] for key, rows in case.trials.items()}
    figure = drift_figure(case.group(), case.labels, silent, starts)
    assert figure is not None
    assert figure.subtitle.startswith("Queries per second")
    assert drift_figure(case.group(), case.labels, {}, starts) is None


def test_a_tornado_has_what_was_given_and_lists_what_has_no_range(case: Case) -> None:
    inputs = CarbonInputs(intensity_g_per_kwh=400.0, pue=1.1, embodied_kg=100.0)
    figure = tornado_figure(case.group(), case.labels, case.trials, inputs)
    assert figure is not None
    bars = list(dict.fromkeys(row["input"] for row in data(figure, "end")))
    assert set(bars) == {
        *("energy", "sensor gain", "grid intensity", "PUE", "embodied carbon", "lifetime")
    }
    assert figure.rows[-1][0] == "share of the device"
    assert figure.rows[-1][-1] == "no range given"
    assert [row[0] for row in figure.rows][: len(bars)] == bars
    assert tornado_figure(case.group(), case.labels, case.trials, CarbonInputs()) is None


def test_correlations_equal_scipy_and_constants_are_left_out(case: Case) -> None:
    tokens, spread, noise = np.random.default_rng(2).random((3, 120))
    tokens = 5 + np.floor(55 * tokens)
    energy = tokens * (0.6 + 0.8 * spread)
    read = queries(
        case,
        {
            "energy_j": energy,
            "input_tokens": tokens,
            "confidence": noise,
            "correct": np.ones(120),
        },
    )
    figure = correlation_figure(case.group(), case.labels, read)
    cells = {(row["row"], row["column"]): row for row in data(figure, "value")}
    assert figure is not None
    assert len(cells) == 6
    r = stats.pearsonr(energy, tokens).statistic
    rho = stats.spearmanr(energy, tokens).statistic
    # Below the diagonal r, above it ρ.
    assert cells["prompt", "energy"]["value"] == pytest.approx(r, abs=5e-4)
    assert cells["energy", "prompt"]["value"] == pytest.approx(rho, abs=5e-4)
    assert cells["energy", "confidence"]["shown"].startswith("(")
    assert any("The same in all queries: right." in note for note in figure.notes)
    assert correlation_figure(case.group(), case.labels, queries(case, {"correct": noise})) is None


def test_temperature_and_clock_of_the_hottest_replicate(case: Case) -> None:
    assert thermal_figure(case.run, case.group(), case.labels, case.trials) is None
    key = case.group()[1].key
    hot = {**case.trials[key][2], "temperature_max_c": 71.0}
    trials = {key: [hot]}
    spans = [s for s in case.run.spans.to_pylist() if s["trial_key"] == key]
    mine = [s for s in spans if s["replicate"] == hot["replicate"]]
    start_ns, end_ns = min(s["start_ns"] for s in mine), max(s["end_ns"] for s in mine)
    blank = dict.fromkeys(case.run.trace.column_names)
    readings = [
        {
            **blank,
            "sensor": "cpu-model",
            "session": 0,
            "time_ns": at,
            "temperature_c": 40 + 30 * (at - start_ns) / (end_ns - start_ns),
            "clock_hz": 2.5e9,
            "throttle": "thermal" if at == end_ns else None,
        }
        for at in np.linspace(start_ns, end_ns, 2000).astype(int).tolist()
    ]
    # What came before its start is another replicate's.
    readings.append({**readings[0], "time_ns": start_ns - 1, "temperature_c": 99.0})
    run = Run(case.run.path, case.run.info)
    run.__dict__["trace"] = pa.Table.from_pylist(readings, schema=case.run.trace.schema)
    figure = thermal_figure(run, case.group(), case.labels, trials)
    warm, clock = data(figure, "celsius"), data(figure, "ghz")
    assert len(warm) <= 240
    assert warm[0]["celsius"] == pytest.approx(40, abs=0.2)
    assert warm[-1]["celsius"] == pytest.approx(70, abs=0.2)
    assert {row["ghz"] for row in clock} == {2.5}
    assert figure is not None
    assert figure.notes == ["Throttled: thermal."]
    assert figure.rows[0][:2] == ("CPU", "temperature")
