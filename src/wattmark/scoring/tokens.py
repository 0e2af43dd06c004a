"""Strings of letters and digits that name a thing: addresses, telephone and serial numbers.

Their digits count nothing. They are taken out of a text before its numbers are read; each
pattern is bounded.
"""

from __future__ import annotations

import re

GONE = "\ue003"
"""What stands in the place of one."""
_ADDRESS = re.compile(
    r"(?:https?|ftp)://[^\s<>()\[\]\"']{1,500}|\bwww\.[^\s<>()\[\]\"']{1,500}"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w)])(?<![\d)]\s)\+\d{1,3}[ .-]\(?\d{1,4}\)?(?:[ .-]\d{2,5}){1,3}(?!\w)"
    r"|\(\d{2,3}\)\s?\d{3,5}[ .-]\d{4}(?!\w)"
    r"|(?<![\w.,-])(?:1-)?[2-9]\d{2}-\d{3}-\d{4}(?![\w-])"
    r"|(?<![\w.,-])0[38]00[ -]\d{3}[ -]?\d{4}(?![\w-])"
    r"|(?:\b(?:call|phone|telephone|dial|text|tel|fax|whatsapp|ligue|telefone|telefonar|fone"
    r"|celular|contato|contact)\b[^\w\n]{1,3}(?:(?:us|me|para|to|at|on|o|no|number|número|é|is)\s){0,3})"
    r"\d{2,5}(?:[ .-]\d{2,5}){1,3}(?![\w-])",
    re.IGNORECASE,
)
_SERIAL = re.compile(
    r"(?<![\w-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2})"
    r"(?![\w-])",
    re.IGNORECASE,
)
_HEX = re.compile(
    r"(?<![\w.,])(?=(?:[0-9]{1,60}[a-f]{1,60}){2}|(?:[a-f]{1,60}[0-9]{1,60}){2})[0-9a-f]{8,128}"
    r"(?![\w.,]\w)(?!\w)",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?<![\w-])(?=[\w-]{0,60}[A-Za-z]\d)(?=[\w-]{0,60}\d)[A-Za-z0-9]{1,30}(?:[-_][A-Za-z0-9]{1,30}){2,8}(?![\w-])"
)
"""A serial number in parts, one of which has a digit after a letter: 'AB12-3456-85'."""
_MODEL = re.compile(
    r"(?<![\w-])(?!(?:USD|EUR|BRL|GBP|JPY)-)[A-Z]{2,6}-\d{1,4}(?![\w.,]\d|[\w-])"
    r"|(?<![\w-])[A-Z]-\d{1,3}(?=\s(?!(?:is|as|has|was|equals|gives|makes)\b)[a-z]{3,15}s\b)"
)
"""'GPT-4', 'COVID-19', 'F-16 jets'."""
_VERSION = re.compile(r"(?<![\w.])v\d{1,3}(?:\.\d{1,4}){1,3}(?![\w])")
"""'v1.85'."""
_LONG = 10
_GROUPED = re.compile(r"[- .+)](?:(?<=\d.)\d{2}|(?<=\+)\d|(?<=\))\s?\d{3})")
"""What each telephone number has."""
_MIXED = re.compile(r"\d(?:(?<=[A-Za-z].)|[A-Fa-f-]+[:\d])")
_COLONS = re.compile(r":[\dA-Fa-f]{2}:")
"""What each serial number has."""
_NUMBERED = re.compile(
    r"(?P<name>(?:^|\n|[.!]\s)(?:error|erro)(?=\s)|\b(?:(?:error|erro|status|exit|http|response)\s+(?:codes?|status)|código\s+(?:de|do)\s+"
    r"(?:erro|status|resposta)|http(?:\s+error)?|serial(?:\s+(?:number|no\.?))?|s/n|n[úu]mero\s+de\s+s[ée]rie"
    r"|protocolo(?:\s+n[ºo°]?)?|pages?|páginas?|pág\.|chapter|capítulo|apollo|apolo|boeing|airbus|windows|iphone|python|ubuntu|android|(?-i:(?<=[a-zé]\s)(?:Bus|Rooms?|Gates?|Flights?|Platforms?|Channels?|Highways?|Lines?|Linhas?|Salas?|Voos?|Portão))|f[óo]rmula|route|rodovia|ticket(?:\s+number)?|errno|(?<=\")(?:code|status|status_?code"
    r"|http_?status|error|erro|c[óo]digo|errno|request_?id|id)(?=\")))[\"\s:#=]{1,5}(?:\d{1,4}\s(?:and|e)\s)?$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")


def without_tokens(text: str) -> str:
    """The text with a sign in the place of each."""
    if "-" in text:
        text = _MODEL.sub(GONE, text)
    if "v" in text and "." in text:
        text = _VERSION.sub(GONE, text)
    if "://" in text or "@" in text or "www." in text:
        text = _ADDRESS.sub(GONE, text)
    if _GROUPED.search(text):
        text = _PHONE.sub(GONE, text)
    if _MIXED.search(text) or (":" in text and _COLONS.search(text)):
        text = _SERIAL.sub(GONE, text)
        text = _PARTS.sub(lambda found: GONE if len(found[0]) >= _LONG else found[0], text)
        text = _HEX.sub(GONE, text)
    return text


def is_numbered(before: str, asked: frozenset[str]) -> bool:
    """Does 'error code', 'HTTP', '"code":' lead to it, in none of the words asked for?

    `asked` has the stems of the question's words.
    """
    named = _NUMBERED.search(before)
    if named is None:
        return False
    return not any(word[:4].casefold() in asked for word in _WORD.findall(named["name"]))
