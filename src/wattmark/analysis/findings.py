"""All that the statistics say of a run: the configurations of each task side by side.

The trials of a task, whatever they differ in, are set against the reference, against each other,
and apart by what varies (precision, batch size …). Nothing here is chosen by its result: every test
that the data allow is made, those of one table are corrected for each other (Holm), and what cannot
be said has its reason. `report.statistics` puts all of it into words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from wattmark.analysis.against import Contrast, Values, contrasts
from wattmark.analysis.answers import answers_of
from wattmark.analysis.battery import compared
from wattmark.analysis.contrast import values_of
from wattmark.analysis.factorial import Factorial, factorial
from wattmark.analysis.fronts import Front, front
from wattmark.analysis.metrics import METRICS, Metric, Row
from wattmark.analysis.mixed import MOST_TRIALS, Mixed, mixed_between
from wattmark.analysis.multiple import corrected, holm
from wattmark.analysis.outcome import Test
from wattmark.analysis.ranks import Rank, ranks
from wattmark.analysis.run_order import RunOrder, measured_starts, run_order_of_rows
from wattmark.analysis.summary import TrialSummary, run_values
from wattmark.analysis.verdict import AccuracyChange, accuracy_change, reference_of, rows_of
from wattmark.errors import InputError
from wattmark.store.reader import Run

SHOWN = ("energy_per_query_j", "energy_per_token_j", "latency_s", "tokens_per_s")
OF_CLASSIFIERS = "queries_per_s"
"""Their throughput: they write no tokens."""
FACTORS = ("model", "mode", "backend", "device", "precision", "batch_size", "options")
MOST_FACTORS = 4
MOST_POOLS = 24
"""Queries, or pools of them, of a mixed model that is quick."""
OF_QUERIES = {"energy_per_query_j": "energy_j", "latency_s": "latency_s"}
"""Metric → its column of `queries`."""
ONE_REPLICATE = "one replicate of each: no test"
COMMAND = "wattmark show RUN --statistics"
FACTORIAL = "factorial analysis of variance"
MIXED = "mixed model over the queries"

Names = Mapping[str, str]


@dataclass(frozen=True)
class Extent:
    """How much is made of a task: at most so many pairs, and so many contrasts; None is all.

    A pair takes a tenth of a second, as the studentized range is integrated numerically; a
    contrast takes a tenth of that. Tasks of more than so many `answers` have no mixed model.
    """

    pairs: int | None
    contrasts: int | None
    answers: int | None = None


PAGE = Extent(0, 40, 2_000_000)
TERMINAL = Extent(28, 40)
ALL = Extent(None, None)
Answers = Mapping[str, Mapping[str, bool]]
ByMetric = Mapping[str, Mapping[str, Values]]
"""Metric → name → block → reading."""


@dataclass(frozen=True, kw_only=True)
class AccuracyContrast:
    """A configuration's accuracy against the reference's; `p_adjusted` by Holm over all of them."""

    trial: str
    reference: str
    change: AccuracyChange
    p_adjusted: float | None


@dataclass(frozen=True, kw_only=True)
class TaskFindings:
    """One task. Configurations go by `names` (trial key → name).

    `together` (ANOVA, Welch's, Kruskal–Wallis), `factorial`, `mixed` and `ranks` are by metric;
    `pairs` are Tukey's and Games–Howell's tests of the first metric, which has `n_pairs` pairs.
    `absent` says what cannot be said, and why.
    """

    task: str
    names: Names
    reference: str
    metrics: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    accuracy: tuple[AccuracyContrast, ...] = ()
    together: Mapping[str, tuple[Test, ...]] = field(default_factory=dict)
    pairs: tuple[Test, ...] = ()
    n_pairs: int = 0
    factorial: Mapping[str, Factorial] = field(default_factory=dict)
    mixed: Mapping[str, Mixed] = field(default_factory=dict)
    ranks: Mapping[str, tuple[Rank, ...]] = field(default_factory=dict)
    fronts: tuple[Front, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Tasks of two configurations or more; and what the order of all runs did, by metric."""

    tasks: tuple[TaskFindings, ...]
    order: tuple[RunOrder, ...]


def findings(
    run: Run, summaries: Sequence[TrialSummary], names: Names, extent: Extent = ALL
) -> Findings:
    """Everything within `extent`, of trials by names that tell apart all trials of one task."""
    tasks: dict[str, list[TrialSummary]] = {}
    for summary in summaries:
        if summary.n_ok:
            tasks.setdefault(summary.task, []).append(summary)
    several = [trials for trials in tasks.values() if len(trials) > 1]
    scored = any(_has(trial, "accuracy") for trials in several for trial in trials)
    answers = answers_of(run) if scored else {}
    rows = rows_of(run)
    return Findings(
        tasks=tuple(
            _Task(run, trials, rows, {trial.key: names[trial.key] for trial in trials}).found(
                answers, extent
            )
            for trials in several
        ),
        order=_order(run, rows, summaries),
    )


@dataclass(frozen=True)
class _Task:
    """The trials of one task, two or more; `absent` is filled on the way."""

    run: Run
    trials: Sequence[TrialSummary]
    rows: Mapping[str, Sequence[Row]]
    names: Names
    absent: dict[str, str] = field(default_factory=dict)

    def found(self, answers: Answers, extent: Extent) -> TaskFindings:
        values = self._values()
        first = reference_of(self.trials, next(iter(values), SHOWN[0]))
        base = TaskFindings(
            task=self.trials[0].task,
            names=self.names,
            reference=self.names[first.key],
            metrics=tuple(values),
            accuracy=self._accuracy(first, answers),
            fronts=self._fronts(tuple(values)),
            absent=self.absent,
        )
        if not values:
            self.absent["comparison"] = "no metric was measured in two configurations"
            return base
        if all(trial.n_ok < 2 for trial in self.trials):
            self.absent["tests"] = ONE_REPLICATE
            return base
        together, pairs, n_pairs = self._together(values, extent.pairs)
        near = list(values)
        if extent.contrasts is not None:
            near = near[: max(1, extent.contrasts // (len(self.trials) - 1))]
        return replace(
            base,
            contrasts=contrasts({name: values[name] for name in near}, base.reference),
            together=together,
            pairs=pairs,
            n_pairs=n_pairs,
            factorial=self._factorial(tuple(values)),
            mixed=self._mixed(first, tuple(values), extent.answers),
            ranks={name: tuple(ranks(of, METRICS[name])) for name, of in values.items()},
        )

    def _values(self) -> ByMetric:
        """The metrics that two trials have."""

        def read(metric: Metric) -> dict[str, Values]:
            found: dict[str, Values] = {
                self.names[trial.key]: dict(run_values(metric, self.rows[trial.key]).items())
                for trial in self.trials
            }
            return {name: values for name, values in found.items() if values}

        values = {name: read(METRICS[name]) for name in (*SHOWN, OF_CLASSIFIERS)}
        values = {name: of for name, of in values.items() if len(of) > 1}
        if SHOWN[-1] in values:
            values.pop(OF_CLASSIFIERS, None)
        return values

    def _accuracy(self, first: TrialSummary, answers: Answers) -> tuple[AccuracyContrast, ...]:
        changes = {
            trial.key: accuracy_change(answers.get(first.key, {}), answers.get(trial.key, {}))
            for trial in self.trials
            if trial is not first
        }
        adjusted = holm([None if c is None else c.p_value for c in changes.values()])
        return tuple(
            AccuracyContrast(
                trial=self.names[key], reference=self.names[first.key], change=change, p_adjusted=p
            )
            for (key, change), p in zip(changes.items(), adjusted, strict=True)
            if change is not None
        )

    def _together(
        self, values: ByMetric, most_pairs: int | None
    ) -> tuple[dict[str, tuple[Test, ...]], tuple[Test, ...], int]:
        """ANOVA and its kin by metric, the pairs of the first metric, and how many there are."""
        found: list[tuple[str, Test]] = []
        pairs: tuple[Test, ...] = ()
        n_pairs = 0
        for name, of in values.items():
            groups = {n: values_of(list(v.values())) for n, v in of.items() if len(v) > 1}
            if alone := [n for n in of if n not in groups]:
                self.absent[f"tests of {', '.join(alone)}"] = "one replicate"
            if len(groups) < 3:
                continue
            most = 0 if n_pairs else most_pairs
            made = compared(groups, logs=METRICS[name].logs, paired=False, most_pairs=most)
            found += [(name, test) for test in made[:3]]
            pairs = pairs or tuple(made[3:])
            n_pairs = n_pairs or math.comb(len(groups), 2)
        tests = corrected([test for _, test in found])
        by_metric: dict[str, tuple[Test, ...]] = {}
        for (name, _), test in zip(found, tests, strict=True):
            by_metric[name] = (*by_metric.get(name, ()), test)
        return by_metric, pairs, n_pairs

    def _factorial(self, metrics: Sequence[str]) -> dict[str, Factorial]:
        """Over the factors that vary, each metric's terms corrected for each other."""
        varied = [
            name for name in FACTORS if len({getattr(trial, name) for trial in self.trials}) > 1
        ]
        if len(varied) < 2:
            alone = f"{varied[0]} alone varies" if varied else "nothing that is known varies"
            self.absent[FACTORIAL] = f"{alone}, and two factors are needed"
            return {}
        if len(varied) > MOST_FACTORS:
            more = f"more than {MOST_FACTORS} factors vary: {', '.join(varied)}"
            self.absent[FACTORIAL] = more
            return {}
        rows = [
            (trial, row)
            for trial in self.trials
            for row in self.rows[trial.key]
            if row["status"] == "ok"
        ]
        found = {}
        for name in metrics:
            metric = METRICS[name]
            made = factorial(
                [metric.of(row).value for _, row in rows],
                {factor: [getattr(trial, factor) for trial, _ in rows] for factor in varied},
                blocks=[row["block"] for _, row in rows],
                logs=metric.logs,
            )
            if made.why:
                self.absent[f"{FACTORIAL}, {metric.title.lower()}"] = made.why
                continue
            tests = corrected([term.test for term in made.terms])
            terms = zip(made.terms, tests, strict=True)
            found[name] = replace(made, terms=tuple(replace(t, test=test) for t, test in terms))
        return found

    def _mixed(
        self, first: TrialSummary, metrics: Sequence[str], most_answers: int | None
    ) -> dict[str, Mixed]:
        """Of the first metric that can be fitted: the others' would say much the same."""
        rows = [row for trial in self.trials for row in self.rows[trial.key]]
        answers = sum(row.get("queries") or 0 for row in rows)
        if most_answers is not None and answers > most_answers:
            self.absent[MIXED] = (
                f"{answers} answers take a while to read: {COMMAND} draws from them"
            )
            return {}
        if len(self.trials) > MOST_TRIALS:
            most = f"at most {MOST_TRIALS} are fitted"
            self.absent[MIXED] = f"{len(self.trials)} configurations: {most}"
            return {}
        ordered = [first, *(trial for trial in self.trials if trial is not first)]
        for name in (metric for metric in metrics if metric in OF_QUERIES):
            column = OF_QUERIES[name]
            try:
                made = mixed_between(self.run, ordered, column, names=self.names, most=MOST_POOLS)
            except InputError as missing:
                self.absent[MIXED] = f"{missing.message} {missing.hint or ''}".strip()
                return {}
            if not made.why:
                self.absent.pop(MIXED, None)
                apart = 1 if len(made.changes) > 1 else 0
                tests = (*made.tests[:apart], *corrected(made.tests[apart:]))
                return {name: replace(made, tests=tests)}
            self.absent.setdefault(MIXED, made.why)
        return {}

    def _fronts(self, metrics: Sequence[str]) -> tuple[Front, ...]:
        """Accuracy against energy, and latency against energy, of what there is."""
        scored = sum(_has(trial, "accuracy") for trial in self.trials) > 1
        have = {*metrics, *(["accuracy"] if scored else [])}
        sets = [("accuracy", "energy_per_query_j"), ("latency_s", "energy_per_query_j")]
        if "energy_per_query_j" not in have:
            sets = [("accuracy", "latency_s")]
        estimates = {self.names[trial.key]: trial.estimates for trial in self.trials}
        return tuple(front(estimates, axes) for axes in sets if set(axes) <= have)


def _order(
    run: Run, rows: Mapping[str, Sequence[Row]], summaries: Sequence[TrialSummary]
) -> tuple[RunOrder, ...]:
    """Of the metrics that any trial has; of throughput that by tokens, else that by queries."""
    names = [n for n in (*SHOWN, OF_CLASSIFIERS) if any(_has(trial, n) for trial in summaries)]
    if SHOWN[-1] in names and OF_CLASSIFIERS in names:
        names.remove(OF_CLASSIFIERS)
    titles = {trial.key: trial.label for trial in summaries}
    flat = [row for of in rows.values() for row in of]
    starts = measured_starts(run)
    return tuple(run_order_of_rows(flat, METRICS[name], titles, starts) for name in names)


def _has(trial: TrialSummary, metric: str) -> bool:
    return trial.estimates[metric].value is not None
