"""What the pages of the docs hold, and the command line that runs what they show."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import typer

from wattmark.cli.main import app

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """The lines of the shell that begin with wattmark, as words."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words and words[0] == "wattmark"]


def wattmark(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command of a page, run in a folder that keeps its state to itself."""
    here = str(Path(sys.executable).parent)
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "COLUMNS": "100",
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "XDG_STATE_HOME": str(cwd / "state"),
        },
    )


def python(block: str, cwd: Path) -> str:
    """What a block of Python prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def here(words: list[str], cwd: Path) -> int:
    """A command of a page without a process of its own: its exit code."""
    with contextlib.chdir(cwd):
        command = typer.main.get_command(app)
        return command.main(words[1:], prog_name="wattmark", standalone_mode=False) or 0
