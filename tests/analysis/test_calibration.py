"""Calibration: against answers whose truth is known, and against the sum written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.analysis.calibration import calibration

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_an_honest_model_has_a_small_error_and_an_overconfident_one_a_large_one() -> None:
    source = np.random.default_rng(3)
    told = source.uniform(0.05, 0.95, size=20_000)
    honest = calibration(list(told), list(source.random(told.size) < told))
    boastful = calibration(list(told), list(source.random(told.size) < told - 0.04))
    assert honest is not None
    assert boastful is not None
    assert honest.error.mean < 0.02
    assert boastful.error.mean == pytest.approx(0.04, abs=0.012)
    for bin_ in honest.bins:
        assert bin_.accuracy is not None
        assert bin_.confidence is not None
        assert bin_.low < bin_.confidence <= bin_.high
        assert bin_.accuracy.mean == pytest.approx(bin_.confidence, abs=0.05)


@given(ANSWERS)
def test_it_equals_the_definition(answers: list[tuple[float, bool]]) -> None:
    told, right = [one for one, _ in answers], [one for _, one in answers]
    found = calibration(told, right)
    assert found is not None
    expected = 0.0
    for k in range(10):
        inside = [(p, c) for p, c in answers if k / 10 < p <= (k + 1) / 10 or (k == 0 and p == 0)]
        # The border of a bin is where ten times the confidence is whole, as floats have it.
        if inside and all(abs(p * 10 - round(p * 10)) > 1e-9 for p, _ in answers):
            mean_p = sum(p for p, _ in inside) / len(inside)
            share = sum(c for _, c in inside) / len(inside)
            expected += len(inside) / len(answers) * abs(mean_p - share)
            assert found.bins[k].n == len(inside)
    if all(abs(p * 10 - round(p * 10)) > 1e-9 for p, _ in answers):
        assert found.error.mean == pytest.approx(expected, abs=1e-9)
    assert sum(bin_.n for bin_ in found.bins) == found.n == len(answers)
    assert 0 <= found.error.mean <= 1
    assert 0 <= found.brier <= 1


def test_ten_answers_have_a_wide_interval_and_one_has_none() -> None:
    few = calibration([0.9] * 10, [True] * 8 + [False] * 2)
    assert few is not None
    assert few.error.mean == pytest.approx(0.1)
    assert few.error.high is not None
    assert few.error.high > 0.2
    assert few.bins[8].accuracy is not None
    assert few.bins[8].accuracy.low is not None
    assert few.bins[8].accuracy.low < 0.5
    one = calibration([1.0], [True])
    assert one is not None
    assert (one.error.low, one.bins[9].n, one.bins[0].accuracy) == (None, 1, None)


def test_nothing_to_say_and_nonsense() -> None:
    assert calibration([], []) is None
    with pytest.raises(ValueError, match="2 confidences of 1"):
        calibration([0.1, 0.2], [True])
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration([1.5], [True])
