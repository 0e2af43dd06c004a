"""Engines of strangers: one that writes on behind a stop string, one that converts its models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command import SIMULATED, wattmark

from wattmark.store.reader import open_run

QUICK = ("--quiet-wait", "0", "--idle", "0.05", "--warmups", "0", "--no-report", *SIMULATED)
ENGINES = """
import time
from dataclasses import replace
from pathlib import Path
from wattmark.backends.fake import FakeBackend

class Chatty(FakeBackend):
    def generate(self, batch, queries, stamp):
        return [
            replace(one, text=one.text + "\\nQuestion: What else?", stop_reason="length")
            for one in super().generate(batch, queries, stamp)
        ]

    def load(self, trial):
        super().load(replace(trial, model="fake", stops=()))

class Converting(FakeBackend):
    def prepare(self, trial):
        made = Path("made")
        if made.exists():
            return False
        time.sleep(0.5)
        made.touch()
        return True

    def load(self, trial):
        super().load(replace(trial, model="fake:step_s=0.02"))
"""
SPECS = """
from wattmark.backends import BackendSpec

def spec(name, adapter, **more):
    return BackendSpec(name=name, adapter=f"engines:{adapter}", requires=("engines",), extra="",
        precisions={"cpu": ("fp32",)}, models=lambda model: model == name, **more)

CHATTY, CONVERTING = spec("chatty", "Chatty"), spec("converting", "Converting", converts=True)
"""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where both engines are found."""
    folder = tmp_path_factory.mktemp("engines")
    (folder / "engines.py").write_text(ENGINES)
    (folder / "engine_specs.py").write_text(SPECS)
    info = folder / "engines-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: engines\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wattmark.backends]\nchatty = engine_specs:CHATTY\nconverting = engine_specs:CONVERTING\n"
    )
    return str(folder)


def rows(out: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    run = open_run(out)
    return run.trials.to_pylist(), run.queries.to_pylist()


def test_an_engine_that_writes_on_has_its_answers_cut_and_pays_for_the_rest(
    engines: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ("--model", "chatty,fake", "--backend", "chatty,fake", "--task", "facts", "--limit")
    done = wattmark(
        *("run", *words, "4", "--replicates", "1", "--out", out, *QUICK), PYTHONPATH=engines
    )
    assert done.code == 0, done.err
    trials, queries = rows(out)
    assert {row["correct"] for row in trials} == {4}
    assert not any("Question" in row["response"] for row in queries)
    assert {(row["stop_reason"]) for row in queries} == {"length", "eos"}
    (note,) = open_run(out).info["notes"]
    assert note.startswith("chatty: it does not stop at a task's stop strings")
    planned = open_run(out).info["plan"]
    assert [trial["stops"] for trial in planned] == [["\nQuestion:", "\nContext:"]] * 2


def test_open_prompts_are_no_reason_for_a_warning_and_lines_without_answers_are(
    tmp_path: Path,
) -> None:
    (tmp_path / "lines.txt").write_text("Why?\nHow?\n", encoding="utf-8")
    out = tmp_path / "run"
    words = ("--backend", "fake", "--task", "prompts,./lines.txt", "--limit", "2")
    done = wattmark(
        *("run", "--model", "fake", *words, "--replicates", "1", "--out", out, *QUICK),
        cwd=tmp_path,
    )
    assert done.code == 0, done.err
    trials, queries = rows(out)
    doubted = {row["task"] for row in trials if "no-gold" in row["doubts"]}
    assert doubted == {"./lines.txt"}
    assert {row["correct"] for row in queries} == {None}
    shown = wattmark("show", out)
    assert "no query has a gold answer" in shown.out


def test_an_export_while_a_batch_size_is_looked_for_is_in_the_first_record(
    engines: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ("--model", "converting", "--backend", "converting", "--task", "arithmetic")
    asked = ("run", *words, "--batch", "auto", "--limit", "4", "--replicates", "2")
    planned = wattmark(*asked, "--dry-run", PYTHONPATH=engines, cwd=tmp_path)
    assert "converting: a model is converted before its first load" in planned.out
    done = wattmark(*(*asked, "--out", out, *QUICK), PYTHONPATH=engines, cwd=tmp_path)
    assert done.code == 0, done.err
    trials, _ = rows(out)
    first, second = sorted(trials, key=lambda row: int(row["run_order"]))
    assert first["export_s"] > 0.4
    # The sensor's 100 W are the conversion's as well.
    assert first["export_energy_j"] == pytest.approx(100 * first["export_s"], rel=0.2)
    assert (second["export_s"], second["export_energy_j"]) == (None, None)
    assert first["energy_low_j"] <= 100 * first["measured_s"] <= first["energy_high_j"]
    spans = [row["name"] for row in open_run(out).spans.to_pylist() if row["replicate"] == 0]
    assert spans[:2] == ["export", "load"]
