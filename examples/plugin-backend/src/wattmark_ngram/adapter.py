"""The engine's side in Wattmark: asks the process, and stamps what comes as it comes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wattmark.backends import Stamp
from wattmark.backends.batching import cut
from wattmark.backends.work import Work
from wattmark.errors import ModelError, WattmarkError, unknown
from wattmark.schema import Generation, Query, Trial
from wattmark_ngram.spec import MODEL, is_ours

_END_ID = 0


class NgramBackend:
    """A `Backend` whose model lives in another process."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._server: subprocess.Popen[str] | None = None
        self._most = 0

    def load(self, trial: Trial) -> None:
        """Start the process and wait until it holds the model."""
        self.close()
        if not is_ours(trial.model):
            raise ModelError(unknown("model", trial.model, [MODEL]))
        self._most = trial.max_new_tokens
        self._server = subprocess.Popen(
            [sys.executable, "-m", "wattmark_ngram.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        (told,) = self._ask(ask="facts")
        self.facts = {
            **told,
            "dtype": "float32",
            "attention": None,
            "max_positions": None,
            "versions": {"python": sys.version.split()[0]},
        }

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The likeliest letters after each prompt, each step stamped when its line has come."""
        start = stamp.now()
        prompts = [query.prompt for query in queries]
        began = stamp.now()
        answer = self._ask(ask="generate", prompts=prompts, most=self._most)
        lengths = next(answer)["read"]
        steps, times_ns = [], []
        for part in answer:
            times_ns.append(stamp.now())
            steps.append(part["step"])
        rows = cut([list(row) for row in zip(*steps, strict=True)], {_END_ID})
        work = Work(batch, queries, lengths, stamp, start, began, times_ns)
        return work.answers(rows, _text)

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The likeliest label of each text."""
        start = stamp.now()
        texts = [query.prompt for query in queries]
        began = stamp.now()
        (told,) = self._ask(ask="classify", texts=texts)
        work = Work(batch, queries, told["read"], stamp, start, began, [stamp.now()])
        return work.labels([(label, share) for label, share in told["labels"]])

    def vram_peak_bytes(self) -> int | None:
        """It runs on no GPU."""
        return None

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            self._server.kill()
            self._server.communicate()  # reaps it and closes both pipes
            self._server = None
        self.facts = {}

    def _ask(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """The parts of an answer, as they come."""
        server = self._server
        if server is None or server.stdin is None or server.stdout is None:
            raise WattmarkError("Nothing is loaded.")
        try:
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: its silence says so below
        for line in server.stdout:
            part = json.loads(line)
            if "done" in part:
                return
            yield part
        raise WattmarkError(f"The model's process has ended with code {server.wait()}.")


def _text(ids: Sequence[int]) -> str:
    return "".join(chr(letter) for letter in ids if letter != _END_ID)
