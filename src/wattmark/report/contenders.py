"""Configurations that are set beside each other in one chart: what they are called, who is first.

Trials of one task and mode answer the same queries, so they share a chart whatever their model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattmark.analysis.axes import AXES, Axis, estimate_of
from wattmark.analysis.fronts import DOMINATED, NOT_RESOLVED, ON_THE_FRONT, front
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import PALETTE_LIGHT
from wattmark.report.format import plain, provenance
from wattmark.report.labels import short_name, short_task
from wattmark.schema import Estimate

WORDS = (ON_THE_FRONT, NOT_RESOLVED, DOMINATED)
"""What `analysis.fronts` says of a trial, best first."""
MOST_COLOURS = len(PALETTE_LIGHT)
MOST_NAMES = 3
MOST_LETTERS = 24
"""Of a model's name in a chart."""
JUDGES = ("energy_per_query_j", "accuracy", "latency_s")
"""Metrics that decide who is drawn first in a profile; others stand in for what is missing."""
_STAND_IN = ("tokens_per_s", "queries_per_s", "ram_peak_bytes")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One configuration: `name` is unique in its group, `kind` is it without its batch."""

    trial: TrialSummary
    name: str
    kind: str

    @property
    def batch(self) -> str:
        """'batch 8'."""
        return f"batch {self.trial.batch_size}"

    def figure(self, axis: Axis) -> Estimate:
        """Its figure of a metric; one without a value where it was not measured."""
        return estimate_of(self.trial.estimates, axis)

    def value(self, axis: Axis) -> float:
        """The centre of a figure that is there."""
        return self.figure(axis).value or 0.0


def comparable(summaries: Sequence[TrialSummary]) -> list[list[TrialSummary]]:
    """Trials by task and mode, in the order of the plan."""
    found: dict[tuple[str, str], list[TrialSummary]] = {}
    for trial in summaries:
        found.setdefault((trial.task, trial.mode), []).append(trial)
    return list(found.values())


def task_title(trial: TrialSummary) -> str:
    """'arithmetic', 'squad · rag'."""
    task = short_task(trial.task)
    return task if trial.mode == "baseline" else f"{task} · {plain(trial.mode)}"


def contenders(trials: Sequence[TrialSummary], labels: Mapping[str, str]) -> list[Contender]:
    """Trials of one task with names that are unique, as short as may be."""
    models = _models(trials)
    several = len(set(models)) > 1
    labelled = [labels[trial.key] for trial in trials]
    names = [f"{m} · {x}" if several else x for m, x in zip(models, labelled, strict=True)]
    counts, seen = Counter(names), Counter[str]()
    made = []
    for trial, name in zip(trials, names, strict=True):
        seen[name] += 1
        mark = f" [{seen[name]}]" if counts[name] > 1 else ""
        kind = name.replace(f" · batch {trial.batch_size}", "")
        made.append(Contender(trial=trial, name=f"{name}{mark}", kind=kind))
    return made


def colours(drawn: Sequence[Contender]) -> list[str] | None:
    """What each is coloured by: its kind, or what tells fewer apart; None where all tell too many.

    More hues than the palette has would give two the same.
    """
    for told in (
        [one.kind for one in drawn],
        _models([one.trial for one in drawn]),
        [plain(one.trial.precision) for one in drawn],
        [plain(one.trial.backend) for one in drawn],
    ):
        if len(set(told)) <= MOST_COLOURS:
            return told
    return None


def words_of(drawn: Sequence[Contender], metrics: Sequence[str]) -> list[str]:
    """What the front over two or three metrics says of each; all of them have these."""
    trials = {str(at): one.trial.estimates for at, one in enumerate(drawn)}
    return [member.word for member in front(trials, metrics).members]


def standing(drawn: Sequence[Contender]) -> tuple[list[str], tuple[str, ...]]:
    """Each one's word on the front of cost, quality and time, and the metrics that decide it.

    All are not resolved where fewer than two metrics are measured in every one of them.
    """
    measured = [
        name
        for name in (*JUDGES, *_STAND_IN)
        if all(one.figure(AXES[name]).value is not None for one in drawn)
    ]
    judges = tuple(name for name in JUDGES if name in measured)
    judges = (*judges, *(name for name in measured if name not in judges))[: max(2, len(judges))]
    if len(judges) < 2:
        return [NOT_RESOLVED] * len(drawn), ()
    return words_of(drawn, judges), judges


def tally(drawn: Sequence[Contender], words: Sequence[str]) -> str:
    """'Pareto set: bf16 · batch 8; 2 not resolved, 1 dominated'."""
    members = [one.name for one, word in zip(drawn, words, strict=True) if word == ON_THE_FRONT]
    counts = Counter(words)
    rest = ", ".join(f"{counts[word]} {word}" for word in WORDS[1:] if counts[word])
    if not members:
        return f"Pareto set: none is resolved to be in it ({rest})"
    head = f"Pareto set: {few(members, 2)}"
    return f"{head}; {rest}" if rest else head


def alone(trials: Iterable[TrialSummary]) -> list[str]:
    """A note where a trial has one replicate, whose bounds are not those of the others."""
    if not any(trial.n_ok == 1 for trial in trials):
        return []
    return ["With one replicate, bounds are the measurement's own: the next run may be beyond."]


def few(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names, or the first of many: 'a, b, c and 9 more'."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def provenances(trials: Iterable[TrialSummary]) -> str:
    """Where the joules come from, each said once."""
    told = [provenance(t.provenance, t.gain_uncertainty) for t in trials if t.provenance]
    return "; ".join(dict.fromkeys(told))


def _models(trials: Sequence[TrialSummary]) -> list[str]:
    """Short names of models; whole ones where two of them would be called the same."""
    whole = [
        (trial.model, "" if trial.weights == "pretrained" else f" ({plain(trial.weights)})")
        for trial in trials
    ]
    models = dict.fromkeys(model for model, _ in whole)
    tries = [
        {model: _middle_out(short_name(model)) for model in models},
        {model: short_name(model) for model in models},
        {model: plain(model, 60) for model in models},
    ]
    names = next((named for named in tries if len(set(named.values())) == len(models)), tries[-1])
    return [f"{names[model]}{weights}" for model, weights in whole]


def _middle_out(name: str) -> str:
    """A name that a legend has room for; its ends tell most, size and version among them."""
    if len(name) <= MOST_LETTERS:
        return name
    return f"{name[: MOST_LETTERS // 2]}…{name[1 - MOST_LETTERS // 2 :]}"
