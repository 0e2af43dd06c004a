"""The live view: a block of lines for each sensor, so that sixty columns are enough.

Names and sources come from drivers and plugins: they are stripped of escapes and never read as
markup.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group
from rich.text import Text

from wattmark.monitor.live import SensorNow, Snapshot
from wattmark.report.format import figure, plain, provenance
from wattmark.schema import Estimate
from wattmark.units import clock_time, engineering, gibibytes

CONFIDENCE = 0.95
BARS = "▁▂▃▄▅▆▇█"
PLAIN_BARS = "_.-:=+*#"
MOST_SPARK = 60
INDENT = "  "


def draw(snapshot: Snapshot, console: Console, *, ended: bool = False, note: str = "") -> Group:
    """The whole view for a console of that width, a note below its head; nothing is printed."""
    unicode = "utf" in console.encoding.lower()
    head = f"{clock_time(snapshot.seconds)}" + ("" if ended else ", Ctrl-C ends")
    lines = [Text.assemble(("wattmark watch", "bold"), f"  {head}")]
    lines += [Text(note, style="dim")] if note else []
    lines += [*_total(snapshot), Text("")]
    for sensor in snapshot.sensors:
        lines += [_name(sensor), _figures(sensor)]
        lines += _recent(sensor, console.width, unicode=unicode)
        if gauges := _gauges(sensor):
            lines.append(Text(INDENT + gauges))
        lines += _trouble(sensor)
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def one_line(snapshot: Snapshot) -> str:
    """A look in one line, for a log."""
    parts = [f"{clock_time(snapshot.seconds):>9}", f"total {_watts(snapshot.power_w)}"]
    parts.append(_total_joules(snapshot))
    for sensor in snapshot.sensors:
        said = f"{plain(sensor.info.name, 40)} {_watts(sensor.power_w)}, {_joules(sensor)}"
        parts.append(f"{said}, {plain(sensor.info.provenance, 20)}")
    if snapshot.faults:
        parts.append(f"{snapshot.faults} fault{_s(snapshot.faults)}")
    return "  ".join(parts)


def as_plain(snapshot: Snapshot) -> dict[str, Any]:
    """A look for programs; None is not measured."""
    return {
        "seconds": snapshot.seconds,
        "power_w": snapshot.power_w,
        "total": asdict(snapshot.total),
        "sensors": [_sensor_as_plain(sensor) for sensor in snapshot.sensors],
    }


def sparkline(watts: Sequence[float], width: int, *, unicode: bool = True) -> str:
    """The power of the last minutes as bars from 0 to its highest; the mean where many share one.

    '' for fewer than two readings or no room.
    """
    width = min(width, MOST_SPARK)
    if len(watts) < 2 or width < 4:
        return ""
    bars = BARS if unicode else PLAIN_BARS
    count = min(width, len(watts))
    edges = [index * len(watts) // count for index in range(count + 1)]
    means = [sum(watts[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    highest = max(watts)
    if highest <= 0:
        return bars[0] * count
    return "".join(bars[min(len(bars) - 1, int(len(bars) * mean / highest))] for mean in means)


def _total(snapshot: Snapshot) -> list[Text]:
    total = snapshot.total
    words = provenance(total.provenance, total.gain_uncertainty)
    summed = f" of {', '.join(total.components)}" if total.components else ""
    return [
        Text.assemble(
            "total  ", (_watts(snapshot.power_w), "bold green"), f"   {_total_joules(snapshot)}"
        ),
        Text(f"       {plain(words + summed)}", style="dim"),
    ]


def _total_joules(snapshot: Snapshot) -> str:
    total = snapshot.total
    return _interval(total.gross_j, total.low_j, total.high_j)


def _name(sensor: SensorNow) -> Text:
    info = sensor.info
    place = plain(f"{info.component} {info.device}", 30)
    words = plain(provenance(info.provenance, info.gain_uncertainty), 60)
    return Text.assemble((place, "bold"), f"  {plain(info.name, 40)}  ", (words, "dim"))


def _figures(sensor: SensorNow) -> Text:
    style = "green" if sensor.up else "yellow"
    return Text.assemble(INDENT, (_watts(sensor.power_w), style), f"   {_joules(sensor)}")


def _gauges(sensor: SensorNow) -> str:
    latest = sensor.latest
    if latest is None:
        return ""
    told = (
        None if latest.temperature_c is None else f"{latest.temperature_c:.0f} °C",
        None if latest.memory_bytes is None else gibibytes(latest.memory_bytes),
        None if latest.clock_hz is None else engineering(latest.clock_hz, "Hz"),
        None if latest.utilization is None else f"{100 * latest.utilization:.0f} % busy",
        None if not latest.throttle else f"throttled: {plain(latest.throttle, 80)}",
    )
    return "   ".join(word for word in told if word is not None)


def _recent(sensor: SensorNow, width: int, *, unicode: bool) -> list[Text]:
    """The power of the last minutes, and what the highest bar stands for."""
    highest = f" ≤ {_watts(max(sensor.history_w, default=None))}"
    if spark := sparkline(sensor.history_w, width - len(INDENT + highest), unicode=unicode):
        return [Text.assemble(INDENT, (spark, "cyan"), (highest, "dim"))]
    return []


def _trouble(sensor: SensorNow) -> list[Text]:
    if not sensor.faults:
        return []
    said = f"{sensor.faults} fault{_s(sensor.faults)}, the last: {plain(sensor.last_fault, 200)}"
    return [Text(f"{INDENT}! {said}", style="yellow")]


def _joules(sensor: SensorNow) -> str:
    joules = sensor.joules
    said = _interval(joules.gross_j, joules.low_j, joules.high_j)
    return f"{said} ({sensor.why})" if sensor.why else said


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    return figure(Estimate("energy_j", value, low, high, CONFIDENCE, 1, "J"))


def _watts(power_w: float | None) -> str:
    return engineering(power_w, "W")


def _sensor_as_plain(sensor: SensorNow) -> dict[str, Any]:
    info, latest, joules = sensor.info, sensor.latest, sensor.joules
    return {
        "sensor": plain(info.name),
        "component": plain(info.component),
        "device": plain(info.device),
        "source": plain(info.source),
        "provenance": plain(info.provenance),
        "gain_uncertainty": info.gain_uncertainty,
        "up": sensor.up,
        "power_w": sensor.power_w,
        "energy_j": joules.gross_j,
        "energy_low_j": joules.low_j,
        "energy_high_j": joules.high_j,
        "method": joules.method,
        "why": sensor.why,
        "temperature_c": latest and latest.temperature_c,
        "memory_bytes": latest and latest.memory_bytes,
        "clock_hz": latest and latest.clock_hz,
        "utilization": latest and latest.utilization,
        "throttle": latest and latest.throttle and plain(latest.throttle),
        "faults": sensor.faults,
        "last_fault": sensor.last_fault and plain(sensor.last_fault),
    }


def _s(count: int) -> str:
    return "" if count == 1 else "s"
