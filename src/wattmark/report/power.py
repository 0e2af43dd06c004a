"""Power over time with the phases shaded; the charts of a group share their axes and legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import PHASES, Figure, Layers, Rows, finished, values
from wattmark.report.format import number, plain
from wattmark.report.labels import component_name, group_title
from wattmark.report.phases import WORK, phase_scale
from wattmark.store.reader import Run
from wattmark.store.rundir import COMPLETE
from wattmark.units import NS_PER_S

MOST_SAMPLES = 300
MOST_SHADES = 60
MOST_STRETCH = 6.0
"""Up to this ratio of lengths, the trials of a group share one time axis."""
STROKES = ((" (solid)", [1, 0]), (" (dashed)", [5, 3]), (" (dotted)", [1, 3]), ("", [8, 3, 1, 3]))
"""How sensors are told apart in one chart; from the fourth on, by the data table."""
Row = Mapping[str, Any]


def power_figures(
    run: Run,
    curves: Curves,
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
) -> list[Figure]:
    """Power over time of each trial's replicate with the median energy, phases shaded."""
    strips = strips_of(run, curves, group, trials)
    if not strips:
        return []
    frame = _frame(strips)
    return [_power(strip, labels[strip.trial.key], frame) for strip in strips]


@dataclass(frozen=True)
class Strip:
    """One trial's replicate: its stretch of time, what may be shaded, and its sensors' watts.

    `spans` are without work where there are more than MOST_SHADES spans of it (`n_work`).
    """

    trial: TrialSummary
    chosen: Row
    start_ns: int
    end_ns: int
    n_work: int
    spans: Sequence[Row]
    points: Rows

    @property
    def length_s(self) -> float:
        return (self.end_ns - self.start_ns) / NS_PER_S


def strips_of(
    run: Run, curves: Curves, group: Sequence[TrialSummary], trials: Mapping[str, Sequence[Row]]
) -> list[Strip]:
    """Of each trial the replicate with the median energy; `trials` are its rows by trial."""
    strips = []
    for trial in group:
        chosen = _representative(trials.get(trial.key, ()))
        if chosen is None:
            continue
        mine = pc.field("trial_key") == trial.key
        mine &= pc.field("replicate") == chosen["replicate"]
        # Minutes of converting, before the load, would leave the rest no room.
        mine &= pc.field("name") != "export"
        spans = run.select("spans", ["name", "start_ns", "end_ns"], mine)
        if not spans.num_rows:
            continue
        start_ns, end_ns = pc.min(spans["start_ns"]).as_py(), pc.max(spans["end_ns"]).as_py()
        work = pc.is_in(spans["name"], value_set=pa.array(WORK))
        n_work = pc.sum(work).as_py()
        shown = spans if n_work <= MOST_SHADES else spans.filter(pc.invert(work))
        points = curves.within(start_ns, end_ns, chosen.get("session") or 0)
        if points:
            strips.append(Strip(trial, chosen, start_ns, end_ns, n_work, shown.to_pylist(), points))
    return strips


@dataclass(frozen=True)
class _Frame:
    """What the charts of a group share, so that neighbours can be compared by eye."""

    whole: bool
    phases: Sequence[str]
    sensors: Sequence[str]
    most_w: float
    length_s: float | None
    """Length of the time axis; None where lengths differ so much that each has its own."""


def _frame(strips: Sequence[Strip]) -> _Frame:
    whole = any(strip.n_work > MOST_SHADES for strip in strips)
    seen = {str(shade["phase"]) for s in strips for shade in _shades(s, whole)}
    lengths = [strip.length_s for strip in strips]
    return _Frame(
        whole=whole,
        phases=[phase for phase in PHASES if phase in seen],
        sensors=list(dict.fromkeys(point["sensor"] for s in strips for point in s.points)),
        most_w=max(point["w"] for strip in strips for point in strip.points),
        length_s=max(lengths) if max(lengths) <= MOST_STRETCH * min(lengths) else None,
    )


def _representative(rows: Sequence[Row]) -> Row | None:
    able = sorted(
        (row for row in rows if row["status"] == "ok" and row["energy_j"] is not None),
        key=lambda row: row["energy_j"],
    )
    return able[(len(able) - 1) // 2] if able else None


class Curves:
    """The trace as mean power between readings, by sensor; of it only what is asked for is read."""

    def __init__(self, run: Run) -> None:
        self._run = run
        if run.info["status"] != COMPLETE:
            _ = run.trace  # a stream without an index: once, not for each stretch
        self.titles = _titles(run)
        """(sensor, session) → its name for people, in the order of first appearance."""

    def within(self, start_ns: int, end_ns: int, session: int) -> Rows:
        """Seconds since `start_ns` and watts of each sensor, at most MOST_SAMPLES points each.

        Stamps compare within one session only: the clock may have begun anew in the next.
        """
        inside = pc.field("session") == session
        inside &= (pc.field("time_ns") >= start_ns) & (pc.field("time_ns") <= end_ns)
        trace = self._run.select("trace", ["sensor", "time_ns", "energy_j", "power_w"], inside)
        rows: Rows = []
        for (sensor, of_session), title in self.titles.items():
            if of_session != session:
                continue
            mine = trace.filter(pc.field("sensor") == sensor)
            stamps, energy, power = (
                mine[name].to_numpy(zero_copy_only=False)
                for name in ("time_ns", "energy_j", "power_w")
            )
            if np.isfinite(energy).sum() > 1:
                seconds, watts = _slopes(stamps, energy, start_ns)
            else:
                seconds, watts = (stamps - start_ns) / NS_PER_S, power
            rows += [
                {"sensor": title, "s": round(float(s), 3), "w": float(f"{w:.4g}")}
                for s, w in zip(*_thin(seconds, watts), strict=True)
                if np.isfinite(w)
            ]
        return rows


def _titles(run: Run) -> dict[tuple[str, int], str]:
    sensors: dict[str, Row] = {
        str(sensor["name"]): sensor
        for sensor in run.info.get("sensors") or ()
        if sensor.get("name")
    }
    seen: dict[tuple[str, int], None] = {}
    for part in run.parts("trace", ["sensor", "session"]):
        pairs = part.group_by(["sensor", "session"], use_threads=False).aggregate([])
        seen |= dict.fromkeys(
            zip(pairs["sensor"].to_pylist(), pairs["session"].to_pylist(), strict=True)
        )
    titles: dict[tuple[str, int], str] = {}
    taken: set[tuple[str, int]] = set()
    for name, session in seen:
        info = sensors.get(name, {})
        title = component_name(str(info.get("component", name)), str(info.get("device", "")))
        modelled = "estimated" if info.get("kind") == "estimate" else "measured"
        title = f"{title}, {plain(info.get('instead') or modelled)}"
        if (title, session) in taken:
            # A second sensor of one device: the power beside the counter.
            title = f"{title} by {plain(name)}"
        taken.add((title, session))
        titles[name, session] = title
    return titles


def _slopes(stamps: Any, energy: Any, start_ns: int) -> tuple[Any, Any]:
    """Mean power over even steps of the cumulative energy, at their middle.

    A step is no shorter than the usual gap between readings: two readings that happen to lie
    close together would turn a counter's quantum into a burst.
    """
    good = np.isfinite(energy)
    seconds, energy = (stamps[good] - start_ns) / NS_PER_S, energy[good]
    length = float(seconds[-1] - seconds[0])
    step = max(length / MOST_SAMPLES, float(np.median(np.diff(seconds))))
    if step <= 0 or length < step:
        return seconds[:0], energy[:0]
    edges = np.linspace(seconds[0], seconds[-1], max(2, int(length / step) + 1))
    watts = np.diff(np.interp(edges, seconds, energy)) / np.diff(edges)
    return (edges[1:] + edges[:-1]) / 2, watts


def _thin(seconds: Any, watts: Any) -> tuple[Any, Any]:
    """Means over runs of points, so that the area under the curve stays."""
    step = max(1, -(-len(seconds) // MOST_SAMPLES))
    starts = np.arange(0, len(seconds), step)
    if step == 1 or not len(seconds):
        return seconds, watts
    counts = np.diff(np.append(starts, len(seconds)))
    return np.add.reduceat(seconds, starts) / counts, np.add.reduceat(watts, starts) / counts


def _power(strip: Strip, label: str, frame: _Frame) -> Figure:
    points, chosen = strip.points, strip.chosen
    shades = _shades(strip, frame.whole)
    seen, sensors = frame.phases, frame.sensors
    strokes = [word for word, _ in STROKES] if len(sensors) > 1 else [""]
    named = "; ".join(f"{sensor}{stroke}" for sensor, stroke in zip(sensors, strokes, strict=False))
    length_s = strip.length_s
    time = alt.Scale(domain=[0, frame.length_s or length_s], nice=False)
    shade = (
        alt.Chart(values(shades))
        .mark_rect(opacity=0.28)
        .encode(
            x=alt.X("from:Q", title="seconds", scale=time, axis=alt.Axis(grid=False, tickCount=7)),
            x2=alt.X2("to:Q"),
            color=alt.Color("phase:N", title=None, scale=phase_scale(seen)),
            tooltip=[alt.Tooltip("phase:N"), alt.Tooltip("shown:N", title="length")],
        )
    )
    line = (
        alt.Chart(values(points))
        .mark_line(interpolate="step", strokeWidth=1.6, style="interval")
        .encode(
            x=alt.X("s:Q", title="seconds", scale=time, axis=alt.Axis(grid=False, tickCount=7)),
            y=alt.Y(
                "w:Q",
                title="power (W)",
                scale=alt.Scale(domain=[0, 1.05 * frame.most_w], nice=True),
                axis=alt.Axis(tickCount=4),
            ),
            strokeDash=alt.StrokeDash(
                "sensor:N",
                legend=None,
                scale=alt.Scale(
                    domain=sensors, range=[STROKES[min(i, 3)][1] for i in range(len(sensors))]
                ),
            ),
        )
    )
    peak = {
        sensor: max(watts)
        for sensor in sensors
        if (watts := [p["w"] for p in points if p["sensor"] == sensor])
    }
    description = (
        f"Power over {length_s:.1f} seconds of {label}, {group_title(strip.trial)}, replicate "
        f"{chosen['replicate']}: "
        + "; ".join(f"{sensor}, at most {number(watts, 'W')}" for sensor, watts in peak.items())
    )
    return Figure(
        id=f"power-{strip.trial.key}",
        title=label,
        subtitle=f"Replicate {chosen['replicate']} (median energy) · {named}"
        + ("" if frame.length_s else " · time axes differ"),
        description=description,
        spec=finished(Layers(shade, line), description, 130),
        columns=("phase", "from", "to", "length"),
        rows=[
            (s["phase"], number(s["from"], "s"), number(s["to"], "s"), s["shown"]) for s in shades
        ],
    )


def _shades(strip: Strip, whole: bool) -> Rows:
    """Phases to shade; the batches as one stretch (`whole`) where they are too many to be seen."""
    names = ("measured",) if whole else WORK
    around = ("load", "index", "idle", "warmup")
    start_ns = strip.start_ns
    shaded = [span for span in strip.spans if span["name"] in (*names, *around)]
    return [
        {
            "phase": span["name"],
            "from": round((span["start_ns"] - start_ns) / NS_PER_S, 4),
            "to": round((span["end_ns"] - start_ns) / NS_PER_S, 4),
            "shown": number((span["end_ns"] - span["start_ns"]) / NS_PER_S, "s"),
        }
        for span in sorted(shaded, key=lambda span: span["start_ns"])
    ]
