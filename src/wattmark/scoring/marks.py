"""What was found out about the numbers of a text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Marks:
    """What was found about the numbers of a text, by their place in its list."""

    out: set[int] = field(default_factory=set)
    """No answer in any case: operands, labels of steps, what was denied."""
    aside: set[int] = field(default_factory=set)
    """An answer only where nothing else is: in brackets, in a check, in a reason given."""
    operands: set[int] = field(default_factory=set)
    equations: set[int] = field(default_factory=set)
    """Of those, what an equation in unknowns comes to, which is then solved: '3n = 99, n = 33'."""
    results: set[int] = field(default_factory=set)
    """Right after an equals sign."""
    told: list[tuple[int, int]] = field(default_factory=list)
    """Where a text tells what others say, or what was said before."""
    denied: set[int] = field(default_factory=set)
