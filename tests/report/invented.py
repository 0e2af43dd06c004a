"""Trials as a summary has them, without a run behind them: figures of a test's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wattmark.analysis.axes import AXES
from wattmark.analysis.summary import TrialSummary
from wattmark.schema import Estimate

MISSING = "no sensor was there"


def estimate(name: str, value: float | None, spread: float = 0.05, n: int = 5) -> Estimate:
    """A figure ± a share of it; without a value, the reason."""
    if value is None:
        return Estimate(name, None, None, None, 0.95, 0, AXES[name].unit, MISSING)
    low, high = value * (1 - spread), value * (1 + spread)
    if AXES[name].unit == "1":
        high = min(1.0, high)
    return Estimate(name, value, low, high, 0.95, n, AXES[name].unit)


def trial(
    key: str,
    figures: Mapping[str, float | Estimate],
    *,
    model: str = "org/tiny",
    backend: str = "transformers",
    precision: str = "fp32",
    batch_size: int = 1,
    statuses: Mapping[str, int] | None = None,
    task: str = "arithmetic",
) -> TrialSummary:
    """A trial that has these figures and no others."""
    statuses = {"ok": 5} if statuses is None else statuses
    found = {
        name: value if isinstance(value := figures.get(name), Estimate) else estimate(name, value)
        for name in AXES
    }
    ok = statuses.get("ok", 0)
    return TrialSummary(
        key=key,
        label=key,
        model=model,
        backend=backend,
        precision=precision,
        device="cpu",
        batch_size=batch_size,
        task=task,
        mode="baseline",
        n_ok=ok,
        n_failed=sum(statuses.values()) - ok,
        n_planned=5,
        statuses=statuses,
        failures=(),
        estimates=found,
        provenance="measured" if found["energy_per_query_j"].value is not None else None,
        gain_uncertainty=0.05,
    )


def grid(
    models: int = 1,
    precisions: Sequence[str] = ("fp32", "bf16"),
    batch_sizes: Sequence[int] = (1, 8),
    *,
    grams_per_j: float | None = 1e-4,
) -> list[TrialSummary]:
    """Models × precisions × batches: larger models know more, larger batches take less and wait."""
    made = []
    for model in range(models):
        for lower, precision in enumerate(precisions):
            for batch_size in batch_sizes:
                joules = 2.0 * (model + 1) * 0.8**lower / batch_size**0.6
                latency = 0.2 * (model + 1) * 0.85**lower * batch_size**0.3
                figures: dict[str, float] = {
                    "accuracy": min(0.99, 0.5 + 0.08 * model - 0.02 * lower),
                    "energy_per_query_j": joules,
                    "energy_per_token_j": joules / 20,
                    "latency_s": latency,
                    "ttft_s": latency / 8,
                    "tokens_per_s": 20 * batch_size / latency,
                    "queries_per_s": batch_size / latency,
                    "ram_peak_bytes": 1e9 * (model + 1) * 0.6**lower,
                }
                if grams_per_j is not None:
                    figures["co2e_g_per_query"] = joules * grams_per_j
                made.append(
                    trial(
                        f"{model}-{precision}-{batch_size}",
                        figures,
                        model=f"org/model-{model}",
                        precision=precision,
                        batch_size=batch_size,
                    )
                )
    return made
