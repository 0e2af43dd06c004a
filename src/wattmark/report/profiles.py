"""Profiles of configurations over many metrics: which metrics, which configurations, what bounds.

Radar and parallel coordinates draw the same: metrics that every configuration has, on absolute
axes with round bounds, the front first where there are more configurations than fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattmark.analysis.axes import AXES, Axis
from wattmark.analysis.fronts import DOMINATED
from wattmark.report.contenders import WORDS, Contender, few, provenances, standing
from wattmark.report.format import figure, plain
from wattmark.report.scales import AbsoluteAxis, named

SLOTS = (
    ("accuracy",),
    ("energy_per_query_j",),
    ("latency_s",),
    ("ttft_s",),
    ("tokens_per_s", "queries_per_s"),
    ("vram_peak_bytes", "vram_board_peak_bytes", "ram_peak_bytes"),
)
"""What a profile shows; of each the first that is measured."""
FEWEST_AXES = 3


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Configurations of one task that have all of `metrics`, and what the front says of each.

    `judges` are the metrics that decided that; `missing` says what is not drawn, and why.
    """

    trials: tuple[Contender, ...]
    words: tuple[str, ...]
    judges: tuple[str, ...]
    metrics: tuple[Axis, ...]
    missing: tuple[str, ...]

    @property
    def energy(self) -> str:
        """' · energy measured, gain ± 5 %' where joules are among the metrics."""
        joules = any(axis.unit == "J" for axis in self.metrics)
        return f" · energy {provenances(one.trial for one in self.trials)}" if joules else ""

    def first(self, most: int) -> list[int]:
        """Places of at most `most` configurations: the front, then what may be on it.

        Of equals that do not all fit, those spread evenly from the least energy to the most.
        """
        chosen: list[int] = []
        for word in WORDS:
            alike = [at for at, said in enumerate(self.words) if said == word]
            chosen += self._spread(alike, most - len(chosen))
        return sorted(chosen)

    def _spread(self, places: list[int], most: int) -> list[int]:
        if len(places) <= most:
            return places
        axis = AXES[self.judges[0]] if self.judges else self.metrics[0]
        ordered = sorted(places, key=lambda at: self.trials[at].value(axis))
        step = (len(ordered) - 1) / max(1, most - 1)
        return [ordered[round(k * step)] for k in range(most)]


def profile_of(trials: Sequence[Contender]) -> Profile | None:
    """None where fewer than two configurations share three metrics."""
    alive = [one for one in trials if one.trial.n_ok]
    if len(alive) < 2:
        return None
    metrics, missing = [], []
    for slot in SLOTS:
        chosen = _measured([AXES[name] for name in slot], alive)
        if chosen is None:
            axis = AXES[slot[-1]]
            note = plain(alive[0].figure(axis).note, 100) or "not measured"
            missing.append(f"{named(axis)} ({note})")
        else:
            metrics.append(chosen)
    whole = [one for one in alive if all(one.figure(a).value is not None for a in metrics)]
    if len(metrics) < FEWEST_AXES or len(whole) < 2:
        return None
    words, judges = standing(whole)
    said = [f"Not measured, so without an axis: {', '.join(missing)}."] if missing else []
    without = [one.name for one in trials if one not in whole]
    if without:
        said.append(f"Without all of these figures, so not drawn: {few(without)}.")
    return Profile(
        trials=tuple(whole),
        words=tuple(words),
        judges=judges,
        metrics=tuple(metrics),
        missing=tuple(said),
    )


def judged(profile: Profile) -> str:
    """'Pareto set over energy per query, accuracy and latency', as a note says it."""
    titles = [named(AXES[name]) for name in profile.judges]
    return f"{', '.join(titles[:-1])} and {titles[-1]}" if titles else ""


def table_rows(profile: Profile, drawn: Sequence[int]) -> list[tuple[str, ...]]:
    """Each configuration with its figures, what the front says, and whether it is drawn."""
    return [
        (
            one.name,
            *(figure(one.figure(axis)) for axis in profile.metrics),
            profile.words[at],
            "yes" if at in drawn else "no",
        )
        for at, one in enumerate(profile.trials)
    ]


def table_columns(profile: Profile) -> tuple[str, ...]:
    """Titles of `table_rows`."""
    return ("configuration", *(named(axis) for axis in profile.metrics), "Pareto", "drawn")


def bounds_said(axes: Sequence[AbsoluteAxis]) -> str:
    """'accuracy 0 % to 100 %, latency 5 s to 0.1 s (log)': worst to best."""
    return ", ".join(
        f"{named(axis.axis)} {axis.words(axis.worst)} to {axis.words(axis.best)}"
        f"{' (log)' if axis.log else ''}"
        for axis in axes
    )


def cut(drawn: Sequence[Contender], axes: Sequence[AbsoluteAxis]) -> bool:
    """Whether an interval runs out of its axis."""
    ends = (
        (axis, end)
        for one in drawn
        for axis in axes
        for found in [one.figure(axis.axis)]
        for end in (found.low, found.high)
    )
    return any(end is not None and not axis.holds(end) for axis, end in ends)


def highlighted(profile: Profile, most: int) -> list[int]:
    """At most `most` places, the front's members first; what is dominated is not among them."""
    places = [at for at in profile.first(most) if profile.words[at] != DOMINATED]
    return sorted(places, key=lambda at: WORDS.index(profile.words[at]))


def _measured(slot: Sequence[Axis], alive: Sequence[Contender]) -> Axis | None:
    """The first metric that all have; else the first that most have, who alone are drawn then."""
    counts = [sum(one.figure(axis).value is not None for one in alive) for axis in slot]
    if len(alive) in counts:
        return slot[counts.index(len(alive))]
    most = max(counts)
    return slot[counts.index(most)] if most > len(alive) / 2 else None
