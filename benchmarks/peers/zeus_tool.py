"""Zeus, as its guide says: a ZeusMonitor with begin_window and end_window. No GPU is asked."""

import time

BEGAN_S = time.perf_counter()

# ruff: noqa: E402 - the clock stands first: the import below is part of the cold start
import sys
from importlib import metadata
from multiprocessing import active_children

import psutil

from benchmarks.peers.driver import NOT_INSTALLED, Reading, Tool, own_stdout, speak

STDOUT = own_stdout()

try:
    from zeus.monitor import ZeusMonitor
except ImportError:
    sys.exit(NOT_INSTALLED)


SETTLE_S, QUIET_S = 40.0, 2.0


class Zeus(Tool):
    """One monitor for all; a whole measurement is a window like any other."""

    versions = f"Zeus {metadata.version('zeus')}"

    def __init__(self) -> None:
        self._monitor = ZeusMonitor(gpu_indices=[])

    def open(self, name: str) -> None:
        pass

    def start(self) -> None:
        self._monitor.begin_window("whole")

    def stop(self) -> Reading | None:
        return self._end("whole")

    def begin(self, name: str, number: int) -> None:
        self._monitor.begin_window(f"{name} {number}")

    def end(self, name: str, number: int) -> Reading | None:
        return self._end(f"{name} {number}")

    def _end(self, key: str) -> Reading:
        found = self._monitor.end_window(key)
        return {
            "cpu_j": sum(found.cpu_energy.values()) if found.cpu_energy else None,
            "dram_j": sum(found.dram_energy.values()) if found.dram_energy else None,
            "total_j": found.total_energy,
        }

    def settle(self) -> None:
        # Its helpers are processes: up once they have stopped computing (importing).
        used, deadline_s = 0.0, time.monotonic() + SETTLE_S
        while time.monotonic() < deadline_s:
            time.sleep(QUIET_S)
            now_used = _helpers_cpu_s()
            if used == now_used > 0:
                return
            used = now_used

    def pairs(self, count: int) -> list[float]:
        begin, end = self._monitor.begin_window, self._monitor.end_window
        costs = []
        for _ in range(count):
            began_ns = time.perf_counter_ns()
            begin("pair")
            end("pair")
            costs.append((time.perf_counter_ns() - began_ns) / 1e3)
        return costs


def _helpers_cpu_s() -> float:
    times = (psutil.Process(child.pid).cpu_times() for child in active_children())
    # In whole ticks: looking at a file once a second takes less.
    return float(sum(round(each.user + each.system, 1) for each in times))


# Zeus starts helpers that import this module anew: they must not come past here.
if __name__ == "__main__":
    speak(Zeus, STDOUT, BEGAN_S)
