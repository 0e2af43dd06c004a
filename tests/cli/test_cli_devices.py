"""Devices by the real command line, on a machine without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import SIMULATED, wattmark

from wattmark.meter.nvml import visible_boards
from wattmark.store.reader import open_run


@pytest.mark.skipif(bool(visible_boards()), reason="there is a GPU here")
@pytest.mark.parametrize(
    ("device", "words"),
    [
        (
            "cuda:0+1",
            ["No NVIDIA GPU is found here", "--device cuda:0+1 cannot be", "wattmark doctor"],
        ),
        ("cuda:all", ["No NVIDIA GPU is found here", "--device cpu"]),
        ("cuda:0+0", ["names GPU 0 twice", "cuda:0"]),
        ("cuda:0+", ["'cuda:0+'", "cuda:N+M or cuda:all"]),
    ],
)
def test_gpus_that_cannot_be(tmp_path: Path, device: str, words: list[str]) -> None:
    flags = ("--backend", "fake", "--device", device, "--out", tmp_path / "run")
    done = wattmark("run", "--model", "fake", *flags)
    assert done.code == 2, done.err
    assert not (tmp_path / "run").exists()
    for word in words:
        assert word in done.err


def test_batches_are_their_rows_with_a_static_cache_and_eager_attention(tmp_path: Path) -> None:
    """Seven queries: batches of four leave one of three, which has a cache of its own."""
    answers: list[dict[int, dict[str, str]]] = []
    for name, options in (("plain", []), ("static", ["cache=static", "attention=eager"])):
        out = tmp_path / name
        done = wattmark(
            *("run", "--model", "embedded/arithmetic", "--batch", "1,4", "--limit", "7"),
            *("--replicates", "1", "--idle", "0.05", "--quiet-wait", "0", "--no-report"),
            *(word for option in options for word in ("--option", option)),
            *(*SIMULATED, "--out", out),
        )
        assert done.code == 0, done.err
        rows = open_run(out).queries.to_pylist()
        answers.append({row["batch_size"]: {} for row in rows})
        for row in rows:
            answers[-1][row["batch_size"]][row["query_id"]] = row["response"]
    plain, static = answers
    assert len(plain[1]) == 7
    assert plain[1] == plain[4] == static[1] == static[4]
