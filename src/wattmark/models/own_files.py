"""Models that lie on disk in one engine's own files: GGUF and ONNX."""

from __future__ import annotations

from pathlib import Path

from wattmark.errors import ModelError
from wattmark.models.config import has_tokenizer, max_positions
from wattmark.models.gguf_file import GGUF, read_gguf
from wattmark.models.model import RANDOM, ModelSource
from wattmark.models.onnx_folder import ONNX, read_onnx_folder

OWN_FILES = {GGUF: "a GGUF file", ONNX: "a folder of ONNX files"}
"""Origin → what it is called: engines read those alone that they say."""


def need_tokenizer(name: str, folder: Path) -> None:
    """ModelError where a folder holds no tokenizer."""
    if not has_tokenizer([path.name for path in folder.iterdir()]):
        raise ModelError(
            f"'{name}' has no tokenizer files in '{folder}'.",
            "Save its tokenizer there: tokenizer.save_pretrained(folder).",
        )


def onnx_source(name: str, folder: Path) -> ModelSource:
    """A model in the layout of onnxruntime-genai, tokenizer and all."""
    found = read_onnx_folder(name, folder)
    need_tokenizer(name, folder)
    return ModelSource(
        name=name,
        origin=ONNX,
        path=folder,
        revision=None,
        kind="causal",
        architecture=found.architecture,
        config=found.config,
        weight_bytes=found.facts["weight_bytes"],
        parameters=found.facts.get("parameters"),
        max_positions=max_positions(found.config),
        weight_files=found.weight_files,
    )


def gguf_source(name: str, weights: str) -> ModelSource:
    """A model in a file of its own, tokenizer and all."""
    if weights == RANDOM:
        raise not_a_shape(name, "a file")
    found = read_gguf(name)
    if found.tokenizer is None:
        raise ModelError(
            f"'{name}' brings no tokenizer.", "Convert the model again, with its vocabulary."
        )
    return ModelSource(
        name=name,
        origin=GGUF,
        path=found.path,
        revision=None,
        kind="causal",
        architecture=found.config["architectures"][0],
        config=found.config,
        weight_bytes=found.weight_bytes,
        parameters=found.parameters,
        max_positions=found.context_length,
        weight_files=(found.path,),
    )


def not_a_shape(name: str, what: str) -> ModelError:
    """Why random weights cannot be had by this name."""
    return ModelError(
        f"'{name}' is {what} with weights of its own; random ones need a shape.",
        "Leave --weights random out, or give a config.json.",
    )
