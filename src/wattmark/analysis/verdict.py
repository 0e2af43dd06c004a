"""Verdicts: which configuration costs less than another, by what factor, and is that resolved?

Two trials are compared within the blocks of the randomized order: a block's ratio is free of
the drift between blocks. The factor is the ratio of (geometric) means with a t-interval on the
paired differences of logarithms, widened by both arms' measurement half-widths; a difference
that the sensor cannot resolve is not resolved. A sensor's gain cancels in a ratio on one
machine as far as it is the same for both; a model of power (estimated) may not grant that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.special import bdtr

from wattmark.analysis.answers import tally
from wattmark.analysis.contrast import ratio_of, values_of
from wattmark.analysis.intervals import CONFIDENCE, Interval
from wattmark.analysis.metrics import METRICS, NO_LOGARITHM, Metric, Reading, Row, metric_named
from wattmark.analysis.paired import difference_of_counts
from wattmark.analysis.summary import TrialSummary, run_values, summarise
from wattmark.store.reader import Run

NOT_RESOLVED = "not resolved"
SIGNIFICANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`trial` against `reference`: `ratio` is trial ÷ reference, with its interval.

    `word` is lower, higher or not resolved; `pairs` is the number of blocks compared; `note`
    says why there is no ratio or no interval.
    """

    model: str
    task: str
    mode: str
    metric: str
    reference: str
    trial: str
    reference_label: str
    trial_label: str
    ratio: float | None
    low: float | None
    high: float | None
    pairs: int
    word: str
    note: str = ""
    confidence: float = CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class AccuracyChange:
    """Accuracy of a trial against the reference on the same queries (exact McNemar test).

    `lost` are queries that only the reference answered right, `gained` those that only the trial
    did; `difference` is the trial's share right less the reference's, with its interval;
    `p_value` is two-sided; `word` is better, worse or not resolved.
    """

    queries: int
    lost: int
    gained: int
    difference: Interval
    p_value: float
    word: str


def verdicts(run: Run, metric: str = "energy_per_query_j") -> list[Verdict]:
    """Each trial against its group's reference; InputError on a metric that does not exist.

    The reference of a (model, task, mode) is fp32 at batch 1 where there is one, else the first
    trial that has the metric.
    """
    chosen = metric_named(metric)
    rows = rows_of(run)
    found: list[Verdict] = []
    for group in groups(summarise(run)):
        reference = reference_of(group, metric)
        found.extend(
            compare(reference, rows, trial, rows, chosen)
            for trial in group
            if trial.key != reference.key
        )
    return found


def compare(
    reference: TrialSummary,
    reference_rows: Mapping[str, Sequence[Row]],
    trial: TrialSummary,
    trial_rows: Mapping[str, Sequence[Row]],
    metric: Metric,
    *,
    confidence: float = CONFIDENCE,
) -> Verdict:
    """One verdict; rows of `trials` by trial key may come from one run or from two.

    Between two runs, blocks of the same number pair up; they share no drift, and the interval is
    then that of independent runs taken in order.
    """
    base = run_values(metric, reference_rows.get(reference.key, ()))
    head = run_values(metric, trial_rows.get(trial.key, ()))
    blocks = sorted(base.keys() & head.keys())
    pairs = [(base[block], head[block]) for block in blocks]
    ratio, note = _ratio(pairs, metric, confidence)
    return Verdict(
        model=trial.model,
        task=trial.task,
        mode=trial.mode,
        metric=metric.name,
        reference=reference.key,
        trial=trial.key,
        reference_label=reference.label,
        trial_label=trial.label,
        ratio=None if ratio is None else ratio.mean,
        low=None if ratio is None else ratio.low,
        high=None if ratio is None else ratio.high,
        pairs=len(pairs),
        word=_word(ratio),
        note=note,
        confidence=confidence,
    )


def _ratio(
    pairs: Sequence[tuple[Reading, Reading]], metric: Metric, confidence: float
) -> tuple[Interval | None, str]:
    if not pairs:
        return None, "no block has this metric for both"
    if not metric.logs:
        return None, "a figure that may be zero or negative has no ratio: compare the gross one"
    base, head = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if min(*values_of(base), *values_of(head)) <= 0:
        return None, NO_LOGARITHM
    ratio = ratio_of(base, head, paired=True, confidence=confidence)
    return ratio, "one block: no interval" if len(pairs) == 1 else ""


def _word(ratio: Interval | None) -> str:
    if ratio is None or ratio.low is None or ratio.high is None:
        return NOT_RESOLVED
    if ratio.high < 1:
        return "lower"
    return "higher" if ratio.low > 1 else NOT_RESOLVED


def groups(summaries: Iterable[TrialSummary]) -> list[list[TrialSummary]]:
    """Trials by (model, task, mode), in the order of their first appearance."""
    found: dict[tuple[str, str, str], list[TrialSummary]] = {}
    for summary in summaries:
        found.setdefault(summary.group, []).append(summary)
    return list(found.values())


def reference_of(group: Sequence[TrialSummary], metric: str) -> TrialSummary:
    """fp32 at batch 1 where it has the metric, else the first that has it, else the first."""
    able = [trial for trial in group if value_of(trial, metric) is not None]
    plain = [trial for trial in able if (trial.precision, trial.batch_size) == ("fp32", 1)]
    return [*plain, *able, *group][0]


def accuracy_change(
    reference: Mapping[str, bool], trial: Mapping[str, bool], confidence: float = CONFIDENCE
) -> AccuracyChange | None:
    """Exact McNemar test over the queries both answered; None where there is none.

    Only queries on which the two differ carry evidence: under no difference each falls to
    either side with probability ½ (McNemar 1947, exact binomial form).
    """
    table = tally(reference, trial)
    if not any(table):
        return None
    lost, gained = table.lost, table.gained
    # Both tails of a symmetric distribution; the middle counts in each.
    p_value = min(1.0, 2 * float(bdtr(min(lost, gained), lost + gained, 0.5)))
    word = NOT_RESOLVED
    if p_value < SIGNIFICANCE:
        word = "worse" if lost > gained else "better"
    return AccuracyChange(
        queries=sum(table),
        lost=lost,
        gained=gained,
        difference=difference_of_counts(table, confidence),
        p_value=p_value,
        word=word,
    )


def rows_of(run: Run) -> dict[str, list[Row]]:
    """Trial key → its rows of `trials`."""
    rows: dict[str, list[Row]] = {}
    for row in run.trials.to_pylist():
        rows.setdefault(row["trial_key"], []).append(row)
    return rows


def value_of(trial: TrialSummary, metric: str) -> float | None:
    """A trial's centre of a metric; None where it has none."""
    return trial.estimates[metric].value if metric in METRICS else None
