"""When each token came: a streamer in the manner of transformers that only reads a clock. No torch.

`generate` hands a streamer each step's tokens on the host, so that on a GPU a stamp is taken when
they exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenClock:
    """Keeps a stamp (ns of `now`) a step in `times`. The prompt, which comes first, has none."""

    def __init__(self, now: Callable[[], int] = time.monotonic_ns) -> None:
        self.times: list[int] = []
        self._now = now
        self._prompt_seen = False

    def put(self, value: object) -> None:
        """A step's tokens are there."""
        if self._prompt_seen:
            self.times.append(self._now())
        self._prompt_seen = True

    def end(self) -> None:
        """There are no more; nothing is held back."""
