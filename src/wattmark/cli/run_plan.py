"""`wattmark run --dry-run`: the plan, its memory and its time, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wattmark.cli.console import print_json, say, show
from wattmark.cli.run_end import replicates_text

CONVERTING = (
    "a model is converted before its first load, which takes longer the first time; the"
    " conversion is kept, and is not in the time below"
)


def print_plan(asked: Any, notes: Sequence[str], *, as_json: bool, timed: bool) -> None:
    """What a suite would run, and what it leaves out and why; InputError as `expand` has it.

    `timed`: its time from a short timing of each model; else from the bandwidth of memory.
    """
    from wattmark.runner.duration import converting, estimated_seconds
    from wattmark.runner.plan import expand
    from wattmark.units import clock_time

    plan = expand(asked)
    notes = [*notes, *plan.notes]
    if as_json:
        _print_json(plan, notes, _expected(plan) if timed else None)
        return
    count = f"{len(plan.trials)} trial" + ("" if len(plan.trials) == 1 else "s")
    show(f"{count} × {replicates_text(asked.replicates)}:")
    for trial in plan.trials:
        show(f"  {trial.key}  {trial.label}  ({len(plan.queries(trial))} queries)")
        if trial.key in plan.foreseen:
            show(f"                {plan.foreseen[trial.key]}")
    for note in notes:
        show(f"  note: {note}")
    for item in plan.left_out:
        show(f"  left out: {item.what}: {item.why}")
    if engines := converting(plan):
        show(f"  note: {', '.join(engines)}: {CONVERTING}")
    if timed:
        _show_expected(_expected(plan))
    else:
        most = clock_time(estimated_seconds(plan))
        show(f"Up to about {most} here, if answers are long. Nothing was run.")


def _expected(plan: Any) -> Any:
    from wattmark.runner.timing import expected

    return expected(plan, lambda label: say(f"timing {label} …"))


def _show_expected(found: Any) -> None:
    from wattmark.meter.load import QUIET_CPUS
    from wattmark.units import clock_time

    show("timed here, with a few tokens each:")
    for timing in found.timings:
        show(f"  {timing.label}: {_paces(timing)}")
    foreign = max((timing.foreign_cpus or 0.0 for timing in found.timings), default=0.0)
    if foreign > QUIET_CPUS:
        show(f"  others used {foreign:.1f} CPUs meanwhile: on a quiet machine it is quicker")
    low, high = clock_time(found.low_s), clock_time(found.high_s)
    show(f"About {low} to {high} here, by how long answers are. Nothing was run but this timing.")


def _paces(timing: Any) -> str:
    """What was timed, or '–' and why not."""
    if timing.load_s is None:
        return f"– ({timing.why}); guessed"
    paces = [
        f"batch {pace.size}: {pace.first_s:.3g} s"
        + (f", then {pace.step_s:.3g} s a token" if pace.step_s else "")
        for pace in timing.paces
    ]
    return f"load {timing.load_s:.2g} s; {'; '.join(paces)}"


def _print_json(plan: Any, notes: Sequence[str], found: Any) -> None:
    from wattmark.runner.duration import converting, estimated_seconds

    seconds = estimated_seconds(plan) if found is None else found.high_s
    expected = {} if found is None else {"expected": asdict(found)}
    print_json(
        {
            "trials": [
                {"key": t.key, "label": t.label, "memory": _memory(plan.foreseen.get(t.key))}
                for t in plan.trials
            ],
            "replicates": plan.suite.replicates,
            "left_out": [{"what": item.what, "why": item.why} for item in plan.left_out],
            "notes": list(notes),
            "estimated_s": round(seconds, 1),
            **expected,
            "converting": converting(plan),
        }
    )


def _memory(foreseen: Any) -> dict[str, int | None] | None:
    """What a trial will take, in bytes; None for an engine's own model."""
    if foreseen is None:
        return None
    need = foreseen.need
    return {
        "weights_bytes": need.weights,
        "cache_bytes": need.cache,
        "activations_bytes": need.activations,
        "loading_bytes": need.loading,
        "needed_bytes": need.total,
        "free_bytes": foreseen.free,
        "margin_bytes": foreseen.margin,
    }
