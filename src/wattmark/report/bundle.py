"""Vega, Vega-Lite and Vega-Embed in one script: made offline by vl-convert, once for each user.

Making it takes as long as the rest of a small report, and it is the same for all pages of one
version: it is kept in the user's cache, and made anew where that cannot be used.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wattmark.models.cache import Cache, CacheError

KIND = "charts"
"""Its folder in the cache."""
_FILE = "bundle.js"


@cache
def bundle(convert: Any) -> str:
    """The script, without an end tag inside; `convert` is the module vl_convert."""

    def make(folder: Path) -> None:
        (folder / _FILE).write_text(convert.javascript_bundle(), encoding="utf-8")

    try:
        folder, _ = Cache(KIND).folder("Vega", {"vl-convert": version("vl-convert-python")}, make)
        text = (folder / _FILE).read_text(encoding="utf-8")
    except (CacheError, OSError, UnicodeDecodeError):
        text = convert.javascript_bundle()
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
