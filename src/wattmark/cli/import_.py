"""`wattmark import`: what another tool measured, as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import say, show


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CodeCarbon's emissions.csv, or optimum-benchmark's benchmark_report.json."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the run; default: the first file's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Run directory; default: runs/<name>.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in that folder.")
    ] = False,
) -> None:
    """Make a run of what another tool measured, to be shown, compared and reported as ours are.

    A row of emissions.csv, or a report, is a replicate; several files of one kind make one run.
    Figures stay what they were: no interval where there is none, and the notes say the rest.
    """
    from wattmark.exchange.find import import_files as write
    from wattmark.exchange.names import safe

    called = name or files[0].stem
    folder = out or Path("runs") / safe(called, "imported")
    foreign = write(files, folder, called, overwrite=overwrite)
    for note in foreign.notes:
        say(f"note: {note}")
    say(f"Imported from {foreign.tool} {foreign.version}, replicates: {len(foreign.records)}")
    show(str(folder))
