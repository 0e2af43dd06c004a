"""`wattmark`: the commands, and how an error leaves."""

from __future__ import annotations

import io
import signal
import sys
import threading
from typing import Annotated

import typer

from wattmark import __version__
from wattmark.cli import (
    calibrate,
    compare,
    doctor,
    export,
    import_,
    integrate,
    list_,
    measure,
    recommend,
    report,
    rescore,
    run,
    score,
    show,
    watch,
)
from wattmark.cli.console import fail
from wattmark.errors import InputError, WattmarkError

app = typer.Typer(
    name="wattmark",
    help="What an answer from a language model costs, what it is worth, and how sure that is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run", short_help="Measure a grid of models and settings.")(run.run)
app.command("show", short_help="Print what a run found.")(show.show)
app.command("report", short_help="Write the page of a run.")(report.report)
app.command("compare", short_help="Head against base, and a gate.")(compare.compare)
app.command("recommend", short_help="The configuration to take.")(recommend.recommend)
app.command("export", short_help="A run as other tools' files.")(export.export)
app.command("import", short_help="Other tools' files as a run.")(import_.import_files)
app.command("integrate", short_help="Joules of spans from a power log.")(integrate.integrate)
app.command("watch", short_help="The sensors live.")(watch.watch)
app.command(
    "measure",
    short_help="What any command costs.",
    context_settings={"allow_interspersed_args": False},
)(measure.measure)
app.command("score", short_help="Score anybody's outputs.")(score.score)
app.command("rescore", short_help="Score a run's answers anew.")(rescore.rescore)
app.command("list", short_help="What there is, by name.")(list_.list_names)
app.command("calibrate", short_help="Probe the sensors under a known load.")(calibrate.calibrate)
app.command("doctor", short_help="What this machine can measure.")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wattmark {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What an answer from a language model costs, what it is worth, and how sure that is."""


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 some trials failed, 2 bad input (nothing was run), 130 interrupted; of
    `compare` 1 is a regression, 3 not resolved.
    """
    # A name or an answer may hold what this terminal's encoding lacks: shown escaped, no crash.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except InputError as reason:
        fail(reason)
        sys.exit(2)
    except WattmarkError as reason:
        fail(reason)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe has gone (`| head`): that is no error of ours.
        sys.stderr.close()
        sys.exit(0)
    finally:
        # All is said and kept: one more Ctrl-C ends the process, without Python's words about it.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
