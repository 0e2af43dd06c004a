"""What every chart of the page is made of: a specification, its words, and its data as a table.

A chart never says more than its data: each has a description for those who cannot see it, a
subtitle with the provenance of its joules, and the rows it was drawn from, already aggregated.
Colours are chosen by the page (light and dark) through the configuration, not by a chart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

Rows = list[dict[str, Any]]

PALETTE_LIGHT = ("#0a6ebd", "#d9730d", "#12876f", "#b5488c", "#7a6a00", "#5b5fc7", "#7d4f2a")
PALETTE_DARK = ("#5ab0f2", "#f2a154", "#4cc9a8", "#e58bc0", "#cdbb4d", "#9fa3f7", "#c99a72")
"""Hues in the order of Okabe and Ito's colour-blind-safe set (blue, orange, green, pink), each at
a contrast of 3:1 or more against its background; every mark is also named by its axis or legend."""

PHASES = {
    "idle draw": "#8b95a1",
    "idle": "#8b95a1",
    "load": "#a97c50",
    "index": "#6f7d2a",
    "warmup": "#a88c22",
    "retrieve": "#b23a48",
    "prefill": "#dd7a1e",
    "decode": "#2f86d1",
    "classify": "#2f86d1",
    "measured": "#2f86d1",
    "host": "#18977b",
    "other": "#b8629a",
}
"""Phase → colour, the same in every chart, readable on light and on dark."""

TWO_LINES = (
    "length(datum.label) > 29"
    " ? split(replace(datum.label, regexp('^(.{14,}?) · '), '$1\\n'), '\\n') : datum.label"
)
"""A trial's long name in two lines: cut off, two trials would look alike."""
VALIDATED = False
"""Whether charts are checked against Vega-Lite's schema as they are made. It takes longer than
all else about them, and finds what only a change of the code can bring: tests switch it on."""

MOST_TICKS = 6
CLIPPED = "Intervals that run out of the chart are wider than it: their bounds are in the data."


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One chart: `spec` is Vega-Lite as plain JSON values, `columns`/`rows` its data in words."""

    id: str
    title: str
    subtitle: str
    description: str
    spec: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    wide: bool = False
    notes: Sequence[str] = field(default_factory=tuple)


class Layers:
    """Charts over each other, as `alt.layer` draws them, the lowest first.

    altair's own copies every part of every layer four times on the way to a specification. `apart`
    gives each layer a vertical axis of its own.
    """

    def __init__(self, *layers: alt.Chart, apart: bool = False) -> None:
        self.layers = layers
        self.apart = apart

    def to_dict(self, *, validate: bool) -> dict[str, Any]:
        """The specification; rows that all layers have in common stand beside them, once."""
        datasets: dict[str, Any] = {}
        context = {"datasets": datasets, "top_level": False, "pre_transform": False}
        drawn = [layer.to_dict(validate=validate, context=context) for layer in self.layers]
        spec: dict[str, Any] = {"$schema": alt.SCHEMA_URL, "layer": drawn}
        if all(layer.data is self.layers[0].data for layer in self.layers):
            spec |= {"data": drawn[0]["data"]}
            for layer in drawn:
                layer.pop("data")
        if self.apart:
            spec["resolve"] = {"scale": {"y": "independent"}}
        if validate:
            alt.LayerChart.validate(spec)
        return spec | ({"datasets": datasets} if datasets else {})


class _Held:
    """Rows that altair takes as they are, where it would copy each with every layer."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._text = json.dumps(rows, sort_keys=True, default=str)

    def __str__(self) -> str:
        # altair names data by a hash of this.
        return self._text

    def to_dict(self) -> Rows:
        """What it is where altair writes it out itself."""
        return self.rows


def values(rows: Rows) -> alt.InlineData:
    """Rows as inline data."""
    with debug_mode(False):  # a chart is checked when it is finished, not part by part
        return alt.InlineData(values=_Held(rows))  # type: ignore[arg-type] # it has to_dict


def finished(chart: Layers | alt.Chart, description: str, height: int) -> dict[str, Any]:
    """A chart's specification: as wide as its container, described, with no colours of its own."""
    # Set below, not by `properties`, which copies the whole chart once more.
    spec: dict[str, Any] = chart.to_dict(validate=VALIDATED)
    spec |= {"width": "container", "height": height, "description": description}
    spec.pop("config", None)
    named = spec.get("datasets", {})
    if named:
        spec["datasets"] = {
            name: rows.rows if isinstance(rows, _Held) else rows for name, rows in named.items()
        }
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def row_height(count: int, each: int = 34, least: int = 90) -> int:
    """Height of a chart with one band a trial."""
    return max(least, each * count)


def log_ticks(low: float, high: float) -> list[float]:
    """Few ticks of a logarithmic axis: decades, with their twos and fives where they are few."""
    if not 0 < low < high:
        return []
    decades = math.log10(high / low)
    steps = (1,) if decades > 3 else (1, 3) if decades > 1.6 else (1, 2, 5)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{step}e{power}") for power in powers for step in steps]
    kept = [tick for tick in ticks if low <= tick <= high]
    return kept[:: -(-len(kept) // MOST_TICKS)] if len(kept) > 1 else _even(low, high)


def _even(low: float, high: float) -> list[float]:
    """Ticks of a range so narrow that it holds no round step: three even ones."""
    return list(dict.fromkeys(float(f"{value:.2g}") for value in (low, (low + high) / 2, high)))


def log_domain(
    centres: Sequence[float], bounds: Sequence[float], reach: float = 10.0
) -> tuple[list[float], bool]:
    """Domain of a logarithmic axis, and whether bounds run out of it.

    It holds all centres; bounds only up to a factor `reach` beyond them, so that one that cannot
    be said does not squeeze what can.
    """
    lowest, highest = min(centres), max(centres)
    wanted = [*bounds, lowest, highest]
    low = max(min(wanted), lowest / reach)
    high = min(max(wanted), highest * reach)
    margin = 1.08 * (high / low) ** 0.06
    clipped = min(wanted) < low / margin or max(wanted) > high * margin
    return [low / margin, high * margin], clipped


def same_height(figures: Sequence[Figure]) -> list[Figure]:
    """Charts that stand side by side (two in a row), each pair as high as its higher one."""
    made = []
    for index, figure in enumerate(figures):
        pair = figures[index - index % 2 : index - index % 2 + 2]
        height = max(int(other.spec["height"]) for other in pair)
        made.append(replace(figure, spec={**figure.spec, "height": height}))
    return made


def config(*, dark: bool) -> dict[str, Any]:
    """Vega-Lite configuration of one colour scheme; the background stays transparent."""
    ink, faint, line = (
        ("#e6e8eb", "#9aa3ad", "#39414b") if dark else ("#1c2126", "#5c6670", "#d9dee3")
    )
    ground = "#14181c" if dark else "#ffffff"
    accent = (PALETTE_DARK if dark else PALETTE_LIGHT)[0]
    font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
    return {
        "background": "transparent",
        "font": font,
        "view": {"stroke": "transparent"},
        "mark": {"color": accent},
        "range": {"category": list(PALETTE_DARK if dark else PALETTE_LIGHT)},
        "axis": {
            "labelColor": faint,
            "titleColor": faint,
            "titleFontWeight": "normal",
            "titleFontSize": 12,
            "labelFontSize": 12,
            "gridColor": line,
            "gridOpacity": 0.6,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "titlePadding": 10,
        },
        "axisBand": {
            "labelColor": ink,
            "grid": False,
            "labelLimit": 190,
            "labelExpr": TWO_LINES,
            "labelLineHeight": 14,
        },
        "legend": {
            "labelColor": ink,
            "titleColor": faint,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
            "orient": "top",
            "symbolType": "circle",
            "symbolBaseFillColor": faint,
            "symbolBaseStrokeColor": faint,
        },
        "title": {"color": ink},
        "rule": {"color": accent},
        "tick": {"color": accent},
        "text": {"color": ink, "fontSize": 12},
        "point": {"filled": True},
        "style": {
            "interval": {"color": ink, "strokeWidth": 1.8},
            "mean": {"color": ink},
            "reference": {"color": faint, "strokeDash": [4, 4], "strokeWidth": 1},
            "halo": {"color": ground, "stroke": ground, "strokeWidth": 5, "fontSize": 11},
            "caption": {"color": faint, "fontSize": 11},
        },
    }
