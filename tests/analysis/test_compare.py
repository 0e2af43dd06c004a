"""`compare` on tables of replicates."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from compared import BASE, WORSE, change, compared, table
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.comparison import Settings
from wattmark.analysis.directions import better_of, is_share, is_signed
from wattmark.errors import InputError


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
