from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from synthetic import Knobs, make_run

from wattmark.analysis.summary import summarise
from wattmark.report.labels import component_name, short_labels
from wattmark.report.table import render_left_out, render_table, summary_json
from wattmark.schema import Status
from wattmark.store.reader import Run, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo"))


def shown(run: Run, width: int, *, terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal)
    console.print(render_table(summarise(run), width), *render_left_out(run.info))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_nothing_is_cut_at_any_width(run: Run, width: int) -> None:
    text = shown(run, width)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    for label in ("fp32 · batch 1", "bf16 · batch 8"):
        assert label in text


def test_wide_has_interval_beside_the_figure_and_narrow_below(run: Run) -> None:
    energy = summarise(run)[0].estimates["energy_per_token_j"].value
    assert energy is not None
    assert f"{1000 * energy:.0f} mJ ± " in shown(run, 160)
    assert f"{1000 * energy:.0f} mJ ± " not in shown(run, 80)


def test_figures_provenance_failures_doubts_and_gaps_are_all_said(run: Run) -> None:
    text = " ".join(shown(run, 120).split())
    assert "energy: estimated, gain ± 60 %" in text
    assert "87.5 % (69.0–95.7)" in text
    assert "✗ bf16 · batch 8, replicate 1: oom. Out of memory" in text
    assert "4/5" in text
    assert "window-short" in text
    assert "J/token, J/token net, tokens/s, TTFT, TPOT: a classifier writes no tokens" in text
    assert "sentiment · fp16 cpu: fp16 on cpu has no fast kernels" in text


def test_untrusted_text_is_neither_markup_nor_escape(run: Run) -> None:
    text = shown(run, 200, terminal=True)
    assert "[bold]x[/bold]" in text
    assert "\x1b[31mred" not in text


def test_a_run_without_energy_or_success_is_shown(tmp_path: Path) -> None:
    bare = shown(open_run(make_run(tmp_path / "a", Knobs(energy=False, queries=8))), 100)
    assert "no energy sensor covered the measured region" in " ".join(bare.split())
    failed = Knobs(status=Status.TIMEOUT, queries=8)
    dead = shown(open_run(make_run(tmp_path / "b", failed)), 100)
    assert "0/5" in dead
    assert "replicates 0, 1, 2, 3, 4: timeout" in " ".join(dead.split())


def test_no_trial_at_all() -> None:
    console = Console(file=(out := io.StringIO()), width=80)
    console.print(render_table([], 80))
    assert "No trial has run." in out.getvalue()


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(finite(entry) for entry in value.values())
    if isinstance(value, list):
        return all(finite(entry) for entry in value)
    return not isinstance(value, float) or math.isfinite(value)


def test_json_is_whole_plain_and_finite(run: Run) -> None:
    whole = summary_json(run, summarise(run))
    text = json.dumps(whole, allow_nan=False)
    assert json.loads(text) == whole
    assert finite(whole)
    assert len(whole["trials"]) == 8
    assert whole["trials"][0]["estimates"]["energy_per_query_j"]["unit"] == "J"
    assert whole["trials"][4]["estimates"]["energy_per_token_j"]["value"] is None
    assert {verdict["word"] for verdict in whole["verdicts"]} == {"lower"}
    assert whole["headline"][0]["best"] in {trial["key"] for trial in whole["trials"]}


def test_components_have_words() -> None:
    pairs = [("cpu", "host"), ("dram", "host"), ("gpu", "gpu0"), ("cpu", "package-1"), ("wall", "")]
    assert [component_name(*pair) for pair in pairs] == [
        "CPU", "memory", "GPU 0", "CPU package-1", "wall meter",
    ]  # fmt: skip


def test_net_columns_are_titled_and_labels_not_repeated_more_than_needed(run: Run) -> None:
    assert "J/token net" in shown(run, 200)
    narrow = shown(run, 80)
    assert " ".join(narrow.split()).count("trial J/token") <= 1
    arithmetic = narrow.partition("sentiment")[0]
    assert arithmetic.count("fp32 · batch 1") <= 3


def test_labels_are_unique_within_a_group(run: Run) -> None:
    summaries = summarise(run)
    labels = short_labels(summaries)
    seen = {(summary.group, labels[summary.key]) for summary in summaries}
    assert len(seen) == len(summaries)
    twins = [summaries[0], summaries[0].__class__(**{**vars(summaries[0]), "key": "other"})]
    assert len(set(short_labels(twins).values())) == 2
