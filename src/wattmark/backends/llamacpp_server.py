"""llama.cpp's server inside this process: started with a model, asked for batches, stamped.

One call hands over all the prompts of a batch, which then share the steps of the server's
continuous batching; its callback sees each token of each row when it comes. The server insists on
listening somewhere: a socket file in a private folder, so that no port is open. Nothing is kept
from one prompt to the next.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xllamacpp
from xllamacpp import CommonParams, ggml_type, llama_flash_attn_type, llama_split_mode

from wattmark.backends.choosing import Chooser
from wattmark.backends.llamacpp_limits import FLASH
from wattmark.errors import ModelError
from wattmark.schema import Option

_FLASH = dict(
    zip(
        FLASH,
        (
            llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_AUTO,
            llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED,
            llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED,
        ),
        strict=True,
    )
)
_ALL_LAYERS = 9999
STOPPED = "stopped by its text"
_LONGEST_SOCKET = 100
"""A socket's path has room for 107 bytes."""


@dataclass
class Row:
    """What one prompt got, as it came."""

    ids: list[int] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)
    """Of each token, the end token included."""
    logarithms: list[float] = field(default_factory=list)
    """Log-probability of each token, where the server told it."""
    pieces: list[str] = field(default_factory=list)
    stop: str = ""
    """stop (an end token), length, or STOPPED; empty until it is done."""
    prompt_tokens: int = 0


class Server:
    """A running server with one model and `slots` rows that are worked on together."""

    def __init__(
        self,
        model: Path,
        *,
        slots: int,
        context: int,
        threads: int,
        gpu: int | None,
        full_cache: bool,
        options: Mapping[str, Option],
    ) -> None:
        """`context`: tokens of a row; `gpu`: its index, None for none; `full_cache`: fp32 keys."""
        self._server: Any = None
        self._folder = Path(tempfile.mkdtemp(prefix="wattmark-"))
        params = CommonParams()
        params.model.path = str(model)
        params.n_parallel = slots
        params.n_ctx = slots * context
        params.kv_unified = False
        params.n_ubatch = int(options.get("ubatch", 512))
        params.n_batch = max(params.n_batch, params.n_ubatch)
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = threads
        params.flash_attn_type = _FLASH[str(options.get("flash-attention", "auto"))]
        if full_cache:
            params.cache_type_k = params.cache_type_v = ggml_type.GGML_TYPE_F32
        params.n_gpu_layers = 0 if gpu is None else int(options.get("gpu-layers", _ALL_LAYERS))
        if gpu is not None:
            params.main_gpu = gpu
            params.split_mode = llama_split_mode.LLAMA_SPLIT_MODE_NONE
        # A prompt that was seen before is read again: it shall not look free.
        params.cache_prompt = False
        params.cache_ram_mib = 0
        params.cache_idle_slots = False
        params.n_ctx_checkpoints = 0
        params.fit_params = False  # takes what was asked for, or fails
        params.ui = False
        params.verbosity = -1
        socket = self._folder / "llama.sock"
        if len(str(socket)) < _LONGEST_SOCKET:
            params.hostnames = [str(socket)]
        try:
            self._server = xllamacpp.Server(params)
            # A server that is stopped before its loop runs never stops: it first answers once,
            # which also is the first computation, in which it lays out its memory.
            self.run([[0]], 1, time.monotonic_ns, endless=True, chooser=Chooser(None, 0))
        except ModelError:
            self.close()
            raise
        except RuntimeError as reason:
            self.close()
            raise ModelError(
                f"llama.cpp cannot load '{model.name}' with {slots} rows of {context} tokens:"
                f" {str(reason).rstrip('.')}.",
                "Check the file; with little memory, take a smaller batch or --option context.",
            ) from reason

    def run(
        self,
        prompts: Sequence[Any],
        most: int,
        now: Callable[[], int],
        *,
        endless: bool,
        chooser: Chooser,
        stopped: Callable[[int, Row], bool] | None = None,
    ) -> list[Row]:
        """Answers to prompts (token ids, or text) of at most `most` tokens each.

        `stopped` is asked at each token whether a row, told by its place, has ended by it. Such a
        row takes no more in; the server goes on with it until all rows have ended.
        """
        rows = [Row() for _ in prompts]
        failed: list[str] = []

        def take(chunk: Any) -> bool:
            moment = now()
            if chunk is None:
                return False
            if "choices" not in chunk:
                failed.append(str(chunk.get("message") or chunk.get("error") or chunk))
                return True
            for choice in chunk["choices"]:
                row = rows[choice["index"]]
                if row.stop:
                    continue
                _note(row, choice, chunk, moment)
                if stopped is not None and not row.stop and stopped(choice["index"], row):
                    row.stop = STOPPED
            return stopped is not None and all(row.stop for row in rows)

        self._server.handle_completions(
            {
                "prompt": list(prompts),
                "max_tokens": most,
                "stream": True,
                **_drawing(chooser),
                "cache_prompt": False,
                "ignore_eos": endless,
                # Ids come with probabilities alone; after sampling they cost nothing to have.
                "n_probs": 1,
                # A prompt's length comes with its answer's end, which is not waited for then.
                "timings_per_token": stopped is not None,
                "post_sampling_probs": not chooser.asking.confidence,
            },
            take,
        )
        if failed or not all(row.stop and row.ids for row in rows):
            why = failed[0] if failed else "it stopped without an answer"
            raise ModelError(f"llama.cpp refused the batch: {why}.", "Shorten its prompts.")
        return rows

    def close(self) -> None:
        """Stop it and free the model."""
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _drawing(chooser: Chooser) -> dict[str, Any]:
    """How tokens are chosen, in the server's words."""
    asking = chooser.asking
    if asking.temperature <= 0:
        return {"temperature": 0, "top_k": 1}
    return {
        "temperature": asking.temperature,
        "top_p": asking.top_p,
        "top_k": 0,
        "min_p": 0,
        "seed": chooser.batch_seed,
    }


def _note(row: Row, choice: Mapping[str, Any], chunk: Mapping[str, Any], moment: int) -> None:
    """One piece of an answer, or its end."""
    listed = (choice.get("logprobs") or {}).get("content") or ()
    row.pieces.append(choice.get("text") or "")
    row.prompt_tokens = int((chunk.get("timings") or {}).get("prompt_n", row.prompt_tokens))
    for token in listed:
        row.ids.append(int(token["id"]))
        row.times_ns.append(moment)
        if token.get("logprob") is not None:
            row.logarithms.append(float(token["logprob"]))
    if not choice.get("finish_reason"):
        return
    row.stop = choice["finish_reason"]
    usage = chunk.get("usage") or {}
    row.prompt_tokens = int(usage.get("prompt_tokens", 0))
    # Tokens that are part of a character are held back: seen when the whole is, or at the end.
    held = int(usage.get("completion_tokens", 0)) - len(row.ids)
    if held > 0:
        row.ids += [-1] * held
        row.times_ns += [moment] * held
