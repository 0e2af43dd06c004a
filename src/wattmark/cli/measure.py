"""`wattmark measure -- COMMAND …`: any command, and what it cost."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import check_interval, fail, print_json, say
from wattmark.errors import InputError, WattmarkError

if TYPE_CHECKING:
    from wattmark.monitor.command import CommandMeter, Repeat

INTERRUPTED = 130


def measure(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    repeat: Annotated[int, typer.Option(help="How often it is run and measured.")] = 1,
    warmup: Annotated[int, typer.Option(help="How often it is run before, unmeasured.")] = 0,
    interval: Annotated[
        float, typer.Option(help="Seconds between two readings of the sensors.")
    ] = 0.1,
    idle: Annotated[
        float, typer.Option(help="Seconds of idle measured before and after; 0: none, and no net.")
    ] = 1.0,
    sensor: Annotated[
        list[str] | None, typer.Option(help="Sensors to use, or none; default: all that are found.")
    ] = None,
    ignore_failure: Annotated[
        bool, typer.Option("--ignore-failure", help="Go on after an exit code that is not 0.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on standard output instead of the table.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Write JSON to this file.")] = None,
) -> None:
    """Run a command and tell its joules, power and time, with intervals.

    The command has this terminal, its input and its output to itself; the table is printed on
    standard error when it has ended, as time(1) does. Exit code: the command's (the first that is
    not 0), 128 + n where signal n killed it, 127 not found, 126 not executable.
    """
    _check(repeat, warmup, idle, output)
    check_interval(interval)
    # Before the measuring: an import is work, and would be in the figures of idle.
    from wattmark.cli import measured
    from wattmark.monitor.command import CommandError, CommandMeter
    from wattmark.monitor.select import select_sensors
    from wattmark.runner.zygote import die_with_parent

    chosen = select_sensors(None, sensor)
    # Nothing that is measured outlives us, however we are killed.
    dies = partial(die_with_parent, os.getpid())
    with CommandMeter(chosen.all, interval, dies, chosen.doubts) as meter:
        try:
            _measure(meter, command, repeat, warmup, idle, go_on=ignore_failure)
        except CommandError as reason:
            fail(reason)
            raise typer.Exit(reason.exit_code) from None
        repeats, interrupted = meter.repeats(), meter.interrupted
    good = [one for one in repeats if one.exit_code == 0 or ignore_failure] or repeats
    summary = measured.summarise(good) if good else None
    if as_json and output is None:
        print_json(measured.as_json(command, repeats, summary, meter.infos))
    elif summary is not None:
        _print(measured.render(command, good, summary))
    if output is not None:
        _write(output, measured.as_json(command, repeats, summary, meter.infos))
    raise typer.Exit(_end(repeats, repeat, interrupted=interrupted))


def _check(repeat: int, warmup: int, idle: float, output: Path | None) -> None:
    if repeat < 1 or warmup < 0:
        raise InputError("--repeat must be 1 or more, and --warmup 0 or more.")
    if not 0 <= idle < float("inf"):
        raise InputError(f"--idle is {idle:g}; it must be 0 or more seconds.")
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise InputError(f"'{output}' cannot be written: no such folder, or itself a folder.")


def _measure(
    meter: CommandMeter, command: list[str], repeat: int, warmup: int, idle: float, *, go_on: bool
) -> None:
    """Warm up, idle, run, idle; a signal ends it early, and what was measured stays."""
    for _ in range(warmup):
        code = meter.warm_up(command)
        if meter.interrupted or (code and not go_on):
            say(f"The warm-up ended with exit code {code}: nothing was measured.")
            raise typer.Exit(code or INTERRUPTED)
    meter.idle(idle)
    for _ in range(repeat):
        if meter.interrupted or (meter.run(command) and not go_on):
            break
    meter.idle(idle)


def _print(lines: list[Any]) -> None:
    from rich.console import Console

    console = Console(stderr=True)
    console.print()
    for line in lines:
        console.print(line)


def _write(output: Path, figures: dict[str, Any]) -> None:
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as reason:
        raise WattmarkError(f"'{output}' cannot be written: {reason.strerror}.") from reason


def _end(repeats: list[Repeat], asked: int, *, interrupted: bool) -> int:
    """The exit code: the first of the command's own that is not 0; a word where it fell short."""
    code = next((one.exit_code for one in repeats if one.exit_code), 0)
    if len(repeats) < asked:
        why = "interrupted" if interrupted else f"exit code {code}"
        say(f"Stopped after {len(repeats)} of {asked} repeats: {why}.")
        if interrupted and not code:
            return INTERRUPTED
    return code
