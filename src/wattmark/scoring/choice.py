"""Multiple choice: the letter that an answer names, or the text of a choice.

'B', '(b)', 'B) Paris', 'The correct option is B because A is …', or 'Paris' alone. Where letter
and text contradict each other, or two choices are left standing, no choice was made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from wattmark.schema import Score
from wattmark.scoring.around import DENIED_AFTER, DENIED_BEFORE
from wattmark.scoring.clean import clean
from wattmark.scoring.phrases import CHATTER, RETRACTED, TURNS
from wattmark.scoring.text import normalise, shorten

LETTERS = "ABCDEFGHIJ"
_NAMED = re.compile(
    r"\b(?:answer|option|choice|alternative|resposta|alternativa|opção|letra|letter|gabarito|ans)\b"
    r"(?:[\s:=\"'-]+(?:is|are|would\s+be|should\s+be|must\s+be|the|correct|right|best|final|option|choice"
    r"|letter|é|a|o|letra|alternativa|opção|correta|certa|answer|resposta)(?=[\s:\"'(*-]))*"
    r"[\s:=\"'-]*(?:(?P<upper>[A-J])(?![\w'])|\(\s?(?P<lower>[a-jA-J])\s?\)"
    r"|(?P<small>[b-dfj])(?=\s*(?:[).:,;]|$|\n)))",
)
_NAMED_CASE = re.compile(
    r"\b(?:Answer|ANSWER|Option|Choice|Alternative|Resposta|RESPOSTA|Alternativa|Opção|Letra|Letter|Gabarito|Ans)\b"
)
_IS_ANSWER = re.compile(
    r"(?<![\w'])\(?([A-J])[).]?\s+(?:is|é)\s+(?:the\s+|a\s+)?(?:correct|right|answer|best|corret|cert|resposta)"
)
_WHOLE = re.compile(r"^\W*(?:option\s+|letra\s+)?([A-Ja-j])\W*$", re.IGNORECASE)
_FIRST = re.compile(
    r"^[\s\"'\[]*(?:\(\s?([A-Ja-j])\s?\)|([A-Ja-j])\s?[).:]|([B-HJ])(?=[\s,;-]|$)|([A-J])(?=\s*(?:[,;]|—|-\s|\n|because|porque|since|pois)))"
)
_LONE = re.compile(
    r"\(\s?([A-Ja-j])\s?\)|(?<![\w'.])([B-HJ])(?![\w'])|(?<![\w'.])([AI])(?=[).,;:!?]|\s*$)"
    r"|(?<![\w'.])([AI])(?=\s+(?:or|ou|and|e|&|/)\s*[B-J](?![\w']))"
)
_BOTH = re.compile(r"^[).\s\"']*(?:,|or|ou|and|e|&|/)\s*[(\"']?([A-J])(?![\w'])")


def choice_score(expected: str, answer: str, choices: Sequence[str] = ()) -> Score:
    """Correct where the answer names the expected choice, by its letter or its text.

    `expected` is a letter or the text of one of `choices`; where it is neither, nothing is scored.
    """
    gold = _gold(expected, choices)
    if gold is None:
        return Score(None, None, None, f"'{shorten(expected)}' is neither a letter nor a choice")
    letters = LETTERS[: len(choices)] if choices else LETTERS
    said = chosen(answer, choices, letters)
    if not said:
        return Score(False, 0.0, None, "the answer names no choice")
    if len(said) > 1:
        return Score(
            False, 0.0, None, f"several choices are left standing: {', '.join(sorted(said))}"
        )
    (letter,) = said
    correct = letter == gold
    return Score(
        correct,
        float(correct),
        letter,
        f"chose {letter}" + ("" if correct else f", expected {gold}"),
    )


def _gold(expected: str, choices: Sequence[str]) -> str | None:
    wanted = normalise(expected)
    for letter, choice in zip(LETTERS, choices, strict=False):
        if normalise(choice) == wanted:
            return letter
    bare = wanted.strip("() ").upper()
    allowed = LETTERS[: len(choices)] if choices else LETTERS
    return bare if len(bare) == 1 and bare in allowed else None


def chosen(answer: str, choices: Sequence[str], letters: str) -> set[str]:
    """The letters of the choices that an answer leaves standing."""
    text = clean(answer).replace("\ue002", " ").strip()
    for found in islice(CHATTER.finditer(text), TURNS):
        head = _pick(text[: found.start()], choices, letters)
        if head:
            return head
    for turn in reversed(list(RETRACTED.finditer(text))[-3:]):
        tail = _pick(text[turn.end() :], choices, letters)
        if tail:
            return tail
    return _pick(text, choices, letters)


def _pick(text: str, choices: Sequence[str], letters: str) -> set[str]:
    named = _by_letter(text, letters)
    texts = _by_text(text, choices)
    if named is None:
        lone = {letter for letter, _, _ in _lone(text, letters)}
        return (
            texts
            if len(texts) == 1 and not lone - texts
            else lone | texts
            if len(lone) != 1
            else lone
        )
    letter_set, rest = named
    if len(letter_set) == 1 and choices:
        # 'B) Paris', where Paris is another choice's text, says two things.
        beside = _by_text(re.split(r"[.;\n]|because|porque|since|pois", rest)[0], choices)
        if beside and not beside & letter_set:
            return letter_set | beside
    return letter_set


def _by_letter(text: str, letters: str) -> tuple[set[str], str] | None:
    """The letter that is named outright, and what follows it; None where none is."""
    whole = _WHOLE.match(text)
    if whole and whole[1].upper() in letters:
        return {whole[1].upper()}, ""
    best: tuple[int, int, str] | None = None
    spelt = _NAMED_CASE.sub(lambda found: found[0].lower(), text)
    for found in [*_NAMED.finditer(spelt), *_IS_ANSWER.finditer(text)]:
        letter = next(group for group in found.groups() if group).upper()
        if (
            letter in letters
            and not _denied(text, found.end() - 1, found.end())
            and (best is None or found.end() > best[1])
        ):
            best = (found.start(), found.end(), letter)
    if best is None:
        first = _FIRST.match(text)
        if first:
            letter = next(group for group in first.groups() if group).upper()
            if (
                letter in letters
                and not _lists_all(text, letters)
                and not _denied(text, first.end() - 1, first.end())
            ):
                best = (first.start(), first.end(), letter)
    if best is None:
        return None
    rest = text[best[1] :]
    other = _BOTH.match(rest)
    if other and other[1] in letters and other[1] != best[2]:
        return {best[2], other[1]}, rest
    return {best[2]}, rest


def _lists_all(text: str, letters: str) -> bool:
    """Does the text repeat the choices one by one?"""
    return len(re.findall(r"(?:^|\n)\s*\(?[A-Ja-j]\s?[).:]", text)) >= max(2, min(3, len(letters)))


def _lone(text: str, letters: str) -> list[tuple[str, int, int]]:
    found = []
    for match in _LONE.finditer(text):
        letter = next(group for group in match.groups() if group).upper()
        if letter in letters and not _denied(text, match.start(), match.end()):
            found.append((letter, match.start(), match.end()))
    return found


def _by_text(text: str, choices: Sequence[str]) -> set[str]:
    """Letters of the choices whose text stands in the answer, longer texts first."""
    plain = f" {normalise(text)} "
    found: set[str] = set()
    for letter, choice in sorted(
        zip(LETTERS, choices, strict=False), key=lambda pair: -len(pair[1])
    ):
        wanted = normalise(choice)
        if not wanted:
            continue
        place = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
        for match in place.finditer(plain):
            if not _denied(plain, match.start(), match.end()):
                found.add(letter)
        plain = place.sub("\0", plain)
    return found


def _denied(text: str, start: int, end: int) -> bool:
    return bool(
        DENIED_BEFORE.search(text[max(0, start - 60) : start].rstrip("(") or " ")
        or DENIED_AFTER.match(text[end : end + 40].lstrip(")."))
    )
