from __future__ import annotations

from wattmark.runner.plan import expand
from wattmark.schema import Suite


def test_a_classifier_gets_the_bare_text() -> None:
    """SST-2's template asks a causal model; a head reads the sentence as it was trained to."""
    models = ("embedded/sentiment", "embedded/arithmetic")
    plan = expand(Suite(name="x", models=models, tasks=("sst2",), limit=3, replicates=1))
    asked = {trial.model: plan.queries(trial) for trial in plan.trials}
    assert [q.prompt for q in asked[models[0]]] == [q.text for q in asked[models[1]]]
    assert all(q.prompt.endswith("\nSentiment:") for q in asked[models[1]])
    assert {trial.task for trial in plan.trials} == {"sst2:data=sample"}
