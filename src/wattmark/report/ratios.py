"""The factors of the verdicts: each trial's energy against the reference's, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from wattmark.analysis.verdict import Verdict
from wattmark.report.figure import (
    CLIPPED,
    PHASES,
    Figure,
    Layers,
    Rows,
    finished,
    log_domain,
    log_ticks,
    row_height,
    values,
)
from wattmark.report.format import ratio


def ratio_figure(verdicts: Sequence[Verdict], labels: Mapping[str, str]) -> Figure | None:
    """Each trial's energy against the reference's, with intervals; None without a ratio."""
    drawn = [verdict for verdict in verdicts if verdict.ratio is not None]
    if not drawn:
        return None
    reference = labels[drawn[0].reference]
    rows = [
        {
            "trial": labels[verdict.trial],
            "ratio": verdict.ratio,
            "low": verdict.low,
            "high": verdict.high,
            "word": verdict.word,
            "shown": ratio(verdict.ratio, verdict.low, verdict.high),
        }
        for verdict in drawn
    ]
    domain, clipped = log_domain(
        [1.0, *(float(verdict.ratio or 1.0) for verdict in drawn)],
        [bound for v in drawn for bound in (v.low, v.high) if bound],
    )
    room = (domain[1] / domain[0]) ** 0.12  # labels are wider than their diamonds
    chart = _chart(rows, [domain[0] / room, domain[1] * room], clipped=clipped)
    description = f"Energy per query against {reference}: " + "; ".join(
        f"{row['trial']} {row['shown']}, {row['word']}" for row in rows
    )
    return Figure(
        id="ratio",
        title="Against the reference",
        subtitle=f"Ratio to {reference}, paired by block, 95 % interval; left of 1× costs less",
        description=description,
        notes=[CLIPPED] if clipped else [],
        spec=finished(chart, description, row_height(len(rows), 52)),
        columns=("trial", "ratio (95 %)", "word", "blocks"),
        rows=[
            (labels[v.trial], ratio(v.ratio, v.low, v.high), v.word, str(v.pairs)) for v in drawn
        ],
    )


def _chart(rows: Rows, domain: list[float], *, clipped: bool) -> Layers:
    """Diamonds with their intervals and words, and a line at 1×."""
    order = [str(row["trial"]) for row in rows]
    base = alt.Chart(values(rows)).encode(
        y=alt.Y("trial:N", sort=order, title=None),
        tooltip=[
            alt.Tooltip("trial:N"),
            alt.Tooltip("shown:N", title="ratio, 95 %"),
            alt.Tooltip("word:N"),
        ],
    )
    scale = alt.Scale(type="log", nice=False, domain=domain)
    axis = alt.Axis(
        values=log_ticks(*domain),
        format="~r",
        labelExpr="datum.label ? datum.label + '×' : ''",
    )
    title = "ratio of energy per query (log)"
    colour = alt.Color(
        "word:N",
        title=None,
        scale=alt.Scale(
            domain=["lower", "higher", "not resolved"],
            range=[PHASES["host"], PHASES["prefill"], PHASES["idle"]],
        ),
    )
    one = (
        alt.Chart(values([{"one": 1}]))
        .mark_rule(style="reference")
        .encode(x=alt.X("one:Q", scale=scale, title=title, axis=axis))
    )
    bar = base.mark_rule(strokeWidth=2, clip=clipped).encode(
        x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), color=colour
    )
    dot = base.mark_point(shape="diamond", size=90, opacity=1).encode(
        x=alt.X("ratio:Q", scale=scale), color=colour
    )
    words = [
        base.mark_text(align="center", dy=-13, style=style).encode(
            x=alt.X("ratio:Q", scale=scale), text=alt.Text("shown:N")
        )
        for style in ("halo", "caption")
    ]
    return Layers(one, bar, dot, *words)
