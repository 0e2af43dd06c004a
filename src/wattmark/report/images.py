"""Each chart of a run as a picture, drawn offline: no browser, no network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattmark.analysis.summary import summarise
from wattmark.errors import InputError, RunDirectoryError, unknown
from wattmark.report.extras import extras
from wattmark.store.reader import Run

if TYPE_CHECKING:
    from wattmark.report.figure import Figure

FORMATS = ("png", "svg")
WIDTH = 720
SCALE = 2.0


def write_images(run: Run, folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write each chart as `<section>-<chart>.<format>` on white; returns the files.

    Raises InputError on another format or where the report extra is not installed, and
    RunDirectoryError where the folder cannot be written.
    """
    for word in formats:
        if word not in FORMATS:
            raise InputError(unknown("picture format", word, FORMATS))
    tools = extras()
    written = []
    for name, figure in _named(run, tools.charts):
        spec = picture(figure, tools.config)
        for word in formats:
            drawn = (
                tools.vl_convert.vegalite_to_png(spec, scale=SCALE)
                if word == "png"
                else tools.vl_convert.vegalite_to_svg(spec).encode()
            )
            written.append(_write(folder / f"{name}.{word}", drawn))
    return written


def picture(figure: Figure, config: Any) -> dict[str, Any]:
    """A chart's specification for a page of its own: title, fixed width, white behind it."""
    return {
        **figure.spec,
        "width": WIDTH,
        "autosize": {"type": "pad"},
        "padding": 16,
        "title": {"text": figure.title, "subtitle": figure.subtitle, "anchor": "start"},
        "config": {**config(dark=False), "background": "white"},
    }


def _named(run: Run, charts: Any) -> Iterator[tuple[str, Figure]]:
    summaries = summarise(run)
    for figure in charts.overview(summaries):
        yield slug(figure.id), figure
    for index, section in enumerate(charts.sections(run, summaries), start=1):
        for figure in (*section.figures, *section.power):
            yield f"{index}-{slug(section.title)}-{slug(figure.id)}", figure


def slug(text: str) -> str:
    """A file name's safe part: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "chart"


def _write(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as reason:
        raise RunDirectoryError(
            f"{path} cannot be written: {reason.strerror or reason}.",
            "Give a folder that you may write to with --out.",
        ) from reason
    return path
