"""Retrieval: what is found for a query, how much of it fits, and the prompt that comes of it.

A `Retriever` ranks chunks for texts; BM25 is the default, and a dense one comes in by the same
door: a line in RETRIEVERS. What it found is put into the prompt whole and in its order, until the
budget of context tokens or the model's window is reached. What did not fit is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, Self

from wattmark.errors import InputError
from wattmark.schema import Query, Retrieved
from wattmark.tasks.corpus import Chunk

CONTEXT_PROMPT = "Context:\n{context}\n\n{prompt}"
"""How a prompt is written with its context, where the task has no `context_prompt` of its own.
{context}: the chunks; {prompt}: the prompt without them; {query}: the question alone."""
SEPARATOR = "\n\n"
"""Between two chunks."""

RETRIEVERS = {"bm25": "wattmark.tasks.retrieval_bm25:BM25"}
"""Name → 'module:attribute' of a Retriever; importing it imports its library."""
REQUIRES = {"bm25": "bm25s"}


class Retriever(Protocol):
    """Ranks chunks by how well they match a text.

    `version` names all that an index depends on beside its chunks: it is part of the key that an
    index is stored under. `search` gives for each text at most `k` pairs of a chunk's number and
    its score, the best first, ties in the order of the chunks; none that does not match at all.
    """

    version: str

    @classmethod
    def index(cls, texts: Sequence[str]) -> Self: ...

    @classmethod
    def load(cls, folder: Path) -> Self: ...

    def save(self, folder: Path) -> None: ...

    def search(self, texts: Sequence[str], k: int) -> list[list[tuple[int, float]]]: ...


def missing_retriever(name: str) -> str | None:
    """What must be installed for a retriever, or None; nothing is imported."""
    if find_spec(REQUIRES[name]) is not None:
        return None
    return f'retrieval by {name} needs {REQUIRES[name]}: pip install "wattmark[rag]"'


@dataclass(frozen=True)
class Room:
    """How much context a prompt may have, and how its tokens are counted."""

    budget: int
    """Most tokens of context."""
    count: Callable[[str], int]
    """Tokens of a piece of text."""
    count_prompt: Callable[[str], int]
    """Tokens of a whole prompt, with all that is put around it."""
    most: int | None = None
    """Tokens of a whole prompt: the window less the answer; None: no bound."""
    in_tokens: bool = True
    """Whether these are the model's tokens, or bytes for want of its tokenizer."""


def with_context(query: Query, found: Sequence[Chunk], template: str, room: Room) -> Retrieved:
    """The prompt with the first of `found` that fit, whole and in order.

    A query for which nothing was found, or nothing fits, is asked as without retrieval.
    """
    context, tokens, shown, prompt = "", 0, 0, query.prompt
    for chunk in found:
        longer = f"{context}{SEPARATOR}{chunk.text}" if context else chunk.text
        count = room.count(longer)
        if count > room.budget:
            break
        written = template.format(context=longer, prompt=query.prompt, query=query.text)
        if room.most is not None and room.count_prompt(written) > room.most:
            break
        context, tokens, shown, prompt = longer, count, shown + 1, written
    return Retrieved(
        query_id=query.id,
        prompt=prompt,
        ids=tuple(chunk.id for chunk in found),
        context_tokens=tokens if room.in_tokens else None,
        left_out=len(found) - shown,
        hit=is_hit(query, [chunk.text for chunk in found]),
    )


def is_hit(query: Query, texts: Sequence[str]) -> bool | None:
    """Whether what answers the query is among `texts`; None where the query does not say what does.

    It is there where a text holds a gold answer as whole words, or overlaps the query's own
    context: one holds the other, but for case, accents, punctuation and spacing.
    """
    golds = [plain_words(gold) for gold in query.answers or (query.answer or "",)]
    golds = [gold for gold in golds if gold]
    own = plain_words(query.context or "")
    if not golds and not own:
        return None
    return any(_answers(f" {plain_words(text)} ", golds, own) for text in texts)


def _answers(text: str, golds: Sequence[str], own: str) -> bool:
    if any(f" {gold} " in text for gold in golds):
        return True
    return bool(own) and bool(text.strip()) and (f" {own} " in text or text in f" {own} ")


_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Letters and digits between all else: case and accents folded ('Coração' is 'coracao').

    No stop words are dropped and nothing is stemmed, so that it is the same for every language.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    if not folded.isascii():
        folded = "".join(c for c in folded if not unicodedata.combining(c))
    return _WORD.findall(folded)


def plain_words(text: str) -> str:
    """The same with single spaces between."""
    return " ".join(words(text))


def check_template(task: str, template: str) -> str:
    """A task's own template, unless it leaves out the context or the question: InputError."""
    try:
        shown = template.format(context="\x00", prompt="\x01", query="\x01")
    except (KeyError, IndexError, ValueError) as reason:
        raise InputError(f"Task '{task}': its context_prompt cannot be filled: {reason}.") from None
    if "\x00" not in shown or "\x01" not in shown:
        raise InputError(f"Task '{task}': its context_prompt needs {{context}} and {{prompt}}.")
    return template
