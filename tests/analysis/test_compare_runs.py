"""`compare` on run directories."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from compared import ONE, edited, gated
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.compare_sources import compare_paths, compare_runs
from wattmark.analysis.comparison import Settings
from wattmark.analysis.gate import exit_code
from wattmark.errors import InputError
from wattmark.store.reader import open_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return make_run(folder / "a", Knobs(queries=12)), make_run(
        folder / "b", Knobs(seed=8, queries=12)
    )


def slower(factor: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda row: row | {"latency_s": row["latency_s"] * factor}


def retold(folder: Path, **changes: Any) -> None:
    info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(info | changes), encoding="utf-8")


def test_trials_of_two_runs_are_matched_by_identity(runs: tuple[Path, Path]) -> None:
    found = compare_paths(*runs, Settings(detail=False))
    matches = found.matched_on["trials"]
    assert len(matches) == 8
    assert all(match["base"] == match["head"] and not match["differ"] for match in matches)
    assert not any(item.paired for item in found.changes if item.metric != "accuracy")
    assert any("1 oom" in line for line in found.warnings)
    assert any("drifted between them" in line for line in found.warnings)
    opened = compare_runs(open_run(runs[0]), open_run(runs[1]), Settings(detail=False))
    assert opened.changes == found.changes


def test_arms_within_one_run_pair_by_block(runs: tuple[Path, Path]) -> None:
    found = compare_paths(runs[0], runs[0], base_trial="fp32", head_trial="bf16")
    assert len(found.matched_on["trials"]) == 4
    assert found.matched_on["one_session"]
    energies = [item for item in found.changes if item.metric == "energy_per_query_j"]
    assert all(item.paired and item.verdict == "better" for item in energies)
    assert sorted(item.n_base for item in energies) == [4, 5, 5, 5]
    assert found.matched_on["trials"][0]["differ"] == {"precision": ["fp32", "bf16"]}
    assert not any("drifted" in line for line in found.warnings)


def test_the_measurement_widens_the_interval(runs: tuple[Path, Path]) -> None:
    found = compare_paths(*runs, Settings(detail=False))
    change_ = next(c for c in found.changes if c.metric == "energy_per_query_j")
    rows = [
        [
            row["energy_j"] / row["queries"]
            for row in pq.read_table(run / "trials.parquet").to_pylist()
            if row["status"] == "ok" and _label(row) == _label_of(change_.trial)
        ]
        for run in runs
    ]
    plain = stats.ttest_ind(np.log(rows[1]), np.log(rows[0]), equal_var=False)
    bounds = plain.confidence_interval(0.95)
    arm = math.log(1.03 / 0.97) / 2
    centre = (bounds.low + bounds.high) / 2
    half = math.hypot((bounds.high - bounds.low) / 2, arm, arm)
    assert change_.ratio == pytest.approx(math.exp(centre))
    assert change_.low == pytest.approx(math.exp(centre - half))
    assert change_.high == pytest.approx(math.exp(centre + half))


def _label(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["model"], row["precision"], f"batch {row['batch_size']}"


def _label_of(label: str) -> tuple[str, str, str]:
    model, engine, batch, _ = label.split(" · ")
    return model, engine.split()[1], batch


def test_the_same_run_twice_needs_trials(runs: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"both base and head.*--base-trial.*fp32 cpu"):
        compare_paths(runs[0], runs[0])
    with pytest.raises(InputError, match="same trial"):
        compare_paths(runs[0], runs[0], base_trial="fp32", head_trial="batch 1 ")
    with pytest.raises(InputError, match=r"No trial of .* has 'int4'"):
        compare_paths(runs[0], runs[0], base_trial="int4", head_trial="fp32")
    with pytest.raises(InputError, match="the tasks are 'arithmetic' and 'sentiment'"):
        compare_paths(runs[0], runs[0], base_trial="arithmetic · tr", head_trial="sentiment · tr")


def test_runs_of_which_no_trial_matches_are_refused(tmp_path: Path) -> None:
    sides = [
        make_run(
            tmp_path / names[0],
            Knobs(**{**ONE.__dict__, "precisions": names, "queries": 4, "replicates": 1}),
        )
        for names in (("fp32", "bf16"), ("fp16", "int8"))
    ]
    with pytest.raises(InputError, match=r"No trial of base matches .*Base: .*bf16.*Head: .*int8"):
        compare_paths(sides[0], sides[1])


def test_two_single_trials_are_compared_whatever_they_differ_in(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", ONE)
    b = make_run(tmp_path / "b", Knobs(**{**ONE.__dict__, "precisions": ("bf16",)}))
    found = compare_paths(a, b)
    (match,) = found.matched_on["trials"]
    assert match["differ"] == {"precision": ["fp32", "bf16"]}
    assert match["shared_queries"] == 12
    energy = next(item for item in found.changes if item.metric == "energy_per_query_j")
    assert energy.verdict == "better"


def test_accuracy_is_compared_on_the_same_queries(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    lost = {f"q{i}" for i in range(9)}
    edited(b, "queries", lambda row: row | {"correct": row["query_id"] not in lost})
    edited(a, "queries", lambda row: row | {"correct": True})
    found = compare_paths(a, b)
    accuracy = next(item for item in found.changes if item.metric == "accuracy")
    assert (accuracy.base, accuracy.head) == pytest.approx((1.0, 3 / 12))
    assert accuracy.difference == pytest.approx(-9 / 12)
    assert accuracy.p_value == pytest.approx(2 / 2**9)
    assert (accuracy.lost, accuracy.gained, accuracy.verdict) == (9, 0, "worse")
    (gate,) = gated(found, "accuracy=-1pp")
    assert gate.outcome == "regression"


def test_right_as_before_passes_a_gate_on_few_queries(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    edited(b, "queries", lambda row: row | {"correct": row["query_id"] != "q1"})
    edited(a, "queries", lambda row: row | {"correct": row["query_id"] not in {"q1", "q2"}})
    assert gated(compare_paths(a, b), "accuracy=-1pp")[0].outcome == "pass"
    assert gated(compare_paths(a, b), "accuracy=+1pp")[0].outcome == "not resolved"
    assert gated(compare_paths(b, a), "accuracy=-1pp")[0].outcome == "not resolved"


def test_no_correct_answer_and_no_energy_are_said(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", ONE)
    edited(a, "trials", lambda row: row | {"correct": 0})
    b = make_run(tmp_path / "b", ONE)
    found = compare_paths(a, b)
    per_correct = next(c for c in found.changes if c.metric == "energy_per_correct_j")
    assert per_correct.ratio is None
    assert "no answer was correct" in per_correct.notes[0]
    bare = make_run(tmp_path / "bare", Knobs(**{**ONE.__dict__, "energy": False}))
    other = make_run(tmp_path / "other", Knobs(**{**ONE.__dict__, "energy": False, "seed": 9}))
    (gate,) = gated(compare_paths(bare, other), "energy_per_token=3%")
    assert (gate.outcome, exit_code([gate])) == ("not resolved", 3)
    assert "no energy sensor" in gate.why


def test_other_tasks_versions_and_queries_are_refused_or_told(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    edited(b, "trials", lambda row: row | {"task_version": "2"})
    with pytest.raises(InputError, match="version 1 in base and 2 in head"):
        compare_paths(a, b)
    edited(b, "trials", lambda row: row | {"task_version": "1", "task": "sums"})
    with pytest.raises(InputError, match="'arithmetic' and 'sums'"):
        compare_paths(a, b)
    c = make_run(tmp_path / "c", ONE)
    edited(c, "queries", lambda row: row | {"query": row["query"] + "?"})
    with pytest.raises(InputError, match="no query in common"):
        compare_paths(a, c)
    d = make_run(tmp_path / "d", Knobs(**{**ONE.__dict__, "queries": 10}))
    found = compare_paths(a, d)
    assert any("12 queries in base, 10 in head, 10 in common" in line for line in found.warnings)
    assert next(c for c in found.changes if c.metric == "accuracy").n_base == 10


def test_other_machines_sensors_and_settings_are_told(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    info = json.loads((b / "run.json").read_text(encoding="utf-8"))
    machine = info["machine"] | {"cpu_model": "Other CPU", "versions": {"torch": "3.0"}}
    plan = [info["plan"][0] | {"max_new_tokens": 48}]
    retold(b, machine=machine, sensors=[{"name": "rapl"}], plan=plan)
    told = "\n".join(compare_paths(a, b).warnings)
    for words in (
        'cpu_model: "Example CPU 9000" in base, "Other CPU" in head',
        'other sensors: ["cpu-model"] in base, ["rapl"] in head',
        "torch 2.13.0 / 3.0",
        "max_new_tokens: 24 in base, 48 in head",
    ):
        assert words in told


def test_a_block_that_stands_twice_is_refused(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    edited(b, "trials", lambda row: row | {"block": max(1, row["block"])})
    with pytest.raises(InputError, match=r"has block 1 of .* twice"):
        compare_paths(a, b)


def test_a_truncated_file_says_what_to_do(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a", ONE), make_run(tmp_path / "b", ONE)
    content = (b / "trials.parquet").read_bytes()
    (b / "trials.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"trials\.parquet") as caught:
        compare_paths(a, b)
    assert caught.value.hint


def test_folders_of_runs_taken_in_turns_pair_up(tmp_path: Path) -> None:
    for turn in range(4):
        for arm in ("base", "head"):
            knobs = {**ONE.__dict__, "replicates": 1, "seed": turn}
            folder = make_run(tmp_path / arm / f"turn-{turn}", Knobs(**knobs))
            wobble = 1.2 + 0.001 * turn if arm == "head" else 1.0
            edited(folder, "trials", slower(wobble))
    found = compare_paths(tmp_path / "base", tmp_path / "head")
    latency = next(c for c in found.changes if c.metric == "latency_s")
    assert (latency.paired, latency.n_base, latency.verdict) == (True, 4, "worse")
    assert latency.ratio == pytest.approx(1.2015, abs=1e-4)
    assert found.matched_on["trials"][0]["paired_blocks"] == 4
