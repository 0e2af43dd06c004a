"""The page's libraries are an extra (`wattmark[report]`): found here, asked for here.

Tables and `--json` work on the base install, so nothing at the top of this room's other doors
(table, format) may need altair, vl-convert or jinja2.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from wattmark.errors import InputError

NEEDED = ("altair", "vl_convert", "jinja2")


@dataclass(frozen=True)
class Extras:
    """The modules that need the extra, and the charts' configuration."""

    charts: Any
    config: Any
    vl_convert: Any
    jinja2: Any


def extras() -> Extras:
    """Import what the page needs; InputError names the command where it is not installed."""
    try:
        for name in NEEDED:
            importlib.import_module(name)
    except ImportError as reason:
        raise InputError(
            f"The report needs '{reason.name or reason}', which is not installed.",
            'Run: pip install "wattmark[report]". The tables work without: wattmark show.',
        ) from reason
    return Extras(
        charts=importlib.import_module("wattmark.report.charts"),
        config=importlib.import_module("wattmark.report.figure").config,
        vl_convert=importlib.import_module("vl_convert"),
        jinja2=importlib.import_module("jinja2"),
    )
