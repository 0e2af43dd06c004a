"""Folders of ONNX files as models: what is read of them, and what is wrong with some."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

import numpy as np
import onnx
from onnx import helper, numpy_helper

from wattmark.errors import ModelError
from wattmark.models import find_model
from wattmark.models.onnx_folder import FACTS, GENAI, GRAPH
from wattmark.models.shapes import EMBEDDED

MODEL = {
    "bos_token_id": 1,
    "eos_token_id": [2, 3],
    "pad_token_id": 0,
    "context_length": 128,
    "vocab_size": 96,
    "type": "llama",
    "decoder": {
        "filename": GRAPH,
        "head_size": 8,
        "hidden_size": 32,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The layout of onnxruntime-genai, around a product with one matrix of weights."""
    made = tmp_path / "exported"
    made.mkdir()
    shutil.copy(EMBEDDED / "arithmetic" / "tokenizer.json", made)
    _write(made, MODEL)
    weights = numpy_helper.from_array(np.ones((32, 96), dtype=np.float32), "head")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "head"], ["y"])],
        "decoder",
        [value("x", onnx.TensorProto.FLOAT, [1, 32])],
        [value("y", onnx.TensorProto.FLOAT, [1, 96])],
        [weights],
    )
    onnx.save(
        helper.make_model(graph),
        str(made / GRAPH),
        save_as_external_data=True,
        location=f"{GRAPH}.data",
        size_threshold=0,
    )
    return made


def _write(folder: Path, model: Any) -> None:
    (folder / GENAI).write_text(json.dumps({"model": model, "search": {}}), encoding="utf-8")


def test_it_is_found_by_what_is_there(folder: Path) -> None:
    source = find_model(str(folder))
    assert (source.origin, source.kind, source.architecture) == ("onnx", "causal", "llama")
    assert (source.weight_bytes, source.parameters) == (32 * 96 * 4, None)
    assert source.max_positions == 128
    assert [path.name for path in source.weight_files] == [GRAPH, f"{GRAPH}.data"]
    assert source.config["onnx"] == "fp32"
    assert source.config["eos_token_id"] == [2, 3]
    assert (source.config["head_dim"], source.config["num_key_value_heads"]) == (8, 2)


def test_what_is_noted_beside_a_graph_counts_as_long_as_it_is_that_graph(folder: Path) -> None:
    note = {
        "graph_bytes": (folder / GRAPH).stat().st_size,
        "precision": "int4-wo",
        "weight_bytes": 7,
        "parameters": 14,
        "files": {f"{GRAPH}.data": 7},
    }
    (folder / FACTS).write_text(json.dumps(note), encoding="utf-8")
    source = find_model(str(folder))
    assert (source.config["onnx"], source.weight_bytes, source.parameters) == ("int4-wo", 7, 14)
    (folder / FACTS).write_text(json.dumps(note | {"graph_bytes": 1}), encoding="utf-8")
    assert find_model(str(folder)).config["onnx"] == "fp32"


def test_weights_that_are_not_whole(folder: Path) -> None:
    data = folder / f"{GRAPH}.data"
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(ModelError, match=r"not whole: model\.onnx\.data has 12284 bytes of 12288"):
        find_model(str(folder))
    data.unlink()
    with pytest.raises(ModelError, match="has 0 bytes of 12288"):
        find_model(str(folder))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"context_length": "long"}, "malformed: context_length is 'long'"),
        ({"type": None}, "malformed: type is 'None'"),
        ({"vision": {}}, "more than text"),
        ({"decoder": {"filename": "other.onnx"}}, r"has no other\.onnx"),
        ({"decoder": {"filename": "../other.onnx"}}, "outside of its folder"),
        ({"decoder": {"filename": "/etc/passwd"}}, "outside of its folder"),
    ],
)
def test_settings_that_name_no_model(folder: Path, changes: dict[str, Any], said: str) -> None:
    _write(folder, MODEL | changes)
    with pytest.raises(ModelError, match=said):
        find_model(str(folder))


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"model": 3}', '{"model": {"type": "llama"}}', "\xff", "[" * 100_000]
)
def test_settings_that_are_no_settings(folder: Path, text: str) -> None:
    (folder / GENAI).write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match="malformed"):
        find_model(str(folder))


def test_a_graph_that_is_none(folder: Path) -> None:
    (folder / GRAPH).write_bytes(b"no protocol buffer at all")
    with pytest.raises(ModelError, match=r"model\.onnx' cannot be read as ONNX"):
        find_model(str(folder))


def test_a_tokenizer_is_needed_and_random_weights_are_not_for_it(folder: Path) -> None:
    with pytest.raises(ModelError, match="a folder of ONNX files with weights of its own"):
        find_model(str(folder), weights="random")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="no tokenizer files"):
        find_model(str(folder))
