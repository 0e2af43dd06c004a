"""What the meter takes: CPU time of its threads, bytes of a sample, time of a reading on demand.

CPU time of the threads, not wall time: another process slows the machine and not this figure, or
hardly so (caches run cold). The zones are a powercap tree of two packages with their memory in a
temporary folder: reading them costs what a sysfs file costs without the hardware's own time.
"""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figure import Figure, summary
from wattmark.meter import Sensor, rapl
from wattmark.meter.discover import discover, sensors
from wattmark.meter.kept import KeptSamples
from wattmark.meter.meter import Meter
from wattmark.meter.simulated import parse
from wattmark.schema import Sample

STRETCH_S = 5.0
STRETCHES = 4
MOST_PERCENT = {10: 0.3, 100: 2.0}
DAY_SAMPLES = 24 * 3600 * 10 * 8


def figures() -> Iterator[Figure]:
    """Four stretches of five seconds of each kind and rate; then memory, then the edges."""
    with tempfile.TemporaryDirectory() as folder:
        zones = _zones(Path(folder))
        for label, some in (("4 RAPL zones", zones), ("this machine", sensors(discover()))):
            for hertz, most in MOST_PERCENT.items():
                shares = _percent(some, 1 / hertz)
                name, note = f"sampling at {hertz} Hz, {label}", f"{len(some)} sensors"
                yield summary(name, shares, "%", most=most, note=f"of one core, {note}")
    yield summary("a bare loop at 10 Hz", _bare_percent(0.1), "%", note="sleep and 4 preads")
    a_sample = [_bytes_a_sample() for _ in range(3)]
    day = [each * DAY_SAMPLES / 1e6 for each in a_sample]
    yield summary("a day, 10 Hz, 8 counters", day, "MB", most=300.0)
    yield summary("reading on demand, 4 sensors", _on_demand_us(), "µs", note="while sampling")


def _zones(system: Path) -> Sequence[Sensor]:
    """Counters that stand: what they show does not change what it costs to read them."""
    root = system / rapl.POWERCAP
    for identity, name in (
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:0:0", "dram"),
        ("intel-rapl:1", "package-1"),
        ("intel-rapl:1:0", "dram"),
    ):
        zone = root / identity
        zone.mkdir(parents=True)
        # Packages that stand at the same joules count as one shown twice.
        energy_uj = 5_000_000_000 * (1 + int(identity.split(":")[1])) + len(identity)
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text(f"{energy_uj}\n")
        (zone / "max_energy_range_uj").write_text("262143328850\n")
    return rapl.find(system).sensors


def _percent(some: Sequence[Sensor], interval_s: float) -> list[float]:
    """Per cent of a core that the meter's threads use, stretch by stretch."""
    shares = []
    with Meter(some, interval_s) as meter:
        time.sleep(0.5)
        for _ in range(STRETCHES):
            began_s, used_s = time.monotonic(), meter.cost_cpu_s
            time.sleep(STRETCH_S)
            used_s, began_s = meter.cost_cpu_s - used_s, time.monotonic() - began_s
            shares.append(100 * used_s / began_s)
            meter.take()
    return shares


def _bare_percent(interval_s: float) -> list[float]:
    """What this machine takes to wake a thread and read four files: no sampler can use less."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"262143328850\n")
        file.flush()
        shares = []
        for _ in range(STRETCHES):
            began_s, used_s = time.monotonic(), time.thread_time()
            while time.monotonic() - began_s < STRETCH_S:
                time.sleep(interval_s)
                for _ in range(4):
                    os.pread(file.fileno(), 32, 0)
            used_s, began_s = time.thread_time() - used_s, time.monotonic() - began_s
            shares.append(100 * used_s / began_s)
    return shares


def _bytes_a_sample(count: int = 200_000) -> float:
    kept = KeptSamples("counter")
    tracemalloc.start()
    for k in range(count):
        kept.add(Sample("counter", k * 100_000_000, k * 1.5))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / count


def _on_demand_us(count: int = 200) -> list[float]:
    some = [parse(f"watts={k + 1},name=s{k}") for k in range(4)]
    waits = []
    with Meter(some) as meter:
        for _ in range(count):
            began_ns = time.perf_counter_ns()
            meter.read_now()
            waits.append((time.perf_counter_ns() - began_ns) / 1e3)
            time.sleep(0.005)
    return waits
