"""`wattmark calibrate`: find out what the sensors are, and keep it for later runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import print_json, say, show
from wattmark.errors import InputError, WattmarkError

if TYPE_CHECKING:
    from pathlib import Path

    from wattmark.energy.probe import Figure, Probe
    from wattmark.meter import Sensor
    from wattmark.monitor.calibrate import Findings, Plan, Probed

NOT_KEPT = "not kept: nothing of this machine was read"


def calibrate(
    sensor: Annotated[
        list[str] | None, typer.Option(help="Sensors to probe; default: all that are found.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Seconds of each load, the CPU's and the GPU's.")
    ] = 22.0,
    device: Annotated[
        list[str] | None,
        typer.Option(help="Loads: cpu, cuda, cuda:N; default: the CPU, and each GPU that is read."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="A wall meter's name: gain and offset of the others against it."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done; no load, nothing kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Probe the sensors under a known load: update period, window, lag, noise, idle, full load.

    Loads the CPUs (and GPUs) by turns. What is found is kept for later runs on this machine; what
    cannot be told is said, with the reason.
    """
    from wattmark.meter.discover import discover, sensors
    from wattmark.monitor.calibrate import plan

    found = discover(sensor or ())
    opened = sensors(found)
    try:
        if not opened:
            why = " ".join(one.missing for one in found if one.missing and sensor)
            raise InputError(f"No sensor can be read here. {why}".strip(), "See: wattmark doctor.")
        planned = plan(opened, seconds, device or (), reference)
        if dry_run:
            _print_plan(planned, as_json=as_json)
            return
        _probe(planned, reference, as_json=as_json)
    finally:
        for one in opened:
            one.close()


def _print_plan(planned: Plan, *, as_json: bool) -> None:
    from wattmark.store.calibrations import default_path
    from wattmark.units import clock_time

    if as_json:
        phases = [
            {"load": p.name, "works": p.works, "sensors": [s.info.name for s in p.sensors]}
            for p in planned.phases
        ]
        print_json({"phases": phases, "seconds": planned.seconds, "no_gpu": planned.no_gpu})
        return
    for phase in planned.phases:
        names = ", ".join(_names(phase.sensors))
        show(f"{phase.name} load on {', '.join(phase.works)}, {planned.seconds:g} s: {names}")
    if planned.no_gpu:
        show(f"left out: {planned.no_gpu}")
    show(f"About {clock_time(planned.estimated_s)}; findings go to {default_path()}.")
    show("Nothing was loaded, nothing was kept.")


def _names(opened: tuple[Sensor, ...]) -> list[str]:
    return [one.info.name for one in opened]


def _probe(planned: Plan, reference: str | None, *, as_json: bool) -> None:
    """Go through it, keep each finding as it comes, and print all at the end."""
    from wattmark.monitor.calibrate import calibrate as go
    from wattmark.runner.interrupt import Interrupts

    keeper = _Keeper()
    with Interrupts() as interrupts:
        keeper.hold = interrupts.held
        try:
            findings = go(planned, keeper, reference=reference, say=say)
        except KeyboardInterrupt:
            kept = f"{keeper.kept} findings kept" if keeper.kept else "Nothing new was kept"
            say(f"Interrupted. {kept}.")
            raise typer.Exit(130) from None
    if as_json:
        print_json(_plain(findings, planned, keeper))
    else:
        _print(findings, planned, keeper)
    if keeper.failed is not None:
        raise keeper.failed
    if not findings.sensors:
        raise WattmarkError("No sensor was probed.", "See the lines above for the reason.")


class _Keeper:
    """Keeps findings of this machine; a failure is told once all is printed."""

    def __init__(self) -> None:
        from wattmark.meter.calibrated import Boards

        self.hold: Callable[[], AbstractContextManager[None]] = nullcontext
        self.kept = 0
        self.path: Path | None = None
        self.failed: WattmarkError | None = None
        self._boards = Boards()

    def __call__(self, probed: Probed) -> None:
        from wattmark.runner.machine import now
        from wattmark.store.calibrations import keep

        if probed.info.instead is not None or self.failed is not None:
            return
        try:
            with self.hold():
                self.path = keep(probed.entry(self._boards.identity(probed.info), now()))
                self.kept += 1
        except WattmarkError as reason:
            self.failed = reason


def _plain(findings: Findings, planned: Plan, keeper: _Keeper) -> dict[str, Any]:
    return {
        "sensors": [
            {
                "info": asdict(one.info),
                "probes": [probe.as_plain() for probe in one.probes],
                "against": None if one.against is None else one.against.as_plain(),
                "against_why": one.against_why,
                "kept": one.info.instead is None and keeper.failed is None,
            }
            for one in findings.sensors
        ],
        "disagreements": [asdict(one) for one in findings.disagreements],
        "doubts": [asdict(doubt) for doubt in findings.doubts],
        "no_gpu": planned.no_gpu,
        "cost_cpu_s": findings.cost_cpu_s,
        "path": None if keeper.path is None else str(keeper.path),
    }


def _print(findings: Findings, planned: Plan, keeper: _Keeper) -> None:
    for one in findings.sensors:
        kept = "" if one.info.instead is None else f" ({NOT_KEPT})"
        show(f"{one.info.name}: {one.info.source}{kept}")
        for line in _sensor_lines(one):
            show(f"  {line}")
    for pair in findings.disagreements:
        idle, loaded = (_percent(figure) for figure in (pair.idle, pair.loaded))
        show(f"{pair.device}: {pair.second} over {pair.first}: {idle} at idle, {loaded} loaded")
    if planned.no_gpu:
        show(f"{planned.no_gpu}.")
    for doubt in findings.doubts:
        say(f"! {doubt.message}\n  {doubt.hint}".rstrip())
    say(f"Polling took {findings.cost_cpu_s:.1f} s of CPU time, which idle and load include.")
    if keeper.path is not None:
        say(f"Kept for later runs: {keeper.path}")


def _sensor_lines(one: Probed) -> Iterator[str]:
    for probe in one.probes:
        if len(one.probes) > 1:
            yield f"its {probe.channel}:"
        yield from probe_lines(probe)
    if one.against is not None:
        yield against_line(one.against.as_plain())
    elif one.against_why:
        yield f"{'–':<18} against the reference: {one.against_why}"


_FIELDS = {
    "update_period_s": ("update period", "s"),
    "update_jitter_s": ("jitter", "s"),
    "averaging_window_s": ("averaging window", "s"),
    "lag_s": ("lag", "s"),
    "noise_w": ("noise (SD)", "W"),
    "idle_w": ("idle", "W"),
    "loaded_w": ("full load", "W"),
    "quantum_j": ("quantum", "J"),
    "quantum_w": ("quantum", "W"),
}


def probe_lines(probe: Probe) -> list[str]:
    """What was found, a line a figure; then what was not, a line a reason."""
    lines = []
    for name, (label, unit) in _FIELDS.items():
        value = getattr(probe, name)
        if value is not None:
            lines.append(f"{label:<18} {_figure(value, unit)}")
    return lines + [f"{'–':<18} {', '.join(what)}: {why}" for why, what in _reasons(probe).items()]


def probe_summary(probe: Probe) -> str:
    """What was found, in one line."""
    parts = []
    for name, (label, unit) in _FIELDS.items():
        value = getattr(probe, name)
        if value is not None:
            parts.append(f"{label} {_short(value, unit)}")
    return ", ".join(parts) or "nothing could be told"


def against_line(against: Mapping[str, Any]) -> str:
    """Gain and offset against the reference; from what is stored too."""
    gain, offset, lag = against["gain"], against["offset_w"], against.get("lag_s")
    later = "" if lag is None else f", {lag['value']:.3g} s later"
    return (
        f"{'against':<18} {against['reference']} = {gain['value']:.4g} "
        f"({gain['low']:.4g} to {gain['high']:.4g}) × it + {offset['value']:.3g} W "
        f"({offset['low']:.3g} to {offset['high']:.3g}){later}; shown, never applied"
    )


def _reasons(probe: Probe) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, why in probe.reasons.items():
        grouped.setdefault(why, []).append(_FIELDS[name][0])
    return grouped


def _figure(value: Figure | float, unit: str) -> str:
    from wattmark.units import engineering

    if isinstance(value, float):
        return engineering(value, unit)
    low, high = engineering(value.low, unit, 4), engineering(value.high, unit, 4)
    return f"{engineering(value.value, unit, 4)} ({low} to {high})"


def _short(value: Figure | float, unit: str) -> str:
    from wattmark.units import engineering

    return engineering(value if isinstance(value, float) else value.value, unit)


def _percent(figure: Figure | None) -> str:
    if figure is None:
        return "not told"
    return f"{figure.value:+.1%} ({figure.low:+.1%} to {figure.high:+.1%})"
