"""Wattmark, as its README says: an EnergyMonitor and windows. An argument sets the interval."""

import time

BEGAN_S = time.perf_counter()

# ruff: noqa: E402 - the clock stands first: the import below is part of the cold start
import sys

from benchmarks.peers.driver import Reading, Tool, own_stdout, speak
from wattmark import EnergyMonitor, __version__
from wattmark.monitor.result import EnergyResult, WindowResult
from wattmark.monitor.windows import Window

BATCH = 50


class Wattmark(Tool):
    """All figures come with the result, when the monitor stops."""

    versions = f"Wattmark {__version__}"

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._monitor = EnergyMonitor(sensors="rapl", sampling_interval=interval_s)
        self._open: dict[tuple[str, int], Window] = {}
        self._ended: list[tuple[str, int]] = []
        self._whole = False

    def open(self, name: str) -> None:
        self._open, self._ended, self._whole = {}, [], False

    def start(self) -> None:
        self._whole = True
        self._monitor.start()

    def stop(self) -> Reading | None:
        self._monitor.stop()
        return None

    def begin(self, name: str, number: int) -> None:
        if not self._monitor.running:
            self._monitor.start()
        self._open[name, number] = self._monitor.window(name).__enter__()

    def end(self, name: str, number: int) -> Reading | None:
        self._open.pop((name, number)).__exit__(None, None, None)
        self._ended.append((name, number))
        return None

    def close(self) -> list[tuple[str, int | None, Reading]]:
        if self._monitor.running:
            self._monitor.stop()
        result = self._monitor.result
        if result is None:
            return []
        said: list[tuple[str, int | None, Reading]] = [("whole", 0, _reading(result))]
        said = said if self._whole else []
        said += [
            (name, number, _reading(window))
            for (name, number), window in zip(self._ended, result.windows, strict=True)
        ]
        return said + [(name, None, _reading(one)) for name, one in result.windows.items()]

    def pairs(self, count: int) -> list[float]:
        monitor = self._monitor
        monitor.start()
        costs = []
        for _ in range(count // BATCH):
            # One pair is too short for the clock: its mean over a batch is one value.
            began_ns = time.perf_counter_ns()
            for _ in range(BATCH):
                with monitor.window("pair"):
                    pass
            costs.append((time.perf_counter_ns() - began_ns) / BATCH / 1e3)
        monitor.stop()
        return costs


def _reading(figures: EnergyResult | WindowResult) -> Reading:
    cpu, dram = figures.components.get("cpu"), figures.components.get("dram")
    return {
        "cpu_j": cpu and cpu.energy_joules,
        "low_j": cpu and cpu.energy_low_joules,
        "high_j": cpu and cpu.energy_high_joules,
        "method": cpu and cpu.method,
        "dram_j": dram and dram.energy_joules,
        "total_j": figures.energy_joules,
    }


if __name__ == "__main__":
    speak(lambda: Wattmark(float(sys.argv[1])), own_stdout(), BEGAN_S)
