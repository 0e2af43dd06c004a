"""The converter: a folder of the hub's layout in, ONNX files of one precision out.

It is a process of its own (`converting`). Causal models of the families that onnxruntime-genai's
builder knows are written by it; all other models are traced by transformers' exporter, a causal one
as a graph that reads any number of tokens behind a cache of any length, so that it is its own
prefill. Quantized weights are rounded to the nearest in blocks of 32.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported

import onnx
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from transformers.exporters.configs import OnnxConfig
from transformers.exporters.exporter_onnx import OnnxExporter
from transformers.exporters.utils import decompose_for_generation

from wattmark.backends.converting import Job, serve
from wattmark.models import RANDOM, model_of
from wattmark.models.onnx_folder import FACTS, GRAPH
from wattmark.models.onnx_graph import inspect
from wattmark.models.random_folder import as_folder
from wattmark.models.trained import auto_class, check_trained
from wattmark.models.weights import find_weights
from wattmark.schema import Trial

BLOCK = 32
_BITS = {"int8-wo": 8, "int4-wo": 4}
_INT8_ACTIVATIONS = 4
"""MatMulNBits' accuracy_level: activations are rounded to int8 in blocks, the builder's default."""
_DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class _Asked:
    """What is to be written, and from where."""

    folder: Path
    kind: str
    precision: str
    family: Literal["cpu", "cuda"]
    pad_id: int
    trust_remote_code: bool


def convert(job: Job) -> None:
    """Write the graph, its weights, and what was found in them."""
    trial, out = Trial(**job["trial"]), Path(job["out"])
    source = model_of(trial)
    asked = _Asked(
        folder=as_folder(source, trial.seed).resolve(),
        kind=source.kind,
        precision=trial.precision,
        family="cuda" if trial.device.startswith("cuda") else "cpu",
        pad_id=job["pad_id"],
        trust_remote_code=trial.trust_remote_code,
    )
    if source.origin != RANDOM:
        trusted = trial.trust_remote_code
        check_trained(source.name, asked.folder, source.kind, trust_remote_code=trusted)
    if job["builder"]:
        _build(asked, out)
    else:
        _trace(asked, out)
    stored = find_weights(asked.folder, allow_pickle=True)  # the source was checked
    facts = inspect(out / GRAPH) | {"parameters": stored.parameters}
    (out / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _build(asked: _Asked, out: Path) -> None:
    """By the model builder of onnxruntime-genai."""
    from onnxruntime_genai.models import builder  # noqa: PLC0415  # it finds its parts by sys.path

    dynamic = asked.precision == "int8-dynamic"
    target = out / "fp32" if dynamic else out
    scratch = out / "scratch"
    chosen = [
        "hf_token=false",
        f"hf_remote={str(asked.trust_remote_code).lower()}",
        # A cache that forgets wants room for its whole window, however short the texts are.
        "windowed_kv_cache=false",
    ]
    if dynamic:  # a head that shares the embedding's table is no constant of its own to quantize
        chosen.append("shared_embeddings=false")
    precision = {"int8-wo": "int8", "int4-wo": "int4", "int8-dynamic": "fp32"}.get(
        asked.precision, asked.precision
    )
    # With a folder as input it asks nobody; the name is for the hub alone.
    where = (None, str(asked.folder), str(target), precision, asked.family, str(scratch))
    options = builder.parse_extra_options(*where, chosen)
    _flatten_rotary(options["hf_details"]["hf_config"])
    builder.create_model(*where, **options)
    shutil.rmtree(scratch, ignore_errors=True)
    if dynamic:
        _dynamic(target / GRAPH, out / GRAPH)
        for path in target.iterdir():
            if not path.name.startswith(GRAPH):
                path.rename(out / path.name)
        shutil.rmtree(target)


def _flatten_rotary(config: Any) -> None:
    """Rotary settings a kind of layer (Gemma 3), said in the older way that the builder reads."""
    settings = getattr(config, "rope_parameters", None) or {}
    if "full_attention" in settings and "sliding_attention" in settings:
        config.rope_local_base_freq = settings["sliding_attention"]["rope_theta"]
        config.rope_parameters = settings["full_attention"]


def _trace(asked: _Asked, out: Path) -> None:
    """By transformers' exporter, as one graph."""
    model = (
        auto_class(asked.kind)
        .from_pretrained(
            asked.folder,
            dtype=_DTYPES.get(asked.precision, torch.float32),
            local_files_only=True,
            trust_remote_code=asked.trust_remote_code,
        )
        .eval()
    )
    program: Any = _causal(model, asked) if asked.kind == "causal" else _classifier(model, asked)
    quantized = asked.precision in (*_BITS, "int8-dynamic")
    first = out / "fp32" / GRAPH if quantized else out / GRAPH
    first.parent.mkdir(exist_ok=True)
    OnnxExporter.save_program(program, first)
    if asked.precision == "int8-dynamic":
        _dynamic(first, out / GRAPH)
    elif quantized:
        _weight_only(first, out / GRAPH, _BITS[asked.precision])
    if quantized:
        shutil.rmtree(first.parent)


def _sample(model: Any, *, left: bool) -> dict[str, Any]:
    """A batch with padding: from a mask of ones the exporter would drop the mask."""
    mask = torch.ones((2, 8), dtype=torch.long)
    mask[1, :3] = 0
    ids = torch.arange(16).reshape(2, 8) % (model.config.vocab_size - 4) + 4
    return {"input_ids": ids, "attention_mask": mask if left else mask.flip(1)}


def _config(asked: _Asked) -> OnnxConfig:
    return OnnxConfig(dynamic=True, ort_fusions=asked.family)


def _causal(model: Any, asked: _Asked) -> Any:
    """The graph of several tokens behind a cache."""
    plain = transformers.GenerationConfig(
        do_sample=False, eos_token_id=None, pad_token_id=0, use_cache=True
    )
    model.generation_config = plain
    parts = decompose_for_generation(
        model, _sample(model, left=True), generation_config=plain, multi_token_decode=True
    )
    module: Any
    module, inputs = parts["decode"]
    return OnnxExporter().export_program(module, inputs, _config(asked))[0]


def _classifier(model: Any, asked: _Asked) -> Any:
    """The graph from padded ids to logits."""
    model.config.pad_token_id = asked.pad_id  # some find a text's last token by it
    return OnnxExporter().export_program(model, _sample(model, left=False), _config(asked))[0]


def _dynamic(source: Path, target: Path) -> None:
    """int8 weights a column, activations rounded a tensor at a time when they are multiplied."""
    proto = onnx.load(str(source), load_external_data=False)
    # Shapes of constants that the quantizer transposes would be wrong; those of others it needs.
    constants = {tensor.name for tensor in proto.graph.initializer}
    told = [info for info in proto.graph.value_info if info.name not in constants]
    del proto.graph.value_info[:]
    proto.graph.value_info.extend(told)
    onnx.save(proto, str(source))
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=not _has_vnni(),
        use_external_data_format=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _has_vnni() -> bool:
    """Whether this CPU adds products of 8 bits without saturating; else weights get 7 bits."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "asimddp"))


def _weight_only(source: Path, target: Path, bits: int) -> None:
    """Weights in blocks; a Gemm becomes a product and a sum, which the quantizer knows."""
    model = onnx.load(str(source))
    _split_gemms(model.graph)
    quantizer = MatMulNBitsQuantizer(
        model,
        bits=bits,
        block_size=BLOCK,
        is_symmetric=True,
        accuracy_level=_INT8_ACTIVATIONS,
        op_types_to_quantize=("MatMul",),
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(target), use_external_data_format=True)


def _split_gemms(graph: Any) -> None:
    """A·B + C as MatMul and Add, where B is a constant and nothing is scaled."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        told = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        plain = told.get("alpha", 1.0) == told.get("beta", 1.0) == 1.0 and not told.get("transA", 0)
        if node.op_type != "Gemm" or not plain or node.input[1] not in constants:
            nodes.append(node)
            continue
        weight = node.input[1]
        if told.get("transB", 0):
            array = onnx.numpy_helper.to_array(constants[weight]).T.copy()
            weight = f"{node.input[1]}_turned"
            if weight not in constants:
                constants[weight] = onnx.numpy_helper.from_array(array, weight)
                graph.initializer.append(constants[weight])
        biased = len(node.input) > 2 and bool(node.input[2])
        product = f"{node.output[0]}_product" if biased else node.output[0]
        nodes.append(
            onnx.helper.make_node("MatMul", [node.input[0], weight], [product], f"{node.name}_m")
        )
        if biased:
            nodes.append(
                onnx.helper.make_node("Add", [product, node.input[2]], list(node.output), node.name)
            )
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input} | {o.name for o in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


if __name__ == "__main__":
    serve(convert)
