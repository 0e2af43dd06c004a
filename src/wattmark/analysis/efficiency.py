"""Classes of efficiency by joules a token, which say something only together with their batch.

A batch shares each reading of the weights among its sequences: on one machine the same model can
be in the worst class at batch 1 and in the best at batch 64. So a class is never without its
batch, nor with an interval that reaches into another class.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattmark.analysis.axes import AXES, bounds, estimate_of
from wattmark.analysis.summary import TrialSummary

ENERGY = "energy_per_token_j"
LIMITS_J = (0.1, 0.3)
"""J per output token: below the first is the best class, above the second the last."""
CLASSES = ("<0.1 J/token", "0.1–0.3 J/token", ">0.3 J/token")


@dataclass(frozen=True, kw_only=True)
class EfficiencyClass:
    """`classes` that the interval reaches into, the best first: one where it is resolved.

    Empty where there is no figure or no interval; `why` says the reason.
    """

    batch_size: int
    classes: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        if not self.classes:
            return f"no class: {self.why}"
        return f"{' or '.join(self.classes)} at batch {self.batch_size}"


def efficiency_class(trial: TrialSummary) -> EfficiencyClass:
    """The class of a trial by its joules per output token, gross."""
    estimate = estimate_of(trial.estimates, AXES[ENERGY])
    ends = bounds(estimate)
    if ends is None:
        why = estimate.note or "it has no interval"
        return EfficiencyClass(batch_size=trial.batch_size, why=why)
    low, high = ends
    reached = (low < LIMITS_J[0], low <= LIMITS_J[1] and high >= LIMITS_J[0], high > LIMITS_J[1])
    return EfficiencyClass(
        batch_size=trial.batch_size,
        classes=tuple(name for name, flag in zip(CLASSES, reached, strict=True) if flag),
    )
