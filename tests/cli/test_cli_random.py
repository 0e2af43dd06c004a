"""`--weights random` from the command line: a shape is measured, and its quality is not."""

from __future__ import annotations

import json
from pathlib import Path

from command import wattmark

from wattmark.models.catalog import catalogue, find_shape
from wattmark.store.rundir import read_info, read_table


def test_a_shape_is_measured_and_not_scored(tmp_path: Path) -> None:
    shape = find_shape("gpt2")
    assert shape is not None
    config = dict(shape.config) | {"n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 3072}
    (tmp_path / "tiny.json").write_text(json.dumps(config), encoding="utf-8")
    words = ["--model", "./tiny.json", "--weights", "random", "--precision", "bf16"]
    short = ["--limit", "2", "--batch", "2", "--max-new-tokens", "5", "--replicates", "1"]
    quick = ["--warmups", "1", "--idle", "0.05", "--quiet-wait", "0", "--no-report"]
    out = tmp_path / "run"
    done = wattmark(
        "run",
        *words,
        *short,
        *quick,
        "--out",
        out,
        cwd=tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.code == 0, done.err
    info = read_info(out)
    (trial,) = read_table(out, "trials", info).to_pylist()
    assert (trial["weights"], trial["status"]) == ("random", "ok")
    assert (trial["scored"], trial["correct"]) == (0, None)
    assert trial["output_tokens"] == 10
    answers = read_table(out, "queries", info).to_pylist()
    assert {row["correct"] for row in answers} == {None}
    assert {row["stop_reason"] for row in answers} == {"length"}
    assert info["suite"]["weights"] == info["plan"][0]["weights"] == "random"
    assert info["models"][0]["origin"] == "random"
    assert "(random)" in info["plan"][0]["label"]
    assert "are random, at its true size" in done.out + done.err
    shown = wattmark("show", out).out
    assert "tiny.json (random) · arithmetic" in shown
    assert "random weights have no quality" in shown


def test_the_list_of_models_has_the_shapes_with_their_sizes() -> None:
    lines = wattmark("list", "models", "--json").json["models"]
    about = {line["name"]: line["about"] for line in lines}
    assert {shape.name for shape in catalogue()} <= set(about)
    mistral = about["Mistral-7B-v0.2"]
    assert "7.24 B parameters" in mistral
    assert "bf16 13.5" in mistral
    assert "cache 128 KiB a token" in mistral


def test_an_engines_own_model_has_none() -> None:
    words = ["--model", "fake", "--backend", "fake", "--weights", "random", "--dry-run"]
    done = wattmark("run", *words)
    assert done.code == 2
    assert "'fake' is an engine's own model" in done.err


def test_kinds_of_weights_that_do_not_exist() -> None:
    done = wattmark("run", "--model", "gpt2", "--weights", "none", "--dry-run")
    assert done.code == 2
    assert "--weights: weights is 'none'; it must be pretrained or random." in done.err
