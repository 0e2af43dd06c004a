from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from synthetic import make_run

from wattmark.analysis.summary import summarise
from wattmark.report.charts import overview, sections
from wattmark.report.figure import log_domain, log_ticks
from wattmark.store.reader import Run, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo"))


def test_power_is_drawn_from_the_trial_s_own_session(run: Run) -> None:
    trace = run.trace.to_pylist()
    again = [{**row, "session": 1, "energy_j": 3.0 * row["energy_j"]} for row in trace]
    first, later = Run(run.path, run.info), Run(run.path, run.info)
    both = pa.Table.from_pylist([*trace, *again], schema=run.trace.schema)
    trials = run.trials.to_pylist()
    later_trials = [{**row, "session": 1} for row in trials]
    first.__dict__.update(trace=both, trials=run.trials)
    later.__dict__.update(
        trace=both, trials=pa.Table.from_pylist(later_trials, schema=run.trials.schema)
    )

    def mean_w(of: Run) -> float:
        figure = sections(of, summarise(of))[0].power[0]
        watts = [
            row["w"] for rows in figure.spec["datasets"].values() for row in rows if "w" in row
        ]
        return float(np.mean(watts))

    assert mean_w(first) == pytest.approx(mean_w(run))
    assert mean_w(later) == pytest.approx(3 * mean_w(run), rel=0.01)


def test_neighbouring_charts_share_height_axes_and_legend(run: Run) -> None:
    summaries = summarise(run)
    for section in sections(run, summaries):
        heights = [figure.spec["height"] for figure in section.figures]
        assert heights[::2] == heights[1::2]
        times = {json.dumps(f.spec["layer"][1]["encoding"]["x"]["scale"]) for f in section.power}
        legends = {
            json.dumps(f.spec["layer"][0]["encoding"]["color"]["scale"]) for f in section.power
        }
        assert len(times) == len(legends) == 1
    heights = [figure.spec["height"] for figure in overview(summaries)]
    pairs = zip(heights[::2], heights[1::2], strict=False)  # the last may stand alone
    assert all(left == right for left, right in pairs)


def test_points_of_equal_accuracy_stand_apart(run: Run) -> None:
    drawn = [figure for figure in overview(summarise(run)) if figure.id.startswith("tradeoff")]
    assert len(drawn) == 2
    for figure in drawn:
        rows = next(rows for rows in figure.spec["datasets"].values() if "place" in rows[0])
        assert len({row["y"] for row in rows}) == 1
        assert len({round(row["place"], 6) for row in rows}) == len(rows)
        assert any("a little apart" in note for note in figure.notes)


@pytest.mark.parametrize(
    ("low", "high"), [(0.01, 1e4), (0.5, 2.0), (95.0, 112.0), (3.0, 3.1), (1e-9, 1e9)]
)
def test_a_logarithmic_axis_has_few_ticks(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert ticks == sorted(ticks)


def test_an_absurd_bound_does_not_squeeze_a_chart() -> None:
    domain, clipped = log_domain([1.0, 2.0], [1e-8, 1e10])
    assert clipped
    assert 0.05 < domain[0] < 1 < 2 < domain[1] < 40
    assert log_domain([1.0, 2.0], [0.9, 2.2])[1] is False


def test_bars_of_phases_add_up_to_the_measured_energy(run: Run) -> None:
    section = sections(run, summarise(run))[0]
    (phases,) = [figure for figure in section.figures if figure.id == "phases"]
    data = phases.spec["datasets"][phases.spec["data"]["name"]]
    for trial in section.trials[:3]:
        label = f"{trial.precision} · batch {trial.batch_size}"
        bar = sum(row["energy_j"] for row in data if row["trial"] == label)
        gross = trial.estimates["energy_per_query_j"].value
        assert gross is not None
        assert bar == pytest.approx(gross, rel=0.006)
    assert {row["phase"] for row in data} >= {"idle draw", "prefill", "decode"}
