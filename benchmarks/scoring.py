"""How long it takes to score 10⁵ answers, in two languages, as models write them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.figure import Figure, summary
from wattmark.schema import Query
from wattmark.scoring.find import find_scorer

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


def _numeric() -> None:
    score = find_scorer("numeric")
    right = 0
    for n in range(ANSWERS):
        query = Query("q", "", "", str(100 + n), language="pt" if n % 8 in (4, 5) else "en")
        right += bool(score(query, _NUMERIC[n % len(_NUMERIC)].format(n=100 + n)).correct)
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
