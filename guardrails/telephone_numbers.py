"""Finds telephone numbers: by country code, by words beside them, by form, or valid where we are.

Without any of the three a row of digits is no telephone number: order numbers, dates and amounts
look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException

CANDIDATE = re.compile(
    r"(?<![\w.,/#$€£+-])(?<!\d:)(?P<code>\+|00(?=[1-9]))?\(?\d(?:[ ().\-–/]{0,3}\d){5,16}"
    r"(?P<extension>\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w%€]|[.,:/-]\d)",
    re.IGNORECASE,
)
_ABOUT_PHONES = re.compile(
    r"(?:\b(?:(?:tele)?phones?|tel|mobiles?|cell(?:ular)?|fax|desk|landline|hotline|helpline"
    r"|whats ?app|sms|dial|contact number|t|m|teléfonos?|telefon|móvil|celular|numéro|handy"
    r"|(?:call|text|phone|ring|reach|contact)(?:ing)?(?: (?:me|us|him|her|them|you|back)){0,2}"
    r" (?:at|on|under)|llam\w{1,6}(?: al)?)\b(?: (?:number|no|nr|is|es|número|line|us|at)){0,3}"
    r"|(?:my|his|her|their|our|your|the) number (?:is|was))[\s.:#;=-]{1,4}$",
    re.IGNORECASE,
)
_SPEAKS_OF_PHONES = re.compile(
    r"\b(?:(?:tele)?phones?|tel|mobile|cell|fax|calls?|call(?:ed|ing)|dial|ring|reach(?:able)?"
    r"|contact|texts?|messages?|voicemail|whats ?app|hotline|teléfono|móvil|celular|llam\w{1,6})\b",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]{0,100}\Z")
_REST_OF_LINE = re.compile(r"[^\n]{0,100}")
_WRITTEN_LIKE_ONE = re.compile(
    r"(?:\+|00(?=[1-9]))(?=(?:\D{0,3}\d){9})|\+?[\d-]{0,4} ?\(\d{2,5}\)[ .-]?\d{3,4}[ .-]?\d{3,4}"
    r"|(?:\+?1[-. ])?\d{3}(?P<mark>[-.])\d{3}(?P=mark)\d{4}(?!\d)"
)
"""A country code, a bracketed area code, or the North American form."""
_REGIONS = (
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "SE", "DK", "NO", "PL", "PT", "BR", "MX",
    "AU", "NZ", "ZA", "IN", "JP",
)  # fmt: skip
"""Where a number may be from that is written like one and says no country."""
_ABOUT_OTHERS = re.compile(
    r"\b(?:order|tracking|invoice|reference|ref|ticket|case|account|card|serial|item|sku|iban|id"
    r"|booking|reservation|customer|pedido|factura|seguimiento|cuenta)"
    r"(?:\W{1,3}(?:with|number|no|nr|id|code|is|es|número)){0,3}\W{1,4}$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2})(?!\d)"
)
_JOINED = re.compile(r"[ ().\-–/]")
_QUANTITY = re.compile(
    r"\d{1,2}(?P<dot>[ .])\d{3}(?P=dot)\d{3}(?!\d)|\d{1,4}-\d{1,4} \d|\d{5}-\d{3,4}$|\d{4}-\d{3}$"
    r"|\d{3}-\d{2}-\d{4}$"
)
"""Millions, a row of ranges, a long postcode, the form of a US social security number."""
_GOES_ON = re.compile(
    r"\s?(?:[.,;:!?)\]\"'\n]|$|(?:is|was|and|or|to|for|if|in|on|at|when|please|thanks|y|o|es|para)\b)",
    re.IGNORECASE,
)
"""What may stand behind a number of which nothing else says so; a street's name may not."""
_AFTER_A_NAME = re.compile(r"[^\W\d_a-z]\w{1,30}[,.]?\s{1,2}$")
"""A place or a street before it: the number belongs to an address."""
_LABEL = re.compile(r"\W{0,4}(?:[a-z]{1,10}\W{0,3})?", re.IGNORECASE)
"""What may stand behind a number on a line of its own: "office", "(home)"."""
_LONG = 9
"""Digits from which a row without any mark may be a number, where telephones are spoken of."""
_LEAST = 7
"""Digits of the shortest number that people give each other."""


@lru_cache(maxsize=2048)
def parsed(text: str, region: str | None) -> tuple[int, int, bool] | None:
    """Read a number: country code, national number and whether it is valid; ``None`` if none."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number)
    return number.country_code or 0, number.national_number or 0, valid


def phone_keys(text: str, region: str | None) -> tuple[str, ...]:
    """Digits that a number may be kept under: as written, international, and national."""
    written = re.sub(r"\D", "", text)
    number = parsed(text, region)
    if number is None:
        return (written,)
    code, national, _ = number
    return tuple(dict.fromkeys((written, f"{code}{national}", f"{national}", f"0{national}")))


def find_phones(text: str, region: str) -> Iterator[tuple[int, int]]:
    """Find telephone numbers; ``region`` is where those without a country code belong."""
    for match in CANDIDATE.finditer(text):
        if _is_phone(text, match, region):
            yield match.span()


def _is_phone(text: str, match: re.Match[str], region: str) -> bool:
    start, end = match.span()
    bare = text[start : match.start("extension")] if match["extension"] else match[0]
    digits = sum(map(str.isdecimal, bare))
    if digits < _LEAST or _DATE.match(bare):
        return False
    if _ABOUT_PHONES.search(text, max(0, start - 48), start):
        return True
    if _ABOUT_OTHERS.search(text, max(0, start - 40), start):
        return bool(match["code"]) and _is_valid(bare, region)
    before, after = _LINE.search(text, max(0, start - 100), start), _REST_OF_LINE.match(text, end)
    head, tail = before[0] if before else "", after[0] if after else ""
    spoken_of = bool(_SPEAKS_OF_PHONES.search(head + tail))
    alone = not head.strip(" \t|,;") and bool(_LABEL.fullmatch(tail))
    if not _JOINED.search(bare):
        sure = alone or match["code"] == "+"
        return (digits >= _LONG and spoken_of) or (sure and _is_valid(bare, region))
    sure = alone or spoken_of or bool(match["extension"] or _WRITTEN_LIKE_ONE.match(bare))
    return sure or _is_valid_somewhere(bare, (head, tail), region)


def _is_valid_somewhere(text: str, beside: tuple[str, str], region: str) -> bool:
    """Whether it is a valid number here or elsewhere, and no part of an address or amount."""
    if _is_valid(text, region):
        return True
    plain = sum(map(str.isdecimal, text)) > _LEAST and not _QUANTITY.match(text)
    if not plain or _AFTER_A_NAME.search(beside[0]) or not _GOES_ON.match(beside[1]):
        return False
    return any(_is_valid(text, other) for other in _REGIONS)


def _is_valid(text: str, region: str) -> bool:
    number = parsed(re.sub(r"^00", "+", text), region)
    return number is not None and number[2]
