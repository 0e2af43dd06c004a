"""How long a worker may take: --timeout, and a limit apart for the conversion of its model."""

from __future__ import annotations

import time

from wattmark.runner.export import EXPORT, EXPORT_TIMEOUT_S
from wattmark.schema import Trial


class Deadline:
    """When the worker has to be done; an export has a limit apart, and uses up none of the rest."""

    def __init__(self, trial: Trial, timeout_s: float) -> None:
        self._trial, self._timeout_s = trial, timeout_s
        self._ends_s = time.monotonic() + timeout_s
        self._kept_s: float | None = None
        """What is left for all else, while a model is converted."""

    @property
    def left_s(self) -> float:
        """Seconds until the worker is ended."""
        return self._ends_s - time.monotonic()

    def stand_still(self, seconds: float) -> None:
        """The parent kept the worker waiting."""
        self._ends_s += seconds

    def enter(self, stage: str) -> None:
        """The worker has told a stage, perhaps the same again."""
        if (stage == EXPORT) == (self._kept_s is not None):
            return
        if self._kept_s is None:
            self._kept_s = self.left_s
            self._ends_s = time.monotonic() + self._export_s
        else:
            self._ends_s = time.monotonic() + self._kept_s
            self._kept_s = None

    @property
    def _export_s(self) -> float:
        return max(EXPORT_TIMEOUT_S, self._timeout_s)

    def missed(self, stage: str) -> str:
        """Why a worker that was not done in time was ended."""
        if self._kept_s is None:
            return (
                f"The worker did not end within {self._timeout_s:g} s (stage: {stage}); "
                "raise --timeout, or lower --limit or --max-new-tokens."
            )
        trial = self._trial
        return (
            f"'{trial.model}' was not converted for {trial.backend} in {trial.precision} within "
            f"{self._export_s:g} s (stage: {stage}), and nothing half converted is kept; take a "
            "smaller model or another engine, or raise --timeout above that."
        )
