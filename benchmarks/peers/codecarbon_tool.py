"""CodeCarbon, as its guide says: an OfflineEmissionsTracker, start and stop or tasks.

Its figures are kilowatt-hours; the CPU's own stand apart from those of the RAM, which it models.
Nothing is written to a file, and it is asked about its hardware before the first task, so that
looking for it (seconds) falls into no window.
"""

import time

BEGAN_S = time.perf_counter()

# ruff: noqa: E402 - the clock stands first: the import below is part of the cold start
import sys
from importlib import metadata
from typing import Any

from benchmarks.peers.driver import NOT_INSTALLED, Reading, Tool, own_stdout, speak

STDOUT = own_stdout()

try:
    from codecarbon import OfflineEmissionsTracker
except ImportError:
    sys.exit(NOT_INSTALLED)

J_PER_KWH = 3.6e6
NOTHING = {"reason": "stop_task returned nothing"}


class CodeCarbon(Tool):
    """A tracker a scene; tasks without start() where there is no whole measurement."""

    versions = f"CodeCarbon {metadata.version('codecarbon')}"

    def __init__(self) -> None:
        self._tracker = self._fresh()
        self._whole = False

    def _fresh(self) -> Any:
        tracker = OfflineEmissionsTracker(
            country_iso_code="FRA", output_methods=[], log_level="critical"
        )
        tracker.get_detected_hardware()
        return tracker

    def open(self, name: str) -> None:
        self._tracker = self._fresh()
        self._whole = False

    def start(self) -> None:
        self._whole = True
        self._tracker.start()

    def stop(self) -> Reading | None:
        self._tracker.stop()
        return _reading(self._tracker.final_emissions_data)

    def begin(self, name: str, number: int) -> None:
        self._tracker.start_task(f"{name} {number}")

    def end(self, name: str, number: int) -> Reading | None:
        found = self._tracker.stop_task(f"{name} {number}")
        return NOTHING if found is None else _reading(found)

    def close(self) -> list[tuple[str, int | None, Reading]]:
        if not self._whole:
            self._tracker.stop()
        return []

    def pairs(self, count: int) -> list[float]:
        tracker = self._fresh()
        costs = []
        for number in range(count):
            began_ns = time.perf_counter_ns()
            tracker.start_task(f"pair {number}")
            tracker.stop_task(f"pair {number}")
            costs.append((time.perf_counter_ns() - began_ns) / 1e3)
        tracker.stop()
        return costs


def _reading(found: Any) -> Reading:
    return {
        "cpu_j": found.cpu_energy * J_PER_KWH,
        "dram_j": None,
        "total_j": found.energy_consumed * J_PER_KWH,
        "ram_j": found.ram_energy * J_PER_KWH,
    }


if __name__ == "__main__":
    speak(CodeCarbon, STDOUT, BEGAN_S)
