"""One batch of an engine: its own tokens and times become the spans and answers that all tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattmark.backends import Stamp
from wattmark.backends.batching import Answer
from wattmark.backends.stopping import until
from wattmark.schema import Generation, Query


@dataclass(frozen=True)
class Work:
    """What was asked in a batch, and when it was worked on, in ns of `stamp`."""

    batch: int
    queries: Sequence[Query]
    lengths: Sequence[int]
    """Tokens of each prompt, without padding."""
    stamp: Stamp
    start_ns: int
    began_ns: int
    """When the engine began to read the prompts."""
    times_ns: Sequence[int]
    """The end of each step; the first ends the prefill, or the whole of a classification."""
    row_times_ns: Sequence[Sequence[int]] | None = None
    """Of each row its tokens' own times, where an engine hands out rows one by one; `times_ns` is
    then the last row's first token, and the last token of all (none where each row has one)."""
    stops: Sequence[str] = ()
    """Texts are cut before the first of these."""

    def answers(
        self,
        answers: Sequence[Answer],
        text: Callable[[Sequence[int]], str],
        confidences: Sequence[float | None] | None = None,
    ) -> list[Generation]:
        """Mark prefill, decode and host, and give a Generation a query.

        Every row's tokens came at the batch's steps, unless it has times of its own; one that
        ended earlier has fewer of them. `confidences` are how likely the rows' tokens were.
        """
        first, last = self.times_ns[0], self.times_ns[-1]
        self._mark("host", self.start_ns, self.began_ns)
        self._mark("prefill", self.began_ns, first, tokens=sum(self.lengths))
        if len(self.times_ns) > 1:
            self._mark("decode", first, last, tokens=sum(len(a.ids) - 1 for a in answers))
        texts = [
            until(text(answer.ids), self.stops, query.prompt)
            for query, answer in zip(self.queries, answers, strict=True)
        ]
        rows = self.row_times_ns or [self.times_ns] * len(answers)
        end = self.stamp.now()
        self._mark("host", last, end)
        return [
            Generation(
                query_id=query.id,
                text=words,
                batch=self.batch,
                input_tokens=length,
                output_tokens=len(answer.ids),
                start_ns=self.start_ns,
                end_ns=end,
                token_times_ns=tuple(times[: len(answer.ids)]),
                stop_reason=answer.stop_reason,
                confidence=confidence,
            )
            for query, length, answer, words, times, confidence in zip(
                self.queries,
                self.lengths,
                answers,
                texts,
                rows,
                confidences or [None] * len(answers),
                strict=True,
            )
        ]

    def labels(self, chosen: Sequence[tuple[str, float]]) -> list[Generation]:
        """Mark classify and host, and give a Generation a query from its (label, probability)."""
        done = self.times_ns[-1]
        self._mark("host", self.start_ns, self.began_ns)
        self._mark("classify", self.began_ns, done, tokens=sum(self.lengths))
        end = self.stamp.now()
        self._mark("host", done, end)
        return [
            Generation(
                query_id=query.id,
                text=label,
                batch=self.batch,
                input_tokens=length,
                output_tokens=0,
                start_ns=self.start_ns,
                end_ns=end,
                stop_reason="label",
                confidence=confidence,
            )
            for query, length, (label, confidence) in zip(
                self.queries, self.lengths, chosen, strict=True
            )
        ]

    def _mark(self, name: str, start_ns: int, end_ns: int, tokens: int | None = None) -> None:
        self.stamp.add(name, start_ns, end_ns, batch=self.batch, tokens=tokens)
