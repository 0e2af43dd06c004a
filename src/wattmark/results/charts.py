"""The report's charts one by one, as Altair charts that a notebook draws. altair comes in here.

Page and notebook draw the same specification. Charts are found by their ids, whatever charts the
report has: `dir(results.plot)` lists those of these results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import altair as alt

from wattmark.analysis.summary import TrialSummary
from wattmark.errors import InputError, did_you_mean
from wattmark.report.charts import overview, sections
from wattmark.report.figure import Figure, config
from wattmark.report.format import plain
from wattmark.report.images import picture

if TYPE_CHECKING:
    from wattmark.store.reader import Run

_OF_PAGE = ("config", "autosize", "padding", "$schema", "datasets")
"""Of a chart that stands among others: what belongs to all of them together."""


class UnknownChartError(InputError, AttributeError):
    """A chart that these results do not have."""


@dataclass(frozen=True)
class Drawn:
    """A chart and where it stands: the run's name ('' of a single one) and its section."""

    where: str
    figure: Figure

    @property
    def title(self) -> str:
        """What tells it from charts of the same name."""
        return " · ".join(filter(None, (self.where, self.figure.title)))


class Chart:
    """One of the report's charts; calling it gives an Altair chart."""

    def __init__(self, name: str, drawn: Sequence[Drawn]) -> None:
        self.name = name
        self._drawn = drawn
        self.__doc__ = "\n".join(f"{one.title}. {one.figure.subtitle}" for one in drawn)

    def __call__(self, part: str = "") -> alt.TopLevelMixin:
        """The chart, of all models and tasks one below the other, or of those with `part` in
        their titles; InputError where there is none.
        """
        chosen = [one for one in self._drawn if part.casefold() in one.title.casefold()]
        if not chosen:
            titles = "; ".join(one.title for one in self._drawn)
            raise InputError(f"No chart '{self.name}' has '{plain(part, 80)}'.", f"Has: {titles}.")
        return _shown(chosen)

    def __repr__(self) -> str:
        titles = "\n".join(f"  {one.title}" for one in self._drawn)
        return f"{self.name}() draws\n{titles}"


class Plots:
    """The charts by name: `results.plot.energy()`; `dir()` and tab completion list them."""

    def __init__(self, runs: Mapping[str, tuple[Run, Sequence[TrialSummary]]]) -> None:
        self._runs = runs

    @cached_property
    def _charts(self) -> dict[str, list[Drawn]]:
        found: dict[str, list[Drawn]] = {}
        for name, (run, trials) in self._runs.items():
            keys = {trial.key for trial in trials}
            for section, figure in _figures(run, trials):
                where = section if len(self._runs) == 1 else f"{name} · {section}".rstrip(" ·")
                found.setdefault(chart_name(figure.id, keys), []).append(Drawn(where, figure))
        return found

    def __getattr__(self, name: str) -> Chart:
        if name.startswith("_"):  # what a notebook asks for before it shows anything
            raise AttributeError(name)
        charts = self._charts
        for known in (name, name.removesuffix("s"), f"{name}s"):
            if known in charts:
                return Chart(known, charts[known])
        there = ", ".join(sorted(charts)) or "none: no replicate ended ok"
        raise UnknownChartError(
            f"Unknown chart '{plain(name, 80)}'. There is: {there}.{did_you_mean(name, charts)}"
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._charts})

    def __repr__(self) -> str:
        return f"Charts: {', '.join(sorted(self._charts)) or 'none'}"


def chart_name(figure_id: str, keys: set[str]) -> str:
    """A figure's id without what tells it from its like: its trial's key or its number."""
    parts = figure_id.split("-")
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in keys):
        parts.pop()
    return "_".join(parts).replace(".", "_")


def _figures(run: Run, trials: Sequence[TrialSummary]) -> Iterator[tuple[str, Figure]]:
    """(section, figure) of everything that the report draws."""
    for figure in overview(trials):
        yield "", figure
    for section in sections(run, trials):
        more: Sequence[Figure] = getattr(section, "more", ())
        for figure in chain(section.figures, section.power, more):
            yield section.title, figure


def _shown(drawn: Sequence[Drawn]) -> alt.TopLevelMixin:
    """One chart as it is; several one below the other, each with its own scales."""
    specs = [_spec(one) for one in drawn]
    if len(specs) == 1:
        return _chart(specs[0])
    data: dict[str, Any] = {}
    for spec in specs:
        data |= spec.get("datasets", {})
    parts = [{k: v for k, v in spec.items() if k not in _OF_PAGE} for spec in specs]
    kinds = ("color", "shape", "size", "opacity", "strokeDash", "fill", "stroke")
    return _chart(
        {
            "$schema": specs[0]["$schema"],
            "vconcat": parts,
            "spacing": 28,
            "padding": 16,
            "resolve": {"scale": dict.fromkeys(kinds, "independent")},
            "datasets": data,
            "config": specs[0]["config"],
        }
    )


def _spec(one: Drawn) -> dict[str, Any]:
    spec = picture(one.figure, config)
    title = {**spec["title"], "text": one.title}
    return {**spec, "title": title}


def _chart(spec: dict[str, Any]) -> alt.TopLevelMixin:
    """A specification as the Altair object that it is of; it was checked when it was made."""
    kinds: dict[str, Any] = {
        "vconcat": alt.VConcatChart,
        "hconcat": alt.HConcatChart,
        "concat": alt.ConcatChart,
        "facet": alt.FacetChart,
        "repeat": alt.RepeatChart,
        "layer": alt.LayerChart,
    }
    kind = next((made for key, made in kinds.items() if key in spec), alt.Chart)
    chart: alt.TopLevelMixin = kind.from_dict(spec)
    return chart
