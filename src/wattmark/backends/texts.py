"""Text to token ids and back, the same for every engine: nothing is truncated, nothing doubled.

An engine tokenises its batch as its first host work and turns ids into text as its last. Prompts
that do not fit the window are refused by name; a prompt without tokens starts with the model's
start token. The tokenizer is the model's own, read by transformers from files alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import transformers

from wattmark.backends.batching import Padded, pad
from wattmark.errors import InputError, ModelError
from wattmark.schema import Query


class Texts:
    """The tokenizer of one model, with the window that its prompts and answers must fit into."""

    def __init__(
        self, folder: Path, *, window: int | None, pad_id: int = 0, trust_remote_code: bool = False
    ) -> None:
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
        self.window = window
        self.pad_id = pad_id

    def rows(self, queries: Sequence[Query], *, room: int) -> list[list[int]]:
        """Ids of each prompt; ModelError where one and `room` new tokens exceed the window."""
        rows: list[list[int]] = self.tokenizer([query.prompt for query in queries])["input_ids"]
        for query, row in zip(queries, rows, strict=True):
            if not row:
                row.append(self._first_token(query))
            if self.window is not None and len(row) + room > self.window:
                asked = f" and up to {room} new ones are asked for" if room else ""
                raise ModelError(
                    f"Query '{query.id}' has {len(row)} tokens{asked}: "
                    f"that does not fit into the model's window of {self.window}.",
                    f"Leave it out, or keep prompts to {max(self.window - room, 0)} tokens"
                    + (" or lower --max-new-tokens." if room else "."),
                )
        return rows

    def padded(self, queries: Sequence[Query], *, room: int, left: bool) -> Padded:
        """The same as a rectangle: left to go on from its end, right to classify it."""
        return pad(self.rows(queries, room=room), self.pad_id, left=left)

    def text(self, ids: Sequence[int]) -> str:
        """What ids say, without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def _first_token(self, query: Query) -> int:
        """What stands in for a prompt without tokens: the start token."""
        start = self.tokenizer.bos_token_id
        if start is None:
            raise InputError(
                f"Query '{query.id}' has no tokens, and the model has no start token.",
                "Leave the empty query out.",
            )
        return int(start)
