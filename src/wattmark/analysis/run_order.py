"""What the order of the runs did: drift, autocorrelation, outliers, trend of temperature."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from wattmark.analysis.autocorrelation import Autocorrelation, autocorrelation
from wattmark.analysis.metrics import Metric, Row
from wattmark.analysis.outcome import Test
from wattmark.analysis.outliers import Outliers, outliers
from wattmark.analysis.trend import Trend, drift, with_temperature
from wattmark.store.reader import Run

LEVEL = 0.05
NS_PER_HOUR = 3.6e12


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What the order of the runs did to one metric.

    `thermal` is the trend of temperature (°C) over the order; `with_temperature` tests whether
    the metric goes with it, beyond the trials' levels (its effect: the partial correlation).
    """

    metric: str
    drift: Trend
    autocorrelation: Autocorrelation
    outliers: Outliers
    thermal: Trend
    with_temperature: Test
    notes: tuple[str, ...] = ()


def run_order(
    values: Sequence[float | None],
    order: Sequence[float] | None = None,
    *,
    trials: Sequence[Hashable] | None = None,
    hours: Sequence[float | None] | None = None,
    labels: Sequence[str] | None = None,
    temperatures_c: Sequence[float | None] | None = None,
    logs: bool = True,
    metric: str = "",
) -> RunOrder:
    """All that the run order can tell of one metric; arguments as `drift` and `outliers`."""
    slope = drift(values, order, trials=trials, hours=hours, logs=logs)
    related = autocorrelation(values, order, trials=trials, logs=logs)
    degrees = [None] * len(values) if temperatures_c is None else list(temperatures_c)
    notes = []
    if missing := len(values) - slope.test.n[0]:
        notes.append(f"{missing} of {len(values)} runs have no value")
    if related.test.p_value is not None and related.test.p_value < LEVEL:
        alike = "alike" if (related.test.effect or 0.0) > 0 else "opposite"
        notes.append(
            f"neighbours in the run order are {alike} (lag-1 autocorrelation "
            f"{related.test.effect:.2g}): p-values that take runs as independent are off"
        )
    return RunOrder(
        metric=metric,
        drift=slope,
        autocorrelation=related,
        outliers=outliers(values, trials=trials, labels=labels, logs=logs),
        thermal=drift(
            degrees, order, trials=trials, hours=hours, logs=False, name="temperature's trend"
        ),
        with_temperature=with_temperature(values, degrees, trials=trials, logs=logs),
        notes=tuple(notes),
    )


def run_order_of(run: Run, metric: Metric) -> RunOrder:
    """`run_order` of a run's metric, over all of its trials; replicates that failed have none."""
    titles = {entry.get("key"): entry.get("label") for entry in run.info.get("plan") or ()}
    return run_order_of_rows(run.trials.to_pylist(), metric, titles, measured_starts(run))


def run_order_of_rows(
    rows: Sequence[Row],
    metric: Metric,
    titles: Mapping[str, str | None],
    starts: Mapping[tuple[str, int], int],
) -> RunOrder:
    """As `run_order_of`, of some rows of `trials`: those of one model and task, say.

    `titles` name the trials by their keys; `starts` are those of `measured_starts`. Hours are
    those of the monotonic clock at the start of the measured region; a run that was resumed has
    none, as stamps compare within one session only. Places of outliers are those of `in_order`.
    """
    rows = in_order(rows)
    found = run_order(
        [metric.of(row).value for row in rows],
        [row["run_order"] for row in rows],
        trials=[row["trial_key"] for row in rows],
        hours=_hours(rows, starts),
        labels=[
            f"{titles.get(row['trial_key']) or row['trial_key']} · replicate {row['replicate']}"
            for row in rows
        ],
        temperatures_c=[row["temperature_max_c"] for row in rows],
        logs=metric.logs,
        metric=metric.name,
    )
    if len({row["session"] for row in rows}) > 1:
        resumed = "the run was resumed: its clock may have started anew, so no slope per hour"
        return replace(found, notes=(*found.notes, resumed))
    return found


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The rows of `trials` that ended ok, in the order in which they were begun."""
    return sorted((row for row in rows if row["status"] == "ok"), key=lambda row: row["run_order"])


def measured_starts(run: Run) -> dict[tuple[str, int], int]:
    """(trial key, replicate) → when its measured region began, monotonic clock, ns."""
    columns = ["trial_key", "replicate", "start_ns"]
    spans = run.select("spans", columns, pc.field("name") == "measured").to_pylist()
    return {(span["trial_key"], span["replicate"]): span["start_ns"] for span in spans}


def _hours(rows: Sequence[Row], starts: Mapping[tuple[str, int], int]) -> list[float | None] | None:
    if len({row["session"] for row in rows}) != 1:
        return None
    first = min(starts.values(), default=0)
    stamps = [starts.get((row["trial_key"], row["replicate"])) for row in rows]
    return [None if stamp is None else (stamp - first) / NS_PER_HOUR for stamp in stamps]
