"""Finds typed values in a text: money, percentages, dates, times, durations, numbers, ids, contacts.

Two spellings of one value have one key: ``$1,299.00`` and ``1.299 USD``, ``two weeks`` and
``14 days``, ``3 March 2026`` and ``2026-03-03``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from handrail.core.ports import owner_key

ValueKind = Literal[
    "money", "percent", "date", "weekday", "time", "duration", "quantity", "id", "email", "phone"
]


@dataclass(frozen=True, slots=True)
class Value:
    """A value that stands at ``text[start:end]``."""

    kind: ValueKind
    keys: tuple[str, ...]
    """Canonical readings: more than one where the spelling is ambiguous (``03/04/2026``)."""
    start: int
    end: int
    text: str
    currency: str | None = None
    """ISO 4217 code; ``$`` alone stands for any dollar and is kept as ``$``."""
    spelled: bool = False
    """Written in letters: ``two``."""


_UNITS = {
    "second": ("second", "seconds", "sec", "secs", "segundo", "segundos"),
    "minute": ("minute", "minutes", "min", "mins", "minuto", "minutos"),
    "hour": ("hour", "hours", "hr", "hrs", "hora", "horas"),
    "day": ("day", "days", "día", "días", "dia", "dias"),
    "night": ("night", "nights", "noche", "noches"),
    "week": ("week", "weeks", "semana", "semanas"),
    "month": ("month", "months", "mes", "meses"),
    "year": ("year", "years", "yr", "yrs", "año", "años"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "quince": 15, "veinte": 20, "treinta": 30,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene", "february feb febrero", "march mar marzo", "april apr abril abr",
            "may mayo", "june jun junio", "july jul julio", "august aug agosto ago",
            "september sept sep septiembre", "october oct octubre", "november nov noviembre",
            "december dec diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon lunes", "tuesday tue tues martes", "wednesday wed miércoles",
            "thursday thu thurs jueves", "friday fri viernes", "saturday sábado", "sunday domingo",
        )
    )
    for name in names.split()
}  # fmt: skip
_CURRENCIES = {
    "us$": "USD", "r$": "BRL", "a$": "AUD", "c$": "CAD", "mx$": "MXN", "$": "$", "€": "EUR",
    "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "$", "dollars": "$", "buck": "$", "bucks": "$",
    "euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP", "peso": "MXN", "pesos": "MXN",
    "reais": "BRL", "cent": "c", "cents": "c", "dólares": "$", "libras": "GBP",
}  # fmt: skip
_CODES = (
    "USD EUR GBP MXN CAD AUD BRL JPY CHF SEK NOK DKK PLN ARS CLP COP PEN INR CNY KRW NZD SGD"
).split()
_DOLLARS = frozenset({"USD", "CAD", "AUD", "MXN", "NZD", "SGD", "ARS", "CLP", "COP"})


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUM = r"\d{1,15}(?:[.,'’\u00a0\u202f]\d{1,15}){0,4}"
_SPELLED = _any(_WORDS)
_AMOUNT = rf"(?:{_NUM}|(?:{_SPELLED})\b)"
_SIGN = r"(?:us\$|mx\$|[rac]\$|[$€£¥₹])"
_CODE = _any(code.lower() for code in _CODES)
_UNIT = _any(_UNIT_OF)
_MONTH = _any(_MONTHS)
_DAY = _any(_WEEKDAYS)
_COIN = _any(word for word in _CURRENCIES if word.isalpha())
_SPELT = rf"(?:{_SPELLED})\b"
_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
_SIZE_UNIT = (
    r"(?:kg|kilos?|kilograms?|grams?|g|lbs?|oz|mm|cm|km|meters?|metres?|miles?|inch(?:es)?|ft|feet|ml"
    r"|lit(?:er|re)s?|l|mb|gb|tb|mbps|watts?|w|mah|hz)"
)
_SIZE = rf"{_NUM}(?:\s?x\s?{_NUM}){{1,3}}(?:\s?{_SIZE_UNIT})?(?!\w)|{_NUM}\s?{_SIZE_UNIT}(?!\w)"
_CLOCK = r"\d{1,2}(?::\d{2})?"
_DURATION = (
    rf"(?:\s?(?:-|–|to|or|a|o)\s?{_AMOUNT})?[\s-]{{0,2}}(?:(?:full|business|working|calendar)[\s-])?"
    rf"(?:{_UNIT})\b(?:\s(?:hábiles|laborables))?"
)
_PERCENT = r"\s?(?:%|(?:percent|per\scent|por\sciento)\b)"
_COINS = rf"\s?(?:{_SIGN}|(?:{_CODE}|{_COIN})\b)"
_DIGITS_FIRST: tuple[tuple[str, str], ...] = (
    ("email", _EMAIL),
    ("iso", r"\d{4}-\d{2}-\d{2}(?!\d)"
            r"(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:z|[+-]\d{2}:?\d{2})?)?"),
    ("slashed", r"\d{1,2}(?P<mark>[/.])\d{1,2}(?P=mark)(?:\d{4}|\d{2})(?!\d)"),
    ("named", rf"\d{{1,2}}(?:st|nd|rd|th)?(?:\sof|\sde)?\s(?:{_MONTH})\b\.?(?:(?:,|\sde)?\s\d{{4}}(?!\d))?"),
    ("time", rf"(?:{_CLOCK}\s?(?:-|–|to|and|until|a|y)\s?)?{_CLOCK}(?::\d{{2}})?\s?[ap]\.?m\b\.?"
             r"|\d{1,2}:\d{2}(?::\d{2})?(?![\d:])"),
    ("money", rf"{_NUM}{_COINS}"),
    ("percent", rf"{_NUM}{_PERCENT}"),
    ("duration", rf"{_NUM}{_DURATION}"),
    ("size", _SIZE),
    ("phone", r"(?=(?:\d[ )-]{0,2}\(?){7,15}(?!\d))(?=[\d ()-]{0,20}\d{3})"
              r"\d{1,15}\)?(?:[ -]\(?\d{1,9}\)?){1,6}(?!\w)|\d{3}\.\d{3}\.\d{4}(?!\d)"),
    ("id", r"(?!\d{1,6}-[a-z])(?=\d{1,40}[a-z_-])(?=[\d_-]{1,40}[a-z])(?=(?:[a-z_-]{0,20}\d){3})"
           r"\w{1,60}(?:-\w{1,40}){0,6}|\d{5,40}(?![\w.,]\d|\w)"),
    ("quantity", rf"{_NUM}(?:st|nd|rd|th)?(?!\w)"),
)  # fmt: skip
_SIGN_FIRST: tuple[tuple[str, str], ...] = (
    ("money", rf"{_SIGN}\s?{_NUM}(?:k\b)?"),
    ("phone", r"\+\d{7,15}|[+(]{1,2}(?=(?:\d[ )-]{0,2}\(?){7,15}(?!\d))\d{1,15}\)?(?:[ -]\(?\d{1,9}\)?){1,6}(?!\w)"),
    ("id", r"#\s?\w{1,40}(?:-\w{1,40}){0,5}"),
)  # fmt: skip
_LETTER_FIRST: tuple[tuple[str, str], ...] = (
    ("email", _EMAIL),
    ("url", r"(?:https?://|www\.)[^\s<>\"')\]]{1,500}"),
    ("named", rf"(?:{_MONTH})\.?\s(?:\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?\s\d{{4}}(?!\d))?|\d{{4}}(?!\d))"),
    ("weekday", rf"(?:{_DAY})s?\b(?:\s?(?:-|–|to|through|thru|until|a)\s?(?:{_DAY})s?\b)?|week(?:day|end)s?\b"),
    ("time", r"(?:noon|midnight)\b"),
    ("money", rf"(?:(?:{_CODE})\b|[rac]\$|us\$|mx\$)\s?{_NUM}(?:k\b)?|{_SPELT}{_COINS}"),
    ("percent", _SPELT + _PERCENT),
    ("duration", _SPELT + _DURATION),
    ("id", r"(?=[a-z_-]{1,30}\d)(?=(?:[a-z_-]{0,20}\d){3})\w{1,60}(?:-\w{1,40}){0,6}"),
    ("quantity", _SPELT),
)  # fmt: skip


def _branch(start: str, tag: str, rules: tuple[tuple[str, str], ...]) -> str:
    """One branch by first character, so that most words are passed over at once."""
    return f"(?={start})(?:" + "|".join(f"(?P<{name}{tag}>{rule})" for name, rule in rules) + ")"


_VALUE = re.compile(
    r"(?<![\w.])(?<![a-z]-)(?:"
    + "|".join(
        (
            _branch("[a-z]", "_l", _LETTER_FIRST),
            _branch(r"\d", "_d", _DIGITS_FIRST).replace("<mark_d>", "<mark>"),
            _branch(r"[$€£¥₹#+(]", "_s", _SIGN_FIRST),
        )
    )
    + ")"
)
_PART = re.compile(rf"{_NUM}|(?:{_SPELLED})\b", re.IGNORECASE)
_ITEM_NUMBER = re.compile(r"(?:^|\n)[ \t]{0,8}$")
_SHORT_GROUP = 3
_SIMPLE = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,10})?", re.ASCII)


def amount(text: str) -> Decimal | None:
    """Read a number as written in English or Spanish: ``1,299.00``, ``1.299,00``, ``two``."""
    word = _WORDS.get(text.casefold())
    if word is not None:
        return Decimal(word)
    digits = re.sub(r"['’\s]", "", text)
    mark = max(digits.rfind("."), digits.rfind(","))
    if mark < 0:
        whole, rest = digits, ""
    else:
        whole, rest = digits[:mark], digits[mark + 1 :]
        repeated = digits.count(digits[mark]) > 1
        grouped = digits[mark] == "," and len(rest) == _SHORT_GROUP and len(whole) <= _SHORT_GROUP
        if repeated or grouped:
            whole, rest = whole + rest, ""
    try:
        return Decimal(f"{re.sub('[.,]', '', whole)}.{rest or 0}")
    except InvalidOperation:
        return None


def number_key(number: Decimal | str) -> str:
    """Write a number in its one canonical form: ``5`` for 5.00.

    Raises:
        decimal.InvalidOperation: the text is no number.
    """
    if isinstance(number, str) and _SIMPLE.fullmatch(number):
        plain = number
    else:
        plain = f"{Decimal(number):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def day_keys(year: int | None, month: int, day: int | None) -> tuple[str, ...]:
    """Write a day in its canonical form; nothing for a day that no calendar has."""
    if day is None:
        return (f"{year:04d}-{month:02d}",)
    try:
        found = date(year or 2000, month, day)
    except ValueError:
        return ()
    return (found.isoformat() if year else f"{found:--%m-%d}",)


def duration_key(number: Decimal, unit: str, *, business: bool = False) -> str:
    """Write a duration in its canonical form: minutes, or months where a month is the unit."""
    if business:
        return f"{number_key(number)} business {unit}"
    if unit in _MINUTES:
        return f"{number_key(number * _MINUTES[unit])} minutes"
    if unit == "year":
        return f"{number_key(number * 12)} month"
    return f"{number_key(number)} {unit}"


def same_currency(first: str | None, second: str | None) -> bool:
    """Whether two currencies may be the same: an unstated one may be any, ``$`` any dollar."""
    if first is None or second is None or first == second:
        return True
    return {first, second} - _DOLLARS == {"$"}


def _numbers(text: str) -> list[Decimal]:
    return [number for part in _PART.findall(text) if (number := amount(part)) is not None]


def _money(text: str) -> tuple[tuple[str, ...], str | None]:
    sign = _PART.sub("", text, count=1).strip().casefold()
    number = next(iter(_numbers(text)), None)
    if number is None:
        return (), None
    if sign.endswith("k") and text[-1:] in "kK":
        number, sign = number * 1000, sign[:-1].strip()
    currency = _CURRENCIES.get(sign, sign.upper())
    return ((number_key(number / 100),), None) if currency == "c" else ((number_key(number),), currency)


def _slashed(text: str) -> tuple[str, ...]:
    first, second, year = (int(part) for part in re.split("[/.]", text))
    full = year + 2000 if year < 100 else year
    return (*day_keys(full, first, second), *day_keys(full, second, first))


def _named(text: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    month = next(_MONTHS[word] for word in words if word in _MONTHS)
    numbers = [int(word) for word in words if word.isdigit()]
    day = next((number for number in numbers if number <= 31), None)
    year = next((number for number in numbers if number > 31), None)
    return day_keys(year, month, day)


def _time(text: str) -> tuple[str, ...]:
    folded = text.casefold()
    if folded in ("noon", "midnight"):
        return ("12:00",) if folded == "noon" else ("00:00",)
    half = next((char for char in folded if char in "pm"), "")[:1]
    half = "a" if half == "m" else half
    found: list[str] = []
    for hours, minutes in re.findall(r"(\d{1,2})(?::(\d{2}))?(?::\d{2})?", folded):
        hour, minute = int(hours), int(minutes or 0)
        if half and hour <= 24:
            hour = hour % 12 + 12 * (half == "p")
        found.append(f"{0 if hour == 24 else hour:02d}:{minute:02d}")
    return tuple(found)


def _durations(text: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    unit = next(_UNIT_OF[word] for word in reversed(words) if word in _UNIT_OF)
    business = not {"business", "working", "hábiles", "laborables"}.isdisjoint(words)
    return tuple(duration_key(number, unit, business=business) for number in _numbers(text))


def _plain(text: str) -> tuple[str, ...]:
    if text.isdecimal():
        return (text.lstrip("0") or "0",)
    return tuple(number_key(number) for number in _numbers(text)[:1])


def _weekdays(text: str) -> tuple[str, ...]:
    folded = text.casefold()
    if folded.startswith("week"):
        return ("5", "6") if "end" in folded else ("0", "1", "2", "3", "4")
    days = [_WEEKDAYS[name] for name in re.findall(_DAY, folded)]
    if len(days) == 1:
        return (str(days[0]),)
    return tuple(str((days[0] + step) % 7) for step in range((days[1] - days[0]) % 7 + 1))


def _sizes(text: str) -> tuple[str, ...]:
    return tuple(number_key(number) for number in _numbers(text))


_READERS: dict[str, tuple[ValueKind, Callable[[str], tuple[str, ...]]]] = {
    "email": ("email", lambda text: (text.casefold().rstrip("."),)),
    "iso": ("date", lambda text: (text[:10],)),
    "slashed": ("date", _slashed),
    "named": ("date", _named),
    "percent": ("percent", _plain),
    "phone": ("phone", lambda text: (owner_key(text),)),
    "id": ("id", lambda text: (owner_key(text),)),
    "quantity": ("quantity", _plain),
}


_SEVERAL: dict[str, tuple[ValueKind, Callable[[str], tuple[str, ...]]]] = {
    "duration": ("duration", _durations),
    "weekday": ("weekday", _weekdays),
    "time": ("time", _time),
    "size": ("quantity", _sizes),
}


def _read(kind: str, start: int, text: str) -> Iterator[Value]:
    end = start + len(text)
    spelled = not any(char.isdigit() for char in text)
    if kind in _SEVERAL:
        name, several = _SEVERAL[kind]
        for key in several(text):
            yield Value(name, (key,), start, end, text, None, spelled)
    elif kind == "money":
        keys, currency = _money(text)
        if keys:
            yield Value("money", keys, start, end, text, currency, spelled)
    elif kind != "url":
        name, reader = _READERS[kind]
        # A day that no calendar has stays a value: one that nothing can support.
        keys = reader(text) or (text.casefold(),)
        yield Value(name, keys, start, end, text, None, spelled)


def find_values(text: str) -> tuple[Value, ...]:
    """Find all typed values, in order; numbers that only count list items are left out.

    A range gives one value for each of its ends (``3-5 days``) or days (``Monday to Friday``), with
    the same span.
    """
    found: list[Value] = []
    lowered = text.lower()
    if len(lowered) != len(text):  # a capital dotted I becomes two characters
        lowered = text.replace("\u0130", "I").lower()
    for match in _VALUE.finditer(lowered):
        kind = (match.lastgroup or "")[:-2]
        if kind == "quantity" and _counts_item(lowered, match):
            continue
        found.extend(_read(kind, match.start(), text[match.start() : match.end()]))
    return tuple(found)


def _counts_item(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    after = text[end : end + 2]
    return after in (". ", ") ") and bool(_ITEM_NUMBER.search(text, max(0, start - 10), start))
