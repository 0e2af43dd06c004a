"""`wattmark show`: the table of a run, finished or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import print_json, run_folder
from wattmark.errors import InputError
from wattmark.units import MOST_INTENSITY


def show(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    intensity: Annotated[
        float | None, typer.Option(help="Carbon intensity in g CO2e/kWh, instead of the run's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Print what a run found: cost, speed, memory and quality of each trial, with intervals."""
    if intensity is not None and not 0 <= intensity <= MOST_INTENSITY:
        raise InputError(
            f"--intensity is {intensity:g}; it must be 0 to {MOST_INTENSITY:g} g CO2e/kWh."
        )
    print_run(run_folder(run), intensity_g_per_kwh=intensity, as_json=as_json)


def print_run(path: Path, *, intensity_g_per_kwh: float | None = None, as_json: bool) -> None:
    """The figures of a run on standard output."""
    from rich.console import Console

    from wattmark.analysis.summary import summarise
    from wattmark.report.table import render_left_out, render_table, summary_json
    from wattmark.store.reader import open_run

    opened = open_run(path)
    summaries = summarise(opened, intensity_g_per_kwh)
    if as_json:
        figures = summary_json(opened, summaries)
        if intensity_g_per_kwh is not None:
            figures["intensity_g_per_kwh"] = intensity_g_per_kwh
        print_json(figures)
        return
    console = Console()
    if opened.info["status"] != "complete":
        done, planned = opened.trials.num_rows, opened.info["planned"]
        console.print(f"Not finished: {done} of {planned} replicates are there. Go on with:")
        console.print(f"  wattmark run --resume {path}\n", markup=False)
    console.print(render_table(summaries, console.width))
    for line in render_left_out(opened.info):
        console.print(line)
