"""A run of a suite into a new run directory, or on with one that was left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from wattmark import __version__
from wattmark.errors import RunDirectoryError
from wattmark.meter import Found
from wattmark.meter.calibrated import calibrated
from wattmark.meter.discover import discover, sensors
from wattmark.optiontext import redacted
from wattmark.runner.batches import stored, with_batches
from wattmark.runner.carbon import carbon_inputs
from wattmark.runner.changes import other_system, refuse_changes
from wattmark.runner.conditions import disturbing
from wattmark.runner.interrupt import Interrupts
from wattmark.runner.machine import fingerprint, now, pinned, session
from wattmark.runner.plan import expand, plain_plan
from wattmark.runner.session import Observer, Outcome, Session, environment
from wattmark.schema import SensorInfo, Status, Suite
from wattmark.store.rundir import COMPLETE, RunDirectory, read_info, read_table


def run(
    suite: Suite,
    out: Path,
    observer: Observer,
    *,
    overwrite: bool = False,
    notes: Sequence[str] = (),
) -> Outcome:
    """Run a suite into a new run directory; `overwrite` replaces an earlier run in `out`.

    `notes` say how the suite was asked for; they are kept beside those of the plan.
    Raises InputError (nothing was run) for a plan that cannot be, an output folder that is in
    use or cannot be written, an unknown country; KeyboardInterrupt where it was interrupted
    before anything was run.
    """
    with Interrupts() as interrupts:
        plan = expand(suite)
        machine = _machine(suite)
        carbon = carbon_inputs(suite, time.time())
        found = calibrated(discover(suite.sensors))
        info = {
            "name": suite.name,
            "wattmark_version": __version__,
            "created_at": now(),
            "sessions": [session(0)],
            "suite": {**asdict(suite), "sensors": [redacted(name) for name in suite.sensors]},
            "planned": len(plan.slots),
            "plan": plain_plan(plan),
            "models": [asdict(model) for model in plan.models],
            "left_out": [asdict(item) for item in plan.left_out],
            "notes": [*notes, *plan.notes],
            "machine": machine,
            **_sensors(found),
            "carbon": carbon,
        }
        interrupts.hold()
        directory = RunDirectory.create(out, info, overwrite=overwrite)
        doubts = tuple(disturbing(machine))
        return Session(
            plan, directory, found, observer=observer, interrupts=interrupts, doubts=doubts
        ).go()


def resume(path: Path, observer: Observer) -> Outcome:
    """Go on with a run: what is missing or failed is run (again), nothing that is done.

    Raises RunDirectoryError where the queries, the models, the machine, its CPUs or the
    libraries are not what they were: old and new figures would not be of one kind.
    """
    with Interrupts() as interrupts:
        info = read_info(path)
        if _all_done(path, info):
            return Outcome(path, int(info["planned"]), 0, nothing_to_do=True)
        suite = stored_suite(info)
        plan = expand(suite, left_out_before=[item["what"] for item in info.get("left_out") or ()])
        plan = with_batches(plan, stored(info))
        found = _as_before(discover(suite.sensors), info)
        machine = _machine(suite)
        refuse_changes(path, info, (plan, machine, sensors(found)))
        interrupts.hold()
        directory = RunDirectory.reopen(path)
        before = directory.info.get("sessions") or [{"session": 0}]
        directory.note(
            resumed_at=[*directory.info.get("resumed_at", []), now()],
            sessions=[*directory.info.get("sessions", []), session(before[-1]["session"] + 1)],
        )
        doubts = (*other_system(info["machine"], machine), *disturbing(machine))
        return Session(
            plan, directory, found, observer=observer, interrupts=interrupts, doubts=doubts
        ).go()


def _as_before(found: list[Found], info: dict[str, Any]) -> list[Found]:
    """The sensors as the run was told of them: a probe in between would mix two kinds."""
    stored = {sensor["name"]: sensor for sensor in info.get("sensors", ())}
    known = {field.name for field in fields(SensorInfo)}
    for sensor in sensors(found):
        before = stored.get(sensor.info.name)
        if before is not None and before.get("kind") == sensor.info.kind:
            told = {key: value for key, value in before.items() if key in known}
            told["overlaps"] = tuple(told.get("overlaps", ()))
            sensor.info = replace(sensor.info, **told)
    return found


def _all_done(path: Path, info: dict[str, Any]) -> bool:
    if info["status"] != COMPLETE:
        return False
    statuses = read_table(path, "trials", info)["status"].to_pylist()
    return len(statuses) == info.get("planned") and set(statuses) <= {str(Status.OK)}


def _machine(suite: Suite) -> dict[str, Any]:
    threads, cpus = pinned(suite.threads, suite.cpus)
    return fingerprint() | {"threads": threads, "worker_cpus": cpus}


def stored_suite(info: dict[str, Any]) -> Suite:
    """The suite of a run directory."""
    try:
        plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in info["suite"].items()}
        return Suite(**plain)
    except (KeyError, TypeError, AttributeError) as reason:
        raise RunDirectoryError(f"run.json holds no suite that can be run: {reason}.") from reason


def _sensors(found: Sequence[Found]) -> dict[str, Any]:
    return {
        "sensors": [asdict(sensor.info) for family in found for sensor in family.sensors],
        "sensors_missing": [
            {"family": family.family, "why": family.missing, "fix": family.fix}
            for family in found
            if family.missing
        ],
    }


__all__ = ["Observer", "Outcome", "environment", "resume", "run", "stored_suite"]
