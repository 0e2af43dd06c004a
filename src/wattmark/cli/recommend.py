"""`wattmark recommend`: the configuration to take, under what is required of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import print_json, run_folder, show
from wattmark.errors import InputError

if TYPE_CHECKING:
    from wattmark.analysis.candidates import Candidate
    from wattmark.analysis.extrapolate import Extrapolation, Tariff
    from wattmark.analysis.fronts import Front
    from wattmark.analysis.recommend import Recommendation
    from wattmark.analysis.requirements import Check
    from wattmark.store.reader import Run

NOTHING, UNSURE = 1, 3
A_MILLION = 1e6


def recommend(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")],
    require: Annotated[
        list[str] | None,
        typer.Option(help="What must hold, repeated: 'accuracy>=0.9', 'ttft<=200 ms'."),
    ] = None,
    minimize: Annotated[
        str | None, typer.Option(help="What to choose by (energy_per_query).")
    ] = None,
    maximize: Annotated[str | None, typer.Option(help="Likewise, where more is better.")] = None,
    pareto: Annotated[
        str | None, typer.Option(help="Show the front of two or three metrics, by comma.")
    ] = None,
    queries: Annotated[
        float | None, typer.Option(help="Extrapolate to that many queries: kWh, cost, CO2e.")
    ] = None,
    tariff: Annotated[
        str | None, typer.Option(help="Price of a kWh, such as 0.25 or '0.25 EUR'.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Recommend the configuration that keeps to what is required and is the best by one metric.

    A requirement is met where the whole interval keeps to it. Names may stand without their
    unit. Exits with 1 where nothing keeps to the requirements, with 3 where that is not resolved.

    Example: wattmark recommend runs/demo --require 'accuracy>=0.9' --minimize energy_per_query
    """
    from wattmark.analysis.axes import axes_named
    from wattmark.analysis.extrapolate import tariff_of
    from wattmark.analysis.recommend import objective_named
    from wattmark.analysis.recommend import recommend as found_by
    from wattmark.analysis.requirements import requirements_of
    from wattmark.cli.recommend_view import lines
    from wattmark.store.reader import open_run

    required, axis = requirements_of(require or []), objective_named(minimize, maximize)
    axes = None if pareto is None else [one.name for one in axes_named(_names(pareto))]
    price = None if tariff is None else tariff_of(tariff)
    many = A_MILLION if queries is None and price is not None else queries
    opened = [open_run(run_folder(path)) for path in runs]
    found = found_by(opened, required, axis)
    if not found:
        raise InputError(
            "No replicate ended ok: there is nothing to recommend.", "See: wattmark show RUN"
        )
    told = [_told(one, opened, axes, many, price) for one in found]
    if as_json:
        print_json({"recommendations": [_json(*one) for one in told]})
    else:
        for entry in told:
            for line in lines(*entry):
                show(line)
    code = max(_code(one) for one in found)
    if code:
        raise typer.Exit(NOTHING if NOTHING in map(_code, found) else UNSURE)


def _names(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _code(found: Recommendation) -> int:
    """0 where something is recommended, 3 where it only is not resolved, else 1."""
    from wattmark.analysis.requirements import OPEN

    if found.best is not None:
        return 0
    return UNSURE if any(one.word == OPEN for one in found.candidates) else NOTHING


Told = tuple["Recommendation", "Front | None", dict[str, "Extrapolation"]]


def _told(
    found: Recommendation,
    runs: Sequence[Run],
    axes: Sequence[str] | None,
    queries: float | None,
    tariff: Tariff | None,
) -> Told:
    """A recommendation with its front and what each candidate's queries come to, as asked."""
    from wattmark.analysis.extrapolate import extrapolate
    from wattmark.analysis.fronts import front
    from wattmark.analysis.summary import carbon_of

    estimates = {one.name: one.trial.estimates for one in found.candidates}
    bills = {
        one.name: extrapolate(
            one.trial.estimates,
            queries,
            tariff=tariff,
            gain_uncertainty=one.trial.gain_uncertainty,
            carbon=carbon_of(runs[one.run].info),
        )
        for one in found.candidates
        if queries is not None
    }
    return found, None if axes is None else front(estimates, axes), bills


def _json(
    found: Recommendation, pareto: Front | None, bills: dict[str, Extrapolation]
) -> dict[str, Any]:
    from wattmark.analysis.efficiency import efficiency_class

    def name(one: Candidate | None) -> str | None:
        return None if one is None else one.name

    return {
        "task": found.task,
        "goal": found.goal,
        "metric": found.axis.name,
        "requirements": [one.text for one in found.requirements],
        "recommended": name(found.best),
        "second": name(found.second),
        "nearest": name(found.nearest),
        "perhaps": [one.name for one in found.perhaps],
        "differences": [asdict(one) for one in found.differences],
        "ranks": [asdict(one) for one in found.ranks],
        "warnings": list(found.warnings),
        "candidates": [
            {
                "name": one.name,
                "trial_key": one.trial.key,
                "model": one.trial.model,
                "backend": one.trial.backend,
                "precision": one.trial.precision,
                "device": one.trial.device,
                "batch_size": one.trial.batch_size,
                "mode": one.trial.mode,
                "requirements_are": one.word,
                "objective": asdict(one.objective),
                "checks": [_check_json(check) for check in one.checks],
                "efficiency_class": asdict(efficiency_class(one.trial)),
                "extrapolation": asdict(bills[one.name]) if one.name in bills else None,
            }
            for one in found.candidates
        ],
        "pareto": None if pareto is None else asdict(pareto),
    }


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "requirement": check.requirement.text,
        "metric": check.requirement.axis.name,
        "bound": check.requirement.bound,
        "word": check.word,
        "value": check.estimate.value,
        "low": check.estimate.low,
        "high": check.estimate.high,
        "why": check.why,
    }
