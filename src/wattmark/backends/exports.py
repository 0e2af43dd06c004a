"""Converted models, each made once and kept: an engine's own files for a model, by what they are.

A key names everything that the files depend on (the model's digest, engine, precision, versions).
They are built in a folder beside their place and renamed when they are whole, under a lock that
other processes wait for: a half export is never used, not after a kill, not on a full disk. What
was built is listed with its sizes, so that files that were lost since are seen and built again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from wattmark.errors import WattmarkError
from wattmark.units import gibibytes

_CONTENT = "model"
_LISTING = "export.json"
_PART = ".part-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left", "disk quota exceeded", "file too large")
_NEARLY_FULL_BYTES = 2**20
"""Less than this left after a failure means that the disk was the reason, whatever was said."""


class ExportError(WattmarkError):
    """A model that could not be converted, or a cache that could not be written."""


def exports_folder() -> Path:
    """Where exports are kept: $XDG_CACHE_HOME/wattmark/exports, or ~/.cache/wattmark/exports."""
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification says to ignore a relative path.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "wattmark" / "exports"


class Cache:
    """The exports of this user; `root` is another folder to keep them in."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = exports_folder() if root is None else root

    def folder(
        self, key_parts: Mapping[str, str], build: Callable[[Path], None]
    ) -> tuple[Path, float | None]:
        """The finished folder for a key, and the seconds of building it: None where it was there.

        `build` fills an empty folder; whatever it raises passes, and leaves nothing behind.
        Raises ExportError where the disk is full or the cache cannot be written. A second
        process that asks for the same key waits until the first is done.
        """
        key = json.dumps(dict(key_parts), sort_keys=True)
        place = self.root / hashlib.sha256(key.encode()).hexdigest()[:32]
        if _is_whole(place):
            return place / _CONTENT, None
        with ExitStack() as held:
            with self._writing():
                self.root.mkdir(parents=True, exist_ok=True)
                held.enter_context(_locked(place.with_suffix(".lock")))
            if _is_whole(place):  # another process built it meanwhile
                return place / _CONTENT, None
            return place / _CONTENT, self._build(place, dict(key_parts), build)

    def _build(
        self, place: Path, key_parts: dict[str, str], build: Callable[[Path], None]
    ) -> float:
        """Build beside `place` and rename; the seconds."""
        started = time.monotonic()
        with self._writing():
            _sweep(self.root, place.name)
            # A name of its own: a builder whose parent was killed may still write into an old one.
            part = Path(tempfile.mkdtemp(prefix=place.name + _PART, dir=self.root))
        try:
            with self._writing():
                (part / _CONTENT).mkdir()
            build(part / _CONTENT)
            seconds = time.monotonic() - started
            listing = {"key": key_parts, "seconds": seconds, "files": _sizes(part / _CONTENT)}
            with self._writing():
                (part / _LISTING).write_text(json.dumps(listing, indent=1), encoding="utf-8")
                shutil.rmtree(place, ignore_errors=True)  # one that has lost files
                part.rename(place)
        except BaseException as reason:
            full = isinstance(reason, Exception) and self._is_full(reason)
            shutil.rmtree(part, ignore_errors=True)
            if full:
                raise self._full() from reason
            raise
        return seconds

    def _is_full(self, reason: Exception) -> bool:
        """Whether a build failed because there was no room; libraries say so in many ways."""
        if isinstance(reason, MemoryError):
            return False
        seen: BaseException | None = reason
        while seen is not None:
            if isinstance(seen, OSError) and seen.errno in _FULL:
                return True
            if any(words in str(seen).lower() for words in _FULL_WORDS):
                return True
            seen = seen.__cause__ or seen.__context__
        try:
            return shutil.disk_usage(self.root).free < _NEARLY_FULL_BYTES
        except OSError:
            return False

    def _full(self) -> ExportError:
        free = ""
        with suppress(OSError):
            free = f" ({gibibytes(shutil.disk_usage(self.root).free)} are free without it)"
        return ExportError(
            f"The disk of {self.root} is full: the converted model does not fit{free}.",
            "Free some space, or set XDG_CACHE_HOME to a folder on a larger disk.",
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The cache's own files: what the system refuses is said in our words."""
        try:
            yield
        except OSError as reason:
            if reason.errno in _FULL:
                raise self._full() from reason
            raise ExportError(
                f"{self.root} cannot be written: {reason.strerror or reason}.",
                "Set XDG_CACHE_HOME to a folder that you may write to.",
            ) from reason


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it; it goes with the process, however that ends."""
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(root: Path, own: str) -> None:
    """Remove what builds that were killed left behind: one's own, and those that nobody holds."""
    for part in root.glob(f"*{_PART}*"):
        name = part.name.partition(_PART)[0]
        if name == own:  # its lock is held by the caller
            shutil.rmtree(part, ignore_errors=True)
            continue
        with suppress(OSError), (root / f"{name}.lock").open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file below a folder, by its path in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def _is_whole(place: Path) -> bool:
    """Whether an export is there with all the files that were built, of the sizes they had."""
    try:
        listed = json.loads((place / _LISTING).read_text(encoding="utf-8"))["files"]
        return bool(listed == _sizes(place / _CONTENT))
    except (OSError, ValueError, KeyError, TypeError):
        return False
