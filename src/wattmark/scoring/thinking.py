"""Thinking models: what stands before the end of the thoughts is no answer.

The thoughts' tokens and joules count all the same; only the scorers do not read them.
"""

from __future__ import annotations

import re

_OPEN = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_CLOSE = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w{1,20})[^<]{0,40}<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|call)\|>")


def final_answer(text: str) -> str:
    """The text after the last `</think>`; '' where thoughts were begun and never ended.

    Of channels (`<|channel|>final<|message|>`) the last final one; a text with neither is its own
    answer.
    """
    if "<|channel|>" in text:
        return _of_channels(text)
    ends = [found.end() for found in _CLOSE.finditer(text)] if "</" in text else []
    rest = text[ends[-1] :] if ends else text
    opened = _OPEN.search(rest) if "<" in rest else None
    return rest if opened is None else rest[: opened.start()].strip()


def _of_channels(text: str) -> str:
    finals = [found for found in _CHANNEL.finditer(text) if found[1].lower() == "final"]
    if not finals:
        return ""
    rest = text[finals[-1].end() :]
    end = _CHANNEL_END.search(rest)
    return rest if end is None else rest[: end.start()]
