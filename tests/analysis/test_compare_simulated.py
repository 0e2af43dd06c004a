"""Simulated experiments with known truth: how often `compare` is wrong, and how often it sees.

Each scenario is a thousand experiments of five interleaved blocks, written as two CSV files with
a column an experiment, and compared by the call that the command line makes.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.comparison import Change, Settings
from wattmark.analysis.gate import judge, parse_gate

EXPERIMENTS = 1000
BLOCKS = 5
NOISE = 0.02
EFFECT = 1.03
SEEN = {"better", "worse"}

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return NOISE * rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Few runs are much slower: an exponential tail, skewness 2."""
    return NOISE * (rng.exponential(size=shape) - 1)


def autocorrelated(rng: np.random.Generator, shape: tuple[int, ...], rho: float = 0.5) -> Array:
    """AR(1) over the runs in their order, which is the last axis."""
    noise = normal(rng, shape)
    for run in range(1, shape[-1]):
        noise[..., run] = rho * noise[..., run - 1] + math.sqrt(1 - rho**2) * noise[..., run]
    return noise


def drifting(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """10 % from the first run to the last, as a machine warms up."""
    return normal(rng, shape) + np.linspace(0, 0.1, shape[-1])


def experiments(draw: Draw, ratio: float, seed: int) -> tuple[Array, Array]:
    """Base and head of every experiment, (block, experiment): in each block in random order."""
    rng = np.random.default_rng(seed)
    runs = draw(rng, (EXPERIMENTS, 2 * BLOCKS)).reshape(EXPERIMENTS, BLOCKS, 2)
    order = rng.permuted(np.tile([0, 1], (EXPERIMENTS, BLOCKS, 1)), axis=2)
    arms = np.take_along_axis(runs, order, axis=2)
    return 50 * np.exp(arms[..., 0].T), 50 * ratio * np.exp(arms[..., 1].T)


def write(path: Path, values: Array, *, blocks: bool = True) -> Path:
    names = [f"energy_{index}_j" for index in range(values.shape[1])]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["replicate", *(["block"] if blocks else []), *names])
        for index, row in enumerate(values):
            rows.writerow([index, *([index] if blocks else []), *map(repr, row.tolist())])
    return path


def compared(
    folder: Path, base: Array, head: Array, *, blocks: bool = True, margin: float = 0.0
) -> tuple[Change, ...]:
    before = write(folder / "base.csv", base, blocks=blocks)
    after = write(folder / "head.csv", head, blocks=blocks)
    found = compare_paths(before, after, Settings(margin=margin, detail=False))
    assert len(found.changes) == EXPERIMENTS
    assert {change.paired for change in found.changes} == {blocks}
    return found.changes


def told(changes: tuple[Change, ...]) -> float:
    return sum(change.verdict in SEEN for change in changes) / len(changes)


def coverage(changes: tuple[Change, ...], ratio: float) -> float:
    bounds = [(change.low, change.high) for change in changes]
    return sum(low <= ratio <= high for low, high in bounds if low and high) / len(bounds)


@pytest.mark.parametrize(
    ("draw", "seed", "fewest", "margin"),
    [
        (normal, 1, 0.03, 0.0),
        (normal, 1, 0.03, 0.01),
        (drifting, 2, 0.03, 0.01),
        (autocorrelated, 4, 0.03, 0.01),
        # A difference of two long tails has long tails on both sides: Student's t errs on the
        # safe side, at 3 % of false positives and a coverage of 97 %.
        (skewed, 3, 0.02, 0.01),
    ],
)
def test_where_nothing_changed_it_is_wrong_one_time_in_twenty(
    tmp_path: Path, draw: Draw, seed: int, fewest: float, margin: float
) -> None:
    base, head = experiments(draw, 1.0, seed)
    changes = compared(tmp_path, base, head, margin=margin)
    assert fewest <= told(changes) <= 0.07
    assert 0.93 <= coverage(changes, 1.0) <= 1 - fewest
    assert {change.verdict for change in changes} - SEEN <= {"not resolved", "same"}


def test_power_and_coverage_at_an_effect_of_3_percent(tmp_path: Path) -> None:
    base, head = experiments(normal, EFFECT, 5)
    changes = compared(tmp_path, base, head)
    df = BLOCKS - 1
    centre = math.log(EFFECT) * math.sqrt(BLOCKS) / (NOISE * math.sqrt(2))
    edge = stats.t.ppf(0.975, df)
    power = float(stats.nct.sf(edge, df, centre) + stats.nct.cdf(-edge, df, centre))
    assert told(changes) == pytest.approx(power, abs=3 * math.sqrt(power * (1 - power) / 1000))
    assert 0.93 <= coverage(changes, EFFECT) <= 0.97
    wrong_way = sum(change.verdict == "better" for change in changes)
    assert wrong_way <= 5


def test_a_real_effect_within_the_margin_is_the_same(tmp_path: Path) -> None:
    base, head = experiments(normal, EFFECT, 5)
    changes = compared(tmp_path, base, head, margin=0.1)
    assert told(changes) < 0.03
    assert sum(change.verdict == "same" for change in changes) > 0.9 * EXPERIMENTS


def test_arms_without_blocks_are_independent(tmp_path: Path) -> None:
    base, head = experiments(normal, 1.0, 6)
    changes = compared(tmp_path, base, head, blocks=False)
    assert 0.03 <= told(changes) <= 0.07
    assert 0.93 <= coverage(changes, 1.0) <= 0.97


def test_base_and_then_head_sees_the_drift_and_no_test_can_help(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    runs = 50 * np.exp(drifting(rng, (EXPERIMENTS, 2 * BLOCKS)))
    one_after_the_other = compared(tmp_path, runs[:, :BLOCKS].T, runs[:, BLOCKS:].T, blocks=False)
    assert told(one_after_the_other) > 0.3


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "pass"), (1.1, "regression")])
def test_a_gate_of_3_percent_at_half_a_percent_of_scatter(
    tmp_path: Path, ratio: float, outcome: str
) -> None:
    base, head = experiments(lambda rng, shape: normal(rng, shape) / 4, ratio, 8)
    before, after = write(tmp_path / "base.csv", base), write(tmp_path / "head.csv", head)
    found = compare_paths(before, after, Settings(detail=False))
    gates = [parse_gate(f"{change.metric}=3%") for change in found.changes]
    outcomes = [judgement.outcome for judgement in judge(gates, found)]
    assert outcomes.count(outcome) >= 0.95 * EXPERIMENTS
    wrong = "regression" if outcome == "pass" else "pass"
    assert wrong not in outcomes
