"""What a report says of the run itself, as plain data: status, machine, sensors, how to repeat.

Text from outside is made plain here and escaped by the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattmark.analysis.summary import TrialSummary
from wattmark.report.format import number, percent, plain, provenance, timestamp
from wattmark.report.labels import component_name, short_name
from wattmark.report.notes import disturbed_of
from wattmark.units import clock_time

BY_NAME = ("simulated", "replay")
"""Families of sensors that are used only where they are asked for by name."""
Row = Mapping[str, Any]


def status_of(info: Row, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """How far the run has come: status, replicates ok, failed and still to come."""
    ok = sum(trial.n_ok for trial in summaries)
    failed = sum(trial.n_failed for trial in summaries)
    planned = int(info.get("planned") or sum(trial.n_planned for trial in summaries))
    words = dict.fromkeys(
        provenance(trial.provenance, trial.gain_uncertainty) for trial in summaries if trial.n_ok
    )
    return {
        "word": plain(info.get("status") or "unknown"),
        "ok": ok,
        "failed": failed,
        "to_come": max(0, planned - ok - failed),
        "planned": planned,
        "trials": len(summaries),
        "when": _when(info, "created_at"),
        "noise": disturbed_of(summaries),
        "energy": "; ".join(words) or "not measured",
        "measured": bool(words) and all(trial.provenance for trial in summaries if trial.n_ok),
    }


def facts_of(info: Row) -> list[tuple[str, str]]:
    """The machine, the software, the cost of measuring, in words; the unknown is left out."""
    machine = info.get("machine") or {}
    cost = info.get("meter_cost") or {}
    gpus = ", ".join(_gpu(gpu) for gpu in machine.get("gpus") or ())
    versions = machine.get("versions") or {}
    found = {
        "CPU": machine.get("cpu_model"),
        "Cores": _cores(machine),
        "Threads used": _threads(machine),
        "Clock": _clock(machine),
        "Swap in use": number(machine["swap_used_bytes"], "B")
        if machine.get("swap_used_bytes")
        else None,
        "Memory": number(machine["ram_bytes"], "B") if machine.get("ram_bytes") else None,
        "GPU": gpus or None,
        "Driver": machine.get("driver"),
        "System": " · ".join(str(v) for v in (machine.get("os"), machine.get("kernel")) if v),
        "Virtual machine": {"True": "yes", "False": "no"}.get(str(machine.get("virtual"))),
        "Container": machine.get("container"),
        "Python": machine.get("python"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "Code": machine.get("git_commit"),
        "Wattmark": info.get("wattmark_version"),
        "Started": _when(info, "created_at"),
        "Finished": _when(info, "finished_at"),
        "Cost of measuring": _cost(cost),
    }
    return [(name, plain(value, 400)) for name, value in found.items() if value not in (None, "")]


def machine_of(info: Row, device: str = "") -> str:
    """'Example CPU 9000, NVIDIA H200': what the run was made on, '' where it was not told.

    Only the CPU, or only the GPUs, where a trial's `device` says so.
    """
    machine = info.get("machine") or {}
    gpus = [_gpu(gpu) for gpu in machine.get("gpus") or ()]
    cpu = [str(machine["cpu_model"])] if machine.get("cpu_model") else []
    if device.startswith("cuda"):
        cpu = []
    elif device == "cpu":
        gpus = []
    return plain(", ".join([*cpu, *dict.fromkeys(gpus)]), 120)


def _when(info: Row, key: str) -> str | None:
    return timestamp(str(info[key])) if info.get(key) else None


def sensors_of(info: Row) -> list[dict[str, str]]:
    """The sensors: what each reads, where its figures come from, and how far to trust them."""
    found = []
    for sensor in info.get("sensors") or ():
        if not isinstance(sensor, Mapping):
            continue
        modelled = "estimated" if sensor.get("kind") == "estimate" else "measured"
        facts = [plain(sensor.get("instead") or modelled)]
        if sensor.get("gain_uncertainty"):
            facts.append(f"gain ± {percent(sensor['gain_uncertainty'])}")
        if sensor.get("update_period_s"):
            facts.append(f"updates every {number(sensor['update_period_s'], 's')}")
        name = component_name(str(sensor.get("component", "?")), str(sensor.get("device", "")))
        source = plain(sensor.get("source", ""), 200)
        found.append({"name": name, "source": source, "facts": ", ".join(facts)})
    return found


def missing_sensors(info: Row) -> list[dict[str, str]]:
    """Sensors that were looked for and not found; those that come by name only are not missing."""
    return [
        {
            "family": plain(entry.get("family", "?"), 40),
            "why": plain(entry.get("why", ""), 300).rstrip("."),
            "fix": plain(entry.get("fix") or "", 300).rstrip("."),
        }
        for entry in info.get("sensors_missing") or ()
        if isinstance(entry, Mapping) and entry.get("family") not in BY_NAME
    ]


def _cores(machine: Row) -> str | None:
    logical, physical = machine.get("logical_cpus"), machine.get("physical_cpus")
    if logical is None:
        return None
    return f"{logical} logical" + ("" if physical is None else f", {physical} physical")


def _threads(machine: Row) -> str | None:
    if machine.get("threads") is None:
        return None
    cpus = ", ".join(map(str, machine.get("worker_cpus") or ()))
    return str(machine["threads"]) + (f", pinned to CPUs {cpus}" if cpus else "")


def _clock(machine: Row) -> str | None:
    """What moves it: governor, turbo, heat."""
    turbo, hot_c = machine.get("turbo"), machine.get("temperature_c")
    told = (
        f"governor {machine['governor']}" if machine.get("governor") else "",
        "" if turbo is None else f"turbo {'on' if turbo else 'off'}",
        "" if hot_c is None else f"{hot_c:.0f} °C at the start",
    )
    return ", ".join(part for part in told if part) or None


def _gpu(gpu: Any) -> str:
    return str(gpu.get("name") or gpu) if isinstance(gpu, Mapping) else str(gpu)


def _cost(cost: Row) -> str | None:
    share, cpu_s = cost.get("share_of_core"), cost.get("cpu_s")
    if share is None or cpu_s is None:
        return None
    wall = f" in {clock_time(cost['wall_s'])}" if cost.get("wall_s") else ""
    return f"{100 * share:.2g} % of one core ({clock_time(cpu_s)} of CPU time{wall})"


def reproduce(info: Row, folder: str) -> dict[str, str]:
    """The suite as TOML, and the commands that run, finish and show it."""
    suite = {k: v for k, v in (info.get("suite") or {}).items() if v not in (None, [], {}, ())}
    name = short_name(str(info.get("name") or "suite"))
    return {
        "toml": "\n".join(f"{key} = {_toml(value)}" for key, value in suite.items()),
        "commands": "\n".join(
            [
                f"wattmark run {name}.toml",
                f"wattmark run --resume runs/{plain(folder)}   # what failed or is missing",
                f"wattmark show runs/{plain(folder)}",
            ]
        ),
    }


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    text = plain(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
