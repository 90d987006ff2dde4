"""Finds typed values in a text: money, percentages, dates, durations, numbers, ids, contacts.

Two spellings of one value have one key: ``$1,299.00`` and ``1.299 USD``, ``two weeks`` and
``14 days``, ``3 March 2026`` and ``2026-03-03``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Literal, NamedTuple

from handrail.core.ports import owner_key
from handrail.guardrails.learned import Learned
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.terms import characters, places_of, plain
from handrail.guardrails.value_patterns import (
    BEGINNING,
    CURRENCIES,
    DAY,
    LETTER,
    MARKS,
    MONTHS,
    NUM,
    REACH,
    UNIT_OF,
    VALUE,
    WEEKDAYS,
    WORDS,
)

ValueKind = Literal[
    "money", "percent", "date", "weekday", "time", "duration", "quantity", "id", "email", "phone"
]


class Value(NamedTuple):
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

    def moved(self, start: int, end: int) -> Value:
        """Return it at another place."""
        return self._replace(start=start, end=end)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is compared by, ``kind:key``: an id may be written like a number."""
        group = "contact" if self.kind in CONTACTS else self.kind
        if len(self.keys) == 1:
            return (f"{group}:{self.keys[0]}",)
        return tuple([f"{group}:{key}" for key in self.keys])


CONTACTS = ("email", "phone", "id")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_DOLLARS = frozenset({"USD", "CAD", "AUD", "MXN", "NZD", "SGD", "ARS", "CLP", "COP"})
_PART = re.compile(rf"{NUM}|[^\W\d_]{{3,8}}")
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HOUR = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::\d{2})?")
_DAY = re.compile(DAY)
_BUSINESS = frozenset({"business", "working", "hábiles", "laborables"})
_SPACES = dict.fromkeys(map(ord, "'’ \u00a0\u202f"))
"""What stands between the thousands."""
_ITEM_NUMBER = re.compile(r"(?:^|\n)[ \t]{0,8}$")
_SHORT_GROUP = 3
_marked = characters(lambda char: "0" if char.isdecimal() or char in MARKS else " ")
_MARK = re.compile("0")
_SIMPLE = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,10})?", re.ASCII)


Number = Decimal | int
"""A whole number is counted with as one."""


def amount(text: str) -> Number | None:
    """Read a number as written in English or Spanish: ``1,299.00``, ``1.299,00``, ``two``."""
    if text.isdecimal():
        return int(text)
    word = WORDS.get(text.casefold())
    if word is not None:
        return word
    digits = text.translate(_SPACES)
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
        return Decimal(f"{whole.replace('.', '').replace(',', '')}.{rest or 0}")
    except InvalidOperation:
        return None


def number_key(number: Number | str) -> str:
    """Write a number in its one canonical form: ``5`` for 5.00.

    Raises:
        decimal.InvalidOperation: the text is no number.
    """
    if isinstance(number, int):
        return str(number)
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


def duration_key(number: Number, unit: str, *, business: bool = False) -> str:
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


def _numbers(text: str) -> list[Number]:
    return [number for _, number in _parts(text.lower())]


def _parts(lower: str) -> Iterator[tuple[re.Match[str], Number]]:
    """The numbers of a spelling in lower case, each with where it stands."""
    for part in _PART.finditer(lower):
        number = WORDS.get(part[0]) if part[0].isalpha() else amount(part[0])
        if number is not None:
            yield part, number


def _money(text: str) -> tuple[tuple[str, ...], str | None]:
    lower = text.lower()
    part, number = next(_parts(lower), (None, 0))
    if part is None:
        return (), None
    start, end = part.span()
    sign = (lower[:start] + lower[end:]).strip()
    if sign.endswith("k") and text[-1:] in "kK":
        number, sign = number * 1000, sign[:-1].strip()
    currency = CURRENCIES.get(sign, sign.upper())
    return (
        ((number_key(Decimal(number) / 100),), None)
        if currency == "c"
        else ((number_key(number),), currency)
    )


def _slashed(text: str) -> tuple[str, ...]:
    first, second, year = map(int, text.replace("/", ".").split("."))
    full = year + 2000 if year < 100 else year
    return (*day_keys(full, first, second), *day_keys(full, second, first))


def _named(text: str) -> tuple[str, ...]:
    words = _WORD.findall(text.casefold())
    month = next(MONTHS[word] for word in words if word in MONTHS)
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
    for hours, minutes in _HOUR.findall(folded):
        hour, minute = int(hours), int(minutes or 0)
        if half and hour <= 24:
            hour = hour % 12 + 12 * (half == "p")
        found.append(f"{0 if hour == 24 else hour:02d}:{minute:02d}")
    return tuple(found)


def _durations(text: str) -> tuple[str, ...]:
    words = _LETTERS.findall(text.casefold())
    unit = UNIT_OF.get(words[-1]) or UNIT_OF[words[-2]]  # "5 días hábiles"
    business = not _BUSINESS.isdisjoint(words)
    return tuple([duration_key(number, unit, business=business) for number in _numbers(text)])


def _plain(text: str) -> tuple[str, ...]:
    if text.isdecimal():
        return (text.lstrip("0") or "0",)
    return tuple(map(number_key, _numbers(text)[:1]))


def _weekdays(text: str) -> tuple[str, ...]:
    folded = text.casefold()
    if folded.startswith("week"):
        return ("5", "6") if "end" in folded else ("0", "1", "2", "3", "4")
    days = [WEEKDAYS[name] for name in _DAY.findall(folded)]
    if len(days) == 1:
        return (str(days[0]),)
    return tuple(str((days[0] + step) % 7) for step in range((days[1] - days[0]) % 7 + 1))


def _sizes(text: str) -> tuple[str, ...]:
    return tuple(map(number_key, _numbers(text)))


Reader = Callable[[str], tuple[str, ...]]
_READERS: dict[str, tuple[ValueKind, Reader]] = {
    "email": ("email", lambda text: (text.casefold().rstrip("."),)),
    "iso": ("date", lambda text: (text[:10],)),
    "slashed": ("date", _slashed),
    "named": ("date", _named),
    "percent": ("percent", _plain),
    "phone": ("phone", lambda text: (owner_key(text),)),
    "id": ("id", lambda text: (owner_key(text),)),
    "quantity": ("quantity", _plain),
    "counted": ("quantity", _plain),
}


_SEVERAL: dict[str, tuple[ValueKind, Reader]] = {
    "duration": ("duration", Learned(_durations).__getitem__),
    "weekday": ("weekday", Learned(_weekdays).__getitem__),
    "time": ("time", Learned(_time).__getitem__),
    "size": ("quantity", Learned(_sizes).__getitem__),
}


def read_values(rule: str, start: int, text: str) -> tuple[Value, ...]:
    """Read a spelling that one of the pattern's rules found at ``start``.

    A range gives one value for each of its ends (``3-5 days``) or days (``Monday to Friday``), with
    the same span.
    """
    kind, end = rule[:-2], start + len(text)
    spelled = rule.endswith(LETTER) and not any(map(str.isdigit, text))
    if kind in _READERS:
        name, reader = _READERS[kind]
        # A day that no calendar has stays a value: one that nothing can support.
        keys = reader(text) or (text.casefold(),)
        return (Value(name, keys, start, end, text, None, spelled),)
    if kind in _SEVERAL:
        name, several = _SEVERAL[kind]
        return tuple([Value(name, (k,), start, end, text, None, spelled) for k in several(text)])
    if kind == "money":
        keys, currency = _money(text)
        return (Value("money", keys, start, end, text, currency, spelled),) if keys else ()
    return ()  # the address of a page


def find_values(text: str, words: frozenset[str] | None = None) -> tuple[Value, ...]:
    """Find all typed values, in order; numbers that only count list items are left out.

    Args:
        text: Folded text.
        words: Its words in lower case, where they are known.
    """
    found: list[Value] = []
    for rule, start, spelling in find_spellings(text, words):
        found += read_values(rule, start, spelling)
    return tuple(found)


def find_spellings(
    text: str, words: frozenset[str] | None = None
) -> Iterator[tuple[str, int, str]]:
    """Find where values are written: by which of the pattern's rules, where, and how."""
    lower, end = lowered(text), 0
    for place in _telling(lower, frozenset(plain(lower)) if words is None else words):
        if place < end:
            continue
        low = max(end, place - REACH)
        begin = max(low, lower.rfind(" ", low, place) + 1)
        for at in range(begin, place + 1):
            if match := VALUE.match(lower, at):
                break
        else:
            end = place + 1
            continue
        start, end = match.span()
        rule = match.lastgroup or ""
        if rule[:-2] != "quantity" or not _counts_item(lower, match):
            yield rule, start, text[start:end]


def _telling(lower: str, words: frozenset[str]) -> list[int]:
    """Places in a text in lower case of which every value holds one: most words have none."""
    begin = [start for word in words & BEGINNING for start, _ in places_of(word, lower)]
    return sorted(begin + [mark.start() for mark in _MARK.finditer(_marked(lower))])


APART = "\n\0\n"
"""Between texts that are read as one: no value reaches across it, and each text is read alone."""


def values_within(values: Sequence[Value], start: int, end: int) -> list[Value]:
    """Return those of some values, in order, that stand in ``text[start:end]``."""
    first = bisect_left(values, start, key=_start)
    last = bisect_left(values, end, first, key=_start)
    return [value for value in values[first:last] if value.end <= end]


_start: Callable[[Value], int] = attrgetter("start")


def _counts_item(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    after = text[end : end + 2]
    return after in (". ", ") ") and bool(_ITEM_NUMBER.search(text, max(0, start - 10), start))
