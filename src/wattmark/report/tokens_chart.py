"""How long prompts and answers are, in tokens: one value a query, by trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.intervals import mean_t
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import PHASES, Figure, Rows, row_height
from wattmark.report.format import between, significant
from wattmark.report.labels import group_title
from wattmark.report.perquery import Means, PerQuery
from wattmark.report.series import Sheet, axis_of, bounded, rounded, whole

KINDS = {"input_tokens": "prompt", "output_tokens": "answer"}
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)

Floats = NDArray[np.float64]


def tokens_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], read: PerQuery
) -> Figure | None:
    """Tokens of prompts and of answers over the queries; None where all of them are as long.

    Prompts that are the same in all trials are drawn once.
    """
    rows = [
        row
        for column, kind in KINDS.items()
        for row in _rows(kind, column, group, labels, read.means)
    ]
    if not rows or all(row["p5"] == row["p95"] for row in rows):
        return None
    order = [row["row"] for row in rows]
    seen = [kind for kind in KINDS.values() if any(row["kind"] == kind for row in rows)]
    sampled = read.said.get(group[0].task, "")
    description = f"Tokens of prompts and answers, {group_title(group[0])}: " + "; ".join(
        f"{row['row']} median {whole(row['p50'])}" for row in rows
    )
    return Figure(
        id="tokens",
        title="Tokens per query",
        subtitle="Middle half with its median, whiskers from the 5th to the 95th percentile; "
        "diamonds are means with 95 % over queries" + (f" · {sampled}" if sampled else ""),
        description=description,
        spec=_chart(rows, order, seen).spec(description, row_height(len(rows), 34)),
        columns=("what", "mean (95 %)", "median", "middle half", "5th–95th percentile", "queries"),
        rows=[
            (
                row["row"],
                row["shown"],
                whole(row["p50"]),
                f"{whole(row['p25'])}–{whole(row['p75'])}",
                f"{whole(row['p5'])}–{whole(row['p95'])}",
                str(row["n"]),
            )
            for row in rows
        ],
    )


def _rows(
    kind: str,
    column: str,
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    means: Mapping[str, Means],
) -> Rows:
    told: list[tuple[str, Floats]] = []
    for trial in group:
        tokens = means.get(trial.key, {}).get(column, np.empty(0))
        tokens = tokens[np.isfinite(tokens)]
        if tokens.size and tokens.max() > 0:
            told.append((labels[trial.key], tokens))
    first = np.sort(told[0][1]) if told else np.empty(0)
    if len(told) > 1 and all(np.array_equal(np.sort(tokens), first) for _, tokens in told):
        return [_row(f"{kind}, all trials", kind, first)]
    return [_row(f"{kind}, {label}", kind, tokens) for label, tokens in told]


def _row(name: str, kind: str, tokens: Floats) -> dict[str, Any]:
    places = np.quantile(tokens, SHARES).tolist()
    mean, low, high = mean_t(tokens.tolist())
    shown = significant(mean)
    if low is not None and high is not None:
        shown += f" ({between(max(0.0, low), high)})"
    return {
        "row": name,
        "kind": kind,
        "n": int(tokens.size),
        "mean": rounded(mean),
        "low": rounded(None if low is None else max(0.0, low)),
        "high": rounded(high),
        "shown": shown,
        **{f"p{100 * share:g}": rounded(v) for share, v in zip(SHARES, places, strict=True)},
    }


def _chart(rows: Rows, order: Sequence[str], seen: Sequence[str]) -> Sheet:
    sheet = Sheet()
    ends = [row[name] for row in rows for name in ("p5", "p95", "mean")]
    scale, axis, log = axis_of(ends, [row["low"] for row in rows if row["low"] is not None])
    hue = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=list(seen), range=[_HUES[kind] for kind in seen]),
        legend=None,
    )
    told_of = bounded(rows)
    base, told = (
        sheet.of(one).encode(
            y=alt.Y("row:N", sort=list(order), title=None),
            color=hue,
            tooltip=[
                alt.Tooltip("row:N"),
                alt.Tooltip("shown:N", title="mean, 95 %"),
                alt.Tooltip("n:Q"),
            ],
        )
        for one in (rows, told_of)
    )
    whisker = base.mark_rule(strokeWidth=1.2, opacity=0.7).encode(
        x=alt.X("p5:Q", title="tokens (log)" if log else "tokens", scale=scale, axis=axis),
        x2=alt.X2("p95:Q"),
    )
    half = base.mark_bar(opacity=0.35, height=14, cornerRadius=3).encode(
        x=alt.X("p25:Q"), x2=alt.X2("p75:Q")
    )
    middle = base.mark_tick(thickness=2, height=14).encode(x=alt.X("p50:Q"))
    bar = told.mark_rule(style="interval", yOffset=_BELOW).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q")
    )
    mean = base.mark_point(shape="diamond", size=46, opacity=1, yOffset=_BELOW).encode(
        x=alt.X("mean:Q")
    )
    return sheet.layered(whisker, half, middle, *([bar] if told_of else []), mean)


_HUES = {"prompt": PHASES["prefill"], "answer": PHASES["decode"]}
_BELOW = 11
