"""`wattmark doctor`: what this machine can measure, what it cannot and the fix, and its noise."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from wattmark.cli.console import print_json, show


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Look at the machine: sensors, engines, load, threads, disk; each trouble with its fix."""
    from wattmark.runner.examine import examine

    findings = examine()
    if as_json:
        print_json(findings)
        return
    for section, lines in _sections(findings).items():
        show(f"{section}")
        for line in lines:
            show(f"  {line}")


def _sections(findings: dict[str, Any]) -> dict[str, list[str]]:
    from wattmark.units import gibibytes

    machine = findings["machine"]
    gpus = [f"{gpu['name']}, {gibibytes(gpu.get('memory_bytes'))}" for gpu in machine["gpus"]]
    about = [
        f"CPU        {machine['cpu_model']}, {machine['physical_cpus']} cores, "
        f"{machine['usable_cpus']} of {machine['logical_cpus']} CPUs usable",
        f"memory     {gibibytes(machine['ram_bytes'])}",
        f"GPU        {', '.join(gpus) or 'none found'}",
        f"system     {machine['os']}, kernel {machine['kernel']}, Python {machine['python']}"
        + (", virtual machine" if machine["virtual"] else ""),
        "libraries  " + ", ".join(f"{k} {v}" for k, v in machine["versions"].items()),
    ]
    sensors = []
    for s in findings["sensors"]:
        sensors.append(
            f"✓ {s['name']:<16} {s['component']}, {s['provenance']}"
            + (f", gain ± {s['gain_uncertainty']:.0%}" if s["gain_uncertainty"] else "")
            + f": {s['source']}"
        )
        sensors += [f"  {'':<16} {line}" for line in _calibration(s)]
    for missing in findings["sensors_missing"]:
        sensors.append(f"– {missing['family']:<16} {missing['why']}")
        if missing["fix"]:
            sensors += [f"  {'':<16} {line}" for line in missing["fix"].splitlines()]
    if not sensors:
        sensors = ["– none: energy will be reported as not measured"]
    noise = [
        f"{'✓' if check['good'] else '!'} {check['name']:<16} {check['seen']}"
        + ("" if check["good"] or not check["hint"] else f"\n    {check['hint']}")
        for check in findings["checks"]
    ]
    engines = [
        f"{'✓' if e['missing'] is None else '–'} {e['name']:<16} {e['missing'] or e['offers']}"
        for e in findings["engines"]
    ]
    return {"machine": about, "sensors": sensors, "engines": engines, "noise": noise}


def _calibration(sensor: dict[str, Any]) -> list[str]:
    """What is known of a sensor from earlier probing."""
    from wattmark.cli.calibrate import against_line, probe_summary
    from wattmark.energy.probe import Probe
    from wattmark.meter.load import QUIET_CPUS

    entry = sensor["calibration"]
    if entry is None:
        return [sensor["calibration_refused"] or "not probed; see: wattmark calibrate"]
    try:
        probes = [Probe.from_plain(plain) for plain in entry["probes"]]
        used = entry["foreign_cpus"] or 0.0
        beside = f", while others used {used:.2f} CPUs" if used > QUIET_CPUS else ""
        when = f"probed on {entry['probed_at'][:10]}{beside}"
        lines = [f"{when}: {probe_summary(one)}" for one in probes]
        return lines + ([against_line(entry["against"])] if entry["against"] else [])
    except (TypeError, ValueError, KeyError):
        return ["its stored probe cannot be read; probe again: wattmark calibrate"]
