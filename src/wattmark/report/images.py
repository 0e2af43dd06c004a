"""Each chart of a report as a picture, drawn offline: no browser, no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattmark.errors import InputError, RunDirectoryError, unknown
from wattmark.report.chapter import Source, gathered
from wattmark.report.extras import extras

if TYPE_CHECKING:
    from wattmark.report.figure import Figure

FORMATS = ("png", "svg")
WIDTH = 720
SCALE = 2.0
LABEL = 420
"""Pixels of a trial's name beside its chart: a picture grows with it, a page cannot."""


def write_images(source: Source, folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write each chart as `<section>-<chart>.<format>` on white; returns the files.

    Of several runs a name starts with the run's. Raises InputError on another format or where the
    report extra is not installed, and RunDirectoryError where the folder cannot be written.
    """
    for word in formats:
        if word not in FORMATS:
            raise InputError(unknown("picture format", word, FORMATS))
    tools = extras()
    written = []
    for chart in gathered(source).charts:
        spec = picture(chart.figure, tools.config)
        for word in formats:
            drawn = (
                tools.vl_convert.vegalite_to_png(spec, scale=SCALE)
                if word == "png"
                else tools.vl_convert.vegalite_to_svg(spec).encode()
            )
            written.append(_write(folder / f"{chart.file}.{word}", drawn))
    return written


def picture(figure: Figure, config: Any) -> dict[str, Any]:
    """A chart's specification for a page of its own: title, fixed width, white behind it."""
    told = config(dark=False)
    roomy = {name: {**told[name], "labelLimit": LABEL} for name in ("axis", "axisBand")}
    return {
        **figure.spec,
        "width": WIDTH,
        "autosize": {"type": "pad"},
        "padding": 16,
        "title": {"text": figure.title, "subtitle": figure.subtitle, "anchor": "start"},
        "config": {**told, **roomy, "background": "white"},
    }


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
