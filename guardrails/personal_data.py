"""Finds personal data by form: cards, accounts, national numbers, telephones, e-mail, IP addresses.

Names and street addresses have no form; they are known by whose they are
(:mod:`handrail.guardrails.ownership`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from handrail.core.ports import owner_key
from handrail.guardrails.national_ids import REST, find_national_ids
from handrail.guardrails.telephone_numbers import find_phones
from handrail.guardrails.terms import DIGIT, zeroed

PersonalKind = Literal["email", "iban", "card", "national_id", "ip", "phone"]

_EMAIL = re.compile(
    r"(?<![\w.+@-])[\w+-](?:[\w.+'-]{0,62}[\w+-])?@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}"
    r"[^\W\d_]{2,24}(?![\w@-])"
)
_ACCOUNT = r"(?<=(?<![\w-])[a-z]{2}\d)\d(?: ?[a-z0-9]{4})"
IBAN = re.compile(rf"{DIGIT}(?i:{_ACCOUNT}{{2,7}}(?: ?[a-z0-9]{{1,3}})?)(?![\w-])")
"""An account number behind its country's letters: a digit is found much faster than a letter."""
_COUNTRY = 2
"""Letters of the country."""
_IBAN_CHARS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CR": 22, "CY": 28,
    "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22,
    "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "KW": 30,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26, "UA": 29,
}  # fmt: skip
"""Length of an account number by country (SWIFT, IBAN registry); of others any of 15 to 34."""
CARD = re.compile(r"(?<![\w-])(?<!\d[.,/])[1-6]\d{3}(?:[ -]?\d){8,15}(?![\w-]?\d|[.,/]\d|\w)")
_CARD_SCHEMES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,16}|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d{2})\d{12,15}|62\d{14,17}|(?:50|5[6-8]|63|67)\d{14,17}"
)
"""First digits and lengths of Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay,
Maestro (ISO/IEC 7812)."""
_ABOUT_CARDS = re.compile(
    r"\b(?:card|cards|credit|debit|visa|mastercard|maestro|amex|tarjeta|karte|carte)\b[^\n\d]{0,24}$",
    re.IGNORECASE,
)
_ABOUT_OTHERS = re.compile(
    r"\b(?:order|tracking|invoice|reference|ref|ticket|case|shipment|parcel|serial|item|pedido"
    r"|factura|seguimiento|env[ií]o)\b[^\n\d]{0,20}$",
    re.IGNORECASE,
)
_IP = re.compile(
    r"(?<![\w.:-])(?:(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d|\w)"
    r"|(?=[0-9a-f]{0,4}:[0-9a-f]{0,4}:)[0-9a-f:]{3,39}(?:\.\d{1,3}){0,3}(?![\w:]))",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:version|firmware|release|v|build|software|app|section|chapter|clause|step)\W{0,3}$",
    re.IGNORECASE,
)
_IP_HINTS = (re.compile(r"\.(?<=\d\.)\d{1,3}\.\d"), re.compile(r":[0-9a-fA-F]{0,4}:"))
"""What every address has one of, each found by its first mark."""
_DIGIT = re.compile(DIGIT)
_MANY = r"(?<!\w\d)(?:[ ().\-–/]{0,3}\d){5}"
MANY = re.compile(rf"{DIGIT}{_MANY}")
"""How every card and telephone number begins: six digits with little between them."""
FORMED = re.compile(rf"0(?i:{_MANY}|{_ACCOUNT}{{2}}|{REST})")
"""How any number of a form begins in a text of zeros, from its first digit; most have none."""


@dataclass(frozen=True, slots=True)
class PersonalDatum:
    """A piece of personal data that stands at ``text[start:end]``."""

    kind: PersonalKind
    start: int
    end: int
    text: str
    form: str = ""
    """Of a national number which one: ``us_ssn``."""

    def moved(self, start: int, end: int) -> PersonalDatum:
        """Return it at another place."""
        return replace(self, start=start, end=end)

    @property
    def key(self) -> str:
        """What its owner is looked up by."""
        return owner_key(self.text)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether an account number has its country's length and its check digits (ISO 13616)."""
    plain = text.replace(" ", "").upper()
    if len(plain) != _IBAN_CHARS.get(plain[:2], len(plain)) or not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def find_personal(text: str, region: str) -> tuple[PersonalDatum, ...]:
    """Find personal data, in order and without overlaps.

    Args:
        text: Folded text.
        region: ISO 3166 code, where telephone numbers without a country code belong.
    """
    found: list[PersonalDatum] = []
    if "@" in text:
        found += [PersonalDatum("email", *m.span(), m[0]) for m in _EMAIL.finditer(text)]
    if _DIGIT.search(text) or "::" in text:
        found += _with_digits(text, region)
    taken = bytearray(len(text))
    kept: list[PersonalDatum] = []
    for one in found:
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"1" * (one.end - one.start)
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))


def _with_digits(text: str, region: str) -> Iterator[PersonalDatum]:
    """All kinds that hold digits, those with the surest form first."""
    formed = FORMED.search(zeroed(text))
    begin = formed.start() if formed else len(text)
    for match in IBAN.finditer(text, begin):
        start, end = match.start() - _COUNTRY, match.end()
        for stop in range(end, start + 14, -1):
            # The last group may be the word behind it: "... 32 to pay".
            if is_iban(text[start:stop]) and text[stop:end][:1] in ("", " "):
                yield _datum("iban", text, start, stop)
                break
    many = MANY.search(text, begin) is not None
    for form, start, end in find_national_ids(text, begin):
        yield PersonalDatum("national_id", start, end, text[start:end], form)
    for match in CARD.finditer(text) if many else ():
        if _is_card(text, match):
            yield _datum("card", text, *match.span())
    for match in _IP.finditer(text) if any(hint.search(text) for hint in _IP_HINTS) else ():
        if _is_ip(match[0]) and not _VERSION.search(
            text, max(0, match.start() - 16), match.start()
        ):
            yield _datum("ip", text, *match.span())
    for start, end in find_phones(text, region) if many else ():
        yield _datum("phone", text, start, end)


def _datum(kind: PersonalKind, text: str, start: int, end: int) -> PersonalDatum:
    return PersonalDatum(kind, start, end, text[start:end])


def _is_card(text: str, match: re.Match[str]) -> bool:
    digits = "".join(char for char in match[0] if char in "0123456789")
    if len(set(digits)) < 2 or not luhn(digits):
        return False
    start = match.start()
    if _ABOUT_CARDS.search(text, max(0, start - 40), start):
        return True
    known = _CARD_SCHEMES.fullmatch(digits)
    return known is not None and not _ABOUT_OTHERS.search(text, max(0, start - 40), start)


def _is_ip(text: str) -> bool:
    if not _DIGIT.search(text):
        return False  # ``std::vector`` is no address
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
