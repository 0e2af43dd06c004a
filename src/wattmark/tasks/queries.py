"""Your own queries: a text file with one a line, or JSON lines that may carry answers and more.

The prompt is the line as it stands; a row's context stands above it and its choices below it,
and no other template is put around it. A row is scored by the scorer that it names, else by the
file's; else by choice where it has choices, by value where all its answers are numbers, and by
exact match otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from wattmark.errors import InputError
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import NO_GOLD, find_scorer
from wattmark.scoring.numeric import is_number
from wattmark.scoring.pattern import pattern_score
from wattmark.tasks.formats_folder import SAMPLE
from wattmark.tasks.options import STOP_OPTION, full_name, stop_text
from wattmark.tasks.rows import Row, read_rows
from wattmark.tasks.sentiment import label_score

RULES = 14
"""Raised with every change of a prompt or of how an answer is read."""
_SAMPLE_FILE = Path(__file__).parent / "data" / "jsonl-sample.jsonl"


class QueryFile:
    """The queries of one file, in its order; its version is a hash of the file's bytes.

    `kind` is 'any': causal models continue the lines, classifiers label them. Raises InputError
    for a file that is missing, empty, too large, not UTF-8 or malformed (with the line).
    """

    kind: ClassVar[str] = "any"
    options: ClassVar[Mapping[str, str]] = {}
    licence: ClassVar[str] = "your own"
    about: ClassVar[str] = "a file of your own: a query a line, or JSON lines"

    def __init__(self, path: str | Path, scorer: str | None = None) -> None:
        data = read_rows(Path(path).expanduser())
        self.name = str(path)
        self.version = f"{RULES}-{data.digest}"
        self._queries = tuple(scored(row, scorer) for row in data.rows)

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` lines in the file's order; `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """By the query's scorer; not at all where the query has no answer."""
        return score_row(query, generation)


class Jsonl(QueryFile):
    """A file of queries by an option, so that more can be said of it; or the sample that ships."""

    first: ClassVar[str] = "data"
    options: ClassVar[Mapping[str, str]] = {
        "data": "a file of JSON lines, or of a query a line; default: sample, a few dozen of our"
        " own writing",
        "scorer": "of the rows that name none (numeric, exact, f1, squad, choice, regex, labels);"
        " default: by what the answer is",
        "stop": STOP_OPTION,
    }
    licence: ClassVar[str] = "sample: MIT, of our own writing"
    about: ClassVar[str] = (
        "JSON lines with query and answer, context, choices, scorer; ships a sample"
    )

    def __init__(self, *, data: str = SAMPLE, scorer: str = "", stop: str = "") -> None:
        if scorer:
            find_scorer(scorer)
        super().__init__(_SAMPLE_FILE if data == SAMPLE else data, scorer or None)
        self.stops = stop_text("jsonl", stop)
        given = {"data": data, "scorer": scorer, "stop": stop}
        self.name = full_name("jsonl", given, {"scorer": "", "stop": ""})


def scored(row: Row, scorer: str | None = None) -> Query:
    """The row's query with its scorer named: its own, the file's, or that of its answers.

    Raises InputError for an answer that its scorer cannot use, with the line.
    """
    query = row.asked()
    if query.answer is None:
        return query
    query = replace(query, scorer=query.scorer or scorer or _by_answers(row))
    if query.scorer == "regex":
        for answer in row.answers:
            _check_pattern(row.where, answer)
    return query


def _check_pattern(where: str, pattern: str) -> None:
    try:
        pattern_score(pattern, "")
    except InputError as reason:
        raise InputError(f"{where}: {reason.message}", reason.hint) from reason


def score_row(query: Query, generation: Generation) -> Score:
    """A classifier's label by the gold label, any other answer by the query's scorer."""
    if query.answer is None:
        return NO_GOLD
    if generation.stop_reason == "label":
        return label_score(query, generation.text, {})
    return find_scorer(query.scorer or "exact")(query, generation.text)


def _by_answers(row: Row) -> str:
    if row.choices:
        return "choice"
    numbers = all(is_number(answer) for answer in row.answers)
    return "numeric" if numbers else "exact"
