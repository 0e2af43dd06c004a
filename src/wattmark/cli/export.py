"""`wattmark export`: a run as files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import run_folder, say, show
from wattmark.errors import InputError


def export(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv, json, parquet, xlsx, slm-green, smollm-squad, local-llm, precision-ela, "
            "h200-energy, or several by comma.",
        ),
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A folder; default: exports in the run directory."),
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Country for carbon, instead of what the run was told.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Part of a country, likewise.")] = None,
    intensity: Annotated[
        str | None, typer.Option(help="Carbon intensity in g CO2e/kWh, or a CSV file, likewise.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of the same names.")
    ] = False,
) -> None:
    """Write a run as tidy tables, or as the files of one of the five reference systems.

    csv, json, parquet and xlsx hold the tables of the run directory and a summary with a row
    a trial and metric. docs/exports.md tells each file and column.
    """
    from wattmark.cli.show import other_carbon
    from wattmark.exchange.find import FORMATS
    from wattmark.exchange.find import export as write
    from wattmark.store.reader import open_run
    from wattmark.store.rundir import EXPORTS

    folder = run_folder(run)
    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    if not wanted:
        raise InputError("--format names no format.", f"There is: {', '.join(FORMATS)}.")
    opened = open_run(folder)
    flags = {"country": country, "zone": zone, "intensity_g_per_kwh": intensity}
    asked = {key: value for key, value in flags.items() if value is not None}
    carbon = other_carbon(opened.info, asked) if asked else None
    target = out or folder / EXPORTS
    done = write(opened, wanted, target, overwrite=overwrite, carbon=carbon)
    for note in done.notes:
        say(f"note: {note}")
    for path in done.paths:
        show(str(path))
