"""What an ONNX file holds: its precision and the bytes of its weights, read from its graph alone.

Weights in files beside the graph are not read: their lengths are in it. It is run as a process of
its own, `python -m wattmark.models.onnx_graph model.onnx`, so that a graph with its
weights inside never becomes part of a worker's memory.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto

_BITS: dict[int, int] = {
    TensorProto.FLOAT: 32, TensorProto.FLOAT16: 16, TensorProto.BFLOAT16: 16,
    TensorProto.DOUBLE: 64, TensorProto.BOOL: 8, TensorProto.INT4: 4, TensorProto.UINT4: 4,
    TensorProto.INT8: 8, TensorProto.UINT8: 8, TensorProto.INT16: 16, TensorProto.UINT16: 16,
    TensorProto.INT32: 32, TensorProto.UINT32: 32, TensorProto.INT64: 64, TensorProto.UINT64: 64,
}  # fmt: skip
_FLOATS: dict[int, str] = {
    TensorProto.FLOAT: "fp32",
    TensorProto.FLOAT16: "fp16",
    TensorProto.BFLOAT16: "bf16",
}
_WEIGHT_ONLY = "MatMulNBits"
_DYNAMIC = ("MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
_ACTIVATIONS = {0: "unset", 1: "fp32", 2: "fp16", 3: "bf16", 4: "int8 per block"}
"""MatMulNBits' accuracy_level: what it rounds activations to before it multiplies."""


def inspect(path: Path) -> dict[str, Any]:
    """precision, weight_bytes, bytes by type, activations, operators and files of an ONNX file.

    `files` are those beside the graph that hold weights: name → bytes that it must have at least.
    """
    model = onnx.load(str(path), load_external_data=False)
    sizes: Counter[int] = Counter()
    files: dict[str, int] = {}
    for tensor in _tensors(model.graph):
        count = prod(tensor.dims)
        # Quantized weights are stored as bytes that hold two 4-bit numbers each.
        sizes[tensor.data_type] += (count * _BITS.get(tensor.data_type, 8) + 7) // 8
        place = {entry.key: entry.value for entry in tensor.external_data}
        if "location" in place:
            end = int(place.get("offset", 0)) + int(place.get("length", 0))
            files[place["location"]] = max(files.get(place["location"], 0), end)
    operators = Counter(node.op_type for node in model.graph.node)
    precision, activations = _precision(model.graph, operators, sizes)
    return {
        "precision": precision,
        "activations": activations,
        "weight_bytes": sum(sizes.values()),
        "weight_bytes_by_type": {
            TensorProto.DataType.Name(kind).lower(): size for kind, size in sorted(sizes.items())
        },
        "operators": dict(operators.most_common(12)),
        "files": files,
        "graph_bytes": path.stat().st_size,
    }


def _tensors(graph: Any) -> Iterator[Any]:
    """Initializers, and constants inside nodes."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t


def _precision(graph: Any, operators: Counter[str], sizes: Counter[int]) -> tuple[str, str]:
    """The name of what is stored and computed with, and what activations are multiplied as."""
    if operators[_WEIGHT_ONLY]:
        nodes = [node for node in graph.node if node.op_type == _WEIGHT_ONLY]
        told = [{a.name: a.i for a in node.attribute} for node in nodes]
        bits = Counter(attributes.get("bits", 4) for attributes in told).most_common(1)[0][0]
        level = told[0].get("accuracy_level", 0)
        return f"int{bits}-wo", _ACTIVATIONS.get(level, str(level))
    if any(operators[name] for name in _DYNAMIC):
        return "int8-dynamic", "int8 per tensor"
    floats = {kind: size for kind, size in sizes.items() if kind in _FLOATS}
    name = _FLOATS[max(floats, key=lambda kind: floats[kind])] if floats else "fp32"
    return name, name


if __name__ == "__main__":
    print(json.dumps(inspect(Path(sys.argv[1]))))  # noqa: T201  # its one line is its answer
