"""Retrieval as one more phase: told by least squares, no harm to the others where it is tiny."""

from __future__ import annotations

import numpy as np
import pytest
from energy_truth import Model, Profile

from wattmark.energy.curve import curve_of
from wattmark.energy.tell import Told, tell_phases
from wattmark.schema import Span

WATTS = {"pause": 70.0, "retrieve": 120.0, "prefill": 400.0, "decode": 250.0}


def told(retrieve_s: float, seed: int) -> tuple[Told, dict[str, float]]:
    """200 batches under a counter of 100 ms, and the true joules of each phase."""
    rng = np.random.default_rng(seed)
    mean_s = {"pause": 0.05, "retrieve": retrieve_s, "prefill": 0.08, "decode": 0.3}
    edges, watts, spans = [0.0], [], []
    truth = dict.fromkeys(WATTS, 0.0)
    for batch in range(200):
        for name, length_s in mean_s.items():
            start, end = edges[-1], edges[-1] + float(length_s * rng.uniform(0.5, 1.5))
            edges.append(end)
            watts.append(WATTS[name])
            truth[name] += WATTS[name] * (end - start)
            if name != "pause":
                spans.append(Span(name, round(start * 1e9), round(end * 1e9), batch))
    profile = Profile(np.array(edges), np.array(watts))
    series = Model(period_s=0.1, poll_s=0.01).read(profile, rng, length_s=edges[-1])
    return tell_phases(curve_of(series), series, spans), truth


@pytest.mark.parametrize("seed", range(3))
def test_retrieval_is_told_from_prefill_and_decode(seed: int) -> None:
    found, truth = told(0.04, seed)
    for name in ("retrieve", "prefill", "decode"):
        joules = found.joules[name]
        assert joules.method == "regressed"
        assert found.separable[name]
        assert joules.low <= truth[name] <= joules.high
        assert joules.value == pytest.approx(truth[name], rel=0.05)


@pytest.mark.parametrize("retrieve_s", [0.0005, 0.003])
def test_retrieval_too_short_to_be_told_leaves_the_others_as_they_are(retrieve_s: float) -> None:
    found, truth = told(retrieve_s, 0)
    for name in ("prefill", "decode"):
        assert found.joules[name].method == "regressed"
        assert found.joules[name].value == pytest.approx(truth[name], rel=0.02)
    joules = found.joules["retrieve"]
    assert joules.low <= truth["retrieve"] <= joules.high
