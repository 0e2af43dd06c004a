"""Words that the options of several sensors share; how options are read is in `optiontext`."""

from __future__ import annotations

COMPONENTS = ("cpu", "dram", "gpu", "soc", "board", "wall", "core", "uncore")
