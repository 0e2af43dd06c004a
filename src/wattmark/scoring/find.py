"""The scorers by name. Each reads what a model answered, its thoughts left out."""

from __future__ import annotations

from collections.abc import Callable

from wattmark.errors import InputError, unknown
from wattmark.schema import Query, Score
from wattmark.scoring.choice import choice_score
from wattmark.scoring.exact import exact_score
from wattmark.scoring.labels import label_score
from wattmark.scoring.numeric import numeric_score
from wattmark.scoring.pattern import pattern_score
from wattmark.scoring.squad import squad_score
from wattmark.scoring.thinking import final_answer

Scorer = Callable[[Query, str], Score]

NO_GOLD = Score(None, None, None, "this query has no answer to compare with")


def find_scorer(name: str) -> Scorer:
    """The scorer of that name; InputError says which there are.

    A query without a gold answer is not scored. Of several gold answers the best counts.
    """
    if name not in SCORERS:
        raise InputError(unknown("scorer", name, SCORERS))
    inner = SCORERS[name]

    def scorer(query: Query, answer: str) -> Score:
        golds = golds_of(query)
        return inner(query, golds, final_answer(answer)) if golds else NO_GOLD

    return scorer


def golds_of(query: Query) -> tuple[str, ...]:
    """All gold answers of a query; an empty text is one: the question has no answer."""
    if query.answers:
        return query.answers
    return () if query.answer is None else (query.answer,)


def _best(golds: tuple[str, ...], score: Callable[[str], Score]) -> Score:
    """The first gold answer's score that is right, else the first of all."""
    first = score(golds[0])
    if first.correct or len(golds) == 1:
        return first
    scores = (score(gold) for gold in golds[1:])
    return next((one for one in scores if one.correct), first)


def _numeric(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return _best(golds, lambda gold: numeric_score(gold, answer, query.language, query.text))


def _exact(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return exact_score(golds, answer)


def _squad(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return squad_score(golds, answer)


def _choice(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return _best(golds, lambda gold: choice_score(gold, answer, query.choices))


def _regex(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return _best(golds, lambda gold: pattern_score(gold, answer))


def _labels(query: Query, golds: tuple[str, ...], answer: str) -> Score:
    return _best(golds, lambda gold: label_score(gold, answer, query.choices))


SCORERS: dict[str, Callable[[Query, tuple[str, ...], str], Score]] = {
    "numeric": _numeric,
    "exact": _exact,
    "f1": _squad,
    "squad": _squad,
    "choice": _choice,
    "regex": _regex,
    "labels": _labels,
}

MEAN_SCORED = ("f1", "squad")
"""Scorers whose figure is the mean of values between 0 and 1, not a share of right answers."""
