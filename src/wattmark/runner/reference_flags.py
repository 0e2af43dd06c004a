"""Flags as the published studies name them, understood as ours, each with what it really is.

Their `--strategy` is a precision, their `--backend` an engine and a device, their `--dataset` a
task; what has no counterpart here (padding) is said so. Precisions have a table of their own for
older names (`backends.precisions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattmark import optiontext
from wattmark.errors import InputError, unknown
from wattmark.models import RANDOM
from wattmark.runner.suite_keys import flag
from wattmark.runner.suite_tables import EMBEDDED
from wattmark.tasks.options import full_name

BACKENDS = {
    "base_cpu": ("transformers", "cpu"),
    "base_gpu": ("transformers", "cuda"),
    "onnx_cpu": ("onnxruntime", "cpu"),
}
"""Their word → engine and device."""
DATASETS = {
    "squad": "squad",
    "rajpurkar/squad": "squad",
    "squad_v2": "squad",
    "rajpurkar/squad_v2": "squad",
    "sst2": "sst2",
    "stanfordnlp/sst2": "sst2",
    "glue/sst2": "sst2",
}
"""Their data set → the task that reads it from the hub."""
STRATEGIES = ("none", "quantization8bit", "quantization16bit", "quantization")
SAME = {
    "model_name": "models",
    "strategy": "precisions",
    "samples": "limit",
    "repeats": "replicates",
}
"""Their flag → our key, where the value needs no translation."""
ABOUT = {
    "strategy": "",
    "samples": ": distinct queries of each task",
    "repeats": ": each in a fresh process",
    "model_name": "",
}
NO_PADDING = (
    "changes nothing: no text is padded or cut to a fixed length here, since padding hides what"
    " length costs; 'seq_len' of an export is the longest input"
)


@dataclass
class Translated:
    """Our keys for their flags, what each really is, and batches that become a limit."""

    flags: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    max_batches: int | None = None
    """Batches of each arm: times its largest batch size they are a limit (`limit_of`)."""


def written(name: str) -> str:
    """A flag of theirs as it is typed: --model_name, but --seq-len."""
    return "--" + (name if name in THEIRS_WITH_UNDERSCORE else name.replace("_", "-"))


THEIRS_WITH_UNDERSCORE = ("model_name", "dataset_name", "dataset_split")


def translated(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Translated:
    """Our flags with theirs among them; `theirs` and `ours` hold None where not given.

    Raises InputError where a flag and its alias are both given, and for a value without meaning.
    """
    given = {name: value for name, value in theirs.items() if value is not None}
    found = Translated({key: value for key, value in ours.items() if value is not None})
    for name, key in SAME.items():
        if name in given:
            if name == "strategy":
                _known("strategy", given[name], STRATEGIES)
            said = f"{written(name)} {given[name]} is {flag(key)} {given[name]}{ABOUT[name]}"
            _put(found, key, given[name], written(name), said)
    _engine(found)
    _data(found, given)
    if "seq_len" in given:
        found.notes.append(f"--seq-len {given['seq_len']} {NO_PADDING}")
    if "max_batches" in given:
        _refuse_both(found, "limit", "--max-batches")
        found.max_batches = _positive("--max-batches", given["max_batches"])
    return found


def limit_of(found: Translated, batch_sizes: tuple[int | str, ...]) -> tuple[int | None, str]:
    """The limit that a number of batches means, and a note; None where none was given.

    The same queries for each batch size, so that their costs compare. InputError where the size
    is to be found first.
    """
    if found.max_batches is None:
        return None, ""
    sizes = [size for size in batch_sizes if isinstance(size, int)]
    if len(sizes) < len(batch_sizes):
        raise InputError("--max-batches with --batch auto says no number.", "Give --limit.")
    limit = found.max_batches * max(sizes)
    said = f"--max-batches {found.max_batches} is --limit {limit} with batches of {max(sizes)}"
    more = ": smaller batches answer the same queries" if len(sizes) > 1 else ""
    return limit, said + more


def _engine(found: Translated) -> None:
    words = optiontext.names(str(found.flags.get("backends", "")))
    theirs = [word for word in words if word in BACKENDS]
    if not theirs:
        return
    if len(theirs) < len(words):
        raise InputError(
            f"--backend {','.join(words)} mixes words of two kinds.",
            f"Name engines ('wattmark list backends'), or of {', '.join(BACKENDS)}.",
        )
    devices = dict.fromkeys(BACKENDS[word][1] for word in theirs)
    if len(devices) > 1:
        raise InputError(
            f"--backend {','.join(words)} is on two devices, and a run is on one.",
            "Run them one after the other: 'wattmark report' takes several runs.",
        )
    (device,) = devices
    engines = ",".join(dict.fromkeys(BACKENDS[word][0] for word in theirs))
    said = f"--backend {','.join(words)} is --backend {engines} --device {device}"
    found.flags["backends"] = engines
    _put(found, "device", device, f"--backend {','.join(words)}", said)


def _data(found: Translated, given: Mapping[str, Any]) -> None:
    names = [name for name in ("dataset_name", "dataset") if name in given]
    split = given.get("dataset_split")
    if not names:
        if split is not None:
            raise InputError(
                f"--dataset_split {split} says nothing without --dataset_name.",
                "Or give the split with the task: --task squad:split=validation.",
            )
        return
    if len(names) > 1:
        raise InputError("--dataset_name and --dataset are one thing.", "Give one of them.")
    asked = given[names[0]]
    _known("data set", asked, DATASETS)
    base = DATASETS[asked]
    ships = _without_download(found.flags)
    options = {"data": "sample" if ships else asked, "split": split or ""}
    task = full_name(base, options, {"data": "sample", "split": ""})
    why = "our own sample in its format, since nothing is downloaded" if ships else "from the hub"
    flagged = f"{written(names[0])} {asked}" + (f" --dataset_split {split}" if split else "")
    _put(found, "tasks", task, written(names[0]), f"{flagged} is --task {task}: {why}")


def _without_download(flags: Mapping[str, Any]) -> bool:
    models = optiontext.names(str(flags.get("models", "")))
    ship = bool(models) and all(m == EMBEDDED or m.startswith(f"{EMBEDDED}/") for m in models)
    return ship or flags.get("weights") == RANDOM


def _known(kind: str, value: Any, known: Any) -> None:
    if value not in known:
        raise InputError(unknown(kind, str(value), known), "Or name a --task and a --precision.")


def _put(found: Translated, key: str, value: Any, theirs: str, said: str) -> None:
    _refuse_both(found, key, theirs)
    found.flags[key] = value
    found.notes.append(said)


def _refuse_both(found: Translated, key: str, theirs: str) -> None:
    if key in found.flags:
        raise InputError(
            f"{theirs} and {flag(key)} are two names of one thing.", "Give one of them."
        )


def _positive(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{name} is {value}; it must be 1 or more.")
    return value
