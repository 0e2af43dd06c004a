r"""An answer's text made plain before numbers are read from it: Unicode, LaTeX, HTML, Markdown.

What marks the answer (`\boxed`, `<answer>`) becomes the words "final answer:", what was struck
out goes, and program code is put in brackets of its own. Every pattern here is bounded, and a
long text is cut to its two ends, so that a megabyte takes no longer than a page.
"""

from __future__ import annotations

import html
import re
import unicodedata

from wattmark.scoring.notation import MARK, with_degrees, without_limits, written_plainly
from wattmark.scoring.tokens import without_tokens

HEAD, TAIL = 3_000, 6_000
"""Characters that are read at the ends of a long answer."""
THIN = "\u2009"
"""Any space that groups digits and breaks no line."""
CODE_OPEN, CODE_CLOSE = "\ue000", "\ue001"
"""Around program code: its numbers are read only where nothing else is stated."""

_FRACTIONS = {
    char: unicodedata.normalize("NFKC", char).replace("\u2044", "/")
    for char in map(chr, (*range(0xBC, 0xBF), *range(0x2150, 0x215F), 0x2189))
}
_VULGAR = re.compile("([0-9]?)([{}])".format("".join(_FRACTIONS)))
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−﹣－‒", "-"),
        **dict.fromkeys("×·⋅∙✕✖", "*"),
        **dict.fromkeys("’‘´ʼ", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("\u00a0\u202f\u2007\u2008\u200a\u2006", THIN),
        **dict.fromkeys("\u2028\u2029\u0085\u000b\u000c\r", "\n"),
        "÷": " / ",
        "∕": "/",
        "⁄": "/",
        "—": " — ",
        "…": "... ",
        "⇒": "=>",
        "→": "=>",
        "≃": "≈",
        "≅": "≈",
        "≡": "=",
        "％": "%",
    }
)
_EN_DASH = re.compile(r"(?:(?<=[\s(:=$*{])|^)–(?=[\d$.]|R\$|[€£])|(?:(?<==\s)|(?<=\n)|^)–(?=\s\d)")
_FEET = re.compile(r"(?<![\w'])(\d)'\s?(\d{1,2})(?:\"|'')(?!\w)")
"""5'10": feet and inches."""
_THOUSAND_MILLION = re.compile(r"\bmil\s+milh(?:ões|oes)\b", re.IGNORECASE)
"""Portugal's word for a billion."""
_FOOTNOTE = re.compile(r"(?<=[.!?])[¹²³](?=\s|$)|(?:(?<=\n)|\A)[¹²³](?=\s[^\W\d_])")
_BASE = re.compile(r"(?<=[\d)}])(?:[₀-₉]{1,2}|_\{\s?\d{1,2}\s?\}|_\d(?!\w))")
"""The base that a number is written in: 1101₂."""
_MINUS = re.compile(r"(?<=[:=(])\s?−\s(?=\d)")
"""A sign that is no dash, set off from its number."""
_INVISIBLE = re.compile(
    r"[\u20e3\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\t]")
_TERMINAL = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
"""Colours."""
_FOREIGN_DIGIT = re.compile(r"[^\W\x00-\x7f\D]")

_COMPATIBLE = re.compile(f"[^\x00-\x7fÀ-ı≠≤≥{THIN}]")
"""Characters that have another form; those of Portuguese have none."""
_STRUCK = re.compile(
    r"~~[^~\n]{1,300}~~|<(del|s|strike|tool_call|tool_response)>[^<]{0,300}</\1>|<<[^<>\n]{0,200}>>",
    re.IGNORECASE,
)
_ANSWER_TAG = re.compile(
    r"<(?:final_?)?(?:answer|resposta|result)>|\[(?:final_?)?(?:answer|resposta)\](?!\()",
    re.IGNORECASE,
)
_ANSWER_TAG_END = re.compile(r"\[/(?:final_?)?(?:answer|resposta)\]", re.IGNORECASE)
_SUP = re.compile(r"<sup>\s*([-+−]?\d{1,6})\s*</sup>", re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:p|br|div|li|ul|ol|tr|h[1-6]|answer|resposta|result)\b[^<>]{0,200}>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<!--[^<>]{0,300}-->")
_SPECIAL = re.compile(r"<\|[a-z_]{1,40}\|>|</s>|\[/?INST\]|<(?:end|start)_of_turn>", re.IGNORECASE)

_BRACED_SIGN = re.compile(r"\{([.,:])\}")
_BRACED = r"\{([^{}]{0,200})\}"
_FRAC = re.compile(r"\\[dtc]?frac\s*(?:" + _BRACED + r"|(\d))\s*(?:" + _BRACED + r"|(\d))")
_PERIOD = re.compile(r"\\(?:overline|bar|dot)\s*\{(\d{1,9})\}")
_MODULUS = re.compile(r"\\pmod\s*(?:\{([^{}]{0,40})\}|(\d{1,3}))")
_SQRT = re.compile(r"\\sqrt\s*(?:\[[^\]]{0,20}\])?")
_WRAPPED = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathbb|bm|bf|mbox|emph|underline|overline"
    r"|operatorname|large|Large)\s*" + _BRACED
)
_INDEX = re.compile(r"(?<=[A-Za-z])_\{[^{}\n]{0,20}\}")
_TAG_LATEX = re.compile(r"\\tag\*?\s*\{[^{}]{0,20}\}")
"""The number of an equation."""
_STRUCK_LATEX = re.compile(r"\\[bx]?cancel\s*" + _BRACED)
_COMMANDS = {
    "times": "*", "cdot": "*", "div": " / ", "equiv": "=", "bmod": " mod ", "mod": " mod ",
    "approx": "≈", "simeq": "≈", "approxeq": "≈",
    "pi": "π", "pm": "±", "neq": "≠", "ne": "≠", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "lt": "<", "gt": ">", "to": "=>", "rightarrow": "=>", "Rightarrow": "=>", "implies": "=>",
    "Longrightarrow": "=>", "longrightarrow": "=>", "iff": "=>", "Leftrightarrow": "=>",
    "ldots": "...", "dots": "...", "degree": "°", "circ": "°", "quad": " ", "qquad": " ",
}  # fmt: skip
_COMMAND = re.compile(r"\\([a-zA-Z]{1,30})\s?")
_SPACED_SIGN = re.compile(r"^-\s+(?=\d)")
_BOXED = re.compile(r"\\f?boxed\s*(?=\{)|\\boxed\s+(?=[\d-])")

_MATH = re.compile(r"(?<![\w$\\])\$(?=[^\s$])([^$\n]{1,300})(?<![\s\\RS$])\$(?![\d$])")
"""LaTeX between dollar signs: '$35$' names no currency."""

_UNIT_POWER = re.compile(r"(?<=[a-z])\$\^\{?(-?[1-3])\}?\$")
"""The square of 'm$^2$', the 'mol$^{-1}$'."""
_FENCE = re.compile(r"```[ \t]*([\w+-]{0,20})[^\n`]{0,80}\n(.{0,8000}?)(?:```|\Z)", re.DOTALL)
_PROGRAM = re.compile(
    r"\b(?:print|def|return|import|for|let|const|var|console|int)\b|[A-Za-z_]\w* ?= ?"
)
_ITALIC = re.compile(r"(?<![\w)*])\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*(?![\w(*])")
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")
_BLANK = re.compile(r"(?<![^\W_])_{3,200}(?![^\W_])")
"""A line to write on."""
_TIMES = re.compile(r"(?<=\d)(?<!\b0)[xX](?=\d)|(?<=\d) [xX] (?=\d)")
_CLOCK = re.compile(r"(?<![\w.,])(\d{1,3})\s?h\s?(\d{1,2})(?:\s?(?:min|m))?(?!\w)")
_HOUR = re.compile(r"h\s?\d")
"""What each of them has."""
_QUOTED = re.compile(r"(?:(?<=\n)|\A)[ ]{0,3}(?:>[ ]){1,3}(?=\S)")
_TOUCHING = re.compile(r"\d[stple]|[ésDLRPY]\d")
_GLUED = re.compile(
    r"(?<=\d)(so|then|portanto|logo|então)(?=\d)|(?<=[^\W\d_])(é)(?=\d)|(?<!\w)(é|is)(?=\d)"
    r"|(?<!\w)(?:USD|EUR|BRL|GBP|JPY)(?=\d)"
)
_LATIN = re.compile(r"[\x00-\x7fÀ-ÖØ-öø-ÿ]*")
_SPACES = re.compile(r"(?<=[^\s/])[ ]{2,}(?=[^\s|/])")
_MIXED = re.compile(r"(?<![\w.,/-])(\d{1,3})-(\d/\d{1,2})(?![\w/-])(?!\s?[=+*])")
"""'1-1/2 cups'."""
_RAISED = re.compile(r"(?<=\d)\*\*(?=-?\d)|(?<=\d) \*\* (?=\d)")
"""A power, as programs have it."""
_ITEM_STAR = re.compile(r"^[ ]*\*[ ]+", re.MULTILINE)


def clean(text: str) -> str:
    """The plain text of an answer; never raises."""
    if len(text) > HEAD + TAIL:
        text = text.strip()
        if len(text) > HEAD + TAIL:
            text = f"{text[:HEAD]} \n {text[-TAIL:]}"
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii() or "_" in text:
        text = _BASE.sub("", text)
    if not text.isascii():
        text = _unicode(text)
    text = _TERMINAL.sub("", text) if "\x1b" in text else text
    text = _CONTROL.sub(" ", text.replace("\r", "\n"))
    if "```" in text:
        text = _FENCE.sub(_fenced, text)
    if "<" in text or "~~" in text or "[" in text:
        text = _markup(text)
    text = _BRACED_SIGN.sub(r"\1", text) if "{" in text else text
    if text.count("$") > 1:
        text = _MATH.sub(r" \1 ", _UNIT_POWER.sub(r"^\1", text).replace("$$", " "))
    if "\\" in text:
        text = _latex(text)
    text = written_plainly(text)
    text = _FEET.sub(r"\1 feet \2 inches", text) if "'" in text else text
    text = _SPACES.sub(" ", text) if "  " in text else text
    return without_tokens(_markdown(text))


def _unicode(text: str) -> str:
    if _LATIN.fullmatch(text):  # Portuguese, with no other signs
        return _THOUSAND_MILLION.sub("bilhões", text)
    text = _INVISIBLE.sub("", _FOOTNOTE.sub("†", text))
    text = with_degrees(text.replace("¢", " cents").replace("ª", "º"))
    text = _POWER.sub(lambda found: "^" + found[0].translate(_POWERS), text)
    text = _VULGAR.sub(lambda f: (f[1] + " " if f[1] else "") + _FRACTIONS[f[2]], text)
    text = _EN_DASH.sub("-", _MINUS.sub(" -", text).translate(_SIGNS))
    text = unicodedata.normalize("NFC", text)
    text = _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = _THOUSAND_MILLION.sub("bilhões", text)
    return _FOREIGN_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0], "")), text)


def _fenced(found: re.Match[str]) -> str:
    language, content = found[1].lower(), found[2]
    if language == "json" or '"answer"' in content or not _PROGRAM.search(content):
        return f"\n{content}\n"
    return f"\n{CODE_OPEN}{content}{CODE_CLOSE}\n"


def _markup(text: str) -> str:
    text = _STRUCK.sub(" ", text)
    for found in _SPECIAL.finditer(text):
        # What a model writes after the end of its turn is no part of its answer.
        if any(char.isalnum() for char in text[: found.start()]):
            text = text[: found.start()]
            break
    text = _SPECIAL.sub(" ", text)
    text = _ANSWER_TAG_END.sub("\n", _ANSWER_TAG.sub(MARK, text))
    text = _SUP.sub(r"^\1", text)
    return _TAG.sub("", _BLOCK.sub("\n", text))


def _latex(text: str) -> str:
    text = _INDEX.sub("", _STRUCK_LATEX.sub(" ", without_limits(_TAG_LATEX.sub("", text))))
    text = text.replace("\\!", "").replace("\\$", "$").replace("\\%", "%")
    text = text.replace("-\\,", "-")
    for space in ("\\,", "\\;", "\\:", "\\ "):
        text = re.sub(rf"(?<=\d){re.escape(space)}(?=\d{{3}})", THIN, text).replace(space, " ")
    text = _PERIOD.sub(r"(\1)", text)
    for _ in range(3):  # \text inside of \frac inside of \boxed
        before = text
        text = _WRAPPED.sub(r" \1 ", text)
        text = _FRAC.sub(_fraction, text)
        if text == before:
            break
    text = _MODULUS.sub(lambda found: f" (mod {found[1] or found[2]})", text)
    text = _SQRT.sub("√", text)
    text = _boxes(text)
    text = re.sub(r"\\[()\[\]]", " ", text).replace("\\left", "").replace("\\right", "")
    text = _COMMAND.sub(lambda found: _COMMANDS.get(found[1], " "), text)
    text = text.replace("^°", "°").replace("^ °", "°")
    text = re.sub(r"(?<=[^\W\d_]) \^", "^", text)  # the 2 of \text{cm}^2
    return re.sub(r"\^\{([-+]?\d{1,9})\}", r"^\1", text).replace("\\\\", "\n")


def _fraction(found: re.Match[str]) -> str:
    above, below = (found[1] or found[2] or "").strip(), (found[3] or found[4] or "").strip()
    if below.startswith("-") and above.isdigit():
        above, below = f"-{above}", below[1:]
    if above.lstrip("-").isdigit() and below.isdigit():
        whole = found.string[: found.start()].rstrip()[-1:].isdigit()
        return f" {above}/{below} " if whole else f"{above}/{below} "
    return f" √({above})/({below}) "  # nothing that is read as a number


def _boxes(text: str) -> str:
    r"""Each `\boxed{…}` becomes a line "final answer: …", its braces balanced."""
    parts, at = [], 0
    for found in _BOXED.finditer(text):
        if found.start() < at:
            continue
        end = _closing(text, found.end())
        inner = _SPACED_SIGN.sub("-", text[found.end() : end].strip("{} "))
        closed = text[end - 1 : end] == "}" or end == found.end()
        parts += [text[at : found.start()], MARK, inner, " \ue002" if closed else ""]
        at = end
    return "".join([*parts, text[at:]])


def _closing(text: str, start: int) -> int:
    """The place after the brace that closes the one at `start`; the end of its line at worst."""
    depth = 0
    for place in range(start, min(len(text), start + 2000)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth <= 0:
                return place + 1
    line = text.find("\n", start)
    return len(text) if line < 0 else line


def _markdown(text: str) -> str:
    if ">" in text or "<-" in text:
        text = _QUOTED.sub("", text).replace("<- ", "= ")
    if "*" in text:
        text = _RAISED.sub("^", text).replace("**", "")
        text = _ITALIC.sub(r"\1", _ITEM_STAR.sub("• ", text))
    if "_" in text:
        text = _EDGE_UNDERSCORE.sub("", _BLANK.sub("?", text))
    if "/" in text and "-" in text:
        text = _MIXED.sub(r"\1 \2", text)
    if "x" in text or "X" in text:
        text = _TIMES.sub(" * ", text)
    if _TOUCHING.search(text):
        text = _GLUED.sub(lambda found: f" {found[0]} ", text)
    if _HOUR.search(text) is not None:
        text = _CLOCK.sub(r"\1 h \2 min", text)
    return text.replace("`", "")
