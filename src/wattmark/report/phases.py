"""Energy by component and phase.

A bar is a component's gross energy per query: what each phase draws above idle, and the idle
draw of the whole measured region, so that the floor under every figure is seen. Components are
never added up here: some overlap (a wall meter sees them all). Pieces add up as arithmetic means
only; they are scaled to the table's centre, which is the geometric mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from wattmark.analysis.summary import TrialSummary
from wattmark.energy.total import PREFERENCE
from wattmark.report.figure import PHASES, Figure, Rows, finished, row_height, values
from wattmark.report.format import number, plain
from wattmark.report.labels import component_name, group_title

WORK = ("retrieve", "prefill", "decode", "classify", "host")

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
        parts += _parts(
            labels[trial.key],
            energy.get(trial.key, ()),
            queries,
            _to_centre(trial, trials.get(trial.key, ())),
        )
    if not parts:
        return None
    components = dict.fromkeys(part["component"] for part in parts)
    for part in parts:
        part["row"] = (
            part["trial"] if len(components) == 1 else f"{part['trial']} · {part['component']}"
        )
    order = list(dict.fromkeys(part["row"] for part in parts))
    totals = {row: sum(part["energy_j"] for part in parts if part["row"] == row) for row in order}
    words = "; ".join(dict.fromkeys(part["source"] for part in parts))
    chart = _stacked(parts, order, milli=max(totals.values()) < 1)
    description = f"Energy per query by phase, {group_title(group[0])}: " + "; ".join(
        f"{row} {number(totals[row], 'J')}" for row in order
    )
    return Figure(
        id="phases",
        title="Where the energy goes",
        subtitle=f"Gross energy by component and phase, scaled to the table's mean · {words}",
        description=description,
        spec=finished(chart, description, row_height(len(order), 36, 60)),
        columns=("trial", "component", "phase", "energy per query", "source"),
        rows=[(p["trial"], p["component"], p["phase"], p["shown"], p["source"]) for p in parts],
        notes=[
            "Idle draw is idle power × time; a phase's bar is what it drew above that. Pieces are "
            "arithmetic means of the replicates, scaled together to the table's geometric mean."
        ],
    )


def _stacked(parts: Rows, order: Sequence[str], *, milli: bool) -> alt.Chart:
    """A bar a row, its phases one on another, in mJ or J; the parts get what a bar shows."""
    seen = [phase for phase in PHASES if any(part["phase"] == phase for part in parts)]
    for part in parts:
        part["shown"] = number(part["energy_j"], "J")
        part["energy"] = float(f"{part['energy_j'] * (1000 if milli else 1):.6g}")
        part["place"] = seen.index(part["phase"])
    chart: alt.Chart = (
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
            order=alt.Order("place:O"),
            tooltip=[
                alt.Tooltip("trial:N"),
                alt.Tooltip("component:N"),
                alt.Tooltip("phase:N"),
                alt.Tooltip("shown:N", title="per query"),
            ],
        )
    )
    return chart


def phase_scale(seen: Sequence[str]) -> alt.Scale:
    """The phases that a chart has, in their own colours."""
    return alt.Scale(domain=list(seen), range=[PHASES[phase] for phase in seen])


def _to_centre(trial: TrialSummary, rows: Sequence[Row]) -> float:
    """The table's centre ÷ the arithmetic mean of the same replicates; 1 without either."""
    centre = trial.estimates["energy_per_query_j"].value
    joules = [
        row["energy_j"] / row["queries"]
        for row in rows
        if row["status"] == "ok" and row["queries"] and row["energy_j"] is not None
    ]
    total = sum(joules)
    return 1.0 if centre is None or total <= 0 else centre * len(joules) / total


def _parts(label: str, energy: Sequence[Row], queries: Mapping[int, int], factor: float) -> Rows:
    """One row a component and phase: J/query, mean over replicates × `factor`."""
    energy = _one_a_device(energy)
    sums: dict[tuple[str, str], list[float]] = {}
    sources: dict[str, str] = {}
    seen: dict[str, set[int]] = {}
    for row in energy:
        replicate = row["replicate"]
        if row["batch"] is not None or row["energy_j"] is None or replicate not in queries:
            continue
        component = component_name(row["component"], row["component_device"])
        sources[component] = f"{component} {plain(row['provenance'])}"
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
        means = {span: factor * sum(v) / n for (c, span), v in sums.items() if c == component}
        found += [
            {
                "trial": label,
                "component": component,
                "phase": phase,
                "energy_j": energy_j,
                "source": sources[component],
            }
            for phase, energy_j in _stack(means).items()
        ]
    return found


def _one_a_device(energy: Sequence[Row]) -> list[Row]:
    """The rows of one sensor for each device: a counter before the power beside it."""
    chosen: dict[tuple[str, str], Row] = {}
    for row in energy:
        if row["span"] != "measured" or row["energy_j"] is None:
            continue
        place = row["component"], row["component_device"]
        best = chosen.setdefault(place, row)
        if PREFERENCE.index(row["method"]) < PREFERENCE.index(best["method"]):
            chosen[place] = row
    sensors = {row["sensor"] for row in chosen.values()}
    return [row for row in energy if row["sensor"] in sensors]


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
