"""Watts of a CPU that nothing measures, from its name: idle, and per CPU that is busy.

    power = idle_w + w_per_busy_cpu × busy CPUs            (a straight line in utilization)

Two sources, in this order:

- The TDP of the model in CodeCarbon's table (if that package is installed), shared out over the
  package's hardware threads, so that a machine that sees 2 of 64 threads is given 2/64 of it.
- Else Cloud Carbon Footprint's averages for a cloud vCPU: 0.74 W idle, 3.5 W full [its
  methodology, from SPECpower results]. In its coefficients of March 2026, 17 of the 18 processors
  from Haswell (2014) on lie between 1.7 and 5.6 W full, which is 3.5 W ± 60 %, the gain
  uncertainty taken here (the 18th, EPYC of the 5th generation, is at 9.0 W).

CPUs are logical ones (hardware threads, vCPUs) throughout.
"""

from __future__ import annotations

import csv
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GENERIC_IDLE_W, GENERIC_FULL_W, GENERIC_GAIN = 0.74, 3.5, 0.60

# TDP bounds sustained heat; full load on all threads draws most of it, seldom all (assumption).
TDP_GAIN = 0.30
# Of a virtual machine's host neither the threads nor the power limits in force are known.
TDP_VIRTUAL_GAIN = 0.45
# Idle as a share of full: the same ratio as in Cloud Carbon Footprint's averages (0.74/3.5 W).
IDLE_SHARE = GENERIC_IDLE_W / GENERIC_FULL_W
# Where only the cores are known: server parts of the last decade have two threads a core.
THREADS_PER_CORE = 2

_CORES = re.compile(r"\b(\d+)-cores?\b", re.IGNORECASE)
_NOISE = re.compile(
    r"\((r|tm)\)|@.*$|\bw(ith|/)\s*radeon.*$|\bcpu\b|\bprocessor\b|\b\d+-cores?\b|^\d+th gen\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Machine:
    """What the power model needs to know: /proc/cpuinfo in four fields. `None` is not known."""

    model: str | None
    logical_cpus: int
    threads_per_package: int | None
    virtual: bool


@dataclass(frozen=True)
class CpuPower:
    """The straight line, its relative uncertainty, and where it is from, in words."""

    idle_w: float
    w_per_busy_cpu: float
    gain_uncertainty: float
    source: str


def cpu_power(machine: Machine, tdp_w: Mapping[str, float]) -> CpuPower:
    """The line for this machine; `tdp_w` maps normalized names (`normal`) to watts."""
    name = machine.model or "unnamed CPU"
    tdp = tdp_w.get(normal(name))
    threads = package_threads(machine)
    if tdp is not None and threads is not None:
        full_w = tdp / threads
        idle_w, gain = full_w * IDLE_SHARE, TDP_VIRTUAL_GAIN if machine.virtual else TDP_GAIN
        origin = f"TDP {tdp:g} W of {name} over {threads} threads, CodeCarbon's table"
    else:
        full_w, idle_w, gain = GENERIC_FULL_W, GENERIC_IDLE_W, GENERIC_GAIN
        why = "its power is not known" if tdp is None else "its threads are not known"
        origin = f"Cloud Carbon Footprint's average vCPU, since of '{name}' {why}"
    cpus = machine.logical_cpus
    return CpuPower(
        idle_w=idle_w * cpus,
        w_per_busy_cpu=full_w - idle_w,
        gain_uncertainty=gain,
        source=(
            f"CPU model: {idle_w * cpus:.3g} W idle + {full_w - idle_w:.3g} W × busy CPUs "
            f"of {cpus} ({origin})"
        ),
    )


def package_threads(machine: Machine) -> int | None:
    """Hardware threads of one package; on a virtual machine only what the name gives away."""
    if not machine.virtual and machine.threads_per_package:
        return machine.threads_per_package
    cores = _CORES.search(machine.model or "")
    return int(cores[1]) * THREADS_PER_CORE if cores else None


def parse_cpuinfo(text: str, logical_cpus: int) -> Machine:
    """/proc/cpuinfo to a Machine; on Arm it names no model."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    siblings = fields.get("siblings", "")
    return Machine(
        model=fields.get("model name") or None,
        logical_cpus=logical_cpus,
        threads_per_package=int(siblings) if siblings.isdigit() and int(siblings) > 0 else None,
        virtual="hypervisor" in fields.get("flags", "").split(),
    )


def normal(name: str) -> str:
    """'Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz' to 'intel xeon platinum 8380'."""
    return " ".join(_NOISE.sub(" ", name.strip()).lower().split())


def tdp_table() -> dict[str, float]:
    """Normalized name → TDP in watts, from CodeCarbon's table; empty where it is not installed.

    The package is located and not imported: its import takes seconds.
    """
    spec = importlib.util.find_spec("codecarbon")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "hardware" / "cpu_power.csv"
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as lines:
                return read_tdp(csv.DictReader(lines))
    return {}


def read_tdp(rows: csv.DictReader[str]) -> dict[str, float]:
    """Rows of Name and TDP to a table; rows without a positive number are left out."""
    table: dict[str, float] = {}
    for row in rows:
        try:
            watts = float(row.get("TDP") or "")
        except ValueError:
            continue
        if watts > 0:
            table.setdefault(normal(row.get("Name") or ""), watts)
    return table
