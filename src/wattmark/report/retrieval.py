"""Baseline and rag side by side: what retrieval brings, what it costs, and where the joules go.

Plain data for the page, a table for the terminal, plain values for JSON. Names of models and
tasks come from outside; they are made plain here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark.analysis.retrieval import IndexCost, Part, TradeOff
from wattmark.analysis.verdict import AccuracyChange, Verdict
from wattmark.report.format import DASH, MINUS, TOO_WIDE, figure, number, parts, ratio, significant
from wattmark.report.labels import short_name, short_task
from wattmark.schema import Estimate

COLUMNS = ("", "baseline", "rag", "change")
_PHASES = {
    "retrieve": "retrieval",
    "prefill": "prefill",
    "decode": "decode",
    "rest": "the rest",
}


Cells = tuple[tuple[str, str], tuple[str, str], tuple[str, str]]


@dataclass(frozen=True)
class Beside:
    """One trade-off in words: title, rows of baseline, rag and change, and what to know."""

    title: str
    rows: list[tuple[str, Cells]]
    """Figures with their intervals; parts of the row above are indented."""
    said: str


def beside(found: Sequence[TradeOff], labels: Mapping[str, str]) -> list[Beside]:
    """All trade-offs of a run, ready to be shown."""
    return [_beside(one, labels) for one in found]


def render_retrieval(found: Sequence[TradeOff], labels: Mapping[str, str]) -> list[RenderableType]:
    """The same for a terminal; nothing is printed here."""
    shown: list[RenderableType] = []
    for one in beside(found, labels):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
        for column in COLUMNS:
            table.add_column(column, justify="right" if column else "left", vertical="top")
        for what, cells in one.rows:
            table.add_row(Text(what), *(_cell(*cell) for cell in cells))
        title = Text.assemble(("Retrieval: ", "bold"), one.title)
        shown += [title, table, Padding(Text(one.said, style="dim"), (0, 0, 1, 0))]
    return shown


def retrieval_json(found: Sequence[TradeOff]) -> list[dict[str, Any]]:
    """The same as plain values: SI units, differences are rag less baseline, ratios rag ÷ it."""
    return [
        {
            "baseline": one.baseline.key,
            "rag": one.rag.key,
            "accuracy": None if one.accuracy is None else _accuracy(one.accuracy),
            "energy_ratio": _ratio(one.energy),
            "per_correct_ratio": _ratio(one.per_correct),
            "parts": [
                {
                    "phase": part.phase,
                    "baseline_j_per_query": None
                    if part.baseline is None
                    else asdict(part.baseline),
                    "rag_j_per_query": asdict(part.rag),
                    "more_j_per_query": asdict(part.more),
                }
                for part in one.parts
            ],
            "top_k": one.top_k,
            "hit_rate": asdict(one.hit_rate),
            "context_tokens": one.context_tokens,
            "context_left_out": one.context_left_out,
            "index": asdict(one.index),
        }
        for one in found
    ]


def _accuracy(change: AccuracyChange) -> dict[str, Any]:
    return {**asdict(change), "difference": change.difference._asdict()}


def _ratio(verdict: Verdict) -> dict[str, Any]:
    names = ("ratio", "low", "high", "pairs", "word", "note")
    return {name: getattr(verdict, name) for name in names}


def _beside(one: TradeOff, labels: Mapping[str, str]) -> Beside:
    model, task = short_name(one.rag.model), short_task(one.rag.task)
    names = model if model == task else f"{model} · {task}"
    rows: list[tuple[str, Cells]] = []

    def row(what: str, metric: str, change: tuple[str, str]) -> None:
        baseline, rag = one.baseline.estimates[metric], one.rag.estimates[metric]
        rows.append((what, (parts(baseline), parts(rag), change)))

    row("accuracy", "accuracy", _points(one.accuracy))
    row("J/correct", "energy_per_correct_j", _ratio_of(one.per_correct))
    row("J/query", "energy_per_query_j", _ratio_of(one.energy))
    for part in one.parts:
        if part.phase in _PHASES and part.rag.value is not None:
            before = (DASH, "") if part.baseline is None else _joules(part.baseline)
            rows.append((f"  {_PHASES[part.phase]}", (before, _joules(part.rag), _more(part))))
    return Beside(f"{names}, {labels.get(one.rag.key, '')}".rstrip(", "), rows, _said(one))


def _points(change: AccuracyChange | None) -> tuple[str, str]:
    """'+45.0 points' and their interval; McNemar's p where it is resolved."""
    if change is None:
        return DASH, ""
    mean, low, high = (None if v is None else 100 * v for v in change.difference)
    spread = "" if low is None or high is None else f"({low:+.1f} to {high:+.1f})"
    return f"{mean or 0.0:+.1f} points".replace("-", MINUS), spread.replace("-", MINUS)


def _ratio_of(verdict: Verdict) -> tuple[str, str]:
    """'1.84×' and its interval."""
    value, _, spread = ratio(verdict.ratio, verdict.low, verdict.high).partition(" ")
    return value, spread


def _joules(of: Estimate) -> tuple[str, str]:
    """A phase's figure and interval; where that spans too much, the most that there was."""
    value, spread = parts(of)
    return value, f"(up to {number(of.high, of.unit)})" if spread == TOO_WIDE else spread


def _more(part: Part) -> tuple[str, str]:
    """'+2.1 J' a query and the interval."""
    value, spread = _joules(part.more)
    sign = "+" if (part.more.value or 0.0) > 0 else ""
    return f"{sign}{value}", spread


def _said(one: TradeOff) -> str:
    said = []
    if one.hit_rate.value is not None:
        said.append(
            f"hit@{one.top_k} {figure(one.hit_rate)}: what answers the query is among what was "
            "retrieved."
        )
    if one.context_tokens is not None:
        said.append(f"{significant(one.context_tokens)} tokens of context a query on average.")
    if one.context_left_out:
        said.append(f"{one.context_left_out} retrieved chunks found no room in their prompts.")
    said.append(_index(one.index))
    said.append(
        "Figures of phases are J/query, plain means; their changes hold what the sensors leave "
        "open in both arms."
    )
    return " ".join(said)


def _index(cost: IndexCost) -> str:
    chunks = f"The index of {cost.chunks} chunks" if cost.chunks else "The index"
    outside = "outside of all figures above"
    if cost.built_s.value is not None:
        joules = f" for {figure(cost.built_j)}" if cost.built_j.value is not None else ""
        return f"{chunks} was built once, in {number(cost.built_s.value, 's')}{joules}, {outside}."
    if cost.opened_s.value is None:
        return f"{chunks} is {outside}."
    joules = f" and {figure(cost.opened_j)}" if cost.opened_j.value is not None else ""
    return (
        f"{chunks} was there from an earlier run; opening it took "
        f"{number(cost.opened_s.value, 's')}{joules} a replicate, {outside}."
    )


def _cell(value: str, spread: str) -> Text:
    if not spread:
        return Text(value, style="dim" if value == DASH else "")
    return Text.assemble(value, "\n", (spread, "dim"))
