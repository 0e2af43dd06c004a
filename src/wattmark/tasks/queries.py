"""Your own queries: a text file with one a line, or JSON lines that may carry answers.

The prompt is the line as it stands; no template is put around it. Where a row has an answer the
generation is scored: by value where the answer is a number, else by normalised exact match.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.schema import Generation, Query, Score
from wattmark.tasks.rows import read_rows
from wattmark.tasks.scoring import numeric_score, parse_number, phrase_score

SCORER = 1
"""Raised with every change of how an answer is read."""


class QueryFile:
    """The queries of one file, in its order; its version is a hash of the file's bytes.

    `kind` is 'any': causal models continue the lines, classifiers label them. Raises InputError
    for a file that is missing, empty, too large, not UTF-8 or malformed (with the line).
    """

    kind: ClassVar[str] = "any"

    def __init__(self, path: str | Path) -> None:
        data = read_rows(Path(path).expanduser())
        self.name = str(path)
        self.version = f"{SCORER}-{data.digest}"
        self._queries = tuple(Query(row.id, row.query, row.query, row.answer) for row in data.rows)

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` lines in the file's order; `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """By value for a numeric answer, by normalised exact match for any other."""
        if query.answer is None:
            return Score(None, None, None, "this query has no answer to compare with")
        if parse_number(query.answer) is not None:
            return numeric_score(query.answer, generation.text)
        return phrase_score(query.answer, generation.text)
