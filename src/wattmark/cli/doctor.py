"""`wattmark doctor`: what this machine can measure, what it cannot and the fix, and its noise."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from wattmark.cli.console import print_json


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
        typer.echo(f"{section}")
        for line in lines:
            typer.echo(f"  {line}")


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
    sensors = [
        f"✓ {s['name']:<16} {s['component']}, {s['provenance']}"
        + (f", gain ± {s['gain_uncertainty']:.0%}" if s["gain_uncertainty"] else "")
        + f": {s['source']}"
        for s in findings["sensors"]
    ]
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
