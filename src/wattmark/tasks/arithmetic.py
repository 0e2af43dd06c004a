"""Arithmetic: sums, percentages, fractions and word problems, scored by value.

By default the held-out problems of the embedded arithmetic model; with options, problems made by
a seed, by kind and level, all distinct and with an exact gold. The working that a model writes
before its result is allowed: the answer that it ends with is scored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.errors import InputError
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import find_scorer
from wattmark.tasks.options import full_name, one_of, whole_number
from wattmark.tasks.problems import KINDS, LANGUAGES, LEVELS, Problem, generate
from wattmark.tasks.problems_words import WORD_STOPS, word_prompt
from wattmark.tasks.rows import OWN_DATA, read_rows

DATA = Path(__file__).parent / "data" / "arithmetic.jsonl"
PROMPT = "{query} ="
SCORER = 14
"""Raised with every change of the prompt or of how an answer is read."""
MOST_PROBLEMS = 100_000
_MOST_SEED = 999_999_999
_HELD_OUT, _MIXED = "held-out", "mixed"
_DEFAULTS = {"kind": _HELD_OUT, "level": "2", "count": "100", "seed": "0", "lang": "en"}


class Arithmetic:
    """Any causal model can try it; only the held-out problems are known to be unseen by ours.

    Raises InputError for an unknown kind or language, a level, count or seed that is none, and
    for more problems than there are different ones.
    """

    kind: ClassVar[str] = "causal"
    options: ClassVar[Mapping[str, str]] = {
        "kind": f"{_HELD_OUT} (the default: problems that ship), {_MIXED}, or {', '.join(KINDS)}",
        "level": "difficulty, 1 to 6: digits of the numbers, steps of word problems; or 1-3"
        f" (default {_DEFAULTS['level']})",
        "count": f"how many problems (default {_DEFAULTS['count']})",
        "seed": f"which problems (default {_DEFAULTS['seed']})",
        "lang": "en or pt: word problems and decimals (default en)",
    }
    licence: ClassVar[str] = OWN_DATA
    about: ClassVar[str] = "sums, percentages, fractions and word problems by difficulty"

    def __init__(
        self, kind: str = "", level: str = "", count: str = "", seed: str = "", lang: str = ""
    ) -> None:
        self._scorer = find_scorer("numeric")
        self.stops: tuple[str, ...] = ()
        every = {"kind": kind, "level": level, "count": count, "seed": seed, "lang": lang}
        given = {option: value for option, value in every.items() if value}
        # What is asked of problems to be made asks for them: 'arithmetic:level=3' is mixed.
        kind = kind or (_MIXED if given else _HELD_OUT)
        one_of("arithmetic", "kind", kind, (_HELD_OUT, _MIXED, *KINDS))
        if kind == _HELD_OUT:
            self._ship(given)
        else:
            self._make(_DEFAULTS | given | {"kind": kind})

    def _ship(self, given: Mapping[str, str]) -> None:
        """The problems that ship; they are what they are, so options have nothing to choose."""
        others = sorted(set(given) - {"kind"})
        if others:
            raise InputError(
                f"Task 'arithmetic': kind={_HELD_OUT} has no {', '.join(others)}.",
                f"Ask for kind={_MIXED}, or leave out what cannot be chosen.",
            )
        data = read_rows(DATA)
        self.name = "arithmetic"
        self.version = f"{SCORER}-{data.digest}"
        self._queries = tuple(
            Query(row.id, row.query, PROMPT.format(query=row.query), row.answer)
            for row in data.rows
        )

    def _make(self, asked: Mapping[str, str]) -> None:
        """Problems made for what is asked; each of `_DEFAULTS` has its value."""
        low, dash, high = asked["level"].partition("-")
        first = whole_number("arithmetic", "level", low, LEVELS[0], LEVELS[-1])
        last = whole_number("arithmetic", "level", high if dash else low, first, LEVELS[-1])
        count = whole_number("arithmetic", "count", asked["count"], 1, MOST_PROBLEMS)
        seed = whole_number("arithmetic", "seed", asked["seed"], 0, _MOST_SEED)
        language = one_of("arithmetic", "lang", asked["lang"], LANGUAGES)
        level = str(first) if first == last else f"{first}-{last}"
        written = {"level": level, "count": str(count), "seed": str(seed)}
        self.name = full_name("arithmetic", {**asked, **written}, _DEFAULTS)
        kinds = KINDS if asked["kind"] == _MIXED else (asked["kind"],)
        self.stops = WORD_STOPS if "word" in kinds else ()
        problems = generate(kinds, range(first, last + 1), count, seed, language)
        self._queries = tuple(_query(problem, language) for problem in problems)
        self.version = f"{SCORER}-{_digest(self._queries)}"

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of a fixed order, kinds and levels mixed; `seed` changes nothing.

        Which problems are made is the option seed's, so that it is in the task's name.
        """
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the number that the answer ends with equals the gold by value."""
        if query.answer is None:
            return Score(None, None, None, "this query has no answer to compare with")
        return self._scorer(query, generation.text)


def _query(problem: Problem, language: str) -> Query:
    text = problem.text
    prompt = word_prompt(text, language) if problem.kind == "word" else PROMPT.format(query=text)
    return Query(problem.id, text, prompt, problem.answer, language=language)


def _digest(queries: Sequence[Query]) -> str:
    """A hash of what is asked and what is right: it changes with whatever made it."""
    text = json.dumps([[q.id, q.prompt, q.answer, q.language] for q in queries])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
