"""What every chart of the page is made of: a specification, its words, and its data as a table.

A chart never says more than its data: each has a description for those who cannot see it, a
subtitle with the provenance of its joules, and the rows it was drawn from, already aggregated.
Colours are chosen by the page (light and dark) through the configuration, not by a chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

Rows = list[dict[str, Any]]

PALETTE_LIGHT = ("#0a6ebd", "#d9730d", "#12876f", "#b5488c", "#7a6a00", "#5b5fc7", "#7d4f2a")
PALETTE_DARK = ("#5ab0f2", "#f2a154", "#4cc9a8", "#e58bc0", "#cdbb4d", "#9fa3f7", "#c99a72")
"""Hues in the order of Okabe and Ito's colour-blind-safe set (blue, orange, green, pink), each at
a contrast of 3:1 or more against its background; every mark is also named by its axis or legend."""

PHASES = {
    "idle draw": "#8b95a1",
    "idle": "#8b95a1",
    "load": "#a97c50",
    "warmup": "#a88c22",
    "prefill": "#dd7a1e",
    "decode": "#2f86d1",
    "classify": "#2f86d1",
    "measured": "#2f86d1",
    "host": "#18977b",
    "other": "#b8629a",
}
"""Phase → colour, the same in every chart, readable on light and on dark."""


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


def values(rows: Rows) -> alt.InlineData:
    """Rows as inline data."""
    return alt.InlineData(values=rows)


def finished(
    chart: alt.LayerChart | alt.FacetChart | alt.Chart, description: str, height: int
) -> dict[str, Any]:
    """A chart's specification: as wide as its container, described, with no colours of its own."""
    sized = chart.properties(width="container", height=height, description=description)
    spec: dict[str, Any] = sized.to_dict(validate=True)
    spec.pop("config", None)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def row_height(count: int, each: int = 34, least: int = 90) -> int:
    """Height of a chart with one band a trial."""
    return max(least, each * count)


def config(*, dark: bool) -> dict[str, Any]:
    """Vega-Lite configuration of one colour scheme; the background stays transparent."""
    ink, faint, line = (
        ("#e6e8eb", "#9aa3ad", "#39414b") if dark else ("#1c2126", "#5c6670", "#d9dee3")
    )
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
        "axisBand": {"labelColor": ink, "grid": False, "labelLimit": 190},
        "legend": {
            "labelColor": ink,
            "titleColor": faint,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "titleFontSize": 12,
            "orient": "top",
            "symbolType": "circle",
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
            "caption": {"color": faint, "fontSize": 11},
        },
    }
