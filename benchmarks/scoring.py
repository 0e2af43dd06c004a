"""How long it takes to score 10⁵ answers, in two languages, as models write them.

One process by its own time, and a file of them as `wattmark score` reads it, on all CPUs.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, summary
from wattmark.runner.machine import usable_cpus
from wattmark.schema import Query
from wattmark.scoring.find import find_scorer
from wattmark.scoring.predictions import score_file

ANSWERS = 100_000
REPEATS = 3
_NUMERIC = (
    " {n}",
    "The answer is {n}.",
    "27 + 58 = 85, and 85 + {n} - 85 = {n}",
    "Step 1: 20 + 50 = 70\nStep 2: 7 + 8 = 15\n#### {n}",
    "A resposta é {n}.",
    "São {n} maçãs ao todo, pois somamos as duas caixas.",
    "\\boxed{{{n}}}",
    "She had 12 apples and bought 30 more, so now she has {n} apples.",
)
_WORDS = ("the red house on the hill", "Red house.", "a house", "it was on the hill", "")


def _answers() -> Iterator[tuple[str, str, str]]:
    """Expected answer, language and response of each."""
    for n in range(100, 100 + ANSWERS):
        place = n % len(_NUMERIC)
        yield str(n), "pt" if place in (4, 5) else "en", _NUMERIC[place].format(n=n)


def _numeric() -> None:
    score = find_scorer("numeric")
    right = 0
    for expected, language, response in _answers():
        query = Query("q", "", "", expected, language=language)
        right += bool(score(query, response).correct)
    _check(right)


def _file(path: Path) -> None:
    rows = score_file(path, "numeric", processes=usable_cpus())
    _check(sum(bool(score.correct) for _, score in rows))


def _check(right: int) -> None:
    if right != ANSWERS:
        raise SystemExit(f"{ANSWERS - right} of {ANSWERS} answers were misread")


def _squad() -> None:
    score = find_scorer("squad")
    query = Query("q", "", "", "red house", ("red house", "the house", "house on the hill"))
    for n in range(ANSWERS):
        score(query, _WORDS[n % len(_WORDS)])


def figures() -> Iterator[Figure]:
    """Seconds of processor time: what else runs here does not count."""
    for name, work in (("numeric", _numeric), ("squad", _squad)):
        seconds = []
        for _ in range(REPEATS):
            began = time.process_time()
            work()
            seconds.append(time.process_time() - began)
        yield summary(f"scoring 10^5 answers: {name}", seconds, "s", most=10.0)
    yield summary("scoring a file of 10^5 answers: numeric", _file_seconds(), "s", most=10.0)


def _file_seconds() -> list[float]:
    """Seconds by the clock: several processes work."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for expected, language, response in _answers():
                row = {"expected": expected, "response": response, "lang": language}
                file.write(json.dumps(row) + "\n")
        for _ in range(REPEATS):
            began = time.perf_counter()
            _file(path)
            seconds.append(time.perf_counter() - began)
    return seconds
