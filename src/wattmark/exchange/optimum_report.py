"""Reading optimum-benchmark's JSON: what it must hold, and where it is wrong.

Its own dataclasses (`BenchmarkReport`, `TargetMeasurements`, `Latency`, `Energy`, `Memory` of
version 0.6) are what is read here; versions before 0.4 have no target `generate`, which is then
prefill and decode together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattmark.errors import InputError, MistakesError
from wattmark.units import J_PER_KWH

CONFIG = "benchmark_config.json"
MOST_BYTES = 512 * 1024**2
MOST_MISTAKES = 10
LARGEST = 1e15
UNITS = {"latency": "s", "energy": "kWh", "memory": "MB"}
GENERATION = ("prefill", "decode")
FORWARD = "forward"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What was measured of one target. Energy is of one call, joules by CodeCarbon's part."""

    latencies: tuple[float, ...] = ()
    rate: float | None = None
    """Units of work (samples, tokens) a second, over the mean latency."""
    joules: Mapping[str, float] = field(default_factory=dict)
    total_j: float | None = None
    megabytes: Mapping[str, float] = field(default_factory=dict)

    @property
    def volume(self) -> int | None:
        """Units of work of one call: its throughput is they ÷ the mean latency."""
        if self.rate is None or not self.latencies:
            return None
        return round(self.rate * sum(self.latencies) / len(self.latencies))


@dataclass(frozen=True)
class Report:
    """One benchmark: its targets by name, and what was run, empty where nobody tells."""

    path: Path
    phases: Mapping[str, Phase]
    config: Mapping[str, Any]

    def phase(self, *names: str) -> Phase:
        """The first of these targets that is there; an empty one otherwise."""
        return next((self.phases[name] for name in names if name in self.phases), Phase())

    def told(self, *keys: str) -> Any:
        """A value of the configuration; None where it is not told."""
        value: Any = self.config
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def read_report(path: Path) -> Report:
    """A `benchmark_report.json`, with the configuration beside it, or a `benchmark.json`.

    Raises InputError for a file that is neither, MistakesError for one that has wrong values.
    """
    whole = _json(path)
    if isinstance(whole.get("report"), dict):
        report, config = whole["report"], whole.get("config") or {}
    else:
        report, config = whole, _config_beside(path)
    targets = {name: value for name, value in report.items() if _is_target(value)}
    _check_targets(path, targets, report)
    mistakes: list[str] = []
    phases = {name: _phase(value, name, mistakes) for name, value in targets.items()}
    _check_latencies(phases, mistakes)
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        told = [f"{path}: {line}" for line in mistakes[:MOST_MISTAKES]]
        raise MistakesError(
            "This is no whole report of optimum-benchmark:",
            [*told, f"{path}: {more} more of it."] if more > 0 else told,
        )
    return Report(path, phases, config if isinstance(config, dict) else {})


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is larger than {MOST_BYTES // 1024**2} MiB: no report is.")
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except json.JSONDecodeError as reason:
        raise InputError(
            f"{path}, line {reason.lineno}, column {reason.colno}: no JSON: {reason.msg}.",
            "A benchmark.json may be cut off: optimum-benchmark 0.6 cannot write that of a "
            "generation. Import the benchmark_report.json beside it.",
        ) from reason
    except (UnicodeDecodeError, RecursionError, ValueError) as reason:
        raise InputError(f"{path} is no JSON in UTF-8: {reason}.") from reason
    if not isinstance(whole, dict):
        raise InputError(
            f"{path} holds a {type(whole).__name__}, where a report is an object.",
            "Give optimum-benchmark's benchmark_report.json.",
        )
    return whole


def _config_beside(path: Path) -> dict[str, Any]:
    beside = path.with_name(CONFIG)
    return _json(beside) if beside.is_file() and beside != path else {}


def _is_target(value: Any) -> bool:
    return isinstance(value, dict) and bool({"latency", "energy", "memory"} & value.keys())


def _check_targets(path: Path, targets: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    if set(GENERATION) <= targets.keys() or FORWARD in targets:
        return
    there = ", ".join(str(name) for name in list(report)[:12]) or "nothing"
    raise InputError(
        f"{path} is no report that can be imported: it holds {there[:300]}; a report of text "
        "generation holds prefill and decode, one of an encoder forward.",
        "Give the benchmark_report.json of a run with scenario=inference.",
    )


def _phase(target: Mapping[str, Any], name: str, mistakes: list[str]) -> Phase:
    for part, unit in UNITS.items():
        found = target.get(part)
        told = found.get("unit") if isinstance(found, dict) else unit
        if told != unit:
            mistakes.append(f"{name}.{part}.unit is {told!r}; it must be '{unit}'.")
    latency = _object(target, "latency")
    energy = _object(target, "energy")
    kwh = _numbers(energy, f"{name}.energy", ("cpu", "ram", "gpu", "total"), mistakes, signed=True)
    total = kwh.pop("total", None)
    megabytes = ("max_ram", "max_allocated", "max_global_vram")
    return Phase(
        latencies=_latencies(latency.get("values"), f"{name}.latency.values", mistakes),
        rate=_numbers(
            _object(target, "throughput"), f"{name}.throughput", ("value",), mistakes
        ).get("value"),
        joules={part: each * J_PER_KWH for part, each in kwh.items()},
        total_j=None if total is None else total * J_PER_KWH,
        megabytes=_numbers(_object(target, "memory"), f"{name}.memory", megabytes, mistakes),
    )


def _object(target: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = target.get(key)
    return found if isinstance(found, dict) else {}


def _latencies(values: Any, place: str, mistakes: list[str]) -> tuple[float, ...]:
    if values is None:
        return ()
    if not isinstance(values, list):
        mistakes.append(f"{place} is a {type(values).__name__}; it must be a list of seconds.")
        return ()
    wrong = [at for at, value in enumerate(values) if not _is_number(value)]
    mistakes += [
        f"{place}[{at}] is {values[at]!r:.60}; it must be seconds, 0 or more."
        for at in wrong[:MOST_MISTAKES]
    ]
    return () if wrong else tuple(float(value) for value in values)


def _numbers(
    found: Mapping[str, Any],
    place: str,
    keys: Sequence[str],
    mistakes: list[str],
    *,
    signed: bool = False,
) -> dict[str, float]:
    numbers = {}
    for key in keys:
        value = found.get(key)
        if value is None:
            continue
        # A decode's energy is a difference, and may come out below zero.
        if not _is_number(abs(value) if signed and isinstance(value, int | float) else value):
            mistakes.append(f"{place}.{key} is {value!r:.60}; it must be a number.")
            continue
        numbers[key] = float(value)
    return numbers


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value <= LARGEST


def _check_latencies(phases: Mapping[str, Phase], mistakes: list[str]) -> None:
    """The latencies that a run is made of are there, and of the same calls."""
    if mistakes:
        return
    wanted = GENERATION if set(GENERATION) <= phases.keys() else (FORWARD,)
    mistakes += [
        f"{name}.latency has no values: run the benchmark with scenario.latency=true."
        for name in wanted
        if not phases[name].latencies
    ]
