"""Peak power of a stretch: the highest mean power over a sampling interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.schema import Span
from wattmark.units import ns_to_s, s_to_ns


def peak_power_w(series: Sequence[Series], region: Span, interval_s: float) -> float | None:
    """Watts, summed over the sensors; None where nothing was read.

    On a grid of the sampling interval: between two readings that happen to lie close together
    a counter's quantum would look like a burst.
    """
    step = min(s_to_ns(interval_s), region.end_ns - region.start_ns)
    if not series or step <= 0:
        return None
    starts = np.arange(region.start_ns, region.end_ns - step + 1, step, dtype=np.int64)
    power = sum(curve_of(s).between(starts, starts + step).value / ns_to_s(step) for s in series)
    return float(np.nanmax(power)) if np.isfinite(power).any() else None
