"""The machine that the gate's benchmark measures; the benchmark itself takes minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.gate import SLOT_S, WATTS, Wandering, find, repository
from scipy import integrate

from wattmark.meter.shapes import Shape


def test_its_joules_are_the_integral_of_its_watts() -> None:
    power = Wandering.of(3)
    assert isinstance(power, Shape)
    for start, end in ((0.0, 1.3), (7.01, 7.04), (100.0, 107.7)):
        edges = [k * SLOT_S for k in range(int(end / SLOT_S) + 1) if start < k * SLOT_S < end]
        expected, _ = integrate.quad(power, start, end, points=edges or None, limit=2000)
        assert power.energy_j(end) - power.energy_j(start) == pytest.approx(expected, rel=1e-6)


def test_it_wanders_about_its_power_alike_for_a_seed() -> None:
    power = Wandering.of(3)
    assert power.watts[:1000].mean() == pytest.approx(WATTS, rel=0.2)
    assert power.watts[:1000].std() > 0.005 * WATTS
    assert (Wandering.of(3).watts == power.watts).all()
    assert (Wandering.of(4).watts != power.watts).any()


def test_it_is_found_by_seed_and_origin_alone() -> None:
    assert not find().sensors
    (sensor,) = find("3@0").sensors
    assert sensor.info.name == "machine"


def test_base_and_head_differ_in_the_planted_step_alone(tmp_path: Path) -> None:
    repository(tmp_path, 1.1)
    base, head = ((tmp_path / arm / "answerer.py").read_text() for arm in ("base", "head"))
    differ = [
        pair
        for pair in zip(base.splitlines(), head.splitlines(), strict=True)
        if len(set(pair)) > 1
    ]
    assert len(differ) == 1
    assert all(line.startswith("STEP_S = ") for line in differ[0])
