from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from synthetic import Knobs, make_run

from wattmark.analysis.against import MANN_WHITNEY, PAIRED_T, WELCH_T, Values, contrasts
from wattmark.analysis.findings import PAGE, Extent, Findings, TaskFindings, findings
from wattmark.analysis.metrics import METRICS, Reading
from wattmark.analysis.summary import run_values, summarise
from wattmark.analysis.verdict import rows_of
from wattmark.store.reader import Run, open_run

CLEAN = {"models": ("arithmetic",), "nasty": False, "one_oom": False, "queries": 8}


def made(folder: Path, **knobs: object) -> Run:
    return open_run(make_run(folder / "run", Knobs(**{**CLEAN, **knobs})))  # type: ignore[arg-type] # fields by name


def found_of(run: Run, extent: Extent = PAGE) -> Findings:
    summaries = summarise(run)
    names = {s.key: f"{s.model} {s.precision} {s.batch_size}" for s in summaries}
    return findings(run, summaries, names, extent)


def logs_of(run: Run, metric: str) -> dict[str, np.ndarray]:
    """Name → logarithms of a metric by block."""
    named = {s.key: f"{s.model} {s.precision} {s.batch_size}" for s in summarise(run)}
    values = {named[key]: run_values(METRICS[metric], rows) for key, rows in rows_of(run).items()}
    return {
        name: np.log([float(of[block].value or 0.0) for block in sorted(of)])
        for name, of in values.items()
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("findings"))


@pytest.fixture(scope="module")
def found(run: Run) -> Findings:
    return found_of(run)


@pytest.fixture(scope="module")
def task(found: Findings) -> TaskFindings:
    return found.tasks[0]


def test_every_configuration_is_set_against_the_reference(run: Run, task: TaskFindings) -> None:
    assert task.reference == "arithmetic fp32 1"
    others = ["arithmetic fp32 8", "arithmetic bf16 1", "arithmetic bf16 8"]
    seen = [(one.metric, one.trial) for one in task.contrasts]
    assert seen == list(itertools.product(task.metrics, others))
    assert task.metrics == ("energy_per_query_j", "energy_per_token_j", "latency_s", "tokens_per_s")
    for one in task.contrasts:
        logs = logs_of(run, one.metric)
        base, head = logs[one.reference], logs[one.trial]
        expected = stats.ttest_rel(head, base)
        assert one.tests[PAIRED_T].statistic == pytest.approx(expected.statistic, rel=1e-9)
        assert one.tests[PAIRED_T].p_value == pytest.approx(expected.pvalue, rel=1e-9)
        welch = stats.ttest_ind(head, base, equal_var=False)
        assert one.tests[WELCH_T].p_value == pytest.approx(welch.pvalue, rel=1e-9)
        rank = stats.mannwhitneyu(np.exp(head), np.exp(base), method="exact")
        assert one.tests[MANN_WHITNEY].p_value == pytest.approx(rank.pvalue, rel=1e-9)
        assert math.log(one.ratio.mean) == pytest.approx(float(np.mean(head - base)), rel=1e-9)
        assert one.size.ratio == pytest.approx(1.03)


def test_each_kind_of_test_is_corrected_over_all_of_its_kind(task: TaskFindings) -> None:
    for kind in (PAIRED_T, WELCH_T, MANN_WHITNEY):
        tests = [one.tests[kind] for one in task.contrasts]
        expected = multipletests([test.p_value for test in tests], method="holm")[1]
        assert [test.p_adjusted for test in tests] == pytest.approx(list(expected), rel=1e-9)


def test_all_together_equal_scipy_and_are_corrected(run: Run, task: TaskFindings) -> None:
    tests = [test for of in task.together.values() for test in of]
    assert len(tests) == 3 * len(task.metrics)
    for metric, (anova, _, kruskal) in task.together.items():
        logs = list(logs_of(run, metric).values())
        assert anova.p_value == pytest.approx(stats.f_oneway(*logs).pvalue, rel=1e-9)
        assert kruskal.p_value == pytest.approx(stats.kruskal(*logs).pvalue, rel=1e-9)
    expected = multipletests([test.p_value for test in tests], method="holm")[1]
    assert [test.p_adjusted for test in tests] == pytest.approx(list(expected), rel=1e-9)


def test_factors_queries_ranks_and_fronts_are_there(task: TaskFindings) -> None:
    factorial = task.factorial["energy_per_query_j"]
    assert [test.of for test in (term.test for term in factorial.terms)] == [
        ("precision",),
        ("batch_size",),
        ("precision", "batch_size"),
    ]
    assert all(term.test.p_adjusted is not None for term in factorial.terms)
    mixed = task.mixed["energy_per_query_j"]
    assert mixed.reference == task.reference
    assert set(mixed.changes) == set(task.names.values()) - {task.reference}
    assert {rank.name for rank in task.ranks["latency_s"]} == set(task.names.values())
    assert [tuple(axis.name for axis in one.axes) for one in task.fronts] == [
        ("accuracy", "energy_per_query_j"),
        ("latency_s", "energy_per_query_j"),
    ]
    assert len(task.accuracy) == 3
    assert not task.absent


def test_drift_is_told_of_each_metric(found: Findings, task: TaskFindings) -> None:
    assert len(found.tasks) == 1
    assert [one.metric for one in found.order] == list(task.metrics)


def test_one_replicate_is_no_test(tmp_path: Path) -> None:
    (task,) = found_of(made(tmp_path, replicates=1)).tasks
    assert task.absent["tests"] == "one replicate of each: no test"
    made_none = (task.contrasts, task.together, task.factorial, task.mixed, task.ranks)
    assert not any(made_none)


def test_one_configuration_has_nothing_beside_it(tmp_path: Path) -> None:
    found = found_of(made(tmp_path, precisions=("fp32",), batch_sizes=(1,)))
    assert found.tasks == ()
    assert found.order


def test_without_energy_time_is_compared(tmp_path: Path) -> None:
    run = made(tmp_path, energy=False, precisions=("fp32",))
    (task,) = found_of(run).tasks
    assert task.metrics == ("latency_s", "tokens_per_s")
    assert [tuple(axis.name for axis in one.axes) for one in task.fronts] == [
        ("accuracy", "latency_s")
    ]
    assert list(task.mixed) == ["latency_s"]
    assert task.absent == {
        "factorial analysis of variance": "batch_size alone varies, and two factors are needed"
    }


def test_only_so_much_is_made_as_was_asked_for(tmp_path: Path) -> None:
    run = made(tmp_path, replicates=2, queries=3)
    (task,) = found_of(run, Extent(0, 7, 23)).tasks
    assert task.absent == {
        "mixed model over the queries": "24 answers take a while to read: "
        "wattmark show RUN --statistics draws from them"
    }
    assert (task.n_pairs, task.pairs) == (6, ())
    assert len(task.metrics) == 4
    assert [one.metric for one in task.contrasts] == 3 * ["energy_per_query_j"] + 3 * [
        "energy_per_token_j"
    ]


def arm(*values: float, first: int = 0) -> Values:
    return {first + block: Reading(value) for block, value in enumerate(values)}


def test_arms_without_blocks_in_common_are_independent() -> None:
    values = {"latency_s": {"a": arm(1.0, 1.1, 1.2), "b": arm(2.0, 2.1, 2.3, first=10)}}
    (one,) = contrasts(values, "a")
    assert not one.paired
    assert one.tests[PAIRED_T].p_value is None
    assert "blocks" in one.tests[PAIRED_T].why
    assert one.tests[WELCH_T].p_adjusted == one.tests[WELCH_T].p_value


def test_what_cannot_be_compared_is_left_out() -> None:
    values = {
        "latency_s": {"a": arm(1.0, 1.1), "b": arm(2.0), "c": arm(1.0, 0.0)},
        "tokens_per_s": {"b": arm(1.0, 2.0), "c": arm(1.0, 2.0)},
    }
    assert contrasts(values, "a") == ()
