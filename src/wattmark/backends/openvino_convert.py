"""A model of transformers to OpenVINO's own files, in a process of its own.

The graph is traced by torch.export and converted by transformers' OpenVINOExporter, its key-value
cache folded into state that the runtime carries from step to step. Weights keep the type that they
are loaded in (fp32, bf16, fp16); for int8 and int4 they are compressed by nncf without data: int8
a channel; int4 in groups of 128 where embeddings and the last layer stay in int8, as is usual.

It is a process of its own (`converting`): what tracing needs of memory and threads is none of the
engine's.
"""

from __future__ import annotations

import inspect
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattmark.backends.openvino_runtime import openvino  # before nncf, which would import it

# isort: split
import nncf
import torch
import transformers
from transformers.exporters.configs import OpenVINOConfig
from transformers.exporters.exporter_openvino import OpenVINOExporter
from transformers.exporters.utils import decompose_for_generation
from transformers.pytorch_utils import Conv1D

from wattmark.backends.converting import Job, serve
from wattmark.backends.openvino_export import GRAPH, PARAMETERS
from wattmark.backends.openvino_limits import COMPRESSED
from wattmark.backends.transformers_model import check_options, read_model
from wattmark.models import ModelSource, model_of
from wattmark.schema import Trial

_GROUP = 128
_STORED = {"bfloat16": "bf16", "float16": "fp16"}


def convert(job: Job) -> None:
    """Write the graph of a trial's model and its weights."""
    trial, pad_id, folder = Trial(**job["trial"]), int(job["pad_id"]), Path(job["out"])
    source = model_of(trial)
    read = replace(trial, precision=_traced(trial, source), options={})
    model, _ = read_model(source, read, check_options(read))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    _to_linear(model)
    model.config.pad_token_id = pad_id
    with torch.no_grad():
        inputs = _step(model, pad_id) if source.kind == "causal" else _sample(pad_id, left=False)
        program = OpenVINOExporter().export(model, inputs, OpenVINOConfig(dynamic=True)).program
    for parameter in program.get_parameters():  # numbers that the trace took as constants
        if not parameter.output(0).get_target_inputs():
            program.remove_parameter(parameter)
    program = _compressed(program, trial.precision)
    program.set_rt_info(str(parameters), PARAMETERS)
    _save(program, folder)


def _save(program: Any, folder: Path) -> None:
    """Write a graph and its weights. Raises OSError where there is no room for them.

    OpenVINO says no more than that a stream failed, and takes its half of a file away: the disk
    itself is asked then for as much room.
    """
    try:
        openvino.save_model(program, folder / GRAPH, compress_to_fp16=False)
    except RuntimeError:
        weights = [one for one in program.get_ops() if one.get_type_name() == "Constant"]
        with tempfile.TemporaryFile(dir=folder) as room:
            os.posix_fallocate(room.fileno(), 0, sum(one.get_byte_size() for one in weights) or 1)
        raise


def _traced(trial: Trial, source: ModelSource) -> str:
    """The number format that the model is read in: as it is stored, where nncf goes on from it."""
    if trial.precision not in COMPRESSED:
        return trial.precision
    stored = source.config.get("dtype") or source.config.get("torch_dtype")
    return _STORED.get(str(stored), "fp32")


def _to_linear(model: Any) -> None:
    """GPT-2's Conv1D as the Linear that it is: only that keeps 16-bit weights when traced."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv1D):
                linear = torch.nn.Linear(child.nx, child.nf, device="meta")
                linear.weight = torch.nn.Parameter(child.weight.detach().t().contiguous(), False)
                linear.bias = torch.nn.Parameter(child.bias.detach(), False)
                setattr(module, name, linear)


def _sample(pad_id: int, *, left: bool) -> dict[str, Any]:
    """Two texts of unequal length: from a batch without padding the mask would be traced away."""
    ids = torch.full((2, 6), 1 if pad_id == 0 else 0)
    mask = torch.ones_like(ids)
    hidden = slice(0, 2) if left else slice(4, 6)
    ids[0, hidden], mask[0, hidden] = pad_id, 0
    return {"input_ids": ids, "attention_mask": mask}


def _step(model: Any, pad_id: int) -> dict[str, Any]:
    """What a step of decoding is given: any number of tokens behind any number of cached ones."""
    config = transformers.GenerationConfig(
        do_sample=False, num_beams=1, use_cache=True, pad_token_id=pad_id, max_new_tokens=3
    )
    stages = decompose_for_generation(
        model, _sample(pad_id, left=True), generation_config=config, multi_token_decode=True
    )
    inputs: dict[str, Any] = stages["decode"][1]
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        # Only the last token of each row is asked for; a prompt's others cost a vocabulary each.
        inputs["logits_to_keep"] = 1
    return inputs


def _compressed(program: Any, precision: str) -> Any:
    """The program with its weights in 8 or 4 bits where the precision says so."""
    if precision == "int8-wo":
        return nncf.compress_weights(program, mode=nncf.CompressWeightsMode.INT8_ASYM)
    if precision == "int4-wo":
        return nncf.compress_weights(
            program,
            mode=nncf.CompressWeightsMode.INT4_ASYM,
            group_size=_GROUP,
            advanced_parameters=nncf.AdvancedCompressionParameters(
                # A layer whose width is no multiple of the group takes the next smaller power of 2.
                group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST
            ),
        )
    return program


if __name__ == "__main__":
    serve(convert)
