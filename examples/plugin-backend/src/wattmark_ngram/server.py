"""The process that holds the model: a line of JSON in, lines of JSON out, until its input closes.

    {"ask": "facts"}                                → {"parameters": …, "weight_bytes": …}
    {"ask": "generate", "prompts": […], "most": 8}  → {"read": [tokens a prompt]}, then a line
                                                      {"step": [id a prompt]} each step
    {"ask": "classify", "texts": […]}               → {"read": […], "labels": [[label, share], …]}

A prompt that has ended gets the end token's id, 0, from then on; {"done": true} ends an answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from wattmark_ngram.letters import END, ORDER, START, Model

Answer = Iterator[dict[str, Any]]


def main() -> None:
    """Answer until the asker goes away."""
    model = Model()
    answers: dict[str, Callable[[Model, dict[str, Any]], Answer]] = {
        "facts": facts,
        "generate": generate,
        "classify": classify,
    }
    for line in sys.stdin:
        asked = json.loads(line)
        for part in answers[asked["ask"]](model, asked):
            _say(part)
        _say({"done": True})


def facts(model: Model, _asked: dict[str, Any]) -> Answer:
    """What is held."""
    yield {
        "parameters": sum(letters.parameters for letters in model.all),
        "weight_bytes": sum(letters.size_bytes for letters in model.all),
    }


def generate(model: Model, asked: dict[str, Any]) -> Answer:
    """All prompts a letter further at each step, until all have ended."""
    texts = [START + prompt for prompt in asked["prompts"]]
    yield {"read": [len(text) for text in texts]}
    over = [False] * len(texts)
    for _ in range(asked["most"]):
        step = []
        for row, text in enumerate(texts):
            letter = END if over[row] else model.letters.next(text)
            over[row] = letter == END
            texts[row] = (text + letter)[-ORDER:]
            step.append(ord(letter))
        yield {"step": step}
        if all(over):
            return


def classify(model: Model, asked: dict[str, Any]) -> Answer:
    """A label for each text."""
    texts = asked["texts"]
    yield {
        "read": [len(START + text) for text in texts],
        "labels": [model.classify(text) for text in texts],
    }


def _say(part: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(part) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
