"""What other processes did to a replicate: doubts, and whether it is to be measured again."""

from __future__ import annotations

from collections.abc import Iterator

from wattmark.meter.load import QUIET_CPUS
from wattmark.monitor.disturbed import STRETCHES
from wattmark.schema import Doubt, Record, Status
from wattmark.units import engineering

NOISE = {code for code, _, _ in STRETCHES.values()}


def noisy(record: Record) -> bool:
    """Whether others worked beside a replicate that ended well."""
    codes = {doubt.code for doubt in record.doubts}
    return record.status == Status.OK and not codes.isdisjoint(NOISE)


def repeated(record: Record) -> Doubt:
    """What the record that comes in its place says of it."""
    energy_j, used = record.totals.energy_j, record.totals.foreign_cpu
    beside = "" if used is None else f" beside {used:.2f} CPUs of other load"
    cost = "" if energy_j is None else f", at {engineering(energy_j, 'J')}"
    return Doubt(
        "noisy-repeated",
        f"Attempt {record.attempt} ran{beside}{cost}; it is not counted, and was measured again.",
        "Stop other work on this machine.",
    )


def not_quiet(used: float | None, waited_s: float) -> Iterator[Doubt]:
    """That a wait for others to be quiet was in vain."""
    if used is not None and used >= QUIET_CPUS:
        yield Doubt(
            "not-quiet",
            f"Other processes used {used:.2f} CPUs when the replicate began, "
            f"after a wait of {waited_s:g} s.",
            "Stop other work on this machine.",
        )
