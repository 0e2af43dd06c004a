"""Probing the sensors: each polled as fast as is sensible while a load goes on and off.

One phase a load (CPU, GPU). In each, the sensors that this load is meant to move are polled, every
one by a meter of its own so that a slow one holds up no other; afterwards `energy.probe` finds
what they are. Each finding is handed over as soon as it is made: an interrupt keeps it.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from wattmark.energy.alignment import late
from wattmark.energy.probe import Probe, probe
from wattmark.energy.probe_compare import Against, Disagreement, against, disagreement
from wattmark.energy.probe_response import Load
from wattmark.errors import InputError, WattmarkError
from wattmark.meter import Sensor
from wattmark.meter.load import QUIET_CPUS, cpu_clock, foreign_cpus, wait_for_quiet
from wattmark.meter.meter import Meter
from wattmark.monitor.disturbed import disturbances
from wattmark.monitor.loads import GatedLoad, run_steps, steps
from wattmark.schema import Doubt, Sample, SensorInfo
from wattmark.store.calibrations import Calibration, Identity

DEFAULT_S = 22.0
QUIET_WAIT_S = 3.0
# The fastest polling, and the least time between two readings as a multiple of what one takes.
FASTEST_S, PAUSES = 0.0006, 3
# A model has no rhythm of its own to be seen.
MODEL_S = 0.05
LOOKS = 9
SETTLE_S = 0.5
BUSY = "foreign-load"


@dataclass(frozen=True)
class Phase:
    """One load, the processes that make it, and the sensors that are polled meanwhile."""

    name: str
    works: tuple[str, ...]
    sensors: tuple[Sensor, ...]


@dataclass(frozen=True)
class Plan:
    """What will be done. `no_gpu` says why there is no GPU load, None where there is one."""

    phases: tuple[Phase, ...]
    seconds: float
    lengths: tuple[float, ...]
    no_gpu: str | None

    @property
    def estimated_s(self) -> float:
        """Seconds that it takes, roughly."""
        return sum(self.seconds + (12.0 if phase.name == "GPU" else 3.0) for phase in self.phases)


@dataclass(frozen=True)
class Probed:
    """What was found of one sensor, a probe a channel."""

    info: SensorInfo
    probes: tuple[Probe, ...]
    against: Against | None = None
    against_why: str | None = None
    same_device: bool = False
    """Whether the reference measures this very device, and nothing else."""
    reference_gain_uncertainty: float | None = None
    foreign_cpus: float | None = None

    def entry(self, identity: Identity, when: str) -> Calibration:
        """As it is kept."""
        told = None
        if self.against is not None:
            told = {
                **self.against.as_plain(),
                "same_device": self.same_device,
                "reference_gain_uncertainty": self.reference_gain_uncertainty,
            }
        plain = tuple(one.as_plain() for one in self.probes)
        return Calibration(
            identity=identity,
            probed_at=when,
            probes=plain,
            against=told,
            foreign_cpus=self.foreign_cpus,
        )


@dataclass(frozen=True)
class Findings:
    """All that was found; `cost_cpu_s` is what polling took."""

    sensors: tuple[Probed, ...]
    disagreements: tuple[Disagreement, ...]
    doubts: tuple[Doubt, ...]
    cost_cpu_s: float


def plan(
    sensors: Sequence[Sensor],
    seconds: float = DEFAULT_S,
    devices: Sequence[str] = (),
    reference: str | None = None,
) -> Plan:
    """Which loads there will be, for which sensors.

    `devices` are cpu, cuda or cuda:N; none means the CPU, and every GPU that a sensor tells of.
    Raises InputError for an unknown device or reference, and where there is no sensor.
    """
    if not sensors:
        raise InputError("There is no sensor to probe.", "See what this machine has: doctor.")
    names = [sensor.info.name for sensor in sensors]
    if reference is not None and reference not in names:
        known = ", ".join(names)
        raise InputError(f"The reference '{reference}' is no sensor here. There is: {known}.")
    lengths = tuple(steps(seconds))
    gpu_works, no_gpu = _gpu_works(sensors, devices)
    groups = {"CPU": _cpu_works(devices), "GPU": gpu_works}
    phases = []
    for name, works in groups.items():
        chosen = [s for s in sensors if _phase_of(s.info, groups) == name]
        always = [s for s in sensors if s.info.name == reference and s not in chosen]
        if works and chosen:
            phases.append(Phase(name, works, (*chosen, *always)))
    return Plan(tuple(phases), seconds, lengths, no_gpu)


def calibrate(
    planned: Plan,
    keep: Callable[[Probed], None],
    *,
    reference: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Findings:
    """Go through the phases; `keep` gets each sensor's findings as soon as they are made.

    A load that does not run is a doubt, and its sensors stay unprobed. Whatever ends it, no
    process of the load is left.
    """
    probed: list[Probed] = []
    doubts: list[Doubt] = []
    cost_s = 0.0
    for phase in planned.phases:
        say(f"{phase.name} load, {planned.seconds:g} s: {', '.join(_names(phase.sensors))}")
        try:
            seen = _watched(phase, planned, say)
        except WattmarkError as reason:
            doubts.append(Doubt("no-load", reason.message, reason.hint or ""))
            continue
        cost_s += seen.cost_cpu_s
        doubts += _disturbed(phase, seen)
        for found in _found(phase, seen, reference, planned.no_gpu):
            if found.info.name not in [one.info.name for one in probed]:
                keep(found)
                probed.append(found)
    return Findings(tuple(probed), tuple(_disagreements(probed)), tuple(doubts), cost_s)


@dataclass(frozen=True)
class _Seen:
    load: Load
    samples: dict[str, list[Sample]]
    foreign_cpus: float | None
    doubts: tuple[Doubt, ...]
    cost_cpu_s: float


def _watched(phase: Phase, planned: Plan, say: Callable[[str], None]) -> _Seen:
    """Poll the sensors of a phase through its load."""
    lengths = steps(planned.seconds, square=phase.name == "GPU")
    with GatedLoad(phase.name, phase.works) as load, ExitStack() as stack:
        _wait_for_quiet(say)
        meters = {s.info.name: Meter([s], polling_s(s)) for s in phase.sensors}
        for meter in meters.values():
            stack.enter_context(meter)
        time.sleep(SETTLE_S)  # what the start of all this drew must not count as idle
        before = cpu_clock(load.cpu_s())
        ran = run_steps(load, lengths)
        after = cpu_clock(load.cpu_s())
        stack.close()
        samples = {name: meter.take() for name, meter in meters.items()}
        cost_s = sum(meter.cost_cpu_s for meter in meters.values())
        doubts = [d for d in disturbances("measured", before, after) if d.code == "suspended"]
        return _Seen(ran, samples, foreign_cpus(before, after), tuple(doubts), cost_s)


def _wait_for_quiet(say: Callable[[str], None]) -> None:
    told: list[float] = []

    def once(used: float) -> None:
        if not told:
            say(f"waiting for quiet, {QUIET_WAIT_S:g} s at most: others use {used:.2f} CPUs")
        told.append(used)

    wait_for_quiet(QUIET_WAIT_S, once)


def polling_s(sensor: Sensor) -> float:
    """The interval at which a sensor is polled: often, and yet mostly not."""
    if sensor.info.kind == "estimate":
        return MODEL_S
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        sensor.read()
        took.append(time.perf_counter() - began)
    return max(FASTEST_S, PAUSES * median(took))


def _found(
    phase: Phase, seen: _Seen, reference: str | None, no_gpu: str | None
) -> Iterable[Probed]:
    """The sensors' probes, one after another; the reference's first, for the others' sake."""
    of_reference = None
    for sensor in sorted(phase.sensors, key=lambda s: s.info.name != reference):
        info = sensor.info
        probes = _probes(info, seen)
        if phase.name == "CPU" and info.component == "gpu" and info.instead is None:
            probes = tuple(one.unloaded(no_gpu or "no GPU load") for one in probes)
        found = Probed(info, probes, foreign_cpus=seen.foreign_cpus)
        if info.name == reference:
            of_reference = found
        elif of_reference is not None:
            found = _compared(found, of_reference)
        yield found


def _probes(info: SensorInfo, seen: _Seen) -> tuple[Probe, ...]:
    """A probe of the channel that energy comes from, and one of the power told beside it."""
    samples = seen.samples[info.name]
    main = late(probe(info, samples, seen.load), info, samples, seen.load)
    if main.channel == "power" or not any(sample.power_w is not None for sample in samples):
        return (main,)
    return main, probe(info, samples, seen.load, "power")


def _compared(found: Probed, reference: Probed) -> Probed:
    line = against(found.probes[0], reference.probes[0], reference.info.name)
    if isinstance(line, str):
        return replace(found, against_why=line)
    one, other = found.info, reference.info
    return replace(
        found,
        against=line,
        same_device=(one.component, one.device) == (other.component, other.device),
        reference_gain_uncertainty=other.gain_uncertainty,
    )


def _disagreements(probed: Iterable[Probed]) -> Iterable[Disagreement]:
    """Every two measuring channels of one device."""
    places: dict[tuple[str, str], list[tuple[str, Probe]]] = {}
    for one in probed:
        if one.info.kind != "estimate":
            place = places.setdefault((one.info.component, one.info.device), [])
            place += [(f"{one.info.name} ({each.channel})", each) for each in one.probes]
    for (_, device), channels in places.items():
        for first, second in combinations(channels, 2):
            yield disagreement(device, first, second)


def _disturbed(phase: Phase, seen: _Seen) -> Iterable[Doubt]:
    yield from seen.doubts
    if seen.foreign_cpus is not None and seen.foreign_cpus > QUIET_CPUS:
        yield Doubt(
            BUSY,
            f"Others used {seen.foreign_cpus:.2f} CPUs during the {phase.name} load.",
            "Idle and loaded power include theirs, and lags are blurred: stop them, probe again.",
        )


def _phase_of(info: SensorInfo, groups: dict[str, tuple[str, ...]]) -> str:
    """The load that moves a sensor most: what it measures, or for a whole the GPU's."""
    on_gpu = info.component in {"gpu", "soc", "board", "wall"} or not groups["CPU"]
    return "GPU" if on_gpu and groups["GPU"] else "CPU"


def _cpu_works(devices: Sequence[str]) -> tuple[str, ...]:
    if devices and "cpu" not in devices:
        return ()
    if hasattr(os, "sched_getaffinity"):
        return tuple(f"cpu:{cpu}" for cpu in sorted(os.sched_getaffinity(0)))
    return tuple(f"cpu:{cpu}" for cpu in range(os.cpu_count() or 1))


def _gpu_works(
    sensors: Sequence[Sensor], devices: Sequence[str]
) -> tuple[tuple[str, ...], str | None]:
    """A work for each CUDA device, or why there is none."""
    for device in devices:
        number = device.removeprefix("cuda:")
        if device not in {"cpu", "cuda"} and not (device != number and number.isdecimal()):
            raise InputError(f"Unknown device '{device}'.", "There is: cpu, cuda, cuda:N.")
    real = [s for s in sensors if s.info.component == "gpu" and s.info.instead is None]
    boards = list(dict.fromkeys(s.info.device for s in real))
    named = tuple(device for device in devices if device.startswith("cuda:"))
    if devices and not named and "cuda" not in devices:
        return (), "no GPU load: --device leaves it out"
    if not boards and not named:
        return (), "no GPU"
    if importlib.util.find_spec("torch") is None:
        return (), "no GPU load: torch is not installed"
    return named or tuple(f"cuda:{number}" for number in range(len(boards))), None


def _names(sensors: Iterable[Sensor]) -> list[str]:
    return [sensor.info.name for sensor in sensors]
