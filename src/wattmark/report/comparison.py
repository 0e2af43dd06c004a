"""A comparison in words: the terminal's table, what is to be said below it, and the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wattmark.analysis.comparison import PERCENT, RATIO, SHARE, Change, Comparison
from wattmark.analysis.directions import is_share
from wattmark.analysis.gate import PASS, REGRESSION, Judgement, exit_code
from wattmark.report.format import DASH, MINUS, number, plain, significant

COLUMNS = ("metric", "base", "head", "change", "verdict", "g", "n")
STYLES = {"better": "green", "worse": "red", PASS: "green", REGRESSION: "red"}
WIDE = 110
"""Columns of a terminal on which every figure has one line."""
MOST_NAMED = 12
"""Metrics that one remark lists."""
FACTOR = 2.0
"""From this ratio on a change is a factor; below it is a percentage."""
REQUIRED = (
    "metric",
    "base",
    "head",
    "ratio",
    "low",
    "high",
    "confidence",
    "verdict",
    "p_value",
    "test",
    "n_base",
    "n_head",
    "effect_size",
)


def comparison_json(comparison: Comparison, judgements: Sequence[Judgement] = ()) -> dict[str, Any]:
    """The whole comparison for programs; `gates` where there are any."""
    metrics = []
    for change in comparison.changes:
        fields = asdict(change)
        metrics.append({name: fields.pop(name) for name in REQUIRED} | fields)
    gates = [
        {
            "gate": judgement.gate.text,
            "metric": judgement.metric,
            "trial": judgement.trial,
            "outcome": judgement.outcome,
            "limit": judgement.limit,
            "why": judgement.why,
        }
        for judgement in judgements
    ]
    return {
        "base": comparison.base,
        "head": comparison.head,
        "metrics": metrics,
        "matched_on": comparison.matched_on,
        "warnings": list(comparison.warnings),
        "missing": dict(comparison.missing),
        **({"gates": gates, "exit_code": exit_code(judgements)} if judgements else {}),
    }


def render_comparison(
    comparison: Comparison, judgements: Sequence[Judgement] = (), console_width: int = 80
) -> Group:
    """Tables, gates and remarks for a console of that width; nothing is printed here."""
    shown: list[RenderableType] = []
    for trial, changes in by_trial(comparison).items():
        if trial:
            shown.append(Text(trial_title(comparison, trial), style="bold"))
        shown += [
            _table(changes, console_width),
            *(Text(line, style="dim") for line in remarks(changes)),
            Text(""),
        ]
    shown += [_gate_line(judgement) for judgement in judgements]
    for line in comparison.warnings:
        shown.append(Text.assemble(("! ", "yellow"), plain(line)))
    return Group(*shown)


def by_trial(comparison: Comparison) -> dict[str, list[Change]]:
    """Trial → its changes, in their order."""
    found: dict[str, list[Change]] = {}
    for change in comparison.changes:
        found.setdefault(change.trial, []).append(change)
    return found


def trial_title(comparison: Comparison, trial: str) -> str:
    """A trial of head, and the trial of base where that is another one."""
    matches: Sequence[Mapping[str, Any]] = comparison.matched_on.get("trials", ())
    base = next((match["base"] for match in matches if match["head"] == trial), trial)
    return plain(trial) if base == trial else f"{plain(base)} → {plain(trial)}"


def cells(change: Change) -> tuple[str, ...]:
    """A change as text, in the order of `COLUMNS`."""
    n = str(change.n_base) if change.n_base == change.n_head else f"{change.n_base}/{change.n_head}"
    effect = DASH if change.effect_size is None else _signed(change.effect_size, 2)
    return (
        plain(change.metric, 80),
        shown_value(change.base, change.unit),
        shown_value(change.head, change.unit),
        change_text(change),
        change.verdict,
        effect,
        n,
    )


def change_text(change: Change) -> str:
    """'+3.1 % (+1.0 to +5.2)', '2.4× (2.1–2.8)', '−1.2 pp (−3.4 to +1.0)', or –."""
    value = change.ratio if change.scale == RATIO else change.difference
    if value is None:
        return DASH
    if change.scale == RATIO and not 1 / FACTOR < value < FACTOR:
        head, low, high = (_factor(v) for v in (value, change.low, change.high))
        return f"{head} ({low}–{high})" if change.low is not None else head
    head, low, high = (_step(change, v) for v in (value, change.low, change.high))
    if not low or not high:
        return head
    unit = f" {head.partition(' ')[2]}"
    if low.endswith(unit) and high.endswith(unit):
        low, high = low.removesuffix(unit), high.removesuffix(unit)
    return f"{head} ({low} to {high})"


def shown_value(value: float | None, unit: str) -> str:
    """A centre with its unit."""
    if value is not None and unit == PERCENT:
        return f"{value:.1f} %"
    return number(value, unit)


def remarks(changes: Sequence[Change]) -> list[str]:
    """Each note once, with the metrics that it is about; and what it takes to resolve."""
    found: dict[str, list[str]] = {}
    for change in changes:
        for note in change.notes:
            found.setdefault(note, []).append(plain(change.metric, 80))
        if change.needed:
            size = f"{100 * change.margin:g} %"
            note = f"{change.needed} replicates an arm would resolve a change of {size}"
            found.setdefault(note, []).append(plain(change.metric, 80))
    return [f"{_named(names)}: {plain(note)}" for note, names in found.items()]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def gate_text(judgement: Judgement) -> tuple[str, str]:
    """(what was asked, what came of it) of a gate."""
    of = f" · {plain(judgement.trial)}" if judgement.trial else ""
    asked = f"{plain(judgement.gate.text, 120)}{of}"
    change = judgement.change
    seen = "" if change is None or change.low is None else f"{change_text(change)}: "
    return asked, f"{seen}{plain(judgement.why)}"


def _table(changes: Sequence[Change], width: int) -> Table:
    """On a narrow terminal head stands below base, an interval below its change, g and n not."""
    narrow = width < WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for title in ("metric", "base\nhead", "change", "verdict") if narrow else COLUMNS:
        left = title in {"metric", "verdict"}
        table.add_column(
            title,
            justify="left" if left else "right",
            overflow="fold",
            no_wrap=title == "verdict",
        )
    for change in changes:
        metric, base, head, moved, verdict, effect, n = cells(change)
        word = Text(verdict, style=STYLES.get(verdict, ""))
        if narrow:
            stacked = Text(moved.replace(" (", "\n("))
            table.add_row(Text(metric), Text(f"{base}\n{head}"), stacked, word)
        else:
            table.add_row(*map(Text, (metric, base, head, moved)), word, Text(effect), Text(n))
    return table


def _gate_line(judgement: Judgement) -> Text:
    asked, found = gate_text(judgement)
    style = STYLES.get(judgement.outcome, "yellow")
    return Text.assemble("gate ", asked, ": ", (judgement.outcome, style), f"  {found}")


def _step(change: Change, value: float | None) -> str:
    """A figure on the change's scale with sign and unit: '+3.1 %', '−1.2 pp', '+200 µJ'."""
    if value is None:
        return ""
    if change.scale == RATIO:
        return f"{_signed(100 * (value - 1))} %"
    if is_share(change.metric):
        return f"{_signed(value * (100 if change.unit == SHARE else 1))} pp"
    return _sign(value, number(abs(value), change.unit)) if value else number(0.0, change.unit)


def _signed(value: float, digits: int = 3) -> str:
    """With its sign; at most `digits` significant digits, two places where it is small."""
    if abs(value) < 5e-3:
        return "0" if abs(value) < 5e-13 else "0.00"
    text = f"{abs(value):.2f}" if abs(value) < 1 else significant(abs(value), digits)
    return _sign(value, text)


def _sign(value: float, text: str) -> str:
    return f"{'+' if value > 0 else MINUS}{text}"


def _factor(value: float | None) -> str:
    return DASH if value is None else f"{significant(value)}×"
