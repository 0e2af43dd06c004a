"""What was found out about this machine's sensors, kept for later runs: one small JSON file.

It lies in the user's state folder and names neither host nor user: the machine is a keyed hash of
its machine id, as machine-id(5) asks of whoever writes one down. An entry counts for one sensor
of one machine, of one source, board and driver.

CALIBRATIONS_VERSION history:
  1  first format.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from wattmark.errors import WattmarkError
from wattmark.schema import Doubt
from wattmark.store.whole import write_whole

CALIBRATIONS_VERSION = 1
_KEY = b"wattmark calibrations"
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
UNREADABLE = "calibrations-unreadable"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Of which sensor on which machine an entry tells. A different one is another sensor."""

    machine: str
    sensor: str
    source: str
    board: str | None = None
    """Hash of what tells the board from another of its kind; None where nothing does."""
    driver: str | None = None
    """Version of the driver that the figures come from; None where there is none to tell."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What one probing of one sensor gave, as plain values (see `energy.probe.Probe`)."""

    identity: Identity
    probed_at: str
    """Wall-clock label (ISO 8601, UTC)."""
    probes: tuple[Mapping[str, Any], ...]
    against: Mapping[str, Any] | None = None
    """Gain and offset against a reference meter; None where there was none."""
    foreign_cpus: float | None = None
    """CPUs that others used meanwhile."""


@dataclass(frozen=True)
class Calibrations:
    """All that a file holds, of this machine and of others; `doubts` of a file of no use."""

    entries: tuple[Calibration, ...] = ()
    doubts: tuple[Doubt, ...] = field(default=())


def default_path() -> Path:
    """`$XDG_STATE_HOME/wattmark/calibrations.json`, by default in ~/.local/state."""
    told = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    folder = Path(told) if Path(told).is_absolute() else Path("~/.local/state").expanduser()
    return folder / "wattmark" / "calibrations.json"


def machine_id(files: Iterable[Path] = _MACHINE_IDS) -> str:
    """The same for all boots of one system: 12 hexadecimal digits that lead back to nothing.

    Where the system has no machine id, what the processor and the kernel call themselves.
    """
    for file in files:
        try:
            told = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if told:
            return _hashed(told)
    return _hashed(f"{platform.machine()} {platform.processor()} {os.cpu_count()}")


def board_id(told: str) -> str:
    """A board's serial number or UUID as a hash."""
    return _hashed(told)


def _hashed(told: str) -> str:
    return hmac.new(_KEY, told.encode(), hashlib.sha256).hexdigest()[:12]


def read_calibrations(path: Path | None = None) -> Calibrations:
    """What is kept; a file that is damaged or of a newer version is told, and ignored."""
    path = path or default_path()
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Calibrations()
    except (OSError, ValueError) as reason:
        return _ignored(path, str(reason))
    version = plain.get("schema_version") if isinstance(plain, dict) else None
    if version != CALIBRATIONS_VERSION:
        return _ignored(path, f"its version is {version!r}, not {CALIBRATIONS_VERSION}")
    try:
        return Calibrations(tuple(_entry(row) for row in plain["calibrations"]))
    except (KeyError, TypeError, ValueError) as reason:
        return _ignored(path, f"an entry is not as it should be ({reason})")


def keep(calibration: Calibration, path: Path | None = None) -> Path:
    """Write an entry in the place of an earlier one of the same sensor; where it went.

    The entries of other sensors stay. A file of no use is put aside as `.bad` first. Raises
    WattmarkError where it cannot be written.
    """
    path = path or default_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(path):
            before = read_calibrations(path)
            if before.doubts:
                path.replace(path.with_suffix(".bad"))
            # An earlier driver's entry of the same sensor is of no further use.
            mine = (calibration.identity.machine, calibration.identity.sensor)
            others = [e for e in before.entries if (e.identity.machine, e.identity.sensor) != mine]
            rows = [asdict(entry) for entry in (*others, calibration)]
            plain = {"schema_version": CALIBRATIONS_VERSION, "calibrations": rows}
            write_whole(path, json.dumps(plain, indent=1) + "\n")
    except OSError as reason:
        raise WattmarkError(
            f"{path} cannot be written: {reason.strerror or reason}.",
            "Set XDG_STATE_HOME to a folder that you may write to.",
        ) from reason
    return path


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """One writer at a time: two would lose each other's entries."""
    with path.with_suffix(".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ignored(path: Path, why: str) -> Calibrations:
    message = f"{path} is not used: {why}."
    hint = "Probe again: wattmark calibrate. The old file is then put aside."
    return Calibrations(doubts=(Doubt(UNREADABLE, message, hint),))


def _entry(row: Any) -> Calibration:
    identity = _identity(row["identity"])
    probes = tuple(row["probes"])
    if not all(isinstance(probe, dict) for probe in probes):
        raise TypeError("a probe is no table")
    if row["against"] is not None and not isinstance(row["against"], dict):
        raise TypeError("the comparison is no table")
    return Calibration(
        identity=identity,
        probed_at=str(row["probed_at"]),
        probes=probes,
        against=row["against"],
        foreign_cpus=None if row["foreign_cpus"] is None else float(row["foreign_cpus"]),
    )


def _identity(row: Any) -> Identity:
    names = {one.name for one in fields(Identity)}
    if not isinstance(row, dict) or set(row) != names:
        raise TypeError("an identity lacks a field or has one too many")
    return Identity(**row)
