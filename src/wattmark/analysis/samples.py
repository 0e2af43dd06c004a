"""What a hypothesis test is given: checked, on logarithms where asked, in a range that is safe.

A statistics library answers bad input with an exception, a warning or a NaN, and constant data
with a figure made of rounding. Here each of them becomes one sentence that says what is wrong.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Sample = NDArray[np.float64]

ROUNDING = 1e-12
"""Values that differ by less, relative to their size, are taken as equal: the difference is that
of their last digits, and a test on it would be a test of rounding."""

VANISHING = 1e-140
"""Of the largest value: squares of what is smaller are no numbers any more."""


class Unusable(ValueError):  # noqa: N818 (it is no error of the program: its text is the answer)
    """These values cannot be tested; the text says why, for a reader."""


@dataclass(frozen=True)
class Samples:
    """Checked values of each group, in the order given.

    `unit` is what one of the values given comes to here (a power of two, so that nothing is
    rounded): means and differences are multiplied by it to be in the caller's unit again; on
    logarithms it is 1. Spreads up to `rounding` are no spread.
    """

    names: tuple[str, ...]
    values: tuple[Sample, ...]
    rounding: tuple[float, ...]
    unit: float
    logs: bool

    def flat(self, k: int) -> bool:
        """Whether the values of group `k` are all the same, to rounding."""
        return bool(np.ptp(self.values[k]) <= self.rounding[k])

    def flat_names(self) -> list[str]:
        """Groups whose values are all the same."""
        return [name for k, name in enumerate(self.names) if self.flat(k)]

    def all_equal(self) -> bool:
        """Whether no two values differ, of the same group or of two."""
        return bool(np.ptp(np.concatenate(self.values)) <= max(self.rounding))

    def residuals(self) -> Sample:
        """Each value less its group's mean, of all groups together."""
        return np.concatenate([value - value.mean() for value in self.values])

    def differences(self) -> Sample:
        """Second less first, pair by pair; raises Unusable where they do not scatter."""
        base, head = self.values
        found = head - base
        if np.ptp(found) <= max(self.rounding):
            raise Unusable("all pairs differ by the same amount: nothing scatters")
        return found


def prepared(
    groups: Mapping[str, Sequence[float | None]],
    *,
    logs: bool = False,
    paired: bool = False,
    at_least: int = 2,
) -> Samples:
    """Values of each group, fit for a test; `logs` takes their natural logarithms.

    Raises Unusable for fewer than two groups, fewer than `at_least` values in one, values that
    are None, NaN or infinite, values without a logarithm, and unequal lengths of pairs.
    """
    if len(groups) < 2:
        raise Unusable(f"{_count(len(groups), 'group')}: a test compares at least 2")
    lengths = [len(values) for values in groups.values()]
    if paired and len(set(lengths)) > 1:
        raise Unusable(" and ".join(map(str, lengths)) + " values make no pairs")
    found = [_checked(name, values, logs, at_least) for name, values in groups.items()]
    if logs:
        unit = 1.0
        found = [np.log(values) for values in found]
    else:
        # A power of two: exact, and no square of a value overflows or vanishes.
        unit = 2.0 ** _exponent(max(float(np.abs(values).max()) for values in found))
        found = [values / unit for values in found]
    sizes = [float(np.abs(values).max()) for values in found]
    # A logarithm carries the relative rounding of its value, however small itself.
    rounding = tuple(ROUNDING * max(1.0 if logs else VANISHING, size) for size in sizes)
    return Samples(tuple(groups), tuple(found), rounding, unit, logs)


def welch(samples: Samples, base: int, head: int) -> tuple[float, float, float]:
    """Difference of two groups' means, its standard error and Welch's degrees of freedom."""
    first, second = samples.values[base], samples.values[head]
    error = math.hypot(*(float(arm.std(ddof=1)) / math.sqrt(arm.size) for arm in (first, second)))
    df = float(stats.ttest_ind(second, first, equal_var=False).df)
    return float(second.mean() - first.mean()), error, df


@contextmanager
def quiet() -> Iterator[None]:
    """No RuntimeWarning of numpy or scipy: what they would say is said in `why` and `notes`."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _checked(name: str, values: Sequence[float | None], logs: bool, at_least: int) -> Sample:
    sample = np.asarray(values, dtype=np.float64).reshape(-1)
    if sample.size < at_least:
        raise Unusable(f"{name} has {_count(sample.size, 'value')}: at least {at_least} are needed")
    bad = int(sample.size - np.isfinite(sample).sum())
    if bad:
        raise Unusable(f"{name} has {_count(bad, 'value')} missing, NaN or infinite")
    low = int((sample <= 0).sum())
    if logs and low:
        raise Unusable(f"{name} has {_count(low, 'value')} of zero or below: no logarithm")
    return sample


def _exponent(largest: float) -> int:
    """Of the power of two that brings `largest` to about 1, within what a float can hold."""
    return max(-1000, min(1000, math.frexp(largest)[1])) if largest > 0 else 0


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
