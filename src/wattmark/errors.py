"""What can go wrong, said so that the reader knows what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WattmarkError(Exception):
    """Anything that Wattmark says no to: one line of what is wrong, one of what to do.

    `message` says what is wrong and what exists; `hint` says what to do next.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} {self.hint}"


class InputError(WattmarkError):
    """The user's words, files or folders are off: nothing was run (exit code 2)."""


class MistakesError(InputError):
    """All the mistakes of one input at once; `mistakes` holds a line for each."""

    def __init__(self, title: str, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join([title, *(f"  - {line}" for line in self.mistakes)]))


class ModelError(InputError):
    """A model that cannot be found, trusted or loaded."""


class OutOfMemoryError(WattmarkError):
    """The work did not fit into memory; the trial's status becomes `oom`."""


class RunDirectoryError(InputError):
    """A run directory that exists already, is in use, cannot be written or cannot be read."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean X?' for the closest known word, or '' where none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """One line for a name that is not known: what was asked, what exists, the closest."""
    names = sorted(known)
    listed = ", ".join(names) if names else "none"
    return f"Unknown {kind} '{word}'. There is: {listed}.{did_you_mean(word, names)}"
