"""What each engine can do, known without importing it: planning must not cost a torch import."""

from __future__ import annotations

from wattmark.backends import BackendSpec
from wattmark.backends.faults import is_fake

_FLOATS = ("fp32", "bf16", "fp16")
_TF32 = "TF32 is a mode of NVIDIA tensor cores: on a GPU it speeds up fp32, a CPU has none"
TRANSFORMERS_OPTIONS = ("attention", "threads")
"""attention: transformers' attn_implementation (sdpa, eager, …); threads: of torch, on a CPU."""
_LATER = "quantized weights come with a later version"

TRANSFORMERS = BackendSpec(
    name="transformers",
    adapter="wattmark.backends.transformers:TransformersBackend",
    requires=("torch", "transformers", "safetensors", "tokenizers"),
    extra="transformers",
    precisions={"cpu": _FLOATS, "cuda": _FLOATS},
    options=TRANSFORMERS_OPTIONS,
    refused={
        ("cpu", "tf32"): _TF32,
        **{(device, name): _LATER for device in ("cpu", "cuda") for name in ("int8", "int4")},
    },
)

FAKE = BackendSpec(
    name="fake",
    adapter="wattmark.backends.fake:FakeBackend",
    requires=(),
    extra="",
    precisions={"cpu": _FLOATS},
    models=is_fake,
)
