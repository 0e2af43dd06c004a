"""Energy by component and phase, and power over time with the phases shaded.

A bar is a component's gross energy per query: what each phase draws above idle, and the idle
draw of the whole measured region, so that the floor under every figure is seen. Components are
never added up here: some overlap (a wall meter sees them all).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import PHASES, Figure, Rows, finished, row_height, values
from wattmark.report.format import number, plain
from wattmark.report.labels import group_title
from wattmark.store.reader import Run
from wattmark.units import NS_PER_S

WORK = ("prefill", "decode", "classify", "host")
MOST_SAMPLES = 300
MOST_SHADES = 60
STROKES = ((" (solid)", [1, 0]), (" (dashed)", [5, 3]), (" (dotted)", [1, 3]), ("", [8, 3, 1, 3]))
"""How sensors are told apart in one chart; from the fourth on, by the data table."""
Row = Mapping[str, Any]


def phase_figure(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
    energy: Mapping[str, Sequence[Row]],
) -> Figure | None:
    """Mean J/query by component and phase; None where no component has energy."""
    parts: Rows = []
    for trial in group:
        queries = {
            row["replicate"]: row["queries"]
            for row in trials.get(trial.key, ())
            if row["status"] == "ok" and row["queries"]
        }
        parts += _parts(labels[trial.key], energy.get(trial.key, ()), queries)
    if not parts:
        return None
    components = dict.fromkeys(part["component"] for part in parts)
    for part in parts:
        part["row"] = (
            part["trial"] if len(components) == 1 else f"{part['trial']} · {part['component']}"
        )
    order = list(dict.fromkeys(part["row"] for part in parts))
    seen = [phase for phase in PHASES if any(part["phase"] == phase for part in parts)]
    totals = {row: sum(part["energy_j"] for part in parts if part["row"] == row) for row in order}
    milli = max(totals.values()) < 1
    for part in parts:
        part["shown"] = number(part["energy_j"], "J")
        part["energy"] = float(f"{part['energy_j'] * (1000 if milli else 1):.6g}")
        part["place"] = seen.index(part["phase"])
    words = "; ".join(dict.fromkeys(part["source"] for part in parts))
    chart = (
        alt.Chart(values(parts))
        .mark_bar(height=22)
        .encode(
            x=alt.X(
                "energy:Q",
                title=f"energy per query ({'mJ' if milli else 'J'})",
                axis=alt.Axis(tickCount=6, format="~r"),
            ),
            y=alt.Y("row:N", sort=order, title=None),
            color=alt.Color("phase:N", sort=seen, title=None, scale=phase_scale(seen)),
            order="place:O",
            tooltip=[
                "trial:N",
                "component:N",
                "phase:N",
                alt.Tooltip("shown:N", title="per query"),
            ],
        )
    )
    name = group_title(group[0])
    description = f"Energy per query by phase, {name}: " + "; ".join(
        f"{row} {number(totals[row], 'J')}" for row in order
    )
    return Figure(
        id="phases",
        title="Where the energy goes",
        subtitle=f"Gross energy by component and phase, mean of replicates · {words}",
        description=description,
        spec=finished(chart, description, row_height(len(order), 36, 60)),
        columns=("trial", "component", "phase", "energy per query", "source"),
        rows=[(p["trial"], p["component"], p["phase"], p["shown"], p["source"]) for p in parts],
        notes=["Idle draw is idle power × time; a phase's bar is what it drew above that."],
    )


def phase_scale(seen: Sequence[str]) -> alt.Scale:
    """The phases that a chart has, in their own colours."""
    return alt.Scale(domain=list(seen), range=[PHASES[phase] for phase in seen])


def _parts(label: str, energy: Sequence[Row], queries: Mapping[int, int]) -> Rows:
    """One row a component and phase: J/query, mean over replicates."""
    sums: dict[tuple[str, str], list[float]] = {}
    sources: dict[str, str] = {}
    seen: dict[str, set[int]] = {}
    for row in energy:
        replicate = row["replicate"]
        if row["batch"] is not None or row["energy_j"] is None or replicate not in queries:
            continue
        component = f"{row['component']} {row['component_device']}"
        sources[component] = f"{row['component']} {row['provenance']}"
        sums.setdefault((component, row["span"]), []).append(row["energy_j"] / queries[replicate])
        if row["energy_net_j"] is not None:
            sums.setdefault((component, f"{row['span']} net"), []).append(
                row["energy_net_j"] / queries[replicate]
            )
        if row["span"] == "measured":
            seen.setdefault(component, set()).add(replicate)
    found: Rows = []
    for component, replicates in seen.items():
        n = len(replicates)
        means = {span: sum(v) / n for (c, span), v in sums.items() if c == component}
        found += [
            {
                "trial": label,
                "component": plain(component),
                "phase": phase,
                "energy_j": energy_j,
                "source": sources[component],
            }
            for phase, energy_j in _stack(means).items()
        ]
    return found


def _stack(means: Mapping[str, float]) -> dict[str, float]:
    """Phase → J of the bar's pieces, which add up to the measured region's gross energy."""
    total = means["measured"]
    net = means.get("measured net")
    stack = {} if net is None else {"idle draw": min(total, max(0.0, total - net))}
    for phase in WORK:
        if phase in means:
            above = means[phase] if net is None else means.get(f"{phase} net", means[phase])
            stack[phase] = max(0.0, above)
    stack["other"] = max(0.0, total - sum(stack.values()))
    return {phase: joules for phase, joules in stack.items() if joules > 5e-3 * total}


def power_figures(
    run: Run,
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
    spans: Mapping[tuple[str, int], Sequence[Row]],
) -> list[Figure]:
    """Power over time of each trial's replicate with the median energy, phases shaded."""
    sensors = {
        sensor.get("name"): sensor for sensor in run.info.get("sensors") or () if sensor.get("name")
    }
    curves = _Curves(run, sensors)
    figures = []
    for trial in group:
        chosen = _representative(trials.get(trial.key, ()))
        stretch = spans.get((trial.key, chosen["replicate"]), ()) if chosen else ()
        figure = _power(trial, labels[trial.key], chosen, stretch, curves) if stretch else None
        if figure is not None:
            figures.append(figure)
    return figures


def _representative(rows: Sequence[Row]) -> Row | None:
    able = sorted(
        (row for row in rows if row["status"] == "ok" and row["energy_j"] is not None),
        key=lambda row: row["energy_j"],
    )
    return able[(len(able) - 1) // 2] if able else None


class _Curves:
    """The trace by sensor, as stamps and mean powers between them."""

    def __init__(self, run: Run, sensors: Mapping[str, Row]) -> None:
        trace = run.trace
        names = np.asarray(trace.column("sensor").to_pylist(), dtype=object)
        time_ns = trace.column("time_ns").to_numpy()
        energy = trace.column("energy_j").to_numpy(zero_copy_only=False).astype(float)
        power = trace.column("power_w").to_numpy(zero_copy_only=False).astype(float)
        self.series = {}
        for name in dict.fromkeys(names):
            mine = names == name
            info = sensors.get(name, {})
            title = f"{info.get('component', name)} {info.get('device', '')}".strip()
            modelled = "estimated" if info.get("kind") == "estimate" else "measured"
            word = info.get("instead") or modelled
            self.series[f"{plain(title)}, {word}"] = (time_ns[mine], energy[mine], power[mine])

    def within(self, start_ns: int, end_ns: int) -> Rows:
        """Seconds since `start_ns` and watts of each sensor, at most MOST_SAMPLES points each."""
        rows: Rows = []
        for sensor, (time_ns, energy, power) in self.series.items():
            inside = (time_ns >= start_ns) & (time_ns <= end_ns)
            stamps = time_ns[inside]
            if np.isfinite(energy[inside]).sum() > 1:
                seconds, watts = _slopes(stamps, energy[inside], start_ns)
            else:
                seconds, watts = (stamps - start_ns) / NS_PER_S, power[inside]
            rows += [
                {"sensor": sensor, "s": round(float(s), 3), "w": float(f"{w:.4g}")}
                for s, w in zip(*_thin(seconds, watts), strict=True)
                if np.isfinite(w)
            ]
        return rows


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


def _power(
    trial: TrialSummary, label: str, chosen: Row | None, spans: Sequence[Row], curves: _Curves
) -> Figure | None:
    start_ns = min(span["start_ns"] for span in spans)
    end_ns = max(span["end_ns"] for span in spans)
    points = curves.within(start_ns, end_ns)
    if not points or chosen is None:
        return None
    shades = _shades(spans, start_ns)
    seen = list(dict.fromkeys(str(shade["phase"]) for shade in shades))
    sensors = list(dict.fromkeys(point["sensor"] for point in points))
    strokes = [word for word, _ in STROKES] if len(sensors) > 1 else [""]
    named = "; ".join(f"{sensor}{stroke}" for sensor, stroke in zip(sensors, strokes, strict=False))
    length_s = (end_ns - start_ns) / NS_PER_S
    time = alt.Scale(domain=[0, length_s], nice=False)
    shade = (
        alt.Chart(values(shades))
        .mark_rect(opacity=0.28)
        .encode(
            x=alt.X("from:Q", title="seconds", scale=time),
            x2="to:Q",
            color=alt.Color("phase:N", title=None, scale=phase_scale(seen)),
            tooltip=["phase:N", alt.Tooltip("shown:N", title="length")],
        )
    )
    line = (
        alt.Chart(values(points))
        .mark_line(interpolate="step", strokeWidth=1.6, style="interval")
        .encode(
            x=alt.X("s:Q", title="seconds", scale=time, axis=alt.Axis(grid=False)),
            y=alt.Y(
                "w:Q", title="power (W)", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4)
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
    peak = {sensor: max(p["w"] for p in points if p["sensor"] == sensor) for sensor in sensors}
    description = (
        f"Power over {length_s:.1f} seconds of {label}, {group_title(trial)}, replicate "
        f"{chosen['replicate']}: "
        + "; ".join(f"{sensor}, at most {number(peak[sensor], 'W')}" for sensor in sensors)
    )
    return Figure(
        id=f"power-{trial.key}",
        title=label,
        subtitle=f"Replicate {chosen['replicate']} (median energy) · {named}",
        description=description,
        spec=finished(alt.layer(shade, line), description, 130),
        columns=("phase", "from", "to", "length"),
        rows=[
            (s["phase"], number(s["from"], "s"), number(s["to"], "s"), s["shown"]) for s in shades
        ],
    )


def _shades(spans: Sequence[Row], start_ns: int) -> Rows:
    """Phases to shade; the batches as one stretch where they are too many to be seen."""
    work = [span for span in spans if span["name"] in WORK]
    named = work if len(work) <= MOST_SHADES else [s for s in spans if s["name"] == "measured"]
    around = [span for span in spans if span["name"] in ("load", "idle", "warmup")]
    return [
        {
            "phase": span["name"],
            "from": round((span["start_ns"] - start_ns) / NS_PER_S, 4),
            "to": round((span["end_ns"] - start_ns) / NS_PER_S, 4),
            "shown": number((span["end_ns"] - span["start_ns"]) / NS_PER_S, "s"),
        }
        for span in sorted([*around, *named], key=lambda span: span["start_ns"])
    ]
