"""Figures for people, with interval and provenance; and untrusted text made plain.

An interval that is narrow and even reads best as `2.13 mJ ± 4 %`; one that is wide or lopsided
shows its bounds, `2.13 mJ (1.50–3.40)`. One that spans more than a factor of a hundred says that
the replicates are too scattered. What was not measured is `–`, never 0.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from wattmark.schema import Estimate
from wattmark.units import engineering, gibibytes

DASH = "–"
WIDE = 0.25
LOPSIDED = 0.2
HUGE = 100.0
"""An interval that spans more than this factor is not printed."""
TOO_WIDE = f"±>×{HUGE:.0f}"
MINUS = "−"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FACTORS = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_KEPT_UNITS = ("tokens/s", "queries/s", "answers/kJ", "tokens/s/GB")


def plain(text: object, limit: int | None = None) -> str:
    """Untrusted text without terminal escapes, control or direction marks, on one line.

    `limit` cuts to that many characters, with an ellipsis.
    """
    whole = _ESCAPES.sub("", str(text)).encode("utf-8", "replace").decode("utf-8")
    spaced = re.sub(r"\s+", " ", whole)
    clean = "".join(char for char in spaced if char.isprintable()).strip()
    return clean if limit is None or len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def printable(text: object) -> str:
    """Untrusted text as `plain` makes it, but its lines and spaces as they are."""
    whole = _ESCAPES.sub("", str(text)).encode("utf-8", "replace").decode("utf-8")
    return "".join(char for char in whole.expandtabs() if char.isprintable() or char == "\n")


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
    return _signed(engineering(value, unit))


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits, at most four before the point: '0.0123', '1235', '12.3k'."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 10**-digits:
        return _signed(f"{value:.{digits - 1}e}")
    for factor, suffix in ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")):
        if size < 9999.5 * factor:
            leading = math.floor(math.log10(size / factor) + 1e-9)
            return _signed(f"{value / factor:.{max(0, digits - 1 - leading)}f}{suffix}")
    return _signed(f"{value:.{digits - 1}e}")


def between(low: float, high: float) -> str:
    """Two bounds: '1.50–3.40'; ' to ' where a minus sign would meet the dash."""
    return _joined(significant(low), significant(high), low)


def scattered(estimate: Estimate) -> bool:
    """Whether an interval spans so much that its bounds would be read as figures."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or low is None or high is None or value <= 0 or low < 0:
        return False
    if low == 0:
        return high > HUGE * value
    return high > HUGE * low and high > math.sqrt(HUGE) * value


def figure(estimate: Estimate) -> str:
    """A figure with its interval on one line: '2.13 mJ ± 4 %', '343 mJ (60.8–1934)'."""
    value, spread = parts(estimate)
    if spread == TOO_WIDE:
        return f"{value}, {too_scattered(estimate.n)}"
    return f"{value} {spread}".rstrip()


def too_scattered(n: int) -> str:
    """What `TOO_WIDE` stands for, in words."""
    return f"too scattered for an interval ({n} replicate{'' if n == 1 else 's'})"


def parts(estimate: Estimate) -> tuple[str, str]:
    """A figure and its interval apart: ('2.13 mJ', '± 4 %') or ('2.13 mJ', '(1.50–3.40)')."""
    value, low, high = estimate.value, estimate.low, estimate.high
    shown = number(value, estimate.unit)
    if value is None or low is None or high is None:
        return shown, ""
    if estimate.unit == "1":
        return shown, f"({100 * low:.1f}–{100 * high:.1f})"
    if scattered(estimate):
        return shown, TOO_WIDE
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
    return f"{head} {TOO_WIDE}" if high > HUGE * low else f"{head} ({between(low, high)})"


def timestamp(text: str) -> str:
    """An ISO 8601 stamp for people: '21 Nov 2026, 01:18 UTC'; anything else as it is."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return plain(text, 40)
    stamp = stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    return f"{stamp.day} {_MONTHS[stamp.month - 1]} {stamp.year}, {stamp:%H:%M} UTC"


def provenance(word: str | None, gain: float | None) -> str:
    """'measured, gain ± 5 %', 'estimated, gain ± 60 %', or 'not measured'."""
    if word is None:
        return "not measured"
    return f"{word}, gain ± {percent(gain)}" if gain else word


def _bounds(shown: str, low: float, high: float, unit: str) -> str:
    """Bounds in the same prefix as the figure they stand beside, unless that takes long figures."""
    if unit == "B":
        return f"{gibibytes(low)}–{gibibytes(high)}"
    if unit in _KEPT_UNITS or not shown.endswith(unit):
        return between(low, high)
    prefix = shown.partition(" ")[2].removesuffix(unit)
    factor = _FACTORS.get(prefix, 1.0)
    if max(abs(low), abs(high)) >= 9999.5 * factor:
        return _joined(number(low, unit), number(high, unit), low)
    return between(low / factor, high / factor)


def _joined(low: str, high: str, least: float) -> str:
    return f"{low} to {high}" if least < 0 or " " in low else f"{low}–{high}"


def _signed(text: str) -> str:
    return f"{MINUS}{text[1:]}" if text.startswith("-") else text
