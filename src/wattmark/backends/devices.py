"""GPUs by the name of a device: cuda is the first visible one, cuda:1 the second, cuda:0+1 both.

Planning reads these names too: no torch.
"""

from __future__ import annotations

ALL = "cuda:all"
"""All visible GPUs; a plan names them one by one, so that a trial says what it runs on."""
PATTERN = r"^(auto|cpu|cuda(:(all|\d{1,4}(\+\d{1,4})*))?)$"
"""What --device may be."""


def gpu_indices(device: str) -> tuple[int, ...]:
    """Places among the visible GPUs, from 0; () for a device that is none, or not one by one."""
    family, _, places = device.partition(":")
    if family != "cuda":
        return ()
    words = places.split("+") if places else ["0"]
    return tuple(map(int, words)) if all(word.isdecimal() for word in words) else ()


def gpus_named(indices: tuple[int, ...]) -> str:
    """The other way round: (0, 1) → cuda:0+1."""
    return "cuda:" + "+".join(map(str, indices))
