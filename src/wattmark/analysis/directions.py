"""Which way a figure is better, told by its name.

Public metrics say so themselves. In tables of others a name follows habits: costs are better
lower (energy, power, time, memory, carbon, loss), quality higher; of `x_per_y` what is in x
decides, and what there is of it for a second or a joule is better higher. A name that follows
none has no direction, and nobody guesses one.
"""

from __future__ import annotations

import re

from wattmark.analysis.metrics import METRICS

LOWER, HIGHER = "lower", "higher"

_HIGHER = re.compile(
    r"(^|_)(accuracy|acc|correct|exact_match|em|f1|bleu|rouge\w?|score|hit_rate|precision|recall"
    r"|throughput|goodput|tps|qps|efficiency)(_|$)"
)
_LOWER = re.compile(
    r"(^|_)(energy|joules?|power|watts?|latency|ttft|tpot|itl|time|duration|seconds|elapsed|delay"
    r"|memory|mem|ram|vram|rss|co2e?|carbon|emissions?|sci|water|cost|perplexity|ppl|loss"
    r"|errors?|edp)(_|$)"
    r"|(^|_)(j|mj|kj|wh|mwh|kwh|w|mw|kw|s|ms|us|ns|bytes|kb|mb|gb|mib|gib)$"
)
_SPENT = re.compile(r"(s|sec|second|ms|min|minute|h|hour|j|joule|kj|wh|kwh|w|watt)$")
# Net of idle, or a change: zero and less are possible whatever its unit.
_SIGNED = re.compile(r"(^|_)(net|delta|diff|difference|change)(_|$)")
_SHARE = re.compile(
    r"(^|_)(accuracy|acc|exact_match|em|f1|hit_rate|precision|recall)(_pct|_percent|_share)?$"
)
_PERCENT = re.compile(r"_(pct|percent)$")


def better_of(name: str) -> str:
    """lower, higher, or '' where the name does not say."""
    if name in METRICS:
        return METRICS[name].better
    of, per, spent = name.lower().partition("_per_")
    if per and _LOWER.search(of):
        return LOWER
    if per and (_SPENT.match(spent) or _HIGHER.search(of)):
        return HIGHER
    if _HIGHER.search(of):
        return HIGHER
    return LOWER if _LOWER.search(of) and not per else ""


def is_signed(name: str) -> bool:
    """Whether zero and negative values belong to the figure by its nature."""
    if name in METRICS:
        return not METRICS[name].logs
    return bool(_SIGNED.search(name.lower()))


def is_share(name: str) -> bool:
    """Whether it is a share right, which is compared in percentage points."""
    return bool(_SHARE.search(name.lower()))


def in_percent(name: str) -> bool:
    """Whether a share says by its name that it runs to 100."""
    return bool(_PERCENT.search(name.lower()))
