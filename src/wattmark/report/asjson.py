"""The run for programs, as plain JSON values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from wattmark.analysis.calibration import calibrations
from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.headline import headline
from wattmark.analysis.retrieval import trade_offs
from wattmark.analysis.summary import TrialSummary, carbon_of
from wattmark.analysis.verdict import verdicts
from wattmark.report.carbon import carbon_lines
from wattmark.report.labels import short_labels
from wattmark.report.retrieval import retrieval_json
from wattmark.store.reader import Run


def summary_json(
    run: Run,
    summaries: Sequence[TrialSummary],
    carbon: CarbonInputs | None = None,
    *,
    with_statistics: bool = False,
) -> dict[str, Any]:
    """The run for programs: `summaries`, `verdicts` and `headline` as plain JSON values.

    None is not measured; a figure without bounds has low and high None. No infinity, no NaN.
    `carbon` is what the summaries' carbon was computed from, where it is not the run's own.
    `with_statistics` adds `statistics`, which takes a moment.
    """
    carbon = carbon_of(run.info) if carbon is None else carbon
    whole = {
        "schema_version": run.info.get("schema_version"),
        "name": run.info.get("name"),
        "status": run.info.get("status"),
        "intensity_g_per_kwh": carbon.intensity_g_per_kwh,
        "carbon": dict(carbon_lines(run, carbon)),
        "trials": [dataclasses.asdict(summary) for summary in summaries],
        "verdicts": [dataclasses.asdict(verdict) for verdict in verdicts(run)],
        "headline": [
            {
                "model": entry.model,
                "task": entry.task,
                "mode": entry.mode,
                "metric": entry.metric,
                "outcome": entry.outcome,
                "reference": entry.reference.key,
                "best": entry.best.key,
                "verdict": entry.verdict and dataclasses.asdict(entry.verdict),
                "accuracy": entry.accuracy and dataclasses.asdict(entry.accuracy),
                "comparisons": entry.comparisons,
                "confidence": entry.confidence,
                "cheaper_but_worse": [trial.key for trial in entry.worse],
            }
            for entry in headline(run)
        ],
        "calibration": {key: dataclasses.asdict(found) for key, found in calibrations(run).items()},
        "retrieval": retrieval_json(trade_offs(run, summaries)),
        "left_out": run.info.get("left_out") or [],
        "notes": run.info.get("notes") or [],
    }
    if with_statistics:
        from wattmark.report.statistics import statistics_json  # noqa: PLC0415 (slow to import)

        whole["statistics"] = statistics_json(run, summaries, short_labels(summaries))
    finite: dict[str, Any] = _finite(whole)
    return finite


def _finite(value: Any) -> Any:
    """Plain JSON: no tuple, no infinity, no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
