"""What transformers can run, on which device and for which model: plans ask it without torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from wattmark.errors import unknown
from wattmark.schema import Option

FLOATS = ("fp32", "tf32", "bf16", "fp16", "amp")
BITSANDBYTES = ("int8-bnb", "nf4-bnb")
QUANTIZED = ("int8-dynamic", "int8-wo", "int4-wo", *BITSANDBYTES)
CPU_PRECISIONS = tuple(name for name in (*FLOATS, *QUANTIZED) if name != "tf32")
CUDA_PRECISIONS = tuple(name for name in (*FLOATS, *QUANTIZED) if name != "int8-dynamic")
REFUSED = {
    ("cpu", "tf32"): (
        "TF32 is a mode of NVIDIA tensor cores: on a GPU it speeds up fp32, a CPU has none"
    ),
    ("cuda", "int8-dynamic"): (
        "torch's dynamic quantization has kernels for CPUs only; a GPU has int8-wo and int8-bnb"
    ),
}

OPTIONS = ("attention", "threads", "compile", "cache", "compute")
"""attention: transformers' attn_implementation (sdpa, eager, …); threads: of torch, on a CPU;
compile: a mode of torch.compile, for single steps of decoding (with a static cache) and for
classifiers; cache: dynamic or static (keys and values are allocated once, for the longest answer);
compute: bf16 or fp16, what amp, int8-bnb and nf4-bnb compute in."""
COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
CACHES = ("dynamic", "static")
COMPUTE = ("bf16", "fp16")

_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_WIDTHS = ("hidden_size", "n_embd", "d_model")
WIDTH_OF = {"int4-wo": 32, "nf4-bnb": 64}
"""Scales are shared by groups of so many weights of a row, so rows must be whole groups."""


def refuses(config: Mapping[str, Any], precision: str, family: str) -> str | None:
    """Why a model cannot be run in a precision on a device family, or None."""
    if precision in BITSANDBYTES and find_spec("bitsandbytes") is None:
        return 'needs bitsandbytes: pip install "wattmark[bitsandbytes]"'
    if precision not in QUANTIZED:
        return None
    inner = config.get("text_config")
    config = {**config, **inner} if isinstance(inner, Mapping) else config
    experts = next((config[key] for key in _EXPERTS if config.get(key)), None)
    if experts:
        return (
            f"its {experts} experts are single tensors, not Linear layers: nearly all weights"
            " would stay as they are"
        )
    width = next((config[key] for key in _WIDTHS if isinstance(config.get(key), int)), None)
    group = WIDTH_OF.get(precision)
    if width is not None and group is not None and width % group:
        return f"its width of {width} is no multiple of {group}, the weights that share a scale"
    return None


def refuses_options(options: Mapping[str, Option], precision: str, family: str) -> str | None:
    """Why a precision cannot be run with these options, or None."""
    threads = options.get("threads")
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        return f"threads is {threads!r}; it must be a whole number from 1"
    for name, known in (("compile", COMPILE_MODES), ("cache", CACHES), ("compute", COMPUTE)):
        if name in options and options[name] not in known:
            return unknown(f"value of {name}", str(options[name]), known)
    if options.get("compute") == "fp16" and family == "cpu" and precision in BITSANDBYTES:
        return "bitsandbytes computes in bf16 on a CPU"
    return _refuses_shapes(options, precision)


def _refuses_shapes(options: Mapping[str, Option], precision: str) -> str | None:
    """Of compile and cache."""
    if "compile" in options and precision in ("int8-dynamic", *BITSANDBYTES):
        return f"torch.compile is not offered for {precision}: its layers call foreign kernels"
    if "compile" in options and options.get("cache") == "dynamic":
        return "torch.compile needs cache=static: a cache that grows is a new shape at each step"
    if precision == "amp" and ("compile" in options or options.get("cache") == "static"):
        return (
            "autocast leaves keys and values in two number formats, which a static cache (and with"
            " it torch.compile) does not hold: take bf16 or fp16"
        )
    return None


def refuses_several(options: Mapping[str, Option], precision: str) -> str | None:
    """Why a model cannot be spread over several GPUs in a precision with these options, or None."""
    if find_spec("accelerate") is None:
        return "spreading a model over several GPUs needs accelerate: pip install accelerate"
    if precision in QUANTIZED:
        return f"{precision} packs its layers on one GPU; over several there are the floats"
    if "compile" in options:
        return "torch.compile is offered on one GPU: what moves between several breaks its graphs"
    return None
