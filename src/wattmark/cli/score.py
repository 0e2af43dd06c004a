"""`wattmark score`: the quality of anybody's outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import print_json, show
from wattmark.errors import InputError

if TYPE_CHECKING:
    from wattmark.analysis.intervals import Interval
    from wattmark.schema import Score
    from wattmark.scoring.predictions import Prediction

SHOWN = 20
"""Wrong answers that are listed."""


def score(
    task: Annotated[
        str,
        typer.Argument(
            help="A scorer (numeric, exact, f1, squad, choice, regex, labels) or a task."
        ),
    ],
    predictions: Annotated[
        Path,
        typer.Option(help="JSON lines: expected, response, and query, lang, choices, answers."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print every row as JSON.")] = False,
) -> None:
    """Score anybody's outputs, with a 95 % interval.

    Accuracy has Wilson's interval; a mean F1 the t-interval of the mean over rows, and Wilson's
    where all rows are alike.

    Example: wattmark score numeric --predictions answers.jsonl --json

    \b
    answers.jsonl
      {"expected": "85", "response": "27 + 58 = 85", "query": "27 + 58", "lang": "en"}
      {"expected": "1234.5", "response": "A resposta é 1.234,50.", "lang": "pt"}
    """
    from wattmark.runner.machine import usable_cpus
    from wattmark.scoring.predictions import score_file, scorer_name

    rows = list(score_file(predictions, task, processes=usable_cpus()))
    if not rows:
        raise InputError(f"'{predictions}' has no row.", "Write one JSON object a line.")
    found = _figures(scorer_name(task), [said for _, said in rows])
    if as_json:
        print_json({**found, "rows": [_plain(said) for _, said in rows]})
    else:
        _print(found, rows)


def _plain(said: Score) -> dict[str, Any]:
    return {
        "correct": said.correct,
        "score": said.value,
        "extracted": said.extracted,
        "why": said.why,
    }


def _figures(scorer: str, scores: list[Score]) -> dict[str, Any]:
    """The figures of a file: `score` with its interval, and what else the scorer has."""
    from wattmark.analysis.intervals import wilson
    from wattmark.scoring.find import MEAN_SCORED

    scored = [said for said in scores if said.correct is not None]
    counts = {"n": len(scores), "scored": len(scored)}
    if not scored:
        return {**counts, "score": None, "low": None, "high": None}
    exact = wilson(sum(bool(said.correct) for said in scored), len(scored))
    if scorer not in MEAN_SCORED:
        return {**counts, **_bounds("score", exact), "interval": "wilson"}
    values = [said.value or 0.0 for said in scored]
    mean, name = _mean(values)
    return {
        **counts,
        **_bounds("score", mean),
        "interval": name,
        "f1": mean.mean,
        **_bounds("exact_match", exact, "exact_match_"),
    }


def _mean(values: list[float]) -> tuple[Interval, str]:
    """Mean of values in 0 to 1: t where they scatter, Wilson's where a t would have no width."""
    from wattmark.analysis.intervals import Interval, mean_t, wilson

    centre = mean_t(values)
    if centre.low is None or centre.high is None or min(values) == max(values):
        return wilson(sum(values), len(values)), "wilson"
    return Interval(centre.mean, max(0.0, centre.low), min(1.0, centre.high)), "t"


def _bounds(name: str, interval: Interval, prefix: str = "") -> dict[str, float | None]:
    mean, low, high = interval
    return {name: mean, f"{prefix}low": low, f"{prefix}high": high}


def _print(found: dict[str, Any], rows: list[tuple[Prediction, Score]]) -> None:
    from wattmark.report.format import plain

    if found["score"] is None:
        show(f"n {found['n']}; none has an answer that it can be compared with")
    else:
        show(_line("F1" if "f1" in found else "accuracy", found, "score", ""))
    if "exact_match" in found:
        show(_line("exact match", found, "exact_match", "exact_match_"))
    left = found["n"] - found["scored"]
    if left and found["scored"]:
        show(f"{left} not scored")
    wrong = [(row, said) for row, said in rows if said.correct is False]
    for row, said in wrong[:SHOWN]:
        expected = plain(" | ".join(row.query.answers), 30) or "no answer"
        show(f"  line {row.line:<5} expected {expected:<12} {plain(said.why, 100)}")
    if len(wrong) > SHOWN:
        show(f"  … and {len(wrong) - SHOWN} more; --json has all")


def _line(name: str, found: dict[str, Any], key: str, prefix: str) -> str:
    low, high = found[f"{prefix}low"], found[f"{prefix}high"]
    interval = "Wilson" if prefix or found["interval"] == "wilson" else "t-interval"
    return (
        f"{name:<12}{100 * found[key]:.1f} % ({100 * low:.1f}–{100 * high:.1f}, {interval}, 95 %)"
        f"  of {found['scored']}"
    )
