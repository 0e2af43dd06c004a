"""Causal models through onnxruntime-genai: its cache, its loop, one stamp a step.

Rows are padded on the right: its attention counts each row's own tokens from the mask, and writes
the next ones behind them. It makes that mask itself, from the ids at a row's end that equal the
padding's, so the padding must be an id that no prompt ends with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime_genai as genai

from wattmark.backends.batching import pad
from wattmark.backends.choosing import Chooser
from wattmark.backends.stopping import StopWatch
from wattmark.errors import ModelError


class Generator:
    """One model in memory, ready to answer."""

    def __init__(
        self,
        folder: Path,
        *,
        family: str,
        threads: int,
        pad_id: int,
        eos_ids: Collection[int],
        endless: bool,
    ) -> None:
        config: Any = genai.Config(str(folder))
        session = {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
        decoder = {"session_options": session}
        changes: dict[str, Any] = {"decoder": decoder, "pad_token_id": pad_id}
        if eos_ids:
            changes["eos_token_id"] = sorted(eos_ids)
        config.overlay(json.dumps({"model": changes}))
        config.clear_providers()
        if family == "cuda":
            config.append_provider("cuda")
        self._model: Any = genai.Model(config)
        self._pad_id = pad_id
        self._eos_ids = sorted(eos_ids)
        self._endless = endless
        """Whether the end of text is ignored."""

    def answer(
        self,
        rows: Sequence[Sequence[int]],
        most: int,
        now: Callable[[], int],
        chooser: Chooser,
        watch: StopWatch,
    ) -> tuple[list[list[int]], list[int]]:
        """New tokens of each row, with padding behind its end, and the stamp of each step.

        It draws by itself, as `chooser` would; how likely tokens were it does not tell. It is
        left alone once all rows have ended, or stopped by their text (`watch`).
        """
        padded = pad(rows, self._pad_id, left=False)
        self._check(rows)
        length = padded.width + most
        parameters: Any = genai.GeneratorParams(self._model)
        parameters.set_search_options(
            batch_size=len(rows),
            max_length=length,
            min_length=length if self._endless else 0,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            **_drawing(chooser),
        )
        generator: Any = genai.Generator(self._model, parameters)
        generator.append_tokens(np.array(padded.ids, dtype=np.int32))
        said: list[Any] = []
        times: list[int] = []
        alive = np.ones(len(rows), dtype=bool)
        while alive.any() and not generator.is_done():
            generator.generate_next_token()
            # Asked for step by step: a last end token never gets into the engine's sequences.
            said.append(generator.get_next_tokens())
            times.append(now())
            alive &= ~np.isin(said[-1], self._eos_ids) & watch.going_on(said[-1])
        answers: list[list[int]] = np.stack(said, axis=1).tolist()
        return answers, times

    def _check(self, rows: Sequence[Sequence[int]]) -> None:
        """Refuse an end of a prompt that could not be told from padding."""
        if any(row[-1] == self._pad_id for row in rows):
            raise ModelError(
                f"A prompt ends with the token {self._pad_id} that onnxruntime-genai fills rows up"
                " with: it would not be read.",
                "Leave that token out of the end of prompts.",
            )


def _drawing(chooser: Chooser) -> dict[str, Any]:
    """Search options of how tokens are chosen."""
    asking = chooser.asking
    if asking.temperature <= 0:
        return {"do_sample": False, "temperature": 1.0, "top_k": 1, "top_p": 1.0}
    return {
        "do_sample": True,
        "temperature": asking.temperature,
        "top_k": 0,
        "top_p": asking.top_p,
        "random_seed": chooser.batch_seed,
    }
