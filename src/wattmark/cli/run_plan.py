"""`wattmark run --dry-run`: the plan, its memory and its time, without running anything."""

from __future__ import annotations

from typing import Any

from wattmark.cli.console import print_json, show
from wattmark.cli.run_end import replicates_text

CONVERTING = (
    "a model is converted before its first load, which takes longer the first time; the"
    " conversion is kept, and is not in the time below"
)


def print_plan(asked: Any, *, as_json: bool) -> None:
    """What a suite would run, and what it leaves out and why; InputError as `expand` has it."""
    from wattmark.runner.duration import converting, estimated_seconds
    from wattmark.runner.plan import expand
    from wattmark.units import clock_time

    plan = expand(asked)
    seconds = estimated_seconds(plan)
    if as_json:
        print_json(
            {
                "trials": [
                    {"key": t.key, "label": t.label, "memory": _memory(plan.foreseen.get(t.key))}
                    for t in plan.trials
                ],
                "replicates": asked.replicates,
                "left_out": [{"what": item.what, "why": item.why} for item in plan.left_out],
                "notes": list(plan.notes),
                "estimated_s": round(seconds, 1),
                "converting": converting(plan),
            }
        )
        return
    count = f"{len(plan.trials)} trial" + ("" if len(plan.trials) == 1 else "s")
    show(f"{count} × {replicates_text(asked.replicates)}:")
    for trial in plan.trials:
        show(f"  {trial.key}  {trial.label}  ({len(plan.queries(trial))} queries)")
        if trial.key in plan.foreseen:
            show(f"                {plan.foreseen[trial.key]}")
    for note in plan.notes:
        show(f"  note: {note}")
    for item in plan.left_out:
        show(f"  left out: {item.what}: {item.why}")
    if engines := converting(plan):
        show(f"  note: {', '.join(engines)}: {CONVERTING}")
    show(f"Up to about {clock_time(seconds)} here, if answers are long. Nothing was run.")


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
