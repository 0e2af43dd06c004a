"""Figures for people, with interval and provenance; and untrusted text made plain.

An interval that is narrow and even reads best as `2.13 mJ ± 4 %`; one that is wide or lopsided
shows its bounds, `2.13 (1.50–3.40) mJ`. What was not measured is `–`, never 0.
"""

from __future__ import annotations

import math
import re

from wattmark.schema import Estimate
from wattmark.units import engineering, gibibytes

DASH = "–"
WIDE = 0.25
LOPSIDED = 0.2
_FACTORS = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_KEPT_UNITS = ("tokens/s", "queries/s")


def plain(text: object, limit: int | None = None) -> str:
    """Untrusted text without terminal escapes, control or direction marks, on one line.

    `limit` cuts to that many characters, with an ellipsis.
    """
    whole = _ESCAPES.sub("", str(text)).encode("utf-8", "replace").decode("utf-8")
    spaced = re.sub(r"\s+", " ", whole)
    clean = "".join(char for char in spaced if char.isprintable()).strip()
    return clean if limit is None or len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def number(value: float | None, unit: str) -> str:
    """A bare figure: '2.13 mJ', '310 MiB', '86.3 %', '812 tokens/s', '–'."""
    if value is None:
        return DASH
    if unit == "B":
        return gibibytes(value)
    if unit == "1":
        return f"{100 * value:.1f} %"
    if unit in _KEPT_UNITS:
        return f"{significant(value)} {unit}"
    if unit == "g" and 0 < abs(value) < 1e-9:
        return f"{value:.2g} g"
    return engineering(value, unit)


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits, without an exponent where people read on: '0.0123', '12345'."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 10**-digits:
        return f"{value:.{digits - 1}e}"
    leading = math.floor(math.log10(size) + 1e-9)
    return f"{value:.{max(0, digits - 1 - leading)}f}"


def figure(estimate: Estimate) -> str:
    """A figure with its interval on one line."""
    value, spread = parts(estimate)
    if not spread:
        return value
    if spread.startswith("±") or estimate.unit == "1":
        return f"{value} {spread}"
    head, _, unit = value.partition(" ")
    return f"{head} {spread} {unit}".rstrip()


def parts(estimate: Estimate) -> tuple[str, str]:
    """A figure and its interval apart: ('2.13 mJ', '± 4 %') or ('2.13 mJ', '(1.50–3.40)')."""
    value, low, high = estimate.value, estimate.low, estimate.high
    shown = number(value, estimate.unit)
    if value is None or low is None or high is None:
        return shown, ""
    if estimate.unit == "1":
        return shown, f"({100 * low:.1f}–{100 * high:.1f})"
    down, up = value - low, high - value
    half = (down + up) / 2
    if value > 0 and half / value <= WIDE and abs(up - down) <= LOPSIDED * max(half, 1e-300) * 2:
        return shown, f"± {percent(half / value)}"
    return shown, f"({_bounds(shown, low, high, estimate.unit)})"


def percent(share: float) -> str:
    """A relative half-width: '4 %', '0.4 %', '<0.1 %'."""
    if share >= 0.0095:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1f} %" if share >= 0.0005 else "<0.1 %"


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A factor with its bounds: '0.25× (0.24–0.26)'."""
    if value is None:
        return DASH
    head = f"{significant(value)}×"
    if low is None or high is None:
        return head
    return f"{head} ({significant(low)}–{significant(high)})"


def provenance(word: str | None, gain: float | None) -> str:
    """'measured, gain ± 5 %', 'estimated, gain ± 60 %', or 'not measured'."""
    if word is None:
        return "not measured"
    return f"{word}, gain ± {percent(gain)}" if gain else word


def _bounds(shown: str, low: float, high: float, unit: str) -> str:
    """Bounds in the same prefix as the figure they stand beside."""
    if unit == "B":
        return f"{gibibytes(low)}–{gibibytes(high)}"
    if unit in _KEPT_UNITS or not shown.endswith(unit):
        return f"{significant(low)}–{significant(high)}"
    prefix = shown.partition(" ")[2].removesuffix(unit)
    factor = _FACTORS.get(prefix, 1.0)
    return f"{significant(low / factor)}–{significant(high / factor)}"
