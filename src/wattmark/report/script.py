"""What a page runs: data that is safe inside a script element, and the policy of its scripts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any


def script_json(content: Any) -> str:
    """JSON that is safe inside a script element: no `<`, `>`, `&`, no line separators.

    Raises ValueError on NaN and infinity, which JSON does not have.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def policy(scripts: Sequence[str]) -> str:
    """A Content-Security-Policy: nothing is fetched, and no script runs but these."""
    hashes = " ".join(
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
