"""Joules where nothing can be measured: models of CPU and memory, always labelled 'estimate'.

    estimate:cpu   E = idle_w · t + w_per_busy_cpu · (busy CPU seconds of the whole machine)
    estimate:dram  E = w_per_gib · installed memory · t

Busy seconds are user + nice + system + irq + softirq of /proc/stat, in ticks of 1/100 s. Guest
time is inside user already; iowait is idle; steal is another machine's work, paid for by its
idle share here. The kernel samples at ticks and cuts what it shows to whole ones, so that a
reading errs by up to a tick each of user and system and is not late: the quantum says so, and no
update period is corrected for.

The watts and their wide uncertainty come from `cpumodel`; for memory they are 0.1 to 0.4 W per
GiB: Cloud Carbon Footprint takes 0.39 W/GB, a large registered module of a server (some 6 W for
64 GB) 0.1 (assumption). The middle is taken, ± 60 %.

A model follows load, and cannot see clock speed, vector units or caches: compare two
runs on one machine by it, and call no absolute figure measured.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from wattmark.meter import Found
from wattmark.meter.counter import RisingCounter
from wattmark.meter.cpumodel import CpuPower, Machine, cpu_power, parse_cpuinfo, tdp_table
from wattmark.schema import Sample, SensorInfo
from wattmark.units import BYTES_PER_GIB, ns_to_s

DRAM_W_PER_GIB, DRAM_GAIN = 0.25, 0.60

PROC = Path("/proc")
# Fields of the 'cpu' line (proc_stat(5)): user nice system idle iowait irq softirq steal …
_BUSY_FIELDS = (1, 2, 3, 6, 7)
# user and system are cut to whole ticks each on its own; the other fields hardly move.
_TICKS_LOST = 2


class ProcStat:
    """Busy CPU seconds of the whole machine since boot, by /proc/stat held open."""

    def __init__(self, path: Path) -> None:
        self.tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __call__(self) -> float:
        return self.seconds(self.content())

    def content(self) -> bytes:
        """The file's beginning. Raises OSError."""
        if self._descriptor is None:
            raise OSError("the sensor is closed")
        # The first line is the sum over CPUs; 20 fields of 64 bits fit well below 512 bytes.
        return os.pread(self._descriptor, 512, 0)

    def seconds(self, content: bytes) -> float:
        """Busy seconds by the file's beginning. Raises ValueError or IndexError."""
        line = content.partition(b"\n")[0].split()
        return sum(int(line[i]) for i in _BUSY_FIELDS) * self.tick_s

    def close(self) -> None:
        """Close the file; further calls raise OSError."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class PsutilTimes:
    """The same through psutil, for systems without /proc (macOS)."""

    tick_s = 0.01

    def __call__(self) -> float:
        return self.seconds(self.content())

    def content(self) -> Any:
        """The system's CPU times, all CPUs together."""
        return psutil.cpu_times()

    def seconds(self, content: Any) -> float:
        """Busy seconds by these times."""
        return float(content.user + content.system + getattr(content, "nice", 0.0))

    def close(self) -> None:
        """Nothing is held open."""


class CpuEstimate:
    """The straight-line model of one machine's CPUs, as a counter of joules since it was made."""

    def __init__(
        self,
        power: CpuPower,
        busy_s: ProcStat | PsutilTimes,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.info = SensorInfo(
            name="estimate:cpu",
            component="cpu",
            device="host",
            kind="estimate",
            source=power.source,
            update_period_s=0.0,
            quantum_j=power.w_per_busy_cpu * busy_s.tick_s * _TICKS_LOST,
            gain_uncertainty=power.gain_uncertainty,
        )
        self._power = power
        self._busy_s = busy_s
        self._clock = clock
        self._origin_ns = clock()
        self._busy_origin_s = busy_s()
        self._counter = RisingCounter.of(self.info)

    def read(self) -> Sample:
        try:
            grabbed = self.grab()
        except OSError as reason:
            return self._fault(reason, self._clock())
        return self.told(grabbed)

    def grab(self) -> tuple[int, Any, int]:
        """The CPU times, and the time before and after they were read. Raises OSError."""
        before_ns = self._clock()
        content = self._busy_s.content()
        return before_ns, content, self._clock()

    def told(self, grabbed: tuple[int, Any, int]) -> Sample:
        before_ns, content, after_ns = grabbed
        time_ns = (before_ns + after_ns) // 2
        try:
            busy_s = self._busy_s.seconds(content) - self._busy_origin_s
        except (ValueError, IndexError) as reason:
            return self._fault(reason, time_ns)
        energy_j = self._power.idle_w * ns_to_s(time_ns - self._origin_ns)
        energy_j += self._power.w_per_busy_cpu * busy_s
        rising_j, fault_or_none = self._counter.advance(energy_j, time_ns)
        return Sample(self.info.name, time_ns, energy_j=rising_j, fault=fault_or_none)

    def _fault(self, reason: Exception, time_ns: int) -> Sample:
        return Sample(self.info.name, time_ns, fault=f"CPU times cannot be read: {reason}")

    def close(self) -> None:
        self._busy_s.close()


class DramEstimate:
    """Constant power of the installed memory, as a counter of joules since it was made."""

    def __init__(self, memory_bytes: int, clock: Callable[[], int] = time.monotonic_ns) -> None:
        size_gib = memory_bytes / BYTES_PER_GIB
        self._clock = clock
        self._power_w = DRAM_W_PER_GIB * size_gib
        self.info = SensorInfo(
            name="estimate:dram",
            component="dram",
            device="host",
            kind="estimate",
            source=f"memory model: {DRAM_W_PER_GIB} W/GiB × {size_gib:.1f} GiB, load or not",
            update_period_s=0.0,
            gain_uncertainty=DRAM_GAIN,
        )
        self._origin_ns = clock()

    def read(self) -> Sample:
        return self.told(self.grab())

    def grab(self) -> int:
        """The time: the model has no other input."""
        return self._clock()

    def told(self, grabbed: int) -> Sample:
        energy_j = self._power_w * ns_to_s(grabbed - self._origin_ns)
        return Sample(self.info.name, grabbed, energy_j=energy_j)

    def close(self) -> None:
        """Nothing is held open."""


def find(proc: Path = PROC) -> Found:
    """Models of this machine's CPU and memory. `discover` drops those that a meter makes needless.

    Memory is modelled wherever psutil runs; the CPU needs CPU times that advance.
    """
    dram = DramEstimate(psutil.virtual_memory().total)
    busy_s: ProcStat | PsutilTimes = PsutilTimes()
    try:
        if proc.is_dir():
            busy_s = ProcStat(proc / "stat")
        if busy_s() <= 0:
            raise ValueError("it counts no CPU time")
        cpu = CpuEstimate(cpu_power(machine(proc), tdp_table()), busy_s)
    except (OSError, ValueError, IndexError) as reason:
        busy_s.close()
        return Found(
            "estimate",
            (dram,),
            missing=f"{proc}/stat is of no use ({reason}): no estimate of the CPU.",
            fix="Some sandboxes hide CPU times: run outside of it, or mount the host's /proc.",
        )
    return Found("estimate", (cpu, dram))


def machine(proc: Path = PROC) -> Machine:
    """This machine's CPUs, from /proc/cpuinfo, or from what Python knows elsewhere."""
    logical_cpus = os.cpu_count() or 1
    try:
        text = (proc / "cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Machine(platform.processor() or None, logical_cpus, None, virtual=False)
    return parse_cpuinfo(text, logical_cpus)
