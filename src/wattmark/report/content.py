"""What the page says of the trials, as plain data: verdict cards and the summary table.

Text from outside is made plain here and escaped by the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattmark.analysis.headline import AHEAD, ALONE, BETTER, Headline, headline
from wattmark.analysis.intervals import Interval
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import NOT_RESOLVED, AccuracyChange, Verdict
from wattmark.report.format import HUGE, figure, parts, provenance, significant
from wattmark.report.labels import group_title
from wattmark.report.notes import (
    COST,
    NET,
    QUALITY,
    SPEED,
    disturbed_of,
    missing_reasons,
    shown_columns,
)
from wattmark.store.reader import Run

Trials = Sequence[TrialSummary]


def verdict_cards(run: Run, summaries: Trials, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """One card a model and task: by energy where it was measured, else by speed."""
    found = headline(run)
    seen = {entry.best.group for entry in found}
    found += [entry for entry in headline(run, "queries_per_s") if entry.best.group not in seen]
    return [
        _card(entry, labels, [trial for trial in summaries if trial.group == entry.best.group])
        for entry in found
    ]


def _card(entry: Headline, labels: Mapping[str, str], group: Trials) -> dict[str, Any]:
    by_energy = entry.metric == "energy_per_query_j"
    big, text = _said(entry, labels, "energy per query" if by_energy else "queries per second")
    estimate = entry.best.estimates[entry.metric]
    return {
        "group": entry.best.group,
        "title": group_title(entry.best),
        "big": big,
        "text": text,
        "quality": _quality(entry, labels[entry.reference.key]),
        "worse": [labels[trial.key] for trial in entry.worse],
        "figures": [
            ("per query" if by_energy else "speed", figure(estimate)),
            *_some(
                entry.best,
                {"energy_per_token_j": "per token", "energy_per_correct_j": "per correct answer"},
            ),
            *_some(entry.best, {"accuracy": "accuracy"}),
        ],
        "of": labels[entry.best.key],
        "small": _small(entry),
        "noise": disturbed_of(group),
        "provenance": provenance(entry.best.provenance, entry.best.gain_uncertainty),
        "resolved": entry.outcome in (BETTER, AHEAD),
    }


def _small(entry: Headline) -> str:
    """How the intervals of a choice among several are corrected."""
    m = entry.comparisons
    if m < 2:
        return ""
    return f"Best of {m + 1}, intervals corrected for {m} comparisons (Bonferroni)."


def _said(entry: Headline, labels: Mapping[str, str], thing: str) -> tuple[str, str]:
    """The card's large line and the sentence below it."""
    reference = labels[entry.reference.key]
    if entry.outcome == BETTER and entry.verdict is not None:
        return _better(entry.verdict, labels, thing)
    if entry.outcome == AHEAD:
        others = "The other configuration has"
        if len(entry.others) > 1:
            others = f"Each of the other {len(entry.others)} configurations has"
        costs = "higher" if thing == "energy per query" else "fewer"
        return f"{reference} stays ahead", f"{others} resolvably {costs} {thing}."
    if entry.outcome == ALONE:
        shown = figure(entry.best.estimates[entry.metric])
        if entry.comparisons:
            return shown, f"Only {reference} keeps its accuracy."
        return shown, f"{reference}: one configuration, nothing to compare with."
    unclear = [verdict for verdict in entry.others if verdict.word == NOT_RESOLVED]
    clear = [labels[v.trial] for v in entry.others if v.word != NOT_RESOLVED]
    first = unclear[0]
    names = _listed([labels[verdict.trial] for verdict in unclear])
    text = f"No difference in {thing} is resolved between {reference} and {names}"
    if len(unclear) == 1 and first.low and first.high:
        text += f": {_open(first.low, first.high, first.pairs)}"
    elif len({verdict.note for verdict in unclear}) == 1 and first.note:
        text += f": {first.note}"
    behind = (
        f" {_listed(clear, 'and')} {'is' if len(clear) == 1 else 'are'} behind." if clear else ""
    )
    return "No difference resolved", f"{text}.{behind}"


def _open(low: float, high: float, pairs: int) -> str:
    """What a ratio's interval that holds 1 leaves open."""
    if high > HUGE * low:
        return f"the replicates are too scattered to tell ({pairs} paired blocks)"
    return f"the ratio may be {significant(low)}× to {significant(high)}× (95 %)"


def _listed(names: Sequence[str], word: str = "or", most: int = 4) -> str:
    """Names in a sentence; of many the first ones, and how many more there are."""
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _better(verdict: Verdict, labels: Mapping[str, str], thing: str) -> tuple[str, str]:
    factor = _factor(verdict)
    word = "lower" if verdict.word == "lower" else "higher"
    low, high = significant(factor.low or 0.0), significant(factor.high or 0.0)
    return (
        f"{significant(factor.mean, 2)}× {word} {thing}",
        f"{labels[verdict.trial]} instead of {labels[verdict.reference]}: between {low}× and "
        f"{high}× {word} (95 %, {verdict.pairs} paired blocks).",
    )


def _factor(verdict: Verdict) -> Interval:
    """The ratio the way round that is above one."""
    ratio, low, high = verdict.ratio or 1.0, verdict.low or 1.0, verdict.high or 1.0
    if verdict.word == "lower":
        return Interval(1 / ratio, 1 / high, 1 / low)
    return Interval(ratio, low, high)


def _quality(entry: Headline, reference: str) -> str:
    change = entry.accuracy
    if change is None:
        return "Quality was not scored."
    if entry.verdict is None:
        return ""
    return f"Accuracy against {reference}: {_change(change)}"


def _change(change: AccuracyChange) -> str:
    mean, low, high = (100 * (bound or 0.0) for bound in change.difference)
    counts = (
        f"{change.lost} lost, {change.gained} gained of {change.queries} queries: "
        f"{mean:+.1f} points, {low:+.1f} to {high:+.1f}"
    )
    if change.word == NOT_RESOLVED:
        return f"no difference resolved ({counts})."
    return f"{change.word} ({counts}, p = {significant(change.p_value, 2)})."


def _some(trial: TrialSummary, names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (title, figure(trial.estimates[name]))
        for name, title in names.items()
        if trial.estimates[name].value is not None
    ]


def table_of(group: Trials, labels: Mapping[str, str]) -> dict[str, Any]:
    """The summary table: titles, and for each trial its label, cells and count of replicates.

    Accuracy comes first, what it costs next; net stands below gross.
    """
    titles = {"accuracy": "accuracy", "f1": "F1", **COST, **SPEED, **QUALITY}
    names = shown_columns(titles, group)
    mixed = len({trial.provenance for trial in group if trial.n_ok}) > 1
    return {
        "titles": [titles[name] for name in names],
        "rows": [
            {
                "label": labels[trial.key],
                "cells": [_cell(trial, name) for name in names],
                "word": provenance(trial.provenance, trial.gain_uncertainty) if mixed else "",
                "ok": trial.n_ok,
                "planned": trial.n_planned,
                "failed": trial.n_failed,
            }
            for trial in group
        ],
        "energy": "; ".join(
            dict.fromkeys(provenance(t.provenance, t.gain_uncertainty) for t in group if t.n_ok)
        ),
        "missing": missing_reasons(group),
    }


def _cell(trial: TrialSummary, name: str) -> dict[str, str]:
    """Figure, interval, net with its interval, and note; a rate's unit is in the title."""
    estimate = trial.estimates[name]
    value, spread = parts(estimate)
    net, net_spread = "", ""
    if name in NET and (below := trial.estimates[NET[name][0]]).value is not None:
        net, net_spread = parts(below)
    return {
        "value": value.partition(" ")[0] if estimate.unit.endswith("/s") else value,
        "spread": spread,
        "net": net,
        "net_spread": net_spread,
        "note": estimate.note,
    }
