"""Which input moves the carbon of 1000 queries most: each at its low and its high bound."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from wattmark.analysis.carbon import CarbonInputs, Work, mean_intensity
from wattmark.analysis.metrics import TIME_PER
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.swings import Swing, middle_g, swings
from wattmark.report.figure import PHASES, Figure, Rows, row_height
from wattmark.report.format import DASH, number, provenance, significant
from wattmark.report.labels import group_title
from wattmark.report.series import Sheet, reference_first, rounded

QUERIES = 1000
ENDS = ("at its low bound", "at its high bound")
PREFIXES = ((1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"), (1e-9, "ng"))

Row = Mapping[str, Any]


def tornado_figure(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
    carbon: CarbonInputs,
) -> Figure | None:
    """CO2e of 1000 queries of the group's reference; None where no intensity was given."""
    if not carbon.has_intensity:
        return None
    able = [t for t in group if t.estimates["energy_per_query_j"].value is not None]
    if not able:
        return None
    trial = reference_first(group, able, 1)[0]
    good = [row for row in trials.get(trial.key, ()) if row["status"] == "ok"]
    work, intensity = _work(trial, good), mean_intensity(carbon, good)
    found, middle = swings(work, intensity, carbon), middle_g(work, intensity, carbon)
    drawn = [swing for swing in found if swing.width_g > 0]
    if not drawn or not middle:
        return None
    making = carbon.embodied_kg is not None and work.seconds is not None
    what = "SCI: electricity and the device's making" if making else "electricity only"
    label = labels[trial.key]
    fixed = [f"{swing.name} ({swing.why})" for swing in found if swing.low_g is None]
    description = (
        f"CO2e of {QUERIES} queries, {group_title(trial)}, {label}: "
        f"{number(QUERIES * middle, 'g')}; "
        + "; ".join(f"{swing.name} {_ends(swing)}" for swing in drawn)
    )
    return Figure(
        id="tornado",
        title=f"What moves the carbon of {QUERIES} queries",
        subtitle=f"{label}, {what}; one input at a time from its low to its high bound, the "
        "others at their middle · energy " + provenance(trial.provenance, trial.gain_uncertainty),
        description=description,
        spec=_chart(drawn, middle).spec(description, row_height(len(drawn), 36, 150)),
        columns=("input", "middle", "from", "to", f"CO2e of {QUERIES} queries", "said"),
        rows=[
            (
                swing.name,
                _shown(swing.middle, swing.unit),
                _shown(swing.low, swing.unit),
                _shown(swing.high, swing.unit),
                _ends(swing),
                swing.why,
            )
            for swing in found
        ],
        notes=[
            "Bounds are those that the interval of the carbon figure is drawn from; they are not "
            "reached all at once.",
            *([f"Without a bar: {'; '.join(fixed)}."] if fixed else []),
        ],
    )


def _work(trial: TrialSummary, good: Sequence[Row]) -> Work:
    """One query of a trial: its joules, and the seconds that it held the device."""
    readings = [TIME_PER["query"](row).value for row in good]
    seconds = [value for value in readings if value is not None]
    return Work(
        trial.estimates["energy_per_query_j"],
        statistics.fmean(seconds) if seconds else None,
        trial.gain_uncertainty or 0.0,
    )


def _chart(drawn: Sequence[Swing], middle: float) -> Sheet:
    sheet = Sheet()
    most = max(max(swing.low_g or 0.0, swing.high_g or 0.0) for swing in drawn) * QUERIES
    scale, unit = next((one for one in PREFIXES if most >= one[0]), PREFIXES[-1])
    factor, centre = QUERIES / scale, QUERIES / scale * middle
    rows: Rows = [
        {
            "input": swing.name,
            "end": end,
            "from": rounded(centre),
            "to": rounded(factor * grams),
            "shown": number(QUERIES * grams, "g"),
            "bound": _shown(bound, swing.unit),
        }
        for swing in drawn
        for end, grams, bound in (
            (ENDS[0], swing.low_g or 0.0, swing.low),
            (ENDS[1], swing.high_g or 0.0, swing.high),
        )
    ]
    order = [swing.name for swing in drawn]
    x = alt.X(
        "from:Q",
        title=f"{unit} CO2e of {QUERIES} queries",
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=5, format="~r"),
    )
    hue = alt.Color(
        "end:N",
        title=None,
        sort=list(ENDS),
        scale=alt.Scale(domain=list(ENDS), range=[PHASES["decode"], PHASES["prefill"]]),
    )
    bars = (
        sheet.of(rows)
        .mark_bar(height=18, cornerRadiusEnd=3)
        .encode(
            x=x,
            x2=alt.X2("to:Q"),
            y=alt.Y("input:N", sort=order, title=None),
            color=hue,
            tooltip=[
                alt.Tooltip("input:N"),
                alt.Tooltip("end:N"),
                alt.Tooltip("bound:N"),
                alt.Tooltip("shown:N", title="CO2e"),
            ],
        )
    )
    line = sheet.of([{"from": rounded(centre)}]).mark_rule(style="interval").encode(x=x)
    return sheet.layered(bars, line)


def _ends(swing: Swing) -> str:
    if swing.low_g is None or swing.high_g is None:
        return DASH
    return f"{number(QUERIES * swing.low_g, 'g')} – {number(QUERIES * swing.high_g, 'g')}"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return DASH
    if unit == "J":
        return number(value, "J")
    return significant(value) if unit == "1" else f"{significant(value)} {unit}"
