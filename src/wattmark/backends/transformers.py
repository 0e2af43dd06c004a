"""Hugging Face transformers on torch: greedy decoding and sequence classification.

The weights are cast once, when they are loaded. A batch is tokenised (host), its prompts are
read in one pass that ends with the first token (prefill), each further step gives one token to
every row that is still alive (decode), and the ids become text (host).

Token times come from the streamer hook of `generate`, not from a stopping criterion. The loop
ends every step by reading one flag back from the device, so it waits for the device anyway; the
hook stands just before that read and is handed the step's tokens on the host, so on CUDA a
stamp is taken when the tokens exist. A criterion runs earlier in the step, where the device may
still be at work: it would need a synchronisation of its own, and returns a tensor that the loop
combines, row by row, every step. Here a step costs one clock read, and on CUDA a copy of one id
a row into a wait that was due. It holds for any batch size; the hook is refused by beam search
alone, which is not used. What a stamp leaves out is the end-of-text test of its own step.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers
import torch
import transformers
from transformers.utils import logging

from wattmark.backends import Stamp
from wattmark.backends.batching import Answer, Padded, cut, pad
from wattmark.backends.tokenclock import TokenClock
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.transformers_model import check_options, find_device, greedy, read_model
from wattmark.errors import InputError, ModelError
from wattmark.models import ModelSource, find_model
from wattmark.schema import Generation, Query, Trial

PRELOAD = (
    "transformers.modeling_utils",
    "transformers.core_model_loading",
    "transformers.generation.utils",
    "transformers.cache_utils",
    "transformers.masking_utils",
    "transformers.integrations.accelerate",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.tokenization_utils_tokenizers",
    "safetensors.torch",
)
"""What transformers imports only when a model is loaded: two seconds, and no thread or device."""


class TransformersBackend:
    """A `Backend` that holds one model of transformers, on a CPU or on one CUDA device."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._model: Any = None
        self._tokenizer: Any = None
        self._device = torch.device("cpu")
        self._window: int | None = None
        self._generation: Any = None
        self._weight_bytes = 0
        self._loudness: tuple[int, bool] | None = None

    def load(self, trial: Trial) -> None:
        """Read the model into memory, in the trial's precision, on its device."""
        self.close()
        attention = check_options(trial)
        self._device = find_device(trial.device)
        source = find_model(
            trial.model,
            revision=trial.revision,
            allow_pickle=trial.allow_pickle,
            trust_remote_code=trial.trust_remote_code,
        )
        self._quiet()
        torch.manual_seed(trial.seed)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        with (
            memory_errors(f"loading '{trial.model}'", self._device, source.weight_bytes),
            load_errors(trial.model),
            warnings.catch_warnings(record=True) as heard,
        ):
            warnings.simplefilter("default")
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                source.path, local_files_only=True, trust_remote_code=trial.trust_remote_code
            )
            self._model, unexpected = read_model(source, trial, attention)
            self._model.to(self._device).eval()
        self._window = source.max_positions
        self._weight_bytes = sum(
            t.numel() * t.element_size()
            for t in (*self._model.parameters(), *self._model.buffers())
        )
        self._generation = greedy(self._model, self._tokenizer, trial.max_new_tokens)
        self.facts = self._describe(source, unexpected, [str(w.message) for w in heard])

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Greedy answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        padded = self._tokenise(queries, room=self._generation.max_new_tokens, left=True)
        ids, mask = self._tensors(padded)
        clock = TokenClock(stamp.now)
        prefill = stamp.now()
        stamp.add("host", start, prefill, batch=batch)
        shape = f"generating for {len(queries)} prompts of up to {padded.width} tokens"
        with memory_errors(shape, self._device, self._weight_bytes), torch.inference_mode():
            output = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=self._generation,
                streamer=clock,
            )
        times = clock.times
        answers = cut(output[:, padded.width :].tolist(), self._generation.eos_token_id or ())
        stamp.add("prefill", prefill, times[0], batch=batch, tokens=sum(padded.lengths))
        if len(times) > 1:
            later = sum(len(answer.ids) - 1 for answer in answers)
            stamp.add("decode", times[0], times[-1], batch=batch, tokens=later)
        texts = [self._text(answer) for answer in answers]
        end = stamp.now()
        stamp.add("host", times[-1], end, batch=batch)
        return [
            Generation(
                query_id=query.id,
                text=text,
                batch=batch,
                input_tokens=length,
                output_tokens=len(answer.ids),
                start_ns=start,
                end_ns=end,
                token_times_ns=tuple(times[: len(answer.ids)]),
                stop_reason=answer.stop_reason,
            )
            for query, length, answer, text in zip(
                queries, padded.lengths, answers, texts, strict=True
            )
        ]

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The most likely label of each text, with its probability."""
        start = stamp.now()
        padded = self._tokenise(queries, room=0, left=False)
        ids, mask = self._tensors(padded)
        work = stamp.now()
        stamp.add("host", start, work, batch=batch)
        shape = f"classifying {len(queries)} texts of up to {padded.width} tokens"
        with memory_errors(shape, self._device, self._weight_bytes), torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
            # Copied to the host here, so that on CUDA the stamp waits for the result.
            shares = torch.softmax(logits.float(), dim=-1).cpu()
        done = stamp.now()
        stamp.add("classify", work, done, batch=batch, tokens=sum(padded.lengths))
        confidences, indices = (best.tolist() for best in shares.max(dim=-1))
        labels = self._model.config.id2label
        texts = [str(labels[index]) for index in indices]
        end = stamp.now()
        stamp.add("host", done, end, batch=batch)
        return [
            Generation(
                query_id=query.id,
                text=text,
                batch=batch,
                input_tokens=length,
                output_tokens=0,
                start_ns=start,
                end_ns=end,
                stop_reason="label",
                confidence=confidence,
            )
            for query, length, text, confidence in zip(
                queries, padded.lengths, texts, confidences, strict=True
            )
        ]

    def vram_peak_bytes(self) -> int | None:
        """Most bytes that torch held on the device since `load`; None on a CPU."""
        if self._device.type != "cuda":
            return None
        return int(torch.cuda.max_memory_allocated(self._device))

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._model = self._tokenizer = self._generation = None
        self.facts = {}
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if self._loudness is not None:
            verbosity, progress = self._loudness
            logging.set_verbosity(verbosity)
            if progress:
                logging.enable_progress_bar()
            self._loudness = None

    def _quiet(self) -> None:
        """No progress bars and no log lines: a worker's standard streams belong to the runner."""
        self._loudness = (logging.get_verbosity(), logging.is_progress_bar_enabled())
        logging.set_verbosity_error()
        logging.disable_progress_bar()

    def _describe(self, source: ModelSource, unexpected: int, heard: list[str]) -> dict[str, Any]:
        """What was loaded, as plain values."""
        config = self._model.config
        return {
            "kind": source.kind,
            "architecture": source.architecture,
            "revision": source.revision,
            "parameters": sum(p.numel() for p in self._model.parameters()),
            "weight_bytes": self._weight_bytes,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "device": str(self._device),
            "attention": getattr(config, "_attn_implementation", None),
            "max_positions": self._window,
            "threads": torch.get_num_threads(),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "unexpected_tensors": unexpected,
            "load_warnings": heard,
            "versions": {
                "torch": str(torch.__version__),
                "transformers": transformers.__version__,
                "tokenizers": tokenizers.__version__,
                "cuda": torch.version.cuda,
            },
        }

    def _tokenise(self, queries: Sequence[Query], *, room: int, left: bool) -> Padded:
        """Ids of a batch, padded; nothing is ever truncated."""
        rows: list[list[int]] = self._tokenizer([query.prompt for query in queries])["input_ids"]
        for query, row in zip(queries, rows, strict=True):
            if not row:
                row.append(self._first_token(query))
            if self._window is not None and len(row) + room > self._window:
                asked = f" and up to {room} new ones are asked for" if room else ""
                raise ModelError(
                    f"Query '{query.id}' has {len(row)} tokens{asked}: "
                    f"that does not fit into the model's window of {self._window}.",
                    f"Leave it out, or keep prompts to {max(self._window - room, 0)} tokens"
                    + (" or lower --max-new-tokens." if room else "."),
                )
        return pad(rows, self._generation.pad_token_id, left=left)

    def _first_token(self, query: Query) -> int:
        """What stands in for a prompt without tokens: the start token."""
        start = self._tokenizer.bos_token_id
        if start is None:
            raise InputError(
                f"Query '{query.id}' has no tokens, and the model has no start token.",
                "Leave the empty query out.",
            )
        return int(start)

    def _tensors(self, padded: Padded) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and attention mask on the device, each batch × width."""
        ids = torch.tensor(padded.ids, device=self._device)
        return ids, torch.tensor(padded.mask, device=self._device)

    def _text(self, answer: Answer) -> str:
        return str(self._tokenizer.decode(answer.ids, skip_special_tokens=True))
