"""The whole way on the models that ship: command line, workers, Parquet, page."""

from __future__ import annotations

import getpass
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from wattmark import open_run

GRID = ["--precision", "fp32,bf16", "--batch", "1,8", "--replicates", "1"]
QUICK = ["--idle", "0.1", "--quiet-wait", "0", "--max-new-tokens", "32", "--limit", "128"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both embedded models on held-out queries."""
    out = tmp_path_factory.mktemp("runs") / "embedded"
    words = ["run", "embedded", *GRID, *QUICK, "--intensity", "380", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "wattmark", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for word in ("J/token", "J/query", "accuracy", "CO2e"):
        assert word in done.stdout
    assert any(word in done.stdout for word in ("estimated", "measured", "mixed"))
    return out


def test_the_embedded_models_are_right_on_what_they_never_saw(run: Path) -> None:
    queries = pd.read_parquet(run / "queries.parquet")
    cells = queries.groupby(["task", "precision", "batch_size"])["correct"].agg(["mean", "size"])
    assert len(cells) == 8
    for task, least in (("arithmetic", 0.95), ("sentiment", 0.90)):
        assert (cells.loc[task]["size"] == 128).all()
        assert cells.loc[(task, "fp32")]["mean"].min() >= least
        assert cells.loc[(task, "bf16")]["mean"].min() >= least - 0.03


def test_batches_change_no_answer_in_fp32(run: Path) -> None:
    queries = pd.read_parquet(run / "queries.parquet")
    rows = queries[queries["precision"] == "fp32"]
    answers = rows.pivot(index=["task", "query_id"], columns="batch_size", values="response")
    assert (answers[1] == answers[8]).all()


def test_the_scores_are_of_the_answer_alone(run: Path) -> None:
    queries = pd.read_parquet(run / "queries.parquet")
    sums = queries[queries["task"] == "arithmetic"]
    assert not any(r.response.startswith(r.prompt) for r in sums.itertuples())
    again = sums["extracted"].astype(float) == sums["expected"].astype(float)
    assert (again == sums["correct"].astype(bool)).all()


def test_joules_and_tokens_add_up(run: Path) -> None:
    queries = pd.read_parquet(run / "queries.parquet")
    trials = pd.read_parquet(run / "trials.parquet").set_index("trial_key")
    summed = queries.groupby("trial_key")[["energy_j", "output_tokens", "input_tokens"]].sum()
    for key, row in trials.iterrows():
        assert summed.loc[key, "output_tokens"] == row["output_tokens"]
        assert summed.loc[key, "input_tokens"] == row["input_tokens"]
        # Batches tile the measured region but for the loop between them.
        assert summed.loc[key, "energy_j"] == pytest.approx(row["energy_j"], rel=0.1)
        assert row["energy_low_j"] <= row["energy_j"] <= row["energy_high_j"]
        assert row["energy_net_j"] < row["energy_j"]


def test_spans_tile_the_measured_region(run: Path) -> None:
    spans = pd.read_parquet(run / "spans.parquet")
    for _, group in spans.groupby(["trial_key", "replicate"]):
        region = group[group["name"] == "measured"].iloc[0]
        work = group[group["batch"].notna()]
        assert (work["start_ns"] >= region["start_ns"]).all()
        assert (work["end_ns"] <= region["end_ns"]).all()
        assert work["seconds"].sum() == pytest.approx(region["seconds"], rel=0.05)
        assert set(group["name"]) >= {"load", "warmup", "idle", "measured", "host"}


def test_the_samples_cover_every_span(run: Path) -> None:
    opened = open_run(run)
    trace = opened.trace.to_pandas()
    spans = opened.spans.to_pandas()
    for _, readings in trace.groupby("sensor"):
        assert readings["time_ns"].min() <= spans["start_ns"].min()
        assert readings["time_ns"].max() >= spans["end_ns"].max()
        assert (readings["energy_j"].diff().dropna() >= 0).all()


def test_the_report_stands_in_the_run(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "default-src" in page
    assert "Content-Security-Policy" in page


def test_nothing_of_the_machine_is_named(run: Path) -> None:
    text = (run / "run.json").read_text(encoding="utf-8")
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4
    assert f'"{getpass.getuser()}"' not in text
