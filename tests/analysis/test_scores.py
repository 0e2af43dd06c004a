from __future__ import annotations

import statistics

import pytest
from statsmodels.stats.proportion import proportion_confint

from wattmark.analysis.scores import RIGHT_OR_WRONG
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.report.table import summary_json
from wattmark.runner.run import run
from wattmark.runner.suite import read_suite
from wattmark.schema import Record
from wattmark.store.reader import Run, open_run

SQUAD = "squad:data=sample"


class Silent:
    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: object, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None: ...


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A model that is right on about half of the queries, and one on all of them."""
    path = tmp_path_factory.mktemp("run") / "scored"
    flags = {
        "models": "fake,fake:accuracy=0.5",
        "backends": "fake",
        "tasks": "squad,arithmetic,prompts",
        "limit": 20,
        "replicates": 2,
        "warmups": 0,
        "idle_s": 0.0,
        "quiet_wait_s": 0,
    }
    run(read_suite(None, flags), path, Silent())
    return open_run(path)


def trial(scored: Run, model: str, task: str) -> TrialSummary:
    return next(one for one in summarise(scored) if (one.model, one.task) == (model, task))


def test_f1_is_the_mean_score_over_distinct_queries(scored: Run) -> None:
    summary = trial(scored, "fake:accuracy=0.5", SQUAD)
    rows = [row for row in scored.queries.to_pylist() if row["trial_key"] == summary.key]
    assert any(0 < row["score"] < 1 for row in rows), "wrong answers share words with the right"
    found, accuracy = summary.estimates["f1"], summary.estimates["accuracy"]
    assert found.value is not None
    assert found.value == pytest.approx(statistics.fmean(row["score"] for row in rows))
    assert found.n == 20
    low, high = proportion_confint(found.value * 20, 20, method="wilson")
    assert [found.low, found.high] == pytest.approx([low, high])
    assert accuracy.value is not None
    assert accuracy.value < found.value < 1
    assert (found.unit, found.note) == ("1", "")


def test_a_trial_without_a_part_of_a_point_has_its_f1_beside_the_others(scored: Run) -> None:
    found = trial(scored, "fake", SQUAD).estimates["f1"]
    assert (found.value, found.n) == (1.0, 20)
    assert found.low is not None
    assert found.low < 0.9


def test_right_or_wrong_alone_has_no_f1_and_what_is_not_scored_has_its_reason(
    scored: Run,
) -> None:
    found = trial(scored, "fake", "arithmetic").estimates["f1"]
    assert (found.value, found.low, found.note) == (None, None, RIGHT_OR_WRONG)
    found = trial(scored, "fake", "prompts").estimates["f1"]
    assert (found.value, found.note) == (None, "no query has a gold answer")


def test_json_has_it(scored: Run) -> None:
    shown = summary_json(scored, summarise(scored))
    values = {
        (one["model"], one["task"]): one["estimates"]["f1"]["value"] for one in shown["trials"]
    }
    assert values["fake", SQUAD] == 1.0
    assert values["fake", "arithmetic"] is None
