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
alone, which is not used. What a stamp leaves out is the end-of-text test of its own step. A task
with stop strings does need a criterion (`Stopped`): its wait, and its reading of a step's tokens,
fall before the step's stamp.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import tokenizers
import torch
import transformers
from transformers.utils import logging

from wattmark.backends import Stamp
from wattmark.backends.batching import Padded, cut
from wattmark.backends.quantized import Quantized, quantize, weight_bytes
from wattmark.backends.stopping import StopWatch
from wattmark.backends.texts import Texts
from wattmark.backends.tokenclock import TokenClock
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.transformers_compiled import Compilations, StaticCaches, compile_config
from wattmark.backends.transformers_drawing import Confidences, Stopped, seed_batch
from wattmark.backends.transformers_gpus import (
    Devices,
    describe_gpus,
    empty_gpus,
    open_gpus,
    peaks_bytes,
    wait_for_gpus,
)
from wattmark.backends.transformers_limits import QUANTIZED
from wattmark.backends.transformers_model import (
    Setup,
    arithmetic,
    check_options,
    decoding,
    read_model,
)
from wattmark.backends.work import Work
from wattmark.models import RANDOM, ModelSource, find_model
from wattmark.schema import Asking, Generation, Query, Trial

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
    """A `Backend` that holds one model of transformers, on a CPU, a GPU or several of them."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._model: Any = None
        self._texts: Any = None
        self._devices: Devices = (torch.device("cpu"),)
        self._device_name = "cpu"
        self._caches: StaticCaches | None = None
        self._compilations: Compilations | None = None
        self._generation: Any = None
        self._weight_bytes = 0
        self._seed, self._asking = 0, Asking()
        self._watch = StopWatch()
        self._loudness: tuple[int, bool] | None = None
        self._arithmetic = ExitStack()
        self._without_gradients: Callable[[], Any] = torch.inference_mode

    @property
    def texts(self) -> Texts | None:
        """The model's tokenizer; None before `load`."""
        texts: Texts | None = self._texts
        return texts

    def load(self, trial: Trial) -> None:
        """Read the model into memory, in the trial's precision, on its device."""
        self.close()
        setup = check_options(trial)
        self._devices, self._device_name = setup.devices, trial.device
        source = find_model(
            trial.model,
            revision=trial.revision,
            allow_pickle=trial.allow_pickle,
            trust_remote_code=trial.trust_remote_code,
            weights=trial.weights,
        )
        self._quiet()
        torch.manual_seed(trial.seed)
        with (
            memory_errors(f"loading '{trial.model}'", trial.device, source.weight_bytes),
            load_errors(trial.model),
            warnings.catch_warnings(record=True) as heard,
        ):
            warnings.simplefilter("default")
            open_gpus(self._devices)
            self._texts = Texts(
                source.path,
                window=source.max_positions,
                trust_remote_code=trial.trust_remote_code,
            )
            self._model, unexpected = read_model(source, trial, setup)
            parameters = sum(p.numel() for p in self._model.parameters())
            packed = None
            if setup.precision in QUANTIZED:
                packed = quantize(self._model.eval(), setup.precision, setup.device, setup.dtype)
            self._model.eval()
            if len(self._devices) == 1:
                self._model.to(setup.device)
            # A GPU may still be at work: what it does here is no part of the first batch.
            wait_for_gpus(self._devices)
        self._weight_bytes = weight_bytes(self._model)
        self._seed, self._asking = trial.seed, trial.asking or Asking()
        self._generation = decoding(
            self._model,
            self._texts.tokenizer,
            trial.max_new_tokens,
            fixed=source.origin == RANDOM,
            compiled=self._prepare_shapes(setup, source),
            asking=self._asking,
        )
        self._texts.pad_id = self._generation.pad_token_id
        stops = () if source.origin == RANDOM else trial.stops
        self._watch = StopWatch(stops, self._texts.text)
        # Autocast keeps its copies of trainable weights alone, and of none in inference mode.
        self._without_gradients = torch.no_grad if setup.autocast else torch.inference_mode
        self._model.requires_grad_(setup.autocast is not None)
        self._arithmetic.enter_context(arithmetic(setup))
        self.facts = {
            **self._describe(source, unexpected, [str(w.message) for w in heard]),
            "parameters": parameters,
            **_number_formats(setup, packed, str(self._model.dtype).removeprefix("torch.")),
            **describe_gpus(self._devices, self._model),
        }
        self._tell_compiled()

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=self._generation.max_new_tokens, left=True)
        ids, mask = self._tensors(padded)
        clock = TokenClock(stamp.now)
        told = Confidences() if self._asking.confidence else None
        watch = self._watch
        watch.begin(queries)
        if self._asking.temperature:
            seed_batch(self._seed, batch)
        prefill = stamp.now()
        shape = f"generating for {len(queries)} prompts of up to {padded.width} tokens"
        with memory_errors(shape, self._device_name, self._weight_bytes), self._without_gradients():
            output = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=self._generation,
                streamer=clock,
                logits_processor=None if told is None else [told],
                stopping_criteria=[Stopped(watch)] if watch.stops else None,
                **self._cache_for(padded),
            )
        self._tell_compiled()
        answers = cut(
            output[:, padded.width :].tolist(),
            self._generation.eos_token_id or (),
            watch.lengths,
        )
        times, stops = clock.times, watch.stops
        work = Work(batch, queries, padded.lengths, stamp, start, prefill, times, stops=stops)
        lengths = [len(answer.ids) for answer in answers]
        return work.answers(
            answers, self._texts.text, None if told is None else told.of(output, lengths)
        )

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The most likely label of each text, with its probability."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=0, left=False)
        ids, mask = self._tensors(padded)
        began = stamp.now()
        shape = f"classifying {len(queries)} texts of up to {padded.width} tokens"
        with memory_errors(shape, self._device_name, self._weight_bytes), self._without_gradients():
            logits = self._model(input_ids=ids, attention_mask=mask).logits
            # Copied to the host here, so that on CUDA the stamp waits for the result.
            shares = torch.softmax(logits.float(), dim=-1).cpu()
        work = Work(batch, queries, padded.lengths, stamp, start, began, [stamp.now()])
        self._tell_compiled()
        labels = self._model.config.id2label
        confidences, indices = (best.tolist() for best in shares.max(dim=-1))
        chosen = [(str(labels[k]), share) for k, share in zip(indices, confidences, strict=True)]
        return work.labels(chosen)

    def vram_peak_bytes(self) -> int | None:
        """Most bytes that torch held since `load`, over all GPUs; None on a CPU.

        `facts` then tell it by GPU, where there are several.
        """
        peaks = peaks_bytes(self._devices)
        if len(peaks) > 1:
            self.facts = {**self.facts, "vram_peak_bytes_by_gpu": peaks}
        return sum(peaks.values()) if peaks else None

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._arithmetic.close()
        self._model = self._texts = self._generation = None
        self._caches = None
        if self._compilations is not None:
            self._compilations.forget()
        self._compilations = None
        self.facts = {}
        gc.collect()
        empty_gpus(self._devices)
        if self._loudness is not None:
            verbosity, progress = self._loudness
            logging.set_verbosity(verbosity)
            if progress:
                logging.enable_progress_bar()
            self._loudness = None

    def _prepare_shapes(self, setup: Setup, source: ModelSource) -> Any:
        """What a static cache and torch.compile need; the CompileConfig of `generate`, or None."""
        if setup.cache != "static":
            return None
        if source.kind == "causal":
            self._caches = StaticCaches(self._model.config, source.max_positions)
        if setup.compile_mode is None:
            return None
        self._compilations = Compilations()
        if source.kind == "causal":
            return compile_config(setup.compile_mode)
        self._model.compile(mode=setup.compile_mode)
        return None

    def _cache_for(self, padded: Padded) -> dict[str, Any]:
        """What `generate` is told of a static cache."""
        if self._caches is None:
            return {}
        room = int(self._generation.max_new_tokens)
        return {"past_key_values": self._caches.cleared(len(padded.lengths), padded.width + room)}

    def _tell_compiled(self) -> None:
        """Facts of what has been compiled up to here."""
        if self._compilations is not None:
            self.facts = {**self.facts, **self._compilations.facts()}

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
            "tokenizer": source.tokenizer,
            "weight_bytes": self._weight_bytes,
            "device": self._device_name,
            "attention": getattr(config, "_attn_implementation", None),
            "max_positions": source.max_positions,
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

    def _tensors(self, padded: Padded) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and attention mask on the device, each batch × width."""
        first = self._devices[0]
        return torch.tensor(padded.ids, device=first), torch.tensor(padded.mask, device=first)


def _number_formats(setup: Setup, packed: Quantized | None, dtype: str) -> dict[str, Any]:
    """How weights are held and computed with, as plain values; `dtype` is that of unpacked ones."""
    return {
        "dtype": dtype,
        "compute_dtype": setup.compute,
        "quantized": 0.0 if packed is None else packed.share,
        "stored": None if packed is None else packed.stored,
        "compile": setup.compile_mode,
        "cache": setup.cache or "dynamic",
    }
