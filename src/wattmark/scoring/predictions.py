"""Anybody's outputs, scored: JSON lines of `expected` and `response`.

A row may also have `query`, `lang`, `choices`, `answers` (all gold answers) and `scorer`. The file
is a stranger's: what is wrong with it is said with its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from wattmark.errors import InputError, unknown
from wattmark.schema import Query, Score
from wattmark.scoring.find import SCORERS, Scorer, find_scorer
from wattmark.scoring.numeric import is_number
from wattmark.scoring.shared import shared

LONGEST_LINE = 64 * 2**20
"""Bytes of one row."""
ALONE = 4_000
"""Rows that are scored before another process would have started."""
BY_ROW = "by-row"
TASKS = {
    "arithmetic": "numeric",
    "math-qa": "numeric",
    "squad": "squad",
    "sst2": "labels",
    "sentiment": "labels",
    "facts": "exact",
    "jsonl": BY_ROW,
}
"""Task → its scorer; `by-row` is the scorer that a row names, or that its answers call for."""
_EXAMPLE = 'Write one object a line: {"expected": "85", "response": "The answer is 85."}.'


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of a file, with what it is compared with."""

    line: int
    query: Query
    response: str


def scorer_name(task: str) -> str:
    """The scorer of a task, or the scorer that is named; InputError says what there is."""
    name = task.partition(":")[0]
    if name in SCORERS:
        return name
    if name not in TASKS:
        known = {*SCORERS, *TASKS}
        raise InputError(
            unknown("task or scorer", task, known), "A task without gold answers has no score."
        )
    return TASKS[name]


def score_file(path: Path, task: str, *, processes: int = 1) -> Iterator[tuple[Prediction, Score]]:
    """Each row of the file with its score, in order, few in memory at a time.

    From `ALONE` rows on so many `processes` share the work. Raises InputError for a file that
    cannot be read and for the first line that is malformed.
    """
    name = scorer_name(task)
    rows = read_predictions(path)
    alone = islice(rows, ALONE) if processes > 1 else rows
    yield from ((row, _score(name, row)) for row in alone)
    yield from shared(rows, partial(_scores, name), processes)


def _scores(name: str, rows: Sequence[Prediction]) -> list[Score]:
    return [_score(name, row) for row in rows]


def _score(name: str, row: Prediction) -> Score:
    return _scorer(_by_row(row.query) if name == BY_ROW else name)(row.query, row.response)


@cache
def _scorer(name: str) -> Scorer:
    return find_scorer(name)


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The rows of a file; blank lines are skipped."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(_bounded(path, lines), start=1):
                if line.strip():
                    yield _prediction(f"'{path}' line {number}", number, line)
    except OSError as reason:
        raise InputError(
            f"'{path}' cannot be read: {reason.strerror}.", "Check the path and its permissions."
        ) from reason


def _bounded(path: Path, lines: Any) -> Iterator[bytes]:
    number = 0
    while line := lines.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"'{path}' line {number} is longer than {LONGEST_LINE // 2**20} MiB.", _EXAMPLE
            )
        yield line


def _prediction(where: str, number: int, line: bytes) -> Prediction:
    content = _parsed(where, line)
    if "response" not in content:
        raise InputError(f"{where} has no 'response'.", _EXAMPLE)
    response = _text(where, "response", content["response"])
    if "expected" not in content and "answers" not in content:
        raise InputError(f"{where} has no 'expected'.", _EXAMPLE)
    answers = _golds(where, content)
    question = _text(where, "query", content.get("query")) or ""
    query = Query(
        id=f"line-{number}",
        text=question,
        prompt=question,
        answer=answers[0] if answers else None,
        answers=answers,
        choices=_texts(where, "choices", content.get("choices")),
        language=_text(where, "lang", content.get("lang")),
        scorer=_text(where, "scorer", content.get("scorer")),
    )
    if query.scorer is not None and query.scorer not in SCORERS:
        raise InputError(f"{where}: {unknown('scorer', query.scorer, SCORERS)}")
    return Prediction(number, query, response or "")


def _parsed(where: str, line: bytes) -> dict[str, Any]:
    try:
        # Numbers as they are written: 85.10 stays so, and no digit is lost.
        content = json.loads(line.decode("utf-8-sig"), parse_float=str, parse_int=str)
    except UnicodeDecodeError as reason:
        raise InputError(
            f"{where} is not UTF-8 (byte {reason.start} of the line).",
            "Convert the file, for example: iconv -f LATIN1 -t UTF-8.",
        ) from reason
    except json.JSONDecodeError as reason:
        raise InputError(
            f"{where} is not valid JSON: {reason.msg} (column {reason.colno}).", _EXAMPLE
        ) from reason
    except (ValueError, RecursionError) as reason:
        raise InputError(f"{where} is not JSON that can be read.", _EXAMPLE) from reason
    if not isinstance(content, dict):
        raise InputError(f"{where} is not a JSON object.", _EXAMPLE)
    return content


def _golds(where: str, content: dict[str, Any]) -> tuple[str, ...]:
    """All gold answers: `answers` as a list or as SQuAD's {"text": […]}, else `expected`.

    An empty list of `answers` says that the question has none: the empty text.
    """
    answers = content.get("answers")
    if isinstance(answers, dict):
        answers = answers.get("text")
    if answers is not None:
        return _texts(where, "answers", answers) or ("",)
    expected = content.get("expected")
    if isinstance(expected, list):
        return _texts(where, "expected", expected) or ("",)
    one = _text(where, "expected", expected)
    return () if one is None else (one,)


def _texts(where: str, name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f"{where}: '{name}' must be a list.", "Correct it.")
    texts = (
        _text(where, name, item.get("text") if isinstance(item, dict) else item) for item in value
    )
    return tuple(text for text in texts if text is not None)


def _text(where: str, name: str, value: object) -> str | None:
    """A text; a number or true and false as written; None of null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | float):  # NaN and Infinity are floats still
        return str(value)
    raise InputError(f"{where}: '{name}' must be a text or a number.", "Correct it.")


def _by_row(query: Query) -> str:
    if query.scorer is not None:
        return query.scorer
    if query.choices:
        return "choice"
    return "numeric" if query.answers and all(map(is_number, query.answers)) else "exact"
