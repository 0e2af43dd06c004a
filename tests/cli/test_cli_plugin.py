"""The engine in examples/plugin-backend: installed as a stranger's package is, found, run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import SIMULATED, wattmark

from wattmark.store.reader import open_run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, built from a copy so that nothing is left beside it."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(ROOT / "examples" / "plugin-backend", folder / "source")
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *words, folder / "site", folder / "source"],
        check=True,
        capture_output=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return folder / "site"


def test_an_engine_of_another_package_is_found_and_measured(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = wattmark(
        *("run", "--backend", "ngram", "--model", "ngram", "--task", "arithmetic,sentiment"),
        *("--precision", "fp32,bf16", "--batch", "1,3", "--limit", "6", "--replicates", "1"),
        *("--idle", "0.3", "--quiet-wait", "0", "--no-report", *SIMULATED, "--out", out),
        PYTHONPATH=str(site),
    )
    assert done.code == 0, done.err
    run = open_run(out)
    (left_out,) = run.info["left_out"]
    assert left_out["what"] == "ngram bf16 cpu"
    assert "32-bit floats" in left_out["why"]
    rows = {(row["task"], row["batch_size"]): row for row in run.trials.to_pylist()}
    assert set(rows) == {(t, b) for t in ("arithmetic", "sentiment") for b in (1, 3)}
    for (task, _), row in rows.items():
        assert row["status"] == "ok", row["error"]
        assert row["queries"] == 6
        assert (row["output_tokens"] > 0) == (task == "arithmetic")
        assert row["parameters"] > 1000
        # Its process holds the weights, and is counted: nobody else's memory or work.
        assert row["ram_peak_bytes"] >= row["ram_loaded_bytes"] > row["ram_before_load_bytes"]
        assert row["ram_loaded_bytes"] - row["ram_before_load_bytes"] > row["weight_bytes"]
        assert 0 < row["ram_unique_bytes"] <= row["ram_peak_bytes"]
    assert rows["sentiment", 3]["correct"] > 3
    answers = [r for r in run.queries.to_pylist() if r["task"] == "arithmetic"]
    batches = [[r["response"] for r in answers if r["batch_size"] == size] for size in (1, 3)]
    assert batches[0] == batches[1]
    assert all(len(r["token_times_s"]) == r["output_tokens"] for r in answers)


def test_it_is_listed_and_its_absence_is_said(site: Path) -> None:
    listed = wattmark("list", "backends", "--json", PYTHONPATH=str(site)).json
    assert "ngram" in json.dumps(listed)
    refused = wattmark("run", "--backend", "ngram", "--model", "ngram")
    assert refused.code == 2
    assert "Unknown backend 'ngram'" in refused.err


def test_it_keeps_the_contract_of_all_engines(site: Path) -> None:
    words = [
        "tests/backends/test_backend_contract.py",
        "-k",
        "ngram",
        "-p",
        "no:cacheprovider",
        "-rs",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert [line.partition("ngram ")[2] for line in skipped] == ["loads a model as it is"]
