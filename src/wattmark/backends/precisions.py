"""Precisions by names that say what they are, and the older names that people still type.

An older name says how many bits, not which method: an engine is given the first of the methods
that it offers, and the plan says so. Known without importing an engine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Alias:
    """What an older name may stand for, the likeliest first, and what to know about the name."""

    meant: tuple[str, ...]
    note: str = ""


_EIGHT = ("int8-bnb", "int8-wo", "int8-dynamic", "q8_0")
_FOUR = ("nf4-bnb", "int4-wo", "q4_0")
_BITSANDBYTES_8 = Alias(_EIGHT, "bitsandbytes' LLM.int8() where there is one")
_BITSANDBYTES_4 = Alias(_FOUR, "bitsandbytes' NF4 with double quantization where there is one")

ALIASES = {
    "none": Alias(("fp32",)),
    "float32": Alias(("fp32",)),
    "float16": Alias(("fp16",)),
    "half": Alias(("fp16",)),
    "16bit": Alias(("fp16",)),
    "bfloat16": Alias(("bf16",)),
    "int8": Alias(("int8-dynamic", "int8-wo", "q8_0"), "int8 alone does not say of what"),
    "int4": Alias(("int4-wo", "q4_0"), "int4 alone does not say by which method"),
    "8bit": _BITSANDBYTES_8,
    "quantization8bit": _BITSANDBYTES_8,
    "4bit": _BITSANDBYTES_4,
    "nf4": _BITSANDBYTES_4,
    "quantization": _BITSANDBYTES_4,
    "quantization16bit": Alias(
        ("nf4-bnb", "int8-dynamic"),
        "16 bits are no quantization: what ran under this name was 4 bits on a GPU and dynamic"
        " int8 in ONNX; for half precision take fp16 or bf16",
    ),
}
"""Older name → what it may stand for."""


def stored_otherwise(
    what: str, stored: str | None, precision: str, offered: Collection[str]
) -> str | None:
    """Why files that hold weights in a precision cannot be run in another; None where they can.

    `stored` is None where the files do not tell; `offered` is all that the engine has a name for.
    """
    if stored is None or stored == precision:
        return None
    take = f"take {stored}" if stored in offered else "it has no name among the precisions here"
    return f"{what} is stored as {stored}: {take}"


def true_name(precision: str, offered: Collection[str]) -> tuple[str, str | None]:
    """The precision that an engine is to run, and a note where that is another word.

    A name that is offered, or that is no alias, is its own. An alias of which nothing is offered
    becomes the likeliest, so that the engine says why it has none.
    """
    alias = ALIASES.get(precision)
    if precision in offered or alias is None:
        return precision, None
    name = next((meant for meant in alias.meant if meant in offered), alias.meant[0])
    return name, f"'{precision}' is run as {name}" + (f": {alias.note}" if alias.note else "")
