"""A folder of ONNX files in the layout of onnxruntime-genai: what it holds, before it is loaded.

genai_config.json names the graph and gives sizes and token ids. Precision and bytes stand in the
graph, which a process of its own reads: beside one of ours lies what was found in it. Weights are
in files beside the graph, and must all be there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wattmark.errors import ModelError

ONNX = "onnx"
"""The origin of such a model, and the key of its config that names its precision."""
GENAI = "genai_config.json"
GRAPH = "model.onnx"
FACTS = "wattmark.json"
"""Beside a graph of ours: what `onnx_graph` found in it, and the number of parameters."""
_IDS = ("bos_token_id", "eos_token_id", "pad_token_id")
_SIZES = {
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_hidden_layers",
    "num_attention_heads": "num_attention_heads",
    "num_key_value_heads": "num_key_value_heads",
    "head_dim": "head_size",
}
"""Our names → those of the decoder's section."""
_MORE_THAN_TEXT = ("encoder", "vision", "speech")
_MOST_S = 300.0
_LONGEST = 300


@dataclass(frozen=True)
class OnnxFolder:
    """What a folder of ONNX files holds."""

    path: Path
    architecture: str
    """As genai_config.json calls it: llama, phi3, …"""
    config: Mapping[str, Any]
    """Sizes and token ids under the names of config.json, and the precision under `ONNX`."""
    graph: Path
    weight_files: tuple[Path, ...]
    """The graph first."""
    facts: Mapping[str, Any]
    """precision, activations, weight_bytes, weight_bytes_by_type; parameters where it is ours."""


def is_onnx_folder(folder: Path) -> bool:
    """Whether a folder holds a model for onnxruntime-genai."""
    return (folder / GENAI).is_file()


def read_onnx_folder(name: str, folder: Path) -> OnnxFolder:
    """The model in a folder; ModelError where it is malformed, not whole or not of text alone."""
    told = _model(name, folder)
    decoder = told.get("decoder")
    decoder = decoder if isinstance(decoder, dict) else {}
    graph = _inside(name, folder, str(decoder.get("filename", GRAPH)))
    if not graph.is_file():
        raise ModelError(
            f"'{name}' has no {graph.name}, which {GENAI} names as the model.",
            "Export the model again.",
        )
    facts = graph_facts(name, graph)
    files = [graph]
    for file, size in facts["files"].items():
        files.append(_inside(name, folder, file))
        held = files[-1].stat().st_size if files[-1].is_file() else 0
        if held < size:
            raise ModelError(
                f"'{name}' is not whole: {file} has {held} bytes of {size}.",
                "Copy or export the model again.",
            )
    config = {key: told.get(key) for key in _IDS}
    config |= {ours: decoder.get(theirs) for ours, theirs in _SIZES.items()}
    config |= {
        "model_type": told["type"],
        "vocab_size": told["vocab_size"],
        "max_position_embeddings": told["context_length"],
        ONNX: facts["precision"],
    }
    return OnnxFolder(folder, told["type"], config, graph, tuple(files), facts)


def _model(name: str, folder: Path) -> dict[str, Any]:
    """The section of genai_config.json that describes the model."""
    try:
        told = json.loads((folder / GENAI).read_text(encoding="utf-8-sig"))["model"]
        wrong = [k for k in ("context_length", "vocab_size") if not _is_count(told[k])]
        wrong += [] if isinstance(told["type"], str) else ["type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as reason:
        said = f"it lacks {reason}" if isinstance(reason, KeyError) else reason
        raise ModelError(
            f"'{name}/{GENAI}' is malformed: {said}.", "Export the model again."
        ) from reason
    if wrong:
        raise ModelError(
            f"'{name}/{GENAI}' is malformed: {wrong[0]} is {str(told[wrong[0]])[:50]!r}.",
            "Export the model again.",
        )
    more = [part for part in _MORE_THAN_TEXT if part in told]
    if more:
        raise ModelError(
            f"'{name}' is a model of more than text (its {GENAI} has a part '{more[0]}').",
            "Give a causal language model.",
        )
    checked: dict[str, Any] = told
    return checked


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _inside(name: str, folder: Path, file: str) -> Path:
    """A file in the folder; a stranger's file names none elsewhere."""
    path = Path(file)
    if path.is_absolute() or ".." in path.parts:
        raise ModelError(f"'{name}' names a file outside of its folder: {file[:100]!r}.")
    return folder / path


def graph_facts(name: str, graph: Path) -> dict[str, Any]:
    """What is in a graph, as `onnx_graph.inspect` says: noted beside it where it is ours."""
    size = graph.stat().st_size
    try:
        told = json.loads(graph.with_name(FACTS).read_text(encoding="utf-8"))
        if told["graph_bytes"] == size and told.keys() >= {"files", "precision", "weight_bytes"}:
            known: dict[str, Any] = told
            return known
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return _inspected(name, graph, size)


@cache
def _inspected(name: str, graph: Path, _size: int) -> dict[str, Any]:
    """What a process of its own finds: a graph with its weights inside is large."""
    done = subprocess.run(
        [sys.executable, "-m", "wattmark.models.onnx_graph", str(graph)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_MOST_S,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        last = said[-1][:_LONGEST].rstrip(".") if said else f"exit code {done.returncode}"
        raise ModelError(
            f"'{name}/{graph.name}' cannot be read as ONNX: {last}.",
            'Export it again; what reads it comes with pip install "wattmark[onnxruntime]".',
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
