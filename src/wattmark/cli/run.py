"""`wattmark run`: a suite, flags, or both, into a run directory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from wattmark.cli.console import say
from wattmark.cli.run_end import end
from wattmark.cli.run_plan import print_plan
from wattmark.errors import InputError


def run(
    suite: Annotated[
        str | None,
        typer.Argument(help="A suite that ships (see 'wattmark list suites') or a TOML file."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Models, by comma or repeated: embedded/…, a folder, or a hub id."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="Tasks, or files of queries (a query a line, or JSONL)."),
    ] = None,
    backend: Annotated[list[str] | None, typer.Option(help="Engines.")] = None,
    precision: Annotated[list[str] | None, typer.Option(help="fp32, bf16, fp16 …")] = None,
    batch: Annotated[
        list[str] | None, typer.Option(help="Batch sizes, such as 1,8; auto finds one that pays.")
    ] = None,
    mode: Annotated[
        list[str] | None, typer.Option(help="baseline, rag (with retrieved contexts), or both.")
    ] = None,
    corpus: Annotated[
        str | None, typer.Option(help="Folder or file of text, Markdown, JSONL that rag searches.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Chunks retrieved for a query (the task's own number, or 3).")
    ] = None,
    context_tokens: Annotated[
        int | None, typer.Option(help="Most tokens of retrieved text in a prompt (256).")
    ] = None,
    chunk_by: Annotated[str | None, typer.Option(help="words or sentences.")] = None,
    chunk_size: Annotated[
        int | None, typer.Option(help="Of these in a chunk (100 words, 5 sentences).")
    ] = None,
    chunk_overlap: Annotated[
        int | None, typer.Option(help="Of these shared with the next chunk (a fifth).")
    ] = None,
    chat: Annotated[
        str | None,
        typer.Option(help="Chat template of the tokenizer: auto (where it has one), on or off."),
    ] = None,
    chat_template: Annotated[
        str | None, typer.Option(help="A file with another chat template, in Jinja.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    shots: Annotated[
        int | None, typer.Option(help="Solved examples before each prompt (0).")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Above 0, tokens are drawn from the seed (0: greedy).")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Drawn among the likeliest with this share (1).")
    ] = None,
    confidence: Annotated[
        bool | None, typer.Option("--confidence", help="Probability of each answer's tokens.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:N, cuda:N+M or cuda:all.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of hub models.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="pretrained, or random: a shape at its true size, no download."),
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Fresh processes for each trial (5).")
    ] = None,
    warmups: Annotated[int | None, typer.Option(help="Batches before the measured region.")] = None,
    limit: Annotated[int | None, typer.Option(help="Queries of each task; default: all.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Most tokens of an answer.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of order and sampling.")] = None,
    idle: Annotated[
        float | None, typer.Option(help="Seconds of idle measured before and after the work.")
    ] = None,
    interval: Annotated[
        float | None, typer.Option(help="Seconds between two readings of the sensors (0.1).")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a worker counts as hung.")
    ] = None,
    quiet_wait: Annotated[
        float | None, typer.Option(help="Most seconds to wait for a quiet machine (5).")
    ] = None,
    precision_target: Annotated[
        str | None,
        typer.Option(help="Repeat the queries until the joules are known to this, such as 5%."),
    ] = None,
    time_budget: Annotated[
        float | None, typer.Option(help="Most seconds of work of a replicate for that (60).")
    ] = None,
    repeat_noisy: Annotated[
        int | None, typer.Option(help="Most repetitions of a replicate that others disturbed (0).")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads of the engine.")] = None,
    cpus: Annotated[
        list[str] | None, typer.Option(help="CPUs to pin workers to, such as 0,1.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(help="Most memory of a worker, such as 20GiB.")
    ] = None,
    force_memory: Annotated[
        bool, typer.Option("--force-memory", help="Run also what is foreseen not to fit.")
    ] = False,
    sensor: Annotated[
        list[str] | None, typer.Option(help="Sensors to use, or none; default: all that are found.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Country for carbon, as three letters (DEU), or WORLD.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Part of a country instead, such as US-CA or Quebec.")
    ] = None,
    intensity: Annotated[
        str | None, typer.Option(help="Carbon intensity in g CO2e/kWh, or a CSV file of a series.")
    ] = None,
    pue: Annotated[
        float | None, typer.Option(help="Power usage effectiveness (1.0: IT equipment only).")
    ] = None,
    embodied_kg: Annotated[
        float | None, typer.Option(help="kg CO2e of making the device, for SCI.")
    ] = None,
    lifetime_years: Annotated[
        float | None, typer.Option(help="Years that the device lives (4).")
    ] = None,
    water: Annotated[float | None, typer.Option(help="Water on site in L/kWh (WUE).")] = None,
    grid_water: Annotated[
        float | None, typer.Option(help="Water used by generation in L/kWh.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the engine, key=value.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Let a model bring and run its own code.")
    ] = False,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Load weights that are no safetensors.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Run directory; default: runs/<name>-<time>.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in the folder of --out.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with an interrupted or partly failed run.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and an estimate of its time.")
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Do not write report.html at the end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Measure: every model × engine × precision × batch × task, each replicate a fresh process.

    With nothing given, the embedded models are measured: no download, some minutes.
    """
    flags: dict[str, Any] = {
        "models": _joined("--model", model),
        "tasks": _joined("--task", task),
        "backends": _joined("--backend", backend),
        "precisions": _joined("--precision", precision),
        "batch_sizes": _joined("--batch", batch),
        "modes": _joined("--mode", mode),
        "corpus": corpus,
        "top_k": top_k,
        "context_tokens": context_tokens,
        "chat": chat,
        "chat_template": chat_template,
        "system": system,
        "shots": shots,
        "temperature": temperature,
        "top_p": top_p,
        "confidence": confidence,
        "chunk_by": chunk_by,
        "chunk_size": chunk_size,
        "chunk_overlap": chunk_overlap,
        "device": device,
        "revision": revision,
        "weights": weights,
        "replicates": replicates,
        "warmups": warmups,
        "limit": limit,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
        "idle_s": idle,
        "sample_interval_s": interval,
        "timeout_s": timeout,
        "quiet_wait_s": quiet_wait,
        "precision_target": precision_target,
        "time_budget_s": time_budget,
        "repeat_noisy": repeat_noisy,
        "threads": threads,
        "cpus": _joined("--cpus", cpus),
        "memory_limit_bytes": memory_limit,
        "force_memory": force_memory or None,
        "sensors": sensor or None,
        "country": country,
        "zone": zone,
        "intensity_g_per_kwh": intensity,
        "pue": pue,
        "embodied_kg": embodied_kg,
        "lifetime_years": lifetime_years,
        "water_l_per_kwh": water,
        "grid_water_l_per_kwh": grid_water,
        "options": _options(option),
        "name": name,
        "trust_remote_code": trust_remote_code or None,
        "allow_pickle": allow_pickle or None,
    }
    if resume is not None:
        only_new = {"out": out, "overwrite": overwrite or None, "dry_run": dry_run or None}
        _refuse_flags(suite, flags | only_new)
        outcome = _resumed(resume)
    else:
        outcome = _fresh(suite, flags, out, overwrite=overwrite, dry_run=dry_run, as_json=as_json)
    if outcome is not None:
        end(outcome, as_json=as_json, with_report=not no_report)


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
    from wattmark.runner.suite import flag

    given = [flag(name) for name, value in flags.items() if value is not None]
    if suite is not None:
        given.insert(0, suite)
    if given:
        raise InputError(
            f"--resume goes on with the run as it was asked for; leave out: {', '.join(given)}.",
            "A changed suite is a new run.",
        )


def _fresh(
    suite: str | None,
    flags: dict[str, Any],
    out: Path | None,
    *,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> Any:
    from wattmark.cli.progress import Progress
    from wattmark.runner.run import run as run_suite
    from wattmark.runner.suite import read_suite

    asked = read_suite(suite, flags)
    if dry_run:
        print_plan(asked, as_json=as_json)
        return None
    folder = out or _new_folder(asked.name)
    try:
        with Progress() as progress:
            return run_suite(asked, folder, progress, overwrite=overwrite)
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
