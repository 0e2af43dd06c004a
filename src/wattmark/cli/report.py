"""`wattmark report`: the page of a run, and its charts as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import run_folder, say
from wattmark.errors import InputError, unknown

FORMATS = ("html", "png", "svg")


def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page; default: report.html in the run directory."),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="html, png, svg, or several by comma.")
    ] = "html",
) -> None:
    """Write the report: one page that needs no network, and each chart as PNG or SVG if asked."""
    from wattmark.report.images import write_images
    from wattmark.store.reader import open_run

    run = run_folder(run)
    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    if not wanted:
        raise InputError("--format names no format.", f"There is: {', '.join(FORMATS)}.")
    for word in wanted:
        if word not in FORMATS:
            raise InputError(unknown("format", word, FORMATS))
    page = out or run / "report.html"
    if page.is_dir() or str(out).endswith("/"):
        page /= "report.html"
    if "html" in wanted:
        say(f"Report: {write(run, page)}")
    images = [word for word in wanted if word != "html"]
    if images:
        for path in write_images(open_run(run), page.parent / "charts", tuple(images)):
            say(f"Chart: {path}")


def write(run: Path, page: Path) -> Path:
    """Write the page of a run."""
    from wattmark.report.page import write_page
    from wattmark.store.reader import open_run

    write_page(open_run(run), page)
    return page
