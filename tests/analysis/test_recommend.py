"""Requirements, read and judged; and recommendations against a plain search by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Knobs, make_run

from wattmark.analysis.axes import AXES, axis_named
from wattmark.analysis.candidates import BY_ANSWERS, BY_BLOCKS, BY_INTERVALS, BY_REPLICATES
from wattmark.analysis.recommend import Recommendation, objective_named, recommend
from wattmark.analysis.requirements import (
    ABSENT,
    MET,
    MISSED,
    OPEN,
    Requirement,
    check,
    requirement_of,
    requirements_of,
)
from wattmark.analysis.summary import summarise
from wattmark.errors import InputError, MistakesError
from wattmark.schema import Estimate
from wattmark.store.reader import Run, open_run

ENERGY = axis_named("energy_per_query")


@pytest.mark.parametrize(
    ("text", "metric", "sign", "bound"),
    [
        ("accuracy>=0.9", "accuracy", ">=", 0.9),
        ("accuracy ≥ 90 %", "accuracy", ">=", 0.9),
        ("ttft<=0.2", "ttft_s", "<=", 0.2),
        ("ttft_s < 200ms", "ttft_s", "<=", 0.2),
        ("latency<=1.5 min", "latency_s", "<=", 90.0),
        ("tpot<=20 µs", "tpot_s", "<=", 2e-5),
        ("tpot<=20 \u03bcs", "tpot_s", "<=", 2e-5),
        ("energy_per_query<=3 mWh", "energy_per_query_j", "<=", 10.8),
        ("energy_per_query_j<=3e-3 kJ", "energy_per_query_j", "<=", 3.0),
        ("ram_peak<=2GiB", "ram_peak_bytes", "<=", 2 * 2**30),
        ("ram_peak<=1.5 GB", "ram_peak_bytes", "<=", 1.5e9),
        ("tokens_per_s>100", "tokens_per_s", ">=", 100.0),
        ("queries_per_s>=2 queries/s", "queries_per_s", ">=", 2.0),
        ("co2e_per_query<=2 mg CO2e", "co2e_g_per_query", "<=", 0.002),
        ("sci_per_query<=1 g", "sci_g_per_query", "<=", 1.0),
        ("temperature_max<=80 °C", "temperature_max_c", "<=", 80.0),
        ("power_peak<=.7 kW", "power_peak_w", "<=", 700.0),
        ("energy_delay<=5 mJ·s", "energy_delay_js", "<=", 0.005),
        ("energy_per_query_net>=-1 J", "energy_per_query_net_j", ">=", -1.0),
    ],
)
def test_requirements_are_read(text: str, metric: str, sign: str, bound: float) -> None:
    found = requirement_of(text)
    assert (found.axis.name, found.sign) == (metric, sign)
    assert found.bound == pytest.approx(bound, rel=1e-12)
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no requirement"),
        ("accuracy", "is no requirement"),
        ("accuracy>=", "is no requirement"),
        (">=0.9", "is no requirement"),
        ("accuracy>=good", "is no requirement"),
        ("accuracy>=0.9>=0.8", "Unknown unit"),
        ("accuracy=0.9", "has '='"),
        ("accuracy!=0.9", "has '!='"),
        ("accuracy>=90", "is a share"),
        ("accuracy>=-0.1", "is a share"),
        ("ttft<=3 kg", "Unknown unit 'kg'"),
        ("ram_peak<=2 s", "no unit of size"),
        ("ttft<=1e999", "no number"),
        ("acuracy>=0.9", "Did you mean 'accuracy'"),
        ("energy<=1", "There is: accuracy"),
        ("a" * 5000 + "<=1", "is no requirement"),
        ("ttft<=" + "1" * 4000, "is no requirement"),
        ("ttft<=1" + " " * 5000 + "x", "is no requirement"),
    ],
)
def test_what_is_no_requirement_says_why(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        requirement_of(text)
    assert len(str(caught.value)) < 1500


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(MistakesError) as caught:
        requirements_of(["ttft=1", "accuracy>=0.9", "speed>=2"])
    assert len(caught.value.mistakes) == 2
    assert [one.axis.name for one in requirements_of(["ttft<=1", "accuracy>=0"])] == [
        "ttft_s",
        "accuracy",
    ]


@given(st.floats(-50, 50), st.floats(0, 20), st.floats(-50, 50), st.sampled_from(["<=", ">="]))
def test_a_requirement_is_judged_by_the_whole_interval(
    low: float, width: float, bound: float, sign: str
) -> None:
    high = low + width
    estimate = Estimate("energy_per_query_net_j", (low + high) / 2, low, high, 0.95, 5, "J")
    axis = AXES["energy_per_query_net_j"]
    found = check(Requirement(axis, sign, bound, ""), {axis.name: estimate})

    def keeps(value: float) -> bool:
        return value <= bound if sign == "<=" else value >= bound

    inside = [keeps(low), keeps(high)]
    assert found.word == (MET if all(inside) else OPEN if any(inside) else MISSED)
    assert found.excess is not None
    assert (found.excess == 0) == keeps((low + high) / 2)


def test_too_few_replicates_leave_it_open_and_no_figure_is_not_measured() -> None:
    wanted = requirement_of("ttft<=1")
    once = Estimate("ttft_s", 0.1, 0.05, 0.2, 0.95, 1, "s")
    assert check(wanted, {"ttft_s": once}).word == OPEN
    assert check(wanted, {"ttft_s": replace(once, low=None, high=None, n=4)}).word == OPEN
    absent = Estimate("ttft_s", None, None, None, 0.95, 0, "s", "no token times")
    assert (check(wanted, {"ttft_s": absent}).word, check(wanted, {}).word) == (ABSENT, ABSENT)
    assert check(wanted, {"ttft_s": absent}).why == "no token times"


def test_the_objective_is_better_its_own_way() -> None:
    assert objective_named(None, None).name == "energy_per_query_j"
    assert objective_named("ttft", None).name == "ttft_s"
    assert objective_named(None, "accuracy").name == "accuracy"
    with pytest.raises(InputError, match="Ask for --maximize accuracy"):
        objective_named("accuracy", None)
    with pytest.raises(InputError, match="both"):
        objective_named("ttft", "accuracy")
    with pytest.raises(InputError, match="Unknown metric"):
        objective_named("beauty", None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run") / "demo"
    return open_run(make_run(folder, Knobs(queries=16, nasty=False)))


def ask(run: Run | list[Run], *texts: str, axis: str = "energy_per_query") -> list[Recommendation]:
    runs = run if isinstance(run, list) else [run]
    return recommend(runs, requirements_of(list(texts)), axis_named(axis))


def changed(run: Run, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> Run:
    """The run with rows of `trials` rewritten."""
    rows = [{**row, **change(row)} for row in run.trials.to_pylist()]
    other = Run(run.path, run.info)
    vars(other)["trials"] = pa.Table.from_pylist(rows, schema=run.trials.schema)
    return other


def test_every_figure_of_a_summary_can_be_asked_for(run: Run) -> None:
    for summary in summarise(run):
        assert set(summary.estimates) == set(AXES)
        assert {name: one.unit for name, one in summary.estimates.items()} == {
            axis.name: axis.unit for axis in AXES.values()
        }


def test_it_is_the_cheapest_of_those_that_keep_to_it(run: Run) -> None:
    for limit in ("1 ms", "11 ms", "15ms", "21 ms", "1 s"):
        found = ask(run, f"ttft<={limit}")[0]
        bound = found.requirements[0].bound
        able = [
            (trial.estimates["energy_per_query_j"].value or 0.0, trial.label)
            for trial in summarise(run)
            if trial.task == "arithmetic" and (trial.estimates["ttft_s"].high or 1e9) <= bound
        ]
        assert (found.best.name if found.best else None) == (min(able)[1] if able else None)
        assert (found.second is None) == (len(able) < 2)
        assert len(found.differences) == max(0, len(able) - 1)


def test_tasks_do_not_compete(run: Run) -> None:
    found = ask(run)
    assert [one.task for one in found] == ["arithmetic", "sentiment"]
    assert [len(one.candidates) for one in found] == [4, 4]


def test_the_second_is_told_from_the_first_block_by_block(run: Run) -> None:
    found = ask(run)[0]
    assert found.best is not None
    assert found.second is not None
    assert (found.best.trial.precision, found.best.trial.batch_size) == ("bf16", 8)
    assert (found.second.trial.precision, found.second.trial.batch_size) == ("fp32", 8)
    first = found.differences[0]
    assert (first.other, first.how, first.word) == (found.second.name, BY_BLOCKS, "resolved")
    assert first.ratio == pytest.approx(0.8, abs=0.05)
    assert first.confidence == pytest.approx(1 - 0.05 / 3)
    leader = next(rank for rank in found.ranks if rank.name == found.best.name)
    assert leader.probability is not None
    assert leader.probability > 0.95
    assert (leader.low, leader.high) == (1, 1)


def test_accuracy_is_told_apart_by_answers_and_joules_break_the_tie(run: Run) -> None:
    found = ask(run, axis="accuracy")[0]
    assert found.goal == "maximize"
    assert found.best is not None
    assert (found.best.trial.precision, found.best.trial.batch_size) == ("bf16", 8)
    assert {one.how for one in found.differences} == {BY_ANSWERS}
    assert {one.word for one in found.differences} == {"not resolved"}
    assert found.ranks == ()


def test_nothing_keeps_to_it_and_the_nearest_says_what_fails(run: Run) -> None:
    found = ask(run, "accuracy>=0.99", "latency<=100 ms", "ttft<=1")[0]
    assert found.best is None
    assert found.nearest is not None
    # Accuracy is the same in all; only batch 1 answers within a tenth of a second.
    assert (found.nearest.trial.precision, found.nearest.trial.batch_size) == ("bf16", 1)
    assert [one.requirement.axis.name for one in found.nearest.faults] == ["accuracy"]
    absent = ask(run, "vram_peak<=1 GiB")[0]
    assert absent.nearest is not None
    assert absent.nearest.word == ABSENT
    assert absent.nearest.faults[0].why == "the trial used no GPU allocator"


def test_what_may_be_better_is_named(run: Run) -> None:
    # The cheapest one's latency scatters around the limit: it may keep to it, or not.
    def scatter(row: dict[str, Any]) -> Mapping[str, Any]:
        if (row["precision"], row["batch_size"]) != ("bf16", 8) or row["latency_s"] is None:
            return {}
        return {"latency_s": row["latency_s"] * (2.0 if row["block"] % 2 else 0.5)}

    found = ask(changed(run, scatter), "latency<=0.16")[0]
    assert found.best is not None
    assert (found.best.trial.precision, found.best.trial.batch_size) == ("fp32", 8)
    assert [one.trial.precision for one in found.perhaps] == ["bf16"]
    assert found.perhaps[0].word == OPEN


def test_several_runs_compete_and_are_told_apart(run: Run, tmp_path: Path) -> None:
    other = open_run(make_run(tmp_path / "other", Knobs(queries=16, nasty=False, seed=8)))
    found = ask([run, other])[0]
    assert len({one.name for one in found.candidates}) == len(found.candidates) == 8
    assert {one.name.split(":")[0] for one in found.candidates} == {"demo", "other"}
    assert found.second is not None
    assert found.differences[0].how == BY_REPLICATES
    assert found.differences[0].word == "not resolved"
    assert not any(rank.paired for rank in found.ranks)
    assert any("several runs" in warning for warning in found.warnings)
    # The same run twice is still two candidates a trial.
    twice = ask([run, Run(run.path, run.info)])[0]
    assert len({one.name for one in twice.candidates}) == 8


def halved(run: Run, machine: str | None = None) -> Run:
    """The same run at half the joules, on another machine where one is named."""
    columns = ("energy_j", "energy_low_j", "energy_high_j")

    def half(row: dict[str, Any]) -> Mapping[str, Any]:
        return {name: None if row[name] is None else row[name] / 2 for name in columns}

    other = changed(run, half)
    info = {**run.info, "machine": {**run.info["machine"], "cpu_model": machine}}
    cheap = Run(run.path, info if machine else run.info)
    vars(cheap).update(trials=other.trials, queries=run.queries)
    return cheap


def test_between_machines_the_gain_of_the_sensors_does_not_cancel(run: Run) -> None:
    def first_of(found: Recommendation, place: int) -> Any:
        assert found.best is not None
        assert found.best.run == 1
        told = {one.other: one for one in found.differences}
        twin = next(
            one
            for one in found.candidates
            if one.run == place and one.trial.key == found.best.trial.key
        )
        return told[twin.name]

    here = first_of(ask([run, halved(run)])[0], 0)
    assert (here.how, here.word) == (BY_REPLICATES, "resolved")
    there_found = ask([run, halved(run, "Another CPU")])[0]
    there = first_of(there_found, 0)
    assert (there.how, there.word) == (BY_REPLICATES, "not resolved")
    assert here.ratio == there.ratio == pytest.approx(0.5, rel=1e-9)
    # The first may be 60 % higher, the second 60 % lower: in quadrature with what was there.
    within = math.log(here.high / here.ratio)
    assert math.log(there.high / there.ratio) == pytest.approx(
        math.hypot(within, math.log(1.6), math.log(0.4)), rel=1e-6
    )
    assert there_found.ranks == ()
    assert any("gain does not cancel" in warning for warning in there_found.warnings)
    # Seconds have no gain.
    quick = ask([run, halved(run, "Another CPU")], axis="ttft")[0]
    assert quick.ranks
    assert quick.warnings == ()


def test_what_has_no_ratio_has_a_difference(run: Run) -> None:
    found = ask(run, axis="energy_per_query_net")[0]
    first = found.differences[0]
    assert (first.ratio, first.how, first.word) == (None, BY_BLOCKS, "resolved")
    assert found.best is not None
    assert found.second is not None
    pairs = [
        (mine["energy_net_j"] / mine["queries"], theirs["energy_net_j"] / theirs["queries"])
        for mine in found.best.rows
        for theirs in found.second.rows
        if mine["block"] == theirs["block"] and {mine["status"], theirs["status"]} == {"ok"}
    ]
    assert first.difference == pytest.approx(sum(a - b for a, b in pairs) / len(pairs))


def test_what_differs_by_rounding_alone_is_not_told_apart(run: Run) -> None:
    def flat(row: dict[str, Any]) -> Mapping[str, Any]:
        rounded = 0.1 + 0.2 if row["precision"] == "bf16" else 0.3
        return {"latency_s": rounded, "temperature_max_c": rounded}

    for axis in ("latency", "temperature_max"):
        assert {one.word for one in ask(changed(run, flat), axis=axis)[0].differences} == {
            "not resolved"
        }


def test_carbon_on_one_grid_is_decided_by_its_joules(run: Run) -> None:
    first = ask(run, axis="co2e_per_query")[0].differences[0]
    assert (first.of, first.how, first.word) == ("energy_per_query_j", BY_BLOCKS, "resolved")
    # Of the whole run there is no metric to compare, and the grid's doubt is in each interval.
    whole = ask(run, axis="co2e_per_run")[0].differences[0]
    assert (whole.of, whole.how, whole.word) == ("co2e_g_per_run", BY_INTERVALS, "not resolved")


def test_what_makes_candidates_hard_to_compare_is_said(run: Run, tmp_path: Path) -> None:
    fewer = open_run(make_run(tmp_path / "fewer", Knobs(queries=8, nasty=False)))
    found = ask([run, fewer])[0]
    assert any("same queries (version 1: 16 queries" in warning for warning in found.warnings)
    metered = changed(
        run, lambda row: {"gain_uncertainty": 0.05} if row["precision"] == "bf16" else {}
    )
    assert any("different kind or gain" in warning for warning in ask(metered)[0].warnings)
    assert ask(run)[0].warnings == ()


def test_one_replicate_is_recommended_where_nothing_is_required_of_it(tmp_path: Path) -> None:
    once = open_run(make_run(tmp_path / "once", Knobs(replicates=1, queries=8, one_oom=False)))
    free = ask(once)[0]
    assert free.best is not None
    assert {one.word for one in free.differences} == {"not resolved"}
    assert all(rank.probability is None for rank in free.ranks)
    bound = ask(once, "ttft<=10")[0]
    assert bound.best is None
    assert bound.nearest is not None
    assert bound.nearest.checks[0].word == OPEN
    assert any("single replicate" in warning for warning in bound.warnings)


def test_without_energy_or_replicates_there_is_no_crash(tmp_path: Path) -> None:
    bare = open_run(make_run(tmp_path / "bare", Knobs(energy=False, queries=8)))
    found = ask(bare)[0]
    assert found.best is None
    assert found.nearest is not None
    assert found.nearest.objective.note == "no energy sensor covered the measured region"
    assert ask(changed(bare, lambda row: {"status": "failed"})) == []
    assert ask([]) == []
    assert json.dumps([one.word for one in found.candidates])
