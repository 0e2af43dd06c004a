"""Do hard queries cost more, and are they answered right less often?

Panels side by side, one a sign of difficulty, share the axis of the outcome. Lines go through the
means of bins with about as many queries each, with 95 % over queries; dots are single queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from wattmark.analysis.difficulty import Relation, relation
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import Figure, Rows
from wattmark.report.format import figure, provenance
from wattmark.report.labels import group_title
from wattmark.report.panels import Panel, fences, panel_x
from wattmark.report.perquery import Means, PerQuery, both
from wattmark.report.series import (
    HEIGHT,
    Sheet,
    axis_of,
    bounded,
    coefficient,
    colour,
    left_out,
    milli,
    reference_first,
    rounded,
    some,
    whole,
)
from wattmark.schema import Estimate

SIGNS = {
    "input_tokens": "prompt tokens",
    "output_tokens": "answer tokens",
    "confidence": "confidence",
}
MOST_TRIALS = 4
"""Lines of more would hide one another."""
MOST_DOTS = 140
LEAST = 6
"""Queries below which there is no form to see."""
SHAKE = 0.035
APART = 0.014
"""Of a panel's width."""

Found = Mapping[str, Sequence[Relation]]


def energy_difficulty_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], read: PerQuery
) -> Figure | None:
    """Joules of a query against the signs of its difficulty; None without joules or signs."""
    words = "; ".join(
        dict.fromkeys(provenance(t.provenance, t.gain_uncertainty) for t in group if t.provenance)
    )
    return _difficulty(
        group,
        labels,
        read,
        outcome="energy_j",
        title="Energy against difficulty",
        words=f" · {words}",
    )


def correct_difficulty_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], read: PerQuery
) -> Figure | None:
    """Share of right answers against the lengths; None where nothing is scored.

    Against confidence it is the reliability diagram's.
    """
    return _difficulty(
        group, labels, read, outcome="correct", title="Correctness against difficulty", words=""
    )


def _difficulty(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    read: PerQuery,
    *,
    outcome: str,
    title: str,
    words: str,
) -> Figure | None:
    able = [trial for trial in group if _signs(read.means.get(trial.key), outcome)]
    drawn = reference_first(group, able, MOST_TRIALS)
    found = {
        trial.key: [
            relation(sign, outcome, *both(read.means[trial.key], sign, outcome))
            for sign in _signs(read.means[trial.key], outcome)
        ]
        for trial in drawn
    }
    panels = _panels(found)
    if not panels:
        return None
    first = drawn[0]
    dots, sampled = _dots(labels[first.key], read.means[first.key], outcome, panels)
    bins = [
        row
        for place, trial in enumerate(drawn)
        # Trials of one model are often right and wrong alike: a little apart, each is seen.
        for row in _bins(
            labels[trial.key],
            found[trial.key],
            panels,
            (place - (len(drawn) - 1) / 2) * (APART if outcome == "correct" else 0.0),
        )
    ]
    of = f"dots: {'a seeded sample of ' if sampled else ''}queries of {labels[first.key]}"
    said = read.said.get(first.task, "")
    description = f"{title}, {group_title(first)}: " + "; ".join(
        f"{labels[trial.key]}, {SIGNS[one.sign]}, Spearman's ρ {coefficient(one.test)}"
        for trial in drawn
        for one in found[trial.key]
    )
    chart = _chart(dots, bins, panels, [labels[trial.key] for trial in drawn], outcome)
    return Figure(
        id="difficulty-energy" if outcome == "energy_j" else "difficulty-correct",
        title=title,
        subtitle=f"Means of bins with 95 % over queries; {of}{words}"
        + (f" · {said}" if said else ""),
        description=description,
        spec=chart.spec(description, HEIGHT),
        columns=("trial", "against", "range", "queries", "mean (95 %)", "Spearman's ρ (95 %)"),
        rows=_table(drawn, labels, found, "J" if outcome == "energy_j" else "1"),
        notes=[*left_out(len(able), len(drawn), in_data=False), *_notes(drawn, found, outcome)],
    )


def _signs(means: Means | None, outcome: str) -> list[str]:
    """Signs that enough of a trial's queries have together with the outcome."""
    told = SIGNS if outcome == "energy_j" else [sign for sign in SIGNS if sign != "confidence"]
    return [
        sign
        for sign in told
        if (x := both(means, sign, outcome)[0]).size >= LEAST and float(x.max()) > 0
    ]


def _panels(found: Found) -> list[Panel]:
    """Signs that vary, over all drawn trials together."""
    panels: list[Panel] = []
    for sign, title in SIGNS.items():
        bins = [b for each in found.values() for one in each if one.sign == sign for b in one.bins]
        low, high = min((b.low for b in bins), default=0), max((b.high for b in bins), default=0)
        if low < high:
            panels.append(Panel(title, len(panels), low, high))
    return panels


def _dots(label: str, means: Means, outcome: str, panels: Sequence[Panel]) -> tuple[Rows, bool]:
    """Single queries of one trial, and whether they are a sample of it."""
    rows: Rows = []
    sampled = False
    shaken = np.random.default_rng(0)
    for sign, panel in _placed(panels):
        x, y = both(means, sign, outcome)
        places = some(x.size, MOST_DOTS)
        sampled = sampled or places.size < x.size
        shown = y[places]
        if outcome == "correct":
            shown = shown + shaken.uniform(-SHAKE, SHAKE, places.size)
        rows += [
            {"trial": label, "x": panel.at(at), "y": rounded(value, 4)}
            for at, value in zip(x[places].tolist(), shown.tolist(), strict=True)
        ]
    return rows, sampled


def _placed(panels: Sequence[Panel]) -> list[tuple[str, Panel]]:
    titles = {title: sign for sign, title in SIGNS.items()}
    return [(titles[panel.title], panel) for panel in panels]


def _bins(label: str, found: Sequence[Relation], panels: Sequence[Panel], aside: float) -> Rows:
    of = {one.sign: one.bins for one in found}
    return [
        {
            "trial": label,
            "panel": panel.place,
            "x": round(panel.at(one.sign) + aside, 4),
            "y": rounded(one.outcome.mean),
            "low": rounded(one.outcome.low),
            "high": rounded(one.outcome.high),
            "n": one.n,
            "shown": f"{panel.title} {_range(one.low, one.high)}",
        }
        for sign, panel in _placed(panels)
        for one in of.get(sign, ())
    ]


def _chart(
    dots: Rows, bins: Rows, panels: Sequence[Panel], order: Sequence[str], outcome: str
) -> Sheet:
    sheet = Sheet()
    x, hue = panel_x(panels), colour(order)
    outcome_axis = _outcome_axis(dots, bins, outcome)
    y = alt.Y("y:Q", **outcome_axis)
    apart = fences(panels)
    tips = [
        alt.Tooltip("trial:N"),
        alt.Tooltip("shown:N"),
        alt.Tooltip("n:Q"),
        alt.Tooltip("y:Q", title="mean"),
    ]
    base, told = (
        sheet.of(rows).encode(x=x, color=hue, tooltip=tips) for rows in (bins, bounded(bins))
    )
    bar = told.mark_rule(strokeWidth=1.5, opacity=0.7, clip=True)
    return sheet.layered(
        *([sheet.of(apart).mark_rule(style="reference").encode(x=x)] if apart else []),
        sheet.of(dots).mark_circle(size=16, opacity=0.28).encode(x=x, y=y, color=hue),
        bar.encode(y=alt.Y("low:Q", **outcome_axis), y2=alt.Y2("high:Q")),
        base.mark_line(strokeWidth=1.7, point=alt.OverlayMarkDef(size=40, opacity=1)).encode(
            y=y, detail=alt.Detail("panel:N")
        ),
    )


def _outcome_axis(dots: Rows, bins: Rows, outcome: str) -> dict[str, Any]:
    """Title, scale and axis of the outcome; joules go into the axis' unit."""
    if outcome == "correct":
        axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
        scale = alt.Scale(domain=[-0.06, 1.06])
        return {"title": "share right", "axis": axis, "scale": scale}
    factor, prefix = milli(max(row["y"] for row in (*dots, *bins)))
    for row in (*dots, *bins):
        row.update({k: rounded(factor * row[k]) for k in ("y", "low", "high") if row.get(k)})
    bounds = [row[end] for row in bins for end in ("low", "high") if row[end] is not None]
    scale, axis, log = axis_of([row["y"] for row in (*dots, *bins)], bounds)
    return {"title": f"energy of a query ({prefix}J{log})", "scale": scale, "axis": axis}


def _range(low: float, high: float) -> str:
    return whole(low) if low == high else f"{whole(low)}–{whole(high)}"


def _table(
    drawn: Sequence[TrialSummary], labels: Mapping[str, str], found: Found, unit: str
) -> list[tuple[str, ...]]:
    return [
        (
            labels[trial.key],
            SIGNS[one.sign],
            _range(each.low, each.high),
            str(each.n),
            figure(Estimate("mean", *each.outcome, CONFIDENCE, each.n, unit)),
            "" if place else coefficient(one.test),
        )
        for trial in drawn
        for one in found[trial.key]
        for place, each in enumerate(one.bins)
    ]


def _notes(drawn: Sequence[TrialSummary], found: Found, outcome: str) -> list[str]:
    notes = []
    shown = {panel.title for panel in _panels(found)}
    constant = [
        title
        for sign, title in SIGNS.items()
        if title not in shown and any(one.sign == sign for each in found.values() for one in each)
    ]
    if constant:
        notes.append(f"The same in all queries, so not drawn: {', '.join(constant)}.")
    if outcome == "energy_j" and any(trial.batch_size > 1 for trial in drawn):
        notes.append(
            "Above batch 1 a query's joules are its share of its batch's, by a rule in which "
            "tokens count: a relation to lengths is built in to that extent."
        )
    return notes
