"""`wattmark report`: the page of a run or of several, as Markdown, and their charts as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattmark.cli.console import run_folder, say
from wattmark.cli.quick import seldom_collected, without_pandas
from wattmark.errors import InputError, unknown

if TYPE_CHECKING:
    from wattmark.store.reader import Run

PAGES = {"html": "report.html", "md": "report.md"}
PICTURES = ("png", "svg")
FORMATS = (*PAGES, *PICTURES)
CHARTS = "charts"


def report(
    runs: Annotated[list[Path], typer.Argument(help="A run directory, or several.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="A file where --format is html or md alone, else a folder. Default: the run "
            "directory; of several runs this folder.",
        ),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="html, md, png, svg, or several by comma.")
    ] = "html",
) -> None:
    """Write the report: one page that needs no network.

    md is the same as Markdown; png and svg are each chart as a picture, which md then shows.
    Several runs stand in one report, with the others compared with the first.

    Example: wattmark report runs/base runs/head --format html,md,svg -o report
    """
    seldom_collected()
    without_pandas()
    from wattmark.store.reader import open_run

    wanted = _wanted(formats)
    opened = [open_run(run_folder(run)) for run in runs]
    _check_any_ok(opened)
    folder, names = _target(opened, out, wanted)
    from wattmark.report.chapter import gathered

    told = gathered(opened, drawn=wanted != ["md"])
    pictures = [word for word in wanted if word in PICTURES]
    # Pages last: one that stands there links to pictures that do.
    drawn: list[Path] = []
    if pictures:
        from wattmark.report.images import write_images

        drawn = write_images(told, folder / CHARTS, pictures)
    for path in drawn:
        say(f"Chart: {path}")
    if "md" in wanted:
        from wattmark.report.markdown import write_markdown

        say(f"Markdown: {write_markdown(told, folder / names['md'], drawn)}")
    if "html" in wanted:
        from wattmark.report.page import write_page

        say(f"Report: {write_page(told, folder / names['html'])}")


def write(run: Path, page: Path) -> Path:
    """Write the page of a run."""
    from wattmark.report.page import write_page
    from wattmark.store.reader import open_run

    return write_page(open_run(run), page)


def _wanted(formats: str) -> list[str]:
    """The formats that were asked for, each once; InputError on what there is not."""
    wanted = list(dict.fromkeys(word.strip() for word in formats.split(",") if word.strip()))
    if not wanted:
        raise InputError("--format names no format.", f"There is: {', '.join(FORMATS)}.")
    for word in wanted:
        if word not in FORMATS:
            raise InputError(unknown("format", word, FORMATS))
    return wanted


def _target(
    runs: Sequence[Run], out: Path | None, wanted: Sequence[str]
) -> tuple[Path, dict[str, str]]:
    """The folder to write into, and the pages' names there."""
    if out is None:
        return (runs[0].path if len(runs) == 1 else Path()), PAGES
    alone = len(wanted) == 1 and wanted[0] in PAGES
    if alone and not out.is_dir():
        return out.parent, {wanted[0]: out.name}
    if out.suffix in (".html", ".md", ".png", ".svg") and not out.is_dir():
        raise InputError(
            f"'{out}' names a file, and --format {','.join(wanted)} writes several.",
            "Give a folder, such as --out report.",
        )
    if out.exists() and not out.is_dir():
        raise InputError(f"'{out}' is a file.", "Give a folder, such as --out report.")
    return out, PAGES


def _check_any_ok(runs: Sequence[Run]) -> None:
    """Raises InputError where there is nothing to report: no replicate has ended ok."""
    statuses = [run.trials.select(["status", "error"]).to_pylist() for run in runs]
    if any(row["status"] == "ok" for rows in statuses for row in rows):
        return
    which = ", ".join(f"'{run.path}'" for run in runs)
    again = f"wattmark run --resume {runs[0].path}"
    failed = next((row for rows in statuses for row in rows), None)
    if failed is None:
        raise InputError(
            f"{which} has no replicate yet: there is nothing to report.", f"Go on with: {again}"
        )
    raise InputError(
        f"No replicate of {which} ended ok: there is nothing to report. "
        f"The first: {failed['status']}: {failed['error'] or 'no reason was given'}",
        f"Once the cause is gone: {again}. All reasons: wattmark show {runs[0].path}",
    )
