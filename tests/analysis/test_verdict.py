from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.headline import headline
from wattmark.analysis.verdict import accuracy_change, verdicts
from wattmark.store.reader import Run, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo"))


def test_each_trial_stands_against_fp32_at_batch_one(run: Run) -> None:
    found = verdicts(run)
    assert len(found) == 6
    assert all("fp32 cpu · batch 1" in verdict.reference_label for verdict in found)
    assert {verdict.word for verdict in found} == {"lower"}
    bf16 = next(v for v in found if "bf16 cpu · batch 1 · arithmetic" in v.trial_label)
    assert bf16.ratio == pytest.approx(0.8, abs=0.05)
    assert bf16.low is not None
    assert bf16.high is not None
    assert bf16.low < 0.8 < bf16.high < 1
    assert bf16.pairs == 5


def test_blocks_with_a_failed_arm_make_no_pair(run: Run) -> None:
    oom = next(v for v in verdicts(run) if "bf16 cpu · batch 8 · arithmetic" in v.trial_label)
    assert oom.pairs == 4


def test_higher_is_said_of_speed(run: Run) -> None:
    assert {v.word for v in verdicts(run, "queries_per_s")} == {"higher"}


def test_equal_arms_are_not_resolved(tmp_path: Path) -> None:
    knobs = Knobs(
        precisions=("fp32", "tf32"), batch_sizes=(1,), models=("arithmetic",), one_oom=False
    )
    (verdict,) = verdicts(open_run(make_run(tmp_path / "run", knobs)))
    assert verdict.word == "not resolved"
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < 1 < verdict.high


def test_one_block_has_a_ratio_and_no_word(tmp_path: Path) -> None:
    found = verdicts(open_run(make_run(tmp_path / "run", Knobs(replicates=1, queries=8))))
    assert {v.word for v in found} == {"not resolved"}
    assert all(v.ratio is not None and v.low is None for v in found)
    assert {v.note for v in found} == {"one block: no interval"}


def test_the_headline_is_the_cheapest_that_keeps_its_accuracy(run: Run) -> None:
    found = headline(run)
    assert [(h.model, h.best.precision, h.best.batch_size) for h in found] == [
        ("arithmetic", "bf16", 8),
        ("sentiment", "bf16", 8),
    ]
    assert found[0].verdict is not None
    assert found[0].verdict.word == "lower"
    assert found[0].accuracy is not None
    assert found[0].accuracy.word == "not resolved"


def run_of(path: Path, series: dict[str, list[float]], accuracy: dict[str, float]) -> Run:
    """A run of one block a value; series are J/query by precision, the first of them fp32."""
    knobs = Knobs(
        models=("arithmetic",),
        precisions=tuple(series),
        batch_sizes=(1,),
        replicates=len(series["fp32"]),
        one_oom=False,
    )
    folder = make_run(path, knobs)
    run = open_run(folder)
    table = run.trials.to_pylist()
    for row in table:
        joules = series[row["precision"]][row["block"]] * row["queries"]
        row.update(energy_j=joules, energy_low_j=joules * 0.999, energy_high_j=joules * 1.001)
    trials = pa.Table.from_pylist(table, schema=run.trials.schema)
    right = run.queries.to_pylist()
    precision = {row["trial_key"]: row["precision"] for row in table}
    for row in right:
        share = accuracy.get(precision[row["trial_key"]], 1.0)
        row["correct"] = int(row["query_id"][1:]) < share * knobs.queries
    queries = pa.Table.from_pylist(right, schema=run.queries.schema)
    made = Run(folder, run.info)
    made.__dict__.update(trials=trials, queries=queries)
    return made


STEADY = [1.0, 1.01, 0.99, 1.02, 0.98]
WILD = [0.1, 3.0, 0.02, 1.5, 0.4]


def times(factor: float, values: list[float]) -> list[float]:
    """The same with a small wobble, so that a paired interval has a width."""
    return [factor * value * (1 + 0.004 * (i % 3)) for i, value in enumerate(values)]


def test_a_resolved_one_comes_before_a_nominally_cheaper_one(tmp_path: Path) -> None:
    series = {"fp32": STEADY, "bf16": times(0.8, STEADY), "int8": WILD}
    (found,) = headline(run_of(tmp_path / "run", series, {}))
    assert (found.outcome, found.best.precision, found.comparisons) == ("better", "bf16", 2)
    assert found.verdict is not None
    assert found.verdict.word == "lower"
    assert found.confidence == found.verdict.confidence == pytest.approx(0.975)


def test_the_headline_is_corrected_for_the_choice_among_several(tmp_path: Path) -> None:
    series = {"fp32": STEADY, "bf16": times(0.8, STEADY), "fp16": times(0.9, STEADY)}
    run = run_of(tmp_path / "run", series, {})
    (found,) = headline(run)
    alone = next(v for v in verdicts(run) if v.trial == found.best.key)
    assert found.verdict is not None
    for verdict in (found.verdict, alone):
        assert verdict.low is not None
        assert verdict.high is not None
    assert found.verdict.ratio == alone.ratio
    assert found.verdict.low < alone.low  # type: ignore[operator] # both were just seen
    assert found.verdict.high > alone.high  # type: ignore[operator] # both were just seen


def test_no_false_headline_among_many_that_are_equal(tmp_path: Path) -> None:
    # t(1 - 0.025, 4) at 95 %, and the correction for nine: a wobble that one plain interval
    # would call resolved is not, once nine were looked at.
    names = ("fp32", "bf16", *(f"x{i}" for i in range(8)))
    lucky = [0.97, 0.99, 0.96, 0.985, 0.975]
    series = {name: [1.0, 1.001, 0.999, 1.0, 1.002] for name in names}
    series["bf16"] = [a * b for a, b in zip(lucky, series["fp32"], strict=True)]
    run = run_of(tmp_path / "run", series, {})
    plain = next(v for v in verdicts(run) if "bf16" in v.trial_label)
    assert plain.word == "lower"
    (found,) = headline(run)
    assert found.outcome == "not resolved"
    assert found.best is found.reference
    assert found.verdict is None


def test_staying_ahead_takes_a_comparison(tmp_path: Path) -> None:
    open_series = {"fp32": STEADY, "bf16": times(1.3, STEADY), "int8": [30 * v for v in WILD]}
    (found,) = headline(run_of(tmp_path / "a", open_series, {}))
    assert found.outcome == "not resolved"
    assert [v.word for v in found.others] == ["higher", "not resolved"]
    ahead = {"fp32": STEADY, "bf16": times(1.3, STEADY), "int8": times(2.0, STEADY)}
    (found,) = headline(run_of(tmp_path / "b", ahead, {}))
    assert found.outcome == "reference ahead"
    assert found.best.precision == "fp32"
    (found,) = headline(run_of(tmp_path / "c", {"fp32": STEADY}, {}))
    assert (found.outcome, found.comparisons) == ("alone", 0)


def test_cheap_and_wrong_is_named_and_not_chosen(tmp_path: Path) -> None:
    series = {"fp32": STEADY, "bf16": times(0.8, STEADY), "int4": times(0.2, STEADY)}
    (found,) = headline(run_of(tmp_path / "run", series, {"int4": 0.2}))
    assert found.best.precision == "bf16"
    assert [trial.precision for trial in found.worse] == ["int4"]
    assert found.comparisons == 2


def test_a_net_figure_has_no_ratio_whatever_its_sign(run: Run) -> None:
    found = verdicts(run, "energy_per_query_net_j")
    assert all(v.ratio is None and "compare the gross one" in v.note for v in found if v.pairs)


def test_without_energy_there_is_no_headline_but_of_speed(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(energy=False, queries=8)))
    assert headline(run) == []
    assert len(headline(run, "queries_per_s")) == 2
    assert all(v.ratio is None and v.note for v in verdicts(run))


def test_accuracy_is_compared_on_the_queries_that_differ() -> None:
    reference = {f"q{i}": True for i in range(40)}
    worse = {f"q{i}": i >= 10 for i in range(40)}
    lost = accuracy_change(reference, worse)
    assert lost is not None
    assert (lost.lost, lost.gained, lost.word) == (10, 0, "worse")
    assert lost.p_value == pytest.approx(2 / 2**10)
    back = accuracy_change(worse, reference)
    assert back is not None
    assert back.word == "better"
    slight = accuracy_change(reference, {f"q{i}": i >= 5 for i in range(40)})
    assert slight is not None
    assert slight.word == "not resolved"
    assert accuracy_change(reference, {}) is None
