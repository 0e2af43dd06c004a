"""Drawing tokens, telling how likely they were, and stopping, inside `generate` of transformers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import transformers

from wattmark.backends.stopping import StopWatch
from wattmark.schema import Asking


def drawing(asking: Asking | None) -> dict[str, Any]:
    """What a GenerationConfig is told of how tokens are chosen."""
    if asking is None or asking.temperature <= 0:
        return {"do_sample": False}
    return {
        "do_sample": True,
        "temperature": asking.temperature,
        "top_p": asking.top_p,
        # Unless it is told, transformers draws among the fifty likeliest alone.
        "top_k": 0,
    }


def seed_batch(seed: int, batch: int) -> None:
    """Begin torch's random numbers anew: the same batch of the same trial draws the same."""
    torch.manual_seed(seed * 1_000_003 + batch)


class Stopped(transformers.StoppingCriteria):
    """Ends each row of a batch at its own stop string; a row that has ended is padding."""

    def __init__(self, watch: StopWatch) -> None:
        self._watch = watch

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        """Which rows have stopped, a flag a row."""
        done = self._watch.take(input_ids[:, -1].tolist())
        return torch.tensor(done, device=input_ids.device)


class Confidences(transformers.LogitsProcessor):
    """Keeps the log-probability of each token that was chosen, by the model's own distribution.

    It sees the logits before a temperature is applied. Which token was chosen shows in the step
    after, and of the last one in the output; nothing waits for the device until the end.
    """

    def __init__(self) -> None:
        self._last: torch.Tensor | None = None
        self._told: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._tell(input_ids[:, -1])
        self._last = torch.log_softmax(scores.float(), dim=-1)
        return scores

    def of(self, output: torch.Tensor, lengths: Sequence[int]) -> list[float | None]:
        """Of each row the geometric mean probability of its first `lengths` new tokens, 0 to 1."""
        self._tell(output[:, -1])
        self._last = None
        told = torch.stack(self._told, dim=1).double().cpu()
        return [
            math.exp(float(row[:length].mean())) if length else None
            for row, length in zip(told, lengths, strict=True)
        ]

    def _tell(self, chosen: torch.Tensor) -> None:
        if self._last is not None:
            self._told.append(self._last.gather(1, chosen[:, None].to(self._last.device))[:, 0])
