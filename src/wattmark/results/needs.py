"""Dataframes and charts are an extra (`wattmark[report]`): asked for here, so that what is missing
is named with what to do.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from wattmark.errors import InputError

EXTRA = ("polars", "altair", "vl_convert")


def needed(module: str, what: str) -> ModuleType:
    """Import a module of ours; InputError where a library that `what` needs is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as reason:
        library = str(reason.name or "").partition(".")[0]
        if library not in EXTRA:
            raise
        raise InputError(
            f"{what} needs '{library}', which is not installed.",
            'Run: pip install "wattmark[report]".',
        ) from reason
