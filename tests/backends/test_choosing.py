"""Choosing tokens: against probabilities that are known, and against torch's own log-softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wattmark.backends.choosing import Chooser
from wattmark.schema import Asking


def logits(rows: int = 3, words: int = 50, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, (rows, words)).astype(np.float32)


def test_greedy_takes_the_likeliest() -> None:
    given_ = logits()
    assert Chooser(None, 0).choose(given_).tolist() == given_.argmax(axis=-1).tolist()


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.6)])
def test_tokens_are_drawn_by_their_probability(temperature: float, top_p: float) -> None:
    row = np.array([2.0, 1.0, 0.5, 0.0, -1.0])
    expected = np.exp(row / temperature)
    expected /= expected.sum()
    order = np.argsort(-expected)
    reached = expected[order].cumsum() - expected[order] < top_p
    allowed = np.zeros(5)
    allowed[order[reached]] = expected[order[reached]]
    allowed /= allowed.sum()
    chooser = Chooser(Asking(temperature=temperature, top_p=top_p), seed=1)
    chooser.begin(0)
    drawn = chooser.choose(np.tile(row, (20_000, 1)))
    counts = np.bincount(drawn, minlength=5) / 20_000
    assert counts == pytest.approx(allowed, abs=4 * 0.5 / 20_000**0.5)
    assert (counts[allowed == 0] == 0).all()


def test_the_same_batch_draws_the_same_and_another_does_not() -> None:
    asking = Asking(temperature=1.0)
    said = []
    for batch in (0, 1, 0):
        chooser = Chooser(asking, seed=5)
        chooser.begin(batch)
        said.append(chooser.choose(np.zeros((20, 1000))).tolist())
    assert said[0] == said[2] != said[1]


@given(st.floats(0.05, 5), st.floats(0.01, 1), st.integers(0, 99))
def test_any_temperature_and_top_p_give_a_token(
    temperature: float, top_p: float, seed: int
) -> None:
    chooser = Chooser(Asking(temperature=temperature, top_p=top_p), seed=seed)
    chosen = chooser.choose(100 * logits(seed=seed))
    assert ((chosen >= 0) & (chosen < 50)).all()


def test_confidence_is_the_geometric_mean_probability_of_a_rows_own_tokens() -> None:
    chooser = Chooser(Asking(confidence=True), seed=0)
    chooser.begin(0)
    logarithms = []
    for step in range(4):
        some = logits(seed=step)
        chosen = chooser.choose(some)
        told = torch.log_softmax(torch.tensor(some, dtype=torch.float64), dim=-1)
        logarithms.append([float(told[row, token]) for row, token in enumerate(chosen)])
    found = chooser.confidences([4, 2, 0])
    expected = np.array(logarithms)
    assert found[0] == pytest.approx(np.exp(expected[:, 0].mean()), rel=1e-5)
    assert found[1] == pytest.approx(np.exp(expected[:2, 1].mean()), rel=1e-5)
    assert found[2] is None
    assert Chooser(None, 0).confidences([1, 2]) == [None, None]
