"""How `wattmark run` ends: the table, the page, what failed and how to go on."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import typer

from wattmark.cli.console import say


def end(outcome: Any, *, as_json: bool, with_report: bool) -> None:
    """The table, the page, where things are, and the exit code."""
    from wattmark.cli.show import print_run

    again = f"  wattmark run --resume {shlex.quote(str(outcome.path))}"
    if outcome.interrupted:
        say(f"Interrupted; {replicates_text(outcome.ok)} kept. Go on with:")
        say(again)
        raise typer.Exit(130)
    if outcome.nothing_to_do:
        say(f"Nothing to do: {outcome.path} is complete, {replicates_text(outcome.ok)} done.")
    print_run(outcome.path, as_json=as_json)
    if with_report:
        _write_report(outcome.path)
    if outcome.failed:
        say(f"{outcome.failed} of {replicates_text(outcome.ok + outcome.failed)} failed.")
        if as_json:  # the table, which names them, was not printed
            for label, why in _failures(outcome.path).items():
                say(f"  {label}: {why}")
        say("Once the cause is gone, try them again:")
        say(again)
        raise typer.Exit(1)


def replicates_text(count: int) -> str:
    """'1 replicate', '5 replicates'."""
    return f"{count} replicate" + ("" if count == 1 else "s")


def _failures(path: Path) -> dict[str, str]:
    """Why trials failed: the first reason of each."""
    from wattmark.store.reader import open_run

    run = open_run(path)
    labels = {trial["key"]: trial["label"] for trial in run.info["plan"]}
    reasons: dict[str, str] = {}
    for row in run.trials.select(["trial_key", "status", "error"]).to_pylist():
        if row["status"] != "ok":
            label = labels.get(row["trial_key"], row["trial_key"])
            reasons.setdefault(label, f"{row['status']}: {row['error']}")
    return reasons


def _write_report(path: Path) -> None:
    from wattmark.cli.report import write
    from wattmark.errors import WattmarkError

    try:
        say(f"Report: {write(path, path / 'report.html')}")
    except WattmarkError as reason:
        # The figures are safe in the run directory; only the page is missing.
        say(f"No report was written: {reason}")
