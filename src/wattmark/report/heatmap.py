"""Joules over batch × precision, one map a model and engine: where the cheap corner is.

Each cell prints its figure and interval, so that the colour only guides; a cell without a figure
is hatched and says why. Colours are the same in light and dark, and the ink is chosen by cell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import altair as alt

from wattmark.analysis.axes import AXES, Axis
from wattmark.analysis.summary import TrialSummary
from wattmark.report.contenders import alone, provenances
from wattmark.report.figure import Figure, Layers, Rows, finished, values
from wattmark.report.format import figure, parts, plain
from wattmark.report.labels import group_title

ROW = 46
MOST_MAPS = 12
"""Maps a task: more would be looked at by nobody."""
CHEAP, DEAR = (0xE3, 0xF0, 0xFA), (0x08, 0x45, 0x7E)
"""Ends of the colours: one hue, so that it reads without colour vision too."""
LIGHT_INK, DARK_INK = "#ffffff", "#000000"
NOT_RUN = "not run"
ROOM = "bandwidth('x') > 62"
"""Where a cell is wide enough for its interval."""

HATCHES = (
    ((0.0, 0.5), (0.5, 0.0)),
    ((0.0, 1.0), (1.0, 0.0)),
    ((0.5, 1.0), (1.0, 0.5)),
)
"""Diagonals of a cell: from (x, y) to (x, y), as shares of it."""

Place = tuple[int, str]
Cells = dict[Place, TrialSummary]
Channel = TypeVar("Channel", alt.X, alt.Y)


class Side(NamedTuple):
    """One side of a map: batch or precision, and its values in order."""

    name: str
    names: Sequence[str]


def heat_figures(index: int, trials: Sequence[TrialSummary]) -> list[Figure]:
    """Maps of one task's trials: of 2 × 2 cells or more, or of three in a row; two are measured.

    J/token where answers are generated, else J/query.
    """
    maps = [cells for cells in _maps(trials) if _worth(cells)]
    firsts = [next(iter(cells.values())) for cells in maps]
    left_out = len(maps) - MOST_MAPS
    return [
        _heat_figure(
            f"heat-{index}-{at}",
            cells,
            _title(firsts[at], firsts),
            f"{left_out} more maps are not drawn; their figures are in the tables below."
            if left_out > 0 and at == MOST_MAPS - 1
            else "",
        )
        for at, cells in enumerate(maps[:MOST_MAPS])
    ]


def _maps(trials: Sequence[TrialSummary]) -> list[Cells]:
    """Trials by what a map holds alike; the same cell twice (of two runs) makes a second map."""
    found: dict[tuple[str, ...], Cells] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for trial in trials:
        alike = (trial.model, trial.weights, trial.backend, trial.device, trial.options)
        cell = (*alike, str(trial.batch_size), trial.precision)
        seen[cell] += 1
        place = trial.batch_size, trial.precision
        found.setdefault((*alike, str(seen[cell])), {})[place] = trial
    return list(found.values())


def _title(first: TrialSummary, firsts: Sequence[TrialSummary]) -> str:
    """'gpt2 · arithmetic', with what tells maps of one model apart: engine, device, options."""
    mine = [one for one in firsts if one.group == first.group]
    told = [
        plain(getattr(first, name), 40)
        for name in ("backend", "device", "options")
        if len({getattr(one, name) for one in mine}) > 1
    ]
    return " · ".join([group_title(first), *told])


def _metric(cells: Cells) -> Axis:
    tokens = AXES["energy_per_token_j"]
    written = any(trial.estimates[tokens.name].value is not None for trial in cells.values())
    return tokens if written else AXES["energy_per_query_j"]


def _worth(cells: Cells) -> bool:
    """Whether a map says more than a table of two figures."""
    rows, columns = len({size for size, _ in cells}), len({precision for _, precision in cells})
    name = _metric(cells).name
    measured = sum(trial.estimates[name].value is not None for trial in cells.values())
    return measured > 1 and (min(rows, columns) > 1 or max(rows, columns) > 2)


def _heat_figure(id_: str, cells: Cells, title: str, more: str) -> Figure:
    axis = _metric(cells)
    unit = "token" if axis.name == "energy_per_token_j" else "query"
    sizes = [str(size) for size in sorted({size for size, _ in cells})]
    precisions = list(dict.fromkeys(precision for _, precision in cells))
    rows = [
        _cell(cells.get((int(size), precision)), axis, size, precision)
        for precision in precisions
        for size in sizes
    ]
    _tint([row for row in rows if row["value"] is not None])
    missing = [row for row in rows if row["value"] is None]
    description = f"Energy per {unit} by batch and precision, {title}: " + "; ".join(
        f"{row['precision']} batch {row['batch']} {row['shown']}" for row in rows
    )
    # The longer side runs down: a phone has room for few columns.
    across = len(sizes) <= len(precisions)
    ends = Side("batch", sizes), Side("precision", [plain(word) for word in precisions])
    x, y = ends if across else ends[::-1]
    return Figure(
        id=id_,
        title=f"Energy per {unit} by batch and precision: {title}",
        subtitle=f"J/{unit} with 95 % interval; darker costs more, lower is better · "
        f"{provenances(cells.values())}",
        description=description,
        spec=finished(
            _chart(rows, bool(missing), x, y), description, max(2 * ROW, ROW * len(y.names))
        ),
        columns=("precision", "batch", f"energy per {unit}"),
        rows=[(row["precision"], row["batch"], row["shown"]) for row in rows],
        notes=[
            *(["Hatched cells have no figure, and say why."] if missing else []),
            *alone(cells.values()),
            *([more] if more else []),
        ],
    )


def _cell(trial: TrialSummary | None, axis: Axis, size: str, precision: str) -> dict[str, Any]:
    """A cell: its figure and interval apart, or the reason why it has none."""
    row: dict[str, Any] = {"batch": size, "precision": plain(precision), "value": None}
    if trial is None:
        return {**row, "text": NOT_RUN, "spread": "", "shown": NOT_RUN}
    estimate = trial.estimates[axis.name]
    if estimate.value is None:
        word, why = _why(trial)
        why = why or plain(estimate.note, 120)
        return {**row, "text": word, "spread": "", "shown": f"{word}: {why}" if why else word}
    text, spread = parts(estimate)
    shown = figure(estimate)
    return {**row, "value": estimate.value, "text": text, "spread": spread, "shown": shown}


def _why(trial: TrialSummary) -> tuple[str, str]:
    """Why a trial has no joules: failed, not run or not measured; and by what it failed."""
    if trial.n_ok:
        return "not measured", ""
    if not trial.n_failed:
        return NOT_RUN, "planned, and not started"
    return "failed", ", ".join(f"{plain(word)} ×{n}" for word, n in trial.statuses.items())


def _tint(rows: Rows) -> None:
    """Fill each cell by the logarithm of its figure, and choose the ink that reads on it."""
    lowest, highest = min(row["value"] for row in rows), max(row["value"] for row in rows)
    for row in rows:
        share = 0.5
        if highest > lowest > 0:
            share = math.log(row["value"] / lowest) / math.log(highest / lowest)
        fill = tuple(round(a + share * (b - a)) for a, b in zip(CHEAP, DEAR, strict=True))
        row["fill"] = "#{:02x}{:02x}{:02x}".format(*fill)
        row["ink"] = max((LIGHT_INK, DARK_INK), key=lambda ink: contrast(ink, row["fill"]))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours '#rrggbb', 1 to 21: WCAG 2.2, "contrast ratio"."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1: WCAG 2.2, "relative luminance"."""
    parts_ = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts_)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _chart(rows: Rows, missing: bool, across: Side, down: Side) -> Layers:
    base = alt.Chart(values(rows)).encode(
        x=_along(alt.X, across),
        y=_along(alt.Y, down),
        tooltip=[
            alt.Tooltip("precision:N"),
            alt.Tooltip("batch:N"),
            alt.Tooltip("shown:N", title="energy"),
        ],
    )
    known = base.transform_filter("isValid(datum.value)")
    ink = alt.Color("ink:N", scale=None, legend=None)
    size = alt.expr("bandwidth('x') > 52 ? 12 : 9")
    room = alt.condition(ROOM, "spread:N", alt.value(""))
    layers = [
        known.mark_rect(cornerRadius=4).encode(color=alt.Color("fill:N", scale=None, legend=None)),
        known.mark_text(dy=-7, fontWeight=600, fontSize=size).encode(
            text=alt.Text("text:N"), color=ink
        ),
        known.mark_text(dy=9, fontSize=11).encode(text=room, color=ink),
    ]
    if missing:
        bare = base.transform_filter("!isValid(datum.value)")
        layers += [_hatch(bare, across, down, *line) for line in HATCHES]
        layers += [
            bare.mark_text(style=style, fontSize=11).encode(text=alt.Text("text:N"))
            for style in ("halo", "caption")
        ]
    return Layers(*layers)


def _hatch(
    bare: alt.Chart,
    across: Side,
    down: Side,
    start: tuple[float, float],
    end: tuple[float, float],
) -> alt.Chart:
    """One diagonal through every cell without a figure."""
    rule = bare.mark_rule(style="reference", strokeDash=[1, 0], opacity=0.5)
    line: alt.Chart = rule.encode(
        x=_along(alt.X, across, start[0]),
        y=_along(alt.Y, down, start[1]),
        x2=alt.X2(across.name, bandPosition=end[0]),
        y2=alt.Y2(down.name, bandPosition=end[1]),
    )
    return line


def _along(
    channel: type[Channel], side: Side, band: float | alt.UndefinedType = alt.Undefined
) -> Channel:
    """One side of the map; `band` is the place inside a cell, 0 to 1."""
    return channel(
        f"{side.name}:N",
        sort=list(side.names),
        title=side.name,
        axis=alt.Axis(labelAngle=0, grid=False),
        scale=alt.Scale(paddingInner=0.05, paddingOuter=0),
        bandPosition=band,
    )
