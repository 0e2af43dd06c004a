"""A conversion as a user meets it: apart in the record, and taken on as a model of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import SIMULATED, wattmark

from wattmark.store.reader import open_run

pytest.importorskip("onnxruntime_genai")

QUICK = ("--quiet-wait", "0", "--idle", "0.05", "--warmups", "0", *SIMULATED, "--no-report")


def test_an_export_is_apart_from_load_and_runs_as_a_folder(tmp_path: Path) -> None:
    out, cache = tmp_path / "first", str(tmp_path / "cache")
    words = ("run", "--model", "embedded/arithmetic", "--backend", "onnxruntime", "--limit", "3")
    done = wattmark(
        *(*words, *QUICK, "--replicates", "2", "--out", out, "--timeout", "60"),
        XDG_CACHE_HOME=cache,
    )
    assert done.code == 0, done.err
    run = open_run(out)
    trials = sorted(run.trials.to_pylist(), key=lambda row: int(row["run_order"]))
    first, second = trials
    assert first["export_s"] > first["load_s"], "a converter imports torch, to begin with"
    # The sensor's 100 W are the conversion's as well.
    assert first["export_energy_j"] == pytest.approx(100 * first["export_s"], rel=0.1)
    assert (second["export_s"], second["export_energy_j"]) == (None, None)
    assert first["energy_j"] == pytest.approx(100 * first["measured_s"], rel=0.1)
    assert first["ram_peak_bytes"] < 1.1 * second["ram_peak_bytes"], "the converter's is not in it"
    spans = [row["name"] for row in run.spans.to_pylist() if row["replicate"] == 0]
    assert spans[:2] == ["export", "load"]

    (made,) = Path(cache).glob("wattmark/exports/*/model")
    folder = Path(shutil.copytree(made, tmp_path / "exported"))
    out = tmp_path / "second"
    asked = (
        *("run", "--model", "./exported", "--precision", "fp32,int8-wo", "--limit", "3"),
        *("--backend", "transformers,onnxruntime,openvino,llamacpp,fake"),
    )
    done = wattmark(
        *(*asked, *QUICK, "--replicates", "1", "--out", out), cwd=tmp_path, XDG_CACHE_HOME=cache
    )
    assert done.code == 0, done.err
    again = open_run(out)
    why = {item["what"]: item["why"] for item in again.info["left_out"]}
    for engine in ("transformers", "openvino", "llamacpp"):
        assert why[f"./exported · {engine}"] == (
            "it is a folder of ONNX files, which onnxruntime alone reads"
        )
    assert why["./exported · onnxruntime int8-wo cpu"] == (
        "the ONNX graph is stored as fp32: take fp32"
    )
    (trial,) = again.trials.to_pylist()
    assert (trial["backend"], trial["precision"], trial["export_s"]) == (
        "onnxruntime",
        "fp32",
        None,
    )
    assert trial["weight_bytes"] == first["weight_bytes"]
    assert again.info["models"][0]["origin"] == "onnx"
    said = [row["response"] for row in again.queries.to_pylist()]
    assert said == [row["response"] for row in run.queries.to_pylist() if row["replicate"] == 1]
    (folder / "model.onnx.data").unlink()
    damaged = wattmark(*asked, "--dry-run", cwd=tmp_path, XDG_CACHE_HOME=cache)
    assert damaged.code == 2
    assert "is not whole: model.onnx.data has 0 bytes" in damaged.err
