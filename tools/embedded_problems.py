"""The arithmetic problems: how they are drawn, written out, and kept out of training.

Prompt ``27 + 58 =``, answer `` (58) 85``. In parentheses stand the result's digits in reverse:
carries run from the ones up, so written backwards each digit depends only on what stands already,
and a small model can learn the rule instead of the table. Plain digits follow, then the end.

=============  ==============================================================================
sum            ``999 + 999 =`` -> `` (8991) 1998``
difference     ``27 - 58 =``   -> `` (-13) -31``; zeros fill the longer operand's length, so the
               working needs no look ahead: ``512 - 498 =`` -> `` (410) 14``
product        ``12 * 11 =``   -> `` 24 60 132``: the second factor's bits from the top, each step
               doubling and, where the bit is one, adding the first factor (Horner's scheme)
=============  ==============================================================================

The last number of the text is always the answer.

Held out: a SHA-256 of the unordered problem decides, so neither `a op b` nor `b op a` is seen in
training. Of the products within 12 x 12 almost half are held out; what makes them solvable are
the larger products (one factor up to 99) that stay in training.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from embedded_common import Row

PROMPT = "{query} ="
LARGEST_FACTOR = 12
HELD_OUT_SHARE = {"+": 0.125, "-": 0.125, "*": 0.45}
HELD_OUT_ROWS = {"+": 102, "-": 103, "*": 51}
DIGIT_WEIGHTS = (0.15, 0.40, 0.45)
"""How often an operand of a sum or a difference has one, two, three digits."""


@dataclass(frozen=True)
class Problem:
    """One arithmetic problem: two operands, each at least zero, and `+`, `-` or `*`."""

    a: int
    op: str
    b: int

    @property
    def result(self) -> int:
        """The answer."""
        if self.op == "+":
            return self.a + self.b
        return self.a - self.b if self.op == "-" else self.a * self.b

    @property
    def query(self) -> str:
        """The problem as a task row states it."""
        return f"{self.a} {self.op} {self.b}"

    @property
    def held_out(self) -> bool:
        """Whether training must never see this problem nor its commuted twin."""
        if self.op == "*" and max(self.a, self.b) > LARGEST_FACTOR:
            return False
        low, high = sorted((self.a, self.b))
        digest = hashlib.sha256(f"wattmark arithmetic {low}{self.op}{high}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT_SHARE[self.op]

    @property
    def completion(self) -> str:
        """What the model is to write after the prompt: working, then the answer."""
        if self.op == "*":
            return "".join(f" {step}" for step in horner(self.a, self.b))
        digits = str(abs(self.result))
        if self.op == "-":
            digits = digits.zfill(max(len(str(self.a)), len(str(self.b))))
        sign = "-" if self.result < 0 else ""
        return f" ({sign}{digits[::-1]}) {self.result}"


def horner(a: int, b: int) -> list[int]:
    """Partial products of `a * b` over the bits of `b`, highest first; the last is the product.

    The first step is `a` itself and is left out unless it is also the last.
    """
    steps, total = [], 0
    for bit in f"{b:b}":
        total = 2 * total + (a if bit == "1" else 0)
        steps.append(total)
    return steps[1:] or steps


def draw(rng: random.Random, weights: tuple[float, float, float] = (0.28, 0.42, 0.30)) -> Problem:
    """Draw any problem, held out or not; `weights` are those of sums, differences, products."""
    op = rng.choices("+-*", weights)[0]
    if op == "*":
        small = rng.randint(0, LARGEST_FACTOR)
        # Half the draws are within 12 x 12, the rest teach doubling and adding on other numbers.
        other = rng.randint(0, LARGEST_FACTOR if rng.random() < 0.5 else 99)
        return Problem(other, op, small)
    a, b = (
        rng.randint(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)
        for digits in rng.choices((1, 2, 3), DIGIT_WEIGHTS, k=2)
    )
    return Problem(a, op, b)


def draw_training(rng: random.Random) -> Problem:
    """Draw a problem that is not held out."""
    while (problem := draw(rng)).held_out:
        pass
    return problem


def held_out_problems(seed: int) -> list[Problem]:
    """Distinct held-out problems, 40 % sums, 40 % differences, 20 % products, shuffled.

    Products are all within 2..12; the easy ones by 0 and 1 are left out.
    """
    rng = random.Random(f"arithmetic held-out {seed}")
    factors = range(2, LARGEST_FACTOR + 1)
    products = [p for a in factors for b in factors if (p := Problem(a, "*", b)).held_out]
    chosen = rng.sample(products, HELD_OUT_ROWS["*"])
    for op, weights in (("+", (1.0, 0.0, 0.0)), ("-", (0.0, 1.0, 0.0))):
        found: dict[Problem, None] = {}
        while len(found) < HELD_OUT_ROWS[op]:
            if (problem := draw(rng, weights)).held_out:
                found[problem] = None
        chosen += found
    rng.shuffle(chosen)
    return chosen


def held_out_rows(seed: int) -> list[Row]:
    """The task's rows."""
    return [
        {"id": f"a{number:04d}", "query": problem.query, "answer": str(problem.result)}
        for number, problem in enumerate(held_out_problems(seed), start=1)
    ]


def spell(problem: Problem, rng: random.Random) -> str:
    """The problem's prompt, with the operator in one of the spellings people use."""
    op = problem.op
    if op == "*" and rng.random() < 0.5:
        op = rng.choice("x×")
    elif op == "-" and rng.random() < 0.15:
        op = "−"
    # A few prompts come without spaces, as a person may type them.
    joint = "" if rng.random() < 0.05 else " "
    return PROMPT.format(query=f"{problem.a}{joint}{op}{joint}{problem.b}")
