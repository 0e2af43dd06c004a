"""What must be as it was for a run to go on: figures under one trial key are of one kind.

The trials, the files of the models, the machine, the CPUs and threads of an engine, the
libraries that do its work, and the sensors. A new kernel is a doubt, and no reason to stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wattmark.errors import RunDirectoryError
from wattmark.meter import Sensor
from wattmark.runner.plan import Plan
from wattmark.schema import Doubt

LIBRARIES = ("wattmark", "torch", "transformers")
"""Those whose version decides what is computed, and how its cost is read."""
_HINT = "Start a new run; the old one can still be shown."
Info = Mapping[str, Any]


def refuse_changes(path: Path, info: Info, here: tuple[Plan, Info, Sequence[Sensor]]) -> None:
    """RunDirectoryError names what has changed since the run in `path` was begun.

    `info` is its run.json; `here` is the plan, the machine and the sensors as they are now.
    """
    plan, machine, read = here
    _check_trials(path, info, plan)
    before = info["machine"]
    for what in ("cpu_model", "gpus"):
        if before[what] != machine[what]:
            raise RunDirectoryError(f"{path} was begun on another machine.", _HINT)
    changes = [*_models(info, plan), *_engine(before, machine)]
    if changes:
        raise RunDirectoryError(
            f"{path} cannot go on, because its figures would not be of one kind: "
            f"{'; '.join(changes)}.",
            "Put that back as it was, or start a new run; the old one can still be shown.",
        )
    names = [sensor["name"] for sensor in info["sensors"]]
    now_read = [sensor.info.name for sensor in read]
    if names != now_read:
        raise RunDirectoryError(
            f"{path} was begun with the sensors {', '.join(names) or 'none'}; "
            f"now there are {', '.join(now_read) or 'none'}.",
            "'wattmark doctor' says why one is missing. " + _HINT,
        )


def other_system(before: Info, here: Info) -> Iterator[Doubt]:
    """What may have changed, but should be known."""
    if before.get("kernel") != here["kernel"]:
        yield Doubt(
            "kernel-changed",
            f"The run was begun under kernel {before.get('kernel')}; this replicate and those "
            f"after it ran under {here['kernel']}.",
            "Compare replicates of before and after (column session), or start a new run.",
        )


def _check_trials(path: Path, info: Info, plan: Plan) -> None:
    stored = {trial["key"]: trial for trial in info["plan"]}
    gone = [trial for key, trial in stored.items() if key not in {t.key for t in plan.trials}]
    if gone or len(stored) != len(plan.trials):
        which = gone[0]["label"] if gone else plan.trials[-1].label
        raise RunDirectoryError(
            f"{path} was planned otherwise: the queries, the model or the device of "
            f"'{which}' have changed since.",
            _HINT,
        )


def _models(info: Info, plan: Plan) -> Iterator[str]:
    stored = {model["model"]: model for model in info.get("models", ())}
    for model in plan.models:
        before, here = stored.get(model.model), asdict(model)
        if before is None or before == here:
            continue
        if before["origin"] != here["origin"]:
            yield f"model '{model.model}' came from {before['origin']}, now from {here['origin']}"
        elif before["revision"] != here["revision"]:
            old, new = (str(m["revision"])[:12] for m in (before, here))
            yield f"model '{model.model}' was at commit {old}, now at {new}"
        else:
            yield f"the files of model '{model.model}' have changed"


def _engine(before: Info, here: Info) -> Iterator[str]:
    if before.get("threads") not in (None, here["threads"]):
        yield f"engines had {before['threads']} threads, now {here['threads']}"
    pinned = before.get("worker_cpus")
    if pinned is not None and len(pinned) != len(here["worker_cpus"]):
        yield f"workers were pinned to {len(pinned)} CPUs, now to {len(here['worker_cpus'])}"
    old, new = before.get("versions", {}), here["versions"]
    for name in LIBRARIES:
        if old.get(name) != new.get(name):
            yield f"{name} was {old.get(name) or 'absent'}, now {new.get(name) or 'absent'}"
