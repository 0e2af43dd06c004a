"""Maths questions with worked answers: {"q", "a"} items and GSM8K's format.

The gold is the final number of an answer: what stands after '####', else the last number of the
text, once the calculator's notes (<<48/2=24>>) are dropped. Numbers are read as the row's language
writes them: 1.234 is a thousand in Portuguese and one and a bit in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from wattmark.errors import InputError
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.clean import clean
from wattmark.scoring.find import find_scorer
from wattmark.scoring.numerals import numbers
from wattmark.tasks.formats import digest, encodable, place_id, read_items, refuse_duplicates
from wattmark.tasks.formats_folder import SAMPLE
from wattmark.tasks.options import full_name, one_of
from wattmark.tasks.problems import LANGUAGES
from wattmark.tasks.problems_words import WORD_STOPS, word_prompt
from wattmark.tasks.rows import LIMIT_BYTES, OWN_DATA, language_code, plain_text

_FOLDER = Path(__file__).parent / "data"
DATA = (_FOLDER / "math.json", _FOLDER / "math_worked.jsonl")
"""What ships, in both formats."""
SCORER = 13
"""Raised with every change of how an answer is read."""
_DEFAULTS = {"data": SAMPLE, "lang": ""}
_QUESTIONS = ("q", "question", "query")
_ANSWERS = ("a", "answer")
_NOTE = re.compile(r"<<[^<>]{0,1000}>>")
_MARK = "####"


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    question: str
    gold: str
    language: str | None
    where: str


class MathQA:
    """Questions whose answer is a number; any causal model can try them.

    Raises InputError for a file that is missing, empty, too large, not UTF-8 or malformed (with
    its line or item), for a question that is no text, an answer without a number, and for the
    same question or id twice.
    """

    kind: ClassVar[str] = "causal"
    stops: ClassVar[tuple[str, ...]] = WORD_STOPS
    options: ClassVar[Mapping[str, str]] = {
        "data": "a JSON list or JSON lines of q and a, or question and answer, as GSM8K's"
        " (default: what ships)",
        "lang": "en or pt: questions of that language; of your own data, those that say no other",
    }
    first: ClassVar[str] = "data"
    licence: ClassVar[str] = f"{OWN_DATA}; GSM8K: MIT"
    about: ClassVar[str] = "maths questions in English and Portuguese, by the final number"

    def __init__(self, data: str = SAMPLE, lang: str = "") -> None:
        if lang:
            one_of("math-qa", "lang", lang, LANGUAGES)
        self.name = full_name("math-qa", {"data": data, "lang": lang}, _DEFAULTS)
        if data == SAMPLE:
            found = [item for path in DATA for item in _read(path, lang, f"{path.stem}-")]
        else:
            found = list(_read(Path(data).expanduser(), lang))
        refuse_duplicates((item.id, item.where) for item in found)
        refuse_duplicates(
            ((item.question, item.where) for item in found), "question", "Ask every question once."
        )
        kept = [item for item in found if not lang or item.language == lang]
        if not kept:
            raise InputError(f"'{data}' holds no question in '{lang}'.", "Leave lang out.")
        self._queries = tuple(_query(item) for item in kept)
        asked = digest([q.id, q.prompt, q.answer, q.language] for q in self._queries)
        self.version = f"{SCORER}-{asked}"
        self._scorer = find_scorer("numeric")

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` in the order of the data; `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the answer's final number equals the gold by value."""
        if query.answer is None:
            return Score(None, None, None, "this query has no answer to compare with")
        return self._scorer(query, generation.text)


def final_number(answer: str, language: str | None) -> str | None:
    """The last number of a worked answer, as it is written; None where it states none."""
    final = _NOTE.sub("", answer).split(_MARK)[-1]
    found = [number for number in numbers(clean(final), language) if number.readings]
    return found[-1].shown if found else None


def _read(path: Path, language: str, ids: str = "") -> Iterator[_Item]:
    for where, item in read_items(path, LIMIT_BYTES):
        if not isinstance(item, dict):
            raise InputError(
                f"{where} is not a JSON object.", 'Write {"q": "…", "a": "…"} for every question.'
            )
        question = _field(where, item, _QUESTIONS)
        if not isinstance(question, str) or not question.strip():
            raise InputError(f"{where}: the question must be a text.", "Correct it.")
        spoken = language_code(where, item.get("lang")) or language or None
        name = plain_text(where, "id", item.get("id")) or ids + place_id(where)
        gold = _gold(where, _field(where, item, _ANSWERS), spoken)
        yield _Item(name, encodable(where, question), gold, spoken, where)


def _field(where: str, item: Mapping[str, Any], names: Sequence[str]) -> object:
    """What stands under one of several names; InputError where none of them is there."""
    for name in names:
        if item.get(name) is not None:
            return item[name]
    raise InputError(
        f"{where} has no '{names[0]}' or '{names[1]}'.",
        f"There is: {', '.join(map(str, item)) or 'nothing'}.",
    )


def _gold(where: str, answer: object, language: str | None) -> str:
    """The number that a row's answer ends with, in the writing of its language."""
    text = plain_text(where, "answer", answer) or ""
    # A number that JSON states has a decimal point in every language.
    stated = None if isinstance(answer, str) else "en"
    gold = final_number(text, stated or language)
    if gold is None:
        raise InputError(
            f"{where}: the answer '{text[:80]}' states no number.",
            "The gold of math-qa is a number: give one, after '####' where there is more text.",
        )
    return gold.replace(".", ",") if stated and language == "pt" else gold


def _query(item: _Item) -> Query:
    prompt = word_prompt(item.question, item.language)
    return Query(item.id, item.question, prompt, item.gold, language=item.language)
