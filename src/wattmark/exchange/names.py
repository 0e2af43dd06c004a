"""Names of files: of models, which may be called anything, and of what tells trials apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from wattmark.exchange.source import IDENTITY, Row

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
LONGEST = 80


def safe(name: str, otherwise: str = "model") -> str:
    """A name that any file system takes: letters, digits, dot, dash, underscore."""
    clean = _UNSAFE.sub("_", name).lstrip(".-")[:LONGEST].rstrip(".")
    return clean or otherwise


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Model → its name in a file's name: the last part, or all of it where two share that.

    Two that would still be alike, also to a file system that ignores case, get a number.
    """
    models = list(dict.fromkeys(names))
    short = {model: safe(PurePath(model).name) for model in models}
    shared = Counter(short.values())
    found: dict[str, str] = {}
    taken: set[str] = set()
    for model in models:
        name = short[model] if shared[short[model]] == 1 else safe(model)
        unique, number = name, 2
        while unique.lower() in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique.lower())
        found[model] = unique
    return found


def parts(rows: Sequence[Row], shown: Sequence[str]) -> list[tuple[str, list[Row]]]:
    """(suffix, replicates) of each file.

    No file has two trials that its own columns do not tell apart: `shown` are the parts of a
    trial's identity that it shows, and what else differs between the trials stands in the suffix:
    '_bf16_batch-8'; '' where nothing does. The mode baseline and a lone value say nothing.
    """
    trials = {row["trial_key"]: row for row in rows}
    hidden = [
        name
        for name in IDENTITY
        if name not in shown and len({row[name] for row in trials.values()}) > 1
    ]
    alike = Counter(tuple(row[name] for name in IDENTITY) for row in trials.values())
    if max(alike.values(), default=0) > 1:
        hidden.append("trial_key")  # they differ by an engine's options, or how they were asked
    words = {
        name: file_names(str(row[name]) for row in rows) for name in hidden if name != "batch_size"
    }
    words["batch_size"] = {str(row["batch_size"]): f"batch-{row['batch_size']}" for row in rows}
    words.setdefault("mode", {})["baseline"] = ""
    files: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        own_words = tuple(words[name][str(row[name])] for name in hidden)
        files.setdefault(own_words, []).append(row)
    return [("".join(f"_{word}" for word in words if word), own) for words, own in files.items()]


def replicates(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """(suffix, its rows) of each replicate: the first has no suffix, the others '_replicate-3'."""
    numbers = sorted({int(row["replicate"]) for row in rows})
    return [
        (
            f"_replicate-{number}" if number != numbers[0] else "",
            [row for row in rows if row["replicate"] == number],
        )
        for number in numbers
    ]


def by_model(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Model → its replicates."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["model"], []).append(row)
    return found
