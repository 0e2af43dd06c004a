"""SQuAD's questions, from its own JSON or from rows with the columns of the hub.

The JSON is that of Rajpurkar et al. 2016 (v1.1) and 2018 (v2.0): articles of paragraphs, each a
context with questions; a question without an answer has an empty list of them. Offsets of
answers are not read: answers are compared as texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.errors import InputError
from wattmark.tasks.formats import LIMIT_ROWS, TableRow, encodable, read_json, read_table

SUFFIXES = (".json", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True, slots=True)
class Question:
    """One question on one passage; no `answers` where the passage does not answer it."""

    id: str
    question: str
    context: str
    answers: tuple[str, ...]
    where: str


def read_questions(paths: Iterable[Path]) -> list[Question]:
    """All questions of some files; InputError says what is wrong, and with which one."""
    found: list[Question] = []
    for path in paths:
        if path.suffix.lower() == ".json":
            found += _of_articles(path, read_json(path))
        else:
            found += questions(read_table(path))
    if not found:
        raise InputError("There is no question in this data.", "Check that it is the right file.")
    return found


def questions(rows: Iterable[TableRow]) -> Iterator[Question]:
    """The questions of rows with id, context, question and answers (a list, or {text: [...]})."""
    for row in rows:
        yield Question(
            id=row.text("id"),
            question=row.text("question"),
            context=row.text("context"),
            answers=_texts(row.where, row.cells.get("answers")),
            where=row.where,
        )


def _of_articles(path: Path, content: object) -> Iterator[Question]:
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, list):
        raise InputError(
            f"'{path}' is not SQuAD's JSON: it has no list 'data' of articles.",
            "Rows with id, context, question and answers are read from .jsonl and .parquet.",
        )
    count = 0
    for article, paragraphs in _lists(f"'{path}'", "article", data, "paragraphs"):
        for where, questions_of, context in _paragraphs(article, paragraphs):
            for number, item in enumerate(questions_of, start=1):
                count += 1
                if count > LIMIT_ROWS:
                    raise InputError(f"'{path}' has more than {LIMIT_ROWS} questions.")
                yield _question(f"{where}, question {number}", item, context)


def _paragraphs(article: str, found: list[Any]) -> Iterator[tuple[str, list[Any], str]]:
    items = _lists(f"{article},", "paragraph", found, "qas")
    for (where, questions_of), item in zip(items, found, strict=True):
        yield where, questions_of, TableRow(where, item).text("context")


def _question(where: str, item: object, context: str) -> Question:
    if not isinstance(item, dict):
        raise InputError(f"{where} is not a JSON object.", "Correct it.")
    row = TableRow(where, item)
    answers = _texts(where, item.get("answers"))
    if answers and item.get("is_impossible") is True:
        raise InputError(f"{where} is said to be impossible, and has answers.", "Correct it.")
    if not answers and item.get("is_impossible") is not True:
        raise InputError(f"{where} has no answers.", "Give it some, or is_impossible: true.")
    return Question(row.text("id"), row.text("question"), context, answers, where)


def _lists(where: str, kind: str, items: list[Any], key: str) -> Iterator[tuple[str, list[Any]]]:
    """Place and list `key` of every item."""
    for number, item in enumerate(items, start=1):
        place = f"{where} {kind} {number}"
        inner = item.get(key) if isinstance(item, dict) else None
        if not isinstance(inner, list):
            raise InputError(f"{place} has no list '{key}'.", "This is not SQuAD's JSON.")
        yield place, inner


def _texts(where: str, answers: object) -> tuple[str, ...]:
    """The different texts of [{text: …}, …], {text: [...]} or [text, …], in order."""
    found = answers.get("text") if isinstance(answers, dict) else answers
    if not isinstance(found, list):
        raise InputError(
            f"{where} has no 'answers', or they are no list.",
            "A question that has none carries an empty list.",
        )
    texts = []
    for item in found:
        text = item.get("text") if isinstance(item, dict) else item
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{where} has an answer without a text.", "Correct it.")
        texts.append(encodable(where, text))
    return tuple(dict.fromkeys(texts))
