"""`wattmark list`: what there is by name, whether it is available here, and why not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from wattmark.cli.console import print_json, show
from wattmark.errors import InputError, WattmarkError, unknown

KINDS = ("models", "backends", "precisions", "tasks", "sensors", "suites")


@dataclass(frozen=True)
class Listed:
    """One line of a list."""

    name: str
    available: bool
    about: str


def list_names(
    kind: Annotated[str | None, typer.Argument(help=", ".join(KINDS) + "; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List models, backends, precisions, tasks, sensors and suites."""
    if kind is not None and kind not in KINDS:
        raise InputError(unknown("list", kind, KINDS))
    found = {word: _LISTS[word]() for word in KINDS if kind in (None, word)}
    if as_json:
        print_json({word: [asdict(line) for line in lines] for word, lines in found.items()})
        return
    for word, lines in found.items():
        show(f"{word}:")
        width = max([22, *(len(line.name) for line in lines)])
        for line in lines:
            mark = "✓" if line.available else "–"
            show(f"  {mark} {line.name:<{width}} {line.about}")


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
    from wattmark.models.catalog import WEIGHT_BITS, catalogue
    from wattmark.models.config import architecture
    from wattmark.runner.foreseen import shape_of
    from wattmark.runner.room import free_bytes
    from wattmark.units import BYTES_PER_GIB, BYTES_PER_KIB

    device = "cuda" if (describe() or {}).get("gpus") else "cpu"
    free = free_bytes(device)
    lines = []
    for shape in catalogue():
        sizes = {word: shape.weight_bytes(word) for word in WEIGHT_BITS}
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
            task = find_task(name)
            count = len(task.queries(None, 0))
        except WattmarkError as reason:
            lines.append(Listed(name, False, str(reason)))
            continue
        about = f"{count} queries, for {task.kind} models, version {task.version}"
        lines.append(Listed(name, True, about))
    lines.append(Listed("<file>", True, "a UTF-8 file with a query a line, or JSONL"))
    return lines


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
    from wattmark.runner.suite import read_suite, suite_names

    lines = []
    for name in suite_names():
        try:
            suite = read_suite(name, {})
        except WattmarkError as reason:
            lines.append(Listed(name, False, str(reason)))
            continue
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
