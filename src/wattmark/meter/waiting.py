"""Samples that wait to be read: a queue that forgets the oldest, and no loss of joules."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from wattmark.schema import Sample

KEEP = 10_000
"""How many wait at most: a logger may write a minute's worth at once."""


class Waiting:
    """The samples of one sensor in the order in which they came. Not locked: its owner's task."""

    def __init__(self, keep: int = KEEP) -> None:
        self._samples: deque[Sample] = deque()
        self._keep = max(2, keep)

    def put(self, sample: Sample) -> None:
        """One more; where there are too many the oldest goes."""
        self._samples.append(sample)
        if len(self._samples) > self._keep:
            dropped = self._samples.popleft()
            if dropped.lost:  # the counter's figures go on after it as if nothing had been lost
                self._samples[0] = replace(dropped, time_ns=self._samples[0].time_ns)

    def take_one(self) -> Sample | None:
        """The oldest; None where none waits."""
        return self._samples.popleft() if self._samples else None

    def take_all(self) -> list[Sample]:
        """All of them, oldest first."""
        taken, self._samples = list(self._samples), deque()
        return taken
