"""Temperature and clock while a section's hottest replicate ran: did the device slow down?

Drawn only where a sensor read temperatures; means over even stretches of time, so that a long
trace stays small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import PHASES, Figure, Rows
from wattmark.report.format import plain, significant
from wattmark.report.labels import component_name, group_title
from wattmark.report.series import HEIGHT, Sheet, rounded
from wattmark.store.reader import Run
from wattmark.units import NS_PER_S

STEPS = 240
GIGA = 1e9

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


def thermal_figure(
    run: Run,
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
) -> Figure | None:
    """Temperature (and clock) over the hottest replicate; None where none was read."""
    rows = [row for trial in group for row in trials.get(trial.key, ())]
    able = [row for row in rows if row["status"] == "ok" and row["temperature_max_c"] is not None]
    if not able:
        return None
    hottest = max(able, key=lambda row: float(row["temperature_max_c"]))
    mine = pc.field("trial_key") == hottest["trial_key"]
    mine &= pc.field("replicate") == hottest["replicate"]
    spans = run.select("spans", ["name", "start_ns", "end_ns"], mine).to_pylist()
    if not spans:
        return None
    start_ns, end_ns = min(s["start_ns"] for s in spans), max(s["end_ns"] for s in spans)
    trace = _trace(run, start_ns, end_ns, hottest["session"] or 0)
    points = _points(run, trace, start_ns, end_ns)
    if not points["celsius"]:
        return None
    return _figure(
        group[0], labels[hottest["trial_key"]], hottest, spans, points=points, trace=trace
    )


def _trace(run: Run, start_ns: int, end_ns: int, session: int) -> pa.Table:
    when = pc.field("time_ns")
    inside = (pc.field("session") == session) & (when >= start_ns) & (when <= end_ns)
    told = pc.field("temperature_c").is_valid() | pc.field("clock_hz").is_valid()
    columns = ["sensor", "time_ns", "temperature_c", "clock_hz", "throttle"]
    return run.select("trace", columns, inside & told)


def _points(run: Run, trace: pa.Table, start_ns: int, end_ns: int) -> dict[str, Rows]:
    """°C and GHz of each sensor over seconds since the start."""
    titles = {
        str(s.get("name")): component_name(str(s.get("component", "")), str(s.get("device", "")))
        for s in run.info.get("sensors") or ()
    }
    found: dict[str, Rows] = {"celsius": [], "ghz": []}
    for sensor in pc.unique(trace["sensor"]).to_pylist():
        of = trace.filter(pc.equal(trace["sensor"], sensor))
        seconds = (of["time_ns"].to_numpy() - start_ns) / NS_PER_S
        length = (end_ns - start_ns) / NS_PER_S
        title = titles.get(str(sensor)) or plain(sensor, 40)
        if any(row["sensor"] == title for row in found["celsius"]):  # a second one of a device
            title = f"{title}, {plain(sensor, 40)}"
        for name, column, unit in (("celsius", "temperature_c", 1.0), ("ghz", "clock_hz", GIGA)):
            told = of[column].to_numpy(zero_copy_only=False).astype(np.float64) / unit
            found[name] += [
                {"sensor": title, "s": rounded(at), name: rounded(value)}
                for at, value in _means(seconds, told, length)
            ]
    return found


def _means(seconds: Floats, told: Floats, length: float) -> list[tuple[float, float]]:
    """(middle, mean) of each of `STEPS` even stretches that has a value."""
    good = np.isfinite(told)
    if not good.any() or length <= 0:
        return []
    step = np.minimum((seconds[good] / length * STEPS).astype(int), STEPS - 1)
    counts = np.bincount(step, minlength=STEPS)
    kept = counts > 0
    when = np.bincount(step, weights=seconds[good], minlength=STEPS)[kept] / counts[kept]
    mean = np.bincount(step, weights=told[good], minlength=STEPS)[kept] / counts[kept]
    return list(zip(when.tolist(), mean.tolist(), strict=True))


def _figure(
    trial: TrialSummary,
    label: str,
    hottest: Row,
    spans: Sequence[Row],
    *,
    points: Mapping[str, Rows],
    trace: pa.Table,
) -> Figure:
    start_ns = min(span["start_ns"] for span in spans)
    shades: Rows = [
        {"from": rounded((s["start_ns"] - start_ns) / NS_PER_S),
         "to": rounded((s["end_ns"] - start_ns) / NS_PER_S)}
        for s in spans
        if s["name"] == "measured"
    ]  # fmt: skip
    rows = _table(points)
    description = f"Temperature over {label}, {group_title(trial)}, its hottest replicate: " + (
        "; ".join(f"{row[0]} {row[1]} {row[2]} to {row[3]}" for row in rows)
    )
    reasons = {
        plain(one, 80) for one in pc.unique(trace["throttle"]).to_pylist() if one is not None
    } - {""}
    return Figure(
        id="thermal",
        title="Temperature and clock",
        subtitle=f"{label}, replicate {hottest['replicate']}, the hottest of all; solid: °C, "
        "dashed: GHz; shaded: the measured region",
        description=description,
        spec=_chart(shades, points).spec(description, HEIGHT),
        columns=("sensor", "what", "lowest", "highest", "mean"),
        rows=rows,
        notes=[f"Throttled: {', '.join(sorted(reasons))}."] if reasons else [],
    )


def _table(points: Mapping[str, Rows]) -> list[tuple[str, ...]]:
    found = []
    for name, what, unit in (("celsius", "temperature", "°C"), ("ghz", "clock", "GHz")):
        for sensor in dict.fromkeys(row["sensor"] for row in points[name]):
            told = [row[name] for row in points[name] if row["sensor"] == sensor]
            ends = (min(told), max(told), float(np.mean(told)))
            found.append((sensor, what, *(f"{significant(one)} {unit}" for one in ends)))
    return found


def _chart(shades: Rows, points: Mapping[str, Rows]) -> Sheet:
    sheet = Sheet()
    x = alt.X(
        "s:Q", title="seconds", scale=alt.Scale(nice=False), axis=alt.Axis(grid=False, tickCount=7)
    )
    shade = (
        sheet.of(shades)
        .mark_rect(opacity=0.16, color=PHASES["measured"])
        .encode(x=alt.X("from:Q", title="seconds"), x2=alt.X2("to:Q"))
    )
    warm = (
        sheet.of(points["celsius"])
        .mark_line(strokeWidth=1.7)
        .encode(
            x=x,
            y=alt.Y("celsius:Q", title="°C", scale=alt.Scale(zero=False, nice=True)),
            color=alt.Color("sensor:N", title=None, legend=alt.Legend(symbolType="stroke")),
        )
    )
    heat = [shade, warm] if shades else [warm]
    if not points["ghz"]:
        return sheet.layered(*heat)
    fast = (
        sheet.of(points["ghz"])
        .mark_line(strokeWidth=1.4, strokeDash=[5, 3])
        .encode(
            x=x,
            y=alt.Y(
                "ghz:Q",
                title="GHz",
                scale=alt.Scale(zero=True, nice=True),
                axis=alt.Axis(grid=False, orient="right"),
            ),
            color=alt.Color("sensor:N", title=None, legend=alt.Legend(symbolType="stroke")),
        )
    )
    return sheet.layered(*heat, fast).apart()
