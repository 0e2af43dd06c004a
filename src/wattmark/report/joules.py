"""The joules of somebody's power log as tables for a terminal; nothing is printed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark.report.format import DASH, number, parts, percent, plain
from wattmark.schema import Estimate

MOST_ROWS = 30
"""Rows of single spans that a terminal shows; all of them are in the JSON."""

Row = Mapping[str, Any]
Cells = Mapping[str, Callable[[Row], str]]

FIGURES: Cells = {
    "energy": lambda row: _energy(row)[0],
    "95 %": lambda row: _energy(row)[1] or DASH,
}
PER_TOKEN: Cells = {"J/token": lambda row: number(row["joules_per_token"], "J")}
METHOD: Cells = {"method": lambda row: row["method"]}
PHASE: Cells = {
    "time": lambda row: number(row["seconds"], "s"),
    **FIGURES,
    "power": lambda row: number(row["mean_power_w"], "W"),
}
SPAN: Cells = {
    "from": lambda row: f"{row['start_s']:.12g}",
    "to": lambda row: f"{row['end_s']:.12g}",
    **FIGURES,
}


def render_joules(figures: Mapping[str, Any]) -> Group:
    """What `monitor.integrate` gave: phases, spans where they are few, gains, and doubts."""
    spans, phases = figures["spans"], figures["phases"]
    told = PER_TOKEN if any(row["tokens"] is not None for row in spans) else {}
    shown: list[RenderableType] = [_table("phase", phases, {**PHASE, **told, **METHOD}), Text("")]
    if len(spans) <= MOST_ROWS:
        shown += [_table("span", spans, SPAN), Text("")]
    else:
        shown.append(Text(f"{len(spans)} rows of single spans: --json shows them.", style="dim"))
    shown.append(Text(f"Intervals are at 95 %{_gains(phases)}.", style="dim"))
    return Group(*shown, *_warnings(figures["warnings"]))


def _table(what: str, rows: Iterable[Row], cells: Cells) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for title in (what, "sensor"):
        table.add_column(title, overflow="fold", min_width=8)
    for title in cells:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        shown = (plain(row["name"]), plain(row["sensor"]), *(cell(row) for cell in cells.values()))
        table.add_row(*map(Text, shown))
    return table


def _energy(row: Row) -> tuple[str, str]:
    joules = row["gross_j"] if "gross_j" in row else row["total_j"]
    return parts(Estimate("energy", joules, row["low_j"], row["high_j"], 0.95, 1, "J"))


def _gains(phases: Iterable[Row]) -> str:
    """', without the sensors' gain (wall: ± 1 %)', where any is stated."""
    gains = {row["sensor"]: row["gain_uncertainty"] for row in phases}
    said = [f"{plain(name)}: ± {percent(gain)}" for name, gain in gains.items() if gain]
    return f", without the sensors' gain ({', '.join(said)})" if said else ""


def _warnings(doubts: Sequence[Row]) -> list[RenderableType]:
    lines: list[RenderableType] = [Text("Doubts", style="bold")] if doubts else []
    for doubt in doubts:
        lines.append(Text.assemble(("! ", "yellow"), (plain(doubt["code"]), "bold")))
        lines.append(Padding(Text(plain(f"{doubt['message']} {doubt['hint']}")), (0, 0, 0, 2)))
    return lines
