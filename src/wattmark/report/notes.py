"""What the terminal and the page both say: columns, what is missing and why, failures, doubts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

from wattmark.analysis.calibration import Calibration
from wattmark.analysis.doubts import CountedDoubt
from wattmark.analysis.summary import ONE_REPLICATE, TWO_REPLICATES, TrialSummary
from wattmark.report.format import TOO_WIDE, plain, scattered, too_scattered

COST = {
    "energy_per_token_j": "J/token",
    "energy_per_query_j": "J/query",
    "energy_per_correct_j": "J/correct",
    "co2e_g_per_query": "CO2e/query",
    "sci_g_per_query": "SCI/query",
}
SPEED = {
    "tokens_per_s": "tokens/s",
    "queries_per_s": "queries/s",
    "ttft_s": "TTFT",
    "tpot_s": "TPOT",
    "latency_s": "latency",
}
QUALITY = {
    "ram_peak_bytes": "RAM",
    "ram_unique_bytes": "unshared",
    "vram_peak_bytes": "VRAM",
    "vram_board_peak_bytes": "VRAM, board",
    "accuracy": "accuracy",
    "f1": "F1",
}
NET = {
    "energy_per_token_j": ("energy_per_token_net_j", "J/token net"),
    "energy_per_query_j": ("energy_per_query_net_j", "J/query net"),
}
"""Gross metric → its net one with its title."""
ALWAYS = "energy_per_query_j"
"""The column that is shown even where all of it is –."""
_SAID_ONCE = (ONE_REPLICATE, TWO_REPLICATES)


def shown_columns(columns: Iterable[str], group: Sequence[TrialSummary]) -> list[str]:
    """Metrics of which at least one trial has a value."""
    return [
        name
        for name in columns
        if name == ALWAYS or any(trial.estimates[name].value is not None for trial in group)
    ]


def missing_reasons(group: Sequence[TrialSummary]) -> list[tuple[str, str]]:
    """(what, why) of all that is missing, has no interval or is to be read with care.

    What holds of a whole trial, or of each of its figures, has an empty first part.
    """
    names = dict(_titles())
    reasons: dict[str, list[str]] = {}
    for trial in group:
        for name, title in names.items():
            silent = name.startswith(("co2e", "sci", "vram", "f1")) or not trial.n_ok
            for note in trial.estimates[name].note.split("; "):
                if note and not silent and title not in reasons.setdefault(note, []):
                    reasons[note].append(title)
    whole = dict.fromkeys(note for trial in group for note in trial.notes)
    return [
        *(("", note) for note in whole),
        *(
            ("" if reason in _SAID_ONCE else ", ".join(titles), reason)
            for reason, titles in reasons.items()
        ),
        *_scattered(group, names),
    ]


def _titles() -> Iterable[tuple[str, str]]:
    """All columns with their titles, net behind gross."""
    for name, title in {**COST, **SPEED, **QUALITY}.items():
        yield name, title
        if name in NET:
            yield NET[name]


def _scattered(group: Sequence[TrialSummary], names: Iterable[str]) -> list[tuple[str, str]]:
    """What stands in place of intervals that span too much, in words."""
    counts = [
        estimate.n
        for trial in group
        for name in names
        if scattered(estimate := trial.estimates[name])
    ]
    return [(TOO_WIDE, too_scattered(min(counts)))] if counts else []


def failures_by_reason(trial: TrialSummary) -> list[tuple[str, str, list[int]]]:
    """(status, error, replicates) of a trial, each reason once."""
    found: dict[tuple[str, str], list[int]] = {}
    for failure in trial.failures:
        error = plain(failure.error, 300)
        found.setdefault((failure.status, error), []).append(failure.replicate)
    return [(status, error, replicates) for (status, error), replicates in found.items()]


def doubts_by_code(summaries: Iterable[TrialSummary]) -> list[tuple[CountedDoubt, int]]:
    """Doubts of all trials by code: the first wording, replicates in all, and trials."""
    found: dict[str, CountedDoubt] = {}
    replicates: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    for summary in summaries:
        for doubt in summary.doubts:
            found.setdefault(doubt.code, doubt)
            replicates[doubt.code] += doubt.replicates
            trials[doubt.code] += 1
    return [
        (dataclasses.replace(found[code], replicates=count), trials[code])
        for code, count in replicates.most_common()
    ]


def wording(doubt: CountedDoubt) -> str:
    """What a doubt says, as one case where there are several, and what to do."""
    example = "e.g. " if doubt.replicates > 1 else ""
    return plain(f"{example}{doubt.message} {doubt.hint}", 1200)


def confidence(found: Calibration) -> str:
    """How well confidence told accuracy: 'off by 3.1 points (1.2 to 5.5), Brier 0.043, …'."""
    error, low, high = found.error
    spread = "" if low is None or high is None else f" ({100 * low:.1f} to {100 * high:.1f})"
    answers = f"{found.n} answer" + ("" if found.n == 1 else "s")
    return f"off by {100 * error:.1f} points{spread}, Brier score {found.brier:.3f}, {answers}"


def disturbed_of(trials: Iterable[TrialSummary]) -> str:
    """'3 of 40 replicates beside other load', or nothing where none was."""
    pairs = [(trial.n_disturbed, trial.n_ok) for trial in trials]
    loud, ok = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return f"{loud} of {ok} replicate{'' if ok == 1 else 's'} beside other load" if loud else ""
