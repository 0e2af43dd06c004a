"""Short names of trials: what varies says which is which; what does not is said once.

A group is (model, task, mode); within it a trial is told apart by engine, device, precision,
batch and options. Names may come from outside (a folder, a hub id), so they are made plain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from wattmark.analysis.summary import TrialSummary
from wattmark.optiontext import is_option, split
from wattmark.report.format import plain

_COMPONENTS = {
    "cpu": "CPU",
    "dram": "memory",
    "gpu": "GPU",
    "soc": "SoC",
    "core": "CPU cores",
    "uncore": "CPU uncore",
    "board": "whole board",
    "wall": "wall meter",
}
_NAMELESS = ("", "host", "simulated", "replayed")
"""Devices that say nothing beside their component and their provenance."""


def group_title(trial: TrialSummary) -> str:
    """'arithmetic', 'gpt2 · arithmetic', 'gpt2 (random) · arithmetic · rag'."""
    model, task = short_name(trial.model), short_task(trial.task)
    if trial.weights != "pretrained":
        model = f"{model} ({plain(trial.weights)})"
    words = [model] if model == task else [model, task]
    return " · ".join(words if trial.mode == "baseline" else [*words, plain(trial.mode)])


def short_name(name: str) -> str:
    """A hub id's or a folder's last part; other names as they are."""
    clean = plain(name, 60)
    return PurePath(clean).name or clean


def short_task(name: str) -> str:
    """A task with its options, its data by the last part: 'squad:data=dev.json,mode=closed'."""
    base, colon, text = name.partition(":")
    if not colon or "/" in base or not is_option(text):
        return short_name(name)
    parts = (part.partition("=") for part in split(text))
    told = (f"{key}={PurePath(value).name if key == 'data' else value}" for key, _, value in parts)
    return plain(f"{base}:{','.join(told)}", 80)


def short_labels(summaries: Sequence[TrialSummary]) -> dict[str, str]:
    """Trial key → label that is unique within its group, such as 'bf16 · batch 8'."""
    engines = _varies(summary.backend for summary in summaries)
    devices = _varies(summary.device for summary in summaries)
    labels = {
        summary.key: " · ".join(
            [
                *([plain(summary.backend)] if engines else []),
                *([plain(summary.device)] if devices else []),
                plain(summary.precision),
                f"batch {summary.batch_size}",
            ]
        )
        for summary in summaries
    }
    counts = Counter((summary.group, labels[summary.key]) for summary in summaries)
    return {
        summary.key: labels[summary.key]
        if counts[summary.group, labels[summary.key]] == 1
        else f"{labels[summary.key]} · {_tail(summary)}"
        for summary in summaries
    }


def component_name(component: str, device: str = "") -> str:
    """'CPU', 'memory', 'GPU 0', 'CPU package-0': a component and, where it has one, its name."""
    word = _COMPONENTS.get(component, plain(component))
    name = plain(device)
    number = name.removeprefix("gpu") if component == "gpu" else name
    return word if name in _NAMELESS else f"{word} {number}"


def _tail(summary: TrialSummary) -> str:
    return plain(summary.options, 40) if summary.options not in ("", "{}") else summary.key[:6]


def _varies(values: Iterable[str]) -> bool:
    return len(set(values)) > 1
