"""The gate on a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest
from compared import BASE, ONE, WORSE, compared, edited, gated
from synthetic import Knobs, make_run

from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.gate import Judgement, exit_code, parse_gate
from wattmark.errors import InputError


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
