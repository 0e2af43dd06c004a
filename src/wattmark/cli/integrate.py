"""`wattmark integrate`: joules of spans from anybody's power log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import print_json
from wattmark.errors import InputError


def integrate(
    samples: Annotated[
        Path, typer.Argument(help="CSV: time_s, sensor, and energy_j (a raw counter) or power_w.")
    ],
    spans: Annotated[
        Path, typer.Option(help="CSV: name, start_s, end_s and, where known, tokens.")
    ],
    sensors: Annotated[
        Path,
        typer.Option(help="TOML: a table a sensor with kind, component, update_period_s, wrap_j …"),
    ],
    target: Annotated[
        float, typer.Option(help="Relative half-width above which a figure is doubted.")
    ] = 0.10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the joules as JSON.")] = False,
) -> None:
    """Join a power log with spans: joules of each span and each name of spans, with intervals.

    Times are seconds from any origin, the same in both files. Wraps of raw counters are
    corrected; what a log lost or contradicts is told.

    Example: wattmark integrate power.csv --spans spans.csv --sensors sensors.toml --json

    \b
    power.csv                              spans.csv
      time_s,sensor,energy_j,power_w         name,start_s,end_s,tokens
      0.0,gpu0,51.25,                        prefill,0.12,0.19,512
      0.1,gpu0,82.50,                        decode,0.19,1.40,48
    sensors.toml
      [gpu0]
      kind = "counter"                       # or "power"
      component = "gpu"
      update_period_s = 0.1
    """
    if not 0 < target <= 10:
        raise InputError(f"--target is {target:g}; it must be above 0 and at most 10.")
    from rich.console import Console

    from wattmark.monitor.integrate import integrate as joules_of
    from wattmark.report.joules import render_joules

    figures = joules_of(samples, spans, sensors, interval_target=target)
    if as_json:
        print_json(figures)
    else:
        Console().print(render_joules(figures))
