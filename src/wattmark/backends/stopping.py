"""Stop strings: an answer ends before the first of its task's stop strings that it holds.

They are what begins the next item in a prompt's own form: a model that only continues text would go
on with a question of its own. They do not count while a model thinks, where it may well repeat what
it was asked. Engines whose decoding loop is ours, or can be ended by us, watch their rows' text
(`StopWatch`); a row that has stopped is padding from then on. The text of every answer is cut at
the same place (`until`), whether its engine stopped there or not. No torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from wattmark.schema import Query

_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_BROKEN = "\ufffd"
"""What stands for bytes that are no character, or a part of one."""


def until(text: str, stops: Sequence[str], prompt: str = "") -> str:
    """A text up to the first of `stops` that is outside of thoughts; all of it without one.

    `prompt` tells whether the thoughts began before the text: some chat templates open them.
    """
    at = find_stop(text, stops, thinking=begins_thinking(prompt))
    return text if at is None else text[:at]


def begins_thinking(prompt: str) -> bool:
    """Whether a prompt ends with the tag that opens thoughts."""
    tags = _TAG.findall(prompt.rstrip()[-20:])
    return bool(tags) and tags[-1] == "" and prompt.rstrip().endswith(">")


def find_stop(text: str, stops: Sequence[str], *, thinking: bool = False) -> int | None:
    """Where the first of `stops` begins that is outside of thoughts; None without one."""
    start = 0
    for tag in _TAG.finditer(text):
        opens = not tag[1]
        if opens and not thinking:
            at = _first(text, stops, start, tag.start())
            if at is not None:
                return at
        start, thinking = (start, thinking) if opens == thinking else (tag.end(), opens)
    return None if thinking else _first(text, stops, start, len(text))


def _first(text: str, stops: Sequence[str], start: int, end: int) -> int | None:
    found = [at for stop in stops if (at := text.find(stop, start, end)) >= 0]
    return min(found, default=None)


class StopWatch:
    """Watches the rows of a batch while their tokens come.

    `text` turns ids into text. A row's text is put together only when its newest token may have
    completed a stop string, so that a step costs next to nothing; without stop strings it is never.
    """

    def __init__(
        self, stops: Sequence[str] = (), text: Callable[[Sequence[int]], str] | None = None
    ) -> None:
        self.stops = tuple(stops)
        self.lengths: list[int | None] = []
        """Tokens of each row up to the one that completed a stop string; None where none has."""
        self._text = text or (lambda _: "")
        self._last = {stop[-1] for stop in self.stops}
        # A token has one byte at least, so that so many hold the longest of them.
        self._reach = max((len(stop.encode()) for stop in self.stops), default=0) + 1
        self._completes: dict[int, bool] = {}
        self._rows: list[list[int]] = []
        self._thinking: list[bool] = []

    def begin(self, queries: Sequence[Query]) -> None:
        """A new batch."""
        self._rows = [[] for _ in queries]
        self._thinking = [begins_thinking(query.prompt) for query in queries]
        self.lengths = [None] * len(queries)

    def going_on(self, tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_] | bool:
        """The next token of each row; which rows go on behind it, True for all of them."""
        if not self.stops:
            return True
        return ~np.array(self.take(tokens.tolist()))

    def take(self, tokens: Sequence[int]) -> list[bool]:
        """The next token of each row; which rows have stopped by now."""
        return [self.take_one(row, token) for row, token in enumerate(tokens)]

    def take_one(self, row: int, token: int) -> bool:
        """The next token of one row; whether it has stopped by now."""
        if self.lengths[row] is None:
            ids = self._rows[row]
            ids.append(token)
            if self._may_complete(token) and self._holds(row):
                self.lengths[row] = len(ids)
        return self.lengths[row] is not None

    def _may_complete(self, token: int) -> bool:
        if token not in self._completes:
            # Alone, a token may lose its leading space, or be a part of a character.
            alone = self._text([token])
            self._completes[token] = (
                " " in self._last or _BROKEN in alone or any(end in alone for end in self._last)
            )
        return self._completes[token]

    def _holds(self, row: int) -> bool:
        ids = self._rows[row]
        end = self._text(ids[-self._reach :])
        if not any(stop in end for stop in self.stops):
            return False
        found = find_stop(self._text(ids), self.stops, thinking=self._thinking[row])
        return found is not None
