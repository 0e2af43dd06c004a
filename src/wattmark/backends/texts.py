"""Text to token ids and back, the same for every engine: nothing is truncated, nothing doubled.

An engine tokenises its batch as its first host work and turns ids into text as its last. Prompts
that do not fit the window are refused by name; a prompt without tokens starts with the model's
start token. The tokenizer is the model's own, read by transformers from files alone. Which tokens
end an answer, and which fills rows up, is found here too, for engines that decode by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
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
        start = self.tokenizer.bos_token_id
        for query, row in zip(queries, rows, strict=True):
            if start is not None and row[:2] == [start, start]:
                del row[0]  # a chat template has written the start token already
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

    def count(self, text: str, *, special: bool = False) -> int:
        """Tokens of a text; as a whole prompt (`special`) with those that the tokenizer adds."""
        return len(self.tokenizer(text, add_special_tokens=special)["input_ids"])

    @property
    def has_chat_template(self) -> bool:
        """Whether the tokenizer says how a conversation is written."""
        return bool(self.tokenizer.chat_template)

    def chat(self, messages: Sequence[Mapping[str, str]], template: str | None = None) -> str:
        """The prompt that a chat template makes of messages ({role, content}), up to the answer.

        `template` stands in for the tokenizer's. ModelError where it takes no such messages.
        """
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    list(messages),
                    chat_template=template,
                    tokenize=False,
                    add_generation_prompt=True,
                )
            )
        except (jinja2.TemplateError, ValueError, TypeError) as reason:
            roles = ", ".join(dict.fromkeys(message["role"] for message in messages))
            raise ModelError(
                f"The chat template does not take these messages ({roles}): {reason}.",
                "Leave out --system where it knows no such role, or take --chat off.",
            ) from reason

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


def end_ids(folder: Path, config: Mapping[str, Any], tokenizer: Any) -> tuple[int, ...]:
    """Tokens that end an answer: of the generation settings, without any the config's; else eos.

    `config` is the model's config.json, in whose folder the settings may lie. The order is that of
    transformers, whose answers are the reference.
    """
    settings = folder / "generation_config.json"
    stored = json.loads(settings.read_text(encoding="utf-8")) if settings.is_file() else config
    eos = stored.get("eos_token_id")
    if eos is None:
        eos = tokenizer.eos_token_id
    return tuple(eos) if isinstance(eos, list) else () if eos is None else (int(eos),)


def pad_id(config: Mapping[str, Any], tokenizer: Any, ends: Collection[int]) -> int:
    """What fills rows up: the config's first, from which some families derive positions."""
    candidates = (config.get("pad_token_id"), tokenizer.pad_token_id, *ends)
    return next((int(token) for token in candidates if token is not None and token >= 0), 0)
