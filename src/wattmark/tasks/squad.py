"""SQuAD: questions on passages, scored by exact match and F1 as its authors do.

Open mode puts the passage into the prompt; closed mode asks the question alone, so that the
model must know. v2.0 has questions that their passage does not answer: the prompt then names
the word that says so, and saying it is the gold. In closed mode these are left out, since they
are unanswerable only by their passage.

Rajpurkar et al. 2016, arXiv:1606.05250 (v1.1); Rajpurkar et al. 2018, arXiv:1806.03822 (v2.0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from wattmark.errors import InputError
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import find_scorer
from wattmark.scoring.thinking import final_answer
from wattmark.tasks.formats import digest, refuse_duplicates, shuffled
from wattmark.tasks.formats_folder import (
    SAMPLE,
    VALIDATION,
    find_files,
    is_local,
    only_validation,
    stamped,
    true_split,
)
from wattmark.tasks.formats_squad import SUFFIXES, Question, questions, read_questions
from wattmark.tasks.options import full_name, one_of

DATA = Path(__file__).parent / "data"
SAMPLES = {"1": DATA / "squad-sample-v1.1.json", "2": DATA / "squad-sample-v2.0.json"}
OPEN = (
    "Answer from the passage, in as few words as possible.{no_answer}\n\n"
    "Passage: {context}\n\nQuestion: {question}\nAnswer:"
)
CLOSED = "Answer in as few words as possible.\n\nQuestion: {question}\nAnswer:"
UNANSWERABLE = "unanswerable"
NO_ANSWER = f' If it does not answer, write "{UNANSWERABLE}".'
_DECLINED = re.compile(rf"\b{UNANSWERABLE}\b|^\W*no answer\W*$", re.IGNORECASE)
STOPS = ("\nQuestion:", "\nPassage:")
"""What a model that only continues text begins its next item with."""
RULES = 1
"""Raised with every change of a prompt or of how an answer is read."""
HUB = {"squad": "rajpurkar/squad", "squad_v2": "rajpurkar/squad_v2"}
_COLUMNS = ("id", "question", "context", "answers")
_DEFAULTS = {"mode": "open", "split": VALIDATION, "version": ""}


class Squad:
    """SQuAD v1.1 or v2.0; without data, a sample in its format that is not SQuAD.

    The order is a shuffle by `seed`, the same for every arm and every format of the data. Raises
    InputError for data that is missing, malformed or without answers, with file and place.
    """

    kind: ClassVar[str] = "causal"
    stops: ClassVar[tuple[str, ...]] = STOPS
    options: ClassVar[Mapping[str, str]] = {
        "data": "SQuAD's JSON, a .jsonl or .parquet, a folder of these, a hub id (squad,"
        " squad_v2); default: sample, a few dozen of our own writing",
        "mode": "open: the passage is in the prompt (default); closed: the question alone",
        "split": "validation (default) or train",
        "version": "1 or 2 (questions without an answer); default: as the data says",
    }
    licence: ClassVar[str] = "sample: MIT, of our own writing; SQuAD itself: CC BY-SA 4.0"
    about: ClassVar[str] = (
        "questions on passages, EM and F1; ships a sample of our own writing, not SQuAD"
    )

    def __init__(
        self,
        *,
        data: str = SAMPLE,
        mode: str = "open",
        split: str = VALIDATION,
        version: str = "",
    ) -> None:
        self._mode = one_of("squad", "mode", mode, ("open", "closed"))
        if version:
            one_of("squad", "version", version, ("1", "2"))
        split = _split(split)
        loaded = _load(data, split, version)
        found = loaded.questions
        impossible = sum(not question.answers for question in found)
        if version == "1" and impossible:
            raise InputError(
                f"'{data}' is not SQuAD v1.1: {impossible} of its {len(found)} questions have no"
                " answer.",
                "Leave version out, or give version=2.",
            )
        self._no_answer = NO_ANSWER if version == "2" or impossible else ""
        if self._mode == "closed":
            found = tuple(question for question in found if question.answers)
        if not found:
            raise InputError(f"No question of '{data}' has an answer.", "Take mode=open.")
        self._questions = found
        given = {"data": data, "mode": mode, "split": split, "version": version}
        self.name = full_name("squad", given, _DEFAULTS)
        self.version = f"{RULES}-{loaded.digest}"

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of the order that `seed` gives (0 is a shuffle as any other)."""
        order = shuffled([question.id for question in self._questions], seed)
        return tuple(self._query(self._questions[place]) for place in order[:limit])

    def score(self, query: Query, generation: Generation) -> Score:
        """Exact match as `correct`, F1 as `value`, of the answer's first line: the best gold's."""
        said = first_line(generation.text)
        if self._no_answer and _DECLINED.search(said):
            said = ""
        return find_scorer("squad")(query, said)

    def _query(self, asked: Question) -> Query:
        template = OPEN if self._mode == "open" else CLOSED
        prompt = template.format(
            no_answer=self._no_answer, context=asked.context, question=asked.question
        )
        return Query(
            id=asked.id,
            text=asked.question,
            prompt=prompt,
            answer=asked.answers[0] if asked.answers else "",
            answers=asked.answers or ("",),
            context=asked.context,
            scorer="squad",
        )


def first_line(text: str) -> str:
    """The first line of the final answer that is not blank: what follows is no part of it."""
    return final_answer(text).strip().partition("\n")[0].strip()


def _split(split: str) -> str:
    if true_split(split) == "test":
        raise InputError(
            "SQuAD's test answers are not public: its authors keep them for their own scoring.",
            "Take split=validation (the default): it is what papers report.",
        )
    return true_split(split)


@dataclass(frozen=True)
class _Loaded:
    """All questions of some data, and the hash of what they say."""

    questions: tuple[Question, ...]
    digest: str


def _load(data: str, split: str, version: str) -> _Loaded:
    """The questions of what `data` names."""
    if data == SAMPLE:
        only_validation(split)
        return _read(stamped([SAMPLES[version or "1"]]))
    if is_local(data, SUFFIXES):
        return _read(stamped(find_files(data, split, SUFFIXES)))
    from wattmark.tasks.formats_hub import read_split  # noqa: PLC0415 - `datasets` on request only

    table = read_split(HUB.get(data, data), split=split, columns=_COLUMNS)
    return _checked(list(questions(table.rows)))


@lru_cache(maxsize=4)
def _read(files: tuple[tuple[Path, int, int], ...]) -> _Loaded:
    """Read once while the files stay as they are: a plan asks for its tasks many times."""
    return _checked(read_questions([path for path, _, _ in files]))


def _checked(found: list[Question]) -> _Loaded:
    refuse_duplicates((question.id, question.where) for question in found)
    content = ((item.id, item.question, item.context, item.answers) for item in found)
    return _Loaded(tuple(found), digest(content))
