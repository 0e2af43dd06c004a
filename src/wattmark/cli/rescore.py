"""`wattmark rescore`: a run's answers, read anew by the present scorers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wattmark.cli.console import print_json, run_folder, show


def rescore(
    run: Annotated[Path, typer.Argument(help="A run directory, complete.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what changed as JSON.")] = False,
) -> None:
    """Score the answers of a run anew, after a scorer has changed.

    Joules and times stay; accuracy, and joules for each right answer, follow. The tasks and
    their data must still be there and ask the same.
    """
    from wattmark.runner.rescore import rescore as score_anew

    folder = run_folder(run)
    changes = score_anew(folder)
    if as_json:
        print_json([asdict(change) for change in changes])
        return
    for change in changes:
        version = (
            f"version {change.new_version}"
            if change.old_version == change.new_version
            else f"version {change.old_version} → {change.new_version}"
        )
        show(
            f"{change.task}: {change.changed} of {change.answers} answers judged otherwise;"
            f" correct {change.correct_before} → {change.correct_after}; {version}"
        )
