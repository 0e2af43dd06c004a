"""How the command line speaks: results on standard output, everything else on standard error.

What is shown may hold words of files, drivers and servers: no escape of theirs reaches a terminal.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import typer

from wattmark.errors import InputError, WattmarkError
from wattmark.report.format import printable

# Control characters that JSON lets stand, and that a terminal may obey.
_CONTROLS = re.compile("[\x7f-\x9f]")
RUN_FILES = ("run.json", "report.html", "report.md", "live.db", "trials.parquet", "queries.parquet")


def fail(reason: WattmarkError) -> None:
    """An error as its message and what to do, without a traceback."""
    say(f"error: {reason.message}")
    if reason.hint:
        say(f"       {reason.hint}")


def say(text: str) -> None:
    """A remark for people."""
    typer.echo(printable(text), err=True)


def show(text: str) -> None:
    """A line, or several, of a result."""
    typer.echo(printable(text))


def print_json(value: Any, *, indent: int | None = 1) -> None:
    """A result for programs; on one line where `indent` is None."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    typer.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def run_folder(path: Path) -> Path:
    """The run directory that is meant, also where a file of it was given."""
    return path.parent if path.name in RUN_FILES and path.is_file() else path


def check_interval(seconds: float) -> None:
    """Raises InputError for an --interval at which nothing can be watched."""
    if not 0.01 <= seconds <= 3600:
        raise InputError(f"--interval is {seconds:g}; it must be 0.01 to 3600 seconds.")


def terminal() -> bool:
    """Is somebody watching?"""
    return sys.stderr.isatty()
