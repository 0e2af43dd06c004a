"""What stands behind the page's tables and charts, without drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from benchmarks.reporting.told import tell
from wattmark.analysis.answers import answers_of
from wattmark.analysis.calibration import calibrations
from wattmark.analysis.headline import headline
from wattmark.analysis.summary import summarise
from wattmark.analysis.verdict import accuracy_change, groups, reference_of, rows_of
from wattmark.report.charts import BARS
from wattmark.report.power import Curves, strips_of
from wattmark.report.spread import latencies
from wattmark.store.reader import open_run

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def tables(path: Path) -> dict[str, Any]:
    """Summary, verdicts, answers lost and gained, calibration, latencies, joules, power."""
    run = open_run(path)
    summaries = summarise(run)
    spread = {key: np.quantile(values, QUANTILES) for key, values in latencies(run).items()}
    phases = run.select("energy", BARS, pc.field("batch").is_null()).to_pylist()
    power = strips_of(run, Curves(run), summaries, rows_of(run))
    best = headline(run)
    answers, differ = answers_of(run), 0
    for group in groups(summaries):
        reference = reference_of(group, "energy_per_query_j").key
        for trial in group:
            change = accuracy_change(answers[reference], answers[trial.key])
            differ += change.lost + change.gained if change else 0
    return {
        "differ": differ,
        "median_s": sum(float(found[2]) for found in spread.values()),
        "rows": [len(spread), len(calibrations(run)), len(phases), len(power), len(best)],
    }


if __name__ == "__main__":
    tell(tables)
