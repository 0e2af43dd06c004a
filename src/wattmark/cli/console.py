"""How the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from wattmark.errors import WattmarkError


def fail(reason: WattmarkError) -> None:
    """An error as its message and what to do, without a traceback."""
    typer.echo(f"error: {reason.message}", err=True)
    if reason.hint:
        typer.echo(f"       {reason.hint}", err=True)


def say(text: str) -> None:
    """A remark for people."""
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """A result for programs."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def terminal() -> bool:
    """Is somebody watching?"""
    return sys.stderr.isatty()
