"""Numbers that states give to people and firms, known by their form and their check digits.

A form that many other numbers have, ten or eleven plain digits, counts only beside a word that
says what it is. Forms and check digits: SSA (US), HMRC and NHS (GB), Ministerio del Interior (ES),
BZSt (DE), INSEE (FR), Receita Federal (BR).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from handrail.guardrails.terms import DIGIT

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NEAR = 40
"""Characters before a number in which its word must stand."""


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]
    words: tuple[str, ...] = ()
    """One of them must stand before it; empty where the form alone is enough."""


def _digits(text: str) -> list[int]:
    return [int(char) for char in text if char in "0123456789"]


def _weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def is_ssn(text: str) -> bool:
    """Whether nine digits are a US social security number: no area 000, 666 or 9xx."""
    area, group, serial = (digits := re.sub(r"\D", "", text))[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[:1] != "9" and group != "00" and serial != "0000"


def is_nino(text: str) -> bool:
    """Whether a prefix of a British national insurance number was ever given out."""
    return text[:2].upper() not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def is_nhs(text: str) -> bool:
    """Whether ten digits are an NHS number: weighted sum modulo 11."""
    digits = _digits(text)
    check = 11 - _weighted(digits, range(10, 1, -1)) % 11
    return (0 if check == 11 else check) == digits[9]


def is_dni(text: str) -> bool:
    """Whether a Spanish DNI or NIE has its letter: the number modulo 23."""
    plain = re.sub(r"[\s.-]", "", text).upper()
    number = str("XYZ".find(plain[0])) + plain[1:-1] if plain[0] in "XYZ" else plain[:-1]
    return _DNI_LETTERS[int(number) % 23] == plain[-1]


def is_steuer_id(text: str) -> bool:
    """Whether eleven digits are a German tax number: ISO 7064 modulo 11, 10, one digit twice."""
    digits = _digits(text)
    counts = [digits[:10].count(digit) for digit in set(digits[:10])]
    if digits[0] == 0 or max(counts) not in (2, 3) or len([c for c in counts if c > 1]) != 1:
        return False
    rest = 10
    for digit in digits[:10]:
        rest = ((digit + rest) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == digits[10]


def is_nir(text: str) -> bool:
    """Whether a French NIR has its key: 97 less the number modulo 97; Corsica is 2A and 2B."""
    plain = re.sub(r"[\s.-]", "", text).upper()
    number = plain[:13].replace("2A", "19").replace("2B", "18")
    return number.isdecimal() and 97 - int(number) % 97 == int(plain[13:])


def is_cpf(text: str) -> bool:
    """Whether a Brazilian CPF has its two check digits: weighted sums modulo 11."""
    digits = _digits(text)
    checks = [(_weighted(digits, range(n + 1, 1, -1)) * 10 % 11) % 10 for n in (9, 10)]
    return len(set(digits)) > 1 and checks == digits[9:]


def is_cnpj(text: str) -> bool:
    """Whether a Brazilian CNPJ has its two check digits: weighted sums modulo 11."""
    digits = _digits(text)
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    sums = (_weighted(digits[:12], weights[1:]), _weighted(digits[:13], weights))
    checks = [0 if total % 11 < 2 else 11 - total % 11 for total in sums]
    return len(set(digits)) > 1 and checks == digits[12:]


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){pattern}(?![\w-]|\.\d)", re.IGNORECASE)


FORMS = (
    _Form("us_ssn", _form(r"\d{3}-\d{2}-\d{4}"), is_ssn),
    _Form("us_ssn", _form(r"\d{3} ?\d{2} ?\d{4}"), is_ssn, ("ssn", "social security")),
    _Form(
        "gb_nino",
        _form(r"[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d]"),
        is_nino,
    ),
    _Form("gb_nhs", _form(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), is_nhs, ("nhs",)),
    _Form("es_dni", _form(r"(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[xyz][ -]?\d{7})[ -]?[a-z]"), is_dni),
    _Form(
        "de_steuer_id",
        _form(r"\d{2} ?\d{3} ?\d{3} ?\d{3}"),
        is_steuer_id,
        ("steuer", "idnr", "tax id", "tax number", "tax identification", "tin "),
    ),
    _Form(
        "fr_nir",
        _form(r"[1-478] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-4]\d) ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3} ?\d{2}"),
        is_nir,
    ),
    _Form("br_cpf", _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), is_cpf),
    _Form("br_cpf", _form(r"\d{11}"), is_cpf, ("cpf",)),
    _Form("br_cnpj", _form(r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}"), is_cnpj),
    _Form("br_cnpj", _form(r"\d{14}"), is_cnpj, ("cnpj",)),
)
REST = (
    r"(?=(?:[ ./-]?\d){5})(?:(?<![\w.-]\d)|(?<=[xyz]\d)|(?<=[xyz][ -]\d)"
    r"|(?:(?<=[a-z]\d)|(?<=[a-z] \d))(?=[\d ]{5,8}[a-d]))"
)
"""What stands around the first digit of every form, as a pattern."""
BEGINNING = re.compile(rf"{DIGIT}(?i:{REST})")
"""How every form begins, from its first digit: a cheap test before all of them."""


def find_national_ids(text: str, begin: int = 0) -> Iterator[tuple[str, int, int]]:
    """Find national numbers: which one, and where; the first digit of none is before ``begin``."""
    if not BEGINNING.search(text, begin):
        return
    lowered = text.casefold()
    for form in FORMS:
        if form.words and not any(word in lowered for word in form.words):
            continue
        for match in form.pattern.finditer(text):
            start, end = match.span()
            near = text[max(0, start - _NEAR) : start].casefold()
            if form.words and not any(word in near for word in form.words):
                continue
            if form.is_valid(match[0]):
                yield form.name, start, end
