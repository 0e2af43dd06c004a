"""`wattmark list`: what there is by name, whether it is available here, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import print_json, show
from wattmark.errors import InputError, WattmarkError, unknown

if TYPE_CHECKING:
    from wattmark.tasks import Task

KINDS = ("models", "backends", "precisions", "tasks", "sensors", "suites")


@dataclass(frozen=True)
class Listed:
    """One line of a list."""

    name: str
    available: bool
    about: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """Fields of one kind's own: printed with --json, and below the line where its kind is named."""

    def plain(self) -> dict[str, Any]:
        """The line for JSON."""
        return {"name": self.name, "available": self.available, "about": self.about, **self.details}

    def lines(self) -> list[str]:
        """The details for people."""
        options = self.details.get("options", {})
        rest = {key: value for key, value in self.details.items() if key != "options"}
        plain = [f"{key.replace('_', ' ')}: {value}" for key, value in rest.items() if value]
        return plain + [f"{name}=… {meaning}" for name, meaning in options.items()]


def list_names(
    kind: Annotated[str | None, typer.Argument(help=", ".join(KINDS) + "; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List models, backends, precisions, tasks, sensors and suites."""
    if kind is not None and kind not in KINDS:
        raise InputError(unknown("list", kind, KINDS))
    found = {word: _LISTS[word]() for word in KINDS if kind in (None, word)}
    if as_json:
        print_json({word: [line.plain() for line in lines] for word, lines in found.items()})
        return
    for word, lines in found.items():
        show(f"{word}:")
        width = max([22, *(len(line.name) for line in lines)])
        for line in lines:
            mark = "✓" if line.available else "–"
            show(f"  {mark} {line.name:<{width}} {line.about}")
            for more in line.lines() if kind == word else ():
                show(f"      {more}")


def _models() -> list[Listed]:
    from wattmark.models.source import embedded_models, find_model
    from wattmark.units import gibibytes

    lines = []
    for name in embedded_models():
        try:
            source = find_model(name)
        except WattmarkError as reason:
            lines.append(Listed(name, False, str(reason)))
            continue
        parameters = f"{source.parameters / 1e6:.2f} M parameters" if source.parameters else ""
        about = f"{source.kind}, {parameters}, {gibibytes(source.weight_bytes)}; ships"
        lines.append(Listed(name, True, about))
    lines.append(Listed("<folder>", True, "a folder in the hub's layout, safetensors"))
    lines.append(Listed("<org/name>", True, "a hub id, from the cache or downloaded"))
    lines.append(Listed("<config.json>", True, "any shape, with --weights random"))
    return lines + _shapes()


def _shapes() -> list[Listed]:
    """The catalogue: what --weights random builds, and in which precisions it fits here."""
    from wattmark.meter.nvml import describe
    from wattmark.models.catalog import catalogue
    from wattmark.models.config import architecture
    from wattmark.runner.foreseen import shape_of, weight_bytes
    from wattmark.runner.room import free_bytes
    from wattmark.units import BYTES_PER_GIB, BYTES_PER_KIB

    device = "cuda" if (describe() or {}).get("gpus") else "cpu"
    free = free_bytes(device)
    lines = []
    for shape in catalogue():
        sizes = {
            word: weight_bytes(shape.parameters, shape.config, word)
            for word in ("fp32", "bf16", "int8-wo", "int4-wo")
        }
        fits = [word for word, size in sizes.items() if free is None or size <= free]
        told = ", ".join(f"{word} {size / BYTES_PER_GIB:.3g}" for word, size in sizes.items())
        known = shape_of(shape.config)
        cache = ""
        if known is not None and architecture(shape.name, shape.config)[1] == "causal":
            cache = f", cache {known.cache_bytes(2) / BYTES_PER_KIB:.3g} KiB a token"
        where = f"fits {device}: {', '.join(fits)}" if fits else f"too large for {device}"
        count = f"{shape.parameters / 1e9:.3g} B parameters"
        about = f"shape (--weights random), {count}, GiB: {told}{cache}; {where}"
        lines.append(Listed(shape.name, bool(fits), about))
    return lines


def _backends() -> list[Listed]:
    from wattmark import registry
    from wattmark.backends.find import find_backend, missing

    lines = []
    for name in registry.table("backends"):
        try:
            spec = find_backend(name)
        except WattmarkError as reason:
            lines.append(Listed(name, False, str(reason)))
            continue
        offered = "; ".join(f"{d}: {', '.join(p)}" for d, p in spec.precisions.items())
        why = missing(spec)
        lines.append(Listed(name, why is None, offered if why is None else why))
    return lines


def _precisions() -> list[Listed]:
    from wattmark import registry
    from wattmark.backends.find import find_backend, missing
    from wattmark.backends.precisions import ALIASES

    places: dict[str, list[str]] = {}
    refused: dict[str, str] = {}
    for name in registry.table("backends"):
        spec = find_backend(name)
        if missing(spec) is not None:
            continue
        for device, precisions in spec.precisions.items():
            for precision in precisions:
                # Asked of no model in particular: what is missing here is missing for all.
                why = spec.refuses({}, precision, device) if spec.refuses else None
                if why is None:
                    places.setdefault(precision, []).append(f"{name} on {device}")
                else:
                    refused.setdefault(precision, f"not with {name} on {device}: {why}")
        for (device, precision), why in spec.refused.items():
            refused.setdefault(precision, f"not on {device}: {why}")
    lines = [Listed(word, True, ", ".join(where)) for word, where in places.items()]
    others = [w for w in refused if w not in places and w not in ALIASES]
    lines += [Listed(word, False, refused[word]) for word in others]
    for word, alias in ALIASES.items():
        meant = [name for name in alias.meant if name in places]
        lines.append(Listed(word, bool(meant), "an older name of " + " or ".join(alias.meant)))
    return lines


def _tasks() -> list[Listed]:
    from wattmark import registry
    from wattmark.tasks.find import find_task

    lines = []
    for name in registry.table("tasks"):
        try:
            task = registry.load("tasks", name)
            usage = getattr(task, "usage", None)
            lines.append(_usage(name, task) if usage else _task(name, find_task(name)))
        except WattmarkError as reason:
            lines.append(Listed(name, False, str(reason)))
    lines.append(Listed("<file>", True, "a UTF-8 file with a query a line, or JSONL"))
    return lines


def _task(name: str, task: Task) -> Listed:
    """A task that ships queries; lengths are of what it asks, since tokens are a model's own."""
    from statistics import median

    queries = task.queries(None, 0)
    lengths = [len(query.prompt) for query in queries]
    scored = sum(query.answer is not None for query in queries)
    models = "any model" if task.kind == "any" else f"{task.kind} models"
    details = {
        "asks_for": task.name if task.name != name else None,
        "kind": task.kind,
        "queries": len(queries),
        "with_answers": scored,
        "prompt_characters": f"{min(lengths)} to {max(lengths)}, median {median(lengths):.0f}",
        "licence": getattr(task, "licence", None),
        "version": task.version,
        "options": dict(getattr(task, "options", {})),
    }
    about = f"{len(queries)} queries, {models}: {getattr(task, 'about', '')}"
    return Listed(name, True, about.rstrip(": "), details)


def _usage(name: str, task: Any) -> Listed:
    """A task that ships no queries: how it is asked for."""
    details = {
        "asks_for": task.usage,
        "kind": task.kind,
        "licence": task.licence,
        "options": dict(task.options),
    }
    return Listed(name, True, task.about, details)


def _sensors() -> list[Listed]:
    from wattmark.meter.discover import discover

    lines = []
    for found in discover():
        for sensor in found.sensors:
            info = sensor.info
            gain = f", gain ± {info.gain_uncertainty:.0%}" if info.gain_uncertainty else ""
            about = f"{info.component}, {info.provenance}{gain}: {info.source}"
            lines.append(Listed(info.name, True, about))
            sensor.close()
        if not found.sensors:
            lines.append(Listed(found.family, False, f"{found.missing} {found.fix or ''}".strip()))
    return lines


def _suites() -> list[Listed]:
    from wattmark.runner.suite import outline, suite_names

    lines = []
    for name in suite_names():
        suite = outline(name)  # a list must not download the models of a study
        lines.append(Listed(name, True, f"{', '.join(suite.models)} × {suite.replicates}"))
    return lines


_LISTS = {
    "models": _models,
    "backends": _backends,
    "precisions": _precisions,
    "tasks": _tasks,
    "sensors": _sensors,
    "suites": _suites,
}
