"""`wattmark compare`: head against base, and the gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattmark.cli.console import print_json, run_folder, say
from wattmark.errors import InputError

if TYPE_CHECKING:
    from wattmark.analysis.comparison import Settings


def compare(
    base: Annotated[Path, typer.Argument(help="A run directory, a folder of runs, or a CSV file.")],
    head: Annotated[Path, typer.Argument(help="Likewise: what is set against base.")],
    gate: Annotated[
        list[str] | None,
        typer.Option(help="A metric and the change let through; may be repeated."),
    ] = None,
    margin: Annotated[
        str, typer.Option(help="Change that does not matter: within it head is the same.")
    ] = "1%",
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    base_trial: Annotated[
        str, typer.Option(help="Part of the names of the trials to take of base.")
    ] = "",
    head_trial: Annotated[str, typer.Option(help="Likewise of head.")] = "",
    lower_is_better: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A metric; may be repeated.")
    ] = None,
    higher_is_better: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A metric; may be repeated.")
    ] = None,
    paired: Annotated[
        bool | None,
        typer.Option("--paired/--unpaired", help="Pair by block, or not; default: by the data."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="File to write as Markdown, for a comment; - prints it.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="File to write the gates to as JUnit XML.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say of each metric whether head is better, worse, the same, or not resolved.

    A CSV file has a row per replicate: replicate, block, and any metrics. Of the same run given
    twice, choose the trials. Within a run, and where blocks are the same, replicates pair up.

    With --gate: exit code 0 pass, 1 regression, 3 not resolved, 2 bad input.

    Example: wattmark compare runs/base runs/head --gate energy_per_token=3% --gate accuracy=-1pp
    """
    from wattmark.analysis.compare_sources import compare_paths
    from wattmark.analysis.gate import exit_code, judge, parse_gate
    from wattmark.report.comparison import comparison_json

    gates = [parse_gate(text) for text in gate or ()]
    if junit is not None and not gates:
        raise InputError("--junit writes gates, and there is none.", "Add --gate METRIC=LIMIT.")
    found = compare_paths(
        run_folder(base),
        run_folder(head),
        _settings(margin, confidence, paired),
        base_trial=base_trial,
        head_trial=head_trial,
        lower=lower_is_better or (),
        higher=higher_is_better or (),
    )
    judgements = judge(gates, found)
    if junit is not None:
        from wattmark.report.junit import junit as junit_text

        _write(junit, junit_text(judgements))
    if markdown is not None:
        from wattmark.report.comparison_markdown import markdown as markdown_text

        _write(markdown, markdown_text(found, judgements))
    if as_json:
        print_json(comparison_json(found, judgements))
    elif markdown != Path("-"):
        from rich.console import Console

        from wattmark.report.comparison import render_comparison

        console = Console()
        console.print(render_comparison(found, judgements, console.width))
    raise typer.Exit(exit_code(judgements))


def _settings(margin: str, confidence: float, paired: bool | None) -> Settings:
    from wattmark.analysis.comparison import Settings

    try:
        share = float(margin.strip().removesuffix("%")) / (100 if "%" in margin else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise InputError(f"--margin is '{margin}'; it must be 0% to below 100%.")
    if not 0.5 <= confidence < 1:
        raise InputError(f"--confidence is {confidence:g}; it must be 0.5 to below 1.")
    return Settings(margin=share, confidence=confidence, paired=paired)


def _write(path: Path, text: str) -> None:
    if path == Path("-"):
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as reason:
        raise InputError(f"'{path}' cannot be written: {reason.strerror}.") from reason
    say(f"Written: {path}")
