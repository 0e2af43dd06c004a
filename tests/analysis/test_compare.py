from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.compare_sources import compare_paths, compare_runs
from wattmark.analysis.comparison import Change, Comparison, Settings
from wattmark.analysis.directions import better_of, is_share, is_signed
from wattmark.analysis.gate import Judgement, exit_code, judge, parse_gate
from wattmark.errors import InputError
from wattmark.store.reader import open_run

BASE = [2.00, 2.03, 1.98, 2.05, 2.01]
WORSE = [2.21, 2.22, 2.19, 2.26, 2.20]
ONE = Knobs(
    models=("arithmetic",),
    precisions=("fp32",),
    batch_sizes=(1,),
    one_oom=False,
    nasty=False,
    queries=12,
)


def table(
    path: Path, columns: Mapping[str, Sequence[object]], *, blocks: Sequence[object] | None = None
) -> Path:
    n = len(next(iter(columns.values())))
    labels = list(range(n)) if blocks is None else blocks
    lines = [",".join(["replicate", "block", *columns])]
    for index in range(n):
        cells = [index, labels[index], *(column[index] for column in columns.values())]
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def compared(
    folder: Path,
    base: Mapping[str, Sequence[object]],
    head: Mapping[str, Sequence[object]],
    how: Settings | None = None,
    **more: Any,
) -> Comparison:
    before, after = table(folder / "base.csv", base), table(folder / "head.csv", head)
    return compare_paths(before, after, how, **more)


def change(
    folder: Path,
    base: Sequence[object],
    head: Sequence[object],
    name: str = "energy_j",
    how: Settings | None = None,
) -> Change:
    (found,) = compared(folder, {name: base}, {name: head}, how).changes
    return found


def gated(comparison: Comparison, *gates: str) -> list[Judgement]:
    return judge([parse_gate(text) for text in gates], comparison)


# Statistics, against scipy computed another way


def test_pairs_are_compared_by_the_paired_t_on_logarithms(tmp_path: Path) -> None:
    found = change(tmp_path, BASE, WORSE)
    expected = stats.ttest_rel(np.log(WORSE), np.log(BASE))
    bounds = expected.confidence_interval(0.95)
    assert found.paired
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((math.exp(bounds.low), math.exp(bounds.high)))
    assert found.ratio == pytest.approx(stats.gmean(WORSE) / stats.gmean(BASE))
    assert (found.base, found.head) == pytest.approx((stats.gmean(BASE), stats.gmean(WORSE)))
    assert (found.verdict, found.n_base, found.n_head) == ("worse", 5, 5)
    assert found.test is not None
    assert "paired" in found.test
    # Hedges' g by its book: difference ÷ pooled SD × the exact correction.
    pooled = math.sqrt((np.var(BASE, ddof=1) + np.var(WORSE, ddof=1)) / 2)
    correction = math.gamma(4) / (math.sqrt(4) * math.gamma(3.5))
    g = correction * (np.mean(WORSE) - np.mean(BASE)) / pooled
    assert found.effect_size == pytest.approx(float(g), rel=1e-9)


def test_without_blocks_arms_are_compared_by_welch(tmp_path: Path) -> None:
    files = []
    for name, values in (("base", BASE), ("head", WORSE[:4])):
        files.append(tmp_path / f"{name}.csv")
        lines = [f"{i},{value}" for i, value in enumerate(values)]
        files[-1].write_text("\n".join(["replicate,latency_s", *lines]), encoding="utf-8")
    found = compare_paths(files[0], files[1])
    (only,) = found.changes
    expected = stats.ttest_ind(np.log(WORSE[:4]), np.log(BASE), equal_var=False)
    bounds = expected.confidence_interval(0.95)
    assert not only.paired
    assert only.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (only.low, only.high) == pytest.approx((math.exp(bounds.low), math.exp(bounds.high)))
    assert (only.n_base, only.n_head, only.verdict) == (5, 4, "worse")
    assert any("independent" in line for line in found.warnings)


def test_a_confidence_may_be_asked_for(tmp_path: Path) -> None:
    wide = change(tmp_path, BASE, WORSE, how=Settings(confidence=0.999))
    bounds = stats.ttest_rel(np.log(WORSE), np.log(BASE)).confidence_interval(0.999)
    assert wide.low == pytest.approx(math.exp(bounds.low))
    assert wide.confidence == 0.999


def test_what_may_be_negative_is_a_difference(tmp_path: Path) -> None:
    base, head = [-1.0, 0.5, 0.0, 1.0, 0.2], [3.0, 4.2, 4.1, 5.3, 4.0]
    found = change(tmp_path, base, head, "energy_net_j")
    bounds = stats.ttest_rel(head, base).confidence_interval(0.95)
    assert (found.scale, found.ratio, found.verdict) == ("difference", None, "worse")
    assert found.difference == pytest.approx(np.mean(head) - np.mean(base))
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    free = change(tmp_path, base, head, "energy_net_j", Settings(paired=False))
    welch = stats.ttest_ind(head, base, equal_var=False)
    bounds = welch.confidence_interval(0.95)
    assert (free.low, free.high) == pytest.approx((bounds.low, bounds.high))
    assert free.p_value == pytest.approx(welch.pvalue, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    base=st.lists(st.floats(0.1, 10), min_size=3, max_size=6),
    shift=st.floats(0.2, 5),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 99),
)
def test_swapping_the_arms_inverts_the_ratio_and_a_unit_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    base: list[float],
    shift: float,
    scale: float,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("swap")
    noise = np.random.default_rng(seed).lognormal(0, 0.1, len(base))
    head = [float(b * shift * n) for b, n in zip(base, noise, strict=True)]
    how = Settings(margin=0, detail=False)
    there = change(folder, base, head, how=how)
    back = change(folder, head, base, how=how)
    other = change(folder, [scale * v for v in base], [scale * v for v in head], how=how)
    assert there.ratio is not None
    assert there.low is not None
    assert there.high is not None
    assert back.ratio == pytest.approx(1 / there.ratio)
    assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low))
    assert (other.low, other.high) == pytest.approx((there.low, there.high))
    mirrored = {"better": "worse", "worse": "better"}
    assert back.verdict == mirrored.get(there.verdict, there.verdict)


# Verdicts


def test_the_verdicts(tmp_path: Path) -> None:
    columns = {
        "energy_j": (BASE, WORSE),
        "tokens_per_s": (BASE, WORSE),
        "latency_s": (
            BASE,
            [v * f for v, f in zip(BASE, (1, 1.001, 0.999, 1, 1.002), strict=True)],
        ),
        "ttft_s": (BASE, [2.2, 1.9, 2.1, 1.95, 2.05]),
        "zeal": (BASE, WORSE),
    }
    found = compared(
        tmp_path, {n: v[0] for n, v in columns.items()}, {n: v[1] for n, v in columns.items()}
    )
    words = {item.metric: item.verdict for item in found.changes}
    assert words == {
        "energy_j": "worse",
        "tokens_per_s": "better",
        "latency_s": "same",
        "ttft_s": "not resolved",
        "zeal": "higher",
    }
    assert any("zeal" in line and "--lower-is-better" in line for line in found.warnings)
    open_one = next(item for item in found.changes if item.metric == "ttft_s")
    assert open_one.needed is not None
    assert open_one.needed > 5


def test_the_margin_decides_what_is_the_same(tmp_path: Path) -> None:
    assert change(tmp_path, BASE, WORSE, how=Settings(margin=0.2)).verdict == "same"
    assert change(tmp_path, BASE, BASE, how=Settings(margin=0.0)).verdict == "same"


def test_a_direction_may_be_given(tmp_path: Path) -> None:
    found = compared(tmp_path, {"zeal": BASE}, {"zeal": WORSE}, lower=["zeal"])
    assert found.changes[0].verdict == "worse"
    found = compared(tmp_path, {"zeal": BASE}, {"zeal": WORSE}, higher=["zeal"])
    assert found.changes[0].verdict == "better"
    with pytest.raises(InputError, match=r"Unknown metric 'zealot'.*zeal"):
        compared(tmp_path, {"zeal": BASE}, {"zeal": WORSE}, higher=["zealot"])
    with pytest.raises(InputError, match="both lower and higher"):
        compared(tmp_path, {"zeal": BASE}, {"zeal": WORSE}, higher=["zeal"], lower=["zeal"])


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("energy_per_correct_kwh", "lower"),
        ("joules_per_correct", "lower"),
        ("Latency_ms", "lower"),
        ("ttft_p99_s", "lower"),
        ("seconds_per_token", "lower"),
        ("vram_peak_gb", "lower"),
        ("tokens_per_s", "higher"),
        ("tokens_per_joule", "higher"),
        ("gsm8k_acc", "higher"),
        ("throughput", "higher"),
        ("parameters", ""),
        ("layers_per_model", ""),
    ],
)
def test_a_name_tells_its_direction(name: str, better: str) -> None:
    assert better_of(name) == better


def test_a_name_tells_shares_and_signed_figures() -> None:
    assert is_share("accuracy")
    assert not is_share("energy_per_correct_j")
    assert is_signed("energy_per_token_net_j")
    assert not is_signed("network_bytes")


def test_one_lone_verdict_among_many_is_doubted(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    base = {f"x{i}_j": rng.lognormal(0, 0.02, 5).tolist() for i in range(60)}
    head = {f"x{i}_j": rng.lognormal(0, 0.02, 5).tolist() for i in range(60)}
    found = compared(tmp_path, base, head)
    lone = [item for item in found.changes if item.verdict in {"better", "worse"}]
    assert lone
    assert all("Holm" in item.notes[-1] for item in lone)
    assert all((item.p_adjusted or 0) >= (item.p_value or 0) for item in found.changes)


# What is short of a comparison


def test_one_replicate_has_a_ratio_and_no_interval(tmp_path: Path) -> None:
    found = change(tmp_path, [2.0], [3.0])
    assert (found.ratio, found.low, found.verdict) == (1.5, None, "not resolved")
    assert found.notes == ("one replicate of each: no interval",)
    uneven = change(tmp_path, BASE, [3.0])
    assert uneven.low is None
    assert uneven.notes[-1] == "one replicate of head: no interval"


@pytest.mark.parametrize("paired", [True, False])
def test_values_of_any_size_have_finite_bounds(tmp_path: Path, paired: bool) -> None:
    how = Settings(paired=paired)
    found = change(tmp_path, [1e-99, 1e99, 1.0], [1e99, 1e-99, 2.0], how=how)
    assert found.verdict == "not resolved"
    assert found.low is not None
    assert found.high is not None
    assert math.isfinite(found.high / max(found.low, 1e-5))
    signed = change(tmp_path, [-1e99, 1e99, 1.0], [1e99, 0.0, 2.0], "energy_net_j", how)
    assert signed.high is not None
    assert math.isfinite(signed.high)


def test_empty_cells_are_counted_and_said(tmp_path: Path) -> None:
    found = change(tmp_path, ["", "nan", *BASE[2:]], WORSE)
    assert (found.n_base, found.n_head, found.paired) == (3, 3, True)
    assert found.notes[0].startswith("base: 2 of 5 replicates have no value")
    assert found.notes[1] == "values without a partner in their block, left out: 2"


def test_a_metric_of_one_side_says_so(tmp_path: Path) -> None:
    found = compared(
        tmp_path, {"energy_j": BASE, "ttft_s": BASE}, {"energy_j": BASE, "tpot_s": BASE}
    )
    notes = {item.metric: item.notes[-1:] for item in found.changes}
    assert notes["ttft_s"] == ("only base has it",)
    assert notes["tpot_s"] == ("only head has it",)
    nothing = ["", "", "", "", ""]
    found = compared(tmp_path, {"energy_j": BASE, "x_j": nothing}, {"energy_j": BASE})
    assert found.missing == {"x_j": "no cell has a number"}


def test_constant_values_differ_exactly(tmp_path: Path) -> None:
    found = change(tmp_path, [4e9] * 5, [5e9] * 5, "vram_peak_bytes")
    assert (found.ratio, found.low, found.high, found.verdict) == (1.25, 1.25, 1.25, "worse")
    assert found.p_value is None
    assert found.effect_size is None
    assert "do not vary" in found.notes[-1]
    assert change(tmp_path, [0.8] * 5, [0.8] * 5, "accuracy").verdict == "same"


def test_a_cost_of_zero_has_no_ratio(tmp_path: Path) -> None:
    found = change(tmp_path, [0.0, 1, 1, 1, 1], WORSE, "energy_per_token_j")
    assert (found.ratio, found.verdict) == (None, "not resolved")
    assert "cannot be" in found.notes[-1]
    other = change(tmp_path, [0.0, 1, 1, 1, 1], WORSE, "errors")
    assert (other.scale, other.verdict) == ("difference", "worse")


def test_accuracy_of_a_table_is_in_points_of_its_own_scale(tmp_path: Path) -> None:
    shares = change(tmp_path, [0.8, 0.81, 0.79, 0.8], [0.7, 0.72, 0.69, 0.7], "accuracy")
    percent = change(tmp_path, [80, 81, 79, 80], [70, 72, 69, 70], "accuracy")
    assert (shares.unit, percent.unit) == ("1", "%")
    assert (shares.margin, percent.margin) == (0.01, 1.0)
    assert percent.low == pytest.approx(100 * (shares.low or 0))
    assert shares.verdict == percent.verdict == "worse"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("replicate,block,energy_j\n", "no row"),
        ("replicate,block,energy_j\n0,0,1\n1,0,2\n", r"line 3: block 0 .* on line 2"),
        ("replicate,energy_j\n0,1\n0.0,2\n", r"line 3: replicate 0 .* on line 2"),
        ("block,energy_j\n0,1\n,2\n", "line 3: no block"),
        ("block,energy_j\n0,1\n1\n", "line 3: 1 cells, but the header has 2"),
        ("block,energy_j\n0,1\n1,fast\n", "line 3: energy_j is 'fast'"),
        ("block,energy_j,energy_j\n0,1,2\n", "'energy_j' stands there twice"),
        ("block,note\n0,a\n", "no column of numbers"),
        ('block,energy_j\n0,"1\n', "unexpected end of data"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(text, encoding="utf-8")
    good = table(tmp_path / "good.csv", {"energy_j": BASE})
    with pytest.raises(InputError, match=message):
        compare_paths(good, bad)


def test_tables_of_other_habits_are_read(tmp_path: Path) -> None:
    excel = tmp_path / "excel.csv"
    lines = [f"b{i};{value};ok" for i, value in enumerate(BASE)]
    excel.write_bytes("\r\n".join(["\ufeffBlock;energy_j;status", *lines, ""]).encode())
    tabs = tmp_path / "tabs.csv"
    tabs.write_text("\n".join(["block\tenergy_j", *(f"b{i}\t{v}" for i, v in enumerate(WORSE))]))
    found = compare_paths(excel, tabs)
    assert found.changes[0].paired
    assert found.changes[0].verdict == "worse"
    assert found.warnings == ("columns of words are no metrics: status",)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        compare_paths(excel, binary)


def test_what_is_no_pair_of_inputs_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", {"energy_j": BASE})
    with pytest.raises(InputError, match="There is no"):
        compare_paths(file, tmp_path / "none")
    with pytest.raises(InputError, match="a folder and a file"):
        compare_paths(tmp_path, file)
    with pytest.raises(InputError, match="no run directory"):
        compare_paths(tmp_path, tmp_path)
    with pytest.raises(InputError, match="one arm"):
        compare_paths(file, file, base_trial="fp32")
    other = tmp_path / "other.csv"
    other.write_text("replicate,energy_j\n0,1\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be paired"):
        compare_paths(file, other, Settings(paired=True))


# Runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return make_run(folder / "a", Knobs(queries=12)), make_run(
        folder / "b", Knobs(seed=8, queries=12)
    )


def edited(folder: Path, table_name: str, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / f"{table_name}.parquet"
    content = pq.read_table(path)
    rows = [edit(row) for row in content.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=content.schema), path)


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


# Gates


@pytest.mark.parametrize(
    ("gate", "outcome"),
    [
        ("energy=3%", "regression"),
        ("energy_j=3%", "regression"),
        ("energy=+30%", "pass"),
        ("energy=9.5%", "not resolved"),
        ("energy=-5%", "regression"),
        ("tokens_per_s=3%", "pass"),
        ("tokens_per_s=-3%", "pass"),
        ("tokens_per_s=+5%", "pass"),
        ("tokens_per_s=+30%", "regression"),
        ("accuracy=-1pp", "regression"),
        ("accuracy=1pp", "regression"),
        ("accuracy=-30 pp", "pass"),
    ],
)
def test_a_gate_judges_by_the_whole_interval(tmp_path: Path, gate: str, outcome: str) -> None:
    base = {"energy_j": BASE, "tokens_per_s": BASE, "accuracy": [0.8, 0.81, 0.79, 0.8, 0.8]}
    head = {"energy_j": WORSE, "tokens_per_s": WORSE, "accuracy": [0.7, 0.69, 0.71, 0.7, 0.7]}
    (found,) = gated(compared(tmp_path, base, head), gate)
    assert found.outcome == outcome
    assert found.why


def test_the_worst_gate_decides() -> None:
    gate = parse_gate("energy_j=3%")

    def all_of(*outcomes: str) -> int:
        return exit_code([Judgement(gate, "energy_j", "", outcome, "") for outcome in outcomes])

    assert all_of() == all_of("pass") == 0
    assert all_of("pass", "not resolved") == 3
    assert all_of("not resolved", "regression", "pass") == 1


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("energy", "is no gate"),
        ("=3%", "is no gate"),
        ("energy=3", "is no gate"),
        ("energy=nan%", "is no gate"),
        ("energy=1e3%", "is no gate"),
        ("energy=1pp", "gated in percent"),
        ("accuracy=1%", "gated in percentage points"),
        ("power=3%", r"Unknown metric 'power'.*accuracy, energy_j, latency_ms, latency_s"),
        ("latency=3%", "may be latency_s or latency_ms"),
        ("zeal=3%", "--lower-is-better zeal"),
    ],
)
def test_a_bad_gate_says_what_there_is(tmp_path: Path, gate: str, message: str) -> None:
    columns = dict.fromkeys(("energy_j", "accuracy", "latency_s", "latency_ms", "zeal"), BASE)
    found = compared(tmp_path, columns, columns)
    with pytest.raises(InputError, match=message):
        gated(found, gate)


def test_a_gate_on_a_signed_figure_takes_its_share_of_base(tmp_path: Path) -> None:
    base, head = [10.0, 10.1, 9.9, 10.0], [10.9, 11.1, 10.9, 11.1]
    found = compared(tmp_path, {"energy_net_j": base}, {"energy_net_j": head})
    (gate,) = gated(found, "energy_net=3%")
    assert gate.outcome == "regression"
    assert gate.limit == pytest.approx(0.3)
    assert gated(found, "energy_net=20%")[0].outcome == "pass"
    zero = compared(tmp_path, {"energy_net_j": [0.0] * 4}, {"energy_net_j": head})
    assert gated(zero, "energy_net=3%")[0].outcome == "not resolved"


def test_a_trial_that_head_lost_is_not_let_through(tmp_path: Path) -> None:
    knobs = {**ONE.__dict__, "batch_sizes": (1, 8)}
    a = make_run(tmp_path / "a", Knobs(**knobs))
    b = make_run(tmp_path / "b", Knobs(**knobs))
    edited(b, "trials", lambda row: row | {"status": "crashed"} if row["batch_size"] == 8 else row)
    found = compare_paths(a, b)
    assert found.only_base == ("arithmetic · transformers fp32 cpu · batch 8 · arithmetic",)
    outcomes = [gate.outcome for gate in gated(found, "ram_peak=50%")]
    assert outcomes == ["pass", "not resolved"]
