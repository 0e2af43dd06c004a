"""The engine that ships for tests and first steps: deterministic, instant unless told otherwise.

It works arithmetic out, repeats the gold answer where there is one, and emits one token a byte
of its answer and an end token, so that counts, spans and token times obey every rule that a
real engine's do. What it should do wrong is in the model's name (see `faults`).
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wattmark.backends import Stamp
from wattmark.backends.faults import FAULTS, FakeModel, parse_fake
from wattmark.backends.stopping import find_stop
from wattmark.errors import InputError, OutOfMemoryError
from wattmark.schema import Generation, Query, Trial

_PROBLEM = re.compile(r"\s*([-−]?\d{1,18})\s*([-+*×x−])\s*([-−]?\d{1,18})\s*=?\s*")
_OPPOSITES = {"positive": "negative", "negative": "positive"}
_DEFAULT_NEW_TOKENS = 64


class FakeBackend:
    """A `Backend` without a model. `sleep` stands in for the time that work takes."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self.facts: Mapping[str, Any] = {}
        self._sleep = sleep
        self._model = FakeModel()
        self._seed = 0
        self._max_new_tokens = _DEFAULT_NEW_TOKENS
        self._stops: tuple[str, ...] = ()
        self.texts = _Bytes()

    def load(self, trial: Trial) -> None:
        self._model = parse_fake(trial.model)
        self._seed = trial.seed
        self._max_new_tokens = trial.max_new_tokens
        self._stops = trial.stops
        self._fail_at("load")
        self._pass(self._model.load_s)
        self.facts = {
            "parameters": None,
            "weight_bytes": 0,
            "dtype": trial.precision,
            "attention": None,
            "max_positions": None,
            "versions": {"python": sys.version.split()[0]},
        }

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        start = stamp.now()
        answers = [self._emit(self._answer(query)) for query in queries]
        read = [_count_tokens(query.prompt) for query in queries]
        prefill = stamp.now()
        stamp.add("host", start, prefill, batch=batch)
        self._fail_at(f"batch {batch}")
        self._pass(self._model.prefill_s)
        times = [stamp.now()]
        stamp.add("prefill", prefill, times[0], batch=batch, tokens=sum(read))
        longest = max(count for _, count, _ in answers)
        for _ in range(longest - 1):
            self._pass(self._model.step_s)
            times.append(stamp.now())
        if longest > 1:
            later = sum(count - 1 for _, count, _ in answers)
            stamp.add("decode", times[0], times[-1], batch=batch, tokens=later)
        end = stamp.now()
        stamp.add("host", times[-1], end, batch=batch)
        return [
            Generation(
                query_id=query.id,
                text=text,
                batch=batch,
                input_tokens=tokens_in,
                output_tokens=count,
                start_ns=start,
                end_ns=end,
                token_times_ns=tuple(times[:count]),
                stop_reason=stop,
            )
            for query, tokens_in, (text, count, stop) in zip(queries, read, answers, strict=True)
        ]

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        start = stamp.now()
        read = [_count_tokens(query.prompt) for query in queries]
        work = stamp.now()
        stamp.add("host", start, work, batch=batch)
        self._fail_at(f"batch {batch}")
        self._pass(self._model.prefill_s)
        done = stamp.now()
        stamp.add("classify", work, done, batch=batch, tokens=sum(read))
        labels = [self._answer(query).strip() for query in queries]
        end = stamp.now()
        stamp.add("host", done, end, batch=batch)
        return [
            Generation(
                query_id=query.id,
                text=label,
                batch=batch,
                input_tokens=tokens_in,
                output_tokens=0,
                start_ns=start,
                end_ns=end,
                stop_reason="label",
                confidence=1.0,
            )
            for query, tokens_in, label in zip(queries, read, labels, strict=True)
        ]

    def vram_peak_bytes(self) -> int | None:
        return None

    def close(self) -> None:
        self.facts = {}

    def _pass(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)

    def _fail_at(self, point: str) -> None:
        fault = self._model.fail
        if fault is None or not self._model.fails_at(point):
            return
        try:
            FAULTS[fault]()
        except MemoryError as reason:
            raise OutOfMemoryError(f"The fake model ran out of memory at {point}.") from reason

    def _answer(self, query: Query) -> str:
        right = _solve(query)
        if _share(query.id, self._seed) < self._model.accuracy:
            return f" {right}"
        if right.removeprefix("-").isdecimal():
            return f" {int(right) + 1}"
        return f" {_OPPOSITES.get(right, 'not ' + right)}"

    def _emit(self, text: str) -> tuple[str, int, str]:
        """What comes out within the limit: text, tokens (the end token included), stop reason."""
        raw = text.encode()
        at = find_stop(text, self._stops)
        if at is not None:
            said = text[:at].encode()
            ends = [len(stop.encode()) for stop in self._stops if text.startswith(stop, at)]
            if len(said) + min(ends) <= self._max_new_tokens:
                return text[:at], len(said) + min(ends), "stop"
        wanted = self._model.tokens or len(raw) + 1
        if wanted <= self._max_new_tokens:
            return text, wanted, "eos"
        return raw[: self._max_new_tokens].decode(errors="ignore"), self._max_new_tokens, "length"


def _solve(query: Query) -> str:
    """Worked out where it is arithmetic, else the gold answer, else the query's own words."""
    problem = _PROBLEM.fullmatch(query.text)
    if problem is None:
        return query.answer if query.answer is not None else query.text.strip()
    left, sign, right = (part.replace("−", "-") for part in problem.groups())
    a, b = int(left), int(right)
    if sign == "+":
        return str(a + b)
    return str(a - b) if sign == "-" else str(a * b)


class _Bytes:
    """Its tokenizer: one token a byte, and no form for conversations."""

    has_chat_template = False

    def chat(self, messages: Sequence[Mapping[str, str]], template: str | None = None) -> str:
        """Refused: it has no such form."""
        raise InputError("The fake engine writes no chat form.", "Take --chat off.")

    def count(self, text: str, *, special: bool = False) -> int:
        """Bytes of a text, and the start token of a whole prompt."""
        return _count_tokens(text) if special else len(text.encode())


def _count_tokens(text: str) -> int:
    """One token a byte, and a start token: no prompt is empty."""
    return len(text.encode()) + 1


def _share(query_id: str, seed: int) -> float:
    """A fixed number in [0, 1) for a query: whether it is answered right never changes."""
    digest = hashlib.sha256(f"{seed}/{query_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
