"""What each engine can do, known without importing it: planning must not cost a torch import."""

from __future__ import annotations

from wattmark.backends import (
    BackendSpec,
    llamacpp_limits,
    onnxruntime_limits,
    openvino_limits,
    transformers_limits,
)
from wattmark.backends.faults import is_fake
from wattmark.models.gguf_file import GGUF
from wattmark.models.onnx_folder import ONNX

_FLOATS = ("fp32", "bf16", "fp16")
TRANSFORMERS = BackendSpec(
    name="transformers",
    adapter="wattmark.backends.transformers:TransformersBackend",
    requires=("torch", "transformers", "safetensors", "tokenizers"),
    extra="transformers",
    precisions={
        "cpu": transformers_limits.CPU_PRECISIONS,
        "cuda": transformers_limits.CUDA_PRECISIONS,
    },
    options=transformers_limits.OPTIONS,
    refused=transformers_limits.REFUSED,
    refuses=transformers_limits.refuses,
    refuses_options=transformers_limits.refuses_options,
    stops=True,
    draws=True,
    several_gpus=transformers_limits.refuses_several,
)

FAKE = BackendSpec(
    name="fake",
    adapter="wattmark.backends.fake:FakeBackend",
    requires=(),
    extra="",
    precisions={"cpu": _FLOATS},
    stops=True,
    models=is_fake,
)

ONNXRUNTIME = BackendSpec(
    name="onnxruntime",
    adapter="wattmark.backends.onnxruntime:OnnxRuntimeBackend",
    requires=("onnxruntime", "onnxruntime_genai", "onnx", "onnxscript", "torch", "transformers"),
    extra="onnxruntime",
    precisions={
        "cpu": onnxruntime_limits.CPU_PRECISIONS,
        "cuda": onnxruntime_limits.CUDA_PRECISIONS,
    },
    options=onnxruntime_limits.OPTIONS,
    converts=True,
    stops=True,
    draws=True,
    refused=onnxruntime_limits.REFUSED,
    refuses=onnxruntime_limits.refuses,
    own_files=(ONNX,),
)

OPENVINO = BackendSpec(
    name="openvino",
    adapter="wattmark.backends.openvino:OpenVINOBackend",
    requires=("openvino", "nncf", "torch", "transformers"),
    extra="openvino",
    precisions={"cpu": openvino_limits.PRECISIONS},
    options=openvino_limits.OPTIONS,
    converts=True,
    stops=True,
    draws=True,
    refused=openvino_limits.REFUSED,
    refuses_options=openvino_limits.refuses_options,
)

LLAMACPP = BackendSpec(
    name="llamacpp",
    adapter="wattmark.backends.llamacpp:LlamaCppBackend",
    requires=("xllamacpp", "gguf", "torch", "transformers"),
    extra="llamacpp",
    precisions={"cpu": llamacpp_limits.PRECISIONS, "cuda": llamacpp_limits.PRECISIONS},
    kinds=("causal",),
    options=llamacpp_limits.OPTIONS,
    converts=True,
    stops=True,
    draws=True,
    refused=llamacpp_limits.REFUSED,
    refuses=llamacpp_limits.refuses,
    refuses_options=llamacpp_limits.refuses_options,
    own_files=(GGUF,),
)
