"""What the page says, as plain data: cards, the summary table, answers, machine, how to repeat.

Text from outside is made plain here and escaped by the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattmark.analysis.intervals import Interval
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import NOT_RESOLVED, AccuracyChange, Headline, Verdict, headline
from wattmark.report.format import (
    figure,
    number,
    parts,
    plain,
    provenance,
    significant,
)
from wattmark.report.labels import group_title, short_name
from wattmark.report.table import ALWAYS, COST, FULL_NAMES, QUALITY, SPEED, missing_reasons
from wattmark.schema import Estimate
from wattmark.store.reader import Run
from wattmark.units import clock_time

ROWS_IN_ALL = 400
ROWS_A_TRIAL = 50
LONGEST_TEXT = 240
Row = Mapping[str, Any]


def status_of(info: Row, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """How far the run has come: status, replicates ok, failed and still to come."""
    ok = sum(trial.n_ok for trial in summaries)
    failed = sum(trial.n_failed for trial in summaries)
    planned = int(info.get("planned") or sum(trial.n_planned for trial in summaries))
    words = dict.fromkeys(
        provenance(trial.provenance, trial.gain_uncertainty) for trial in summaries if trial.n_ok
    )
    return {
        "word": plain(info.get("status") or "unknown"),
        "ok": ok,
        "failed": failed,
        "to_come": max(0, planned - ok - failed),
        "planned": planned,
        "trials": len(summaries),
        "energy": "; ".join(words) or "not measured",
        "measured": bool(words) and all(trial.provenance for trial in summaries if trial.n_ok),
    }


def verdict_cards(run: Run, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """One card a model and task: by energy where it was measured, else by speed."""
    cards = [_card(entry, labels) for entry in headline(run)]
    seen = {card["group"] for card in cards}
    by_speed = headline(run, "queries_per_s")
    return cards + [_card(entry, labels) for entry in by_speed if entry.best.group not in seen]


def _card(entry: Headline, labels: Mapping[str, str]) -> dict[str, Any]:
    by_energy = entry.metric == "energy_per_query_j"
    best, reference = labels[entry.best.key], labels[entry.reference.key]
    big, text = _said(
        entry, best, reference, "energy per query" if by_energy else "queries per second"
    )
    estimate = entry.best.estimates[entry.metric]
    return {
        "group": entry.best.group,
        "title": group_title(entry.best),
        "big": big,
        "text": text,
        "quality": _quality(entry, reference),
        "worse": [labels[trial.key] for trial in entry.worse],
        "figures": [
            ("per query" if by_energy else "speed", figure(estimate)),
            *_some(
                entry.best,
                {"energy_per_token_j": "per token", "energy_per_correct_j": "per correct answer"},
            ),
            *_some(entry.best, {"accuracy": "accuracy"}),
        ],
        "provenance": provenance(entry.best.provenance, entry.best.gain_uncertainty),
        "resolved": entry.verdict is not None and entry.verdict.word != NOT_RESOLVED,
    }


def _said(entry: Headline, best: str, reference: str, thing: str) -> tuple[str, str]:
    """The card's large line and the sentence below it."""
    verdict = entry.verdict
    if verdict is None:
        if entry.candidates == 1:
            return figure(
                entry.best.estimates[entry.metric]
            ), f"{best}: one configuration, nothing to compare with."
        return (
            f"{best} stays ahead",
            f"No other of {entry.candidates} configurations has better {thing}.",
        )
    if verdict.ratio is None or verdict.low is None or verdict.high is None:
        return "Not resolved", f"{best} against {reference}: {verdict.note}."
    if verdict.word == NOT_RESOLVED:
        between = f"{significant(verdict.low)}× to {significant(verdict.high)}×"
        return (
            "No difference resolved",
            f"{best} is nominally ahead of {reference}, but the ratio of {thing} may be {between} "
            "(95 %).",
        )
    factor = _factor(verdict)
    word = "lower" if verdict.word == "lower" else "higher"
    return (
        f"{significant(factor.mean, 2)}× {word} {thing}",
        f"{best} instead of {reference}: between {significant(factor.low or 0.0)}× and "
        f"{significant(factor.high or 0.0)}× {word} (95 %, {verdict.pairs} paired blocks).",
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
    counts = f"{change.lost} lost, {change.gained} gained of {change.queries} queries"
    if change.word == NOT_RESOLVED:
        return f"no difference resolved ({counts})."
    return f"{change.word} ({counts}, p = {significant(change.p_value, 2)})."


def _some(trial: TrialSummary, names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (title, figure(trial.estimates[name]))
        for name, title in names.items()
        if trial.estimates[name].value is not None
    ]


def table_of(group: Sequence[TrialSummary], labels: Mapping[str, str]) -> dict[str, Any]:
    """The summary table: titles, and for each trial its label, cells and count of replicates."""
    titles = {**COST, **SPEED, **QUALITY, **FULL_NAMES}
    order = list({**COST, **SPEED, **QUALITY})
    names = [
        n
        for n in order
        if n == ALWAYS or any(trial.estimates[n].value is not None for trial in group)
    ]
    mixed = len({trial.provenance for trial in group if trial.n_ok}) > 1
    return {
        "titles": [({**COST, **SPEED, **QUALITY}[name], titles[name]) for name in names],
        "rows": [
            {
                "label": labels[trial.key],
                "cells": [_cell(trial.estimates[name]) for name in names],
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
        "missing": [
            (", ".join(titles), reason) for reason, titles in missing_reasons(group).items()
        ],
    }


def _cell(estimate: Estimate) -> tuple[str, str, str]:
    """Figure, interval and note; a rate's unit stands in the column's title."""
    value, spread = parts(estimate)
    return value.partition(" ")[0] if estimate.unit.endswith("/s") else value, spread, estimate.note


def answers(
    run: Run, summaries: Sequence[TrialSummary], labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The first answers of each trial's first good replicate."""
    limit = max(5, min(ROWS_A_TRIAL, ROWS_IN_ALL // max(1, len(summaries))))
    rows: dict[str, list[Row]] = {}
    counts: dict[str, int] = {}
    for row in run.queries.to_pylist():
        mine = rows.setdefault(row["trial_key"], [])
        if mine and row["replicate"] != mine[0]["replicate"]:
            continue
        counts[row["trial_key"]] = counts.get(row["trial_key"], 0) + 1
        if len(mine) < limit:
            mine.append(row)
    return [
        {
            "title": f"{group_title(trial)}, {labels[trial.key]}",
            "rows": [_answer(row) for row in rows[trial.key]],
            "count": counts[trial.key],
            "replicate": rows[trial.key][0]["replicate"],
        }
        for trial in summaries
        if rows.get(trial.key)
    ]


def _answer(row: Row) -> dict[str, Any]:
    spread = ""
    if row["energy_low_j"] is not None and row["energy_high_j"] is not None:
        spread = f"{number(row['energy_low_j'], 'J')} – {number(row['energy_high_j'], 'J')}"
    return {
        "prompt": plain(row["prompt"], LONGEST_TEXT),
        "expected": None if row["expected"] is None else plain(row["expected"], LONGEST_TEXT),
        "response": plain(row["response"], LONGEST_TEXT),
        "correct": row["correct"],
        "why": plain(row["why"], LONGEST_TEXT),
        "tokens": row["output_tokens"],
        "latency": number(row["latency_s"], "s"),
        "energy": number(row["energy_j"], "J"),
        "spread": spread,
    }


def facts_of(info: Row) -> list[tuple[str, str]]:
    """The machine, the software, the cost of measuring, in words; the unknown is left out."""
    machine = info.get("machine") or {}
    cost = info.get("meter_cost") or {}
    gpus = ", ".join(_gpu(gpu) for gpu in machine.get("gpus") or ())
    versions = machine.get("versions") or {}
    found = {
        "CPU": machine.get("cpu_model"),
        "Cores": _cores(machine),
        "Threads used": machine.get("threads"),
        "Memory": number(machine["ram_bytes"], "B") if machine.get("ram_bytes") else None,
        "GPU": gpus or None,
        "Driver": machine.get("driver"),
        "System": " · ".join(str(v) for v in (machine.get("os"), machine.get("kernel")) if v),
        "Virtual machine": {"True": "yes", "False": "no"}.get(str(machine.get("virtual"))),
        "Container": machine.get("container"),
        "Python": machine.get("python"),
        "Libraries": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "Code": machine.get("git_commit"),
        "Wattmark": info.get("wattmark_version"),
        "Started": info.get("created_at"),
        "Finished": info.get("finished_at"),
        "Cost of measuring": _cost(cost),
    }
    return [(name, plain(value, 400)) for name, value in found.items() if value not in (None, "")]


def _cores(machine: Row) -> str | None:
    logical, physical = machine.get("logical_cpus"), machine.get("physical_cpus")
    if logical is None:
        return None
    return f"{logical} logical" + ("" if physical is None else f", {physical} physical")


def _gpu(gpu: Any) -> str:
    return str(gpu.get("name") or gpu) if isinstance(gpu, Mapping) else str(gpu)


def _cost(cost: Row) -> str | None:
    share, cpu_s = cost.get("share_of_core"), cost.get("cpu_s")
    if share is None or cpu_s is None:
        return None
    wall = f" in {clock_time(cost['wall_s'])}" if cost.get("wall_s") else ""
    return f"{100 * share:.2g} % of one core ({clock_time(cpu_s)} of CPU time{wall})"


def reproduce(info: Row, folder: str) -> dict[str, str]:
    """The suite as TOML, and the commands that run, finish and show it."""
    suite = {k: v for k, v in (info.get("suite") or {}).items() if v not in (None, [], {}, ())}
    name = short_name(str(info.get("name") or "suite"))
    return {
        "toml": "\n".join(f"{key} = {_toml(value)}" for key, value in suite.items()),
        "commands": "\n".join(
            [
                f"wattmark run {name}.toml",
                f"wattmark run --resume runs/{plain(folder)}   # what failed or is missing",
                f"wattmark show runs/{plain(folder)}",
            ]
        ),
    }


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    text = plain(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
