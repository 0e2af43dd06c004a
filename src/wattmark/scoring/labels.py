"""Label words: the class that an answer names, with synonyms in English and Portuguese.

'Negative.', 'neg', 'The sentiment is negative' and 'negativo' are one label. What is denied ('not
positive') names none, and an answer that names two is no answer. A model's numbered label
(LABEL_0) does not say what it means, so it is not scored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from wattmark.schema import Score
from wattmark.scoring.clean import clean
from wattmark.scoring.phrases import CHATTER, RETRACTED, TURNS
from wattmark.scoring.text import normalise, shorten

FAMILIES: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {
        "positive": ("positive", "pos", "positivo", "positiva", "1"),
        "negative": ("negative", "neg", "negativo", "negativa", "0"),
        "neutral": ("neutral", "neutro", "neutra"),
        "mixed": ("mixed", "misto", "mista"),
    },
    {"yes": ("yes", "sim"), "no": ("no", "não", "nao")},
    {"true": ("true", "verdadeiro", "verdadeira", "1"), "false": ("false", "falso", "falsa", "0")},
)
_NUMBERED = re.compile(r"label[ _]?\d+")
_MARKED = re.compile(
    r"\b(?:answer|label|sentiment|class|classification|category|verdict|resposta|rótulo|sentimento|classe"
    r"|classificação|categoria)\b[^\w\n]{0,6}(?:(?:is|would\s+be|é|seria|of\s+(?:this|the)\s+\w{1,12}\s+is"
    r"|d[aeo]\s+\w{1,12}\s+é)\b)?[\s:=\"'\[({]{0,6}(?:clearly\s+|very\s+|mostly\s+|claramente\s+|muito\s+)?([\w-]{1,30})",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\bnot|n't|\bnever|\bhardly|\bfar\s+from|\bneither|\bnor|\bnon|\bnão|\bnunca|\bnem|\bnada|\blonge\s+de"
    r"|\brather\s+than|\binstead\s+of|\bem\s+vez\s+de)(?:[\s-]+(?:at\s+all|a|an|the|very|really|particularly|be|é|ser"
    r"|muito|um|uma|o|exactly|entirely|being|of|considered|is))*[\s\"'(-]*$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^\W*([\w-]{1,30})\s*(?:[.,;:!\n—(-]|$)")


def label_score(expected: str, answer: str, labels: Sequence[str] = ()) -> Score:
    """Correct where the one label that the answer names is the expected one.

    `labels` are all that there are, in the data's own words; without them the family of
    `expected` counts (positive, negative, neutral; yes, no; true, false).
    """
    table = _table(expected, labels)
    text = clean(answer).replace("\ue002", " ")
    whole = normalise(text)
    if _NUMBERED.fullmatch(whole) and whole not in table:
        return Score(None, None, whole, "the model's id2label does not say what this label is")
    gold = table.get(normalise(expected))
    said = _named(text, table)
    if not said:
        shown = shorten(whole)
        return Score(False, 0.0, shown or None, "the answer names no label")
    if len(said) > 1:
        return Score(False, 0.0, None, f"several labels are named: {', '.join(sorted(said))}")
    (label,) = said
    correct = label == gold
    why = f"labelled '{shorten(label)}'" + ("" if correct else f", gold is '{shorten(expected)}'")
    return Score(correct, float(correct), shorten(label), why)


def _table(expected: str, labels: Sequence[str]) -> dict[str, str]:
    """Word → label, of all labels that the answer may name."""
    own = {normalise(label) for label in (*labels, expected)}
    table = {label: label for label in own}
    for family in FAMILIES:
        words = {word: name for name, all_words in family.items() for word in all_words}
        if normalise(expected) in words and all(label in words for label in own):
            return words | {label: words[label] for label in own}
    return table


def _named(text: str, table: Mapping[str, str]) -> set[str]:
    """The labels that an answer leaves standing."""
    whole = normalise(text)
    if whole in table:
        return {table[whole]}
    for found in islice(CHATTER.finditer(text), TURNS):
        head = _pick(text[: found.start()], table)
        if head:
            return head
    for turn in reversed(list(RETRACTED.finditer(text))[-3:]):
        tail = _pick(text[turn.end() :], table)
        if tail:
            return tail
    return _pick(text, table)


def _pick(text: str, table: Mapping[str, str]) -> set[str]:
    opening = _OPENING.match(text)
    if opening and normalise(opening[1]) in table:
        return {table[normalise(opening[1])]}
    marked = [table[normalise(m[1])] for m in _MARKED.finditer(text) if normalise(m[1]) in table]
    found = _anywhere(text, table)
    return {marked[-1]} if marked and marked[-1] in found else found


def _anywhere(text: str, table: Mapping[str, str]) -> set[str]:
    """Every label whose word stands in the text and is not denied; bare digits do not count."""
    plain = " ".join(text.casefold().split())
    words = sorted((word for word in table if not word.isdigit()), key=len, reverse=True)
    found: set[str] = set()
    if not words:
        return found
    either = re.compile(r"(?<![\w-])(?:{})(?![\w-])".format("|".join(map(re.escape, words))))
    for match in either.finditer(plain):
        if not _DENIED.search(plain[max(0, match.start() - 40) : match.start()]):
            found.add(table[match.group()])
    return found
