"""A model of yours, its answer and what the answer cost: `EnergyEfficientInference`.

The measured stretch is the whole of it: the prompt into ids, `generate`, and ids into text. Where
`generate` takes a streamer, the first token's stamp parts prefill from decode: a streamer is
handed each step's tokens on the host, so that on a GPU a stamp is taken when they exist. Without
one (beam search, another library) the phases are absent, and a doubt says so. Tokens are counted
from the ids that came out, the end token included.

One short answer is often shorter than a sensor can tell: look at the interval and the doubts.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattmark.backends.tokenclock import TokenClock
from wattmark.errors import InputError
from wattmark.meter import Sensor
from wattmark.monitor.monitor import EnergyMonitor
from wattmark.monitor.result import EnergyResult, Figures, WindowResult
from wattmark.schema import Doubt

# What `generate` of every causal model takes; others (token_type_ids) some refuse.
_TAKEN = ("input_ids", "attention_mask")


@dataclass(frozen=True, eq=False, kw_only=True)
class InferenceResult(Figures):
    """An answer and its cost; intervals at 95 %, without the sensors' gain. None: not measured."""

    output: str
    """The answer alone, without the prompt and without special tokens."""
    tokens_generated: int
    prompt_tokens: int
    energy_joules: float | None
    energy_low_joules: float | None
    energy_high_joules: float | None
    joules_per_token: float | None
    joules_per_token_low: float | None
    joules_per_token_high: float | None
    duration_seconds: float
    tokens_per_second: float | None
    time_to_first_token_seconds: float | None
    avg_power_watts: float | None
    provenance: str | None
    gain_uncertainty: float | None
    prefill: WindowResult | None
    decode: WindowResult | None
    energy: EnergyResult
    """All of what was measured."""
    doubts: tuple[Doubt, ...]


class EnergyEfficientInference:
    """Wraps a model and a tokenizer in the manner of transformers, and measures each answer.

    The model has `generate(input_ids=…, attention_mask=…, max_new_tokens=…)`, the tokenizer is
    called as `tokenizer(prompt, return_tensors="pt")` and has `decode(ids)`. The model stays on
    the device where it is. `gpu_id`, `sampling_interval`, `sensors` and `idle_seconds` are those
    of EnergyMonitor.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        gpu_id: int | None = 0,
        *,
        sampling_interval: float = 0.1,
        sensors: str | Iterable[str | Sensor] | None = None,
        idle_seconds: float = 0.0,
    ) -> None:
        for thing, method in ((model, "generate"), (tokenizer, "decode")):
            if not callable(getattr(thing, method, None)):
                raise InputError(
                    f"{type(thing).__name__} has no {method}().",
                    "Give a model and a tokenizer of transformers, or what works like them.",
                )
        self.model = model
        self.tokenizer = tokenizer
        self.monitor = EnergyMonitor(
            gpu_id, sampling_interval, sensors=sensors, idle_seconds=idle_seconds
        )
        taken = inspect.signature(model.generate).parameters
        self._streams = "streamer" in taken

    def generate_with_energy_tracking(
        self, prompt: str, max_tokens: int = 128, **generation: Any
    ) -> InferenceResult:
        """One answer of at most `max_tokens` tokens; `generation` goes to `model.generate`.

        Raises InputError for a prompt that is no text and for less than one token.
        """
        if not isinstance(prompt, str):
            raise InputError(f"A prompt is a text, not {type(prompt).__name__}.")
        if max_tokens < 1:
            raise InputError(f"max_tokens is {max_tokens}; it must be 1 or more.")
        clock = TokenClock() if self._may_stream(generation) else None
        streamer = {} if clock is None else {"streamer": clock}
        self._synchronise()  # what was queued before is not this answer's
        with self.monitor:
            inputs = self._inputs(prompt)
            started_ns = time.monotonic_ns()
            returned = self.model.generate(
                **inputs, max_new_tokens=max_tokens, **streamer, **generation
            )
            prompt_tokens = int(inputs["input_ids"].shape[-1])
            ids = self._answer(returned, prompt_tokens)
            output = str(self.tokenizer.decode(ids, skip_special_tokens=True))
            if clock is not None and clock.times:
                self._stamp(started_ns, clock.times)
        energy = self.monitor.result
        assert energy is not None  # noqa: S101 - the monitor has just stopped
        ttft_ns = clock.times[0] - started_ns if clock is not None and clock.times else None
        return _result(output, len(ids), prompt_tokens, energy, ttft_ns)

    def close(self) -> None:
        """Close the sensors; the model stays as it is."""
        self.monitor.close()

    def _may_stream(self, generation: Mapping[str, Any]) -> bool:
        """Whether `generate` takes our streamer: not with beams, and not beside the caller's."""
        stored = getattr(self.model, "generation_config", None)
        config = generation.get("generation_config", stored)
        beams = generation.get("num_beams", getattr(config, "num_beams", None))
        return self._streams and (beams or 1) == 1 and "streamer" not in generation

    def _inputs(self, prompt: str) -> dict[str, Any]:
        """Ids and attention mask, each 1 × tokens, on the model's device."""
        encoded = self.tokenizer(prompt, return_tensors="pt")
        device = getattr(self.model, "device", None)
        inputs = {name: encoded[name] for name in _TAKEN if name in encoded}
        if device is None:
            return inputs
        return {name: tensor.to(device) for name, tensor in inputs.items()}

    def _answer(self, returned: Any, prompt_tokens: int) -> list[int]:
        """The ids that came out, without the prompt's."""
        # With return_dict_in_generate the ids are a field of what is returned.
        row = getattr(returned, "sequences", returned)[0].tolist()
        config = getattr(self.model, "config", None)
        # An encoder-decoder returns the decoder's ids alone, after its start token.
        start = 1 if getattr(config, "is_encoder_decoder", False) else prompt_tokens
        return [int(token) for token in row[start:]]

    def _stamp(self, started_ns: int, times: list[int]) -> None:
        self.monitor.add_window("prefill", started_ns, times[0])
        if len(times) > 1:
            self.monitor.add_window("decode", times[0], times[-1])

    def _synchronise(self) -> None:
        torch = sys.modules.get("torch")
        if (
            torch is not None
            and getattr(getattr(self.model, "device", None), "type", None) == "cuda"
        ):
            torch.cuda.synchronize(self.model.device)


def _result(
    output: str, tokens: int, prompt_tokens: int, energy: EnergyResult, ttft_ns: int | None
) -> InferenceResult:
    def each(joules: float | None) -> float | None:
        return joules / tokens if joules is not None and tokens else None

    doubts = energy.doubts
    if ttft_ns is None:
        doubts = (
            *doubts,
            Doubt(
                "no-phases",
                "No token was stamped: prefill and decode are not told apart.",
                "Use greedy decoding or sampling with a generate() that takes a streamer.",
            ),
        )
    seconds = energy.duration_seconds
    return InferenceResult(
        output=output,
        tokens_generated=tokens,
        prompt_tokens=prompt_tokens,
        energy_joules=energy.energy_joules,
        energy_low_joules=energy.energy_low_joules,
        energy_high_joules=energy.energy_high_joules,
        joules_per_token=each(energy.energy_joules),
        joules_per_token_low=each(energy.energy_low_joules),
        joules_per_token_high=each(energy.energy_high_joules),
        duration_seconds=seconds,
        tokens_per_second=tokens / seconds if seconds > 0 else None,
        time_to_first_token_seconds=None if ttft_ns is None else ttft_ns / 1e9,
        avg_power_watts=energy.avg_power_watts,
        provenance=energy.provenance,
        gain_uncertainty=energy.gain_uncertainty,
        prefill=energy.windows.get("prefill"),
        decode=energy.windows.get("decode"),
        energy=energy,
        doubts=doubts,
    )
