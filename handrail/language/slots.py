"""Finds what a message names - numbers, addresses, dates, amounts, products - among the records.

A slot keeps every record it may mean, the likeliest first: what stays open is asked, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from handrail.core.conversation import Record
from handrail.core.ports import owner_key
from handrail.language.features import STOP_WORDS

SlotKind = Literal["number", "email", "date", "amount", "product"]

_NUMBER: Final = re.compile(r"\b(?=[A-Za-z-]{0,12}\d)[A-Za-z0-9][\w-]{2,40}\b")
_EMAIL: Final = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_AMOUNT: Final = re.compile(
    r"[$€£] ?(\d{1,7}(?:[.,]\d{2})?)\b"
    r"|\b(\d{1,7}(?:[.,]\d{2})?) ?(?:[$€£]|(?:USD|EUR|GBP|dollars?|euros?|pounds?|dólares)\b)",
    re.IGNORECASE,
)
_MONTHS: Final = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
    "ene": 1,
    "abr": 4,
    "ago": 8,
    "dic": 12,
}
_MONTH: Final = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-zé]{0,7}"
_DATE: Final = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of| de)? {_MONTH.replace('(', '(?P<after>', 1)}\b"
    rf"|\b{_MONTH.replace('(', '(?P<before>', 1)} (?P<later>\d{{1,2}})(?:st|nd|rd|th)?\b"
    r"|\b(?P<first>\d{1,2})/(?P<second>\d{1,2})\b"
    r"|\b(?P<near>today|yesterday|hoy|ayer)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]{4,40}")
_LOOKS_LIKE: Final = str.maketrans("oil", "011")
_SAME_WORD: Final = 86.0
"""Likeness of two words, of 100: a plural or one wrong letter, not another word."""
_MOST: Final = 20_000
"""Characters that are looked at."""


@dataclass(frozen=True)
class Slot:
    """A value in a message."""

    kind: SlotKind
    start: int
    end: int
    text: str
    """As the customer wrote it."""
    value: str
    """The same in one form: a folded number, an ISO date, a decimal amount."""
    records: tuple[Record, ...] = ()
    """Records it may mean."""
    sure: bool = True
    """Whether they have just this value, and not one that is merely like it."""


def find_slots(
    text: str, records: Sequence[Record], *, today: date, month_first: bool = True
) -> tuple[Slot, ...]:
    """Find all values, in their order; a value within another is left out.

    Args:
        text: What the customer wrote.
        records: The customer's own records.
        today: For days that are named by their distance or without a year.
        month_first: How ``3/5`` is read.
    """
    looked = text[:_MOST]
    found = [
        *_emails(looked, records),
        *_dates(looked, records, today, month_first=month_first),
        *_amounts(looked, records),
        *_numbers(looked, records),
        *_products(looked, records),
    ]
    kept: list[Slot] = []
    for slot in found:
        if all(slot.end <= other.start or other.end <= slot.start for other in kept):
            kept.append(slot)
    return tuple(sorted(kept, key=lambda slot: slot.start))


def plain_number(number: str) -> str:
    """Fold a number so that its spellings meet: case, spaces, and letters that look like digits.

    It keeps its length, so that no digit is lost.
    """
    return owner_key(number).translate(_LOOKS_LIKE)


def _having(records: Sequence[Record], types: tuple[str, ...], value: str) -> tuple[Record, ...]:
    return tuple(
        record
        for record in records
        if any(
            field.type in types and field.visibility == "customer" and _form(field.value) == value
            for field in record.fields.values()
        )
    )


def _form(value: object) -> str:
    """Write amounts with two places; dates without their time; the rest folded."""
    text = str(value)
    try:
        return str(Decimal(text).quantize(Decimal("0.01")))
    except InvalidOperation:
        return text[:10] if re.match(r"\d{4}-\d{2}-\d{2}", text) else text.casefold()


def _emails(text: str, records: Sequence[Record]) -> Iterator[Slot]:
    for hit in _EMAIL.finditer(text):
        value = hit[0].casefold()
        yield Slot("email", *hit.span(), hit[0], value, _having(records, ("email",), value))


def _amounts(text: str, records: Sequence[Record]) -> Iterator[Slot]:
    for hit in _AMOUNT.finditer(text):
        value = _form((hit[1] or hit[2]).replace(",", "."))
        yield Slot("amount", *hit.span(), hit[0], value, _having(records, ("money",), value))


def _dates(
    text: str, records: Sequence[Record], today: date, *, month_first: bool
) -> Iterator[Slot]:
    for hit in _DATE.finditer(text):
        day = _day(hit, today, month_first=month_first)
        if day is not None:
            value = day.isoformat()
            yield Slot("date", *hit.span(), hit[0], value, _having(records, ("date",), value))


def _day(hit: re.Match[str], today: date, *, month_first: bool) -> date | None:
    """Return the day that is meant: without a year, the one nearest to today."""
    if hit["near"]:
        return today - timedelta(days=hit["near"].casefold() in ("yesterday", "ayer"))
    try:
        if hit["iso"]:
            return date.fromisoformat(hit["iso"])
        if hit["first"]:
            pair = (int(hit["first"]), int(hit["second"]))
            month, day = pair if month_first else pair[::-1]
        else:
            month = _MONTHS[(hit["after"] or hit["before"]).casefold()[:3]]
            day = int(hit["day"] or hit["later"])
        years = (today.year - 1, today.year, today.year + 1)
        return min((date(year, month, day) for year in years), key=lambda d: abs(d - today))
    except ValueError:
        return None


def _numbers(text: str, records: Sequence[Record]) -> Iterator[Slot]:
    for hit in _NUMBER.finditer(text):
        key = owner_key(hit[0])
        if sum(map(str.isdigit, key)) < 3:
            continue
        plain = plain_number(key)
        exact = tuple(r for r in records if plain_number(r.id) == plain)
        like = exact or tuple(
            r
            for r in records
            if len(key) >= 5 and OSA.distance(key, owner_key(r.id), score_cutoff=1) <= 1
        )
        yield Slot("number", *hit.span(), hit[0], key, like, sure=bool(exact))


def _products(text: str, records: Sequence[Record]) -> Iterator[Slot]:
    """Find words of the records' free text: of an item list, rarely of anything else."""
    words = {record.id: _text_words(record) for record in records}
    for hit in _WORD.finditer(text):
        word = hit[0].casefold()
        if word in STOP_WORDS:
            continue
        having = [r for r in records if any(_same_word(word, w) for w in words[r.id])]
        if having:
            yield Slot("product", *hit.span(), hit[0], word, tuple(having))


def _text_words(record: Record) -> frozenset[str]:
    return frozenset(
        word.casefold()
        for field in record.fields.values()
        if field.type == "text" and field.visibility == "customer"
        for word in _WORD.findall(str(field.value))[:100]
    )


def _same_word(one: str, other: str) -> bool:
    return one == other or (
        one[0] == other[0] and fuzz.ratio(one, other, score_cutoff=_SAME_WORD) > 0
    )
