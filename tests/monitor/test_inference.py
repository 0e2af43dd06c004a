from typing import Any

import pytest
import torch
import transformers

from wattmark import EnergyEfficientInference
from wattmark.errors import InputError
from wattmark.models import find_model

QUICK = "simulated:watts=100,period=0.002"
PROMPT = "27 + 58 ="


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    folder = find_model("embedded/arithmetic").path
    load: Any = transformers.AutoModelForCausalLM.from_pretrained
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained
    return load(folder), tokenizer(folder)


@pytest.fixture(scope="module")
def inference(loaded: tuple[Any, Any]) -> EnergyEfficientInference:
    model, tokenizer = loaded
    return EnergyEfficientInference(model, tokenizer, sampling_interval=0.01, sensors=QUICK)


def test_an_answer_with_its_cost(
    loaded: tuple[Any, Any], inference: EnergyEfficientInference
) -> None:
    model, tokenizer = loaded
    result = inference.generate_with_energy_tracking(PROMPT, max_tokens=12)
    ids = tokenizer(PROMPT, return_tensors="pt")
    expected = model.generate(**ids, max_new_tokens=12)[0, ids["input_ids"].shape[1] :]
    assert result.output == tokenizer.decode(expected, skip_special_tokens=True)
    assert PROMPT not in result.output
    assert result.tokens_generated == len(expected)
    assert result.prompt_tokens == ids["input_ids"].shape[1]
    assert result.energy_joules is not None
    assert result.energy_low_joules is not None
    assert result.energy_high_joules is not None
    truth_j, tick_j = 100 * result.duration_seconds, 0.2
    assert result.energy_low_joules - tick_j <= truth_j <= result.energy_high_joules + tick_j
    assert result["joules_per_token"] == result.energy_joules / result.tokens_generated
    assert result.joules_per_token_low == result.energy_low_joules / result.tokens_generated
    assert result.joules_per_token_high == result.energy_high_joules / result.tokens_generated
    assert {"output", "energy_joules", "tokens_generated"} <= set(result.keys())


def test_prefill_ends_with_the_first_token_and_decode_with_the_last(
    inference: EnergyEfficientInference,
) -> None:
    result = inference.generate_with_energy_tracking(PROMPT, 8)
    assert result.prefill is not None
    assert result.decode is not None
    seconds = result.prefill.duration_seconds, result.decode.duration_seconds
    assert result.time_to_first_token_seconds == seconds[0] > 0
    assert 0 < sum(seconds) < result.duration_seconds
    prefill, decode = result.energy.windows
    assert prefill.end_ns == decode.start_ns
    one = inference.generate_with_energy_tracking(PROMPT, 1)
    assert one.tokens_generated == 1
    assert one.decode is None
    assert one.prefill is not None


def test_no_more_tokens_than_asked_and_the_end_token_counts(
    loaded: tuple[Any, Any], inference: EnergyEfficientInference
) -> None:
    _, tokenizer = loaded
    few = inference.generate_with_energy_tracking(PROMPT, 3)
    assert few.tokens_generated == 3
    # The first token is made an end token: one id comes out, and no text.
    first = tokenizer(few.output, add_special_tokens=False)["input_ids"][0]
    ended = inference.generate_with_energy_tracking(PROMPT, 8, eos_token_id=first, pad_token_id=0)
    assert ended.tokens_generated == 1


def test_with_beams_there_are_no_phases_and_that_is_told(
    inference: EnergyEfficientInference,
) -> None:
    result = inference.generate_with_energy_tracking(PROMPT, 4, num_beams=2)
    assert result.prefill is None
    assert result.decode is None
    assert result.time_to_first_token_seconds is None
    assert "no-phases" in [doubt.code for doubt in result.doubts]
    assert result.tokens_generated > 0


class Echo:
    """A model of another library: no streamer, no config, no device. Says the prompt backwards."""

    def generate(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, max_new_tokens: int
    ) -> torch.Tensor:
        assert attention_mask.shape == input_ids.shape
        return torch.cat([input_ids, input_ids.flip(-1)[:, :max_new_tokens]], dim=-1)


def test_a_model_that_only_looks_like_one_of_transformers(loaded: tuple[Any, Any]) -> None:
    _, tokenizer = loaded
    inference = EnergyEfficientInference(Echo(), tokenizer, sensors=QUICK)
    result = inference.generate_with_energy_tracking("1 + 2 =", max_tokens=2)
    assert result.tokens_generated == 2
    assert result.output == tokenizer.decode(tokenizer("1 + 2 =")["input_ids"][::-1][:2])
    assert "no-phases" in [doubt.code for doubt in result.doubts]


def test_an_encoder_decoder_returns_the_answer_alone(loaded: tuple[Any, Any]) -> None:
    _, tokenizer = loaded
    build: Any = transformers.T5Config
    config = build(
        vocab_size=len(tokenizer), d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2,
        decoder_start_token_id=0, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    model: Any = transformers.T5ForConditionalGeneration(config).eval()
    inference = EnergyEfficientInference(model, tokenizer, sensors=QUICK)
    assert inference.generate_with_energy_tracking(PROMPT, 5).tokens_generated == 5


def test_what_cannot_be_is_refused_in_words(
    loaded: tuple[Any, Any], inference: EnergyEfficientInference
) -> None:
    model, tokenizer = loaded
    with pytest.raises(InputError, match=r"no generate\(\)"):
        EnergyEfficientInference(tokenizer, tokenizer)
    with pytest.raises(InputError, match=r"no decode\(\)"):
        EnergyEfficientInference(model, model.config)
    with pytest.raises(InputError, match="max_tokens"):
        inference.generate_with_energy_tracking(PROMPT, 0)
    with pytest.raises(InputError, match="text"):
        inference.generate_with_energy_tracking([PROMPT])  # type: ignore[arg-type] # that is refused


def test_an_error_of_the_model_leaves_the_monitor_ready(
    inference: EnergyEfficientInference,
) -> None:
    with pytest.raises(ValueError, match="model_kwargs"):
        inference.generate_with_energy_tracking(PROMPT, 2, nonsense=1)
    assert inference.generate_with_energy_tracking(PROMPT, 2).tokens_generated == 2
