"""`wattmark show`: the table of a run, finished or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from wattmark.cli.console import print_json, run_folder


def show(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    country: Annotated[
        str | None, typer.Option(help="Country for carbon, instead of what the run was told.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Part of a country, likewise.")] = None,
    intensity: Annotated[
        str | None, typer.Option(help="Carbon intensity in g CO2e/kWh, or a CSV file, likewise.")
    ] = None,
    pue: Annotated[float | None, typer.Option(help="Power usage effectiveness, likewise.")] = None,
    embodied_kg: Annotated[
        float | None, typer.Option(help="kg CO2e of making the device, likewise.")
    ] = None,
    lifetime_years: Annotated[
        float | None, typer.Option(help="Years that the device lives, likewise.")
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Tests, factors, ranks and run order as well.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Print what a run found: cost, speed, memory and quality of each trial, with intervals.

    Carbon is computed from the stored joules each time, and can be asked for afterwards.

    Statistics set the configurations of each task against each other: tests with their assumptions,
    effect sizes, what each factor does, ranks, Pareto fronts, drift, and how many replicates it
    would take. With --json they are the key "statistics".
    """
    flags = {
        "country": country,
        "zone": zone,
        "intensity_g_per_kwh": intensity,
        "pue": pue,
        "embodied_kg": embodied_kg,
        "lifetime_years": lifetime_years,
    }
    asked = {key: value for key, value in flags.items() if value is not None}
    print_run(run_folder(run), asked=asked, as_json=as_json, with_statistics=statistics)


def print_run(
    path: Path,
    *,
    asked: Mapping[str, Any] | None = None,
    as_json: bool,
    with_statistics: bool = False,
) -> None:
    """The figures of a run on standard output; `asked` are other inputs to carbon than its own."""
    from rich.console import Console

    from wattmark.analysis.retrieval import trade_offs
    from wattmark.analysis.summary import carbon_of, summarise
    from wattmark.report.labels import short_labels
    from wattmark.report.retrieval import render_retrieval
    from wattmark.report.table import render_carbon, render_left_out, render_table, summary_json
    from wattmark.store.reader import open_run

    opened = open_run(path)
    carbon = other_carbon(opened.info, asked) if asked else carbon_of(opened.info)
    summaries = summarise(opened, carbon=carbon)
    if as_json:
        print_json(summary_json(opened, summaries, carbon, with_statistics=with_statistics))
        return
    console = Console()
    if opened.info["status"] != "complete":
        done, planned = opened.trials.num_rows, opened.info["planned"]
        console.print(f"Not finished: {done} of {planned} replicates are there. Go on with:")
        console.print(f"  wattmark run --resume {path}\n", markup=False)
    besides = render_retrieval(trade_offs(opened, summaries), short_labels(summaries))
    console.print(render_table(summaries, console.width, besides))
    for line in (*render_carbon(opened, summaries, carbon), *render_left_out(opened.info)):
        console.print(line)
    if with_statistics:
        from wattmark.report.statistics import TERMINAL, render_statistics, statistics

        tables = statistics(opened, summaries, short_labels(summaries), TERMINAL)
        for line in render_statistics(tables):
            console.print(line)


def other_carbon(info: Mapping[str, Any], asked: Mapping[str, Any]) -> Any:
    """What carbon is computed from, with what was asked for in the place of the run's own."""
    from wattmark.analysis.carbon import CarbonInputs
    from wattmark.runner.carbon import recomputed
    from wattmark.runner.suite import checked

    return CarbonInputs.of(recomputed(info.get("carbon"), checked(asked)))
