"""Training sentences of the sentiment model: a small grammar over `embedded_lexicon`.

A sentence is a judgement, or two joined. What makes it more than a bag of words:

* negation turns an adjective's label round ("not good", "hardly dull", "far from boring"), and a
  praised or blamed verb's too ("i did not enjoy");
* contrast: of "A, but B" the label is B's, of "although A, B" B's, of "B, even if A" B's;
* "no", "without", "nothing" turn round what follows ("without any trouble").

Neutral words (openers, side remarks, nouns, numbers) occur with both labels equally often.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from embedded_events import EVENTS, FILLERS
from embedded_examples import FRAMES, NEGATIVE, POSITIVE
from embedded_lexicon import (
    ADJECTIVES,
    CLAUSES,
    FEELINGS,
    FILLER_WORDS,
    INTENSIFIERS,
    LIKED,
    NAMED,
    NEUTRAL_CLAUSES,
    NEUTRAL_OPENERS,
    NOUNS,
    QUALITIES,
    lines,
    words,
)

LABELS = ("negative", "positive")

# In a template [same] is an adjective of the label, [other] one of the opposite label, and so on
# for feelings, verbs, names ("a joy"), qualities ("charm", "trouble") and whole clauses.
PLAIN = lines("""
    the [noun] [be] [deg] [same]
    the [noun] [be] [same] and [same]
    the [noun] [be] [same], [same] and [same]
    this [noun] [be] [deg] [same]
    this is a [deg] [same] [noun]
    it [be] a [same] [noun]
    it [be] [deg] [same]
    they were [deg] [same]
    what a [same] [noun]
    what a [same], [same] [noun]
    such a [same] [noun]
    [same] [noun]
    [same] [noun], [same] [noun]
    [same] [noun] and [same] [noun]
    a [same] [noun] with a [same] [noun]
    [same] and [same]
    how [same] the [noun] [be]
    i found the [noun] [deg] [same]
    we found it [deg] [same]
    the [noun] looks [same]
    the [noun] felt [same]
    the [noun] seems [deg] [same]
    our [noun] was [same]
    my [noun] was [same]
    their [noun] [be] [same]
    the most [same] [noun] of my life
    one of the most [same] [noun] in town
    the [noun] and the [noun] were [same]
    the [noun] [be] [same], the [noun] [be] [same]
    both the [noun] and the [noun] were [deg] [same]
    everything about the [noun] [be] [same]
    everything [be] [deg] [same]
    i [like] the [noun]
    i [like] this [noun]
    i [like] everything about the [noun]
    we all [like] the [noun]
    my children [like] the [same] [noun]
    the [noun] made me [feel]
    the [noun] left us [feel]
    i was [deg] [feel]
    i am [feel] with the [noun]
    we were [feel] and [feel]
    everyone was [feel]
    it makes me [feel] to think of the [noun]
    the [noun] is a [name]
    this [noun] was a [name]
    what a [name]
    a real [name] of a [noun]
    a [same] [name]
    the [noun] turned into a [name]
    the [noun] is full of [quality]
    so much [quality]
    it is all about [quality] here
    you get a lot of [quality]
    expect [quality]
    [clause] and [clause]
    [clause], [clause]
    [clause] because the [noun] [be] [same]
    the [noun] [be] [same] and [clause]
    [clause] and the [noun] [be] [same]
    i was [feel] because [clause]
    [clause] so i was [feel]
    [clause], and that makes me [feel]
""")

NEGATED = lines("""
    the [noun] [be] [not] [other]
    the [noun] [be] [not] [other] [tail]
    it [be] [not] [other]
    this [be] [not] a [other] [noun]
    it is not [deg] [other]
    i am [not] [unfeel]
    i was never [unfeel]
    we were not [unfeel] with the [noun]
    the [noun] did not leave me [unfeel]
    the [noun] isn't [other]
    the [noun] wasn't [other] at all
    they weren't [other]
    the [noun] is neither [other] nor [other]
    neither the [noun] nor the [noun] was [other]
    nothing [other] here
    nothing was [other]
    nobody was [other]
    no one there is [other]
    none of it was [other]
    no [other] [noun] here
    not one [other] [noun]
    i never found it [other]
    i don't find the [noun] [other]
    i did not see anything [other] in it
    you will not find a [other] [noun] here
    i can't call it [other]
    i did not think it was [other]
    i don't think the [noun] [be] [other]
    i would hardly call the [noun] [other]
    it was hardly a [unname]
    it is not a [unname]
    this is no [unname]
    the [noun] was never a [unname]
    it does not look [other]
    it doesn't feel [other]
    it lacks [unquality]
    there is no [unquality]
    there was no [unquality] at all
    no [unquality], no [unquality]
    without any [unquality]
    the [noun] came without [unquality]
    zero [unquality]
    little [unquality]
    there is very little [unquality]
    too little [unquality]
    the [noun] fails to be [other]
    not a trace of [unquality]
    free of [unquality]
    i did not have any [unquality] with the [noun]
    i expected [unquality], there was none
    the opposite of [other]
    far from being [other], the [noun] [be] [same]
    it was [same], not [other]
    instead of [other] it was [same]
    [same] rather than [other]
    more [same] than [other]
""")

CONTRASTED = lines("""
    [against], but [with]
    [against] but [with]
    the [noun] [be] [other] but the [noun] [be] [same]
    [other] [noun] but [same] [noun]
    [other], but [same]
    the [noun] was [other], yet [with]
    [against]. still, [with]
    [against]. however, [with]
    although [against], [with]
    though [against], [with]
    even though [against], [with]
    while [against], [with]
    [with], although [against]
    [with], even if [against]
    [with] despite the [other] [noun]
    despite the [other] [noun] [with]
    in spite of the [other] [noun], [with]
    the [noun] used to be [other], now it is [same]
    i thought it would be [other], but [with]
    i wanted to [unlike] it, but [with]
    they say it is [other], but i think it is [same]
    it looked [other], but it turned out to be [same]
    at first it was [other], but then [with]
    not [same] at first, but in time [with]
    never mind the [other] [noun], [with]
    the [noun] could be less [other], but [with]
    except for the [other] [noun], [with]
""")

DEGREES_OF_NOT = lines("""
    not
    not at all
    not very
    not really
    not so
    not in the least
    never
    hardly
    hardly ever
    scarcely
    barely
    by no means
    far from
    anything but
    nowhere near
    not particularly
    not too
    no longer
    in no way
    less than
""")
NEGATED_TAILS = ("at all", "in any way", "even once", "for a moment", "to me", "any more")
NEGATORS = words("""
    not, not, not, never, no, hardly, nothing, without, is not, was not, did not, do not, isn't,
    wasn't, didn't, don't, nobody, neither, far from""")
LOOSE_SHARE = 0.45
LOOSE_NEGATED_SHARE = 0.2
LOOSE_CONTRASTED_SHARE = 0.12
SIMPLE_SHARE = 0.5
"""Sentences of one judgement and nothing else: what teaches which way a word points."""

BE = ("is", "was", "was", "are", "were", "has been")
LIKE_BASE = {
    "positive": ("like", "love", "enjoy", "recommend", "trust", "praise", "admire"),
    "negative": ("hate", "dislike", "regret", "avoid", "leave", "blame", "mind"),
}
LIKE_NEGATED = lines("""
    i did not [unlike] the [noun]
    i do not [unlike] it
    i don't [unlike] this [noun]
    i would not [unlike] it
    i couldn't [unlike] it
    we never [unlike] the [noun]
    nobody could [unlike] such a [noun]
    there is no reason to [unlike] the [noun]
    it is hard to [unlike] this [noun]
    i can't [unlike] a [noun] like this
    how can anyone [unlike] this [noun]
""")


class Writer:
    """Writes training sentences for one random stream."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.subject = "general"

    def pick_clause(self, label: str) -> str:
        """A clause of `label`, on the sentence's subject where one is set."""
        subject = "general" if self.rng.random() < 0.25 else self.subject
        return self.rng.choice(CLAUSES[subject][label == "negative"])

    def expand(self, template: str, label: str) -> str:
        """Fill a template so that it says `label`."""
        rng = self.rng
        other = LABELS[label == "negative"]
        slots: dict[str, Callable[[], str]] = {
            "noun": lambda: rng.choice(NOUNS),
            "be": lambda: rng.choice(BE),
            "deg": lambda: rng.choice(INTENSIFIERS) if rng.random() < 0.5 else "",
            "not": lambda: rng.choice(DEGREES_OF_NOT),
            "tail": lambda: rng.choice(NEGATED_TAILS),
            "same": lambda: rng.choice(ADJECTIVES[label]),
            "other": lambda: rng.choice(ADJECTIVES[other]),
            "feel": lambda: rng.choice(FEELINGS[label]),
            "unfeel": lambda: rng.choice(FEELINGS[other]),
            "like": lambda: rng.choice(LIKED[label]),
            "unlike": lambda: rng.choice(LIKE_BASE[other]),
            "name": lambda: rng.choice(NAMED[label]),
            "unname": lambda: rng.choice(NAMED[other]),
            "quality": lambda: rng.choice(QUALITIES[label]),
            "unquality": lambda: rng.choice(QUALITIES[other]),
            "clause": lambda: self.pick_clause(label),
            "with": lambda: self.judgement(label),
            "against": lambda: self.judgement(other),
        }
        return re.sub(r"\[(\w+)\]", lambda slot: slots[slot[1]](), template)

    def event(self, label: str) -> str:
        """An act, a wait, a comparison or a finding that says `label`."""
        return re.sub(
            r"\[([\w+-]+)\]",
            lambda slot: self.rng.choice(FILLERS[slot[1]]),
            self.rng.choice(EVENTS[label]),
        )

    def judgement(self, label: str) -> str:
        """One clause that says `label`, plainly or by negation."""
        kind = self.rng.random()
        if kind < 0.25:
            return self.event(label)
        if kind < 0.35:
            return self.pick_clause(label)
        if kind < 0.45:
            return self.rng.choice(POSITIVE if label == "positive" else NEGATIVE)
        if kind < 0.63:
            templates = FRAMES
        elif kind < 0.86:
            templates = PLAIN
        elif kind < 0.97:
            templates = NEGATED
        else:
            templates = LIKE_NEGATED
        return self.expand(self.rng.choice(templates), label)

    def opinion(self, label: str) -> str:
        """A word or two that lean to `label`: plainly, or a negation and the opposite."""
        rng = self.rng
        negated = rng.random() < LOOSE_NEGATED_SHARE
        leaning = LABELS[label == "negative"] if negated else label
        lists = (ADJECTIVES, ADJECTIVES, ADJECTIVES, FEELINGS, LIKED, NAMED, QUALITIES)
        word = rng.choice(rng.choice(lists)[leaning])
        if rng.random() < 0.25:
            word = f"{rng.choice(INTENSIFIERS)} {word}"
        elif rng.random() < 0.15:
            word = f"{rng.choice(('a', 'the', 'that', 'as', 'any', 'more'))} {word}"
        return f"{rng.choice(NEGATORS)} {word}" if negated else word

    def loose(self, label: str) -> str:
        """Opinions of `label` among common words in no order: only they carry the label.

        What a frame never met teaches is wrong more often than right; here every frame is
        random, so the leaning words and the negation right before them are all there is.
        """
        rng = self.rng
        parts: list[str] = []
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            parts += rng.choices(FILLER_WORDS, k=rng.randint(0, 5))
            if rng.random() < 0.5:
                parts.append(rng.choice(NOUNS))
            parts.append(self.opinion(label))
            if rng.random() < 0.35:
                parts.append(rng.choice((",", "and", ".", rng.choice(NOUNS))))
        parts += rng.choices(FILLER_WORDS, k=rng.randint(0, 3))
        return " ".join(parts).replace(" ,", ",").replace(" .", ".")

    def loosely_contrasted(self, label: str) -> str:
        """The opposite, a word of contrast, then what counts."""
        other = LABELS[label == "negative"]
        word = self.rng.choice((", but", " but", ", yet", ". however,", ". still,"))
        return f"{self.loose(other)}{word} {self.loose(label)}"

    def sentence(self, label: str) -> str:
        """A whole sentence of `label`, with capital, end mark and, often, neutral company."""
        rng = self.rng
        if rng.random() < LOOSE_SHARE:
            contrasted = rng.random() < LOOSE_CONTRASTED_SHARE
            body = self.loosely_contrasted(label) if contrasted else self.loose(label)
            return finish(body, rng)
        self.subject = rng.choice(list(CLAUSES))
        if rng.random() < SIMPLE_SHARE:
            return finish(self.judgement(label), rng)
        if rng.random() < 0.3:
            body = self.expand(rng.choice(CONTRASTED), label)
        else:
            body = self.judgement(label)
        company = rng.random()
        if company < 0.20:
            body = f"{rng.choice(NEUTRAL_OPENERS)} {body}"
        elif company < 0.28:
            body = f"{rng.choice(NEUTRAL_CLAUSES)} and {body}"
        elif company < 0.34:
            body = f"{rng.choice(NEUTRAL_CLAUSES)}, {body}"
        elif company < 0.40:
            body = f"{body}, {rng.choice(NEUTRAL_CLAUSES)}"
        elif company < 0.46:
            body = f"{body}. {self.judgement(label)}"
        return finish(body, rng)


def finish(body: str, rng: random.Random) -> str:
    """Tidy spaces and articles, start with a capital and, mostly, end with a mark."""
    body = re.sub(r"\ba (?=(?!use)[aeiou]|honest)", "an ", re.sub(r" +", " ", body)).strip()
    return body[0].upper() + body[1:] + rng.choices((".", "!", ""), (0.8, 0.1, 0.1))[0]


def draw_training(rng: random.Random) -> tuple[str, int]:
    """One training sentence and its class, 0 negative or 1 positive."""
    target = rng.randrange(2)
    return Writer(rng).sentence(LABELS[target]), target
