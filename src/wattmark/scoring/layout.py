"""Numbers that belong to how a text is laid out: heads of tables, numbering of lists."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import ITEM, ITEM_END
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number

_TABLE_HEAD = re.compile(r"(?:^|\n)\|[^\n]{1,200}\|[ ]*(?=\n\|[ :|-]{3,200}\|?[ ]*(?:\n|$))")
"""The head of a table: '| Mark 1 | Mark 2 | Mean |'."""


def set_table_heads_aside(text: str, found: Sequence[Number], marks: Marks) -> None:
    """The 1 of '| Mark 1 | Mean |' over a rule."""
    for head in _TABLE_HEAD.finditer(text) if "|" in text and "--" in text else ():
        marks.out |= {n for n, one in enumerate(found) if head.start() <= one.start < head.end()}


def set_items_aside(text: str, found: Sequence[Number], marks: Marks) -> None:
    """Numbering of a list at the starts of lines: 1., 2., 3. in order."""
    items: list[int] = []
    for at, number in enumerate(found):
        if (
            len(number.shown) > 2
            or not number.shown.isdigit()
            or text[number.end : number.end + 1] not in (".", ")")
        ):
            continue
        starts = ITEM.search(text[max(0, number.start - 20) : number.start])
        ends = items and text[number.end :].strip() in (".", ")")
        if not starts or not (ends or ITEM_END.match(text[number.end : number.end + 6])):
            continue
        if len(items) > 1 and number.shown == "1":  # a second list
            marks.out.update(items)
            items = []
        if int(number.shown) == len(items) + 1:
            items.append(at)
            marks.operands.discard(at)
    (marks.out if len(items) > 1 else marks.aside).update(items)
