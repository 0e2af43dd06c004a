"""A powercap tree built on disk, flat as /sys/class/powercap shows it."""

from __future__ import annotations

from pathlib import Path

from wattmark.meter import rapl

RANGE_UJ = 262_143_328_850


def tree(system: Path) -> Path:
    """Where powercap is below `system`."""
    return system / rapl.POWERCAP


def zone(system: Path, identity: str, name: str, energy_uj: int, **files: int) -> Path:
    path = tree(system) / identity
    path.mkdir(parents=True)
    (path / "name").write_text(name + "\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    for file, value in ({"max_energy_range_uj": RANGE_UJ} | files).items():
        (path / file).write_text(f"{value}\n")
    return path


def vendor(system: Path, name: str) -> None:
    (system / "proc").mkdir(parents=True)
    (system / "proc" / "cpuinfo").write_text(f"processor\t: 0\nvendor_id\t: {name}\n")


def write(path: Path, energy_uj: int | str) -> None:
    (path / "energy_uj").write_text(f"{energy_uj}\n")
