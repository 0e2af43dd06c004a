"""All that a report says, gathered once: a chapter a run, which page and Markdown both write out.

A chapter holds words, tables and charts and knows nothing of HTML. Charts have ids that are
unique in the whole report and names for their files, so that several runs stand beside each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattmark.analysis.calibration import calibrations
from wattmark.analysis.doubts import CountedDoubt
from wattmark.analysis.retrieval import trade_offs
from wattmark.analysis.summary import TrialSummary, carbon_of, summarise
from wattmark.analysis.verdict import groups
from wattmark.report.carbon import carbon_lines, sci_table
from wattmark.report.content import table_of, verdict_cards
from wattmark.report.extras import Extras, extras
from wattmark.report.facts import facts_of, missing_sensors, reproduce, sensors_of, status_of
from wattmark.report.format import plain
from wattmark.report.labels import group_title, short_labels
from wattmark.report.notes import confidence, disturbed_of, doubts_by_code, failures_by_reason
from wattmark.report.published import PublishedTable, published_beside
from wattmark.report.retrieval import Beside, beside
from wattmark.report.several import Across, across, apart
from wattmark.report.statistics import statistics
from wattmark.store.reader import Run

if TYPE_CHECKING:
    from wattmark.report.figure import Figure
    from wattmark.report.statistics import StatTable

LEADING = "tradeoff"
"""Charts over all trials that are seen at once, one a task: accuracy against energy."""
MOST_OVERVIEW = 4
"""At most so many of them; the others are behind a fold."""
MOST_SEEN_POWER = 2
"""Likewise of the charts of power over time, of each section."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with its place: `id` on the page, `file` as a picture, without its ending."""

    id: str
    file: str
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Part:
    """One model on one task: its table, what failed, and its charts."""

    id: str
    title: str
    table: Mapping[str, Any]
    failures: Sequence[tuple[str, Sequence[tuple[str, str, list[int]]]]]
    noise: str
    confidence: Sequence[tuple[str, str]]
    charts: Sequence[Chart]
    more: Sequence[Chart]
    power: Sequence[Chart]
    more_power: Sequence[Chart]
    undrawn_power: int


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """All that is said of one run. `prefix` keeps its ids apart from those of other runs."""

    prefix: str
    name: str
    run: Run
    summaries: Sequence[TrialSummary]
    labels: Mapping[str, str]
    status: Mapping[str, Any]
    cards: Sequence[Mapping[str, Any]]
    overview: Sequence[Chart]
    more_overview: Sequence[Chart]
    retrieval: Sequence[Beside]
    parts: Sequence[Part]
    statistics: Sequence[StatTable]
    published: PublishedTable | None
    doubts: Sequence[tuple[CountedDoubt, int]]
    left_out: Sequence[Mapping[str, Any]]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sensors: Sequence[Mapping[str, str]]
    sensors_missing: Sequence[Mapping[str, str]]
    carbon: Sequence[tuple[str, str]]
    sci: Sequence[tuple[str, Sequence[str]]]
    reproduce: Mapping[str, str]

    @property
    def charts(self) -> Iterator[Chart]:
        """Every chart of the chapter, in the order of the page."""
        yield from self.overview
        yield from self.more_overview
        for part in self.parts:
            yield from (*part.charts, *part.more, *part.power, *part.more_power)


@dataclass(frozen=True, kw_only=True)
class Report:
    """One run or several, gathered; `across` sets several beside each other."""

    title: str
    chapters: Sequence[Chapter]
    across: Across | None = None

    @property
    def charts(self) -> Iterator[Chart]:
        """Every chart of the report."""
        for chapter in self.chapters:
            yield from chapter.charts


Source = Run | Sequence[Run] | Report
"""What a report is made of: a run, several, or what was gathered of them already."""


def gathered(source: Source, *, drawn: bool = True) -> Report:
    """Everything that a report of one run, or of several, says; without charts unless `drawn`.

    Raises InputError where a run is given twice, or charts are drawn and the report extra is not
    installed; RunDirectoryError where a table cannot be read.
    """
    if isinstance(source, Report):
        return source
    tools = extras() if drawn else None
    runs = [source] if isinstance(source, Run) else list(source)
    names = apart(runs)
    found = [summarise(run) for run in runs]
    labels = [short_labels(summaries) for summaries in found]
    prefixes = [""] if len(runs) == 1 else [f"r{number}-" for number in range(1, len(runs) + 1)]
    chapters = [
        _chapter(_Of(run, summaries, named, name, prefix), tools)
        for run, summaries, named, name, prefix in zip(
            runs, found, labels, names, prefixes, strict=True
        )
    ]
    if len(runs) == 1:
        return Report(title=names[0], chapters=chapters)
    return Report(
        title=f"{len(runs)} runs: {plain(', '.join(names), 120)}",
        chapters=chapters,
        across=across(runs, names, found, prefixes),
    )


@dataclass(frozen=True)
class _Of:
    """A run, and what tells it apart in the report."""

    run: Run
    summaries: Sequence[TrialSummary]
    labels: Mapping[str, str]
    name: str
    prefix: str

    def charts(self, figures: Sequence[Figure], *section: str) -> list[Chart]:
        """Figures with their places; `section` is its number and its title."""
        place = f"chart-{self.prefix}" + (f"{int(section[0]) - 1}-" if section else "")
        start = (self.prefix, self.name) if self.prefix else ()
        return [
            Chart(
                id=f"{place}{figure.id}",
                file="-".join(map(slug, (*start, *section, figure.id))),
                figure=figure,
            )
            for figure in figures
        ]


def _chapter(of: _Of, tools: Extras | None) -> Chapter:
    run, summaries, labels = of.run, of.summaries, of.labels
    overview = of.charts(tools.charts.overview(summaries)) if tools else []
    leading = [chart for chart in overview if chart.figure.id.startswith(LEADING)]
    seen = (leading or overview)[:MOST_OVERVIEW]
    return Chapter(
        prefix=of.prefix,
        name=of.name,
        run=run,
        summaries=summaries,
        labels=labels,
        status=status_of(run.info, summaries),
        cards=verdict_cards(run, summaries, labels),
        overview=seen,
        more_overview=[chart for chart in overview if chart not in seen],
        retrieval=beside(trade_offs(run, summaries), labels),
        parts=[_part(of, *place) for place in enumerate(_sections(of, tools))],
        statistics=statistics(run, summaries, labels),
        published=published_beside(run, summaries, labels),
        doubts=doubts_by_code(summaries),
        left_out=[e for e in run.info.get("left_out") or () if isinstance(e, Mapping)],
        notes=[str(note) for note in run.info.get("notes") or ()],
        facts=facts_of(run.info),
        sensors=sensors_of(run.info),
        sensors_missing=missing_sensors(run.info),
        carbon=carbon_lines(run, carbon_of(run.info)),
        sci=sci_table(summaries, labels),
        reproduce=reproduce(run.info, run.path.name),
    )


@dataclass(frozen=True, kw_only=True)
class _Section:
    """One model on one task, with its charts where they are drawn."""

    title: str
    trials: Sequence[TrialSummary]
    figures: Sequence[Figure] = ()
    more: Sequence[Figure] = ()
    power: Sequence[Figure] = ()
    most_power: int = 0


def _sections(of: _Of, tools: Extras | None) -> list[_Section]:
    if tools is None:
        return [_Section(title=group_title(g[0]), trials=g) for g in groups(of.summaries)]
    return [
        _Section(
            title=section.title,
            trials=section.trials,
            figures=section.figures,
            more=section.more,
            power=section.power,
            most_power=tools.charts.MOST_POWER,
        )
        for section in tools.charts.sections(of.run, of.summaries)
    ]


def _part(of: _Of, index: int, section: _Section) -> Part:
    labels, trials = of.labels, section.trials
    place = (str(index + 1), section.title)
    power = of.charts(section.power, *place)
    told = of.run.once("calibrations", lambda: calibrations(of.run))
    return Part(
        id=f"{of.prefix}group-{index}",
        title=section.title,
        table=table_of(trials, labels),
        failures=[
            (labels[trial.key], failures_by_reason(trial)) for trial in trials if trial.failures
        ],
        noise=disturbed_of(trials),
        confidence=[(labels[t.key], confidence(told[t.key])) for t in trials if t.key in told],
        charts=of.charts(section.figures, *place),
        more=of.charts(section.more, *place),
        power=power[:MOST_SEEN_POWER],
        more_power=power[MOST_SEEN_POWER:],
        undrawn_power=max(0, len(trials) - section.most_power) if power else 0,
    )


def slug(text: str) -> str:
    """A file name's safe part: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "chart"
