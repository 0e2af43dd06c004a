"""Dies that show one counter of their package, at any height of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rapl_tree import write, zone

from wattmark.meter import rapl
from wattmark.meter.rapl_zones import mirrored


def test_dies_that_mirror_one_counter_are_read_once(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0-die-0", 7_000_000_000)
    zone(tmp_path, "intel-rapl:1", "package-0-die-1", 7_000_040_000)
    zone(tmp_path, "intel-rapl:2", "package-1-die-0", 7_100_000_000)
    names = [sensor.info.device for sensor in rapl.find(tmp_path).sensors]
    assert names == ["package-0-die-0", "package-1-die-0"]


def test_young_counters_are_never_called_mirrors(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    assert len(rapl.find(tmp_path).sensors) == 2


def looks(start_j: float, watts: float, late_s: float = 0.0, count: int = 4) -> list[float]:
    """Joules at looks 1 ms apart of a counter that updates every millisecond."""
    return [start_j + watts * 1e-3 * int((k * 1.06e-3 + late_s) / 1e-3) for k in range(count)]


@pytest.mark.parametrize("standing_j", [3.0, 500.0, 90_000.0])
def test_one_counter_is_known_by_its_lockstep(standing_j: float) -> None:
    first = looks(standing_j, 60.0)
    assert mirrored(first, looks(standing_j, 60.0, late_s=20e-6))
    assert mirrored(first, looks(standing_j, 60.0, late_s=0.5e-3)), "an update between"
    # Near each other and of another power, or as fast and apart: two counters.
    assert not mirrored(first, looks(standing_j + 0.5, 60.0))
    assert not mirrored(first, looks(standing_j - 0.9, 61.0))
    assert not mirrored(first, [standing_j] * 4), "one stands still"


def test_lockstep_across_a_wrap() -> None:
    first = [99.98, 100.04, 100.10, 100.16]
    # Opened after the wrap, which the first one has seen and taken out.
    assert mirrored(first, [0.02, 0.06, 0.12, 0.18], wrap_j=100.0)
    assert not mirrored(first, [0.95, 1.01, 1.07, 1.13], wrap_j=100.0)


def test_dies_that_rise_together_are_read_once_at_any_height(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The looks' pauses write the files anew: what the hardware does in that time."""
    paths = [
        zone(tmp_path, f"intel-rapl:{k}", f"package-{k // 2}-die-{k % 2}", 5_000_000)
        for k in range(4)
    ]
    slept: list[float] = []

    def rise(seconds: float) -> None:
        slept.append(seconds)
        for k, path in enumerate(paths):
            # The second package's dies have counters of their own, 0.4 J apart.
            apart_uj = 400_000 if k == 3 else 0
            write(path, 5_000_000 + apart_uj + 60_000 * len(slept))

    monkeypatch.setattr("wattmark.meter.rapl_zones.time.sleep", rise)
    write(paths[3], 5_400_000)
    names = [sensor.info.device for sensor in rapl.find(tmp_path).sensors]
    assert names == ["package-0-die-0", "package-1-die-0", "package-1-die-1"]
    assert sum(slept) <= 0.005, "a look costs a few milliseconds"


def test_packages_and_dies_far_apart_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k, joules in enumerate((1, 3, 300)):
        zone(tmp_path, f"intel-rapl:{k}", f"package-{k // 2}-die-{k % 2}", joules * 1_000_000)
    monkeypatch.setattr("wattmark.meter.rapl_zones.time.sleep", pytest.fail)
    assert len(rapl.find(tmp_path).sensors) == 3
