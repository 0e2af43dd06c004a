"""`wattmark run`: a suite, flags, or both, into a run directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from wattmark.cli import run_flags as given
from wattmark.cli.console import say
from wattmark.cli.run_end import end
from wattmark.cli.run_plan import print_plan
from wattmark.errors import InputError


def run(
    suite: given.Suite = None,
    model: given.Model = None,
    task: given.Task = None,
    backend: given.Backend = None,
    precision: given.Precision = None,
    batch: given.Batch = None,
    mode: given.Mode = None,
    corpus: given.Corpus = None,
    top_k: given.TopK = None,
    context_tokens: given.ContextTokens = None,
    chunk_by: given.ChunkBy = None,
    chunk_size: given.ChunkSize = None,
    chunk_overlap: given.ChunkOverlap = None,
    chat: given.Chat = None,
    chat_template: given.ChatTemplate = None,
    system: given.System = None,
    shots: given.Shots = None,
    temperature: given.Temperature = None,
    top_p: given.TopP = None,
    confidence: given.Confidence = None,
    device: given.Device = None,
    revision: given.Revision = None,
    weights: given.Weights = None,
    replicates: given.Replicates = None,
    warmups: given.Warmups = None,
    limit: given.Limit = None,
    max_new_tokens: given.MaxNewTokens = None,
    seed: given.Seed = None,
    idle: given.Idle = None,
    interval: given.Interval = None,
    timeout: given.Timeout = None,
    quiet_wait: given.QuietWait = None,
    precision_target: given.PrecisionTarget = None,
    time_budget: given.TimeBudget = None,
    repeat_noisy: given.RepeatNoisy = None,
    threads: given.Threads = None,
    cpus: given.Cpus = None,
    memory_limit: given.MemoryLimit = None,
    force_memory: given.ForceMemory = False,
    sensor: given.Sensor = None,
    country: given.Country = None,
    zone: given.Zone = None,
    intensity: given.Intensity = None,
    pue: given.Pue = None,
    embodied_kg: given.EmbodiedKg = None,
    lifetime_years: given.LifetimeYears = None,
    water: given.Water = None,
    grid_water: given.GridWater = None,
    option: given.Option = None,
    name: given.Name = None,
    trust_remote_code: given.TrustRemoteCode = False,
    allow_pickle: given.AllowPickle = False,
    out: given.Out = None,
    overwrite: given.Overwrite = False,
    resume: given.Resume = None,
    dry_run: given.DryRun = False,
    no_timing: given.NoTiming = False,
    no_report: given.NoReport = False,
    as_json: given.AsJson = False,
    model_name: given.ModelName = None,
    strategy: given.Strategy = None,
    dataset_name: given.DatasetName = None,
    dataset_split: given.DatasetSplit = None,
    dataset: given.Dataset = None,
    samples: given.Samples = None,
    seq_len: given.SeqLen = None,
    repeats: given.Repeats = None,
    max_batches: given.MaxBatches = None,
) -> None:
    """Measure: every model × engine × precision × batch × task, each replicate a fresh process.

    With nothing given, the embedded models are measured: no download, some minutes.
    """
    flags, theirs = _of_the_suite(dict(locals()))
    if resume is not None:
        only_new = {"out": out, "overwrite": overwrite or None, "dry_run": dry_run or None}
        _refuse_flags(suite, flags | theirs | only_new)
        outcome = _resumed(resume)
    else:
        asked, notes = _asked(suite, flags, theirs)
        if dry_run:
            print_plan(asked, notes, as_json=as_json, timed=suite is not None and not no_timing)
            return
        for note in notes:
            say(f"note: {note}")
        outcome = _fresh(asked, out, notes, overwrite=overwrite)
    end(outcome, as_json=as_json, with_report=not no_report)


_NAMES = {
    "model": "models",
    "task": "tasks",
    "backend": "backends",
    "precision": "precisions",
    "batch": "batch_sizes",
    "mode": "modes",
    "idle": "idle_s",
    "interval": "sample_interval_s",
    "timeout": "timeout_s",
    "quiet_wait": "quiet_wait_s",
    "time_budget": "time_budget_s",
    "memory_limit": "memory_limit_bytes",
    "sensor": "sensors",
    "intensity": "intensity_g_per_kwh",
    "water": "water_l_per_kwh",
    "grid_water": "grid_water_l_per_kwh",
    "option": "options",
}
"""Keys of a suite whose flags are named otherwise."""
_JOINED = ("model", "task", "backend", "precision", "batch", "mode", "cpus")
"""Flags that may be repeated, or name several with commas."""
_OF_THE_COMMAND = (
    *("suite", "out", "overwrite", "resume", "dry_run"),
    *("no_timing", "no_report", "as_json"),
)
_THEIRS = (
    *("model_name", "strategy", "dataset_name", "dataset_split", "dataset"),
    *("samples", "seq_len", "repeats", "max_batches"),
)
"""Flags of the systems that the studies are taken from."""


def _of_the_suite(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the flags of `run` say of a suite, by its keys, and the aliases; None: not given."""
    theirs = {name: values.pop(name) for name in _THEIRS}
    for name in _OF_THE_COMMAND:
        del values[name]
    for name in _JOINED:
        values[name] = _joined(f"--{name}", values[name])
    values["option"] = _options(values["option"])
    flags = {
        _NAMES.get(name, name): None if value is False or value == [] else value
        for name, value in values.items()
    }
    return flags, theirs


def _joined(flag: str, values: list[str] | None) -> str | None:
    if values and not any(value.strip(" ,") for value in values):
        raise InputError(f"{flag} names nothing.", "Name at least one, or leave the flag out.")
    return ",".join(values) if values else None


def _options(pairs: list[str] | None) -> dict[str, Any] | None:
    if not pairs:
        return None
    options: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"--option {pair}: give it as key=value.")
        options[key] = _plain_value(value)
    return options


def _plain_value(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _refuse_flags(suite: str | None, flags: dict[str, Any]) -> None:
    from wattmark.runner.suite_keys import flag

    given = [flag(name) for name, value in flags.items() if value is not None]
    if suite is not None:
        given.insert(0, suite)
    if given:
        raise InputError(
            f"--resume goes on with the run as it was asked for; leave out: {', '.join(given)}.",
            "A changed suite is a new run.",
        )


def _asked(
    suite: str | None, flags: dict[str, Any], theirs: dict[str, Any]
) -> tuple[Any, tuple[str, ...]]:
    """The suite that flags, their aliases and the file make, and what to know of it."""
    from wattmark.runner.reference_flags import limit_of, translated
    from wattmark.runner.suite import read_asked

    found = translated(theirs, flags)
    asked = read_asked(suite, found.flags)
    limit, said = limit_of(found, asked.suite.batch_sizes)
    if limit is None:
        return asked.suite, (*found.notes, *asked.notes)
    return replace(asked.suite, limit=limit), (*found.notes, said, *asked.notes)


def _fresh(asked: Any, out: Path | None, notes: Sequence[str], *, overwrite: bool) -> Any:
    from wattmark.cli.progress import Progress
    from wattmark.runner.run import run as run_suite

    folder = out or _new_folder(asked.name)
    try:
        with Progress() as progress:
            return run_suite(asked, folder, progress, overwrite=overwrite, notes=notes)
    except KeyboardInterrupt:
        say("Interrupted before anything was run.")
        raise typer.Exit(130) from None


def _new_folder(name: str) -> Path:
    """runs/<name>-<time>, and a number where two runs begin in one second."""
    first = Path("runs") / f"{name}-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}"
    folders = (first, *(first.with_name(f"{first.name}-{number}") for number in range(2, 100)))
    return next((folder for folder in folders if not folder.exists()), first)


def _resumed(path: Path) -> Any:
    from wattmark.cli.progress import Progress
    from wattmark.runner.run import resume as resume_run

    try:
        with Progress() as progress:
            return resume_run(path, progress)
    except KeyboardInterrupt:
        say(f"Interrupted before anything was run. {path} is as it was.")
        raise typer.Exit(130) from None
