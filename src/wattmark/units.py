"""The one place where units are converted. Everything inside Wattmark is SI: J, s, W, bytes."""

from __future__ import annotations

import re

NS_PER_S = 1_000_000_000
J_PER_KWH = 3.6e6
MOST_INTENSITY = 5000.0
"""g CO2e/kWh; no grid emits a third of it."""
BYTES_PER_KIB = 1024
BYTES_PER_MIB = 1024**2
BYTES_PER_GIB = 1024**3


def ns_to_s(nanoseconds: float) -> float:
    """Nanoseconds to seconds."""
    return nanoseconds / NS_PER_S


def s_to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * NS_PER_S)


def joules_to_kwh(joules: float) -> float:
    """Joules to kilowatt-hours."""
    return joules / J_PER_KWH


def grams_co2e(joules: float, intensity_g_per_kwh: float) -> float:
    """Grams of CO2-equivalent of `joules` on a grid of `intensity_g_per_kwh`."""
    return joules_to_kwh(joules) * intensity_g_per_kwh


_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def engineering(value: float | None, unit: str, digits: int = 3) -> str:
    """A figure for people, with an SI prefix: 0.00213 J is '2.13 mJ'; None is '–'."""
    if value is None:
        return "–"
    size = abs(value)
    if size == 0:
        return f"0 {unit}".rstrip()
    for factor, prefix in _PREFIXES:
        if size >= factor * (1 - 0.5 * 10**-digits):
            return f"{_digits(value / factor, digits)} {prefix}{unit}".rstrip()
    return f"{value:.{digits}g} {unit}".rstrip()


def _digits(value: float, digits: int) -> str:
    """`value` with `digits` significant digits and no exponent below 10 000."""
    rounded = float(f"{value:.{digits}g}")  # 99.96 has three digits before the point, not two
    whole = len(str(int(abs(rounded))))
    return f"{rounded:.{max(0, digits - whole)}f}"


def gibibytes(size_bytes: float | None) -> str:
    """Bytes for people: '1.25 GiB', '310 MiB', or '–'."""
    if size_bytes is None:
        return "–"
    if size_bytes >= BYTES_PER_GIB:
        return f"{size_bytes / BYTES_PER_GIB:.2f} GiB"
    return f"{size_bytes / BYTES_PER_MIB:.0f} MiB"


def clock_time(seconds: float) -> str:
    """A duration for people: '4.2 s', '3 min 10 s', '2 h 05 min'."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_bytes(text: str) -> int:
    """'20GiB' or '512 MB' to bytes; raises ValueError otherwise."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not a size such as 20GiB or 512MB")
    number, prefix, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[prefix.lower()])
