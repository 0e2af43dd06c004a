from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.metrics import METRICS
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.report.labels import short_labels
from wattmark.report.published import COLUMNS, PER, published, published_beside, relation
from wattmark.store.reader import Run, open_run

KNOBS = Knobs(models=("arithmetic",), replicates=2, queries=8, one_oom=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("published") / "demo", KNOBS))


def renamed(run: Run, model: str, **changed: object) -> list[TrialSummary]:
    return [replace(trial, model=model, **changed) for trial in summarise(run)]  # type: ignore[arg-type] # names and values are a summary's fields


def test_every_figure_says_where_it_is_from() -> None:
    figures = published()
    assert len(figures) > 30
    for entry in figures:
        assert entry.source.title
        assert entry.source.counts
        assert entry.source.url.startswith("https://") or not entry.source.url
        assert entry.metric in METRICS
        assert entry.metric in PER
        assert METRICS[entry.metric].unit == PER[entry.metric][0]
        assert entry.value > 0
        assert entry.parameters > 1e8
        assert relation(entry, f"somebody/{entry.model}") == "same model"


def figure_of(model: str) -> str:
    found = {relation(entry, model) for entry in published()} - {""}
    return min(found, default="", key=lambda word: word != "same model")


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("meta-llama/Llama-3.1-8B", "same model"),
        ("meta-llama/Llama-3.1-8B-Instruct", "same model"),
        ("meta-llama/Llama-3.1-70B", "same family"),
        ("huggyllama/llama-30b", ""),
        ("openai-community/gpt2", "same model"),
        ("openai-community/gpt2-medium", "same family"),
        ("distilgpt2", ""),
        ("mistralai/Mistral-7B-Instruct-v0.1", "same family"),
        ("arithmetic", ""),
    ],
)
def test_models_and_families_are_known_by_name(model: str, word: str) -> None:
    assert figure_of(model) == word


def test_nothing_published_of_these_models_is_nothing(run: Run) -> None:
    summaries = summarise(run)
    assert published_beside(run, summaries, short_labels(summaries)) is None


def test_a_figure_stands_beside_the_nearest_trial_with_what_differs(run: Run) -> None:
    summaries = renamed(run, "meta-llama/Llama-3.1-8B-Instruct")
    table = published_beside(run, summaries, short_labels(summaries))
    assert table is not None
    assert all(len(row) == len(COLUMNS) for row in table.rows)
    same = [row for row in table.rows if row[0] == "Llama-3.1-8B (same model)"]
    assert table.rows[: len(same)] == same
    assert [row[1] for row in same][:2] == ["455 mJ per token", "119 mJ per token"]
    _, _, here, differs, source = same[0]
    assert "batch 8" in here
    assert "±" in here or "(" in here
    assert "hardware: NVIDIA H100 / Example CPU 9000" in differs
    assert "precision: not told / " in differs
    assert "engine: vLLM 0.11 / transformers" in differs
    assert "lengths: not told / 8 tokens in, " in differs
    assert "batch" not in differs.replace("batch 8", "")
    assert "GPU only" in differs
    assert source == "ML.ENERGY Leaderboard v3, 2025-12"
    assert any("https://ml.energy/leaderboard" in note for note in table.notes)


def test_models_of_about_the_size_stand_in_where_no_name_is_known(run: Run) -> None:
    unknown = renamed(run, "somebody/new-8b", parameters=8_000_000_000)
    table = published_beside(run, unknown, short_labels(unknown))
    assert table is not None
    assert len(table.rows) == 6
    assert all("(about the same size)" in row[0] for row in table.rows)
    tiny = renamed(run, "somebody/tiny", parameters=1_000_000)
    assert published_beside(run, tiny, short_labels(tiny)) is None


def test_without_energy_nothing_is_set_beside_joules(run: Run, tmp_path: Path) -> None:
    knobs = replace(KNOBS, energy=False, intensity_g_per_kwh=None, replicates=1)
    bare = open_run(make_run(tmp_path / "bare", knobs))
    summaries = renamed(bare, "Qwen/Qwen3-8B")
    assert published_beside(bare, summaries, short_labels(summaries)) is None
