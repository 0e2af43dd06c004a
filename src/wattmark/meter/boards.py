"""What is known about NVIDIA boards and NVML's answers: tables and conversions, no library.

[NVML API reference; Yang et al., 'Part-time Power Measurements', for the timing of power]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# nvmlClocksEventReasons: bit → word. Bit 0 is 'idle', which is no throttling; 0x2 is a clock
# that somebody fixed, which slows the same.
THROTTLE = {
    0x002: "applications_clocks",
    0x004: "sw_power_cap",
    0x008: "hw_slowdown",
    0x010: "sync_boost",
    0x020: "sw_thermal",
    0x040: "hw_thermal",
    0x080: "hw_power_brake",
    0x100: "display_clock",
    0x200: "board_limit",
    0x400: "reliability",
}

# A word of the board's name, then in seconds the update period and the averaging windows of
# `instant` and of `average` power. The first match wins; None is not known (H200: no public
# table has it).
POWER_TIMING: tuple[tuple[str, float | None, float | None, float | None], ...] = (
    ("H200", None, None, None),
    ("H100", 0.1, 0.025, 1.0),
    ("A100", 0.1, 0.025, None),
    ("V100", 0.02, None, 0.01),
    ("P100", 0.02, None, 0.01),
    ("T4", 0.1, 0.1, None),
    ("RTX 20", 0.1, 0.1, None),
    ("RTX 30", 0.1, None, 1.0),
    ("RTX A", 0.1, None, 1.0),
    ("RTX 40", 0.1, 0.1, 1.0),
    ("L40", 0.1, 0.1, 1.0),
    ("NVIDIA L4", 0.1, 0.1, 1.0),
    ("Ada", 0.1, 0.1, 1.0),
)


# The library's error by its class's name → what to do about it.
FIXES = {
    "NVMLError_LibraryNotFound": "Install NVIDIA's driver; in a container, start it with --gpus.",
    "NVMLError_DriverNotLoaded": "Load the driver (sudo modprobe nvidia) and look at nvidia-smi.",
    "NVMLError_LibRmVersionMismatch": "The driver was updated under the running kernel: reboot.",
    "NVMLError_NoPermission": (
        "Let this user open /dev/nvidia* (often the group 'video'); in a container that could "
        "do so before, start it anew."
    ),
    "NVMLError_GpuIsLost": (
        "It fell off the bus: look for 'NVRM: Xid' in dmesg, then reset it "
        "(sudo nvidia-smi --gpu-reset) or reboot."
    ),
    "NVMLError_ResetRequired": "Reset it (sudo nvidia-smi --gpu-reset), or reboot.",
    "NVMLError_Uninitialized": "The driver went away: see whether nvidia-smi answers.",
    "NVMLError_Unknown": (
        "Look at what nvidia-smi says; a container loses its GPUs when systemd is reloaded on "
        "the host: start it anew."
    ),
}
LOOK = "Look at what nvidia-smi says."

INSTANT, AVERAGE, USAGE = "instant", "average", "usage"
"""The ways to a board's power; `usage` is the oldest call, on most boards a one-second mean."""


def ways_to_integrate(name: str) -> tuple[str, ...]:
    """The ways to a board's power, the one to integrate first.

    A mean that leaves no time out integrates rightly; an instantaneous figure does so only
    where its window is known to fill the time between updates.
    """
    period_s, window_s = power_timing(name, instant=True)
    if period_s is not None and window_s is not None and window_s >= period_s:
        return INSTANT, AVERAGE, USAGE
    return AVERAGE, INSTANT, USAGE


def power_timing(name: str, *, instant: bool) -> tuple[float | None, float | None]:
    """Update period and averaging window of a board's power in seconds; None is not known."""
    for word, period_s, instant_s, average_s in POWER_TIMING:
        if word in name:
            return period_s, instant_s if instant else average_s
    return None, None


def throttle_words(bits: int) -> str | None:
    """The clock event reasons in words, 'sw_power_cap,hw_thermal'; None when there are none."""
    words = [word for bit, word in THROTTLE.items() if bits & bit]
    return ",".join(words) or None


def field_value(library: Any, field: Any) -> int | None:
    """The integer in an nvmlFieldValue_t; None where its own return code is an error.

    `library` names the types: a union is read by `valueType`, and any other member of it
    would be read as nonsense without a complaint.
    """
    if field.nvmlReturn != library.NVML_SUCCESS:
        return None
    members = {
        library.NVML_VALUE_TYPE_UNSIGNED_INT: "uiVal",
        library.NVML_VALUE_TYPE_UNSIGNED_LONG: "ulVal",
        library.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG: "ullVal",
        library.NVML_VALUE_TYPE_SIGNED_LONG_LONG: "sllVal",
    }
    member = members.get(field.valueType)
    return None if member is None else int(getattr(field.value, member))


def visible(
    variable: str | None, uuids: Sequence[str], slices: Mapping[str, int] | None = None
) -> list[int]:
    """NVML indices of the boards that CUDA_VISIBLE_DEVICES leaves to see, in its order.

    Entries are indices or beginnings of UUIDs; `slices` maps UUIDs of MIG slices to their
    board. As in CUDA the first entry that is nothing ends the list. Indices are taken in PCI
    order, which is CUDA's with CUDA_DEVICE_ORDER=PCI_BUS_ID and wherever all boards are equal.
    """
    if variable is None:
        return list(range(len(uuids)))
    chosen: list[int] = []
    for entry in (part.strip() for part in variable.split(",")):
        index = _index(entry, uuids, slices or {})
        if index is None:
            break
        if index not in chosen:
            chosen.append(index)
    return chosen


def _index(entry: str, uuids: Sequence[str], slices: Mapping[str, int]) -> int | None:
    """The board that one entry names, or None: unknown, ambiguous or negative."""
    if entry.isdecimal():
        return int(entry) if int(entry) < len(uuids) else None
    if not entry.startswith(("GPU-", "MIG-")):
        return None
    named = {index for index, uuid in enumerate(uuids) if uuid.startswith(entry)}
    named |= {index for uuid, index in slices.items() if uuid.startswith(entry)}
    return named.pop() if len(named) == 1 else None
