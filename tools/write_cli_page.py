"""Write docs/cli.md: the help of every command, as the program prints it.

    python tools/write_cli_page.py           writes the page
    python tools/write_cli_page.py --check   exit code 1 where the page differs

A test holds the page to the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
COMMANDS = (
    "",
    "run",
    "show",
    "report",
    "compare",
    "recommend",
    "export",
    "import",
    "score",
    "rescore",
    "measure",
    "integrate",
    "watch",
    "calibrate",
    "list",
    "doctor",
)
HEAD = """# Command line

Exit codes: 0 done, 1 some trials failed, 2 bad input (nothing was run), 130 interrupted; of
`measure` the command's own, of `compare` [the gate's](compare.md#the-gate).
Results go to standard output, everything else to standard error. `make docs` writes this page.
"""


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for command in COMMANDS:
        words = ["wattmark", *command.split(), "--help"]
        parts += [f"\n## `{' '.join(words[:-1])}`\n\n```text\n{_help(words[1:])}\n```\n"]
    return "".join(parts)


def _help(words: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "wattmark", *words],
        capture_output=True,
        text=True,
        check=True,
        # The width of the terminal must not decide the page.
        env={**os.environ, "COLUMNS": "96", "TERMINAL_WIDTH": "96", "NO_COLOR": "1"},
    )
    lines = [line.rstrip() for line in done.stdout.strip().splitlines()]
    return "\n".join(lines).replace("python -m wattmark", "wattmark")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
