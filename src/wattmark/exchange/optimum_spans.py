"""The calls of an optimum-benchmark report, each with when its tokens came.

A call's prefill and decode are of the same call where the engine tells tokens (`per_token`);
elsewhere prefill was timed in calls of its own, and its mean stands in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from wattmark.exchange.optimum_report import FORWARD, Report


@dataclass(frozen=True)
class Call:
    """One call of the model: its seconds, those of its prefill (None for an encoder), and the
    seconds from its start at which each token came; fewer than there were where nobody tells."""

    seconds: float
    prefill_s: float | None = None
    token_s: tuple[float, ...] = ()


def calls(report: Report, new_tokens: int | None) -> list[Call]:
    """The measured calls in order."""
    if FORWARD in report.phases and "decode" not in report.phases:
        return [Call(seconds) for seconds in report.phases[FORWARD].latencies]
    prefill, decode = report.phases["prefill"], report.phases["decode"]
    whole = report.phase("generate").latencies
    mean_s = sum(prefill.latencies) / len(prefill.latencies)
    if not whole:
        firsts = _matching(prefill.latencies, len(decode.latencies), mean_s)
        whole = tuple(first + rest for first, rest in zip(firsts, decode.latencies, strict=True))
    firsts = _matching(prefill.latencies, len(whole), mean_s)
    steps = _steps(report.phase("per_token").latencies, len(whole), new_tokens)
    return [
        Call(seconds, min(first, seconds), _tokens(min(first, seconds), seconds, own))
        for seconds, first, own in zip(whole, firsts, steps, strict=True)
    ]


def _matching(latencies: Sequence[float], count: int, mean_s: float) -> Sequence[float]:
    return latencies if len(latencies) == count else [mean_s] * count


def _tokens(first_s: float, seconds: float, steps: Sequence[float]) -> tuple[float, ...]:
    """When each token came; of the first alone where the others are not told."""
    return tuple(min(at, seconds) for at in accumulate([first_s, *steps]))


def _steps(values: Sequence[float], count: int, new_tokens: int | None) -> list[Sequence[float]]:
    """Seconds between the tokens of each call; empty where the list does not say whose they are.

    Version 0.6 adds all that it has kept so far after every call, the pauses between calls with
    it: the last such addition has each call once.
    """
    none: list[Sequence[float]] = [()] * count
    each = (new_tokens or 0) - 1
    if each < 1 or not count:
        return none
    if len(values) == count * each:
        return [values[at : at + each] for at in range(0, len(values), each)]
    with_pauses = each + 1
    if len(values) == with_pauses * count * (count + 1) // 2 - count:
        last = values[len(values) - (with_pauses * count - 1) :]
        starts = range(0, with_pauses * count, with_pauses)
        return [last[at : at + each] for at in starts]
    return none
