"""Figures that others have published, beside a run's own, always with what differs.

They are data (`data/published.toml`), each with its source and the engine's version where that was
told. A figure is shown where a model of the run is the same one, or of its family; where there is
none, those of models of about the same size. What was not told is said so: hardware, precision,
batch, lengths and what was counted decide joules more than the model does.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Any

from wattmark.analysis.summary import TrialSummary
from wattmark.report.facts import machine_of
from wattmark.report.format import figure, number, plain, significant
from wattmark.report.labels import short_name
from wattmark.store.reader import Run

DATA = "data/published.toml"
COLUMNS = ("published", "figure", "here", "what differs: there / here", "source")
NOT_TOLD = "not told"
SAME_SIZE = 2.0
"""Up to this ratio of parameters, two models are of one size."""
MOST_BY_SIZE = 6
PER = {
    "energy_per_token_j": ("J", " per token"),
    "energy_per_query_j": ("J", " per query"),
    "latency_s": ("s", " per query"),
    "tokens_per_s": ("tokens/s", ""),
}
"""Metric → its unit, and what is said behind the figure."""
MODEL, FAMILY, SIZE = "same model", "same family", "about the same size"
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PublishedSource:
    """Where figures are from; `url` and `date` are '' where there is none."""

    id: str
    title: str
    counts: str
    url: str = ""
    date: str = ""
    caution: str = ""


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One figure in the metric's SI unit. What was not told is ''; a batch of 0 was not told."""

    source: PublishedSource
    model: str
    family: str
    parameters: int
    hardware: str
    metric: str
    batch_size: int
    value: float
    half_width: float | None = None
    precision: str = ""
    engine: str = ""
    lengths: str = ""

    @property
    def shown(self) -> str:
        """'0.455 J per token'."""
        unit, per = PER[self.metric]
        if self.half_width is not None:
            return f"{significant(self.value)} ± {significant(self.half_width)} {unit}{per}"
        return f"{number(self.value, unit)}{per}"


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """Rows in the order of `COLUMNS`; `notes` have a line for each source."""

    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


@cache
def published() -> tuple[PublishedFigure, ...]:
    """Every figure that ships, in the order of the file."""
    text = (resources.files("wattmark.report") / DATA).read_text(encoding="utf-8")
    held = tomllib.loads(text)
    sources = {entry["id"]: PublishedSource(**entry) for entry in held["source"]}
    found = []
    for entry in held["figure"]:
        fields = dict(entry)
        source, points = sources[fields.pop("source")], fields.pop("points")
        for batch_size, value, *half_width in points:
            found.append(
                PublishedFigure(
                    source=source,
                    batch_size=batch_size,
                    value=float(value),
                    half_width=half_width[0] if half_width else None,
                    **fields,
                )
            )
    return tuple(found)


def published_beside(
    run: Run, summaries: Sequence[TrialSummary], labels: Mapping[str, str]
) -> PublishedTable | None:
    """Published figures of the run's models, each beside the trial that is most like it.

    None where no model of the run has any.
    """
    found = [
        (entry, word, _most_like(entry, trials))
        for trials in _by_model(summaries)
        for entry, word in _related(trials)
    ]
    if not found:
        return None
    lengths = _lengths(run)
    sources = dict.fromkeys(entry.source for entry, _, _ in found)
    return PublishedTable(
        rows=[
            (
                f"{entry.model} ({word})",
                entry.shown,
                _ours(entry, trial, labels),
                _differs(entry, trial, run.info, lengths.get(trial.key, "")),
                _source(entry.source),
            )
            for entry, word, trial in found
        ],
        notes=[_note(source) for source in sources],
    )


def relation(entry: PublishedFigure, model: str) -> str:
    """'same model' or 'same family' by the names, else ''."""
    name, other = _bare(model), _bare(entry.model)
    longer, shorter = sorted((name, other), key=len, reverse=True)
    if name == other or longer.startswith((f"{shorter}-instruct", f"{shorter}-chat")):
        return MODEL
    family = rf"(?<![a-z0-9]){re.escape(entry.family)}(?![0-9])"
    return FAMILY if re.search(family, name) else ""


def _bare(model: str) -> str:
    return PurePath(model.lower()).name


def _by_model(summaries: Sequence[TrialSummary]) -> Iterable[list[TrialSummary]]:
    models: dict[str, list[TrialSummary]] = {}
    for trial in summaries:
        if trial.n_ok:
            models.setdefault(trial.model, []).append(trial)
    return models.values()


def _related(trials: Sequence[TrialSummary]) -> list[tuple[PublishedFigure, str]]:
    """Figures of the model or its family of which a trial has the metric, else by size."""
    there = [
        entry
        for entry in published()
        if any(trial.estimates[entry.metric].value is not None for trial in trials)
    ]
    named = [(entry, word) for entry in there if (word := relation(entry, trials[0].model))]
    if named:
        return sorted(named, key=lambda pair: pair[1] != MODEL)
    size = max((trial.parameters or 0 for trial in trials), default=0)
    if not size:
        return []
    apart = {entry: abs(math.log(entry.parameters / size)) for entry in there}
    alike = [entry for entry in there if apart[entry] <= math.log(SAME_SIZE)]
    return [(entry, SIZE) for entry in sorted(alike, key=apart.__getitem__)[:MOST_BY_SIZE]]


def _most_like(entry: PublishedFigure, trials: Sequence[TrialSummary]) -> TrialSummary:
    """The trial with the metric that is nearest: its device's kind, batch, precision, engine."""

    def distance(trial: TrialSummary) -> tuple[bool, float, bool, bool]:
        batches = abs(math.log((entry.batch_size or 1) / trial.batch_size))
        return (
            _kind(entry.hardware) != trial.device.startswith("cuda"),
            batches,
            entry.precision != trial.precision,
            trial.backend not in entry.engine.lower(),
        )

    able = [trial for trial in trials if trial.estimates[entry.metric].value is not None]
    return min(able, key=distance)


def _kind(hardware: str) -> bool:
    """Whether it is a GPU."""
    return "GPU" in hardware or "NVIDIA" in hardware


def _ours(entry: PublishedFigure, trial: TrialSummary, labels: Mapping[str, str]) -> str:
    per = PER[entry.metric][1]
    label = f"{short_name(trial.model)} · {labels[trial.key]}"
    weights = f", {plain(trial.weights)} weights" if trial.weights != "pretrained" else ""
    return f"{figure(trial.estimates[entry.metric])}{per}: {label}{weights}"


def _differs(entry: PublishedFigure, trial: TrialSummary, info: Row, lengths: str) -> str:
    """Each condition that is not the same, or not known to be."""
    batch = str(entry.batch_size) if entry.batch_size else NOT_TOLD
    counted = f"energy {trial.provenance}" if trial.provenance else NOT_TOLD
    pairs = [
        ("hardware", entry.hardware, machine_of(info, trial.device) or NOT_TOLD),
        ("precision", entry.precision or NOT_TOLD, plain(trial.precision)),
        ("batch", batch, str(trial.batch_size)),
        ("engine", entry.engine or NOT_TOLD, plain(trial.backend)),
        ("lengths", entry.lengths or NOT_TOLD, lengths or NOT_TOLD),
    ]
    if entry.metric.startswith("energy"):
        pairs.append(("counted", entry.source.counts, f"all that was measured ({counted})"))
    elif entry.source.counts:
        pairs.append(("counted", entry.source.counts, "replicates of this run"))
    return "; ".join(f"{what}: {there} / {here}" for what, there, here in pairs if there != here)


def _lengths(run: Run) -> dict[str, str]:
    """Trial key → mean tokens of a query, in and out, over the replicates that ended ok."""
    columns = ["trial_key", "status", "queries", "input_tokens", "output_tokens"]
    sums: dict[str, list[int]] = {}
    for row in run.trials.select(columns).to_pylist():
        if row["status"] == "ok" and row["queries"]:
            total = sums.setdefault(row["trial_key"], [0, 0, 0])
            for place, name in enumerate(("queries", "input_tokens", "output_tokens")):
                total[place] += row[name] or 0
    return {
        key: f"{told_in / queries:.0f} tokens in, {told_out / queries:.0f} out on average"
        for key, (queries, told_in, told_out) in sums.items()
    }


def _source(source: PublishedSource) -> str:
    return f"{source.title}, {source.date}" if source.date else source.title


def _note(source: PublishedSource) -> str:
    where = f" {source.url}." if source.url else ""
    caution = f" {source.caution}" if source.caution else ""
    return f"{_source(source)}: counts {source.counts}.{where}{caution}"
