"""What the machine tells of its clock, heat and memory, from a tree like /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from wattmark.runner.conditions import conditions, disturbing
from wattmark.runner.machine import pinned, worker_cpus, worker_threads


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def test_a_machine_that_tells_all(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
            "devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance",
            "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "3",
            "devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "4",
            "devices/system/cpu/intel_pstate/no_turbo": "0",
            "class/thermal/thermal_zone0/temp": "41000",
            "class/thermal/thermal_zone1/temp": "93500",
            "class/thermal/thermal_zone2/temp": "-274000",
            "devices/system/node/node0/cpulist": "0-7",
            "devices/system/node/node10/cpulist": "16-23",
            "devices/system/node/node2/cpulist": "8-15",
        },
    )
    seen = conditions(root)
    assert seen["governor"] == "performance, powersave"
    assert seen["turbo"] is True
    assert seen["temperature_c"] == 93.5
    assert seen["throttle_events"] == 7
    assert seen["numa_nodes"] == ["0-7", "8-15", "16-23"]
    assert seen["load_average"] >= 0
    codes = [doubt.code for doubt in disturbing({**seen, "swap_used_bytes": 2**31})]
    assert codes == ["swap-in-use", "slow-governor", "hot-machine"]


def test_a_machine_that_tells_nothing_is_not_doubted(tmp_path: Path) -> None:
    seen = conditions(tmp_path)
    silent = ("governor", "turbo", "temperature_c", "throttle_events")
    assert [seen[name] for name in silent] == [None] * 4
    assert seen["numa_nodes"] == []
    assert not list(disturbing({**seen, "swap_used_bytes": 0}))


@pytest.mark.parametrize(("told", "turbo"), [("1", True), ("0", False)])
def test_turbo_by_the_other_driver(tmp_path: Path, told: str, turbo: bool) -> None:
    assert conditions(write(tmp_path, {"devices/system/cpu/cpufreq/boost": told}))["turbo"] is turbo


def test_cpus_that_are_asked_for_are_the_ones() -> None:
    assert pinned(None, ()) == (worker_threads(), worker_cpus(worker_threads()))
    assert pinned(None, (3,)) == (1, (3,))
    assert pinned(2, (5, 1, 9)) == (2, (1, 5, 9))
