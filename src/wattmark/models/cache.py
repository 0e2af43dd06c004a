"""What is made once of a model and kept: its files for an engine, a shape's folder, random weights.

A key names everything that the files depend on (the model's digest, engine, precision, versions).
They are built in a folder beside their place and renamed when they are whole, under a lock that
other processes wait for: nothing half made is ever used, not after a kill, not on a full disk. What
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

from wattmark.errors import ModelError
from wattmark.units import gibibytes

EXPORTS = "exports"
"""The kind of files that engines convert models to."""
_CONTENT = "model"
_LISTING = "made.json"
_PART = ".part-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left", "disk quota exceeded", "file too large", " requested and ")
"""The last is numpy's: "1024 requested and 279 written"."""
_NEARLY_FULL_BYTES = 2**20
"""Less than this left after a failure means that the disk was the reason, whatever was said."""


class CacheError(ModelError):
    """There is no room for what was made of a model, or no right to write it."""


def cache_folder(kind: str) -> Path:
    """Where things of one kind are kept: $XDG_CACHE_HOME/wattmark/<kind>, or under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification says to ignore a relative path.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "wattmark" / kind


class Cache:
    """What this user keeps of one kind (exports, random, shapes); `root` is another place."""

    def __init__(self, kind: str, root: Path | None = None) -> None:
        self.root = cache_folder(kind) if root is None else root

    def folder(
        self, name: str, key_parts: Mapping[str, str], build: Callable[[Path], None]
    ) -> tuple[Path, float | None]:
        """The finished folder for a key, and the seconds of building it: None where it was there.

        `build` fills an empty folder; whatever it raises passes, and leaves nothing behind. `name`
        is the model's, for messages. Raises CacheError where the disk is full or the cache cannot
        be written. A second process that asks for the same key waits until the first is done.
        """
        key = json.dumps(dict(key_parts), sort_keys=True)
        place = self.root / hashlib.sha256(key.encode()).hexdigest()[:32]
        if _is_whole(place):
            return place / _CONTENT, None
        with ExitStack() as held:
            with self._writing(name):
                self.root.mkdir(parents=True, exist_ok=True)
                held.enter_context(_locked(place.with_suffix(".lock")))
            if _is_whole(place):  # another process built it meanwhile
                return place / _CONTENT, None
            return place / _CONTENT, self._build(name, place, dict(key_parts), build)

    def _build(
        self, name: str, place: Path, key_parts: dict[str, str], build: Callable[[Path], None]
    ) -> float:
        """Build beside `place` and rename; the seconds."""
        started = time.monotonic()
        with self._writing(name):
            _sweep(self.root, place.name)
            # A name of its own: a builder whose parent was killed may still write into an old one.
            part = Path(tempfile.mkdtemp(prefix=place.name + _PART, dir=self.root))
        try:
            with self._writing(name):
                part.chmod(0o755)
                (part / _CONTENT).mkdir()
            build(part / _CONTENT)
            seconds = time.monotonic() - started
            listing = {
                "name": name,
                "key": key_parts,
                "seconds": seconds,
                "files": _sizes(part / _CONTENT),
            }
            with self._writing(name):
                (part / _LISTING).write_text(json.dumps(listing, indent=1), encoding="utf-8")
                shutil.rmtree(place, ignore_errors=True)  # one that has lost files
                part.rename(place)
        except BaseException as reason:
            full = isinstance(reason, Exception) and self._is_full(reason)
            shutil.rmtree(part, ignore_errors=True)
            if full:
                raise self._full(name) from reason
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

    def _full(self, name: str) -> CacheError:
        free = ""
        with suppress(OSError):
            free = f" ({gibibytes(shutil.disk_usage(self.root).free)} are free without it)"
        return CacheError(
            f"The disk of {self.root} is full: what is made there of '{name}' does not fit{free}.",
            "Free some space, or set XDG_CACHE_HOME to a folder on a larger disk.",
        )

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        """The cache's own files: what the system refuses is said in our words."""
        try:
            yield
        except OSError as reason:
            if reason.errno in _FULL:
                raise self._full(name) from reason
            raise CacheError(
                f"'{name}' cannot be kept in {self.root}: {reason.strerror or reason}.",
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
    """Whether all the files that were built are there, of the sizes they had; others may be too."""
    try:
        listed = json.loads((place / _LISTING).read_text(encoding="utf-8"))["files"]
        return bool(listed.items() <= _sizes(place / _CONTENT).items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
