"""What OpenVINO can run here, known without importing it: plans ask this."""

from __future__ import annotations

from collections.abc import Mapping

from wattmark.errors import unknown
from wattmark.schema import Option

FORMATS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""Our names of number formats → OpenVINO's."""
COMPRESSED = ("int8-wo", "int4-wo")
PRECISIONS = (*FORMATS, *COMPRESSED)
CACHES = {**FORMATS, "int8": "u8"}
OPTIONS = ("threads", "compute", "cache-precision", "activation-group")
"""threads: of one inference; compute: fp32 (the default), bf16 or fp16, what int8-wo and int4-wo
multiply in; cache-precision: of keys and values, fp32, bf16, fp16 or int8 (the default is what is
multiplied in); activation-group: how many activations share a scale when compressed weights are
multiplied in int8, 0 (the default) for none."""
_CUDA = "OpenVINO has no CUDA devices: it runs on CPUs"
REFUSED = {
    **{("cuda", name): _CUDA for name in PRECISIONS},
    ("cpu", "tf32"): "TF32 is a mode of NVIDIA tensor cores: a CPU has none",
    ("cpu", "int8-dynamic"): (
        "nncf compresses weights alone: take int8-wo, with --option activation-group=32 for"
        " activations that are multiplied in int8"
    ),
}


def refuses_options(options: Mapping[str, Option], precision: str, family: str) -> str | None:
    """Why a precision cannot be run with these options, or None."""
    for name, least in (("threads", 1), ("activation-group", 0)):
        value = options.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            return f"{name} is {value!r}; it must be a whole number from {least}"
    for name, known in (("compute", tuple(FORMATS)), ("cache-precision", tuple(CACHES))):
        if name in options and options[name] not in known:
            return unknown(f"value of {name}", str(options[name]), known)
    alone = [name for name in ("compute", "activation-group") if name in options]
    if alone and precision not in COMPRESSED:
        return f"{alone[0]} is for {' and '.join(COMPRESSED)}: {precision} says what it computes in"
    return None
