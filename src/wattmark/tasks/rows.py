"""Queries read from a file: a query a line, or JSON lines with `query` and more.

The fields of a row are `query`, `answer` (a text, a number or a list of these), `context`,
`choices`, `scorer`, `lang` and `id`; what is wrong with one is said with its line.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.errors import InputError
from wattmark.schema import Query
from wattmark.scoring.choice import LETTERS
from wattmark.scoring.find import find_scorer
from wattmark.tasks.formats import (
    JSON_LINES,
    decode,
    encodable,
    json_value,
    lines,
    read_bytes,
    refuse_duplicates,
)
from wattmark.units import BYTES_PER_MIB

OWN_DATA = "MIT, of our own writing"
"""Licence of the data that ships with Wattmark."""
LIMIT_BYTES = 16 * BYTES_PER_MIB
LIMIT_LINES = 100_000
FIELDS = ("query", "answer", "context", "choices", "scorer", "lang", "id")
_NEAR = 0.8
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Row:
    """One query as the file states it, and where: "'mine.jsonl' line 7"."""

    id: str
    query: str
    answers: tuple[str, ...] = ()
    context: str | None = None
    choices: tuple[str, ...] = ()
    language: str | None = None
    scorer: str | None = None
    where: str = ""

    @property
    def answer(self) -> str | None:
        """The first gold; None where there is none."""
        return self.answers[0] if self.answers else None

    def asked(self) -> Query:
        """The query as a model gets it: the context above it, the choices by letter below it."""
        prompt = self.query if self.context is None else f"{self.context}\n\n{self.query}"
        if self.choices:
            listed = zip(LETTERS, self.choices, strict=False)
            prompt += "\n" + "".join(f"{letter}. {text}\n" for letter, text in listed) + "Answer:"
        return Query(
            id=self.id,
            text=self.query,
            prompt=prompt,
            answer=self.answer,
            answers=self.answers if len(self.answers) > 1 else (),
            choices=self.choices,
            context=self.context,
            language=self.language,
            scorer=self.scorer,
        )


@dataclass(frozen=True)
class Rows:
    """All queries of one file, in its order, and a hash of its bytes."""

    rows: tuple[Row, ...]
    digest: str


def read_rows(path: Path) -> Rows:
    """The rows of `path`; InputError says what is wrong with the file, and on which line."""
    raw = read_bytes(path, LIMIT_BYTES)
    text = decode(path, raw)
    suffix = path.suffix.lower()
    if suffix == ".json" and text.lstrip().startswith("["):
        rows = tuple(_items(path, text))
    elif suffix in {*JSON_LINES, ".json"}:
        rows = tuple(
            row_of(f"'{path}' line {number}", json_value(f"'{path}' line {number}", line), number)
            for number, line in lines(path, text, LIMIT_LINES)
        )
    else:
        rows = tuple(
            Row(f"line-{number}", line, where=f"'{path}' line {number}")
            for number, line in lines(path, text, LIMIT_LINES)
        )
    if not rows:
        raise InputError(f"'{path}' holds no query.", "Write one query a line.")
    refuse_duplicates((row.id, row.where) for row in rows)
    return Rows(rows, hashlib.sha256(raw).hexdigest()[:12])


def _items(path: Path, text: str) -> Iterator[Row]:
    """The rows of a file that is one list of objects."""
    content = json_value(f"'{path}'", text, whole=True)
    if len(content) > LIMIT_LINES:
        raise InputError(f"'{path}' has {len(content)} items; a task may have {LIMIT_LINES}.")
    for number, item in enumerate(content, start=1):
        yield row_of(f"'{path}' item {number}", item, number, unit="item")


def row_of(where: str, content: object, number: int, *, unit: str = "line") -> Row:
    """The row that an object states; its id is that of its line where it has none."""
    if not isinstance(content, dict):
        raise InputError(
            f"{where} is not a JSON object.", 'Write one a line: {"query": "…", "answer": "…"}.'
        )
    _refuse_misspelt(where, content)
    query = content.get("query")
    if not isinstance(query, str) or not query.strip():
        raise InputError(f"{where} has no 'query', or it is not a text.", "Give it one.")
    choices = _choices(where, content.get("choices"))
    answers = _answers(where, content.get("answer"))
    if choices:
        answers = tuple(_chosen(where, answer, choices) for answer in answers)
    return Row(
        id=plain_text(where, "id", content.get("id")) or f"{unit}-{number}",
        query=encodable(where, query),
        answers=tuple(dict.fromkeys(answers)),
        context=plain_text(where, "context", content.get("context")),
        choices=choices,
        language=language_code(where, content.get("lang")),
        scorer=_scorer(where, content.get("scorer")),
        where=where,
    )


def _refuse_misspelt(where: str, content: Mapping[str, Any]) -> None:
    """Fields of other tools pass; one that is nearly ours would be lost without a word."""
    missing = [field for field in FIELDS if field not in content]
    for name in (name for name in content if name not in FIELDS):
        close = difflib.get_close_matches(name, missing, n=1, cutoff=_NEAR)
        if close:
            raise InputError(
                f"{where} has a field '{name}'. Did you mean '{close[0]}'?", "Correct it."
            )


def _answers(where: str, value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    texts = (plain_text(where, "answer", item) for item in found)
    return tuple(text for text in texts if text is not None)


def _choices(where: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    found = value if isinstance(value, list) else []
    texts = tuple(str(item) for item in found if isinstance(item, str | int | float))
    distinct = len(set(texts)) == len(texts) == len(found)
    if not 2 <= len(texts) <= len(LETTERS) or not distinct or not all(map(str.strip, texts)):
        raise InputError(
            f"{where}: 'choices' must be a list of 2 to {len(LETTERS)} different texts.",
            "Correct it.",
        )
    return tuple(encodable(where, text) for text in texts)


def _chosen(where: str, answer: str, choices: tuple[str, ...]) -> str:
    """The choice that an answer means: its text, or its letter."""
    if answer in choices:
        return answer
    letters = LETTERS[: len(choices)]
    if len(answer) == 1 and answer.upper() in letters:
        return choices[letters.index(answer.upper())]
    raise InputError(
        f"{where}: the answer '{answer[:80]}' is none of its choices.",
        f"Write one of them as it stands, or its letter: {', '.join(letters)}.",
    )


def language_code(where: str, value: object) -> str | None:
    """'pt' of 'pt', 'pt-BR' or 'PT_br', None of None; InputError where it is no such code."""
    if value is None:
        return None
    code = value.replace("_", "-").partition("-")[0].lower() if isinstance(value, str) else ""
    if not _LANGUAGE.fullmatch(code):
        raise InputError(f"{where}: 'lang' must be a code such as en or pt.", "Correct it.")
    return code


def _scorer(where: str, value: object) -> str | None:
    if value is None:
        return None
    try:
        find_scorer(str(value))
    except InputError as reason:
        raise InputError(f"{where}: {reason.message}", reason.hint or "Correct it.") from reason
    return str(value)


def plain_text(where: str, name: str, value: object) -> str | None:
    """A text or a number as a text; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{where}: '{name}' must be a text or a number.", "Correct it.")
    return encodable(where, str(value))
