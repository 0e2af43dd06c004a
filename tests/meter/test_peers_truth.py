"""The faked counters that the tools are compared on show what their load says."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from benchmarks.peers import writer
from benchmarks.peers.rows import gather
from benchmarks.peers.scenes import EARLY_S, RANGE_J, WRAP_S, World, worlds

from wattmark.meter import rapl

WORLDS = worlds(seed=3)
NAMES = [world.name for world in WORLDS]


def counter(world: World, folder: Path, began_ns: int = 0) -> writer.Counter:
    writer.build(folder, world.range_j, world.limit_w)
    zone = folder / writer.ZONE
    return writer.Counter(zone, world.package, world.range_j, writer.QUANTUM_J, began_ns)


@pytest.mark.parametrize("world", WORLDS, ids=NAMES)
def test_the_counter_rises_by_the_integral_of_the_power(world: World, tmp_path: Path) -> None:
    shown = counter(world, tmp_path)
    shown.origin_ns = 2_000_000_000
    times_s = np.arange(0.0, world.end_s + 0.5, 0.0005)
    raw_uj = [shown.shown_uj(shown.origin_ns + round(t * 1e9)) for t in times_s]
    assert max(raw_uj) < world.range_j * 1e6
    rises = np.mod(np.diff(raw_uj), round(world.range_j * 1e6)) / 1e6
    # The midpoint rule on half milliseconds: wrong only where a step lies inside one.
    powers = world.package.power(times_s[:-1] + 0.00025)
    steps = len(world.package.edges)
    assert abs(rises.sum() - (powers * 0.0005).sum()) < 0.11 * steps + 1e-3
    assert rises.sum() == pytest.approx(float(world.package.energy(times_s[-1])), abs=2e-4)


def test_before_the_origin_it_idles_and_nothing_jumps_there(tmp_path: Path) -> None:
    shown = counter(WORLDS[0], tmp_path)
    at = [shown.shown_uj(t) for t in range(0, 3_000_000_000, 1_000_000)]
    shown.origin_ns = 2_000_000_000
    assert [shown.shown_uj(t) for t in range(0, 2_000_000_000, 1_000_000)] == at[:2000]
    after = shown.shown_uj(2_001_000_000) - at[1999]
    assert after == pytest.approx(2 * 20.0 * 1e-3 * 1e6, abs=62)


def test_it_wraps_where_the_scenes_say(tmp_path: Path) -> None:
    world = next(world for world in WORLDS if world.name == "wraps")
    shown = counter(world, tmp_path, began_ns=7)
    origin_ns = writer.next_wrap_ns(7, world.idle_w, world.range_j, 12_345_678_901)
    shown.origin_ns = origin_ns
    times_ns = range(origin_ns, origin_ns + 30_000_000_000, 1_000_000)
    raw_uj = [shown.shown_uj(t) for t in times_ns]
    wraps_s = [k / 1e3 for k, (one, two) in enumerate(itertools.pairwise(raw_uj), 1) if two < one]
    held = {
        (w.name, w.number): [t for t in wraps_s if w.start_s < t <= w.end_s]
        for scene in world.scenes
        for w in scene.windows
    }
    assert {len(held["near", k]) for k in range(4)} == {1}
    assert len(held["once", 0]) == 1
    assert len(held["many", 0]) == 5
    near = next(w for scene in world.scenes for w in scene.windows if w.name == "near")
    assert near.end_s - held["near", 0][0] == pytest.approx(0.02, abs=0.002)
    for scene in world.scenes:
        for w in scene.windows:
            assert w.start_s % WRAP_S > 1.5
            assert w.name == "near" or w.end_s % WRAP_S > 1.5


@pytest.mark.parametrize("world", WORLDS, ids=NAMES)
def test_scenes_follow_each_other_and_no_work_falls_before_its_window(world: World) -> None:
    for earlier, later in itertools.pairwise(world.scenes):
        assert earlier.end_s + 0.5 < later.timetable()[0][0]
    for scene in world.scenes:
        for w in scene.windows:
            if w.name != "task" or scene.whole:
                continue
            assert world.package.power(w.start_s - EARLY_S) == world.idle_w
            assert world.package.power(w.start_s) == world.idle_w
            assert world.package.power(w.end_s - 1e-6) > world.idle_w
            assert world.package.power(w.end_s + 1e-6) == world.idle_w


def test_the_tree_is_read_as_any_other(tmp_path: Path) -> None:
    system = tmp_path / "sys" / "class"
    shown = counter(WORLDS[0], system)
    shown.write(1_000_000_000)
    found = rapl.find(tmp_path)
    try:
        assert [sensor.info.name for sensor in found.sensors] == [
            "rapl:package-0",
            "rapl:package-0-dram",
        ]
        assert found.sensors[0].read().energy_j == pytest.approx(writer.BASE_J + 20.0, abs=1e-4)
        assert found.sensors[0].info.wrap_j == pytest.approx(RANGE_J)
    finally:
        for sensor in found.sensors:
            sensor.close()


def test_the_truth_of_a_window_is_between_its_own_stamps() -> None:
    world = next(world for world in WORLDS if world.name.endswith("95 W"))
    origin_ns = 5_000_000_000
    window = {
        "name": "whole",
        "number": 0,
        "begun_ns": origin_ns + 2_000_000_000,
        "ended_ns": origin_ns + 4_000_000_000,
        "late_ms": 0.0,
        "reading": {"cpu_j": 2 * 95.0 * 1.02, "dram_j": 1.0, "total_j": 1.0},
    }
    scene = {"name": "any", "windows": [window], "sums": {}}
    said = {"origin_ns": origin_ns, "heard": {"tool": [scene]}}
    (row,) = gather(world, said)
    assert row["tools"]["tool"]["truth_j"] == pytest.approx(190.0)
    assert row["tools"]["tool"]["truth_dram_j"] == pytest.approx(2 * (4.0 + 0.08 * 95.0))
    assert row["tools"]["tool"]["error_pct"] == pytest.approx(2.0)
