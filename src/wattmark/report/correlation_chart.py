"""What goes together from query to query, within one trial.

One trial only: over several configurations, slow and large correlate by choice of the grid. Below
the diagonal is Pearson's r (a line), above it Spearman's ρ (an order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.correlations import correlations
from wattmark.analysis.outcome import Test
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import Figure, Rows
from wattmark.report.format import DASH, MINUS, provenance, significant
from wattmark.report.labels import group_title
from wattmark.report.perquery import Means, PerQuery
from wattmark.report.series import Sheet, coefficient, reference_first, rounded, some

TITLES = {
    "energy_j": "energy",
    "latency_s": "latency",
    "ttft_s": "TTFT",
    "input_tokens": "prompt",
    "output_tokens": "answer",
    "context_tokens": "context",
    "correct": "right",
    "confidence": "confidence",
}
MOST_QUERIES = 2_000
LEAST = 6
EACH = 30
STRONG = 0.7
"""From here on a cell is dark enough for white figures."""
RAMP = ("#8c4505", "#e08d3c", "#f5f3ef", "#6aa6d6", "#14508c")
"""Orange to blue: told apart by the colour-blind, and light where there is nothing."""

Floats = NDArray[np.float64]


def correlation_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], read: PerQuery
) -> Figure | None:
    """Pearson's and Spearman's correlations of the reference; None below two that vary."""
    able = [trial for trial in group if len(_varying(read.means.get(trial.key))[0]) > 1]
    if not able:
        return None
    trial = reference_first(group, able, 1)[0]
    means = read.means[trial.key]
    chosen, why = _varying(means)
    places = some(len(means["energy_j"]), MOST_QUERIES)
    columns = {
        name: [None if np.isnan(value) else value for value in means[name][places].tolist()]
        for name in chosen
    }
    pairs = list(zip(correlations(columns), correlations(columns, ranks=True), strict=True))
    cells = _cells(pairs)
    label = labels[trial.key]
    strongest = sorted(
        (one for _, one in pairs if one.effect is not None), key=lambda one: -abs(one.effect or 0)
    )
    description = f"Correlations over the queries of {label}, {group_title(trial)}: " + "; ".join(
        f"{_pair(one)} Spearman's ρ {coefficient(one)}" for one in strongest[:4]
    )
    n = len(places)
    sampled = f"a seeded sample of {n} queries" if n < len(means["energy_j"]) else f"{n} queries"
    return Figure(
        id="correlations",
        title="What goes together",
        subtitle=f"{label}, {sampled}, means over replicates; below the diagonal Pearson's r, "
        "above it Spearman's ρ · energy " + provenance(trial.provenance, trial.gain_uncertainty),
        description=description,
        spec=_chart(cells, chosen).spec(description, EACH * len(chosen) + 8),
        columns=("pair", "Pearson's r (95 %)", "p (Holm)", "Spearman's ρ (95 %)", "p (Holm)", "n"),
        rows=[
            (_pair(r), coefficient(r), _p(r), coefficient(rho), _p(rho), str(min(r.n, default=0)))
            for r, rho in pairs
        ],
        notes=[
            "Cells in brackets are not resolved: p ≥ 0.05 after Holm's correction over all pairs. "
            "What goes together need not cause one another.",
            *why,
            *_shared(trial, chosen),
        ],
    )


def _varying(means: Means | None) -> tuple[list[str], list[str]]:
    """Variables that vary over enough queries, and why the others are left out."""
    chosen, constant = [], []
    for name in TITLES if means else ():
        told = means[name][np.isfinite(means[name])] if means else np.empty(0)
        if told.size < LEAST:
            continue
        if float(np.ptp(told)) > 1e-9 * float(np.abs(told).max()):
            chosen.append(name)
        elif float(told.max()) > 0 or name == "correct":
            constant.append(TITLES[name])
    return chosen, [f"The same in all queries: {', '.join(constant)}."] if constant else []


def _shared(trial: TrialSummary, chosen: Sequence[str]) -> list[str]:
    if trial.batch_size == 1 or "energy_j" not in chosen:
        return []
    return [
        "The queries of a batch share its latency, and its joules by a rule in which tokens count."
    ]


def _cells(pairs: Sequence[tuple[Test, Test]]) -> Rows:
    cells: Rows = []
    for r, rho in pairs:
        first, second = (TITLES[name] for name in r.of)
        cells.append(_cell(second, first, r, "Pearson's r"))
        cells.append(_cell(first, second, rho, "Spearman's ρ"))
    return cells


def _cell(row: str, column: str, test: Test, what: str) -> dict[str, object]:
    shown = DASH if test.effect is None else f"{test.effect:.2f}".replace("-", MINUS)
    unresolved = test.p_adjusted is None or test.p_adjusted >= 0.05
    return {
        "row": row,
        "column": column,
        "value": rounded(test.effect, 3),
        "shown": f"({shown})" if unresolved and test.effect is not None else shown,
        "told": f"{what} {coefficient(test)}",
    }


def _chart(cells: Rows, chosen: Sequence[str]) -> Sheet:
    sheet = Sheet()
    order = [TITLES[name] for name in chosen]
    base = sheet.of(cells).encode(
        x=alt.X("column:N", sort=order, title=None, axis=alt.Axis(orient="top", labelAngle=-35)),
        y=alt.Y("row:N", sort=order, title=None),
        tooltip=[alt.Tooltip("row:N"), alt.Tooltip("column:N"), alt.Tooltip("told:N")],
    )
    fill = alt.Color(
        "value:Q", legend=None, scale=alt.Scale(domain=[-1, -0.5, 0, 0.5, 1], range=list(RAMP))
    )
    strong = f"abs(datum.value) > {STRONG}"
    ink = alt.condition(strong, alt.value("#ffffff"), alt.value("#1c2126"))
    return sheet.layered(
        base.mark_rect(cornerRadius=2).encode(color=fill),
        base.mark_text(fontSize=10.5).encode(text=alt.Text("shown:N"), color=ink),
    )


def _pair(test: Test) -> str:
    return " · ".join(TITLES[name] for name in test.of)


def _p(test: Test) -> str:
    return DASH if test.p_adjusted is None else significant(test.p_adjusted, 2)
