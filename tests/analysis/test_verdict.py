from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.verdict import accuracy_change, headline, verdicts
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
